//! Lines of assets with very many partitions, folded into blocks.
//!
//! Which blocks are right follows from the whole project, so all of it is judged before they are written. That is done only
//! where something is folded, and a line changes that has to do with a block.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::executor::LocalExecutor;
use crate::hash::Versions;
use crate::lock::{
    FoldLimits, LockChanges, Outline, fresh_line, line_of, lock_facts, refold, stand_apart,
    stands_in_block, update,
};
use crate::look::Observing;
use crate::model::{AssetId, AssetKey, Lock, LockLine, PartitionKey, PartitionSet, RULE};
use crate::plan::{Cell, Evaluation, Purpose, Scope, Upstream};
use crate::store::Store;

/// A lock file's content after some changes, folded where it has very many lines.
pub fn updated(
    project: &OpenProject,
    versions: &Versions<'_>,
    lock: Lock,
    mut changes: LockChanges,
) -> Result<Lock, AppError> {
    let stands_apart = || {
        let outlines: Vec<Outline<'_>> = lock.assets.iter().map(Outline::of).collect();
        lock.rule == RULE && stand_apart((project.graph(), project.keys()), &outlines, &changes)
    };
    if !changes.concern_lines() || !folds(project, &lock) || stands_apart() {
        return Ok(update(lock, changes));
    }
    let mut instance = InstanceAccess::open(project)?;
    let workspace = project.workspace(versions, &LocalExecutor);
    let goals = everything(project);
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Close);
    let Ok(mut evaluation) =
        instance.evaluate(&workspace, &scope, Purpose::Status, Observing::Last)
    else {
        // What cannot be judged stays as it is, and a later run folds it.
        return Ok(update(lock, changes));
    };
    let made = changes.lines.iter();
    let made = made.map(|(asset, lines)| (asset, lines.as_slice()));
    let made: HashMap<&AssetKey, &[LockLine]> = made.collect();
    let in_block = stands_in_block(&evaluation, &lock);
    let lock = with_fresh_blocks_unfolded(&mut evaluation, &instance.store, lock, &made);
    let lock = without_dropped(&mut evaluation, lock, &changes);
    if let Some(in_block) = in_block {
        drop_lines_in_blocks(&mut changes.lines, evaluation.scope(), &in_block);
    }
    let mut new = update(lock, changes);
    let facts = lock_facts(&evaluation, &new);
    let evaluation = RefCell::new(evaluation);
    let unfold = |id: AssetId, range: Range<u32>| {
        lines_of_range(&mut evaluation.borrow_mut(), &instance.store, id, range)
    };
    refold(&mut new, &scope, &facts, &unfold, FoldLimits::default());
    Ok(new)
}

/// All partitions of all assets with lines.
pub fn everything(project: &OpenProject) -> Vec<(AssetId, PartitionSet)> {
    let graph = project.graph();
    let locked = |id: &AssetId| graph.is_locked(*id);
    let all = |id: AssetId| {
        let keys = project.keys().get(graph.partitions(id));
        (id, PartitionSet::from_range(keys.range()))
    };
    graph.ids().filter(locked).map(all).collect()
}

/// Whether there are blocks, or are to be.
fn folds(project: &OpenProject, lock: &Lock) -> bool {
    let limits = FoldLimits::default();
    let graph = project.graph();
    let mut blocks = lock.assets.iter().flat_map(|locked| &locked.blocks);
    let is_large =
        |id: AssetId| graph.is_locked(id) && limits.fold(project.keys().get(graph.partitions(id)));
    blocks.next().is_some() || graph.ids().any(is_large)
}

/// Drops lines of partitions that stand in a block that is right.
fn drop_lines_in_blocks(
    changed: &mut Vec<(AssetKey, Vec<LockLine>)>,
    scope: &Scope<'_>,
    in_block: &[bool],
) {
    for (asset, lines) in &mut *changed {
        let Some(id) = scope.graph().find(asset.as_str()) else {
            continue;
        };
        let cell_of = |key: Option<&PartitionKey>| {
            let index = key.map_or(Some(0), |key| scope.keys(id).index_of(key.as_str()))?;
            scope.cell(id, index)
        };
        lines.retain(|line| {
            let cell = cell_of(line.partition.as_ref());
            !cell.is_some_and(|cell| in_block[cell.index()])
        });
    }
    changed.retain(|(_, lines)| !lines.is_empty());
}

