//! Lines into blocks: an asset with very many partitions stands in the lock file as whole blocks and its newest lines.

use std::collections::HashSet;
use std::ops::Range;

use crate::digest::{Digest, Folding};
use crate::lock::judge::{LockFacts, LockJudge};
use crate::model::{
    Asset, AssetId, AssetKey, DataVersion, Lock, LockBlock, LockLine, LockedAsset, LockedOutput,
    PartitionKey, PartitionKeys, PartitionSet,
};
use crate::plan::{Blocks, Cell, MappedVersions, Scope, ends_block, version_of_outputs};

/// From where on an asset's partitions are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldLimits {
    /// Assets with up to this many keys have a line for each.
    pub all_lines: u32,
    /// How many of the newest keys have a line each in any case.
    pub newest: u32,
}

impl Default for FoldLimits {
    fn default() -> Self {
        Self {
            all_lines: 10_000,
            newest: 2_000,
        }
    }
}

impl FoldLimits {
    /// Whether an asset with these keys is folded at all.
    pub fn fold(self, keys: &PartitionKeys) -> bool {
        keys.is_partitioned() && keys.len() > self.all_lines
    }
}

/// Whether lines of partitions, given in order, are all of a whole block that is to be folded and does not stand in
/// `folded`.
pub fn holds_foldable(
    keys: &PartitionKeys,
    lines: &[u32],
    folded: &PartitionSet,
    limits: FoldLimits,
) -> bool {
    let oldest_of_newest = keys.len().saturating_sub(limits.newest);
    let ends_after = |index: u32| {
        let mut texts = keys.texts(index..index + 1);
        texts.next().is_some_and(|key| ends_block(&key))
    };
    let (mut next, mut since_a_start) = (0, true);
    for index in lines.iter().copied() {
        if index >= oldest_of_newest {
            return false;
        }
        if folded.contains(index) {
            continue;
        }
        if index != next {
            since_a_start = ends_after(index - 1);
        }
        next = index + 1;
        if ends_after(index) {
            if since_a_start {
                return true;
            }
            since_a_start = true;
        }
    }
    false
}

/// Gives the lines of a range of partitions, one each, from an instance that knows them all; else `None`.
pub type Unfold<'u> = dyn Fn(AssetId, Range<u32>) -> Option<Vec<LockLine>> + 'u;

/// Folds what can be folded of the assets of `scope`, which is everything that is declared, and gives lines that read a
/// part of a block a stand-in.
///
/// Blocks that are not right any more are first replaced by the lines that `unfold` knows. Then each whole block of
/// partitions becomes one line whose own lines are all right and that holds none of the newest keys.
pub fn refold(
    lock: &mut Lock,
    scope: &Scope<'_>,
    facts: &LockFacts,
    unfold: &Unfold<'_>,
    limits: FoldLimits,
) {
    let may_fold = |locked: &LockedAsset| {
        let id = scope.graph().find(locked.asset.as_str());
        !locked.blocks.is_empty() || id.is_some_and(|id| limits.fold(scope.keys(id)))
    };
    if !lock.assets.iter().any(may_fold) {
        return;
    }
    let blocks = lock.assets.iter().map(|locked| locked.blocks.clone());
    let before: Vec<Vec<LockBlock>> = blocks.collect();
    let mut known = judged(lock, scope, facts);
    // What is unfolded can make others wrong that read it, and shows which others are to be unfolded to be judged.
    while unfold_doubtful(lock, scope, &known.doubtful, unfold) {
        known = judged(lock, scope, facts);
    }
    let right = known.right;
    for (locked, before) in lock.assets.iter_mut().zip(before) {
        let Some((id, asset)) = declared(scope, &locked.asset) else {
            continue;
        };
        let Some(row) = scope.row(id) else { continue };
        let mut folding = Fold::new(id, asset, scope.keys(id), locked);
        if limits.fold(scope.keys(id)) {
            let is_right = |index: u32| row.cell(index).is_some_and(|cell| right[cell.index()]);
            folding.fold(&is_right, limits);
        }
        folding.restore(before);
        folding.finish();
    }
    let stand_ins = stand_ins(lock, scope, facts, &right);
    for (locked, found) in lock.assets.iter_mut().zip(stand_ins) {
        for (at, stand_in) in found.blocks {
            locked.blocks[at].stand_in = stand_in;
        }
        for (at, stand_in) in found.lines {
            locked.lines[at].stand_in = stand_in;
        }
    }
}

fn declared<'a>(scope: &Scope<'a>, key: &AssetKey) -> Option<(AssetId, &'a Asset)> {
    let id = scope.graph().find(key.as_str())?;
    Some((id, scope.graph().asset(id)?))
}

