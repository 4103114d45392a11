//! What of a selection a check is about: what has lines, and with `--since` what a change touches.
//!
//! A change touches what it can touch by `affected`, and what other lines of the lock file stand for now, with all that
//! reads it: a line that was edited by hand is no file that anything reads.

use std::collections::HashMap;

use crate::app::affected::{TouchedSets, downstream, touched};
use crate::app::error::AppError;
use crate::app::project::Project;
use crate::app::selection::Goals;
use crate::git::Repository;
use crate::lockfile;
use crate::model::{
    Asset, AssetKey, Changes, CheckRequest, Lock, LockBlock, LockLine, LockedAsset, PartitionKey,
    PartitionKeys, PartitionSet,
};

/// The goals of a check.
pub(super) fn narrowed(
    project: &Project,
    lock: &Lock,
    request: &CheckRequest,
    mut goals: Goals,
) -> Result<Goals, AppError> {
    goals.retain(|(id, _)| project.graph().asset(*id).is_some_and(Asset::is_locked));
    let Some(revision) = &request.since else {
        return Ok(goals);
    };
    let by_files = touched(project, &Changes::Since(revision.clone()))?.all;
    let by_lines = touched_by_lines(project, &lock_at(project, revision)?, lock);
    for (id, set) in &mut goals {
        let touched = [&by_files, &by_lines];
        let touched = touched.iter().filter_map(|sets| sets.get(id).cloned());
        *set = set.intersection(&PartitionSet::union_of(touched));
    }
    goals.retain(|(_, set)| !set.is_empty());
    Ok(goals)
}

/// The lock file as it was; an empty one where there was none, or none that can be read.
fn lock_at(project: &Project, revision: &str) -> Result<Lock, AppError> {
    let repository = Repository::open(project.root(), project.environment())?;
    let commit = repository.commit(revision)?;
    let mut files = repository.files_at(&commit)?;
    files.retain(|file| file.path == lockfile::FILE_NAME);
    let unwritable = |source| AppError::Unwritable {
        path: std::env::temp_dir().display().to_string(),
        source,
    };
    let folder = tempfile::tempdir().map_err(unwritable)?;
    repository.write_out(&files, folder.path())?;
    let parsed = lockfile::read(folder.path()).ok().flatten();
    Ok(parsed.map(|parsed| parsed.lock).unwrap_or_default())
}

/// What other lines stand for than before, and all that reads it.
fn touched_by_lines(project: &Project, before: &Lock, now: &Lock) -> TouchedSets {
    let graph = project.graph();
    let by_key = |lock: &'_ Lock| -> HashMap<AssetKey, LockedAsset> {
        let locked = lock.assets.iter();
        locked.map(|it| (it.asset.clone(), it.clone())).collect()
    };
    let (before, now) = (by_key(before), by_key(now));
    let mut seeds = TouchedSets::new();
    for id in graph.ids().filter(|id| graph.asset(*id).is_some()) {
        let keys = project.keys().of(graph.get(id));
        let (before, now) = (before.get(graph.key(id)), now.get(graph.key(id)));
        if before == now {
            continue;
        }
        let (before, now) = (Lines::of(before), Lines::of(now));
        let set = PartitionSet::union_of([before.unlike(&now, keys), now.unlike(&before, keys)]);
        if !set.is_empty() {
            seeds.insert(id, set);
        }
    }
    downstream(
        graph,
        |id| project.keys().of(graph.get(id)),
        &seeds,
        |_| true,
    )
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