/// Blocks of which something was `made` and all is fresh here, as lines: what came out may be something else although
/// nothing that was read is.
fn with_fresh_blocks_unfolded(
    evaluation: &mut Evaluation<'_>,
    store: &Store,
    mut lock: Lock,
    made: &HashMap<&AssetKey, &[LockLine]>,
) -> Lock {
    let scope = evaluation.scope();
    for locked in &mut lock.assets {
        let Some(id) = scope.graph().find(locked.asset.as_str()) else {
            continue;
        };
        let keys = scope.keys(id);
        let made = made.get(&locked.asset).copied().unwrap_or_default();
        let made = made.iter().filter_map(|line| line.partition.as_ref());
        let made: BTreeSet<u32> = made.filter_map(|key| keys.index_of(key.as_str())).collect();
        let mut unfolded = Vec::new();
        locked.blocks.retain(|block| {
            let Some(range) = block.range(keys) else {
                return true;
            };
            let is_fresh = |index: u32| {
                let cell = scope.cell(id, index);
                cell.is_some_and(|cell| evaluation.is_fresh(cell))
            };
            if made.range(range.clone()).next().is_none() || !range.clone().all(is_fresh) {
                return true;
            }
            match lines_of_range(evaluation, store, id, range) {
                Some(mut lines) => {
                    unfolded.append(&mut lines);
                    false
                }
                None => true,
            }
        });
        if !unfolded.is_empty() {
            let new: HashSet<_> = unfolded.iter().map(|line| line.partition.clone()).collect();
            locked.lines.retain(|line| !new.contains(&line.partition));
            locked.lines.append(&mut unfolded);
        }
    }
    lock
}

/// Adds lines for those partitions of dropped blocks that do not go themselves and are fresh here.
fn without_dropped(evaluation: &mut Evaluation<'_>, mut lock: Lock, changes: &LockChanges) -> Lock {
    let scope = evaluation.scope();
    let dropped_lines = changes.dropped_lines.iter();
    let dropped_lines: HashMap<_, _> = dropped_lines.map(|(of, lines)| (of, lines)).collect();
    let assets = lock.assets.iter_mut();
    let mut assets: HashMap<_, _> = assets.map(|it| (it.asset.clone(), it)).collect();
    for (asset, blocks) in &changes.dropped_blocks {
        let (Some(id), Some(partitions), Some(locked)) = (
            scope.graph().find(asset.as_str()),
            dropped_lines.get(asset),
            assets.get_mut(asset),
        ) else {
            continue;
        };
        let keys = scope.keys(id);
        let dropped = partitions.iter().flatten();
        let dropped: PartitionSet = dropped
            .filter_map(|key| keys.index_of(key.as_str()))
            .collect();
        let ranges = blocks.iter().filter_map(|block| block.range(keys));
        let met = PartitionSet::from_ranges(ranges.filter(|range| dropped.meets(range)));
        let declared = scope.graph().asset(id);
        for index in met.difference(&dropped).iter() {
            if let (Some(declared), Some(cell)) = (declared, scope.cell(id, index))
                && evaluation.is_fresh(cell)
            {
                locked.lines.extend(fresh_line(evaluation, declared, cell));
            }
        }
    }
    lock
}

/// The lines of a range of partitions; `None` if one of them is not recorded here.
fn lines_of_range(
    evaluation: &mut Evaluation<'_>,
    store: &Store,
    id: AssetId,
    range: Range<u32>,
) -> Option<Vec<LockLine>> {
    let scope = evaluation.scope();
    let asset = scope.graph().asset(id)?;
    range
        .map(|index| {
            let cell: Cell = scope.cell(id, index)?;
            if evaluation.is_fresh(cell) {
                return fresh_line(evaluation, asset, cell);
            }
            let last = evaluation.recorded(cell)?;
            if last.rule != RULE {
                return None;
            }
            let made = store.materialization(last.provenance.recorded()?).ok()??;
            Some(line_of(asset, &made))
        })
        .collect()
}
