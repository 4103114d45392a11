//! After a look: what is kept of it for the next one.

use jiff::Timestamp;

use crate::app::project::OpenProject;
use crate::app::snapshot::basis::{Basis, remove_oldest};
use crate::app::snapshot::lock_stamp::lock_now;
use crate::app::snapshot::project_look::ProjectLook;
use crate::look::snapshot::{
    Everything, Judgement, KnownKeys, Numbering, OutputCounts, OwnedPart, Owners, SnapshotPlace,
    SnapshotRecording, SnapshotState, SnapshotUpdate, Viewpoint, by_rule,
};
use crate::look::{KeyQuestion, Workspace, used_definitions};
use crate::model::{Asset, DataVersion, PartitionSet, Provenance, Status, TimePartitions};
use crate::plan::{Cell, Codes, Demand, Evaluation, Known, Row, Scope};
use crate::store::{ChangeState, Mark};

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
    /// The lock file in which the lines of all that is fresh are right, if they were looked at.
    pub lock: KeptLock,
    /// What is fresh and has a right line of another result: once something is made of it, it gets its own.
    pub other_lines: Vec<Cell>,
    /// Whether nothing is to be told of the request each time.
    pub is_silent: bool,
}

/// The lock file after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptLock {
    /// Its lines were not looked at.
    Unknown,
    /// The lines of all that is fresh are right in a text of this version, or in a file that is not there.
    Whole(Option<DataVersion>),
}

impl ProjectLook {
    /// Keeps what was found for the next look.
    pub fn keep(self, looked: &FinishedLook<'_>) {
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
        let graph = project.graph();
        let of_graph;
        let numbering = if let Some((_, numbering)) = &self.snapshot {
            numbering
        } else {
            of_graph = Numbering::of(graph);
            &of_graph
        };
        let recorded = SnapshotRecording {
            workspace,
            scope,
            settled: &self.settled,
            from: Viewpoint {
                root: project.root(),
                variables: project.variables(),
            },
            judgement,
            numbering,
        }
        .records();
        let mut unlocked = match &self.snapshot {
            Some((snapshot, numbering)) => numbering.moved(&snapshot.state().unlocked),
            None => Owners::default(),
        };
        let lock = match looked.lock {
            KeptLock::Whole(version) => {
                unlocked.remove(&recorded.outputs);
                for cell in &looked.other_lines {
                    let (id, partition) = scope.at(*cell);
                    let set = PartitionSet::single(partition.index);
                    unlocked.add(numbering.place_now(id), OwnedPart::Outputs, &set);
                }
                lock_now(workspace.versions, project.lock_place(), version)
            }
            KeptLock::Unknown => {
                for (place, part, set) in recorded.outputs.iter() {
                    unlocked.add(place, part, &set);
                }
                self.lock
            }
        };
        let is_printed = project.has_generators();
        let everything =
            (self.is_of_everything && recorded.is_complete && looked.is_silent && !is_printed)
                .then(|| everything(project));
        let state = SnapshotState {
            manifest: project.manifest_digest(),
            dotenv: project.graph().settings().dotenv,
            mark: looked.mark.clone(),
            changes,
            lock,
            unlocked,
            keys: KnownKeys::now(graph, project.keys()),
            now: validity(project),
            everything,
        };
        let update = SnapshotUpdate {
            state,
            gone: self.gone,
            records: recorded.records,
        };
        let at = SnapshotPlace {
            path: &self.path,
            key: &key,
            graph,
        };
        update.write(at, self.snapshot);
        if !project.configuration().is_empty() {
            remove_oldest(&self.path);
        }
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
