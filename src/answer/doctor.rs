//! The answer of `doctor`.

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
