//! What `lock` and `lock prune` answer.

use crate::model::request::Effect;

/// What became of the lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockReport {
    /// The file, relative to the project root.
    pub file: String,
    /// Of what lines changed; nothing is left out and nothing is there that did not change.
    pub changes: Vec<ChangedLines>,
    /// Whether it was done.
    pub effect: Effect,
}

/// How many lines of one asset, source or definition changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLines {
    /// What the lines are of.
    pub kind: LineKind,
    /// Its name, as the lock file has it.
    pub name: String,
    /// How many lines came.
    pub added: u32,
    /// How many are other than they were.
    pub changed: u32,
    /// How many went.
    pub removed: u32,
}

/// What a line of a lock file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A partition of an asset, or a block of them.
    Asset,
    /// A source that a checkout does not have.
    Source,
    /// A key of a dynamic definition.
    Key,
}

impl LineKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Source => "source",
            Self::Key => "key",
        }
    }
}
