//! What the verbs of the lock file are asked for.

use crate::model::request::{PartitionsSelection, SelectionText};

/// Bring the lock file up to date from the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockRequest {
    /// The lines of what; of everything if empty.
    pub selection: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Whether it is done.
    pub dry_run: bool,
}

/// Say what differs between the lock files of two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockDiffRequest {
    /// The revision that is compared with.
    pub old: String,
    /// The revision that is compared; `None` for the file in the work tree.
    pub new: Option<String>,
}
