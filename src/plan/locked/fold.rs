//! Lines into blocks: an asset with very many partitions stands in the lock file as whole blocks and its newest lines.

use std::collections::HashMap;
use std::ops::Range;

use crate::digest::{Digest, Folding};
use crate::model::{
    Asset, AssetId, DataVersion, LockBlock, LockLine, LockedAsset, LockedOutput, PartitionKeys,
    PartitionSet,
};
use crate::plan::blocks::{Blocks, Mapped};
use crate::plan::fingerprint::version_of_outputs;

/// Assets with up to this many keys have a line for each.
const ALL_LINES: u32 = 10_000;

/// So many of the newest keys have a line each in any case.
const NEWEST: u32 = 2_000;

/// Whether an asset's partitions are folded into blocks at all.
#[must_use]
pub fn folds(keys: &PartitionKeys) -> bool {
    keys.is_partitioned() && keys.len() > ALL_LINES
}

/// Folds the lines of an asset into blocks, as far as all keys of a whole block have a line and are `fresh`, and it is none
/// of the newest. Gives the ranges of the new blocks, in order of [`LockedAsset::blocks`]'s last entries.
///
/// Their stand-ins are to be filled in, once all assets are folded that they read.
pub fn fold(
    id: AssetId,
    asset: &Asset,
    keys: &PartitionKeys,
    locked: &mut LockedAsset,
    fresh: &dyn Fn(u32) -> bool,
) -> Vec<Range<u32>> {
    if !folds(keys) {
        return Vec::new();
    }
    let mut blocks = Blocks::default();
    let mut by_index: HashMap<u32, LockLine> = HashMap::new();
    let mut left = Vec::new();
    for line in locked.lines.drain(..) {
        let index = line
            .partition
            .as_ref()
            .and_then(|key| keys.index_of(key.as_str()));
        match index {
            Some(index) if !by_index.contains_key(&index) => drop(by_index.insert(index, line)),
            _ => left.push(line),
        }
    }
    let oldest_of_newest = keys.len() - NEWEST;
    let mut folded = Vec::new();
    for range in blocks.whole(id, keys) {
        let is_whole = range.end <= oldest_of_newest
            && range
                .clone()
                .all(|index| by_index.contains_key(&index) && fresh(index));
        if !is_whole {
            continue;
        }
        let lines: Vec<LockLine> = range
            .clone()
            .filter_map(|index| by_index.remove(&index))
            .collect();
        let Some(block) = block(id, asset, keys, &range, &lines, &mut blocks) else {
            by_index.extend(range.clone().zip(lines));
            continue;
        };
        locked
            .blocks
            .retain(|old| (&old.first, &old.last) != (&block.first, &block.last));
        locked.blocks.push(block);
        folded.push(range);
    }
    locked.lines = left;
    locked.lines.extend(by_index.into_values());
    folded
}

/// The line of a block, without its stand-in; `None` if its lines were not made by the same code, or lack an output.
fn block(
    id: AssetId,
    asset: &Asset,
    keys: &PartitionKeys,
    range: &Range<u32>,
    lines: &[LockLine],
    blocks: &mut Blocks,
) -> Option<LockBlock> {
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
        let mapped = Mapped {
            read: (id, output),
            keys,
            set: &set,
            version,
        };
        DataVersion(blocks.digest_of(&mapped, range, &mut folding))
    };
    let at =
        |line: &LockLine, output: usize| line.version(output).expect("each line has all outputs");
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
