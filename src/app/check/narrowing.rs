//! What of a selection a check is about: what has lines, and with `--since` what a change touches.

use crate::app::affected::touched;
use crate::app::error::AppError;
use crate::app::project::Project;
use crate::app::selection::Goals;
use crate::model::{Changes, CheckRequest, Lock};

/// The goals of a check.
pub(super) fn narrowed(
    project: &Project,
    _lock: &Lock,
    request: &CheckRequest,
    mut goals: Goals,
) -> Result<Goals, AppError> {
    let is_locked = |id| {
        let asset = project.graph().asset(id);
        asset.is_some_and(crate::model::Asset::is_locked)
    };
    goals.retain(|(id, _)| is_locked(*id));
    let Some(revision) = &request.since else {
        return Ok(goals);
    };
    let touched = touched(project, &Changes::Since(revision.clone()))?.all;
    for (id, set) in &mut goals {
        *set = match touched.get(id) {
            Some(touched) => set.intersection(touched),
            None => crate::model::PartitionSet::empty(),
        };
    }
    goals.retain(|(_, set)| !set.is_empty());
    Ok(goals)
}
