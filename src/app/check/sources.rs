//! Sources whose versions are taken from the lock file: those that are not here, and those that a command observes.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::answer::{LockedSources as Taken, Observed};
use crate::app::check::ranges::ranges_of;
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::git::{Removed, Tracked};
use crate::hash::{glob_matches_any, literal_start};
use crate::look::watched;
use crate::model::{AssetKey, DataVersion, Lock, Observation, PartitionKey, Place, Watched};
use crate::plan::{Cell, Known, Row, Scope};

/// The source partitions whose versions were taken from the lock file, in order.
#[derive(Debug, Default)]
pub(super) struct LockedSources(Vec<(Cell, DataVersion)>);

impl LockedSources {
    /// Fills in the versions of sources that are absent or observed and have a line; an observed one without a line is
    /// absent. A file that git tracks, or tracked and does not ignore, is not missing from a checkout but was removed,
    /// whatever its line says: the line is from before it was added.
    ///
    /// Of several lines with different versions, as a merge may leave, the lowest version counts.
    pub fn take(
        project: &OpenProject,
        scope: &Scope<'_>,
        lock: &Lock,
        versions: &mut [Known],
    ) -> Self {
        let mut locked: HashMap<(&AssetKey, Option<&PartitionKey>), DataVersion> = HashMap::new();
        for line in &lock.sources {
            locked
                .entry((&line.source, line.partition.as_ref()))
                .and_modify(|known| *known = line.version.min(*known))
                .or_insert(line.version);
        }
        let mut taken = Vec::new();
        let mut files = Vec::new();
        for (row, source) in scope.source_rows() {
            let is_observed = matches!(source.place, Place::Observed { .. });
            for cell in row.cells() {
                let slots = row.versions_of(cell);
                // What is there and cannot be read is not what a line says of it.
                if !is_observed && versions[slots.start] != Known::Absent {
                    continue;
                }
                versions[slots].fill(Known::Absent);
                let key = scope.partition(cell);
                match locked.get(&(&source.key, key.as_ref())) {
                    Some(version) if is_observed => taken.push((cell, *version)),
                    Some(version) => files.push((cell, *version)),
                    None => {}
                }
            }
        }
        let removed = removed(project, scope, files.iter().map(|(cell, _)| *cell));
        files.retain(|(cell, _)| !removed.contains(cell));
        taken.extend(files);
        taken.sort_unstable();
        for (cell, version) in &taken {
            versions[scope.row_of_cell(*cell).versions_of(*cell)].fill(Known::Version(*version));
        }
        Self(taken)
    }

    /// Whether the version of a source partition was taken from the lock file.
    pub fn holds(&self, cell: Cell) -> bool {
        self.0
            .binary_search_by_key(&cell, |(cell, _)| *cell)
            .is_ok()
    }

    /// They as ranges of keys, with when they were observed where the instance here has observed just these versions.
    pub fn told(&self, project: &OpenProject, scope: &Scope<'_>) -> Vec<Taken> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let graph = scope.graph();
        let is_observed = |row: &&Row| {
            let place = graph.source(row.asset).map(|source| &source.place);
            matches!(place, Some(Place::Observed { .. }))
        };
        let taken = |row: &Row| row.cells().filter(|cell| self.holds(*cell)).collect();
        let mut instance = None;
        let mut told = Vec::new();
        for row in scope.rows() {
            let cells: Vec<Cell> = taken(row);
            let indexes = cells.iter().map(|cell| row.index_of(*cell));
            let ranges = ranges_of(scope, row.asset, indexes);
            let observed = Some(row).filter(is_observed).filter(|_| !cells.is_empty());
            let observed = observed.and_then(|row| {
                let store = instance.get_or_insert_with(|| InstanceAccess::open(project).ok());
                let times = store
                    .as_ref()?
                    .store
                    .observations(graph.key(row.asset))
                    .ok()?;
                self.oldest(scope, &cells, &times)
            });
            let observed = observed.map(|time| Observed {
                time,
                now: project.now(),
            });
            told.extend(ranges.into_iter().map(|range| Taken { range, observed }));
        }
        told
    }

