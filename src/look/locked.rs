//! What a lock file knows of cells that are not fresh by the instance: it is the second witness. Those whose outputs are here
//! just as a right line says are fresh by it, and of others without a record it is known that somebody has made them.
//!
//! Only those cells are asked about, and only lines that can make a difference are looked at: where the instance and the
//! lock file say the same, or everything is fresh, nothing is judged twice. Where the version of an output is not its content,
//! a line does not say which outputs it means, so such cells are fresh by the instance alone.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::hash::Found;
use crate::look::error::Problems;
use crate::look::evaluate::Evaluation;
use crate::look::folded::FoldedHere;
use crate::look::gather::{ChangedOutputs, FoundOutputs, content_change, find_outputs};
use crate::look::records::StoreRecords;
use crate::look::share::AllCores;
use crate::look::workspace::Workspace;
use crate::model::{
    Asset, CodePrefix, Current, DataVersion, DataVersionRule, Fingerprint, Lock, LockBlock,
    LockLine, LockedAsset, Output, OutputChange, PartitionKey, PartitionSet, Provenance, RULE,
    Status,
};
use crate::plan::{Cell, LockFacts, LockJudge, Role, Row, Scope, Witness};
use crate::store::Store;

/// What the lock file knows of cells that are not fresh by the instance.
#[derive(Debug, Default)]
pub struct LockedCells {
    /// Whose outputs are here just as a line says, so that they are or become fresh if it is right; upstream before
    /// downstream.
    pub here: Vec<Cell>,
    /// What the instance has recorded of those instead, where it has recorded anything.
    pub recorded: HashMap<Cell, Provenance>,
    /// Whose line is right, whose outputs are not here or cannot be told to be those of the line, and of which nothing is
    /// recorded; with the line, where they have one of their own.
    pub elsewhere: HashMap<Cell, Option<LockedResult>>,
    /// Of which of those there are outputs here, whose version is not their content.
    pub unverifiable: HashSet<Cell>,
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
        if asked.lines.is_empty() && asked.blocks == Blocks::Apart {
            return Ok(());
        }
        let records = StoreRecords(store);
        let found = find_outputs(
            workspace,
            self.scope(),
            &asked.comparable_cells(self.scope()),
        )?;
        self.take_witnesses(&asked, &found);
        self.verdicts = self.judge.judge_all(&records, &AllCores);
        if asked.blocks == Blocks::Concerned || asked.any_unrecorded(self) {
            let mut lines = LockJudge::new(self.scope(), lock, self.lock_facts());
            let outputs = |cell, line: &LockLine| is_here(workspace, self.scope(), cell, line);
            lines.judge_lines(&outputs);
            self.take_blocks(workspace, &lines, &records);
            self.take_elsewhere(workspace, &lines, &found);
        }
        for cell in self.locked.here.clone() {
            if self.verdicts[cell.index()].status == Status::Pending && self.is_unrecorded(cell) {
                self.judge.count_on_witness(cell);
            }
        }
        self.decide();
        Ok(())
    }

    /// Whether cells that are still not fresh stand in blocks, and a block of which the scope holds a part only is among those
    /// of the assets of the scope: blocks are judged as a whole, with all that they read.
    #[must_use]
    pub fn meets_part_of_a_block(&self, lock: &Lock) -> bool {
        let scope = self.scope();
        let (mut any_doubtful, mut any_part) = (false, false);
        for locked in lock.assets.iter().filter(|it| !it.blocks.is_empty()) {
            let id = scope.graph().find(locked.asset.as_str());
            let Some(row) = id.and_then(|id| scope.row(id)) else {
                continue;
            };
            let ranges = block_ranges(scope, row, locked);
            for range in ranges.filter(|range| row.set.meets(range)) {
                let within = || range.clone().filter_map(|index| row.cell(index));
                any_part |= within().count() < range.len();
                any_doubtful |= within().any(|cell| self.is_doubtful(cell));
            }
        }
        any_doubtful && any_part
    }

    /// Takes in what is fresh by the lock file in `wide`, which was judged with [`Self::take_lock`] and holds this scope.
    pub fn take_witnesses_of(&mut self, wide: &Evaluation<'_>, store: &Store) {
        let scope = self.scope();
        let mut here = Vec::new();
        let (mut elsewhere, mut unverifiable) = (Vec::new(), Vec::new());
        for row in scope.rows() {
            let cells = row.cells().zip(row.set.iter());
            for (cell, index) in cells.filter(|(cell, _)| self.is_doubtful(*cell)) {
                let known = wide.scope().cell(row.asset, index);
                let last = known.filter(|it| wide.is_from_lock(*it)).and_then(|it| {
                    let is_fresh = wide.verdicts[it.index()].status == Status::Fresh;
                    let recorded = &wide.judge.facts().recorded;
                    recorded.materialized(it.index()).filter(|_| is_fresh)
                });
                if let Some(last) = last {
                    here.push((cell, last.fingerprint, last.outputs.to_vec()));
                }
                let known = known.filter(|_| self.is_unrecorded(cell));
                let locked = known.and_then(|it| wide.locked.elsewhere.get(&it));
                elsewhere.extend(locked.map(|it| (cell, it.clone())));
                let known = known.filter(|it| wide.locked.unverifiable.contains(it));
                unverifiable.extend(known.map(|_| cell));
            }
        }
        self.locked.elsewhere.extend(elsewhere);
        self.locked.unverifiable.extend(unverifiable);
        if here.is_empty() && self.locked.elsewhere.is_empty() {
            return;
        }
        for (cell, fingerprint, outputs) in here {
            let before = self.recorded_as(cell);
            self.locked.recorded.extend(before.map(|it| (cell, it)));
            self.locked.here.push(cell);
            let code = self.codes.versions[scope.number_of(scope.at(cell).0)];
            match (scope.role(cell), code) {
                (Role::Given, Some(code)) => {
                    let current = Current::of_lock(fingerprint, code, outputs);
                    self.judge.replace(cell, Some(&current), Vec::new());
                }
                _ => self.judge.take_witness(
                    cell,
                    Witness {
                        fingerprint,
                        outputs,
                        contributions: Box::default(),
                    },
                ),
            }
            self.locked.elsewhere.remove(&cell);
        }
        self.locked.here.sort_unstable();
        self.locked.here.dedup();
        self.verdicts = self.judge.judge_all(&StoreRecords(store), &AllCores);
        self.tell_elsewhere();
        self.decide();
    }

    /// Judges anew as if all outputs were what was recorded.
    pub fn ignore_outputs(&mut self, store: &Store) {
        let changed = &self.judge.facts().changed_outputs;
        if changed.is_empty() {
            return;
        }
        self.judge.ignore_outputs();
        self.verdicts = self.judge.judge_all(&StoreRecords(store), &AllCores);
        self.tell_elsewhere();
        self.decide();
    }

    /// Whether the instance does not vouch for a cell of an asset: it is not fresh, or is read as it is and not what was
    /// recorded.
    #[must_use]
    pub fn is_doubtful(&self, cell: Cell) -> bool {
        match self.scope().role(cell) {
            Role::Given => {
                let changed = &self.judge.facts().changed_outputs;
                self.is_unrecorded(cell) || changed.contains_key(&cell)
            }
            Role::Selected | Role::Needed => self.verdicts[cell.index()].status != Status::Fresh,
        }
    }

    /// Whether any cell of an asset is [doubtful](Self::is_doubtful).
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.any_asset_cell(|cell| self.is_doubtful(cell))
    }

    /// Whether some cell of an asset has no materialization.
    #[must_use]
    pub fn lacks_records(&self) -> bool {
        self.any_asset_cell(|cell| self.is_unrecorded(cell))
    }

    fn any_asset_cell(&self, is_so: impl Fn(Cell) -> bool) -> bool {
        let scope = self.scope();
        let assets = scope.rows().iter();
        let mut assets = assets.filter(|row| scope.graph().asset(row.asset).is_some());
        assets.any(|row| row.cells().any(&is_so))
    }

    /// Whether a cell counts as recorded only for what the lock file says.
    #[must_use]
    pub fn is_from_lock(&self, cell: Cell) -> bool {
        self.recorded_as(cell) == Some(Provenance::Locked)
    }

    fn is_unrecorded(&self, cell: Cell) -> bool {
        self.recorded_as(cell).is_none()
    }

    fn recorded_as(&self, cell: Cell) -> Option<Provenance> {
        let recorded = &self.judge.facts().recorded;
        recorded
            .materialized(cell.index())
            .map(|last| last.provenance)
    }

    fn lock_facts(&self) -> LockFacts {
        LockFacts {
            code: self.codes.versions.clone(),
            versions: self.judge.facts().versions.clone(),
        }
    }

    /// Notes which lines say just what is at the outputs of their cells.
    fn take_witnesses(&mut self, asked: &Asked<'_>, found: &FoundOutputs) {
        let scope = self.scope();
        let mut witnesses: HashMap<Cell, Vec<Witness>> = HashMap::new();
        for (cell, line) in &asked.lines {
            let (asset, number) = asset_of(scope, *cell);
            let is_here = changes(asset, line, found.get(cell)).is_some_and(|it| it.is_empty());
            let (true, Some(locked)) = (is_here, result(asset, line)) else {
                continue;
            };
            if self.locked.here.last() != Some(cell) {
                self.locked.here.push(*cell);
                let before = self.recorded_as(*cell);
                self.locked.recorded.extend(before.map(|it| (*cell, it)));
            }
            let code = self.codes.versions[number];
            match (scope.role(*cell), code) {
                (Role::Given, Some(code)) => {
                    let current = Current::of_lock(locked.fingerprint, code, locked.outputs);
                    self.judge.replace(*cell, Some(&current), Vec::new());
                }
                _ => witnesses.entry(*cell).or_default().push(Witness {
                    fingerprint: locked.fingerprint,
                    outputs: locked.outputs,
                    contributions: line.contributions.clone(),
                }),
            }
        }
        self.judge.take_witnesses(witnesses);
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
            .filter_map(|cell| Some((cell, self.recorded_as(cell)?)))
            .collect();
        let taken = folded.take(self, records);
        let before = |cell: &Cell| Some((*cell, *before.get(cell)?));
        self.locked.recorded.extend(taken.iter().filter_map(before));
        self.locked.here.extend(taken);
        self.locked.here.sort_unstable();
        self.locked.here.dedup();
        self.verdicts = self.judge.judge_all(records, &AllCores);
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
        let here: HashSet<Cell> = self.locked.here.iter().copied().collect();
        for row in scope.rows() {
            let Some(asset) = scope.graph().asset(row.asset) else {
                continue;
            };
            for cell in row.cells() {
                let is_locked = lines.is_right(cell) && !here.contains(&cell);
                if !is_locked || !self.is_unrecorded(cell) {
                    continue;
                }
                let line = lines.line(cell);
                let unlike = line.and_then(|line| changes(asset, line, found.get(&cell)));
                if let Some(unlike) = unlike.filter(|unlike| !unlike.is_empty()) {
                    self.locked.unlike.insert(cell, unlike);
                }
                let line = line.and_then(|line| result(asset, line));
                self.locked.elsewhere.insert(cell, line);
                let is_by_content = asset.data_version == DataVersionRule::Content;
                if !is_by_content && has_outputs(workspace, scope, asset, cell) {
                    self.locked.unverifiable.insert(cell);
                }
            }
        }
        self.tell_elsewhere();
    }

    /// Gives the status that the lock file gives them to cells that are missing by the instance.
    fn tell_elsewhere(&mut self) {
        for cell in self.locked.elsewhere.keys() {
            let verdict = &mut self.verdicts[cell.index()];
            if verdict.status == Status::Missing {
                let is_here = self.locked.unverifiable.contains(cell);
                verdict.status = if is_here {
                    Status::Unverifiable
                } else {
                    Status::Locked
                };
            }
        }
    }
}

