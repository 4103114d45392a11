//! Whether the lines of a lock file are right.

use std::collections::HashMap;
use std::ops::Range;

use crate::digest::{Digest, Field, Folding};
use crate::lock::contribution::Lack;
use crate::lock::rows::{FoldedBlock, LockedRow, due_after, labels, of_label};
use crate::model::{
    Asset, AssetId, AssetKey, CodePrefix, CodeVersion, ContributionPrefix, DataVersion, Lock,
    LockBlock, LockLine, LockedAsset, PartitionKey, PartitionRef, PartitionSet, RULE,
};
use crate::plan::{
    Blocks, Cell, FingerprintParts, Known, Role, Row, RowConfigs, Scope, Survey, fingerprint,
};

/// What was found on disk for a scope whose lines are judged.
#[derive(Clone, Debug)]
pub struct LockFacts {
    /// The code version of each row; the rows of sources have none.
    pub code: Vec<Option<CodeVersion>>,
    /// The configurations that differ between partitions.
    pub configs: RowConfigs,
    /// What was found at each source cell, by [`Scope`]'s numbering of versions: absent is what is not there, unknown what
    /// cannot be told in this checkout. What stands at assets is not looked at.
    pub versions: Vec<Known>,
}

/// Judges the lines of a lock file.
pub struct LockJudge<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) rule: u32,
    pub(super) code: Vec<Option<CodeVersion>>,
    pub(super) configs: RowConfigs,
    /// The versions of sources, and of assets those that their lines give; unknown in folded blocks.
    pub(super) versions: Vec<Known>,
    pub(super) rows: Vec<LockedRow<'a>>,
    /// By cell, the line that counts.
    pub(super) lines: Vec<Option<&'a LockLine>>,
    /// By cell.
    pub(super) standings: Vec<Standing>,
    /// Cells that two lines are right for, with different outputs.
    pub(super) rivals: Vec<Cell>,
    pub(super) blocks: Blocks,
    pub(super) folding: Folding,
    /// The configuration of the partition that is folded.
    config_fields: Vec<Field>,
    pub(super) surveys: HashMap<AssetId, Survey>,
    /// Of sources that were asked about, the partitions that have to be there and are not.
    pub(super) missing: HashMap<AssetId, PartitionSet>,
}

/// How a cell stands by its own line alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is a source's, or is read as it is locked.
    Given,
    /// Nothing is locked.
    Unlocked,
    /// Nothing is locked of its window yet, nor of any later one.
    Due,
    /// Its line, or that of its block, is right.
    Right,
    /// Its line is wrong.
    Wrong,
    /// The line of its block is wrong, and it has none of its own.
    WrongBlock,
    /// It reads a source that cannot be read in this checkout.
    Unverifiable,
}

/// A cell of an asset, with where it stands.
#[derive(Clone, Copy)]
pub(super) struct Spot<'s> {
    pub number: usize,
    pub row: &'s Row,
    pub asset: &'s Asset,
    pub cell: Cell,
    pub index: u32,
    /// Its key, where it was written out already.
    pub key: Option<&'s str>,
}

impl<'a> LockJudge<'a> {
    /// A judge of what `lock` says of the cells of `scope`.
    pub fn new(scope: &'a Scope<'a>, lock: &'a Lock, facts: LockFacts) -> Self {
        let locked: HashMap<&AssetKey, &LockedAsset> = lock
            .assets
            .iter()
            .map(|locked| (&locked.asset, locked))
            .collect();
        let LockFacts {
            code,
            configs,
            versions,
        } = facts;
        let rows = scope.rows().iter().map(|row| {
            if scope.graph().is_source(row.asset) {
                return due_source(scope, row, &versions);
            }
            let locked = locked.get(scope.graph().key(row.asset));
            locked.map_or_else(LockedRow::default, |locked| {
                LockedRow::new(scope.keys(row.asset), locked)
            })
        });
        let rows = rows.collect();
        let mut judge = Self {
            scope,
            rule: lock.rule,
            code,
            configs,
            versions,
            rows,
            lines: vec![None; scope.cells() as usize],
            standings: vec![Standing::Given; scope.cells() as usize],
            rivals: Vec::new(),
            blocks: Blocks::default(),
            folding: Folding::new(),
            config_fields: Vec::new(),
            surveys: HashMap::new(),
            missing: HashMap::new(),
        };
        for number in 0..judge.rows.len() {
            judge.take_first_lines(number);
        }
        judge
    }

