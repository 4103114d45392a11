//! What a lock file knows of cells that are not fresh by the instance: it is the second witness. Those whose outputs are here
//! just as a right line says are fresh by it, and of others without a record it is known that somebody has made them.
//!
//! Only those cells are asked about, and only lines that can make a difference are looked at: where the instance and the
//! lock file say the same, or everything is fresh, nothing is judged twice. Where the version of an output is not its content,
//! a line does not say which outputs it means, so such cells are fresh by the instance alone.

use std::collections::{HashMap, HashSet};

use crate::hash::Found;
use crate::lock::{Asked, LockFacts, LockJudge, asset_of, locked_result};
use crate::look::error::Problems;
use crate::look::folded::FoldedHere;
use crate::look::gather::{FoundOutputs, content_change, find_outputs};
use crate::look::records::StoreRecords;
use crate::look::workspace::Workspace;
use crate::model::{
    Asset, Current, DataVersion, DataVersionRule, Lock, LockLine, Output, OutputChange, Provenance,
    Status,
};
use crate::plan::{Cell, Evaluation, Role, Scope, Witness};
use crate::store::Store;

impl Evaluation<'_> {
    /// Takes in what `lock` says of what is not fresh by the instance, and judges anew by that. It may hold no more than the
    /// lines of [doubtful](Self::is_doubtful) cells where [everything has a record](Self::lacks_records) and no blocks
    /// are concerned.
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
        let asked = Asked::of(self, lock);
        if asked.lines.is_empty() && !asked.concerns_blocks {
            return Ok(());
        }
        let records = StoreRecords(store);
        let found = find_outputs(
            workspace,
            self.scope(),
            &asked.comparable_cells(self.scope()),
        )?;
        self.take_witnesses(&asked, &found);
        self.judge_all(&records);
        if asked.concerns_blocks || asked.any_unrecorded(self) {
            let facts = LockFacts {
                code: self.facts().code.clone(),
                versions: self.facts().versions.clone(),
            };
            let mut lines = LockJudge::new(self.scope(), lock, facts);
            let outputs = |cell, line: &LockLine| is_here(workspace, self.scope(), cell, line);
            lines.judge_lines(&outputs);
            self.take_blocks(workspace, &lines, &records);
            self.take_elsewhere(workspace, &lines, &found);
        }
        for cell in self.locked().here.clone() {
            if self.status(cell) == Status::Pending && self.is_unrecorded(cell) {
                self.judge_mut().count_on_witness(cell);
            }
        }
        self.decide();
        Ok(())
    }

    /// Notes which lines say just what is at the outputs of their cells.
    fn take_witnesses(&mut self, asked: &Asked<'_>, found: &FoundOutputs) {
        let scope = self.scope();
        let mut witnesses: HashMap<Cell, Vec<Witness>> = HashMap::new();
        for (cell, line) in &asked.lines {
            let (asset, number) = asset_of(scope, *cell);
            let is_here = changes(asset, line, found.get(cell)).is_some_and(|it| it.is_empty());
            let (true, Some(locked)) = (is_here, locked_result(asset, line)) else {
                continue;
            };
            if self.locked().here.last() != Some(cell) {
                self.locked_mut().here.push(*cell);
                let before = self.provenance(*cell);
                self.locked_mut()
                    .recorded
                    .extend(before.map(|it| (*cell, it)));
            }
            let code = self.facts().code[number];
            match (scope.role(*cell), code) {
                (Role::Given, Some(code)) => {
                    let current = Current::of_lock(locked.fingerprint, code, locked.outputs);
                    self.judge_mut().replace(*cell, Some(&current), Vec::new());
                }
                _ => witnesses.entry(*cell).or_default().push(Witness {
                    fingerprint: locked.fingerprint,
                    outputs: locked.outputs,
                    contributions: line.contributions.clone(),
                }),
            }
        }
        self.judge_mut().take_witnesses(witnesses);
    }

    /// Takes in what right blocks say.
    fn take_blocks(
        &mut self,
        workspace: &Workspace<'_>,
        lines: &LockJudge<'_>,
        records: &StoreRecords<'_>,
    ) {
        let folded = FoldedHere::find(self, workspace, lines);
        if folded.is_empty() {
            return;
        }
        let before: HashMap<Cell, Provenance> = folded
            .cells()
            .filter_map(|cell| Some((cell, self.provenance(cell)?)))
            .collect();
        let taken = folded.take(self, records);
        let before = |cell: &Cell| Some((*cell, *before.get(cell)?));
        let locked = self.locked_mut();
        locked.recorded.extend(taken.iter().filter_map(before));
        locked.here.extend(taken);
        locked.here.sort_unstable();
        locked.here.dedup();
        self.judge_all(records);
    }

    /// Notes which lines are right that are about outputs that are not here, or cannot be told to be here, of cells that
    /// have no record.
    fn take_elsewhere(
        &mut self,
        workspace: &Workspace<'_>,
        lines: &LockJudge<'_>,
        found: &FoundOutputs,
    ) {
        let scope = self.scope();
        let here: HashSet<Cell> = self.locked().here.iter().copied().collect();
        for (row, asset) in scope.asset_rows() {
            for cell in row.cells() {
                let is_locked = lines.is_right(cell) && !here.contains(&cell);
                if !is_locked || !self.is_unrecorded(cell) {
                    continue;
                }
                let line = lines.line(cell);
                let unlike = line.and_then(|line| changes(asset, line, found.get(&cell)));
                if let Some(unlike) = unlike.filter(|unlike| !unlike.is_empty()) {
                    self.locked_mut().unlike.insert(cell, unlike);
                }
                let line = line.and_then(|line| locked_result(asset, line));
                self.locked_mut().elsewhere.insert(cell, line);
                let is_by_content = asset.data_version == DataVersionRule::Content;
                if !is_by_content && has_outputs(workspace, scope, asset, cell) {
                    self.locked_mut().unverifiable.insert(cell);
                }
            }
        }
        self.tell_elsewhere();
    }
}

/// Which of the outputs that were found are not what a line says; `None` where they were not looked at.
fn changes(
    asset: &Asset,
    line: &LockLine,
    found: Option<&Vec<Found>>,
) -> Option<Vec<(usize, OutputChange)>> {
    let locked = locked_result(asset, line)?.outputs;
    let outputs = asset.outputs.iter().zip(locked).zip(found?).enumerate();
    let change = |(at, ((output, locked), found)): (usize, ((&Output, DataVersion), &Found))| {
        Some((at, content_change(output.kind, locked, *found)?))
    };
    Some(outputs.filter_map(change).collect())
}

/// Whether something is at the place of each output of a cell.
fn has_outputs(workspace: &Workspace<'_>, scope: &Scope<'_>, asset: &Asset, cell: Cell) -> bool {
    let (_, partition) = scope.at(cell);
    let mut outputs = asset.outputs.iter();
    outputs.all(|it| workspace.resolve(&it.path.path(partition)).exists())
}

/// Whether all outputs of a cell are here and just what a line says.
fn is_here(workspace: &Workspace<'_>, scope: &Scope<'_>, cell: Cell, line: &LockLine) -> bool {
    let (asset, _) = asset_of(scope, cell);
    let found = find_outputs(workspace, scope, &[cell]);
    found.is_ok_and(|found| changes(asset, line, found.get(&cell)).is_some_and(|it| it.is_empty()))
}
