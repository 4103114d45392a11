//! `lock diff --json`.

use serde::Serialize;

use crate::model::{
    ChangedInputs, ChangedOutputs, ChangedParts, LineChange, LockDiffReport, LockDifference,
    PartitionKey, Sameness,
};
use crate::wire::SCHEMA;

/// `{"schema":1,"old":…,"new":…,"differences":[…]}`; `new` is `null` for the file in the work tree.
#[derive(Debug, Serialize)]
pub struct LockDiffDocument<'a> {
    schema: u32,
    old: &'a str,
    new: Option<&'a str>,
    differences: Vec<DifferenceShape<'a>>,
}

#[derive(Debug, Serialize)]
struct DifferenceShape<'a> {
    kind: &'static str,
    name: &'a str,
    first: Option<&'a str>,
    last: Option<&'a str>,
    count: u32,
    change: &'static str,
    #[serde(flatten)]
    parts: Option<PartsShape<'a>>,
}

#[derive(Debug, Serialize)]
struct PartsShape<'a> {
    code_changed: bool,
    /// Absent where the dependencies are not the same ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_inputs: Option<&'a [String]>,
    dependencies_changed: bool,
    output_changed: bool,
    /// Those of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_outputs: Option<&'a [String]>,
}

impl<'a> From<&'a LockDiffReport> for LockDiffDocument<'a> {
    fn from(report: &'a LockDiffReport) -> Self {
        Self {
            schema: SCHEMA,
            old: &report.old,
            new: report.new.as_deref(),
            differences: report
                .differences
                .iter()
                .map(DifferenceShape::from)
                .collect(),
        }
    }
}

impl<'a> From<&'a LockDifference> for DifferenceShape<'a> {
    fn from(found: &'a LockDifference) -> Self {
        let (change, parts) = match &found.change {
            LineChange::Added => ("added", None),
            LineChange::Removed => ("removed", None),
            LineChange::Changed(parts) => ("changed", Some(PartsShape::from(parts))),
        };
        Self {
            kind: found.kind.word(),
            name: &found.name,
            first: found.first.as_ref().map(PartitionKey::as_str),
            last: found.last.as_ref().map(PartitionKey::as_str),
            count: found.count,
            change,
            parts,
        }
    }
}

impl<'a> From<&'a ChangedParts> for PartsShape<'a> {
    fn from(parts: &'a ChangedParts) -> Self {
        let (changed_inputs, dependencies_changed): (Option<&[String]>, bool) = match &parts.inputs
        {
            ChangedInputs::None => (Some(&[]), false),
            ChangedInputs::Some(names) => (Some(names), false),
            ChangedInputs::Others => (None, true),
        };
        Self {
            code_changed: parts.code == Sameness::Changed,
            changed_inputs,
            dependencies_changed,
            output_changed: parts.outputs != ChangedOutputs::None,
            changed_outputs: match &parts.outputs {
                ChangedOutputs::Some(labels) => Some(labels),
                ChangedOutputs::None | ChangedOutputs::Whole => None,
            },
        }
    }
}
