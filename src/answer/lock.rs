//! What `lock` and `lock prune` answer.

use serde::Serialize;

/// What became of the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockReport {
    /// The file, relative to the project root.
    pub file: String,
    /// Of what lines changed; nothing is left out and nothing is there that did not change.
    pub changes: Vec<ChangedLines>,
    /// How many lines came.
    pub added: u32,
    /// How many are other than they were.
    pub changed: u32,
    /// How many went.
    pub removed: u32,
    /// Whether it only would be done.
    pub dry_run: bool,
}

impl LockReport {
    /// What became of a file, of which these lines change.
    #[must_use]
    pub fn new(file: &str, changes: Vec<ChangedLines>, dry_run: bool) -> Self {
        let sum = |part: fn(&ChangedLines) -> u32| changes.iter().map(part).sum();
        Self {
            file: file.to_owned(),
            added: sum(|lines| lines.added),
            changed: sum(|lines| lines.changed),
            removed: sum(|lines| lines.removed),
            changes,
            dry_run,
        }
    }
}

/// How many lines of one asset, source or definition changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A partition of an asset, or a block of them.
    Asset,
    /// A source that a checkout does not have.
    Source,
    /// A key of a dynamic definition.
    Key,
}