    /// When the oldest of the versions of some cells was observed; `None` if any of them is not known.
    fn oldest(
        &self,
        scope: &Scope<'_>,
        cells: &[Cell],
        observations: &[Observation],
    ) -> Option<Timestamp> {
        let times: HashMap<_, _> = observations
            .iter()
            .map(|it| ((&it.partition, it.version), it.time))
            .collect();
        let version = |cell: Cell| {
            let at = self.0.binary_search_by_key(&cell, |(cell, _)| *cell).ok()?;
            Some(self.0[at].1)
        };
        let time = |cell: &Cell| {
            times
                .get(&(&scope.partition(*cell), version(*cell)?))
                .copied()
        };
        let all: Option<Vec<Timestamp>> = cells.iter().map(time).collect();
        all?.into_iter().min()
    }
}

/// Of cells of sources at which something is missing, those of which git tracks, or a commit had, a file that is not here.
fn removed(
    project: &OpenProject,
    scope: &Scope<'_>,
    absent: impl Iterator<Item = Cell>,
) -> HashSet<Cell> {
    let places = |cell| {
        let (id, partition) = scope.at(cell);
        let source = scope.graph().source(id);
        let watched = source.map_or_else(Vec::new, |source| watched(source, partition));
        watched.into_iter().map(move |watched| (cell, watched))
    };
    let places: Vec<(Cell, Watched)> = absent.flat_map(places).collect();
    let root = project.root().canonicalize().ok();
    let Some(root) = root.filter(|_| !places.is_empty()) else {
        return HashSet::new();
    };
    let Ok(repository) = project.repository() else {
        return HashSet::new();
    };
    let above = |(_, watched): &(Cell, Watched)| root.join(above(watched));
    let asked: Vec<PathBuf> = places.iter().map(above).collect();
    let git = GitFiles {
        tracked: repository.tracked().ok(),
        history: repository.removed(&asked).ok(),
        root,
    };
    let gone = OnceCell::new();
    let is_removed = |(_, watched): &&(Cell, Watched)| match watched {
        Watched::Path(path, _) | Watched::Word(path, _) => git.had(path),
        Watched::Glob {
            pattern, except, ..
        } => {
            let gone: &BTreeSet<String> = gone.get_or_init(|| git.gone());
            let start = literal_start(pattern);
            let alike = gone.range::<str, _>((Bound::Included(start), Bound::Unbounded));
            let alike = alike.map(String::as_str);
            let alike = alike.take_while(|file| file.starts_with(start));
            glob_matches_any(pattern, except, alike).unwrap_or(false)
        }
    };
    let removed = places.iter().filter(is_removed);
    removed.map(|(cell, _)| *cell).collect()
}

/// The path, or the folder in which a glob begins to match.
fn above(watched: &Watched) -> &str {
    match watched {
        Watched::Path(path, _) | Watched::Word(path, _) => path,
        Watched::Glob { pattern, .. } => {
            let start = literal_start(pattern);
            start.rsplit_once('/').map_or("", |(folder, _)| folder)
        }
    }
}

/// The files that git knows of some places, with the project's root.
struct GitFiles {
    root: PathBuf,
    tracked: Option<Tracked>,
    history: Option<Removed>,
}

impl GitFiles {
    /// Whether git tracks or had something at a path at which nothing is now.
    fn had(&self, path: &str) -> bool {
        let path = self.root.join(path);
        let was_tracked = self.tracked.as_ref().is_some_and(|it| it.has_entry(&path))
            || self.history.as_ref().is_some_and(|it| it.had(&path));
        was_tracked && path.metadata().is_err()
    }

    /// The files that are not here any more, relative to the root.
    fn gone(&self) -> BTreeSet<String> {
        let tracked = self.tracked.iter().flat_map(Tracked::files);
        let files = tracked.chain(self.history.iter().flat_map(Removed::files));
        let gone = files.filter(|file| file.symlink_metadata().is_err());
        let within = |file: PathBuf| Some(file.strip_prefix(&self.root).ok()?.to_str()?.to_owned());
        gone.filter_map(within).collect()
    }
}
