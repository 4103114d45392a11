//! What a dependency contributes to a fingerprint: its mapped keys with their data versions, folded in blocks.
//!
//! A block ends after a key whose hash begins with a zero byte (256 keys on average), so blocks depend on the keys
//! alone, not on where a definition starts. A dep contributes the digest over its blocks' digests. So a fan-in of any
//! size is exact, a sliding window costs its edges, and records share the blocks that they have in common.
//!
//! Digests of whole blocks are computed once in a run: a memo holds them by upstream, output and range. It may only be
//! asked once the versions of a range are final.

use std::collections::HashMap;
use std::ops::Range;

use crate::digest::{Digest, Folding, Kind, Sink};
use crate::model::{
    AssetId, BlockEntry, BlockRecord, DataVersion, PartitionKey, PartitionKeys, PartitionSet,
};

/// Blocks up to this many keys are written into the record of a materialization; larger ones are stored once.
const INLINE: usize = 16;

/// Fan-ins of at least this many keys go through the memo.
const MEMOIZED: u32 = 256;

/// The upstream keys that a dep reads, and where their versions are.
pub struct MappedVersions<'a, V: Fn(u32) -> DataVersion> {
    /// The upstream and the output that is read of it.
    pub read: (AssetId, Option<u32>),
    /// The keys of the upstream's definition.
    pub keys: &'a PartitionKeys,
    /// Which of them.
    pub set: &'a PartitionSet,
    /// The data version of each.
    pub version: V,
}

/// Whether the keys of a range are known as a whole block alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// Each has a version of its own.
    No,
    /// They are just such a block, and this is its digest.
    Whole(Digest),
    /// Some of them belong to such a block.
    Part,
}

/// Digests of whole blocks, computed once in a run.
#[derive(Debug, Default)]
pub struct Blocks {
    /// Indexes after which a block ends, for the stretch of each upstream's keys that was asked for.
    ends: HashMap<AssetId, Ends>,
    digests: HashMap<(AssetId, Option<u32>, u32, u32), Digest>,
}

#[derive(Debug)]
struct Ends {
    covered: Range<u32>,
    ends: Vec<u32>,
}

impl Blocks {
    /// What the mapped keys contribute.
    pub fn contribution<V: Fn(u32) -> DataVersion>(
        &mut self,
        mapped: &MappedVersions<'_, V>,
        folding: &mut Folding,
    ) -> Digest {
        if let (1, Some(index)) = (mapped.set.len(), mapped.set.first()) {
            let key = mapped.keys.key(index);
            let key = key.as_ref().map_or("", PartitionKey::as_str);
            return contribution_of(key, (mapped.version)(index), folding);
        }
        let mut dependency = Folding::new();
        for block in self.split(mapped.read.0, mapped.keys, mapped.set) {
            let digest = self.digest(mapped, &block, folding);
            dependency.digest("block", digest);
        }
        dependency.finish(Kind::Dependency)
    }

    /// What the mapped keys contribute where those of some blocks are known by the digests of whole blocks alone; `None`
    /// where a part of such a block is read.
    pub fn contribution_of_folded<V: Fn(u32) -> DataVersion>(
        &mut self,
        mapped: &MappedVersions<'_, V>,
        folded: impl Fn(&Range<u32>) -> Folded,
        folding: &mut Folding,
    ) -> Option<Digest> {
        let mut dependency = Folding::new();
        for block in self.split(mapped.read.0, mapped.keys, mapped.set) {
            let whole = match block.as_slice() {
                [range] => folded(range),
                ranges if ranges.iter().all(|range| folded(range) == Folded::No) => Folded::No,
                _ => Folded::Part,
            };
            let digest = match whole {
                Folded::Whole(digest) => digest,
                Folded::Part => return None,
                Folded::No => self.digest(mapped, &block, folding),
            };
            dependency.digest("block", digest);
        }
        Some(dependency.finish(Kind::Dependency))
    }

    /// The whole blocks of a definition's keys within a range, without one that no key ends yet.
    pub fn whole(&mut self, asset: AssetId, keys: &PartitionKeys) -> Vec<Range<u32>> {
        let ends = self.ends_in(asset, keys, &keys.range());
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts
            .zip(ends.iter().copied())
            .map(|(start, end)| start..end)
            .collect()
    }

    /// The digest of one whole block, as a reader of all its keys folds it.
    pub fn digest_of<V: Fn(u32) -> DataVersion>(
        &mut self,
        mapped: &MappedVersions<'_, V>,
        range: &Range<u32>,
        folding: &mut Folding,
    ) -> Digest {
        self.digest(mapped, &vec![range.clone()], folding)
    }

    /// The mapped keys as they are recorded, and the large blocks among them with their entries.
    pub fn record<V: Fn(u32) -> DataVersion>(
        &mut self,
        mapped: &MappedVersions<'_, V>,
        folding: &mut Folding,
    ) -> (Vec<BlockRecord>, Vec<(Digest, Vec<BlockEntry>)>) {
        let mut stored = Vec::new();
        let blocks = self
            .split(mapped.read.0, mapped.keys, mapped.set)
            .into_iter()
            .map(|block| {
                let entries = entries(mapped, &block);
                if entries.len() <= INLINE {
                    return BlockRecord::Inline(entries);
                }
                let digest = self.digest(mapped, &block, folding);
                stored.push((digest, entries));
                BlockRecord::Stored(digest)
            });
        (blocks.collect(), stored)
    }

