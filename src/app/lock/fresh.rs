//! What a run leaves in the lock file: the lines of all that is fresh now.

use crate::app::error::AppError;
use crate::app::lock::file::LockFile;
use crate::app::lock::keys::key_changes;
use crate::app::lock::lines::fresh_lines;
use crate::app::lock::right::stands_in_block;
use crate::app::lock::sources::{Look, source_changes};
use crate::app::lock::update::Changes;
use crate::app::project::Project;
use crate::engine::Evaluation;
use crate::hash::Versions;
use crate::model::KeysByDefinition;

/// Brings the lines of all fresh cells of an evaluation up to date, with the sources and the `keys` that they need. Lines
/// of what is not fresh stay as they are, and nothing is written where all lines say already what was found.
pub fn lock_fresh(
    project: &Project,
    versions: &Versions<'_>,
    evaluation: &mut Evaluation<'_>,
    keys: &KeysByDefinition,
    file: LockFile,
) -> Result<(), AppError> {
    let part = file.part_about(evaluation.scope(), &|_| true);
    let lock = part.as_ref().unwrap_or_else(|| file.lock());
    let in_block = stands_in_block(evaluation, lock);
    let mut changes = Changes {
        lines: fresh_lines(evaluation, lock, in_block.as_deref(), |_| true),
        ..Changes::default()
    };
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
