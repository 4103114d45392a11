//! What a lock file knows of cells that are not fresh by the instance: it is the second witness. Those whose outputs are here
//! just as a right line says are fresh by it, and of others without a record it is known that somebody has made them.
//!
//! Only those cells are asked about, and only lines that can make a difference are looked at: where the instance and the
//! lock file say the same, or everything is fresh, nothing is judged twice. Where the version of an output is not its content,
//! a line does not say which outputs it means, so such cells are fresh by the instance alone.
//!
//! Partitions of which the lock file has no more than a block: the digest over their outputs tells whether all of them are
//! here just as they were locked, and then each one's version is known.
//!
//! A right block says that each partition was made of just what it would be made of now. So what is here becomes known as
//! made here, with the fingerprint of now, as long as all that it reads is what the lock file has, too: where the instance
//! has made something else of an upstream, nobody knows what of the block was made of that.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::digest::Folding;
use crate::hash::{Found, HashError};
use crate::lock::{Asked, LockFacts, LockJudge, asset_of, locked_result};
use crate::look::error::Problems;
use crate::look::evaluate::StoreRecords;
use crate::look::gather::{FoundOutputs, content_change, find_outputs};
use crate::look::workspace::Workspace;
use crate::model::{
    Asset, Counted, Current, CurrentColumns, DataVersion, DataVersionRule, Lock, LockBlock,
    LockLine, Output, OutputChange, PartitionRef, PartitionSet, Provenance, Status,
};
use crate::plan::{Blocks, Cell, Evaluation, MappedVersions, Role, Row, Scope, Witness};
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
                configs: self.facts().configs.clone(),
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

    /// Notes which lines agree with the outputs of their cells.
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

/// One output of all partitions of a block.
pub struct BlockOutput<'a> {
    /// Where files are.
    pub workspace: &'a Workspace<'a>,
    /// What is looked at.
    pub scope: &'a Scope<'a>,
    /// The row of the asset.
    pub row: &'a Row,
    /// The asset.
    pub asset: &'a Asset,
    /// Which of its outputs.
    pub output: usize,
    /// The partitions of the block.
    pub range: Range<u32>,
}

impl BlockOutput<'_> {
    /// The version of each, in order; `None` if any is not there.
    ///
    /// # Errors
    ///
    /// If one cannot be hashed.
    pub fn versions(&self) -> Result<Option<Vec<DataVersion>>, HashError> {
        let keys = self.scope.keys(self.row.asset);
        let len = self.range.len();
        let template = &self.asset.outputs[self.output].path;
        let path = |at: usize, text: &mut String| {
            let index = self.range.start + at as u32;
            template.write_path(PartitionRef { keys, index }, text);
        };
        let (mut versions, mut problem) = (Vec::with_capacity(len), None);
        let take = |_, found: Result<Found, HashError>| match found {
            Ok(found) => versions.extend(found.version()),
            Err(error) => problem = Some(error),
        };
        self.workspace
            .versions
            .of_each(len, Counted::All, path, take);
        match problem {
            Some(error) => Err(error),
            None => Ok((versions.len() == len).then_some(versions)),
        }
    }

    /// What a block of these versions has for this output.
    pub fn digest(&self, versions: &[DataVersion]) -> DataVersion {
        let set = PartitionSet::from_range(self.range.clone());
        let mapped = MappedVersions {
            read: (self.row.asset, Some(self.output as u32)),
            keys: self.scope.keys(self.row.asset),
            set: &set,
            version: |index: u32| versions[(index - self.range.start) as usize],
        };
        DataVersion(Blocks::default().digest_of(&mapped, &self.range, &mut Folding::new()))
    }

    /// Whether versions are what a block has.
    fn is_locked(&self, versions: &[DataVersion], block: &LockBlock) -> bool {
        let label = self.asset.output_label(self.output);
        let mut locked = block.outputs.iter();
        let locked = locked.find(|it| it.label.as_deref() == label.as_deref());
        locked.is_some_and(|locked| locked.version == Some(self.digest(versions)))
    }

    /// The version of each on disk; what cannot be read is not here.
    fn on_disk(&self) -> Option<Vec<DataVersion>> {
        let keys = self.scope.keys(self.row.asset);
        let index = self.range.start;
        let template = &self.asset.outputs[self.output].path;
        let first = template.path(PartitionRef { keys, index });
        // Mostly none is here, or all are.
        let first = self.workspace.versions.of_path(&first).ok()?;
        first.version()?;
        self.versions().ok().flatten()
    }

    /// The version of each as the instance knows it.
    fn recorded(&self, recorded: &CurrentColumns) -> Option<Vec<DataVersion>> {
        let version = |index| {
            let cell = self.row.cell(index)?;
            let last = recorded.materialized(cell.index())?;
            last.outputs.get(self.output).copied()
        };
        self.range.clone().map(version).collect()
    }
}

