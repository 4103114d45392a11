//! Which lines of a lock file are right, judged by what an evaluation has found.

use std::collections::HashMap;

use crate::lock::{LockFacts, LockJudge};
use crate::model::{AssetKey, Lock, PartitionKey};
use crate::plan::{Cell, Evaluation, Known, Scope};

/// By cell, whether its line, or that of its block, is right.
pub fn right_cells(evaluation: &Evaluation<'_>, lock: &Lock) -> Vec<bool> {
    let scope = evaluation.scope();
    let mut judge = LockJudge::new(scope, lock, lock_facts(evaluation, lock));
    // Of several right lines that one counts which is what the instance knows.
    judge.judge_lines(&|cell, line| {
        let last = evaluation.recorded(cell);
        last.is_some_and(|last| {
            let outputs = 0..last.outputs.len();
            let versions = outputs.map(|output| line.version(output));
            versions.eq(last.outputs.iter().copied().map(Some))
        })
    });
    let cells = (0..scope.cells()).map(Cell);
    cells.map(|cell| judge.is_right(cell)).collect()
}

/// By cell, whether it stands in a block that is right, and has no line of its own; `None` where none
/// can.
pub fn stands_in_block(evaluation: &Evaluation<'_>, lock: &Lock) -> Option<Vec<bool>> {
    let scope = evaluation.scope();
    if !has_blocks(scope, lock) {
        return None;
    }
    let mut judge = LockJudge::new(scope, lock, lock_facts(evaluation, lock));
    judge.judge_lines(&|_, _| false);
    let cells = (0..scope.cells()).map(Cell);
    let stands = cells.map(|cell| {
        let is_asset = scope.graph().asset(scope.at(cell).0).is_some();
        is_asset && judge.is_right(cell) && judge.block(cell).is_some()
    });
    Some(stands.collect())
}

/// What an evaluation has found, with what the lock file says of sources that are not here.
pub fn lock_facts(evaluation: &Evaluation<'_>, lock: &Lock) -> LockFacts {
    let scope = evaluation.scope();
    let mut versions = evaluation.facts().versions.clone();
    if !lock.sources.is_empty() {
        let locked: HashMap<(&AssetKey, Option<&PartitionKey>), _> = lock
            .sources
            .iter()
            .map(|line| ((&line.source, line.partition.as_ref()), line.version))
            .collect();
        for (row, source) in scope.source_rows() {
            for cell in row.cells() {
                let slot = row.versions_of(cell).start;
                if let Known::Version(_) = versions[slot] {
                    continue;
                }
                let partition = scope.partition(cell);
                let version = locked.get(&(&source.key, partition.as_ref()));
                versions[slot] = version.map_or(versions[slot], |it| Known::Version(*it));
            }
        }
    }
    LockFacts {
        code: evaluation.facts().code.clone(),
        versions,
    }
}

/// Whether partitions of a scope may stand in blocks.
fn has_blocks(scope: &Scope<'_>, lock: &Lock) -> bool {
    lock.assets.iter().any(|locked| {
        let mut blocks = locked.blocks.iter();
        blocks.any(|it| is_met(scope, &locked.asset, it.first.as_str(), it.last.as_str()))
    })
}

/// Whether a scope has partitions from one key to another.
pub fn is_met(scope: &Scope<'_>, asset: &AssetKey, first: &str, last: &str) -> bool {
    let id = scope.graph().find(asset.as_str());
    let Some(row) = id.and_then(|id| scope.row(id)) else {
        return false;
    };
    let keys = scope.keys(row.asset);
    let ends = keys.index_of(first).zip(keys.index_of(last));
    ends.is_some_and(|(first, last)| first <= last && row.set.meets(&(first..last + 1)))
}
