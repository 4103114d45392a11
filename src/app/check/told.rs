//! From verdicts to a report.

use crate::app::check::place::place_of;
use crate::app::check::ranges::{Unfresh, ranges_of, stale_ranges};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::answer::{Certainty, CheckReport, CheckedAsset, Unverifiable};
use crate::app::check::locked::Judged;
use crate::app::instance::InstanceAccess;
use crate::app::neighbours::{key_range, neighbours};
use crate::app::project::OpenProject;
use crate::app::selection::Goals;
use crate::digest::Field;
use crate::lock::{CONFIG_OF_PARTITION, LockStatus};
use crate::look::Elsewhere;
use crate::model::{
    AssetId, CONFIG_FIELD, Cause, CodeChange, CodePrefix, DueWindows, Fingerprint, PartitionSet,
    PartitionSlot, RecordingRun, Status,
};
use crate::plan::{
    Cell, Codes, MAPPING_FIELD, Row, Scope, code_changes, code_record, config_fields,
};

/// What was judged, to be told.
pub(super) struct Told<'t, 'a> {
    pub scope: &'a Scope<'a>,
    /// What was selected; of that, what is not selected in the scope is settled.
    pub goals: &'t Goals,
    pub judged: &'t mut Judged<'a>,
    /// What has changed in code, by name.
    pub code: LockedCode<'t>,
    /// Sources whose content is not here, and assets of which only a record could tell.
    pub elsewhere: &'t BTreeMap<Cell, Elsewhere>,
    pub due: DueWindows,
}

/// The partitions of one asset, sorted by what is said of them.
#[derive(Default)]
struct Sorted {
    fresh: u32,
    stale: Vec<Unfresh>,
    pending: Vec<Unfresh>,
    due: Vec<u32>,
    unverifiable: Vec<(u32, Cell)>,
}

impl Told<'_, '_> {
    /// Fills a report in, with what was selected.
    pub fn tell(mut self, report: &mut CheckReport) {
        let scope = self.scope;
        let goals: HashMap<AssetId, &PartitionSet> =
            self.goals.iter().map(|(id, set)| (*id, set)).collect();
        for id in scope.graph().order() {
            let Some(goal) = goals.get(id).filter(|goal| !goal.is_empty()) else {
                continue;
            };
            let row = scope.row(*id).filter(|row| !row.selected.is_empty());
            let sorted = row.map_or_else(Sorted::default, |row| self.sort(row));
            let judged = row.map_or(0, |row| row.selected.len());
            report.assets.push(CheckedAsset {
                asset: scope.graph().key(*id).clone(),
                count: goal.len(),
                fresh: sorted.fresh + (goal.len() - judged),
                place: place_of(scope.graph(), *id),
            });
            let Some(row) = row else { continue };
            report
                .stale
                .extend(stale_ranges(scope, row.asset, sorted.stale));
            report
                .pending
                .extend(stale_ranges(scope, row.asset, sorted.pending));
            report.due.extend(ranges_of(scope, row.asset, sorted.due));
            self.tell_unverifiable(row.asset, &sorted.unverifiable, report);
            let rivals = self.judged.judge.irreproducible().iter();
            let rivals = rivals.filter(|cell| scope.at(**cell).0 == row.asset);
            let rivals: Vec<_> = rivals.map(|cell| row.index_of(*cell)).collect();
            let rivals = rivals.into_iter().filter(|it| row.selected.contains(*it));
            report
                .irreproducible
                .extend(ranges_of(scope, row.asset, rivals));
        }
    }

