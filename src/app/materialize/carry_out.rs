//! A run, on disk or in memory, from a request to what came of it.

use std::time::Instant;

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::LockFile;
use crate::app::materialize::disk::{DiskRun, SealBasis};
use crate::app::materialize::memory::MemoryRun;
use crate::app::materialize::planned::{jobs, options, places, planned};
use crate::app::materialize::progress::{RunContext, RunPlace};
use crate::app::nested::refuse_nested;
use crate::app::plan::upstream;
use crate::app::project::OpenProject;
use crate::app::selection::{Range, select};
use crate::app::steps::scope_of;
use crate::engine::{Finished, RunDoors, RunSummary, run};
use crate::look::refuse_unset_secrets;
use crate::model::MaterializeOptions;
use crate::plan::{Evaluation, Upstream, costs};

/// Where a run keeps what it makes.
pub(super) enum Medium<'a> {
    /// At the paths of outputs. The instance, the lock file, caches and a seal are used and written.
    Disk {
        /// Whether the instance is the one that was there when the command began.
        is_whole: bool,
    },
    /// In memory and a folder of its own. Nothing of the project is written.
    Memory(MemoryRun<'a>),
}

/// Carries a request out. Gives, too, what `look` sees in the evaluation as it stands in the end.
///
/// # Errors
///
/// If it cannot be planned, or the run cannot go on.
pub(super) fn carry_out<T>(
    (project, started): (&OpenProject, Instant),
    request: &MaterializeOptions,
    running: RunContext<'_>,
    medium: &Medium<'_>,
    look: impl Fn(&Evaluation<'_>) -> T,
) -> Result<(RunSummary, T), AppError> {
    let RunContext {
        executor,
        cancel,
        clock,
        progress,
    } = running;
    let lock = medium.lock(project)?;
    for notice in lock.iter().flat_map(LockFile::notices) {
        progress.notice(&notice);
    }
    let selection = select(project, &request.selection, Range::Assets)?;
    let mut sealing = SealBasis {
        // What is told of a selection is told each time, and a seal would keep silent.
        is_possible: selection.is_plain() && matches!(medium, Medium::Disk { is_whole: true }),
        mark: project.mark().cloned(),
    };
    let mut instance = medium.instance(project)?;
    let mut goals = selection.narrowed(project, &mut instance)?;
    if let Medium::Memory(_) = medium {
        // External assets are read as they are, selected or not.
        let asset = |id| project.graph().asset(id);
        goals.retain(|(id, _)| asset(*id).is_none_or(|asset| asset.recipe.is_some()));
    }
    let scope = scope_of(
        project,
        &goals,
        medium.upstream(request.only),
        &request.steps,
    )?;
    let versions = match medium {
        Medium::Disk { .. } => project.versions()?.keeping_looks(),
        Medium::Memory(_) => project.versions()?,
    };
    let of_project = project.workspace(&versions, executor);
    let workspace = match medium {
        Medium::Disk { .. } => of_project,
        Medium::Memory(off) => off.workspace(of_project),
    };
    let on_disk = DiskRun {
        project,
        request,
        clock,
        workspace: &workspace,
    };
    let evaluation = match medium {
        Medium::Memory(off) => off.evaluate(&workspace, &scope, &mut instance)?,
        Medium::Disk { .. } => {
            let lock = lock.as_ref().expect("on disk the lock file was read");
            on_disk.evaluate(&mut instance, &scope, lock, (cancel, progress))?
        }
    };
    refuse_unset_secrets(&workspace, &evaluation)?;
    if let Medium::Disk { .. } = medium {
        on_disk.begin(&mut instance, &evaluation, &mut sealing)?;
    }
    for notice in &instance.notices {
        progress.notice(notice);
    }
    let costs = costs(evaluation.judge(), &evaluation.decisions().of);
    let planned = planned(&evaluation, &costs, jobs(request), started.elapsed());
    let options = options(project, request, (planned, clock.now()));
    progress.begins(&RunPlace {
        root: project.root(),
        own: workspace.own,
        keys: places(&evaluation),
    });
    let doors = RunDoors {
        workspace: &workspace,
        ignore: project.ignore(),
        store: &mut instance.store,
        cancel,
        clock,
        sink: progress,
    };
    let finished = run(doors, evaluation, &costs, &options);
    if let Medium::Disk { .. } = medium {
        project.keep_what_was_learnt();
    }
    let Finished {
        result,
        mut evaluation,
    } = finished?;
    if let Some(lock) = lock {
        let ended = (&result, &mut evaluation);
        on_disk.conclude(ended, instance, &versions, (lock, sealing), progress)?;
    }
    Ok((result, look(&evaluation)))
}

impl Medium<'_> {
    fn lock(&self, project: &OpenProject) -> Result<Option<LockFile>, AppError> {
        match self {
            Self::Disk { .. } => LockFile::read(project).map(Some),
            Self::Memory(_) => Ok(None),
        }
    }

    fn instance(&self, project: &OpenProject) -> Result<InstanceAccess, AppError> {
        if let Self::Memory(_) = self {
            return Ok(InstanceAccess::ephemeral()?);
        }
        let mut instance = InstanceAccess::open(project)?;
        refuse_nested(project, &instance)?;
        instance.replace_if_damaged(project)?;
        Ok(instance)
    }

    fn upstream(&self, only: bool) -> Upstream {
        match (self, upstream(only)) {
            (Self::Memory(_), Upstream::Close) => Upstream::CloseToExternal,
            (_, upstream) => upstream,
        }
    }
}