    /// Finds which lines are right, upstream before downstream. Of several right ones for a partition with different
    /// outputs that one counts whose outputs are `on_disk`, else the first in byte order.
    pub fn judge_lines(&mut self, on_disk: &dyn Fn(Cell, &LockLine) -> bool) {
        let scope = self.scope;
        for (number, row) in scope.rows().iter().enumerate() {
            let Some(asset) = scope.graph().asset(row.asset) else {
                continue;
            };
            let is_judged = |cell| scope.role(cell) != Role::Given;
            if !row.cells().any(is_judged) {
                continue;
            }
            self.judge_blocks(number, row, asset);
            let (keys, mut cells, mut behind) = (scope.keys(row.asset), row.cells(), 0);
            for range in row.set.ranges() {
                for ((index, key), cell) in range.clone().zip(keys.texts(range)).zip(&mut cells) {
                    let lines = self.rows[number].next_lines_of(index, behind);
                    behind = lines.end;
                    if is_judged(cell) {
                        let spot = Spot {
                            number,
                            row,
                            asset,
                            cell,
                            index,
                            key: keys.is_partitioned().then_some(&*key),
                        };
                        let standing = self.judge_cell(&spot, lines, on_disk);
                        self.standings[cell.index()] = standing;
                    }
                }
            }
        }
    }

