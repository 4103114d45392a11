//! Sources whose versions are taken from the lock file: those that are not here, and those that a command observes.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::app::check::ranges::ranges_of;
use crate::app::project::Project;
use crate::engine::source_path;
use crate::git::{Repository, Tracked};
use crate::model::{AssetKey, DataVersion, KeyRange, Lock, PartitionKey, Place};
use crate::plan::{Cell, Known, Row, Scope};

/// The source partitions whose versions were taken from the lock file, in order.
#[derive(Debug, Default)]
pub(super) struct LockedSources(Vec<Cell>);

impl LockedSources {
    /// Fills in the versions of sources that are absent or observed and have a line; an observed one without a line is
    /// absent. A file that git tracks is not missing from a checkout but was removed, whatever its line says.
    ///
    /// Of several lines with different versions, as a merge may leave, the lowest version counts.
    pub fn take(project: &Project, scope: &Scope<'_>, lock: &Lock, versions: &mut [Known]) -> Self {
        let mut locked: HashMap<(&AssetKey, Option<&PartitionKey>), DataVersion> = HashMap::new();
        for line in &lock.sources {
            locked
                .entry((&line.source, line.partition.as_ref()))
                .and_modify(|known| *known = line.version.min(*known))
                .or_insert(line.version);
        }
        let index = Index::default();
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
                    Some(version) if is_observed || !index.holds(project, scope, cell) => {
                        taken.push(cell);
                        Known::Version(*version)
                    }
                    _ => Known::Absent,
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
        let of = |row: &Row| {
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

/// Which files git tracks, asked once and only if need be; none where there is no repository.
#[derive(Default)]
struct Index(OnceCell<Option<Tracked>>);

impl Index {
    /// Whether git tracks the one file of a source partition.
    fn holds(&self, project: &Project, scope: &Scope<'_>, cell: Cell) -> bool {
        let tracked = self.0.get_or_init(|| {
            let repository = Repository::open(project.root(), project.environment()).ok()?;
            repository.tracked().ok()
        });
        let root = project.root().canonicalize();
        let path = source_path(scope, cell);
        match (tracked, root, path) {
            (Some(tracked), Ok(root), Some(path)) => tracked.has_entry(&root.join(path)),
            _ => false,
        }
    }
}
