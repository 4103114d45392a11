//! A look at a project: what need not be judged again.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use crate::app::error::AppError;
use crate::app::project::{OpenProject, Traces};
use crate::app::selection::Goals;
use crate::app::snapshot::basis::{Basis, LookBasis, file};
use crate::app::snapshot::first_glance::GlancedSnapshot;
use crate::app::snapshot::lock_stamp::lock_holds;
use crate::digest::Key;
use crate::engine::has_asides;
use crate::hash::{Look, Versions};
use crate::look::snapshot::{
    Besides, ChangedRecords, GlanceExtent, Numbering, Owner, Owners, Snapshot, SnapshotState,
    Viewpoint, narrow,
};
use crate::look::{OWN_FOLDER, watched};
use crate::model::{AssetId, Force, MaterializeOptions, PartitionRef, PartitionSet, Watched};
use crate::plan::{Scope, SettledPartitions, Upstream, reached};
use crate::store::{ChangeState, StateChange, Store};

/// Partitions whose lines in the lock file are known to say what is recorded of them. One that is not fresh now, with its
/// outputs as they were recorded, has a wrong line then, and so has the block that it stands in.
#[derive(Debug, Default)]
pub struct OwnLines(HashMap<AssetId, PartitionSet>);

impl OwnLines {
    /// Whether a partition is known to have one.
    pub fn has(&self, asset: AssetId, index: u32) -> bool {
        self.0.get(&asset).is_some_and(|set| set.contains(index))
    }
}

