//! A run, on disk or in memory, from a request to what came of it.

use std::borrow::Cow;
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::{GivenConfiguration, PlanCounts, Planned};
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::lock::LockFile;
use crate::app::materialize::in_memory::MemoryRun;
use crate::app::materialize::on_disk::{DiskRun, RunBasis};
use crate::app::materialize::progress::{Progress, RunContext, RunPlace};
use crate::app::neighbours::key_ranges;
use crate::app::plan::{blocked_ranges, expected_duration, settled_durations, upstream};
use crate::app::project::OpenProject;
use crate::app::run_details::{only_key, planned_steps, run_details};
use crate::app::running::{new_run_id, refuse_nested};
use crate::app::selection::{Goals, Range, select};
use crate::app::snapshot::{GlancedSnapshot, LockLines, ProjectLook, RunDemand};
use crate::app::steps::scope_of;
use crate::engine::{Finished, ResourcePool, RunDoors, RunOptions, RunSummary, run};
use crate::look::refuse_unset_secrets;
use crate::model::{
    AssetId, MaterializeOptions, PartitionKey, PartitionSet, RunDetails, RunId, SelectionRequest,
    SelectionText,
};
use crate::plan::{Cell, CellDecision, Costs, Evaluation, Role, Row, Scope, Upstream, costs};
use crate::sys::chance::chance;
use crate::sys::inherited::cores;

/// Where a run keeps what it makes.
pub(super) enum Medium<'a> {
    /// At the paths of outputs. The instance, the lock file, caches and the snapshot are used and written.
    Disk(Standing),
    /// In memory and a folder of its own. Nothing of the project is written.
    Memory(MemoryRun<'a>),
}

/// How the instance of a run on disk was found.
pub(super) enum Standing {
    /// It is the one that was there when the command began.
    Whole {
        /// Whether also what a snapshot tells to be fresh is to be seen in the evaluation.
        sees_all: bool,
        /// A glance at everything by the snapshot, if there was one.
        glanced: Option<GlancedSnapshot>,
    },
    /// It was damaged, and another is in its place.
    Replaced,
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
    mut medium: Medium<'_>,
    look: impl Fn(&Evaluation<'_>) -> T,
) -> Result<(RunSummary, T), AppError> {
    let RunContext {
        executor,
        cancel,
        clock,
        hooks,
        progress,
    } = running;
    let lock = medium.lock(project)?;
    for notice in lock.iter().flat_map(LockFile::notices) {
        progress.notice(&notice);
    }
    let selection = select(project, &request.selection, Range::Assets)?;
    let mut basis = RunBasis {
        is_alone: matches!(medium, Medium::Disk(Standing::Whole { .. })),
        is_silent: selection.is_plain(),
        mark: project.mark().cloned(),
    };
    let mut instance = medium.instance(project)?;
    let mut goals = selection.narrowed(project, &mut instance)?;
    medium.leave_external(project, &mut goals);
    let key = only_key(project, request, &goals);
    let mut project_look = match &mut medium {
        Medium::Disk(Standing::Whole { sees_all, glanced }) => {
            let demand = RunDemand {
                lock: LockLines::Kept,
                sees_all: *sees_all,
                glanced: glanced.take(),
            };
            ProjectLook::of_run((project, &instance.store), request, &goals, demand)
        }
        Medium::Disk(Standing::Replaced) | Medium::Memory(_) => ProjectLook::without(),
    };
    let scope = if project_look.is_of_all_upstream() {
        project_look.scope(project, &goals)
    } else {
        let upstream = medium.upstream(request.only);
        scope_of(project, &goals, upstream, &request.steps)?
    };
    let versions = match &medium {
        Medium::Disk(_) => project_look.versions(project)?,
        Medium::Memory(_) => project.versions()?,
    };
    let of_project = project.workspace(&versions, executor);
    let workspace = match &medium {
        Medium::Disk(_) => of_project,
        Medium::Memory(off) => off.workspace(of_project),
    };
    let resources = ResourcePool::new(&workspace, new_run_id(clock.now()));
    let on_disk = DiskRun {
        project,
        request,
        clock,
        workspace: &workspace,
        own_lines: project_look.take_own_lines(),
    };
    let evaluation = match &medium {
        Medium::Memory(off) => off.evaluate(&workspace, &scope, &mut instance)?,
        Medium::Disk(_) => {
            let lock = lock.as_ref().expect("on disk the lock file was read");
            let doors: (_, _, &mut dyn Progress) = (&resources, cancel, progress);
            on_disk.evaluate(&mut instance, &scope, lock, doors)?
        }
    };
    refuse_unset_secrets(&workspace, &evaluation)?;
    if let Medium::Disk(_) = medium {
        on_disk.begin(&mut instance, &evaluation, &mut basis)?;
    }
    (instance.notices.iter()).for_each(|notice| progress.notice(notice));
    let settled = project_look.settled_assets(project);
    let usual = settled_durations(project, &instance.store, &settled, &evaluation)?;
    let costs = costs(evaluation.judge(), &evaluation.decisions().of, &usual);
    let timing = (jobs(project, request), started.elapsed());
    let planned = planned(&evaluation, settled, &costs, timing);
    let of_run = (planned, resources.run(), key);
    let options = options((project, request), &evaluation, of_run);
    progress.begins(&RunPlace::of(&workspace, &evaluation));
    let doors = RunDoors {
        workspace: &workspace,
        ignore: project.ignore(),
        hooks,
        resources: &resources,
        store: &mut instance.store,
        cancel,
        clock,
        sink: progress,
    };
    let finished = run(doors, evaluation, &costs, &options);
    if let Medium::Disk(_) = medium {
        project.keep_what_was_learnt();
    }
    let Finished {
        result,
        mut evaluation,
    } = finished?;
    if let Some(lock) = lock {
        let ended = (&result, &mut evaluation);
        on_disk.conclude(ended, instance, (lock, basis, project_look), progress)?;
    }
    Ok((result, look(&evaluation)))
}

impl Medium<'_> {
    /// In memory external assets are read as they are, selected or not.
    fn leave_external<T>(&self, project: &OpenProject, goals: &mut Vec<(AssetId, T)>) {
        if let Self::Memory(_) = self {
            let asset = |id| project.graph().asset(id);
            goals.retain(|(id, _)| asset(*id).is_none_or(|asset| asset.recipe.is_some()));
        }
    }

