//! What `affected` is asked for.

use std::path::PathBuf;

/// Say what changes can touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedRequest {
    /// What has changed.
    pub changes: Changes,
    /// How far it is followed.
    pub follow: Follow,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// What git says has changed since a revision.
    Since(String),
    /// These files and folders, absolute.
    Files(Vec<PathBuf>),
}

/// How far changes are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// To everything downstream.
    #[default]
    Downstream,
    /// To the readers of sources, and no further.
    Nothing,
}
