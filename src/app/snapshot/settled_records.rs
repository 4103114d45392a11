//! What is recorded of settled partitions, which a look does not read.

use std::collections::HashMap;

use crate::app::project::OpenProject;
use crate::model::{AssetId, CurrentColumns, PartitionSet};
use crate::store::{Store, StoreError, Wanted};

/// What is recorded of settled partitions, which a look does not read.
pub struct SettledRecords {
    columns: CurrentColumns,
    rows: HashMap<AssetId, (usize, u32)>,
}

impl SettledRecords {
    /// Of the settled partitions of these assets.
    pub fn read(
        project: &OpenProject,
        store: &Store,
        settled: &[(AssetId, PartitionSet)],
    ) -> Result<Self, StoreError> {
        let graph = project.graph();
        let (mut cells, mut rows, mut wanted) = (0, HashMap::new(), Vec::new());
        for (id, set) in settled {
            wanted.push(Wanted {
                asset: graph.key(*id),
                keys: project.keys().get(graph.partitions(*id)),
                set,
                first: cells,
            });
            rows.insert(*id, (cells, set.len()));
            cells += set.len() as usize;
        }
        let columns = store.currents(&wanted, cells)?;
        Ok(Self { columns, rows })
    }

    /// Where in the columns the partitions of an asset are.
    pub fn of(&self, asset: AssetId) -> impl Iterator<Item = usize> + use<> {
        let (first, count) = self.rows.get(&asset).copied().unwrap_or_default();
        first..first + count as usize
    }

    /// What is recorded.
    pub fn columns(&self) -> &CurrentColumns {
        &self.columns
    }
}
