//! What `init` answers.

use serde::Serialize;

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
