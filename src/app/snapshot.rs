//! Looks at a project by the snapshot of the last ones: what need not be judged again, and what is kept for the next.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::project::{MANIFEST_CACHE, OpenProject, Surroundings, Traces};
use crate::app::selection::Goals;
use crate::digest::{Folding, Key, Kind, Sink};
use crate::engine::has_asides;
use crate::hash::{EntryReader, EntryWriter, Sighting, Sightings, Versions};
use crate::lockfile::FILE_NAME;
use crate::look::snapshot::{
    Besides, Everything, GlanceExtent, Judgement, KnownKeys, OutputCounts, Owners, Snapshot,
    SnapshotRecording, SnapshotState, SnapshotUpdate, Viewpoint, by_rule, narrow, places,
};
use crate::look::{KeyQuestion, OWN_FOLDER, Workspace, used_definitions};
use crate::manifest;
use crate::model::{
    Asset, AssetId, CheckedOutputs, Counted, CurrentColumns, Force, KeyChoice, MaterializeOptions,
    PartitionSet, Provenance, RecordedState, Status, TimePartitions, Watched,
};
use crate::plan::{
    Cell, Codes, Demand, Evaluation, Known, Row, Scope, SettledPartitions, Upstream, reached,
};
use crate::store::{ChangeState, Mark, StateChange, Store, StoreError, Wanted};

/// What is judged by, each with a snapshot of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// What the instance has recorded.
    Instance,
    /// What the lock file says, with outputs that count so.
    Lock(CheckedOutputs),
}

impl Basis {
    const fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Lock(CheckedOutputs::Matching) => "lock, matching",
            Self::Lock(CheckedOutputs::Required) => "lock, required",
            Self::Lock(CheckedOutputs::Ignored) => "lock",
        }
    }
}

/// A request that has nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingToDo {
    /// The project root.
    pub root: PathBuf,
    /// How many assets are fresh.
    pub assets: u32,
    /// How many partitions of them.
    pub partitions: u32,
}

/// Whether a request for everything has nothing to do, as far as a snapshot tells: nothing is read but stamps.
pub fn nothing_to_do(
    surroundings: &Surroundings,
    request: &MaterializeOptions,
) -> Option<NothingToDo> {
    let is_for_everything = request.force == Force::WhenStale
        && request.steps.is_empty()
        && request.selection.assets.is_empty()
        && request.selection.partitions.recorded == RecordedState::default()
        && matches!(
            request.selection.partitions.keys,
            KeyChoice::Every | KeyChoice::All
        );
    if !is_for_everything {
        return None;
    }
    let root = manifest::find(&surroundings.directory).ok()?.0;
    let own = root.join(OWN_FOLDER);
    let home = surroundings.home.as_ref().unwrap_or(&own);
    let key = surroundings.cache_key(&root)?;
    let snapshot = Snapshot::open(&file(home, &root, Basis::Instance), &key)?;
    let state = snapshot.state();
    let Everything { assets, partitions } = state.everything?;
    let (from, until) = state.now?;
    let now = surroundings.now.as_second();
    let same = (from..until).contains(&now)
        && state.mark.is_some()
        && state.mark == Mark::read(home)
        && state.unlocked.is_empty()
        && lock_holds(&root, state)
        && manifest::compiled_digest(&root, &own.join(MANIFEST_CACHE), &key)
            == Some(state.manifest)
        && !has_asides(&root);
    let from = Viewpoint {
        root: &root,
        environment: &surroundings.environment,
    };
    let looks_so = || {
        let glance = snapshot.glance(from, GlanceExtent::Everything);
        glance.is_some_and(|glance| glance.changed.is_empty())
    };
    (same && looks_so()).then_some(NothingToDo {
        root,
        assets,
        partitions,
    })
}

/// What a look judges by.
#[derive(Clone, Copy, Debug)]
pub enum LookBasis<'b> {
    /// The records of this instance.
    Instance(&'b Store),
    /// The lines of the lock file, with outputs that count so.
    Lock(CheckedOutputs),
}

