//! Sources whose versions are taken from the lock file: those that are not here, and those that a command observes.

use std::collections::HashMap;

use crate::app::check::ranges::ranges_of;
use crate::model::{AssetKey, DataVersion, KeyRange, Lock, PartitionKey, Place};
use crate::plan::{Cell, Known, Scope};

/// The source partitions whose versions were taken from the lock file, in order.
#[derive(Debug, Default)]
pub(super) struct LockedSources(Vec<Cell>);

impl LockedSources {
    /// Fills in the versions of sources that are absent or observed and have a line; an observed one without a line is
    /// absent.
    ///
    /// Of several lines with different versions, as a merge may leave, the lowest version counts.
    pub fn take(scope: &Scope<'_>, lock: &Lock, versions: &mut [Known]) -> Self {
        let mut locked: HashMap<(&AssetKey, Option<&PartitionKey>), DataVersion> = HashMap::new();
        for line in &lock.sources {
            locked
                .entry((&line.source, line.partition.as_ref()))
                .and_modify(|known| *known = line.version.min(*known))
                .or_insert(line.version);
        }
        let mut taken = Vec::new();
        for row in scope.rows() {
            let Some(source) = scope.graph().source(row.asset) else {
                continue;
            };
            let is_observed = matches!(source.place, Place::Observed { .. });
            for cell in row.cells() {
                let slots = row.versions_of(cell);
                if !is_observed && versions[slots.start] != Known::Absent {
                    continue;
                }
                let key = scope.partition(cell);
                let known = match locked.get(&(&source.key, key.as_ref())) {
                    Some(version) => {
                        taken.push(cell);
                        Known::Version(*version)
                    }
                    None => Known::Absent,
                };
                versions[slots].fill(known);
            }
        }
        Self(taken)
    }

    /// Whether the version of a source partition was taken from the lock file.
    pub fn holds(&self, cell: Cell) -> bool {
        self.0.binary_search(&cell).is_ok()
    }

    /// They as ranges of keys.
    pub fn ranges(&self, scope: &Scope<'_>) -> Vec<KeyRange> {
        let of = |row: &crate::plan::Row| {
            let cells = row.cells().filter(|cell| self.holds(*cell));
            let indexes: Vec<_> = cells.map(|cell| row.index_of(cell)).collect();
            ranges_of(scope, row.asset, indexes)
        };
        if self.0.is_empty() {
            return Vec::new();
        }
        scope.rows().iter().flat_map(of).collect()
    }
}