    /// The line that counts for a cell, be it right or not; `None` where nothing is locked of it but its block.
    pub fn line(&self, cell: Cell) -> Option<&'a LockLine> {
        self.lines[cell.index()]
    }

    /// Whether one line and nothing else is locked of a cell.
    pub fn has_one_line(&self, cell: Cell) -> bool {
        let row = self.scope.row_of_cell(cell);
        let locked = &self.rows[self.scope.number_of(row.asset)];
        let index = row.index_of(cell);
        let first = locked.lines.partition_point(|(at, _)| *at < index);
        let mut lines = locked.lines[first..].iter();
        let own = lines.by_ref().take_while(|(at, _)| *at == index).count();
        own == 1 && locked.block_of(index).is_none()
    }

    /// The block that stands for a cell, be it right or not; `None` where a line of its own does, or nothing.
    pub fn block(&self, cell: Cell) -> Option<(&'a LockBlock, Range<u32>)> {
        if self.line(cell).is_some() {
            return None;
        }
        let row = self.scope.row_of_cell(cell);
        let number = self.scope.number_of(row.asset);
        let block = self.rows[number].block_of(row.index_of(cell))?;
        Some((block.line, block.range.clone()))
    }

    /// What the fingerprint of a cell folds of its configuration.
    pub fn config_of(&self, cell: Cell) -> Vec<Field> {
        let row = self.scope.row_of_cell(cell);
        let (_, partition) = self.scope.at(cell);
        self.configs
            .fields(self.scope.number_of(row.asset), partition)
    }

    /// Whether the line of a cell, or of its block, is right.
    pub fn is_right(&self, cell: Cell) -> bool {
        self.standings[cell.index()] == Standing::Right
    }

    /// Cells that two lines are right for, with different outputs: their commands are not reproducible.
    pub fn irreproducible(&self) -> &[Cell] {
        &self.rivals
    }

    /// Blocks that are not right, but for those that another code has made and of which nothing newer is known.
    pub(super) fn wrong_blocks(&self) -> impl Iterator<Item = (AssetId, Range<u32>)> {
        let rows = self.scope.rows().iter().zip(&self.rows).zip(&self.code);
        rows.flat_map(|((row, locked), code)| {
            let code = code.map(CodePrefix::from);
            let has_lines = |range: &Range<u32>| {
                let first = locked.lines.partition_point(|(at, _)| *at < range.start);
                locked
                    .lines
                    .get(first)
                    .is_some_and(|(at, _)| *at < range.end)
            };
            let blocks = locked.blocks.iter().filter(move |block| {
                !block.right && (Some(block.line.code) == code || has_lines(&block.range))
            });
            blocks.map(|block| (row.asset, block.range.clone()))
        })
    }

    pub(super) fn spot(&self, cell: Cell) -> Spot<'a> {
        let scope = self.scope;
        let row = scope.row_of_cell(cell);
        Spot {
            number: scope.number_of(row.asset),
            row,
            asset: scope
                .graph()
                .asset(row.asset)
                .expect("sources have no lines"),
            cell,
            index: row.index_of(cell),
            key: None,
        }
    }

    /// Lets the first line of each cell count until it is judged; a cell of a block has none.
    fn take_first_lines(&mut self, number: usize) {
        let row = &self.scope.rows()[number];
        if self.scope.graph().is_source(row.asset) {
            return;
        }
        for slot in row.versions() {
            self.versions[slot] = Known::Unknown;
        }
        let labels = labels(self.scope, row.asset);
        let lines = std::mem::take(&mut self.rows[number].lines);
        let blocks = std::mem::take(&mut self.rows[number].blocks);
        let mut last = None;
        for (index, line) in &lines {
            let folded = blocks.partition_point(|block| block.range.start <= *index);
            let folded = folded
                .checked_sub(1)
                .is_some_and(|at| blocks[at].range.contains(index));
            if last != Some(*index)
                && !folded
                && let Some(cell) = row.cell(*index)
            {
                self.take_line(row, cell, line, &labels);
            }
            last = Some(*index);
        }
        self.rows[number].lines = lines;
        self.rows[number].blocks = blocks;
    }

    /// Lets a line count for a cell: its versions are what is read downstream.
    fn take_line(&mut self, row: &Row, cell: Cell, line: &'a LockLine, labels: &[Option<String>]) {
        self.lines[cell.index()] = Some(line);
        for (slot, label) in row.versions_of(cell).zip(labels) {
            let output = of_label(&line.outputs, label.as_deref());
            self.versions[slot] = output.map_or(Known::Unknown, |output| {
                Known::Version(output.version.unwrap_or(DataVersion(line.fingerprint.0)))
            });
        }
    }

    fn judge_blocks(&mut self, number: usize, row: &Row, asset: &Asset) {
        if self.rows[number].blocks.is_empty() {
            return;
        }
        let mut candidates = std::mem::take(&mut self.rows[number].candidates);
        for block in &mut candidates {
            // Of others it matters not, and their upstreams need not belong to the scope.
            block.right =
                row.set.meets(&block.range) && self.is_right_block(number, row, asset, block);
        }
        self.rows[number].take(candidates);
        let labels = labels(self.scope, row.asset);
        // Lines inside of wrong blocks count; those inside of right ones do not.
        let lines = self.rows[number].lines.clone();
        for (index, line) in lines.iter().rev() {
            let Some(cell) = row.cell(*index) else {
                continue;
            };
            if self.rows[number]
                .block_of(*index)
                .is_some_and(|block| block.right)
            {
                self.lines[cell.index()] = None;
                self.versions[row.versions_of(cell)].fill(Known::Unknown);
            } else {
                self.take_line(row, cell, line, &labels);
            }
        }
    }

    fn is_right_block(
        &mut self,
        number: usize,
        row: &Row,
        asset: &Asset,
        block: &FoldedBlock<'a>,
    ) -> bool {
        let Some(code) = self.code[number] else {
            return false;
        };
        self.rule == RULE
            && block.range.len() == block.line.count as usize
            && CodePrefix::from(code) == block.line.code
            && self.stand_in(row.asset, asset, code, block.range.clone())
                == Some(block.line.stand_in)
    }

    fn judge_cell(
        &mut self,
        spot: &Spot<'_>,
        lines: Range<usize>,
        on_disk: &dyn Fn(Cell, &LockLine) -> bool,
    ) -> Standing {
        let block = self.rows[spot.number]
            .block_of(spot.index)
            .map(|block| block.right);
        if block == Some(true) {
            return Standing::Right;
        }
        let mut right: Vec<&'a LockLine> = Vec::new();
        let mut standing = match (block, lines.is_empty()) {
            (_, false) => Standing::Wrong,
            (Some(_), true) => Standing::WrongBlock,
            (None, true) if self.rows[spot.number].due.contains(spot.index) => Standing::Due,
            (None, true) => Standing::Unlocked,
        };
        for at in lines {
            let (_, line) = self.rows[spot.number].lines[at];
            match self.judge_line(spot, line) {
                Standing::Right => right.push(line),
                Standing::Unverifiable => standing = Standing::Unverifiable,
                _ => {}
            }
        }
        if let Some(first) = right.first() {
            let others = right.iter().any(|line| line.outputs != first.outputs);
            let mut counts = *first;
            if others {
                self.rivals.push(spot.cell);
                let matching = right.iter().find(|line| on_disk(spot.cell, line));
                counts = matching.unwrap_or(first);
            }
            // Mostly it is the one that counts already.
            if self.line(spot.cell) != Some(counts) {
                let labels = labels(self.scope, spot.row.asset);
                self.take_line(spot.row, spot.cell, counts, &labels);
            }
            standing = Standing::Right;
        }
        standing
    }

    fn judge_line(&mut self, spot: &Spot<'_>, line: &LockLine) -> Standing {
        let Some(code) = self.code[spot.number] else {
            return Standing::Wrong;
        };
        if self.rule != RULE
            || CodePrefix::from(code) != line.code
            || line.contributions.len() != spot.asset.deps.len()
            || !has_all_outputs(spot.asset, line)
        {
            return Standing::Wrong;
        }
        let mut contributions = Vec::with_capacity(spot.asset.deps.len());
        let mut lack = None;
        for (dep, locked) in spot.asset.deps.iter().zip(&line.contributions) {
            match self.contribution(spot, dep) {
                Ok(contribution) if ContributionPrefix::from(contribution) != *locked => {
                    return Standing::Wrong;
                }
                Ok(contribution) => contributions.push(contribution),
                Err(Lack::Version) => return Standing::Wrong,
                Err(Lack::Unverifiable) => lack = Some(Lack::Unverifiable),
                Err(Lack::Part) => lack = lack.or(Some(Lack::Part)),
            }
        }
        let right = match lack {
            Some(Lack::Unverifiable) => return Standing::Unverifiable,
            Some(_) => {
                let range = spot.index..spot.index + 1;
                let stand_in = self.stand_in(spot.row.asset, spot.asset, code, range);
                stand_in.is_some() && stand_in == line.stand_in
            }
            None => self.fingerprint(spot, code, &contributions) == line.fingerprint.0,
        };
        if right {
            Standing::Right
        } else {
            Standing::Wrong
        }
    }

    pub(super) fn fingerprint(
        &mut self,
        spot: &Spot<'_>,
        code_version: CodeVersion,
        contributions: &[Digest],
    ) -> Digest {
        let key = match spot.key {
            Some(_) => None,
            None => self.scope.keys(spot.row.asset).key(spot.index),
        };
        let partition = PartitionRef {
            keys: self.scope.keys(spot.row.asset),
            index: spot.index,
        };
        let key = spot.key.or(key.as_ref().map(PartitionKey::as_str));
        self.configs
            .fill_fields(spot.number, (partition, key), &mut self.config_fields);
        let parts = FingerprintParts {
            asset: &spot.asset.key,
            code_version,
            partition: key,
            config: &self.config_fields,
            graph: self.scope.graph(),
            deps: &spot.asset.deps,
            contributions,
        };
        fingerprint(&parts, &mut self.folding).0
    }
}

/// Whether a line tells of each output that is declared, in any order, and of no other.
pub(super) fn has_all_outputs(asset: &Asset, line: &LockLine) -> bool {
    let mut labels = (0..asset.outputs.len()).map(|output| asset.output_label(output));
    line.outputs.len() == asset.outputs.len()
        && labels.all(|label| of_label(&line.outputs, label.as_deref()).is_some())
}

/// The windows of a source after the newest one that is there.
fn due_source<'a>(scope: &Scope<'_>, row: &Row, versions: &[Known]) -> LockedRow<'a> {
    let is_there = |cell: &Cell| !versions[row.versions_of(*cell)][0].is_lacking();
    let there = row.cells().filter(is_there).map(|cell| {
        let index = row.index_of(cell);
        index..index + 1
    });
    LockedRow {
        due: due_after(scope.keys(row.asset), there),
        ..LockedRow::default()
    }
}