/// A look at what a request is about.
pub struct ProjectLook {
    basis: Basis,
    path: PathBuf,
    key: Option<Key>,
    snapshot: Option<Snapshot>,
    settled: SettledPartitions,
    /// What of the snapshot counts no more.
    gone: Owners,
    places: Vec<u32>,
    /// Whether the request is about all partitions of all assets.
    is_of_everything: bool,
    /// How the lock file looked, if the lines of all that is settled are right in it.
    lock: Option<Vec<u8>>,
    /// The moment of the instance's history before its records were read.
    changes: Option<ChangeState>,
}

/// What of a snapshot is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// What is settled.
    Settled,
    /// Nothing: all that a request is about is judged.
    Nothing,
}

/// What a request needs to know of the lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockLines {
    /// Nothing.
    Ignored,
    /// Whether the lines of all that is fresh are right: what is not known to have a right line is looked at.
    Kept,
}

impl ProjectLook {
    /// Begins a look that takes nothing on trust, and keeps nothing.
    pub fn without() -> Self {
        Self {
            basis: Basis::Instance,
            path: PathBuf::new(),
            key: None,
            snapshot: None,
            settled: SettledPartitions::default(),
            gone: Owners::default(),
            places: Vec::new(),
            is_of_everything: false,
            lock: None,
            changes: None,
        }
    }

    /// Begins a look at these goals and all that they need.
    pub fn begin(
        project: &OpenProject,
        goals: &Goals,
        basis: LookBasis<'_>,
        lock: LockLines,
    ) -> Self {
        Self::with(project, goals, basis, (lock, Trust::Settled))
    }

    fn with(
        project: &OpenProject,
        goals: &Goals,
        basis: LookBasis<'_>,
        asked: (LockLines, Trust),
    ) -> Self {
        let mut look = Self::without();
        let store = match basis {
            LookBasis::Instance(store) => Some(store),
            LookBasis::Lock(outputs) => {
                look.basis = Basis::Lock(outputs);
                None
            }
        };
        let Some(key) = project.cache_key().filter(|_| {
            project.traces() == Traces::Left
                && !project.keys().have_faults()
                && !has_asides(project.root())
        }) else {
            return look;
        };
        let folder = match look.basis {
            Basis::Instance => project.home().to_owned(),
            Basis::Lock(_) => project.root().join(OWN_FOLDER),
        };
        look.path = file(&folder, project.root(), look.basis);
        let state = store.and_then(|store| store.change_state().ok());
        look.changes = state.filter(ChangeState::is_of_instance);
        look.key = Some(key.clone());
        look.is_of_everything = is_everything(project, goals);
        look.places = places(project.graph());
        look.take_snapshot((project, store), goals, asked);
        look
    }

    /// Begins a look for a run, or for its plan. Where the run is forced, or `sees_all`, nothing is settled; where not all that is
    /// needed is brought up to date, nothing is kept either.
    pub fn of_run(
        (project, store): (&OpenProject, &Store),
        request: &MaterializeOptions,
        goals: &Goals,
        (lock, sees_all): (LockLines, bool),
    ) -> Self {
        if request.only || !request.steps.is_empty() {
            return Self::without();
        }
        let trust = if request.force == Force::WhenStale && !sees_all {
            Trust::Settled
        } else {
            Trust::Nothing
        };
        Self::with(project, goals, LookBasis::Instance(store), (lock, trust))
    }

    /// Whether it is at all that the goals need, of which nothing is read as it is.
    pub fn is_of_all_upstream(&self) -> bool {
        self.key.is_some()
    }

