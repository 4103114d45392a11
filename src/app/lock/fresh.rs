//! What a run leaves in the lock file: the lines of all that is fresh now.
//!
//! A line that is right stays, also where the instance has another result of the same: it is replaced only by the run that
//! makes an output. Else two results of a command that is not reproducible would push each other out of the file with each
//! switch of branches.

use crate::app::error::AppError;
use crate::app::lock::file::LockFile;
use crate::app::lock::sources::{SourceLook, source_changes};
use crate::app::project::OpenProject;
use crate::hash::Versions;
use crate::lock::{
    fresh_lines, key_changes, stands_in_block, staying, unsettled_lines, without_cells,
};
use crate::model::KeysByDefinition;
use crate::plan::Evaluation;

/// Brings the lines of all fresh cells of an evaluation up to date, with the sources and the `keys` that they need. Lines
/// of what is not fresh stay as they are, unless it was made just now of inputs that changed meanwhile. Nothing is written where
/// all lines say already what was found.
pub fn lock_fresh(
    project: &OpenProject,
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
        SourceLook::Known
    } else {
        SourceLook::All
    };
    changes.append(source_changes(project, evaluation, lock, look));
    file.change(project, versions, &changes)?;
    Ok(())
}
