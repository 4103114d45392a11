//! What a run in memory leaves: the values, as long as somebody holds them.

use crate::app::materialize::printed::Printable;
use crate::app::project::Declared;
use crate::engine::RunSummary;
use crate::io_manager::{MemoryIoManager, Value};
use crate::model::{Asset, DataVersion, PartitionRef, StepName};
use crate::plan::{Cell, Evaluation};

/// What a run in memory has left.
#[derive(Debug)]
pub struct InMemory {
    /// How the run went.
    pub result: RunSummary,
    /// All outputs that were made, upstream before downstream, then in the order of keys and of declaration.
    pub values: Vec<KeptValue>,
    /// What was declared, with the paths that were supplied.
    pub declared: Declared,
    pub(super) printed: Option<Printable>,
}

/// An output that was made in memory.
#[derive(Clone, Debug)]
pub struct KeptValue {
    /// The asset partition.
    pub step: StepName,
    /// The output's name, or its number where it has none; `None` for an only one without a name.
    pub output: Option<String>,
    /// The path that it would have, relative to the project root.
    pub path: String,
    /// Its data version.
    pub version: DataVersion,
    /// What it holds.
    pub value: Value,
}

impl InMemory {
    /// The value that was asked for by itself; `None` if none was, or its step did not succeed.
    pub fn printed(&self) -> Option<&KeptValue> {
        let Printable { step, path } = self.printed.as_ref()?;
        let is_it = |value: &&KeptValue| value.step == *step && value.path == *path;
        self.values.iter().find(is_it)
    }
}

/// The values that a run has made.
pub(super) fn kept_values(
    evaluation: &Evaluation<'_>,
    io_manager: &MemoryIoManager,
) -> Vec<KeptValue> {
    let scope = evaluation.scope();
    let mut values = Vec::new();
    for (row, asset) in scope.asset_rows() {
        for cell in row.cells() {
            let (_, partition) = scope.at(cell);
            let kept = outputs(evaluation, asset, cell, partition);
            values.extend(kept.filter_map(|(output, path, version)| {
                Some(KeptValue {
                    step: evaluation.step_name(cell),
                    output,
                    value: io_manager.value(&path)?,
                    path,
                    version,
                })
            }));
        }
    }
    values
}

/// The outputs of a cell that have a version: name, path, version.
fn outputs<'e>(
    evaluation: &'e Evaluation<'_>,
    asset: &'e Asset,
    cell: Cell,
    partition: PartitionRef<'e>,
) -> impl Iterator<Item = (Option<String>, String, DataVersion)> + 'e {
    let slots = evaluation.scope().row_of_cell(cell).versions_of(cell);
    let versions = &evaluation.facts().versions[slots];
    let outputs = asset.outputs.iter().enumerate().zip(versions);
    outputs.filter_map(move |((index, output), known)| {
        let path = output.path.path(partition).into_owned();
        Some((asset.output_label(index), path, known.version()?))
    })
}
