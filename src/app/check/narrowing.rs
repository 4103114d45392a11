//! What of a selection a check is about: what has lines, and with `--since` what a change touches.
//!
//! A change touches what it can touch by `affected`, and what other lines of the lock file stand for now, with all that
//! reads it: a line that was edited by hand is no file that anything reads.

use std::collections::{HashMap, HashSet};

use crate::app::affected::{TouchedSets, downstream, touched};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::app::selection::Goals;
use crate::model::{
    AssetId, AssetKey, Changes, CheckOptions, DeclaredPartitions, Lock, LockBlock, LockLine,
    LockedAsset, LockedSource, Name, PartitionKey, PartitionKeys, PartitionSet,
    PartitionsDefinition,
};
use crate::sys::inherited::temporary_folder;

/// The goals of a check.
pub(super) fn narrowed(
    project: &OpenProject,
    lock: &Lock,
    request: &CheckOptions,
    mut goals: Goals,
) -> Result<Goals, AppError> {
    goals.retain(|(id, _)| project.graph().is_locked(*id));
    let Some(revision) = &request.since else {
        return Ok(goals);
    };
    let touched = touched_since(project, revision, lock)?;
    for (id, set) in &mut goals {
        let touched = touched.get(id).cloned();
        *set = set.intersection(&touched.unwrap_or_default());
    }
    goals.retain(|(_, set)| !set.is_empty());
    Ok(goals)
}

/// What the changes of files since a revision touch, and those of the lock file.
pub(super) fn touched_since(
    project: &OpenProject,
    revision: &str,
    lock: &Lock,
) -> Result<TouchedSets, AppError> {
    let mut all = touched(project, &Changes::Since(revision.to_owned()))?.all;
    for (id, set) in touched_by_lines(project, &lock_at(project, revision)?, lock) {
        let known = all.remove(&id).unwrap_or_default();
        all.insert(id, known.union(&set));
    }
    Ok(all)
}

/// The lock file as it was; an empty one where there was none, or none that can be read.
fn lock_at(project: &OpenProject, revision: &str) -> Result<Lock, AppError> {
    let repository = project.repository()?;
    let commit = repository.commit(revision)?;
    let mut files = repository.files_at(&commit)?;
    let place = project.lock_place();
    files.retain(|file| file.path == place.path());
    let temporary = temporary_folder(project.environment());
    let unwritable = |source| AppError::Unwritable {
        path: temporary.display().to_string(),
        source,
    };
    let folder = tempfile::tempdir_in(&temporary).map_err(unwritable)?;
    repository.write_out(&files, folder.path())?;
    let parsed = place.of_copy(folder.path()).read().ok().flatten();
    Ok(parsed.map(|parsed| parsed.lock).unwrap_or_default())
}

/// What other lines stand for than before, and all that reads it.
fn touched_by_lines(project: &OpenProject, before: &Lock, now: &Lock) -> TouchedSets {
    let graph = project.graph();
    let mut seeds = touched_sources(project, before, now);
    seeds.extend(touched_by_keys(project, before, now));
    let by_key = |lock: &'_ Lock| -> HashMap<AssetKey, LockedAsset> {
        let locked = lock.assets.iter();
        locked.map(|it| (it.asset.clone(), it.clone())).collect()
    };
    let (before, now) = (by_key(before), by_key(now));
    for id in graph.ids().filter(|id| !graph.is_source(*id)) {
        let keys = project.keys().get(graph.partitions(id));
        let (before, now) = (before.get(graph.key(id)), now.get(graph.key(id)));
        if before == now {
            continue;
        }
        let (before, now) = (Lines::of(before), Lines::of(now));
        let set = PartitionSet::union_of([before.unlike(&now, keys), now.unlike(&before, keys)]);
        if !set.is_empty() {
            let known = seeds.remove(&id).unwrap_or_default();
            seeds.insert(id, known.union(&set));
        }
    }
    downstream(
        graph,
        |id| project.keys().get(graph.partitions(id)),
        &seeds,
        |_| true,
    )
}

