//! Which lines of what is fresh stay as they are, and which go because inputs changed.

use std::collections::HashSet;

use crate::lock::{Changes, LinesOfCells, is_fresh, is_unsettled, right_cells, was_made_now};
use crate::model::{Lock, PartitionKey};
use crate::plan::{Cell, Evaluation, Role};

/// Of the cells whose `lines` differ from what is locked those whose locked line stays, because it is right. What was made
/// now gets its line, and so does all that it was made of, and all that reads what changes by this: the lines of a file
/// have to fit together.
pub fn staying(evaluation: &Evaluation<'_>, lock: &Lock, lines: &[LinesOfCells]) -> HashSet<Cell> {
    let scope = evaluation.scope();
    let differing: HashSet<Cell> = lines
        .iter()
        .flat_map(|(_, lines)| lines.iter().map(|(cell, _)| *cell))
        .collect();
    let mut old = HashSet::new();
    for (asset, lines) in lines {
        let locked = lock.asset(asset).into_iter().flat_map(|it| &it.lines);
        let locked: HashSet<Option<&PartitionKey>> =
            locked.map(|line| line.partition.as_ref()).collect();
        let lines = lines.iter();
        let known = lines.filter(|(_, line)| locked.contains(&line.partition.as_ref()));
        old.extend(known.map(|(cell, _)| *cell));
    }
    let is_old = |cell: &Cell| old.contains(cell) && !was_made_now(evaluation, *cell);
    if !differing.iter().any(is_old) {
        return HashSet::new();
    }
    let right = right_cells(evaluation, lock);
    let mut staying: HashSet<Cell> = differing.iter().copied().filter(is_old).collect();
    staying.retain(|cell| right[cell.index()]);
    let mut replaced: Vec<Cell> = Vec::new();
    for cell in scope.asset_rows().flat_map(|(row, _)| row.cells()) {
        let is_judged = scope.role(cell) != Role::Given && is_fresh(evaluation, cell);
        if is_judged
            && !staying.contains(&cell)
            && (differing.contains(&cell) || !right[cell.index()])
        {
            replaced.push(cell);
        }
    }
    while let Some(cell) = replaced.pop() {
        let mut replace = |other: Cell| {
            if staying.remove(&other) {
                replaced.push(other);
            }
        };
        scope.upstream_cells_of(cell, |_| true, &mut replace);
        if differing.contains(&cell) {
            scope.downstream_cells(cell, &mut replace);
        }
    }
    staying
}

/// Lets go what says that asset partitions are fresh whose inputs changed while their commands ran. What stands in a block
/// with one of them gets lines of its own.
pub fn unsettled_lines(
    evaluation: &Evaluation<'_>,
    lock: &Lock,
    mut in_block: Option<&mut [bool]>,
) -> Changes {
    let scope = evaluation.scope();
    let mut changes = Changes::default();
    for row in scope.rows() {
        let cells = row.cells().filter(|cell| is_unsettled(evaluation, *cell));
        let cells: Vec<Cell> = cells.collect();
        let Some(locked) = lock.asset(scope.graph().key(row.asset)) else {
            continue;
        };
        if cells.is_empty() {
            continue;
        }
        let keys: HashSet<_> = cells.iter().map(|cell| scope.partition(*cell)).collect();
        let lines = locked.lines.iter().map(|line| &line.partition);
        let lines = lines.filter(|key| keys.contains(key)).cloned();
        changes.drop_lines(&locked.asset, lines.collect());
        let all = scope.keys(row.asset);
        let mut gone = Vec::new();
        for block in &locked.blocks {
            let Some(range) = block.range(all) else {
                continue;
            };
            if !cells
                .iter()
                .any(|cell| range.contains(&row.index_of(*cell)))
            {
                continue;
            }
            gone.push(block.clone());
            let stand = row
                .cells()
                .filter(|cell| range.contains(&row.index_of(*cell)));
            if let Some(in_block) = &mut in_block {
                stand.for_each(|cell| in_block[cell.index()] = false);
            }
        }
        changes.drop_blocks(&locked.asset, gone);
    }
    changes
}