/// What was found of right blocks.
#[derive(Debug, Default)]
struct FoldedHere {
    /// Partitions that are not fresh by a record and are here, with the versions of their outputs; upstream before downstream.
    doubtful: Vec<(Cell, Vec<DataVersion>)>,
    /// Partitions of which the instance knows what the lock file has.
    as_locked: HashSet<Cell>,
}

impl FoldedHere {
    /// Looks at the outputs of right blocks in which something is not fresh by a record.
    pub(super) fn find(
        evaluation: &Evaluation<'_>,
        workspace: &Workspace<'_>,
        lines: &LockJudge<'_>,
    ) -> Self {
        let mut found = Self::default();
        let scope = evaluation.scope();
        for of_asset in scope.asset_rows() {
            found.look(evaluation, workspace, lines, of_asset);
        }
        if found.doubtful.is_empty() {
            return Self::default();
        }
        let changed = &evaluation.facts().changed_outputs;
        found.as_locked.retain(|cell| !changed.contains_key(cell));
        found
    }

    fn look(
        &mut self,
        evaluation: &Evaluation<'_>,
        workspace: &Workspace<'_>,
        lines: &LockJudge<'_>,
        (row, asset): (&Row, &Asset),
    ) {
        let scope = evaluation.scope();
        let mut known_until = 0;
        for cell in row.cells() {
            if let Some(line) = lines.line(cell) {
                let made = evaluation.recorded(cell);
                let same = made.is_some_and(|made| {
                    let outputs = made.outputs.iter().enumerate();
                    let mut outputs = outputs.map(|(at, version)| (line.version(at), *version));
                    outputs.all(|(locked, version)| locked == Some(version))
                });
                self.as_locked.extend(same.then_some(cell));
                continue;
            }
            let Some((block, range)) = lines.block(cell).filter(|_| lines.is_right(cell)) else {
                continue;
            };
            if row.index_of(cell) < known_until || asset.data_version != DataVersionRule::Content {
                continue;
            }
            known_until = range.end;
            let members = || range.clone().filter_map(|index| row.cell(index));
            let is_doubtful = members().any(|it| evaluation.is_doubtful(it));
            let versions = |output| {
                let output = BlockOutput {
                    workspace,
                    scope,
                    row,
                    asset,
                    output,
                    range: range.clone(),
                };
                let versions = if is_doubtful {
                    output.on_disk()
                } else {
                    output.recorded(&evaluation.facts().recorded)
                };
                versions.filter(|versions| output.is_locked(versions, block))
            };
            let Some(versions) = (0..asset.outputs.len())
                .map(versions)
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            for member in members() {
                let at = (row.index_of(member) - range.start) as usize;
                if !evaluation.is_doubtful(member) {
                    self.as_locked.insert(member);
                } else if scope.role(member) != Role::Given {
                    let outputs = versions.iter().map(|of_output| of_output[at]).collect();
                    self.doubtful.push((member, outputs));
                }
            }
        }
    }

    /// Whether anything of blocks is here.
    pub(super) fn is_empty(&self) -> bool {
        self.doubtful.is_empty()
    }

    /// The partitions that may be fresh by a block.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cell> {
        self.doubtful.iter().map(|(cell, _)| *cell)
    }

    /// Counts partitions of blocks as recorded, where all that they read is what the lock file has, and gives them.
    pub(super) fn take(
        mut self,
        evaluation: &mut Evaluation<'_>,
        records: &StoreRecords<'_>,
    ) -> Vec<Cell> {
        let scope = evaluation.scope();
        let mut taken = Vec::new();
        for (cell, outputs) in std::mem::take(&mut self.doubtful) {
            let verdict = evaluation.judge_mut().judge(cell, records);
            let code_version = evaluation.code_version(cell);
            let (Some(fingerprint), Some(code_version)) = (verdict.fingerprint, code_version)
            else {
                continue;
            };
            if !self.reads_as_locked(scope, cell) {
                continue;
            }
            // All that it was made of is known, so it is fresh by this.
            let current = Current::of_lock(fingerprint, code_version, outputs);
            evaluation
                .judge_mut()
                .replace(cell, Some(&current), Vec::new());
            evaluation.judge_mut().judge(cell, records);
            self.as_locked.insert(cell);
            taken.push(cell);
        }
        taken
    }

    fn reads_as_locked(&self, scope: &Scope<'_>, cell: Cell) -> bool {
        let (id, partition) = scope.at(cell);
        let deps = scope.graph().deps(id).iter();
        let mut assets = deps.filter(|dep| !scope.graph().is_source(dep.asset));
        assets.all(|dep| {
            let read = scope.mapped(id, dep, partition.index);
            let mut cells = read.iter().map(|index| scope.cell(dep.asset, index));
            cells.all(|up| up.is_some_and(|up| self.as_locked.contains(&up)))
        })
    }
}