    /// Finds what is settled by the snapshot, if there is one that counts.
    fn take_snapshot(
        &mut self,
        (project, store): (&OpenProject, Option<&Store>),
        goals: &Goals,
        (lock, trust): (LockLines, Trust),
    ) -> Option<()> {
        let snapshot = Snapshot::open(&self.path, self.key.as_ref()?)?;
        let (graph, keys) = (project.graph(), project.keys());
        let state = snapshot.state();
        if state.manifest != project.manifest_digest() {
            return None;
        }
        let mut besides = Besides::default();
        if let Some(store) = store {
            besides.partitions = changed_records(project, store, state)?;
        }
        let lock_holds = lock_holds(project.root(), state);
        if lock == LockLines::Kept {
            if !lock_holds {
                return None;
            }
            let id = |place: u32| graph.order().get(place as usize).copied();
            let unlocked = state.unlocked.iter();
            let unlocked = unlocked.filter_map(|(place, _, set)| Some((id(place)?, set)));
            besides.partitions.extend(unlocked);
        }
        let from = Viewpoint {
            root: project.root(),
            environment: project.environment(),
        };
        let sets = if self.is_of_everything && trust == Trust::Settled {
            Vec::new()
        } else {
            reached((graph, keys), goals, Upstream::Close)
        };
        let by_place = graph.order().iter().filter_map(|id| sets.get(id.index()));
        let by_place: Vec<&PartitionSet> = by_place.collect();
        let glance = if self.is_of_everything {
            snapshot.glance(from, GlanceExtent::Everything)?
        } else {
            snapshot.glance(from, GlanceExtent::Partitions(&by_place))?
        };
        if trust == Trust::Nothing {
            let all = graph.order().iter().copied().zip(by_place);
            let assets = all.filter(|(id, set)| !graph.is_source(*id) && !set.is_empty());
            let assets = assets.map(|(id, set)| (id, set.clone()));
            besides.partitions.extend(assets);
        }
        let glanced = (glance, self.is_of_everything);
        let narrowed = narrow((graph, keys), state, glanced, besides)?;
        self.settled = narrowed.settled;
        self.gone = narrowed.gone;
        self.lock.clone_from(&state.lock);
        self.snapshot = Some(snapshot);
        Some(())
    }

    /// What is to be judged: the goals, and what they need, as far as it is not settled.
    pub fn scope<'p>(&self, project: &'p OpenProject, goals: &Goals) -> Scope<'p> {
        let (graph, keys) = (project.graph(), project.keys());
        let open = self.open(project, goals);
        Scope::among(graph, keys, &open, Upstream::Close, &self.settled)
    }

    /// The goals that are settled.
    pub fn settled_goals(&self, project: &OpenProject, goals: &Goals) -> Goals {
        let graph = project.graph();
        let goals = goals.iter().filter(|(id, _)| !graph.is_source(*id));
        let settled = goals.filter_map(|(id, set)| {
            let settled = self.settled.of(*id)?.intersection(set);
            (!settled.is_empty()).then_some((*id, settled))
        });
        settled.collect()
    }

    /// All partitions of assets that are settled and belong to what was asked for, by asset in the order of the graph.
    pub fn settled_assets(&self, project: &OpenProject) -> Goals {
        if self.settled.is_empty() {
            return Goals::new();
        }
        let graph = project.graph();
        let assets = graph.order().iter().filter(|id| !graph.is_source(**id));
        let settled = assets.filter_map(|id| Some((*id, self.settled.of(*id)?.clone())));
        settled.filter(|(_, set)| !set.is_empty()).collect()
    }

    /// The moment of an instance's history now, if nobody else has changed it since the look began.
    pub fn changes_now(&self, store: &Store) -> Option<ChangeState> {
        let now = store.change_state().ok()?;
        let others = store.foreign_changes_since(self.changes.as_ref()?).ok()??;
        others.is_empty().then_some(now)
    }

    /// The goals that are to be judged. Sources are never settled as goals.
    fn open(&self, project: &OpenProject, goals: &Goals) -> Goals {
        if self.settled.is_empty() {
            return goals.clone();
        }
        let graph = project.graph();
        let mut open = Vec::new();
        for (id, set) in goals {
            let rest = if graph.is_source(*id) {
                set.clone()
            } else {
                self.settled.rest(*id, set)
            };
            if !rest.is_empty() {
                open.push((*id, rest));
            }
        }
        open
    }
}

