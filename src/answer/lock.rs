//! What the verbs of `lock` answer.

use serde::Serialize;

use crate::model::PartitionKey;

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

/// What differs between two lock files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockDiffReport {
    /// The revision that was compared with.
    pub old: String,
    /// The revision that was compared; `None` for the file in the work tree.
    pub new: Option<String>,
    /// All differences: by kind and name, within each in the order of keys.
    pub differences: Vec<LockDifference>,
}

/// Neighbouring lines that differ alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockDifference {
    /// What the lines are of.
    pub kind: LineKind,
    /// The name of the asset, the source or the definition.
    pub name: String,
    /// The first key; `None` where there is none.
    pub first: Option<PartitionKey>,
    /// The last key; equal to the first for a single one.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
    /// How they differ.
    #[serde(flatten)]
    pub change: LineChange,
}

/// How a line differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum LineChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It holds something else.
    Changed(ChangedParts),
}

/// The parts of a line that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangedParts {
    /// Whether the code version differs.
    pub code_changed: bool,
    /// The inputs that gave something else, as far as the file tells; `None` where there are more or fewer than there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_inputs: Option<Vec<String>>,
    /// Whether there are more or fewer inputs than there were.
    pub dependencies_changed: bool,
    /// Whether an output differs.
    pub output_changed: bool,
    /// The outputs that differ, of several; `None` for the only one, or where there are more or fewer than there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_outputs: Option<Vec<String>>,
}