/// Sources with other lines than before.
fn touched_sources(project: &OpenProject, before: &Lock, now: &Lock) -> TouchedSets {
    let graph = project.graph();
    let mut touched: HashMap<AssetId, Vec<u32>> = HashMap::new();
    for (lines, others) in [(&before.sources, now), (&now.sources, before)] {
        let others: HashSet<&LockedSource> = others.sources.iter().collect();
        for line in lines.iter().filter(|line| !others.contains(line)) {
            let Some(id) = graph.find(line.source.as_str()) else {
                continue;
            };
            let keys = project.keys().get(graph.partitions(id));
            let index = match &line.partition {
                Some(key) => keys.index_of(key.as_str()),
                None => (!keys.is_partitioned()).then_some(0),
            };
            touched.entry(id).or_default().extend(index);
        }
    }
    let set = |(id, mut indexes): (AssetId, Vec<u32>)| {
        indexes.sort_unstable();
        (id, indexes.into_iter().collect())
    };
    touched.into_iter().map(set).collect()
}

/// What is partitioned by a dynamic definition that has other keys than before, with all of its keys.
fn touched_by_keys(project: &OpenProject, before: &Lock, now: &Lock) -> TouchedSets {
    let graph = project.graph();
    let of = |lock: &Lock, name: &Name| -> Vec<PartitionKey> {
        let added = lock.added.iter().filter(|it| it.definition == *name);
        added.map(|it| it.key.clone()).collect()
    };
    let added = before.added.iter().chain(&now.added);
    let changed: HashSet<&Name> = added
        .map(|it| &it.definition)
        .filter(|name| of(before, name) != of(now, name))
        .collect();
    let definitions = graph.definitions();
    let is_named = |declared: &DeclaredPartitions| {
        let name = declared.name.as_ref();
        name.is_some_and(|name| changed.contains(name))
    };
    let is_changed = |declared: &DeclaredPartitions| match &declared.definition {
        PartitionsDefinition::Multi(dimensions) => {
            let mut dimensions = dimensions.iter();
            dimensions.any(|it| is_named(&definitions[it.definition.0 as usize]))
        }
        _ => is_named(declared),
    };
    let ids = graph.ids();
    ids.filter(|id| graph.definition(*id).is_some_and(is_changed))
        .map(|id| {
            let keys = project.keys().get(graph.partitions(id));
            (id, PartitionSet::from_range(keys.range()))
        })
        .collect()
}

/// The lines of an asset, by partition.
struct Lines<'a> {
    lines: HashMap<Option<&'a PartitionKey>, Vec<&'a LockLine>>,
    blocks: &'a [LockBlock],
}

impl<'a> Lines<'a> {
    fn of(locked: Option<&'a LockedAsset>) -> Self {
        let mut lines: HashMap<_, Vec<_>> = HashMap::new();
        for line in locked.into_iter().flat_map(|it| &it.lines) {
            lines.entry(line.partition.as_ref()).or_default().push(line);
        }
        Self {
            lines,
            blocks: locked.map_or(&[], |it| &it.blocks),
        }
    }

    /// The partitions of lines and blocks that the others do not have.
    fn unlike(&self, others: &Self, keys: &PartitionKeys) -> PartitionSet {
        let mut indexes = Vec::new();
        for (partition, lines) in &self.lines {
            let others = others.lines.get(partition);
            let has = |line: &&LockLine| others.is_some_and(|others| others.contains(line));
            if !lines.iter().all(has) {
                indexes.extend(match partition {
                    Some(key) => keys.index_of(key.as_str()),
                    None => (!keys.is_partitioned()).then_some(0),
                });
            }
        }
        indexes.sort_unstable();
        let lines: PartitionSet = indexes.into_iter().collect();
        let blocks = self.blocks.iter().filter(|it| !others.blocks.contains(it));
        let range = |block: &LockBlock| {
            let first = keys.index_of(block.first.as_str())?;
            let last = keys.index_of(block.last.as_str())?;
            (first <= last).then(|| PartitionSet::from_range(first..last + 1))
        };
        PartitionSet::union_of(blocks.filter_map(range).chain([lines]))
    }
}