/// What is found of a lock file before it is folded.
struct Judged {
    /// By cell, whether its line or that of its block is right.
    right: Vec<bool>,
    /// Blocks that cannot stay, or that must be lines so that others can be judged.
    doubtful: HashSet<(AssetId, Range<u32>)>,
}

fn judged(lock: &Lock, scope: &Scope<'_>, facts: &LockFacts) -> Judged {
    let mut judge = LockJudge::new(scope, lock, facts.clone());
    judge.judge_lines(&|_, _| false);
    let cells = || (0..scope.cells()).map(Cell);
    let right: Vec<bool> = cells().map(|cell| judge.is_right(cell)).collect();
    let mut doubtful: HashSet<_> = judge.wrong_blocks().collect();
    for cell in cells().filter(|cell| !right[cell.index()]) {
        // A line with a stand-in was written when all that it reads was folded; one without has just been brought.
        if judge.line(cell).is_some_and(|line| line.stand_in.is_none()) {
            doubtful.extend(judge.blocks_read_in_part(cell));
        }
    }
    Judged { right, doubtful }
}

/// Replaces blocks by lines, as far as those are known; whether any was.
fn unfold_doubtful(
    lock: &mut Lock,
    scope: &Scope<'_>,
    doubtful: &HashSet<(AssetId, Range<u32>)>,
    unfold: &Unfold<'_>,
) -> bool {
    let mut any = false;
    for locked in &mut lock.assets {
        let Some((id, _)) = declared(scope, &locked.asset) else {
            continue;
        };
        let mut lines = Vec::new();
        locked.blocks.retain(|block| {
            let range = block.range(scope.keys(id));
            let range = range.filter(|range| doubtful.contains(&(id, range.clone())));
            let unfolded = range.and_then(|range| unfold(id, range));
            let is_kept = unfolded.is_none();
            lines.extend(unfolded.unwrap_or_default());
            is_kept
        });
        if !lines.is_empty() {
            let known: HashSet<_> = lines.iter().map(|line| line.partition.clone()).collect();
            locked.lines.retain(|line| !known.contains(&line.partition));
            locked.lines.append(&mut lines);
            any = true;
        }
    }
    any
}

/// The lines of one asset while they are folded.
struct Fold<'f> {
    id: AssetId,
    asset: &'f Asset,
    keys: &'f PartitionKeys,
    locked: &'f mut LockedAsset,
    /// The partitions with a line, in order.
    indexes: Vec<u32>,
    /// The line of each; none where it was folded.
    lines: Vec<Option<LockLine>>,
    folded: Vec<LockBlock>,
    blocks: Blocks,
}

fn ends(block: &LockBlock) -> (&PartitionKey, &PartitionKey) {
    (&block.first, &block.last)
}

impl<'f> Fold<'f> {
    fn new(
        id: AssetId,
        asset: &'f Asset,
        keys: &'f PartitionKeys,
        locked: &'f mut LockedAsset,
    ) -> Self {
        let index_of = |line: &LockLine| keys.index_of(line.partition.as_ref()?.as_str());
        let mut lines = std::mem::take(&mut locked.lines);
        // Of several for one partition the first one counts.
        lines.sort_by_cached_key(index_of);
        let mut indexes = Vec::new();
        let is_first = |line: LockLine| match index_of(&line) {
            Some(index) if indexes.last() != Some(&index) => {
                indexes.push(index);
                Some(Some(line))
            }
            _ => {
                locked.lines.push(line);
                None
            }
        };
        let lines = lines.into_iter().filter_map(is_first).collect();
        Self {
            id,
            asset,
            keys,
            locked,
            indexes,
            lines,
            folded: Vec::new(),
            blocks: Blocks::default(),
        }
    }

    /// Makes one line of each whole block whose lines are all right, but of the newest keys.
    fn fold(&mut self, is_right: &dyn Fn(u32) -> bool, limits: FoldLimits) {
        let oldest_of_newest = self.keys.len().saturating_sub(limits.newest);
        for range in self.blocks.whole(self.id, self.keys) {
            if range.end <= oldest_of_newest && range.clone().all(is_right) {
                self.fold_range(&range, &|_| true);
            }
        }
    }

    /// Takes blocks back that were unfolded and of which nothing has changed: they stay as doubtful as they were.
    fn restore(&mut self, before: Vec<LockBlock>) {
        for old in before {
            let Some(range) = old.range(self.keys) else {
                continue;
            };
            let as_it_was = |new: &LockBlock| new.outputs == old.outputs && new.code == old.code;
            if self.fold_range(&range, &as_it_was)
                && let Some(block) = self.folded.last_mut()
            {
                block.stand_in = old.stand_in;
            }
        }
    }