/// What has changed in the instance since a snapshot; `None` where that is not known.
fn changed_records(
    project: &OpenProject,
    store: &Store,
    state: &SnapshotState,
) -> Option<Vec<(AssetId, PartitionSet)>> {
    if state.mark.is_some() && state.mark.as_ref() == project.mark() {
        return Some(Vec::new());
    }
    let changes = store.changes_since(state.changes.as_ref()?).ok()??;
    let mut changed: HashMap<AssetId, Vec<Range<u32>>> = HashMap::new();
    for change in changes {
        // The keys of definitions are compared one by one.
        let StateChange::Partition(asset, slot) = change else {
            continue;
        };
        let Some(id) = project.graph().find(asset.as_str()) else {
            continue;
        };
        let keys = project.keys().get(project.graph().partitions(id));
        if let Some(index) = keys.index_of_slot(&slot) {
            changed.entry(id).or_default().push(index..index + 1);
        }
    }
    let sets = changed.into_iter();
    Some(
        sets.map(|(id, ranges)| (id, PartitionSet::from_ranges(ranges)))
            .collect(),
    )
}

/// Whether goals are all partitions of all assets.
fn is_everything(project: &OpenProject, goals: &Goals) -> bool {
    let graph = project.graph();
    let is_whole = |(id, set): &(AssetId, PartitionSet)| {
        set.len() == project.keys().get(graph.partitions(*id)).len()
    };
    let assets = graph.ids().filter(|id| !graph.is_source(*id)).count();
    let chosen = goals.iter().filter(|(id, _)| !graph.is_source(*id));
    chosen.clone().count() == assets && chosen.into_iter().all(is_whole)
}

/// What a look was made for, and with what.
pub struct FinishedLook<'a> {
    /// The project.
    pub project: &'a OpenProject,
    /// Its files, with the looks that were kept.
    pub workspace: &'a Workspace<'a>,
    /// What was judged.
    pub scope: &'a Scope<'a>,
    /// What came of it.
    pub judgement: &'a dyn Judgement,
    /// The mark of the instance from before it was read, or from after it was written, if nobody else has written meanwhile.
    pub mark: Option<Mark>,
    /// The moment of the instance's history after it was written, if nobody else has written since the look began.
    pub changes: Option<ChangeState>,
    /// Whether nothing is to be told of the request each time.
    pub is_silent: bool,
}

impl ProjectLook {
    /// Keeps what was found for the next look.
    pub fn keep(self, looked: &FinishedLook<'_>, lock: LockLines) {
        let Some(key) = self.key else { return };
        let FinishedLook {
            project,
            workspace,
            scope,
            judgement,
            ..
        } = *looked;
        let changes = looked.changes.clone().or(self.changes);
        if self.basis == Basis::Instance && changes.is_none() && looked.mark.is_none() {
            return;
        }
        let recorded = SnapshotRecording {
            workspace,
            scope,
            settled: &self.settled,
            from: Viewpoint {
                root: project.root(),
                environment: project.environment(),
            },
            judgement,
            places: &self.places,
        }
        .records();
        let before = self.snapshot.as_ref().map(Snapshot::state);
        let mut unlocked = before.map_or_else(Owners::default, |it| it.unlocked.clone());
        let lock = match lock {
            LockLines::Kept => {
                unlocked.remove(&recorded.outputs);
                lock_now(workspace.versions)
            }
            LockLines::Ignored => {
                for (place, part, set) in recorded.outputs.iter() {
                    unlocked.add(place, part, &set);
                }
                self.lock
            }
        };
        let everything = (self.is_of_everything && recorded.is_complete && looked.is_silent)
            .then(|| everything(project));
        let state = SnapshotState {
            manifest: project.manifest_digest(),
            mark: looked.mark.clone(),
            changes,
            lock,
            unlocked,
            keys: KnownKeys::now(project.graph(), project.keys()),
            now: validity(project),
            everything,
        };
        let update = SnapshotUpdate {
            state,
            gone: self.gone,
            records: recorded.records,
        };
        update.write(&self.path, &key, self.snapshot);
    }
}

/// All assets, and all of their partitions.
fn everything(project: &OpenProject) -> Everything {
    let graph = project.graph();
    let assets = graph.ids().filter(|id| !graph.is_source(*id));
    let counts = assets.map(|id| project.keys().get(graph.partitions(id)).len());
    let counts = counts.filter(|count| *count > 0);
    let (assets, partitions) =
        counts.fold((0, 0), |(assets, all), count| (assets + 1, all + count));
    Everything { assets, partitions }
}

