//! What `lock diff` answers.

use crate::model::partition::PartitionKey;
use crate::model::report::LineKind;

/// What differs between two lock files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockDiffReport {
    /// The revision that was compared with.
    pub old: String,
    /// The revision that was compared; `None` for the file in the work tree.
    pub new: Option<String>,
    /// All differences: by kind and name, within each in the order of keys.
    pub differences: Vec<LockDifference>,
}

/// Neighbouring lines that differ alike.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub change: LineChange,
}

/// How a line differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It holds something else.
    Changed(ChangedParts),
}

/// What in a line is something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedParts {
    /// The code version.
    pub code: Sameness,
    /// What the inputs gave.
    pub inputs: ChangedInputs,
    /// What came out.
    pub outputs: ChangedOutputs,
}

/// Whether something is what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// It is.
    Same,
    /// It is not.
    Changed,
}

/// Which inputs gave something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedInputs {
    /// None, as far as the file tells.
    None,
    /// These.
    Some(Vec<String>),
    /// There are more or fewer inputs than there were.
    Others,
}

/// Which outputs are something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedOutputs {
    /// None: it came out as it was.
    None,
    /// The only one, or there are more or fewer than there were.
    Whole,
    /// These of several.
    Some(Vec<String>),
}