/// Whether doubtful cells stand in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocks {
    Apart,
    Concerned,
}

/// What of a lock file can make a difference for cells that are not fresh by the instance.
struct Asked<'l> {
    /// Lines of their own, in order of cells.
    lines: Vec<(Cell, &'l LockLine)>,
    blocks: Blocks,
}

impl<'l> Asked<'l> {
    fn of(evaluation: &Evaluation<'_>, lock: &'l Lock) -> Self {
        let scope = evaluation.scope();
        let mut asked = Self {
            lines: Vec::new(),
            blocks: Blocks::Apart,
        };
        if lock.rule != RULE {
            return asked;
        }
        for locked in &lock.assets {
            let id = scope.graph().find(locked.asset.as_str());
            let row = id.and_then(|id| scope.row(id));
            let asset = id.and_then(|id| scope.graph().asset(id));
            if let (Some(row), Some(asset)) = (row, asset) {
                asked.ask(evaluation, (row, asset), locked);
            }
        }
        asked.lines.sort_by_key(|(cell, _)| *cell);
        asked
    }

    fn ask(
        &mut self,
        evaluation: &Evaluation<'_>,
        (row, asset): (&Row, &Asset),
        locked: &'l LockedAsset,
    ) {
        let scope = evaluation.scope();
        let doubtful = row.cells().filter(|cell| evaluation.is_doubtful(*cell));
        let doubtful: HashMap<Option<PartitionKey>, Cell> =
            doubtful.map(|cell| (scope.partition(cell), cell)).collect();
        if doubtful.is_empty() {
            return;
        }
        let in_blocks = PartitionSet::from_ranges(block_ranges(scope, row, locked));
        let mut cells = doubtful.values();
        if cells.any(|cell| in_blocks.contains(row.index_of(*cell))) {
            self.blocks = Blocks::Concerned;
        }
        let of_each = locked.lines.iter();
        let of_each = of_each.filter_map(|line| Some((*doubtful.get(&line.partition)?, line)));
        let lines = of_each.filter(|(cell, line)| may_count(evaluation, asset, *cell, line));
        self.lines.extend(lines);
    }

