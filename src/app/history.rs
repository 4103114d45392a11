//! `history`: what was materialized, and from what.

use std::collections::HashMap;

use crate::answer::{FailedAttempt, HistoryEntry, HistoryReport, InputRange, PastAttempt};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::selection::{Range, select_word};
use crate::digest::Digest;
use crate::model::{
    AssetGraph, AssetKey, BlockEntry, BlockRecord, Grouping, HistoryRequest, InputRecord,
    KeysByDefinition, LastAttempt, Materialization, PartitionKey, PartitionKeys, PartitionSet,
};
use crate::store::{Store, StoreError, StoredBlock};

/// The attempts at an asset, or at one of its partitions, and what the user should know of the instance.
pub fn history(
    project: &OpenProject,
    request: &HistoryRequest,
) -> Result<(HistoryReport, Vec<Notice>), AppError> {
    let (id, set) = select_word(project, &request.selected, Range::Assets)?;
    let asset = request.selected.asset.clone();
    let keys = project.keys().get(project.graph().partitions(id));
    let is_range = request.selected.last.is_some();
    let one = request.selected.partition.as_ref().filter(|_| !is_range);
    let slot = one.and_then(|_| Some(keys.slot(set.first()?)));
    let wanted = request
        .limit
        .map_or(usize::MAX, |limit| limit.get() as usize);
    // Of a range all entries are read: which are its own shows only then.
    let limit = if is_range { usize::MAX } else { wanted };
    let is_meant = |partition: &Option<PartitionKey>| {
        let index = || keys.index_of(partition.as_ref()?.as_str());
        !is_range || index().is_some_and(|index| set.contains(index))
    };
    let mut instance = InstanceAccess::open(project)?;
    let entries = instance.read(|store| {
        let mut attempts = Vec::new();
        let failed = store.failed_attempts(&asset, slot.as_ref(), limit)?;
        for (run, failed) in failed {
            if !is_meant(&failed.partition) {
                continue;
            }
            attempts.push((run, failed.time, PastAttempt::Failed(Box::new(failed))));
        }
        if !request.failed {
            let mut entries = Entries::new(project, store, request.grouping);
            for (_, made) in store.history(&asset, slot.as_ref(), limit)? {
                if !is_meant(&made.partition) {
                    continue;
                }
                let run = match made.run {
                    Some(run) => store.run_number(run)?.unwrap_or_default(),
                    None => 0,
                };
                let made = entries.entry(made)?;
                attempts.push((run, made.time, PastAttempt::Made(Box::new(made))));
            }
        }
        // A clock may stand still: then the later run comes first.
        attempts.sort_by(|(run, time, _), (other, before, _)| (before, other).cmp(&(time, run)));
        attempts.truncate(wanted);
        Ok(attempts.into_iter().map(|(_, _, it)| it).collect())
    })?;
    let report = HistoryReport { asset, entries };
    Ok((report, instance.notices))
}

/// The last attempt at a partition, where that failed.
pub(super) fn last_failure(
    store: &Store,
    asset: &AssetKey,
    (keys, index): (&PartitionKeys, u32),
) -> Result<Option<FailedAttempt>, StoreError> {
    let current = store.current_of(asset, keys, &PartitionSet::single(index))?;
    if current.attempt(0) != Some(LastAttempt::Failed) {
        return Ok(None);
    }
    let failed = store.failed_attempts(asset, Some(&keys.slot(index)), 1)?;
    Ok(failed.into_iter().next().map(|(_, failed)| failed))
}

/// Makes entries of what is recorded; a block that several materializations share is read once.
pub(super) struct Entries<'a> {
    graph: &'a AssetGraph,
    keys: &'a KeysByDefinition,
    store: &'a Store,
    grouping: Grouping,
    blocks: HashMap<Digest, Vec<BlockEntry>>,
}

impl<'a> Entries<'a> {
    /// A maker of entries from `store`.
    pub(super) fn new(project: &'a OpenProject, store: &'a Store, grouping: Grouping) -> Self {
        Self {
            graph: project.graph(),
            keys: project.keys(),
            store,
            grouping,
            blocks: HashMap::new(),
        }
    }

    /// Takes blocks that are not stored.
    pub(super) fn know(&mut self, blocks: Vec<StoredBlock>) {
        let known = blocks.into_iter();
        self.blocks
            .extend(known.map(|block| (block.digest, block.entries.to_vec())));
    }

    /// One materialization, with its inputs in ranges.
    pub(super) fn entry(&mut self, it: Materialization) -> Result<HistoryEntry, StoreError> {
        let mut inputs = Vec::new();
        for input in &it.inputs {
            inputs.extend(self.ranges(input)?);
        }
        Ok(HistoryEntry {
            partition: it.partition,
            run: it.run,
            time: it.time,
            duration_ms: it.duration_ms,
            usage: it.usage,
            outputs: it.outputs,
            fingerprint: it.fingerprint,
            code_version: it.code_version,
            data_version: it.data_version,
            outcome: it.outcome,
            origin: it.origin,
            inputs,
        })
    }

    /// The keys that an input has read, in order, with their versions.
    pub(super) fn keys_read(&mut self, input: &InputRecord) -> Result<Vec<BlockEntry>, StoreError> {
        let mut all = Vec::new();
        for block in &input.blocks {
            match block {
                BlockRecord::Inline(entries) => all.extend(entries.iter().cloned()),
                BlockRecord::Stored(digest) => {
                    if !self.blocks.contains_key(digest) {
                        let entries = self.store.block(*digest)?.unwrap_or_default();
                        self.blocks.insert(*digest, entries);
                    }
                    all.extend(self.blocks[digest].iter().cloned());
                }
            }
        }
        Ok(all)
    }

    fn ranges(&mut self, input: &InputRecord) -> Result<Vec<InputRange>, StoreError> {
        let mut ranges: Vec<InputRange> = Vec::new();
        for entry in self.keys_read(input)? {
            match ranges.last_mut() {
                Some(range)
                    if self.grouping == Grouping::Ranges
                        && self.are_neighbours(input, range.last.as_ref(), &entry) =>
                {
                    range.last = entry.partition;
                    range.count += 1;
                    range.data_version = range.data_version.filter(|it| *it == entry.version);
                }
                _ => ranges.push(InputRange {
                    input: input.input.clone(),
                    first: entry.partition.clone(),
                    last: entry.partition,
                    count: 1,
                    data_version: Some(entry.version),
                }),
            }
        }
        Ok(ranges)
    }

    /// Whether nothing lies between two keys that were read one after the other, as far as they are still declared.
    fn are_neighbours(
        &self,
        input: &InputRecord,
        last: Option<&PartitionKey>,
        next: &BlockEntry,
    ) -> bool {
        let index = |key: Option<&PartitionKey>| {
            let id = self.graph.find(input.asset.as_str())?;
            self.keys
                .get(self.graph.partitions(id))
                .index_of(key?.as_str())
        };
        match (index(last), index(next.partition.as_ref())) {
            (Some(last), Some(next)) => last + 1 == next,
            _ => true,
        }
    }
}