    /// What the mapped keys and a record of them do not have in common: the entries of new blocks, and the record's blocks
    /// that are gone. What they share is neither read nor written out.
    pub fn unlike<'r, V: Fn(u32) -> DataVersion>(
        &mut self,
        mapped: &MappedVersions<'_, V>,
        recorded: &'r [BlockRecord],
        folding: &mut Folding,
    ) -> (Vec<BlockEntry>, Vec<&'r BlockRecord>) {
        let mut gone: HashMap<Digest, &BlockRecord> = HashMap::new();
        let mut small: Vec<&BlockRecord> = Vec::new();
        for block in recorded {
            match block {
                BlockRecord::Stored(digest) => drop(gone.insert(*digest, block)),
                BlockRecord::Inline(_) => small.push(block),
            }
        }
        let mut new = Vec::new();
        for block in self.split(mapped.read.0, mapped.keys, mapped.set) {
            if block.iter().map(ExactSizeIterator::len).sum::<usize>() > INLINE {
                let digest = self.digest(mapped, &block, folding);
                if gone.remove(&digest).is_none() {
                    new.append(&mut entries(mapped, &block));
                }
                continue;
            }
            let mut entries = entries(mapped, &block);
            let is_same = |known: &&BlockRecord| matches!(known, BlockRecord::Inline(known) if *known == entries);
            match small.iter().position(is_same) {
                Some(at) => drop(small.swap_remove(at)),
                None => new.append(&mut entries),
            }
        }
        let is_gone = |block: &&BlockRecord| match block {
            BlockRecord::Stored(digest) => gone.contains_key(digest),
            BlockRecord::Inline(_) => small.iter().any(|left| std::ptr::eq(*left, *block)),
        };
        (new, recorded.iter().filter(is_gone).collect())
    }

    /// The ranges of each block, in order: a block may span a hole between two ranges.
    fn split(&mut self, asset: AssetId, keys: &PartitionKeys, set: &PartitionSet) -> Vec<Block> {
        if !keys.is_partitioned() {
            return set.ranges().map(|range| vec![range]).collect();
        }
        let mut blocks: Vec<Block> = Vec::new();
        let mut open: Block = Vec::new();
        for range in set.ranges() {
            let mut start = range.start;
            for end in self.ends_in(asset, keys, &range) {
                open.push(start..end);
                blocks.push(std::mem::take(&mut open));
                start = end;
            }
            if start < range.end {
                open.push(start..range.end);
            }
        }
        if !open.is_empty() {
            blocks.push(open);
        }
        blocks
    }

    /// Where blocks end within `range`, as the indexes after their last keys.
    fn ends_in(&mut self, asset: AssetId, keys: &PartitionKeys, range: &Range<u32>) -> Vec<u32> {
        let hashed = |range: Range<u32>| -> Vec<u32> {
            keys.texts(range.clone())
                .zip(range)
                .filter(|(key, _)| ends_block(key))
                .map(|(_, index)| index + 1)
                .collect()
        };
        if range.end - range.start < MEMOIZED {
            return hashed(range.clone());
        }
        let known = self.ends.entry(asset).or_insert_with(|| Ends {
            covered: range.start..range.start,
            ends: Vec::new(),
        });
        if range.start < known.covered.start {
            let mut before = hashed(range.start..known.covered.start);
            before.append(&mut known.ends);
            known.ends = before;
            known.covered.start = range.start;
        }
        if range.end > known.covered.end {
            known.ends.extend(hashed(known.covered.end..range.end));
            known.covered.end = range.end;
        }
        let first = known.ends.partition_point(|end| *end <= range.start);
        let last = known.ends.partition_point(|end| *end <= range.end);
        known.ends[first..last].to_vec()
    }

    fn digest<V: Fn(u32) -> DataVersion>(
        &mut self,
        mapped: &MappedVersions<'_, V>,
        block: &Block,
        folding: &mut Folding,
    ) -> Digest {
        let memo = match block.as_slice() {
            [range] if mapped.set.len() >= MEMOIZED => {
                Some((mapped.read.0, mapped.read.1, range.start, range.end))
            }
            _ => None,
        };
        if let Some(digest) = memo.and_then(|memo| self.digests.get(&memo)) {
            return *digest;
        }
        for range in block {
            for (key, index) in mapped.keys.texts(range.clone()).zip(range.clone()) {
                fold_entry(&key, (mapped.version)(index), folding);
            }
        }
        let digest = folding.finish(Kind::Block);
        if let Some(memo) = memo {
            self.digests.insert(memo, digest);
        }
        digest
    }
}

/// The ranges of one block.
type Block = Vec<Range<u32>>;

