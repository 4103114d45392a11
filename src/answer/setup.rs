//! Reports of `init` and `doctor`: what a project begins with.

use serde::Serialize;

/// What a project's surroundings are, and what would not work there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    /// One after the other, those about the project last.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: `shell`, `git`.
    pub subject: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found, in one line.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// How something is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, with limits.
    Warning,
    /// Something would not work.
    Error,
}

impl DoctorReport {
    /// The worst of all findings.
    pub fn health(&self) -> Health {
        let all = self.findings.iter().map(|finding| finding.health);
        all.max().unwrap_or(Health::Good)
    }
}

/// What a new project consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InitReport {
    /// The files, in the order in which they were written.
    pub files: Vec<InitializedFile>,
    /// What the user may want to do next, a sentence each.
    pub hints: Vec<String>,
}

/// A file of a new project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitializedFile {
    /// Its path, relative to the project root.
    pub path: String,
    /// What happened to it.
    pub change: FileChange,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileChange {
    /// It is new.
    Created,
    /// Lines were added.
    Extended,
    /// It was as it has to be.
    Kept,
}

#[cfg(test)]
mod tests {
    use crate::answer::{Document, FileChange, InitReport, InitializedFile};

    #[test]
    fn files_with_their_change() {
        let report = InitReport {
            files: vec![InitializedFile {
                path: "Assets.toml".into(),
                change: FileChange::Created,
            }],
            hints: vec![],
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            r#"{"schema":1,"files":[{"path":"Assets.toml","change":"created"}],"hints":[]}"#
        );
    }
}
