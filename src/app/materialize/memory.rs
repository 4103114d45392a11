//! What a run in memory does that one on disk does not: it judges without records, in a folder of its own.

use crate::engine::block_too_long;
use std::path::Path;

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::materialize::in_memory_error::InMemoryError;
use crate::app::materialize::own_places::OwnPlaces;
use crate::app::materialize::printed::find_printed;
use crate::app::notice::Notice;
use crate::app::plan::purpose;
use crate::io_manager::MemoryIoManager;
use crate::look::{Observing, OwnLife, Workspace};
use crate::model::{AssetId, Force, MemoryOptions, PathTemplate, Staging};
use crate::plan::{Decision, Evaluation, Row, Scope};

/// What a run in memory has in place of the project's.
pub(super) struct MemoryRun<'a> {
    pub(super) force: Force,
    pub(super) memory: &'a MemoryOptions,
    /// The sources that are read from other paths.
    pub(super) moved: &'a [(AssetId, PathTemplate)],
    /// The folder that it works in.
    pub(super) own: &'a str,
    pub(super) home: &'a Path,
    pub(super) io_manager: &'a MemoryIoManager,
}

impl MemoryRun<'_> {
    pub(super) fn workspace<'w>(&'w self, of_project: Workspace<'w>) -> Workspace<'w> {
        Workspace {
            own: self.own,
            own_life: OwnLife::Gone,
            home: self.home,
            io_manager: self.io_manager,
            ..of_project
        }
    }

    /// Judges a scope, of which what is read and not made here is taken as it is found.
    pub(super) fn evaluate<'s>(
        &self,
        workspace: &Workspace<'_>,
        scope: &'s Scope<'s>,
        instance: &mut InstanceAccess,
    ) -> Result<Evaluation<'s>, AppError> {
        if self.memory.test_sources {
            let notice = OwnPlaces::of(scope, self.moved);
            instance.take_notices(notice.map(Notice::OwnPlaces).into_iter().collect());
        }
        let purpose = purpose(self.force);
        let mut evaluation = instance.evaluate(workspace, scope, purpose, Observing::Never)?;
        evaluation.take_found(workspace, &instance.store)?;
        refuse_in_place(&evaluation)?;
        if let Some(printed) = &self.memory.printed {
            find_printed(&evaluation, printed)?;
        }
        block_too_long(&mut evaluation, workspace);
        Ok(evaluation)
    }
}

/// A command that names no output writes to its final path, which is not in memory.
fn refuse_in_place(evaluation: &Evaluation<'_>) -> Result<(), InMemoryError> {
    let scope = evaluation.scope();
    let runs = |row: &&Row| {
        let mut cells = row.cells();
        cells.any(|cell| evaluation.decision(cell) != Decision::Keep)
    };
    let in_place = |row: &Row| {
        let asset = scope.graph().asset(row.asset)?;
        let recipe = asset.recipe.as_ref()?;
        (recipe.staging == Staging::InPlace).then(|| asset.key.clone())
    };
    let assets: Vec<_> = scope
        .rows()
        .iter()
        .filter(runs)
        .filter_map(in_place)
        .collect();
    if assets.is_empty() {
        Ok(())
    } else {
        Err(InMemoryError::InPlace { assets })
    }
}
