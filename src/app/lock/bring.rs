//! `lock`: the lock file brought up to date from the instance, as after a run that was killed.
//!
//! Nothing runs. What is fresh gets its line; so does what is recorded and not fresh, but where the line that is there is
//! right: somebody else's run has left it, and the record is the older one. All other lines stay.

use std::collections::BTreeMap;

use crate::answer::LockReport;
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::file::LockFile;
use crate::app::lock::fold::updated;
use crate::app::lock::sources::{SourceLook, source_changes};
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::app::running::refuse_in_memory;
use crate::app::selection::{Range, select};
use crate::executor::LocalExecutor;
use crate::hash::Versions;
use crate::lock::{
    LockChanges, changed_lines, fresh_lines, key_changes, line_of, right_cells, stands_in_block,
    staying, unsettled_lines, without_cells,
};
use crate::look::Observing;
use crate::model::{AssetKey, KeysByDefinition, LockLine, LockRequest, RULE};
use crate::plan::{Cell, Evaluation, Purpose, Role, Scope, Upstream};
use crate::store::{Store, StoreError};

/// Brings the lines of what is selected up to date.
///
/// # Errors
///
/// If the lock file is of a later version, or cannot be written.
pub fn lock(
    project: &OpenProject,
    request: &LockRequest,
) -> Result<(LockReport, Vec<Notice>), AppError> {
    refuse_in_memory(project)?;
    let file = LockFile::read(project)?;
    let selection = select(project, &request.selection, Range::Assets)?;
    let mut instance = InstanceAccess::open(project)?;
    instance.take_notices(file.notices());
    let goals = selection.narrowed(project, &mut instance)?;
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Close);
    let mut evaluation = instance.evaluate(&workspace, &scope, Purpose::Status, Observing::Last)?;
    let is_selected = |role| role == Role::Selected;
    let mut changes = LockChanges {
        lines: without_cells(fresh_lines(&mut evaluation, file.lock(), None, is_selected)),
        ..LockChanges::default()
    };
    let right = right_cells(&evaluation, file.lock());
    let recorded = instance.read(|store| recorded_lines(&evaluation, &right, store))?;
    let mut known: BTreeMap<AssetKey, Vec<LockLine>> = changes.lines.into_iter().collect();
    for (asset, mut lines) in recorded {
        known.entry(asset).or_default().append(&mut lines);
    }
    changes.lines = known.into_iter().collect();
    changes.append(key_changes(project.graph(), project.keys(), file.lock()));
    changes.append(source_changes(
        project,
        &evaluation,
        file.lock(),
        SourceLook::All,
    ));
    let report = change(project, file, changes, request.dry_run)?;
    project.keep_what_was_learnt();
    Ok((report, instance.notices))
}

/// Changes the lock file, or only says what would change.
pub fn change(
    project: &OpenProject,
    file: LockFile,
    changes: LockChanges,
    dry_run: bool,
) -> Result<LockReport, AppError> {
    let versions = project.versions()?;
    let new = updated(project, &versions, file.lock().clone(), changes.clone())?;
    let report = LockReport::new(
        project.lock_place().path(),
        changed_lines(file.lock(), &new),
        dry_run,
    );
    if !dry_run {
        file.change(project, &versions, changes)?;
    }
    Ok(report)
}

/// The lines of what is selected, recorded and not fresh, where the lock file has no right one.
fn recorded_lines(
    evaluation: &Evaluation<'_>,
    right: &[bool],
    store: &Store,
) -> Result<Vec<(AssetKey, Vec<LockLine>)>, StoreError> {
    let scope = evaluation.scope();
    let mut all = Vec::new();
    let rows = scope.asset_rows();
    for (row, asset) in rows.filter(|(_, asset)| asset.locked) {
        let mut lines = Vec::new();
        for cell in row.cells() {
            let is_fresh = evaluation.is_fresh(cell);
            let is_selected = scope.role(cell) == Role::Selected;
            if is_fresh || !is_selected || right[cell.index()] {
                continue;
            }
            let last = evaluation.recorded(cell);
            let Some(last) = last.filter(|last| last.rule == RULE) else {
                continue;
            };
            let Some(id) = last.provenance.recorded() else {
                continue;
            };
            let made = store.materialization(id)?;
            lines.extend(made.map(|made| line_of(asset, &made)));
        }
        if !lines.is_empty() {
            all.push((asset.key.clone(), lines));
        }
    }
    Ok(all)
}

/// Brings the lines of all fresh cells of an evaluation up to date, with the sources and the `keys` that they need. Lines
/// of what is not fresh stay as they are, unless it was made just now of inputs that changed meanwhile. Nothing is written where
/// all lines say already what was found. Gives the file as it is then, and what has a right line of another result.
pub fn lock_fresh(
    project: &OpenProject,
    versions: &Versions<'_>,
    evaluation: &mut Evaluation<'_>,
    keys: &KeysByDefinition,
    file: LockFile,
) -> Result<(LockFile, Vec<Cell>), AppError> {
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
        SourceLook::Known
    } else {
        SourceLook::All
    };
    changes.append(source_changes(project, evaluation, lock, look));
    let file = file.change(project, versions, changes)?;
    Ok((file, staying.into_iter().collect()))
}
