//! An assetctl that is started by a step of another one.

use crate::app::error::{AppError, RequestError};
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::engine::is_running;
use crate::look::IN_MEMORY;
use crate::model::{RunId, RunStatus};
use crate::store::StoreError;

/// An assetctl that a step of a run starts would wait for that step.
pub(super) fn refuse_nested(
    project: &OpenProject,
    instance: &InstanceAccess,
) -> Result<(), AppError> {
    refuse_in_memory(project)?;
    let Some(run) = project
        .variable("ASSETCTL_RUN_ID")
        .and_then(|run| run.to_str())
    else {
        return Ok(());
    };
    let Ok(id) = uuid::Uuid::parse_str(run) else {
        return Ok(());
    };
    // By way of another instance it would wait, too: for the lock of that step.
    if is_running(project.root(), RunId(id)).unwrap_or(false) {
        return Err(RequestError::NestedRun { run: RunId(id) }.into());
    }
    match instance.store.run(RunId(id)) {
        Ok(Some(run)) if run.status == RunStatus::Started => {
            Err(RequestError::NestedRun { run: run.id }.into())
        }
        Ok(_) | Err(StoreError::Damaged { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A run in memory changes nothing of the project, and neither does what its steps start.
pub(super) fn refuse_in_memory(project: &OpenProject) -> Result<(), RequestError> {
    match project.variable(IN_MEMORY) {
        Some(_) => Err(RequestError::NestedInMemory),
        None => Ok(()),
    }
}