    fn sort(&mut self, row: &Row) -> Sorted {
        let mut sorted = Sorted::default();
        for index in row.selected.iter() {
            let cell = row
                .cell(index)
                .expect("what is selected belongs to its row");
            match self.judged.verdicts[cell.index()] {
                LockStatus::Fresh => sorted.fresh += 1,
                LockStatus::Due if self.due == DueWindows::Apart => sorted.due.push(index),
                LockStatus::Due | LockStatus::Missing => {
                    sorted.stale.push(Unfresh {
                        index,
                        status: Status::Missing,
                        certainty: Certainty::Exact,
                        causes: Vec::new(),
                    });
                }
                LockStatus::Stale | LockStatus::MaybeStale => {
                    let unfresh = self.unfresh(cell, index, Status::Stale);
                    sorted.stale.push(unfresh);
                }
                LockStatus::Pending => {
                    let unfresh = self.unfresh(cell, index, Status::Pending);
                    sorted.pending.push(unfresh);
                }
                LockStatus::Unverifiable => sorted.unverifiable.push((index, cell)),
            }
        }
        sorted
    }

    /// A partition that is not fresh; of one in a folded block only the block is known.
    fn unfresh(&mut self, cell: Cell, index: u32, status: Status) -> Unfresh {
        let is_folded = self.judged.judge.block(cell).is_some();
        Unfresh {
            index,
            status,
            certainty: if is_folded && status == Status::Stale {
                Certainty::Cautious
            } else {
                Certainty::Exact
            },
            causes: self.causes(cell),
        }
    }

    fn causes(&mut self, cell: Cell) -> Vec<Cause> {
        let scope = self.scope;
        let Judged {
            judge,
            verdicts,
            changed,
        } = &mut *self.judged;
        let path = |cell| scope.source_path(cell);
        let mut causes = judge.causes(verdicts, changed, &path, cell);
        let is_config = |cause: &Cause| match cause {
            Cause::Code(change) => change.what == CONFIG_OF_PARTITION,
            _ => false,
        };
        if let Some(at) = causes.iter().position(is_config)
            && let Some(line) = judge.line(cell)
        {
            let (id, partition) = scope.at(cell);
            let slot = partition.keys.slot(partition.index);
            let recorded = self.code.config_of((id, &slot), line.fingerprint);
            let changes = recorded.map(|old| code_changes(&old, &judge.config_of(cell)));
            if let Some(changes) = changes.filter(|changes| !changes.is_empty()) {
                causes.splice(at..=at, changes.into_iter().map(Cause::Code));
            }
        }
        let mut causes = self.code.name(scope.at(cell).0, causes);
        let is_value = |cause: &Cause| match cause {
            Cause::Code(change) => change.what.starts_with(CONFIG_FIELD) && change.old.is_some(),
            _ => false,
        };
        if causes.iter().any(is_value)
            && let Some(line) = self.judged.judge.line(cell)
        {
            let (id, partition) = scope.at(cell);
            let slot = partition.keys.slot(partition.index);
            let run = self.code.run_of((id, &slot), line.fingerprint);
            for cause in causes.iter_mut().filter(|cause| is_value(cause)) {
                if let Cause::Code(change) = cause {
                    change.recorded_by.clone_from(&run);
                }
            }
        }
        causes
    }

    /// Neighbours that cannot be judged for the same reason as one, with the first file.
    fn tell_unverifiable(
        &self,
        asset: AssetId,
        unverifiable: &[(u32, Cell)],
        report: &mut CheckReport,
    ) {
        let known = unverifiable.iter();
        let known = known.filter_map(|(index, cell)| Some((*index, self.elsewhere_of(*cell)?)));
        let runs = neighbours(known, |first, next| first.why == next.why);
        let told = |(range, elsewhere): (Range<u32>, Elsewhere)| Unverifiable {
            range: key_range(self.scope, asset, &range),
            why: elsewhere.why,
            path: elsewhere.path,
            place: place_of(self.scope.graph(), asset),
        };
        report.unverifiable.extend(runs.into_iter().map(told));
    }

    /// Why a partition cannot be judged: the first source that it reads and whose content is not here, or its own output.
    fn elsewhere_of(&self, cell: Cell) -> Option<Elsewhere> {
        let mut found = self.elsewhere.get(&cell).cloned();
        let is_source = |id| self.scope.graph().is_source(id);
        self.scope.upstream_cells_of(cell, is_source, |up| {
            if found.is_none() {
                found = self.elsewhere.get(&up).cloned();
            }
        });
        found
    }
}

