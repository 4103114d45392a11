//! `wipe`: forget what was materialized, and remove outputs where that is asked for.

use std::collections::{HashMap, HashSet};

use crate::answer::{AffectedReport, KeyRange};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::LockFile;
use crate::app::neighbours::key_ranges;
use crate::app::notice::{LeftOutputs, Notice, WhyLeft};
use crate::app::project::OpenProject;
use crate::app::running::{refuse_in_memory, refuse_running};
use crate::app::selection::matching;
use crate::app::selection::{Range, select};
use crate::app::size::size_on_disk;
use crate::lock::LockChanges;
use crate::look::begun_at;
use crate::model::{AssetId, Lock, LockBlock, LockLine, PartitionRef, PartitionSet, WipeRequest};
use crate::plan::{Scope, Upstream};
use crate::store::{AssetPartition, Store, StoreError};
use crate::sys::file::remove_tree;

/// Forgets the records of what is selected, and its lines in the lock file, so that it was never materialized; history
/// stays.
///
/// Outputs stay on disk unless their removal is asked for. Those of an external asset always stay: nothing here could
/// make them again. Records go first, so that a crash in between leaves nothing fresh that is not there.
pub fn wipe(
    project: &OpenProject,
    request: &WipeRequest,
) -> Result<(AffectedReport, Vec<Notice>), AppError> {
    refuse_in_memory(project)?;
    let selection = select(project, &request.selection, Range::Assets)?;
    let mut instance = InstanceAccess::open(project)?;
    let goals = selection.narrowed(project, &mut instance)?;
    let recorded = instance.read(|store| matching(project, store, &goals, |it| it.is_some()))?;
    let lock = LockFile::read(project)?;
    let locked = locked(project, lock.lock(), &goals);
    let outputs = if request.outputs {
        let found = outputs(project, &goals);
        let known = united(&goals, &recorded, &locked);
        let made =
            instance.read(|store| made(project, store, &found, &outputs(project, &known)))?;
        let (made, foreign): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|path| made.contains(path));
        let (inside, outside) = apart(project, made);
        let left = LeftOutputs::of(foreign, WhyLeft::NotMade);
        let left = left
            .into_iter()
            .chain(LeftOutputs::of(outside, WhyLeft::Outside));
        instance.take_notices(left.map(Notice::LeftOutputs).collect());
        inside
    } else {
        Vec::new()
    };
    let bytes = outputs
        .iter()
        .map(|path| size_on_disk(&project.root().join(path)));
    let report = AffectedReport {
        affected: ranges(project, &united(&goals, &recorded, &locked)),
        bytes: bytes.sum(),
        files: outputs,
        dry_run: request.dry_run,
    };
    if !request.dry_run {
        refuse_running(project, &mut instance, &goals)?;
        if !recorded.is_empty() {
            instance.make_writable(project)?;
            instance.store.forget(&partitions(project, &recorded))?;
        }
        if !locked.is_empty() {
            instance.take_notices(lock.notices());
            let dropped = dropped(project, lock.lock(), &locked);
            lock.change(project, &project.versions()?, dropped)?;
        }
        for path in &report.files {
            let file = project.root().join(path);
            remove_tree(&file).map_err(|source| AppError::Unwritable {
                path: path.clone(),
                source,
            })?;
        }
    }
    Ok((report, instance.notices))
}

/// What has a line in the lock file, or stands in one with others.
fn locked(
    project: &OpenProject,
    lock: &Lock,
    goals: &[(AssetId, PartitionSet)],
) -> Vec<(AssetId, PartitionSet)> {
    let graph = project.graph();
    let by_asset = lock.by_asset();
    let of = |(id, set): &(AssetId, PartitionSet)| {
        let keys = project.keys().get(graph.partitions(*id));
        let locked = by_asset.get(graph.key(*id))?;
        let index = |line: &LockLine| match &line.partition {
            Some(key) => keys.index_of(key.as_str()),
            None => Some(0),
        };
        let single: PartitionSet = locked.lines.iter().filter_map(index).collect();
        let blocks = locked.blocks.iter().filter_map(|block| block.range(keys));
        let locked = single.union(&PartitionSet::from_ranges(blocks));
        let locked = locked.intersection(set);
        (!locked.is_empty()).then_some((*id, locked))
    };
    goals.iter().filter_map(of).collect()
}

