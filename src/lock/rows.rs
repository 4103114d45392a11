//! Which lines of a lock file stand for which partitions of a row.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::{
    AssetId, LockBlock, LockLine, LockedAsset, LockedOutput, PartitionKeys, PartitionSet,
};
use crate::plan::Scope;

/// What the lock file says of one row.
#[derive(Debug, Default)]
pub(super) struct LockedRow<'a> {
    /// Lines by partition, in order; of several for one partition the first in byte order comes first.
    pub lines: Vec<(u32, &'a LockLine)>,
    /// The blocks that count, in order of their first keys; they do not overlap.
    pub blocks: Vec<FoldedBlock<'a>>,
    /// All blocks, as long as they are not judged.
    pub candidates: Vec<FoldedBlock<'a>>,
    /// Time windows after the newest one that has a line.
    pub due: PartitionSet,
}

/// A block of partitions that stands in one line.
#[derive(Clone, Debug)]
pub(super) struct FoldedBlock<'a> {
    /// Which partitions.
    pub range: Range<u32>,
    /// Its line.
    pub line: &'a LockBlock,
    /// Whether it is right; not until it is judged.
    pub right: bool,
}

impl<'a> LockedRow<'a> {
    /// What an asset's lines say of its partitions.
    pub fn new(keys: &PartitionKeys, locked: &'a LockedAsset) -> Self {
        let mut lines: Vec<_> = locked
            .lines
            .iter()
            .filter_map(|line| Some((index_of(keys, line)?, line)))
            .collect();
        lines.sort_by(|(a, left), (b, right)| a.cmp(b).then_with(|| in_byte_order(left, right)));
        let blocks = blocks(keys, locked);
        let ranges = blocks.iter().map(|block| block.range.clone());
        let locked = lines.iter().map(|(index, _)| *index..*index + 1);
        let mut row = Self {
            due: due_after(keys, ranges.chain(locked)),
            lines,
            blocks: Vec::new(),
            candidates: blocks.clone(),
        };
        row.take(blocks);
        row
    }

    /// Lets those of `candidates` count that are right, and of the others those that overlap none that counts.
    pub fn take(&mut self, mut candidates: Vec<FoldedBlock<'a>>) {
        candidates.sort_by_key(|block| !block.right);
        let mut taken: BTreeMap<u32, FoldedBlock<'a>> = BTreeMap::new();
        for block in candidates {
            // Those that are taken do not overlap each other: only the last one that begins before the end can.
            let before = taken.range(..block.range.end).next_back();
            if before.is_none_or(|(_, other)| other.range.end <= block.range.start) {
                taken.insert(block.range.start, block);
            }
        }
        self.blocks = taken.into_values().collect();
    }

    /// Where the lines of one partition are, if those of all before it come before `from`.
    pub fn next_lines_of(&self, index: u32, from: usize) -> Range<usize> {
        let count = |lines: &[(u32, &LockLine)], is_before: &dyn Fn(u32) -> bool| {
            lines.iter().take_while(|(at, _)| is_before(*at)).count()
        };
        let start = from + count(&self.lines[from..], &|at| at < index);
        start..start + count(&self.lines[start..], &|at| at == index)
    }

    /// The block that a partition belongs to, be it right or not.
    pub fn block_of(&self, index: u32) -> Option<&FoldedBlock<'a>> {
        let after = self
            .blocks
            .partition_point(|block| block.range.start <= index);
        let block = &self.blocks[after.checked_sub(1)?];
        block.range.contains(&index).then_some(block)
    }
}

fn index_of(keys: &PartitionKeys, line: &LockLine) -> Option<u32> {
    match (&line.partition, keys.is_partitioned()) {
        (Some(key), true) => keys.index_of(key.as_str()),
        (None, false) => Some(0),
        _ => None,
    }
}

/// Blocks whose ends exist, in order. After a merge several may stand for the same partitions, or overlap.
pub(super) fn blocks<'a>(keys: &PartitionKeys, locked: &'a LockedAsset) -> Vec<FoldedBlock<'a>> {
    let mut blocks: Vec<_> = locked
        .blocks
        .iter()
        .filter_map(|line| {
            Some(FoldedBlock {
                range: line.range(keys)?,
                line,
                right: false,
            })
        })
        .collect();
    blocks.sort_by(|a, b| {
        let place = |block: &FoldedBlock<'_>| (block.range.start, block.range.end);
        place(a)
            .cmp(&place(b))
            .then_with(|| a.line.stand_in.cmp(&b.line.stand_in))
    });
    blocks
}

fn in_byte_order(a: &LockLine, b: &LockLine) -> std::cmp::Ordering {
    let versions =
        |line: &LockLine| -> Vec<_> { line.outputs.iter().map(|it| it.version).collect() };
    (a.code, a.fingerprint)
        .cmp(&(b.code, b.fingerprint))
        .then_with(|| versions(a).cmp(&versions(b)))
        .then_with(|| a.contributions.cmp(&b.contributions))
}

/// The time windows after the newest of those that are `known`, and of keys with several dimensions those whose window
/// in any of them is; none where no dimension is a time, or nothing is known yet.
pub(super) fn due_after(
    keys: &PartitionKeys,
    known: impl Iterator<Item = Range<u32>>,
) -> PartitionSet {
    let after = |newest: Option<u32>, keys: &PartitionKeys| match newest {
        Some(newest) => PartitionSet::from_range(newest + 1..keys.len().max(newest + 1)),
        None => PartitionSet::empty(),
    };
    if keys.time().is_some() {
        return after(known.map(|range| range.end - 1).max(), keys);
    }
    let Some(multi) = keys.multi() else {
        return PartitionSet::empty();
    };
    let dimensions = (0u32..).zip(multi.dimensions());
    let times: Vec<_> = dimensions
        .filter(|(_, dimension)| dimension.keys.time().is_some())
        .collect();
    if times.is_empty() {
        return PartitionSet::empty();
    }
    let known = PartitionSet::from_ranges(known);
    let due = times.into_iter().map(|(at, dimension)| {
        let newest = multi.parts(&known, at).last();
        multi.with_part(at, after(newest, &dimension.keys))
    });
    PartitionSet::union_of(due)
}

/// The version of one output in a line of several, by the output's label.
pub(super) fn of_label<'o>(
    outputs: &'o [LockedOutput],
    label: Option<&str>,
) -> Option<&'o LockedOutput> {
    outputs
        .iter()
        .find(|output| output.label.as_deref() == label)
}

/// The labels of an asset's outputs, in declared order.
pub(super) fn labels(scope: &Scope<'_>, asset: AssetId) -> Vec<Option<String>> {
    let asset = scope.graph().asset(asset);
    asset.map_or_else(Vec::new, |asset| {
        (0..asset.outputs.len())
            .map(|output| asset.output_label(output))
            .collect()
    })
}