/// A look at what a request is about.
pub struct ProjectLook {
    pub(super) basis: Basis,
    pub(super) path: PathBuf,
    pub(super) key: Option<Key>,
    /// The snapshot, and how it numbers what is declared.
    pub(super) snapshot: Option<(Snapshot, Numbering)>,
    pub(super) settled: SettledPartitions,
    /// What of the snapshot counts no more.
    pub(super) gone: Owners,
    /// Whether the request is about all partitions of all assets.
    pub(super) is_of_everything: bool,
    /// How the lock file looked, if the lines of all that is settled are right in it.
    pub(super) lock: Option<Vec<u8>>,
    /// The moment of the instance's history before its records were read.
    pub(super) changes: Option<ChangeState>,
    /// How large sources looked that have changed.
    seen: HashMap<Watched, Look>,
    /// What has lines of its own in the lock file, if that is known.
    own_lines: OwnLines,
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

/// What a run, or its plan, demands of a look.
pub struct RunDemand {
    /// What it needs to know of the lock file.
    pub lock: LockLines,
    /// Whether all that it is about is to be judged.
    pub sees_all: bool,
    /// A glance at everything by its snapshot, if there was one.
    pub glanced: Option<GlancedSnapshot>,
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
            is_of_everything: false,
            lock: None,
            changes: None,
            seen: HashMap::new(),
            own_lines: OwnLines::default(),
        }
    }

    /// The partitions whose lines in the lock file are known to say what is recorded of them.
    pub fn take_own_lines(&mut self) -> OwnLines {
        std::mem::take(&mut self.own_lines)
    }

    /// Begins a look at these goals and all that they need.
    pub fn begin(
        project: &OpenProject,
        goals: &Goals,
        basis: LookBasis<'_>,
        lock: LockLines,
    ) -> Self {
        Self::with(project, goals, basis, (lock, Trust::Settled), None)
    }

    fn with(
        project: &OpenProject,
        goals: &Goals,
        basis: LookBasis<'_>,
        asked: (LockLines, Trust),
        glanced: Option<GlancedSnapshot>,
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
                && project.resources().is_empty()
                && !project.keys().have_faults()
                && !has_asides(project.root())
        }) else {
            return look;
        };
        let folder = match look.basis {
            Basis::Instance => project.home().to_owned(),
            Basis::Lock(_) => project.root().join(OWN_FOLDER),
        };
        let judged_by = (project.configuration(), project.lock_place());
        look.path = file(&folder, project.root(), look.basis, judged_by);
        let state = store.and_then(|store| store.change_state().ok());
        look.changes = state.filter(ChangeState::is_of_instance);
        look.key = Some(key.clone());
        look.is_of_everything = is_everything(project, goals);
        look.take_snapshot((project, store), goals, asked, glanced);
        look
    }

    /// Begins a look for a run, or for its plan. Where the run is forced, or `sees_all`, nothing is settled; where not all that is
    /// needed is brought up to date, nothing is kept either.
    pub fn of_run(
        (project, store): (&OpenProject, &Store),
        request: &MaterializeOptions,
        goals: &Goals,
        RunDemand {
            lock,
            sees_all,
            glanced,
        }: RunDemand,
    ) -> Self {
        if request.only || !request.steps.is_empty() {
            return Self::without();
        }
        let trust = if request.force == Force::WhenStale && !sees_all {
            Trust::Settled
        } else {
            Trust::Nothing
        };
        let basis = LookBasis::Instance(store);
        Self::with(project, goals, basis, (lock, trust), glanced)
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
        glanced: Option<GlancedSnapshot>,
    ) -> Option<()> {
        let (snapshot, glance) = match glanced {
            Some(GlancedSnapshot { snapshot, glance }) => (*snapshot, Some(glance)),
            None => (Snapshot::open(&self.path, self.key.as_ref()?)?, None),
        };
        let (graph, keys) = (project.graph(), project.keys());
        let state = snapshot.state();
        let numbering = snapshot.numbering(graph, project.manifest_digest())?;
        let mut besides = Besides::default();
        if let Some(store) = store {
            besides.partitions = changed_records(project, store, state)?;
        }
        let lock_holds = lock_holds(project.root(), state);
        let id = |place| numbering.id(place);
        let unlocked = state.unlocked.iter();
        let unlocked = unlocked.filter_map(|(place, _, set)| Some((id(place)?, set)));
        let unlocked: Vec<(AssetId, PartitionSet)> = unlocked.collect();
        if lock == LockLines::Kept {
            if !lock_holds {
                return None;
            }
            besides.partitions.extend(unlocked.iter().cloned());
        }
        let from = Viewpoint {
            root: project.root(),
            variables: project.variables(),
        };
        let sets = if self.is_of_everything && trust == Trust::Settled {
            Vec::new()
        } else {
            reached((graph, keys), goals, Upstream::Close)
        };
        let nothing = PartitionSet::empty();
        let wanted = |id: AssetId| sets.get(id.index()).unwrap_or(&nothing);
        let by_place =
            (0..numbering.count()).map(|place| numbering.id(place).map_or(&nothing, wanted));
        let by_place: Vec<&PartitionSet> = by_place.collect();
        let mut glance = match glance.filter(|_| self.is_of_everything) {
            Some(glance) => glance,
            None if self.is_of_everything => snapshot.glance(from, GlanceExtent::Everything)?,
            None => snapshot.glance(from, GlanceExtent::Partitions(&by_place))?,
        };
        if trust == Trust::Nothing {
            let assets = graph.ids().filter(|id| !graph.is_source(*id));
            let assets = assets.map(|id| (id, wanted(id).clone()));
            let assets = assets.filter(|(_, set)| !set.is_empty());
            besides.partitions.extend(assets);
        }
        let records = std::mem::take(&mut glance.records);
        let glanced = (glance, self.is_of_everything);
        let known = (state, &numbering);
        let narrowed = narrow((graph, keys), known, glanced, &besides)?;
        self.settled = narrowed.settled;
        self.gone = narrowed.gone;
        if lock_holds {
            let mut own = narrowed.outlived;
            for (asset, set) in unlocked {
                if let Some(known) = own.get_mut(&asset) {
                    *known = known.difference(&set);
                }
            }
            self.own_lines = OwnLines(own);
        }
        self.lock.clone_from(&state.lock);
        self.seen = looks_since(project, (&snapshot, &numbering), &records);
        self.snapshot = Some((snapshot, numbering));
        Some(())
    }

    /// The versions of what is on disk, which keep how it looked. What was looked at already is not looked at again.
    pub fn versions<'p>(&mut self, project: &'p OpenProject) -> Result<Versions<'p>, AppError> {
        let seen = std::mem::take(&mut self.seen);
        Ok(project.versions()?.keeping_looks(seen))
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

/// How the large sources look that have changed.
fn looks_since(
    project: &OpenProject,
    (snapshot, numbering): (&Snapshot, &Numbering),
    records: &ChangedRecords,
) -> HashMap<Watched, Look> {
    let graph = project.graph();
    let look = |owner: &Owner| {
        let id = numbering.id(owner.place)?;
        let partition = PartitionRef {
            keys: project.keys().get(graph.partitions(id)),
            index: owner.index,
        };
        let [watched] = watched(graph.source(id)?, partition).try_into().ok()?;
        let look = snapshot.look_since(records, project.root(), *owner)?;
        Some((watched, look))
    };
    records.large.iter().filter_map(look).collect()
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
