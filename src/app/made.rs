//! What is fresh when a run has ended: the outputs that lie at their paths, with their versions.

use crate::model::{AssetId, DataVersion, PartitionSet};
use crate::plan::{Evaluation, Role, Row};

/// The partitions of an asset that a run has left fresh.
#[derive(Clone, Debug)]
pub struct MadeRow {
    asset: AssetId,
    set: PartitionSet,
    /// The versions of the outputs, partition after partition.
    versions: Vec<DataVersion>,
    outputs: usize,
}

impl MadeRow {
    /// The asset.
    pub fn asset(&self) -> AssetId {
        self.asset
    }

    /// The version of an output at a partition, both by their numbers; `None` if that is not fresh.
    pub fn version(&self, partition: u32, output: usize) -> Option<DataVersion> {
        let rank = self.set.rank(partition)?;
        let first = rank as usize * self.outputs;
        self.versions.get(first + output).copied()
    }
}

/// What is fresh in an evaluation as a run leaves it, or was read by it as it is.
pub fn made_rows(evaluation: &Evaluation<'_>) -> Vec<MadeRow> {
    let rows = evaluation.scope().rows().iter();
    let made = rows.filter_map(|row| made_row(evaluation, row));
    made.filter(|made| !made.set.is_empty()).collect()
}

fn made_row(evaluation: &Evaluation<'_>, row: &Row) -> Option<MadeRow> {
    let asset = evaluation.scope().graph().asset(row.asset)?;
    let recorded = &evaluation.facts().recorded;
    let mut fresh = Vec::new();
    let mut versions = Vec::new();
    for (cell, index) in row.cells().zip(row.set.iter()) {
        // What is read as it is was not judged, and stands as it was recorded.
        let stands = evaluation.scope().role(cell) == Role::Given || evaluation.is_fresh(cell);
        if !stands {
            continue;
        }
        let made = recorded.materialized(cell.index());
        if let Some(made) = made.filter(|made| made.outputs.len() == asset.outputs.len()) {
            fresh.push(index);
            versions.extend_from_slice(made.outputs);
        }
    }
    Some(MadeRow {
        asset: row.asset,
        set: fresh.into_iter().collect(),
        versions,
        outputs: asset.outputs.len(),
    })
}
