//! What only the lock file knew becomes part of the instance, once its outputs were found here.
//!
//! It is recorded as `accept` records, but without a run: nothing was made. What another process works on, or has recorded
//! meanwhile, is left to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::size::size_on_disk;
use crate::engine::{Made, materialized};
use crate::look::{StoreRecords, Workspace};
use crate::model::{AssetId, CodeRecord, Origin, Outcome, ResourceUsage, Status};
use crate::plan::{Cell, Evaluation, Role, code_record};
use crate::store::{Adoption, Store, Success};

/// Where cells are taken over.
pub(super) struct TakingOver<'a> {
    /// The project's files.
    pub workspace: &'a Workspace<'a>,
    /// When.
    pub time: Timestamp,
}

/// The cells that are fresh by the lock file alone, and are not read just as they are.
pub(super) fn to_take_over(evaluation: &Evaluation<'_>) -> Vec<Cell> {
    let scope = evaluation.scope();
    let here = evaluation.locked().here.iter().copied();
    let is_known_here = |cell: &Cell| {
        scope.role(*cell) != Role::Given
            && evaluation.is_fresh(*cell)
            && evaluation.is_from_lock(*cell)
    };
    here.filter(is_known_here).collect()
}

impl TakingOver<'_> {
    /// Records what [`to_take_over`] names, as far as nothing else was recorded by now, and says how much that was.
    pub(super) fn take(
        &self,
        store: &mut Store,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<u32, AppError> {
        let mut codes = HashMap::new();
        let mut adoptions = Vec::new();
        for cell in to_take_over(evaluation) {
            if let Some(success) = self.success(store, evaluation, &mut codes, cell) {
                adoptions.push(Adoption {
                    success,
                    judged: evaluation
                        .locked()
                        .recorded
                        .get(&cell)
                        .and_then(|it| it.recorded()),
                });
            }
        }
        Ok(store.adopt(&adoptions)?)
    }

    /// What is recorded of a cell; `None` if what it reads is not known any more.
    fn success(
        &self,
        store: &Store,
        evaluation: &mut Evaluation<'_>,
        codes: &mut HashMap<AssetId, Arc<CodeRecord>>,
        cell: Cell,
    ) -> Option<Success> {
        let verdict = evaluation.judge_again(cell, &StoreRecords(store));
        verdict
            .fingerprint
            .filter(|_| verdict.status == Status::Fresh)?;
        let scope = evaluation.scope();
        let (id, partition) = scope.at(cell);
        let asset = scope.graph().asset(id)?;
        let last = evaluation.recorded(cell)?;
        let size = |path: &str| size_on_disk(&self.workspace.resolve(path));
        let outputs = asset.outputs.iter();
        let made = Made {
            cell,
            versions: last.outputs.to_vec(),
            bytes: outputs.map(|it| size(&it.path.path(partition))).collect(),
            run: None,
            time: self.time,
            duration: Duration::ZERO,
            usage: ResourceUsage::default(),
            origin: Origin::Locked,
        };
        let (mut materialization, blocks) = materialized(evaluation, &made);
        materialization.outcome = Outcome::Materialized;
        let observed = evaluation.codes();
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