/// Finds what code versions of the lock file stand for. The instance is opened once something is asked.
pub(super) struct LockedCode<'a> {
    project: &'a OpenProject,
    codes: &'a Codes,
    instance: OnceCell<Option<InstanceAccess>>,
    found: HashMap<(AssetId, String), Vec<CodeChange>>,
}

impl<'a> LockedCode<'a> {
    /// Of the assets of a project whose code was observed.
    pub fn new(project: &'a OpenProject, codes: &'a Codes) -> Self {
        Self {
            project,
            codes,
            instance: OnceCell::new(),
            found: HashMap::new(),
        }
    }

    /// The configuration of the materialization with this fingerprint, if that is what the instance knows last.
    fn config_of(
        &self,
        (asset, slot): (AssetId, &PartitionSlot),
        fingerprint: Fingerprint,
    ) -> Option<Vec<Field>> {
        let key = self.project.graph().key(asset);
        let history = self.instance()?.store.history(key, Some(slot), 1).ok()?;
        let (_, last) = history.into_iter().next()?;
        (last.fingerprint == fingerprint).then(|| config_fields(&last.config))
    }

    /// The run of the materialization with this fingerprint, if that is what the instance knows last.
    fn run_of(
        &self,
        (asset, slot): (AssetId, &PartitionSlot),
        fingerprint: Fingerprint,
    ) -> Option<RecordingRun> {
        let store = &self.instance()?.store;
        let key = self.project.graph().key(asset);
        let history = store.history(key, Some(slot), 1).ok()?;
        let (id, last) = history.into_iter().next()?;
        let is_it = last.fingerprint == fingerprint;
        is_it
            .then(|| store.recording_run(id..=id).ok().flatten())
            .flatten()
    }

    fn instance(&self) -> Option<&InstanceAccess> {
        let open = || InstanceAccess::open(self.project).ok();
        self.instance.get_or_init(open).as_ref()
    }

    /// The causes of a partition of `asset`, with each change of its code by name as far as the instance knows it.
    pub fn name(&mut self, asset: AssetId, causes: Vec<Cause>) -> Vec<Cause> {
        let mut named = Vec::with_capacity(causes.len());
        for cause in causes {
            match cause {
                Cause::Code(change) => named.extend(self.by_name(asset, change)),
                Cause::Data(mut change) => {
                    let root = std::mem::take(&mut change.root);
                    change.root = match self.project.graph().find(change.asset.as_str()) {
                        Some(upstream) => self.name(upstream, root),
                        None => root,
                    };
                    named.push(Cause::Data(change));
                }
                other => named.push(other),
            }
        }
        named
    }

    fn by_name(&mut self, asset: AssetId, change: CodeChange) -> Vec<Cause> {
        let (Some(locked), true) = (change.old.clone(), change.new.is_some()) else {
            return vec![Cause::Code(change)];
        };
        let key = (asset, locked);
        if !self.found.contains_key(&key) {
            let changes = self.changes(asset, &key.1).unwrap_or_default();
            self.found.insert(key.clone(), changes);
        }
        match &self.found[&key][..] {
            [] => vec![Cause::Code(change)],
            changes => changes.iter().cloned().map(Cause::Code).collect(),
        }
    }

    /// `None` where the instance, which need not be there, does not know.
    fn changes(&self, asset: AssetId, locked: &str) -> Option<Vec<CodeChange>> {
        let locked = CodePrefix(u64::from_str_radix(locked, 16).ok()?);
        let old = self.instance()?.store.code_record_of(locked).ok()??;
        let new = self.project.graph().asset(asset)?;
        let new = code_record(new, &self.codes.observed(asset));
        let mut changes = code_changes(&old, &new);
        // Told with the input that is mapped otherwise, where that is known.
        changes.retain(|change| !change.what.starts_with(MAPPING_FIELD));
        Some(changes)
    }
}