    /// Whose outputs are to be compared.
    fn comparable_cells(&self, scope: &Scope<'_>) -> Vec<Cell> {
        let cells = self.lines.iter().map(|(cell, _)| *cell);
        let is_by_content =
            |cell: &Cell| asset_of(scope, *cell).0.data_version == DataVersionRule::Content;
        let mut cells: Vec<Cell> = cells.filter(is_by_content).collect();
        cells.dedup();
        cells
    }

    fn any_unrecorded(&self, evaluation: &Evaluation<'_>) -> bool {
        let mut cells = self.lines.iter().map(|(cell, _)| *cell);
        cells.any(|cell| evaluation.is_unrecorded(cell))
    }
}

/// The partitions of an asset's blocks.
fn block_ranges<'l>(
    scope: &'l Scope<'_>,
    row: &'l Row,
    locked: &'l LockedAsset,
) -> impl Iterator<Item = Range<u32>> + 'l {
    let keys = scope.keys(row.asset);
    locked.blocks.iter().filter_map(move |block: &LockBlock| {
        let index = |key: &PartitionKey| keys.index_of(key.as_str());
        let (first, last) = (index(&block.first)?, index(&block.last)?);
        (first <= last).then_some(first..last + 1)
    })
}

/// Whether a line may be right now, and says something else than what the instance has recorded.
fn may_count(evaluation: &Evaluation<'_>, asset: &Asset, cell: Cell, line: &LockLine) -> bool {
    let scope = evaluation.scope();
    let Some(locked) = result(asset, line) else {
        return false;
    };
    let recorded = &evaluation.judge.facts().recorded;
    let recorded = recorded.materialized(cell.index());
    if recorded.is_some_and(|last| {
        last.fingerprint == locked.fingerprint && last.outputs == locked.outputs
    }) {
        return false;
    }
    if scope.role(cell) == Role::Given {
        return true;
    }
    let code = evaluation.codes.versions[scope.number_of(scope.at(cell).0)];
    let fingerprint = evaluation.verdicts[cell.index()].fingerprint;
    code.map(CodePrefix::from) == Some(line.code)
        && line.contributions.len() == asset.deps.len()
        && fingerprint.is_none_or(|now| now == line.fingerprint)
}

fn asset_of<'s>(scope: &'s Scope<'_>, cell: Cell) -> (&'s Asset, usize) {
    let (id, _) = scope.at(cell);
    let asset = scope.graph().asset(id);
    (asset.expect("lines are about assets"), scope.number_of(id))
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

/// Which of the outputs that were found are not what a line says; `None` where they were not looked at.
fn changes(
    asset: &Asset,
    line: &LockLine,
    found: Option<&Vec<Found>>,
) -> Option<Vec<(usize, OutputChange)>> {
    let locked = result(asset, line)?.outputs;
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
