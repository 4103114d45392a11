//! What a run leaves in the lock file: the lines of all that is fresh now.
//!
//! A line that is right stays, also where the instance has another result of the same: it is replaced only by the run that
//! makes an output. Else two results of a command that is not reproducible would push each other out of the file with each
//! switch of branches.

use std::collections::HashSet;

use crate::app::error::AppError;
use crate::app::lock::file::LockFile;
use crate::app::lock::keys::key_changes;
use crate::app::lock::lines::{
    LinesOfCells, fresh_lines, is_fresh, is_unsettled, was_made_now, without_cells,
};
use crate::app::lock::right::{right_cells, stands_in_block};
use crate::app::lock::sources::{Look, source_changes};
use crate::app::lock::update::Changes;
use crate::app::project::Project;
use crate::hash::Versions;
use crate::model::{KeysByDefinition, Lock, LockBlock, PartitionKey};
use crate::plan::{Cell, Evaluation, Role};

/// Brings the lines of all fresh cells of an evaluation up to date, with the sources and the `keys` that they need. Lines
/// of what is not fresh stay as they are, unless it was made just now of inputs that changed meanwhile. Nothing is written where
/// all lines say already what was found.
pub fn lock_fresh(
    project: &Project,
    versions: &Versions<'_>,
    evaluation: &mut Evaluation<'_>,
    keys: &KeysByDefinition,
    file: LockFile,
) -> Result<(), AppError> {
    let part = file.part_about(evaluation.scope(), &|_| true);
    let lock = part.as_ref().unwrap_or_else(|| file.lock());
    let mut in_block = stands_in_block(evaluation, lock);
    let mut changes = unsettled_lines(evaluation, lock, in_block.as_deref_mut());
    let mut lines = fresh_lines(evaluation, lock, in_block.as_deref(), |_| true);
    let staying = staying(evaluation, lock, &lines);
    for (_, lines) in &mut lines {
        lines.retain(|(cell, _)| !staying.contains(cell));
    }
    lines.retain(|(_, lines)| !lines.is_empty());
    changes.lines = without_cells(lines);
    changes.append(key_changes(project.graph(), keys, lock));
    let look = if changes.is_empty() {
        Look::Known
    } else {
        Look::All
    };
    changes.append(source_changes(project, evaluation, lock, look));
    file.change(project, versions, &changes)?;
    Ok(())
}

/// Of the cells whose `lines` differ from what is locked those whose locked line stays, because it is right. What was made
/// now gets its line, and so does all that it was made of, and all that reads what changes by this: the lines of a file
/// have to fit together.
fn staying(evaluation: &Evaluation<'_>, lock: &Lock, lines: &[LinesOfCells]) -> HashSet<Cell> {
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
fn unsettled_lines(
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
        let index = |key: &PartitionKey| all.index_of(key.as_str());
        let range = |block: &LockBlock| Some(index(&block.first)?..=index(&block.last)?);
        let mut gone = Vec::new();
        for block in &locked.blocks {
            let Some(range) = range(block) else {
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
