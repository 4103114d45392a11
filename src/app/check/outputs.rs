//! Outputs that are here are what the lock file says.
//!
//! Only those of right lines are looked at: what is stale is to be made again, whatever is there. Of a folded block the
//! lock file has no more than a digest, so it is compared where all of its files are here.

use std::collections::BTreeMap;

use crate::answer::WhyUnverifiable;
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::lock::LockJudge;
use crate::look::{BlockOutput, ChangedOutputs, Elsewhere, Workspace, find_outputs_unlike};
use crate::model::{
    Asset, CheckedOutputs, DataVersion, DataVersionRule, LockBlock, LockLine, LockedOutput, Output,
    OutputChange,
};
use crate::plan::{Cell, Row, Scope};

/// Outputs that are not what is locked.
pub(super) fn find_changed(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    judge: &LockJudge<'_>,
    asked: CheckedOutputs,
) -> Result<ChangedOutputs, AppError> {
    if asked == CheckedOutputs::Ignored {
        return Ok(ChangedOutputs::new());
    }
    let expected = |row: &Row, cell: Cell, output: usize| {
        if !judge.is_right(cell) {
            return None;
        }
        let asset = scope.graph().asset(row.asset)?;
        let line = judge.line(cell)?;
        let locked = locked_as(&line.outputs, asset, output)?;
        Some(locked.version.unwrap_or(DataVersion(line.fingerprint.0)))
    };
    let mut changed = find_outputs_unlike(workspace, scope, expected)?;
    for (row, asset) in scope.asset_rows() {
        changed.extend(changed_in_blocks(workspace, scope, judge, row, asset)?);
    }
    if asked == CheckedOutputs::Matching {
        for changes in changed.values_mut() {
            changes.retain(|(_, change)| *change != OutputChange::Missing);
        }
        changed.retain(|_, changes| !changes.is_empty());
    }
    Ok(changed)
}

/// Whether all outputs of a partition are here and just what a line says.
pub(super) fn is_on_disk(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    cell: Cell,
    line: &LockLine,
) -> bool {
    let (id, partition) = scope.at(cell);
    let Some(asset) = scope.graph().asset(id) else {
        return false;
    };
    let mut outputs = asset.outputs.iter().enumerate();
    outputs.all(|(at, output)| {
        let path = output.path.path(partition);
        let found = workspace.versions.of_path(&path);
        let found = found.ok().and_then(|found| found.version());
        match locked_as(&line.outputs, asset, at) {
            Some(locked) => match locked.version {
                Some(version) => found == Some(version),
                None => found.is_some(),
            },
            None => false,
        }
    })
}

/// What the instance knows of outputs that are here and whose version is not their content.
#[derive(Default)]
pub(super) struct Recorded {
    /// It knows nothing of these, with the first output of each.
    pub unknown: BTreeMap<Cell, Elsewhere>,
    /// It has recorded another materialization of these than what is locked.
    pub otherwise: ChangedOutputs,
}

/// Asks the instance about those of the `fresh` cells that are here and whose version is not their content.
pub(super) fn records_of(
    project: &OpenProject,
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    judge: &LockJudge<'_>,
    fresh: &dyn Fn(Cell) -> bool,
) -> Result<Recorded, AppError> {
    let mut recorded = Recorded::default();
    let mut instance = None;
    let rows = scope.asset_rows();
    for (row, asset) in rows.filter(|(_, it)| it.data_version != DataVersionRule::Content) {
        let path = |cell: Cell, output: &Output| output.path.path(scope.at(cell).1).into_owned();
        let is_here = |cell: &Cell| {
            let mut outputs = asset.outputs.iter();
            outputs.all(|it| workspace.resolve(&path(*cell, it)).exists())
        };
        let cells: Vec<Cell> = row.cells().filter(|cell| fresh(*cell)).collect();
        let cells: Vec<Cell> = cells.into_iter().filter(is_here).collect();
        if cells.is_empty() {
            continue;
        }
        let instance = match &instance {
            Some(instance) => instance,
            None => instance.insert(InstanceAccess::open(project)?),
        };
        let set = cells.iter().map(|cell| row.index_of(*cell)).collect();
        let keys = scope.keys(row.asset);
        let known = instance.store.current_of(&asset.key, keys, &set)?;
        for (at, cell) in cells.into_iter().enumerate() {
            let line = judge.line(cell);
            match (known.materialized(at), line) {
                (Some(last), Some(line)) if last.fingerprint == line.fingerprint => {}
                (Some(last), Some(line)) => {
                    let old = DataVersion(line.fingerprint.0);
                    let new = DataVersion(last.fingerprint.0);
                    let (old, new) = (Some(old), Some(new));
                    let change = OutputChange::Altered { old, new };
                    recorded.otherwise.insert(cell, vec![(0, change)]);
                }
                // A block has no line of its own for each.
                (Some(_), None) => {}
                (None, _) => {
                    let why = WhyUnverifiable::NoRecord;
                    let first = asset.outputs.first();
                    let path = first.map_or_else(String::new, |it| path(cell, it));
                    recorded.unknown.insert(cell, Elsewhere { why, path });
                }
            }
        }
    }
    Ok(recorded)
}

/// What is locked of an output, found by its label.
fn locked_as<'l>(
    locked: &'l [LockedOutput],
    asset: &Asset,
    output: usize,
) -> Option<&'l LockedOutput> {
    let label = asset.output_label(output);
    let mut locked = locked.iter();
    locked.find(|it| it.label.as_deref() == label.as_deref())
}

/// Outputs in folded blocks that are right.
fn changed_in_blocks(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    judge: &LockJudge<'_>,
    row: &Row,
    asset: &Asset,
) -> Result<ChangedOutputs, AppError> {
    let mut changed = ChangedOutputs::new();
    let mut cells = row.cells();
    while let Some(cell) = cells.next() {
        let Some((block, range)) = judge.block(cell) else {
            continue;
        };
        let mut members = vec![cell];
        for next in cells.by_ref() {
            members.push(next);
            if row.index_of(next) + 1 >= range.end {
                break;
            }
        }
        members.retain(|cell| range.contains(&row.index_of(*cell)));
        if !judge.is_right(cell) {
            continue;
        }
        for output in 0..asset.outputs.len() {
            let at = BlockOutput {
                workspace,
                scope,
                row,
                asset,
                output,
                range: range.clone(),
            };
            if let Some(change) = changed_in_block(&at, block)? {
                for cell in &members {
                    changed.entry(*cell).or_default().push((output, change));
                }
            }
        }
    }
    Ok(changed)
}

/// How one output of a block's partitions differs from what is locked, if it does.
fn changed_in_block(
    at: &BlockOutput<'_>,
    block: &LockBlock,
) -> Result<Option<OutputChange>, AppError> {
    let Some(versions) = at.versions()? else {
        return Ok(Some(OutputChange::Missing));
    };
    let locked = locked_as(&block.outputs, at.asset, at.output);
    let is_by_content = at.asset.data_version == DataVersionRule::Content;
    let Some(old) = locked
        .and_then(|locked| locked.version)
        .filter(|_| is_by_content)
    else {
        return Ok(None);
    };
    let new = at.digest(&versions);
    Ok((new != old).then_some(OutputChange::Altered {
        old: Some(old),
        new: Some(new),
    }))
}
