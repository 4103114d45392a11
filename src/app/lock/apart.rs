//! Whether changes stand apart from all blocks, so that they can be written without judging the whole project.
//!
//! They do if none of their partitions stands in a block, reads from one, or is read by one, and if there are no lines to
//! be folded. That is what a run of a new day finds, and it should not cost more where there are very many days.

use std::collections::HashMap;

use crate::app::lock::update::Changes;
use crate::app::project::Project;
use crate::model::{
    Asset, AssetId, AssetKey, Dep, Lock, LockLine, LockedAsset, PartitionKey, PartitionKeys,
    PartitionSet, RULE,
};
use crate::plan::{FoldLimits, holds_foldable};

/// Whether nothing but the lines that change would come out otherwise if the whole lock file were judged and folded.
pub fn stand_apart(project: &Project, lock: &Lock, changes: &Changes) -> bool {
    let adds_only = changes.dropped_lines.is_empty()
        && changes.dropped_blocks.is_empty()
        && changes.dropped_sources.is_empty();
    if lock.rule != RULE || !adds_only {
        return false;
    }
    let places = Places::new(project, lock);
    let lines = changes.lines.iter().map(|(asset, lines)| {
        let partitions = lines.iter().map(|line| line.partition.as_ref());
        (asset, partitions.collect::<Vec<_>>())
    });
    let mut sources: HashMap<&AssetKey, Vec<Option<&PartitionKey>>> = HashMap::new();
    for line in &changes.sources {
        let partitions = sources.entry(&line.source).or_default();
        partitions.push(line.partition.as_ref());
    }
    let mut touched = lines.chain(sources);
    touched.all(|(asset, partitions)| places.are_apart(asset, &partitions))
        && !places.can_fold(lock, changes)
}

/// Where the blocks are.
struct Places<'p> {
    project: &'p Project,
    /// Of each asset with blocks, the partitions that stand in them.
    folded: HashMap<AssetId, PartitionSet>,
}

impl<'p> Places<'p> {
    fn new(project: &'p Project, lock: &Lock) -> Self {
        let mut folded = HashMap::new();
        let with_blocks = lock.assets.iter().filter(|it| !it.blocks.is_empty());
        for locked in with_blocks {
            let Some(id) = project.graph().find(locked.asset.as_str()) else {
                continue;
            };
            let keys = project.keys().of(project.graph().get(id));
            let ranges = locked.blocks.iter().filter_map(|block| {
                let first = keys.index_of(block.first.as_str())?;
                let last = keys.index_of(block.last.as_str())?;
                (first <= last).then_some(first..last + 1)
            });
            folded.insert(id, PartitionSet::from_ranges(ranges));
        }
        Self { project, folded }
    }

    fn keys(&self, id: AssetId) -> &'p PartitionKeys {
        self.project.keys().of(self.project.graph().get(id))
    }

    fn is_folded(&self, id: AssetId, set: &PartitionSet) -> bool {
        let folded = self.folded.get(&id);
        folded.is_some_and(|folded| set.ranges().any(|range| folded.meets(&range)))
    }

    /// Whether partitions neither stand in a block nor are on an edge from or to one.
    fn are_apart(&self, asset: &AssetKey, partitions: &[Option<&PartitionKey>]) -> bool {
        let graph = self.project.graph();
        let Some(id) = graph.find(asset.as_str()) else {
            return false;
        };
        let keys = self.keys(id);
        let index = |key: Option<&PartitionKey>| match key {
            Some(key) => keys.index_of(key.as_str()),
            None => Some(0),
        };
        let Some(mut indexes) = partitions
            .iter()
            .copied()
            .map(index)
            .collect::<Option<Vec<u32>>>()
        else {
            return false;
        };
        indexes.sort_unstable();
        let set: PartitionSet = indexes.into_iter().collect();
        let is_read_of = |dep: &Dep| {
            let upstream = self.keys(dep.asset);
            let read = || dep.mapping.upstream_of_set(keys, upstream, &set);
            self.folded.contains_key(&dep.asset) && self.is_folded(dep.asset, &read())
        };
        let is_read_by = |reader: &Asset, by: AssetId| {
            let mut deps = reader.deps.iter().filter(|dep| dep.asset == id);
            let downstream = self.keys(by);
            deps.any(|dep| {
                let read = dep.mapping.downstream_of_set(downstream, keys, &set);
                self.is_folded(by, &read)
            })
        };
        let mut readers = graph.downstream(id).iter();
        !self.is_folded(id, &set)
            && !graph.deps(id).iter().any(is_read_of)
            && !readers.any(|by| {
                let reader = graph.asset(*by).filter(|_| self.folded.contains_key(by));
                reader.is_some_and(|reader| is_read_by(reader, *by))
            })
    }

    /// Whether there are lines that are to become a block.
    fn can_fold(&self, lock: &Lock, changes: &Changes) -> bool {
        let limits = FoldLimits::default();
        let graph = self.project.graph();
        let new: HashMap<&AssetKey, &[LockLine]> = changes
            .lines
            .iter()
            .map(|(asset, lines)| (asset, lines.as_slice()))
            .collect();
        let with_lines = lock.assets.iter().map(|locked| &locked.asset);
        let mut all = with_lines.chain(new.keys().copied());
        all.any(|asset| {
            let Some(id) = graph.find(asset.as_str()) else {
                return false;
            };
            let keys = self.keys(id);
            if !limits.fold(keys) {
                return false;
            }
            let old = lock
                .asset(asset)
                .map_or(&[][..], |it: &LockedAsset| &it.lines);
            let added = new.get(asset).copied().unwrap_or_default();
            let lines = old.iter().chain(added);
            let index = |line: &LockLine| keys.index_of(line.partition.as_ref()?.as_str());
            let mut indexes: Vec<u32> = lines.filter_map(index).collect();
            indexes.sort_unstable();
            indexes.dedup();
            let none = PartitionSet::empty();
            let folded = self.folded.get(&id).unwrap_or(&none);
            holds_foldable(keys, &indexes, folded, limits)
        })
    }
}