    fn lock(&self, project: &OpenProject) -> Result<Option<LockFile>, AppError> {
        match self {
            Self::Disk(_) => LockFile::read(project).map(Some),
            Self::Memory(_) => Ok(None),
        }
    }

    fn instance(&self, project: &OpenProject) -> Result<InstanceAccess, AppError> {
        if let Self::Memory(off) = self {
            return off.instance(project);
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

/// How many ranges of what is fresh are listed before a run. Each run keeps its list, and most of what is fresh in a large project
/// is of no interest.
const LISTED: usize = 1_000;

/// What is to be done.
///
/// `settled` is fresh besides, by assets in the order of the graph.
pub fn planned(
    evaluation: &Evaluation<'_>,
    settled: Goals,
    costs: &Costs,
    (jobs, elapsed): (usize, Duration),
) -> Planned {
    let (scope, decisions) = (evaluation.scope(), evaluation.decisions());
    let mut all = AllPartitions::of(evaluation, settled);
    Planned {
        counts: PlanCounts {
            run: decisions.run,
            may_run: decisions.may_run,
            fresh: decisions.fresh + all.settled,
            blocked: decisions.blocked,
        },
        assets: all.by_asset.len() as u32,
        partitions: all.by_asset.iter().map(|(_, count, _)| count).sum(),
        jobs,
        elapsed,
        expected: expected_duration(decisions, costs, jobs),
        fresh: all
            .by_asset
            .drain(..)
            .flat_map(|(id, _, fresh)| key_ranges(scope, id, &fresh))
            .take(LISTED)
            .collect(),
        blocked: blocked_ranges(evaluation),
    }
}

/// All partitions that a run is about, judged and settled.
struct AllPartitions {
    /// By assets in the order of the graph: how many there are, and which of them are fresh.
    by_asset: Vec<(AssetId, u32, PartitionSet)>,
    /// How many are settled.
    settled: u32,
}

impl AllPartitions {
    fn of(evaluation: &Evaluation<'_>, settled: Goals) -> Self {
        let scope = evaluation.scope();
        let decisions = &evaluation.decisions().of;
        let mut rows = scope.asset_rows().map(|(row, _)| row).peekable();
        let mut all = Self {
            by_asset: Vec::with_capacity(settled.len()),
            settled: settled.iter().map(|(_, set)| set.len()).sum(),
        };
        let order = scope.graph().order().iter();
        let mut settled = settled.into_iter().peekable();
        for id in order {
            let row = rows.next_if(|row| row.asset == *id);
            let settled = settled.next_if(|(asset, _)| asset == id);
            let fresh = row.map(|row| fresh_partitions(scope, row, decisions));
            match (row, settled) {
                (Some(row), Some((_, settled))) => {
                    let count = row.set.union(&settled).len();
                    let fresh = fresh.unwrap_or_default().union(&settled);
                    all.by_asset.push((*id, count, fresh));
                }
                (Some(row), None) => {
                    let fresh = fresh.unwrap_or_default();
                    all.by_asset.push((*id, row.set.len(), fresh));
                }
                (None, Some((_, settled))) => all.by_asset.push((*id, settled.len(), settled)),
                (None, None) => {}
            }
        }
        all
    }
}

/// The partitions of an asset that were judged and are fresh.
fn fresh_partitions(scope: &Scope<'_>, row: &Row, decisions: &[CellDecision]) -> PartitionSet {
    let is_fresh = |cell: Cell| {
        decisions[cell.index()] == CellDecision::Keep && scope.role(cell) != Role::Given
    };
    let cells = row.cells().zip(row.set.iter());
    let fresh = cells.filter(|(cell, _)| is_fresh(*cell));
    fresh.map(|(_, index)| index).collect()
}

/// How many commands run at once.
pub fn jobs(project: &OpenProject, request: &MaterializeOptions) -> usize {
    project
        .execution()
        .jobs(request.jobs.map(NonZero::get), cores())
}

/// What a run is asked to be like.
pub fn options(
    (project, request): (&OpenProject, &MaterializeOptions),
    evaluation: &Evaluation<'_>,
    (planned, run, key): (Planned, RunId, Option<PartitionKey>),
) -> RunOptions {
    let counts = planned.counts;
    let job = request.job();
    let job = job.and_then(|name| project.graph().job(name.as_str()));
    let has_work = counts.run + counts.may_run + counts.blocked > 0;
    RunOptions {
        run,
        jobs: planned.jobs,
        retries: !request.no_retries && !project.execution().no_retries,
        job_retries: job.and_then(|job| job.retries),
        chance,
        request: request.clone(),
        manifest: project.manifest_digest(),
        selection: typed(&request.selection),
        planned: Arc::new(planned),
        configuration: GivenConfiguration::of(project.configuration()),
        details: if has_work {
            run_details(project, request, key.as_ref())
        } else {
            RunDetails::default()
        },
        config_digest: project.configuration().key(),
        steps: planned_steps(evaluation),
        hooks: request.in_memory.as_ref().is_none_or(|it| it.hooks),
    }
}

/// Arguments as they can be typed in a shell.
pub fn typed(selection: &SelectionRequest) -> String {
    let job = selection.job.as_ref().map(SelectionText::of_job);
    let arguments = match job.as_slice() {
        job if selection.assets.is_empty() => job,
        _ => &selection.assets,
    };
    let quoted = arguments.iter().map(|argument| {
        let text = argument.as_str();
        shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::answer::{Event, EventKind, Planned};
    use crate::app::materialize::carry_out::fresh_partitions;
    use crate::app::neighbours::key_ranges;
    use crate::digest::Digest;
    use crate::model::{RunDetails, RunId};
    use crate::plan::tests::World;
    use crate::plan::{CellDecision, Scope, Upstream};
    use crate::store::{NewRun, Store};
    use crate::testkit::time;

    #[test]
    fn a_million_fresh_partitions_are_one_row() {
        let world = World::new(
            "[partitions.hour]\ntype = \"hourly\"\nstart = \"1900-01-01T00\"\nend = \"2020-01-01T00\"\n\
             [asset.many]\npartitions = \"hour\"\ncommand = \"many\"\n",
        );
        let goals = world.goals(&[]);
        let scope = Scope::new(world.graph(), world.keys(), &goals, Upstream::Close);
        let mut decisions = vec![CellDecision::Keep; scope.cells() as usize];
        assert!(decisions.len() > 1_000_000);
        decisions[500_000] = CellDecision::Run;
        let row = &scope.rows()[0];
        let fresh = key_ranges(
            &scope,
            row.asset,
            &fresh_partitions(&scope, row, &decisions),
        );
        let counts: Vec<_> = fresh.iter().map(|range| range.count).collect();
        assert_eq!(counts, [500_000, decisions.len() as u32 - 500_001]);
        let run = RunId(uuid::Uuid::nil());
        let now = time("2024-01-01T00:00:00Z");
        let planned = EventKind::RunPlanned(Arc::new(Planned {
            fresh,
            ..Planned::default()
        }));
        let new = NewRun {
            id: run,
            selection: String::new(),
            partitions: String::new(),
            manifest: Digest::from_hex(&"00".repeat(16)).expect("a digest"),
            time: now,
            pid: None,
            details: RunDetails::default(),
            steps: Vec::new(),
            events: vec![Event {
                run: Some(run),
                seq: 0,
                time: now,
                job: None,
                kind: planned,
            }],
        };
        let mut store = Store::ephemeral().expect("an instance");
        let _begun = store.begin_run(&new).expect("it begins");
        assert_eq!(store.events(run).expect("readable"), new.events);
    }
}
