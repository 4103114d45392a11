//! What a lock file knows of cells of which the instance has no materialization: those whose outputs are here stand as if
//! they had been made here, and of the others it is known that somebody has made them.
//!
//! Where the instance has a record, that decides. So nothing is asked of a lock file unless something has none, and a line
//! in the lock file is about it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::engine::error::Problems;
use crate::engine::evaluate::Evaluation;
use crate::engine::folded::FoldedHere;
use crate::engine::gather::{ChangedOutputs, find_outputs_unlike};
use crate::engine::records::StoreRecords;
use crate::engine::share::AllCores;
use crate::engine::workspace::Workspace;
use crate::model::{
    Asset, AssetKey, Current, CurrentMaterialization, DataVersion, Fingerprint, LastAttempt, Lock,
    LockBlock, LockLine, LockedAsset, MaterializationId, PartitionKey, PartitionSet, RULE, Status,
};
use crate::plan::{Cell, LockFacts, LockJudge, Role, Row, Scope, Verdict};
use crate::store::Store;

/// What only the lock file knows.
#[derive(Debug, Default)]
pub struct LockedCells {
    /// Whose outputs are here, upstream before downstream: they count as recorded.
    pub here: Vec<Cell>,
    /// Whose outputs are not here; with the line, where they have one of their own.
    pub elsewhere: HashMap<Cell, Option<LockedResult>>,
    /// What is at the outputs of some of those instead.
    pub unlike: ChangedOutputs,
}

/// What a line says of a materialization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedResult {
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The data version of each output, in declared order.
    pub outputs: Vec<DataVersion>,
}

impl Evaluation<'_> {
    /// Takes in what `lock` says of what has no record, and judges anew by that.
    ///
    /// # Errors
    ///
    /// All outputs that cannot be hashed.
    pub fn take_lock(
        &mut self,
        workspace: &Workspace<'_>,
        store: &Store,
        lock: &Lock,
    ) -> Result<(), Problems> {
        if !concerns(self, lock) {
            return Ok(());
        }
        let records = StoreRecords(store);
        let (locked, folded) = look(self, workspace, lock)?;
        self.locked = locked;
        if !self.locked.here.is_empty() {
            self.verdicts = self.judge.judge_all(&records, &AllCores);
            self.leave_misfits();
        }
        if !folded.is_empty() {
            let taken = folded.take(self, &records);
            for cell in &taken {
                self.locked.elsewhere.remove(cell);
            }
            self.locked.here.extend(taken);
            self.locked.here.sort_unstable();
            self.verdicts = self.judge.judge_all(&records, &AllCores);
            self.leave_misfits();
        }
        for cell in self.locked.elsewhere.keys() {
            let verdict = &mut self.verdicts[cell.index()];
            if verdict.status == Status::Missing {
                verdict.status = Status::Locked;
            }
        }
        self.decide();
        Ok(())
    }

    /// Judges anew as if all outputs were what was recorded.
    pub fn ignore_outputs(&mut self, store: &Store) {
        let changed = &self.judge.facts().changed_outputs;
        if changed.is_empty() {
            return;
        }
        self.judge.ignore_outputs();
        self.verdicts = self.judge.judge_all(&StoreRecords(store), &AllCores);
        self.decide();
    }

    /// Whether some cell of an asset has no materialization.
    #[must_use]
    pub fn lacks_records(&self) -> bool {
        let scope = self.scope();
        let assets = scope.rows().iter();
        let mut assets = assets.filter(|row| scope.graph().asset(row.asset).is_some());
        assets.any(|row| row.cells().any(|cell| self.is_unrecorded(cell)))
    }

    /// Whether a cell counts as recorded only for what the lock file says.
    #[must_use]
    pub fn is_from_lock(&self, cell: Cell) -> bool {
        let recorded = &self.judge.facts().recorded;
        let last = recorded.materialized(cell.index());
        last.is_some_and(|last| last.id == MaterializationId::LOCKED)
    }

    fn is_unrecorded(&self, cell: Cell) -> bool {
        let recorded = &self.judge.facts().recorded;
        recorded.materialized(cell.index()).is_none()
    }

    /// Forgets lines that are right by other lines, and wrong by what the instance knows of what they read.
    fn leave_misfits(&mut self) {
        let judge = &mut self.judge;
        let verdicts = &mut self.verdicts;
        self.locked.here.retain(|cell| {
            let verdict: &mut Verdict = &mut verdicts[cell.index()];
            let fits = verdict.status != Status::Stale;
            if !fits {
                judge.replace(*cell, None, Vec::new());
                verdict.status = Status::Missing;
            }
            fits
        });
    }
}

