//! What `lock diff` answers.

use crate::answer::LineKind;
use crate::model::PartitionKey;
use serde::Serialize;

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