/// How the lock file looks, if that can be trusted to tell of the next change.
fn lock_now(versions: &Versions<'_>) -> Option<Vec<u8>> {
    let mut sightings = Sightings::default();
    match versions.of_path(FILE_NAME).ok()?.version() {
        Some(version) => {
            let watched = Watched::Path(FILE_NAME.to_owned(), Counted::All);
            versions
                .sight(&mut sightings, &watched, version)
                .then_some(())?;
        }
        None => versions.sight_absent(&mut sightings, FILE_NAME),
    }
    let (mut writer, mut bytes) = (EntryWriter::default(), Vec::new());
    for entry in sightings.entries() {
        writer.write(&mut bytes, &entry);
    }
    Some(bytes)
}

/// Whether the lock file looks as it did.
fn lock_holds(root: &Path, state: &SnapshotState) -> bool {
    let (Some(entries), Ok(directory)) = (&state.lock, File::open(root)) else {
        return false;
    };
    let (mut reader, mut bytes) = (EntryReader::default(), entries.as_slice());
    while !bytes.is_empty() {
        let holds = |entry: Sighting<'_>| entry.holds(&directory);
        if !reader.read(&mut bytes).is_some_and(holds) {
            return false;
        }
    }
    true
}

/// The file of a snapshot.
fn file(home: &Path, root: &Path, basis: Basis) -> PathBuf {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.text("root", &root.to_string_lossy());
    folding.text("basis", basis.name());
    let name = folding.finish(Kind::Manifest).to_string();
    home.join("snapshots").join(name).with_extension("base")
}

/// What an evaluation says to the records of a look.
pub struct JudgedByInstance<'e, 's>(pub &'e Evaluation<'s>);

impl Judgement for JudgedByInstance<'_, '_> {
    fn is_fresh(&self, cell: Cell) -> bool {
        let verdict = self.0.verdict(cell);
        let is_recorded = |it: Provenance| it != Provenance::Locked;
        verdict.status == Status::Fresh
            && verdict.demand == Demand::None
            && self.0.provenance(cell).is_some_and(is_recorded)
    }

    fn output(&self, asset: &Asset, cell: Cell, output: usize) -> OutputCounts {
        let last = self.0.recorded(cell);
        let version = last.and_then(|last| last.outputs.get(output).copied());
        by_rule(asset, version)
    }

    fn source(&self, row: &Row, cell: Cell) -> Known {
        self.0.facts().versions[row.versions_of(cell).start]
    }

    fn codes(&self) -> &Codes {
        self.0.codes()
    }

    fn tells_of_folders(&self) -> bool {
        false
    }
}

/// The stretch of time around the project's now in which all definitions that are used have the keys that they have now;
/// `None` where files decide it, of which no stamp tells. Keys that the instance holds change with its mark.
///
/// Also those count of which nothing was looked at: what has no partition yet has no row.
fn validity(project: &OpenProject) -> Option<(i64, i64)> {
    let (mut from, mut until) = (i64::MIN, i64::MAX);
    for id in used_definitions(project.graph()) {
        let definition = &project.graph().definitions()[id.0 as usize].definition;
        match KeyQuestion::of(definition) {
            KeyQuestion::Disk => return None,
            KeyQuestion::Instance => continue,
            KeyQuestion::Declared => {}
        }
        let Some(windows) = definition.windows() else {
            continue;
        };
        let (since, next) = ends_around(windows, project.now());
        from = from.max(since.as_second());
        if windows.len_at(Timestamp::MAX) > windows.len_at(project.now()) {
            until = until.min(next.as_second());
        }
    }
    Some((from, until))
}

/// A stretch of time around `now` in which no window ends, its first instant included.
fn ends_around(windows: &TimePartitions, now: Timestamp) -> (Timestamp, Timestamp) {
    let index = windows.index_at(now);
    let current = windows.window(index);
    if now < current.end {
        (current.start, current.end)
    } else {
        (current.end, windows.window(index + 1).end)
    }
}

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