/// What one key contributes, which is the empty text where the upstream is unpartitioned: one block of one key.
pub fn contribution_of(key: &str, version: DataVersion, folding: &mut Folding) -> Digest {
    fold_entry(key, version, folding);
    let block = folding.finish(Kind::Block);
    folding.digest("block", block);
    folding.finish(Kind::Dependency)
}

fn fold_entry(key: &str, version: DataVersion, folding: &mut Folding) {
    folding.text("key", key);
    folding.digest("version", version.0);
}

/// Whether a block ends after a key.
pub fn ends_block(key: &str) -> bool {
    Kind::Key.digest(key.as_bytes()).as_bytes()[0] == 0
}

fn entries<V: Fn(u32) -> DataVersion>(
    mapped: &MappedVersions<'_, V>,
    block: &Block,
) -> Vec<BlockEntry> {
    let entry = |index| BlockEntry {
        partition: mapped.keys.key(index),
        version: (mapped.version)(index),
    };
    block.iter().cloned().flatten().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{Blocks, MappedVersions};
    use crate::digest::{Digest, Folding, Kind};
    use crate::model::{
        AssetId, BlockRecord, Cadence, DataVersion, PartitionKeys, PartitionSet, TimeKeys,
        TimePartitions, TimeSettings,
    };

    fn days(start: &str) -> PartitionKeys {
        let settings = TimeSettings {
            end: Some("2020-01-01"),
            ..TimeSettings::new(Cadence::Daily, start)
        };
        let definition = TimePartitions::new(settings).expect("a valid definition");
        PartitionKeys::Time(TimeKeys::at(&Arc::new(definition), jiff::Timestamp::MAX))
    }

    fn version(number: u32) -> DataVersion {
        DataVersion(Kind::File.digest(&number.to_le_bytes()))
    }

    fn contribution(keys: &PartitionKeys, set: &PartitionSet, changed: Option<u32>) -> Digest {
        let version = |index| {
            version(if changed == Some(index) {
                u32::MAX
            } else {
                index
            })
        };
        let mapped = MappedVersions {
            read: (AssetId(0), None),
            keys,
            set,
            version,
        };
        Blocks::default().contribution(&mapped, &mut Folding::new())
    }

    #[test]
    fn any_changed_key_changes_the_contribution() {
        let keys = days("2013-01-01");
        let all = PartitionSet::from_range(0..500);
        let before = contribution(&keys, &all, None);
        for index in 0..500 {
            assert_ne!(contribution(&keys, &all, Some(index)), before, "{index}");
        }
    }

    #[test]
    fn blocks_do_not_depend_on_where_a_definition_starts() {
        let (early, late) = (days("2013-01-01"), days("2013-01-11"));
        let record = |keys: &PartitionKeys, shift: u32| {
            let set = PartitionSet::from_range(keys.range());
            let version = move |index| version(index + shift);
            let mapped = MappedVersions {
                read: (AssetId(0), None),
                keys,
                set: &set,
                version,
            };
            Blocks::default().record(&mapped, &mut Folding::new()).0
        };
        let (early, late) = (record(&early, 0), record(&late, 10));
        assert!(early.len() > 3, "2,555 days are several blocks");
        assert_eq!(early[1..], late[1..]);
        assert!(matches!(
            early[1],
            BlockRecord::Stored(_) | BlockRecord::Inline(_)
        ));
    }

    #[test]
    fn one_changed_key_is_found_in_its_block_alone() {
        let keys = days("1800-01-01");
        let set = PartitionSet::from_range(keys.range());
        let mut blocks = Blocks::default();
        let mapped = MappedVersions {
            read: (AssetId(0), None),
            keys: &keys,
            set: &set,
            version,
        };
        let recorded = blocks.record(&mapped, &mut Folding::new()).0;
        let same = blocks.unlike(&mapped, &recorded, &mut Folding::new());
        assert_eq!(same, (vec![], vec![]));
        for changed in [0, 255, 40_000, keys.len() - 1] {
            let now = |index| version(if index == changed { u32::MAX } else { index });
            let mapped = MappedVersions {
                read: (AssetId(0), None),
                keys: &keys,
                set: &set,
                version: now,
            };
            let mut blocks = Blocks::default();
            let (new, gone) = blocks.unlike(&mapped, &recorded, &mut Folding::new());
            assert_eq!(gone.len(), 1, "{changed}");
            assert!(new.len() < 4_000, "{changed}: {} entries", new.len());
            assert!(new.iter().any(|entry| entry.partition == keys.key(changed)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_memo_never_changes_an_answer(ranges in proptest::collection::vec((0u32..2500, 1u32..900), 1..6)) {
            let keys = days("2013-01-01");
            let mut memo = Blocks::default();
            for (start, len) in ranges {
                let set = PartitionSet::from_range(start..(start + len).min(keys.len()));
                let mapped = MappedVersions { read: (AssetId(0), None), keys: &keys, set: &set, version };
                let memoized = memo.contribution(&mapped, &mut Folding::new());
                prop_assert_eq!(memoized, contribution(&keys, &set, None));
            }
        }
    }
}