/// Whether a line is about something that has no record.
fn concerns(evaluation: &Evaluation<'_>, lock: &Lock) -> bool {
    let scope = evaluation.scope();
    let locked = lock.assets.iter().map(|locked| (&locked.asset, locked));
    let locked: HashMap<&AssetKey, &LockedAsset> = locked.collect();
    scope.rows().iter().any(|row| {
        let Some(locked) = locked.get(scope.graph().key(row.asset)) else {
            return false;
        };
        let all_keys = scope.keys(row.asset);
        let range = |block: &LockBlock| {
            let index = |key: &PartitionKey| all_keys.index_of(key.as_str());
            Some(index(&block.first)?..index(&block.last)? + 1)
        };
        let in_blocks = PartitionSet::from_ranges(locked.blocks.iter().filter_map(range));
        let unrecorded = row.cells().filter(|cell| evaluation.is_unrecorded(*cell));
        let unrecorded: Vec<Cell> = unrecorded.collect();
        let keys = unrecorded.iter().map(|cell| scope.partition(*cell));
        let keys: HashSet<_> = keys.collect();
        let mut cells = unrecorded.iter();
        cells.any(|cell| in_blocks.contains(row.index_of(*cell)))
            || (!keys.is_empty() && locked.lines.iter().any(|it| keys.contains(&it.partition)))
    })
}

/// Finds which lines are right, and compares the outputs that they are about.
fn look(
    evaluation: &mut Evaluation<'_>,
    workspace: &Workspace<'_>,
    lock: &Lock,
) -> Result<(LockedCells, FoldedHere), Problems> {
    let scope = evaluation.scope();
    let facts = LockFacts {
        code: evaluation.codes.versions.clone(),
        versions: evaluation.judge.facts().versions.clone(),
    };
    let mut lines = LockJudge::new(scope, lock, facts);
    lines.judge_lines(&|cell, line| is_here(workspace, scope, cell, line));
    let mut elsewhere: HashMap<Cell, Option<LockedResult>> = HashMap::new();
    let mut given = HashSet::new();
    for row in scope.rows() {
        let Some(asset) = scope.graph().asset(row.asset) else {
            continue;
        };
        let unrecorded = row.cells().filter(|cell| evaluation.is_unrecorded(*cell));
        for cell in unrecorded {
            // What is read as it is was not judged.
            let is_given = scope.role(cell) == Role::Given;
            let line = lines.line(cell);
            if lines.is_right(cell) || (is_given && line.is_some()) {
                elsewhere.insert(cell, line.and_then(|line| result(asset, line)));
            }
            if is_given {
                given.insert(cell);
            }
        }
    }
    let expected = |_: &Row, cell: Cell, output: usize| {
        let line = elsewhere.get(&cell)?.as_ref()?;
        line.outputs.get(output).copied()
    };
    let changed = find_outputs_unlike(workspace, scope, expected)?;
    let mut here = Vec::new();
    elsewhere.retain(|cell, line| {
        let Some(line) = line.as_ref().filter(|_| !changed.contains_key(cell)) else {
            return !given.contains(cell);
        };
        let Some(code_version) = evaluation.codes.versions[scope.number_of(scope.at(*cell).0)]
        else {
            return true;
        };
        let current = Current {
            materialized: Some(CurrentMaterialization {
                id: MaterializationId::LOCKED,
                rule: RULE,
                fingerprint: line.fingerprint,
                code_version,
                time: Timestamp::UNIX_EPOCH,
                outputs: line.outputs.clone(),
                duration_ms: 0,
            }),
            attempt: LastAttempt::Succeeded,
        };
        evaluation.judge.replace(*cell, Some(&current), Vec::new());
        here.push(*cell);
        false
    });
    here.sort_unstable();
    let folded = FoldedHere::find(evaluation, workspace, &lines, &here);
    let unlike = changed;
    let cells = LockedCells {
        here,
        elsewhere,
        unlike,
    };
    Ok((cells, folded))
}

/// What a line says; `None` where it does not name all outputs.
fn result(asset: &Asset, line: &LockLine) -> Option<LockedResult> {
    let outputs = 0..asset.outputs.len();
    let outputs = outputs.map(|output| line.version_of(asset.output_label(output).as_deref()));
    Some(LockedResult {
        fingerprint: line.fingerprint,
        outputs: outputs.collect::<Option<_>>()?,
    })
}

/// Whether all outputs of a cell are here and just what a line says.
fn is_here(workspace: &Workspace<'_>, scope: &Scope<'_>, cell: Cell, line: &LockLine) -> bool {
    let (id, partition) = scope.at(cell);
    let Some(asset) = scope.graph().asset(id) else {
        return false;
    };
    let locked = result(asset, line).map_or_else(Vec::new, |locked| locked.outputs);
    let mut outputs = asset.outputs.iter().zip(&locked);
    outputs.len() == asset.outputs.len()
        && outputs.all(|(output, locked)| {
            let found = workspace.versions.of_path(&output.path.path(partition));
            found.is_ok_and(|found| found.version() == Some(*locked))
        })
}
