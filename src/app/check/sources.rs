//! Sources whose versions are taken from the lock file: those that are not here, and those that a command observes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::check::ranges::ranges_of;
use crate::app::instance::Instance;
use crate::app::project::Project;
use crate::engine::watched;
use crate::git::{Removed, Tracked};
use crate::hash::{Exceptions, Watched, glob_matches, is_glob};
use crate::model::{
    AssetKey, DataVersion, Lock, LockedSources as Taken, Observation, Observed, PartitionKey, Place,
};
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
    pub fn take(project: &Project, scope: &Scope<'_>, lock: &Lock, versions: &mut [Known]) -> Self {
        let mut locked: HashMap<(&AssetKey, Option<&PartitionKey>), DataVersion> = HashMap::new();
        for line in &lock.sources {
            locked
                .entry((&line.source, line.partition.as_ref()))
                .and_modify(|known| *known = line.version.min(*known))
                .or_insert(line.version);
        }
        let mut taken = Vec::new();
        let mut files = Vec::new();
        for row in scope.rows() {
            let Some(source) = scope.graph().source(row.asset) else {
                continue;
            };
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
    pub fn told(&self, project: &Project, scope: &Scope<'_>) -> Vec<Taken> {
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
                let store = instance.get_or_insert_with(|| Instance::open(project).ok());
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

/// Of cells of sources at which something is missing, those of which git tracks, or a commit had, a file that is not here; none
/// where there is no repository.
fn removed(
    project: &Project,
    scope: &Scope<'_>,
    absent: impl Iterator<Item = Cell>,
) -> HashSet<Cell> {
    let Ok(root) = project.root().canonicalize() else {
        return HashSet::new();
    };
    let places = |cell| {
        let (id, partition) = scope.at(cell);
        let source = scope.graph().source(id);
        let watched = source.map_or_else(Vec::new, |source| watched(source, partition));
        watched.into_iter().map(move |watched| (cell, watched))
    };
    let places: Vec<(Cell, Watched)> = absent.flat_map(places).collect();
    if places.is_empty() {
        return HashSet::new();
    }
    let Ok(repository) = project.repository() else {
        return HashSet::new();
    };
    let asked: Vec<PathBuf> = places
        .iter()
        .map(|(_, watched)| root.join(head(watched)))
        .collect();
    let tracked = repository.tracked().ok();
    let history = repository.removed(&asked).ok();
    let is_path = |(_, watched): &&(Cell, Watched)| !matches!(watched, Watched::Glob { .. });
    let (paths, globs): (Vec<_>, Vec<_>) = places.iter().partition(is_path);
    let was_at = |(_, watched): &&&(Cell, Watched)| {
        let path = root.join(head(watched));
        let was_tracked = tracked.as_ref().is_some_and(|it| it.has_entry(&path))
            || history.as_ref().is_some_and(|it| it.had(&path));
        was_tracked && path.metadata().is_err()
    };
    let mut removed: HashSet<Cell> = paths.iter().filter(was_at).map(|(cell, _)| *cell).collect();
    if globs.is_empty() {
        return removed;
    }
    let tracked = tracked.iter().flat_map(Tracked::files);
    let files = tracked.chain(history.iter().flat_map(Removed::files));
    let gone: BTreeSet<PathBuf> = files
        .filter(|file| file.symlink_metadata().is_err())
        .filter_map(|file| Some(file.strip_prefix(&root).ok()?.to_owned()))
        .collect();
    let would_match = |(_, watched): &&&(Cell, Watched)| {
        let Watched::Glob {
            pattern, except, ..
        } = watched
        else {
            return false;
        };
        let Ok(except) = Exceptions::new(except) else {
            return false;
        };
        let head = head(watched);
        let below = gone.range(head.to_owned()..);
        let mut below = below.take_while(|file| file.starts_with(head));
        below.any(|file| {
            let matches = file.to_str().map(|file| glob_matches(pattern, file));
            matches!(matches, Some(Ok(true))) && !except.take(file)
        })
    };
    removed.extend(globs.iter().filter(would_match).map(|(cell, _)| *cell));
    removed
}

/// The path, or the folder below which a glob matches.
fn head(watched: &Watched) -> &Path {
    let path = Path::new(watched.text());
    match watched {
        Watched::Path(..) | Watched::Word(..) => path,
        Watched::Glob { pattern, .. } => {
            let mut above = path.ancestors().skip(usize::from(is_glob(pattern)));
            let literal = above.find(|above| above.to_str().is_some_and(|it| !is_glob(it)));
            literal.unwrap_or(Path::new(""))
        }
    }
}
