//! What `affected` is asked for.

use std::path::PathBuf;

/// Say what changes can touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedRequest {
    /// What has changed.
    pub changes: Changes,
    /// Whether assets are left out that only read what is touched.
    pub direct: bool,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// What git says has changed since a revision.
    Since(String),
    /// These files and folders, absolute.
    Files(Vec<PathBuf>),
}