    fn fold_range(&mut self, range: &Range<u32>, admits: &dyn Fn(&LockBlock) -> bool) -> bool {
        let Ok(start) = self.indexes.binary_search(&range.start) else {
            return false;
        };
        let places = start..start + range.len();
        // Indexes ascend: between the first and the last of the block there are no others.
        if self.indexes.get(places.end - 1) != Some(&(range.end - 1)) {
            return false;
        }
        let places = &mut self.lines[places];
        if places.iter().any(Option::is_none) {
            return false;
        }
        let lines: Vec<LockLine> = places.iter_mut().filter_map(Option::take).collect();
        let Some(block) = self.block(range, &lines).filter(admits) else {
            let places = self.lines[start..].iter_mut();
            places
                .zip(lines)
                .for_each(|(place, line)| *place = Some(line));
            return false;
        };
        self.folded.push(block);
        true
    }

    /// The line of a block, without its stand-in; `None` if its lines were not made by the same code, or lack an output.
    fn block(&mut self, range: &Range<u32>, lines: &[LockLine]) -> Option<LockBlock> {
        let asset = self.asset;
        let (first, last) = (lines.first()?, lines.last()?);
        let outputs = asset.outputs.len();
        if lines
            .iter()
            .any(|line| line.code != first.code || line.outputs.len() != outputs)
        {
            return None;
        }
        let mut folding = Folding::new();
        let mut digest = |output: Option<u32>, version: &dyn Fn(&LockLine) -> DataVersion| {
            let set = PartitionSet::from_range(range.clone());
            let version = |index: u32| version(&lines[(index - range.start) as usize]);
            let mapped = MappedVersions {
                read: (self.id, output),
                keys: self.keys,
                set: &set,
                version,
            };
            DataVersion(self.blocks.digest_of(&mapped, range, &mut folding))
        };
        let at = |line: &LockLine, output: usize| {
            line.version(output).expect("each line has all outputs")
        };
        let mut locked: Vec<LockedOutput> = (0..outputs)
            .map(|output| LockedOutput {
                label: asset.output_label(output).map(String::into_boxed_str),
                version: Some(digest(Some(output as u32), &|line| at(line, output))),
            })
            .collect();
        if outputs != 1 || locked.iter().all(|output| output.label.is_some()) {
            let whole = |line: &LockLine| {
                let versions: Vec<_> = (0..outputs).map(|output| at(line, output)).collect();
                version_of_outputs(&versions, &mut Folding::new())
            };
            locked.push(LockedOutput {
                label: None,
                version: Some(digest(None, &whole)),
            });
        }
        Some(LockBlock {
            first: first.partition.clone()?,
            last: last.partition.clone()?,
            count: range.len() as u32,
            code: first.code,
            stand_in: Digest::from_bytes([0; 16]),
            outputs: locked.into_boxed_slice(),
        })
    }

    fn finish(self) {
        self.locked.lines.extend(self.lines.into_iter().flatten());
        let folded: HashSet<_> = self.folded.iter().map(ends).collect();
        let blocks = &mut self.locked.blocks;
        blocks.retain(|old| !folded.contains(&ends(old)));
        blocks.extend(self.folded);
    }
}

/// New stand-ins of one asset's blocks and lines, by their positions.
#[derive(Default)]
struct StandIns {
    blocks: Vec<(usize, Digest)>,
    lines: Vec<(usize, Option<Digest>)>,
}

/// The stand-ins of all blocks and lines that are right, by what the lock file holds now.
fn stand_ins(lock: &Lock, scope: &Scope<'_>, facts: &LockFacts, right: &[bool]) -> Vec<StandIns> {
    let mut judge = LockJudge::new(scope, lock, facts.clone());
    let mut all = Vec::with_capacity(lock.assets.len());
    for locked in &lock.assets {
        let mut found = StandIns::default();
        if let Some((id, _)) = declared(scope, &locked.asset) {
            let keys = scope.keys(id);
            for (at, block) in locked.blocks.iter().enumerate() {
                let Some(range) = block.range(keys) else {
                    continue;
                };
                let is_right = |cell: Option<Cell>| cell.is_some_and(|it| right[it.index()]);
                if range.clone().all(|index| is_right(scope.cell(id, index)))
                    && let Some(first) = scope.cell(id, range.start)
                    && let Some(stand_in) = judge.stand_in_of(first, range)
                {
                    found.blocks.push((at, stand_in));
                }
            }
            for (at, line) in locked.lines.iter().enumerate() {
                let Some(cell) = scope.find(id, line.partition.as_ref()) else {
                    continue;
                };
                let counts = judge.line(cell);
                if right[cell.index()] && counts == Some(line) {
                    let index = scope.row_of_cell(cell).index_of(cell);
                    let stand_in = judge
                        .reads_a_part(cell)
                        .then(|| judge.stand_in_of(cell, index..index + 1));
                    found.lines.push((at, stand_in.flatten()));
                }
            }
        }
        all.push(found);
    }
    all
}