/// Both kinds of sets of each asset as one, in the order of `goals`.
fn united(
    goals: &[(AssetId, PartitionSet)],
    recorded: &[(AssetId, PartitionSet)],
    locked: &[(AssetId, PartitionSet)],
) -> Vec<(AssetId, PartitionSet)> {
    let mut sets: HashMap<AssetId, PartitionSet> = HashMap::new();
    for (id, set) in recorded.iter().chain(locked) {
        let known = sets.entry(*id).or_insert_with(PartitionSet::empty);
        *known = known.union(set);
    }
    let of = |(id, _): &(AssetId, PartitionSet)| {
        let set = sets.get(id).cloned();
        (*id, set.unwrap_or_else(PartitionSet::empty))
    };
    goals.iter().map(of).collect()
}

/// Lets lines go. Of a block in which some stand no more is left than is known here of the others.
fn dropped(project: &OpenProject, lock: &Lock, locked: &[(AssetId, PartitionSet)]) -> LockChanges {
    let graph = project.graph();
    let by_asset = lock.by_asset();
    let mut changes = LockChanges::default();
    for (id, set) in locked {
        let (asset, keys) = (graph.key(*id), project.keys().get(graph.partitions(*id)));
        let partitions = set.iter().map(|index| keys.key(index)).collect();
        changes.drop_lines(asset, partitions);
        let blocks = by_asset.get(asset).map_or(&[][..], |locked| &locked.blocks);
        let is_met = |block: &&LockBlock| block.range(keys).is_some_and(|it| set.meets(&it));
        changes.drop_blocks(asset, blocks.iter().filter(is_met).cloned().collect());
    }
    changes
}

fn ranges(project: &OpenProject, sets: &[(AssetId, PartitionSet)]) -> Vec<KeyRange> {
    let scope = Scope::new(project.graph(), project.keys(), &[], Upstream::Given);
    let ranges = |(id, set): &(AssetId, PartitionSet)| key_ranges(&scope, *id, set);
    sets.iter().flat_map(ranges).collect()
}

fn partitions(project: &OpenProject, sets: &[(AssetId, PartitionSet)]) -> Vec<AssetPartition> {
    let graph = project.graph();
    let of = |(id, set): &(AssetId, PartitionSet)| {
        let (asset, keys) = (graph.key(*id), project.keys().get(graph.partitions(*id)));
        set.iter()
            .map(|index| AssetPartition::at(asset, keys, index))
            .collect::<Vec<_>>()
    };
    sets.iter().flat_map(of).collect()
}

/// The outputs on disk that a command can make again, sorted.
fn outputs(project: &OpenProject, goals: &[(AssetId, PartitionSet)]) -> Vec<String> {
    let graph = project.graph();
    let mut paths = Vec::new();
    for (id, set) in goals {
        let made = graph.asset(*id).filter(|asset| asset.recipe.is_some());
        let Some(asset) = made else { continue };
        let keys = project.keys().get(graph.partitions(*id));
        for index in set.iter() {
            let partition = PartitionRef { keys, index };
            let outputs = asset.outputs.iter();
            paths.extend(outputs.map(|output| output.path.path(partition).into_owned()));
        }
    }
    paths.retain(|path| project.root().join(path).symlink_metadata().is_ok());
    paths.sort_unstable();
    paths
}

/// Those of `outputs` that a step has made or begun: those of what is recorded or locked, which are `known`, and what history tells.
fn made(
    project: &OpenProject,
    store: &Store,
    outputs: &[String],
    known: &[String],
) -> Result<HashSet<String>, StoreError> {
    let mut made: HashSet<String> = known.iter().cloned().collect();
    let unknown = outputs.iter().filter(|path| !made.contains(*path));
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    if !unknown.is_empty() {
        let recorded = store.made_at(&unknown.iter().copied().collect())?;
        let begun = begun_at(project.root(), &unknown);
        made.extend(recorded.into_keys().chain(begun).map(str::to_owned));
    }
    Ok(made)
}

/// The outputs that lie in the project, and those to which a link leads out of it.
fn apart(project: &OpenProject, outputs: Vec<String>) -> (Vec<String>, Vec<String>) {
    let root = project.root().canonicalize().ok();
    let mut folders: HashMap<String, bool> = HashMap::new();
    let mut is_inside = |path: &String| {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(is_inside) = folders.get(folder) {
            return *is_inside;
        }
        let real = project.root().join(folder).canonicalize().ok();
        let is_inside = real
            .zip(root.as_ref())
            .is_some_and(|(real, root)| real.starts_with(root));
        folders.insert(folder.to_owned(), is_inside);
        is_inside
    };
    outputs.into_iter().partition(&mut is_inside)
}
