//! What only the lock file knew becomes part of the instance, once its outputs were found here.
//!
//! It is recorded as `accept` records, as a run of its own that holds a lease on each partition. What another process works
//! on, or has recorded meanwhile, is left to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::materialize::typed;
use crate::app::project::Project;
use crate::app::run_id::new_run_id;
use crate::app::size::size_on_disk;
use crate::engine::{Evaluation, Made, StoreRecords, Workspace, clear_crashed, materialized};
use crate::model::{
    AssetId, CodeRecord, MaterializeRequest, Origin, Outcome, RunCounts, RunId, RunStatus, Status,
};
use crate::plan::{Cell, Role, code_record};
use crate::store::{AssetPartition, Lease, NewRun, Recording, RunEnd, Store, Success};

/// Where cells are taken over.
pub(super) struct TakingOver<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its files.
    pub workspace: &'a Workspace<'a>,
    /// What was asked for.
    pub request: &'a MaterializeRequest,
    /// When.
    pub time: Timestamp,
}

/// The cells that are fresh by the lock file alone, and are not read just as they are.
pub(super) fn to_take_over(evaluation: &Evaluation<'_>) -> Vec<Cell> {
    let scope = evaluation.scope();
    let here = evaluation.locked.here.iter().copied();
    let is_known_here = |cell: &Cell| {
        scope.role(*cell) != Role::Given
            && evaluation.verdicts[cell.index()].status == Status::Fresh
            && evaluation.is_from_lock(*cell)
    };
    here.filter(is_known_here).collect()
}

impl TakingOver<'_> {
    /// Records what [`to_take_over`] names, as far as it is not recorded by now, and says how much that was.
    pub(super) fn take(
        &self,
        store: &mut Store,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<u32, AppError> {
        let cells = to_take_over(evaluation);
        if cells.is_empty() {
            return Ok(0);
        }
        self.record(store, evaluation, &cells)
    }

    fn record(
        &self,
        store: &mut Store,
        evaluation: &mut Evaluation<'_>,
        cells: &[Cell],
    ) -> Result<u32, AppError> {
        let run = new_run_id(self.time);
        let begun = store.begin_run(&NewRun {
            id: run,
            selection: typed(&self.request.selection),
            partitions: self.request.partitions.to_string(),
            manifest: self.project.manifest_digest(),
            time: self.time,
            pid: Some(std::process::id()),
        })?;
        for crashed in &begun.crashed {
            clear_crashed(self.workspace.root, crashed);
        }
        let recorded = self.record_leased(store, evaluation, (run, cells));
        let (status, materialized) = match &recorded {
            Ok(count) => (RunStatus::Success, *count),
            Err(_) => (RunStatus::Failure, 0),
        };
        let end = RunEnd {
            status,
            counts: RunCounts {
                materialized,
                ..RunCounts::default()
            },
            time: self.time,
        };
        store.finish_run(begun.guard, end)?;
        recorded
    }

    fn record_leased(
        &self,
        store: &mut Store,
        evaluation: &mut Evaluation<'_>,
        (run, cells): (RunId, &[Cell]),
    ) -> Result<u32, AppError> {
        let partitions: Vec<AssetPartition> = cells
            .iter()
            .map(|cell| asset_partition(evaluation, *cell))
            .collect();
        let taken = store.lease(run, &partitions, self.time)?;
        for crashed in &taken.crashed {
            clear_crashed(self.workspace.root, crashed);
        }
        let mut codes = HashMap::new();
        let mut recordings = Vec::with_capacity(cells.len());
        for (cell, lease) in cells.iter().zip(taken.leases) {
            let is_unknown = match lease {
                Lease::Leased { current } => current.is_none_or(|it| it.materialized.is_none()),
                Lease::Held(_) => false,
            };
            if is_unknown
                && let Some(success) = self.success(store, evaluation, &mut codes, (run, *cell))
            {
                recordings.push(Recording::Succeeded(Box::new(success)));
            }
        }
        store.record(&recordings)?;
        Ok(recordings.len() as u32)
    }

    /// What is recorded of a cell; `None` if what it reads is not known any more.
    fn success(
        &self,
        store: &Store,
        evaluation: &mut Evaluation<'_>,
        codes: &mut HashMap<AssetId, Arc<CodeRecord>>,
        (run, cell): (RunId, Cell),
    ) -> Option<Success> {
        let verdict = evaluation.judge.judge(cell, &StoreRecords(store));
        verdict
            .fingerprint
            .filter(|_| verdict.status == Status::Fresh)?;
        let scope = evaluation.scope();
        let (id, partition) = scope.at(cell);
        let asset = scope.graph().asset(id)?;
        let last = evaluation
            .judge
            .facts()
            .recorded
            .materialized(cell.index())?;
        let size = |path: &str| size_on_disk(&self.workspace.resolve(path));
        let outputs = asset.outputs.iter();
        let made = Made {
            cell,
            versions: last.outputs.to_vec(),
            bytes: outputs.map(|it| size(&it.path.path(partition))).collect(),
            run,
            time: self.time,
            duration: Duration::ZERO,
            origin: Origin::Locked,
        };
        evaluation.verdicts[cell.index()] = verdict;
        let (mut materialization, blocks) = materialized(evaluation, &made);
        materialization.outcome = Outcome::Materialized;
        let observed = &evaluation.codes;
        let code = codes
            .entry(id)
            .or_insert_with(|| Arc::new(code_record(asset, &observed.observed(id))));
        Some(Success {
            slot: partition.keys.slot(partition.index),
            materialization,
            code: Arc::clone(code),
            blocks,
            events: Vec::new(),
        })
    }
}

fn asset_partition(evaluation: &Evaluation<'_>, cell: Cell) -> AssetPartition {
    let scope = evaluation.scope();
    let (id, partition) = scope.at(cell);
    AssetPartition {
        asset: scope.graph().key(id).clone(),
        partition: scope.partition(cell),
        slot: partition.keys.slot(partition.index),
    }
}
