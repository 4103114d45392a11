//! `materialize`: bring asset partitions up to date, on disk.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::answer::{
    Event, EventKind, EventSink, GivenConfiguration, PlanCounts, Planned, RunCounts, RunOutcome,
};
use crate::app::configured_lines::ConfiguredLines;
use crate::app::error::AppError;
use crate::app::generated::open_printed;
use crate::app::instance::InstanceAccess;
use crate::app::jobs::of_job;
use crate::app::lock::{LockFile, lock_fresh};
use crate::app::materialize::carry_out::{Medium, Standing, carry_out, jobs};
use crate::app::materialize::progress::{Progress, RunContext, RunPlace};
use crate::app::notice::{FromLock, Notice, keys_added};
use crate::app::plan::{purpose, refuse_unreadable};
use crate::app::project::{OpenProject, Surroundings};
use crate::app::size::size_on_disk;
use crate::app::snapshot::{
    FinishedLook, FirstGlance, GlancedSnapshot, JudgedByInstance, NothingToDo, OwnLines,
    ProjectLook,
};
use crate::engine::{
    Made, ResourcePool, RunSummary, block_too_long, clear_crashed, end_orphaned_resources,
    materialized, observe_sources, put_back_asides,
};
use crate::executor::Cancel;
use crate::look::{
    EngineError, OWN_FOLDER, Observing, Problems, StoreRecords, Workspace, keep_source_content,
};
use crate::model::{
    AssetId, CodeRecord, Configuration, MaterializeOptions, Name, Origin, Outcome, ResourceUsage,
    Status,
};
use crate::plan::{Cell, Evaluation, Role, Scope, code_record};
use crate::store::{Adoption, CrashedRun, Mark, Store, StoreError, Success};
use crate::sys::clock::Clock;
use crate::sys::file::remove_abandoned;

/// Brings what is selected, and what it needs, up to date.
///
/// # Errors
///
/// If it cannot be planned, or the run cannot go on. A step that fails is no error: the result says so.
pub(super) fn materialize_on_disk(
    surroundings: &Surroundings,
    request: &MaterializeOptions,
    running: RunContext<'_>,
) -> Result<RunSummary, AppError> {
    let started = Instant::now();
    let glanced = match FirstGlance::at(surroundings, request) {
        FirstGlance::NothingToDo(nothing) => {
            let job = request.job().cloned();
            return Ok(tell_nothing_to_do(
                (&nothing, job),
                &surroundings.configuration,
                running,
                started,
            ));
        }
        FirstGlance::Changed(glanced) => Some(glanced),
        FirstGlance::Unknown => None,
    };
    let RunContext {
        executor,
        cancel,
        clock,
        hooks,
        progress,
    } = running;
    let mut tell = |notice: &Notice| progress.notice(notice);
    let project = &mut open_printed(surroundings, (executor, cancel), &mut tell)?;
    let running = RunContext {
        executor,
        cancel,
        clock,
        hooks,
        progress,
    };
    let glanced = glanced.filter(|_| !project.has_generators());
    let opened = OpenedProject {
        started,
        // What is told of the configuration concerns all that the run is about.
        sees_all: !project.is_of_its_lock(),
        project,
        glanced,
    };
    Ok(materialize_opened(opened, request, running, |_| ())?.0)
}

/// A project that a run is to begin with.
pub struct OpenedProject<'a> {
    /// The project; it is opened anew if its instance turns out to be damaged.
    pub project: &'a mut OpenProject,
    /// When it began to be looked at.
    pub started: Instant,
    /// Whether all that the run is about is to be seen in its evaluation, also what a snapshot tells to be fresh.
    pub sees_all: bool,
    /// A glance at everything by its snapshot, if there was one.
    pub glanced: Option<GlancedSnapshot>,
}

/// `materialize` for a project that was opened already, whose snapshot is not asked first. Gives, too, what
/// `look` sees in the evaluation as it stands in the end, where what is fresh has run or did not have to.
///
/// # Errors
///
/// As `materialize`.
pub fn materialize_opened<T>(
    OpenedProject {
        project,
        started,
        sees_all,
        glanced,
    }: OpenedProject<'_>,
    request: &MaterializeOptions,
    running: RunContext<'_>,
    look: impl Fn(&Evaluation<'_>) -> T,
) -> Result<(RunSummary, T), AppError> {
    let RunContext {
        executor,
        cancel,
        clock,
        hooks,
        progress,
    } = running;
    let request = &*of_job(project, request)?;
    let mut progress = Watched {
        progress,
        has_begun: false,
    };
    // One attempt: it ends with `StoreError::Replaced` where the instance turns out to be damaged, and nothing has run.
    let attempt = |project: &OpenProject, progress: &mut Watched<'_>, standing| {
        let running = RunContext {
            executor,
            cancel,
            clock,
            hooks,
            progress,
        };
        let medium = Medium::Disk(standing);
        carry_out((project, started), request, running, medium, &look)
    };
    let whole = Standing::Whole { sees_all, glanced };
    let first = attempt(project, &mut progress, whole);
    match first {
        Err(error) if !progress.has_begun && was_replaced(&error) => {
            if let Some(notice) = told_of(error) {
                progress.notice(&notice);
            }
            *project = project.reopened()?;
            attempt(project, &mut progress, Standing::Replaced)
        }
        ended => ended,
    }
}

/// Tells what a run with nothing to do would have told.
fn tell_nothing_to_do(
    (nothing, job): (&NothingToDo, Option<Name>),
    configuration: &Configuration,
    running: RunContext<'_>,
    started: Instant,
) -> RunSummary {
    let RunContext {
        clock, progress, ..
    } = running;
    let counts = RunCounts {
        fresh: nothing.partitions,
        ..RunCounts::default()
    };
    let planned = Planned {
        counts: PlanCounts {
            fresh: nothing.partitions,
            ..PlanCounts::default()
        },
        assets: nothing.assets,
        partitions: nothing.partitions,
        elapsed: started.elapsed(),
        expected: Some(Duration::ZERO),
        ..Planned::default()
    };
    let (run, outcome, duration) = (None, RunOutcome::Success, started.elapsed());
    let finished = EventKind::RunFinished {
        outcome,
        counts,
        duration,
        configuration: GivenConfiguration::of(configuration).map(Box::new),
    };
    let kinds = [EventKind::RunPlanned(Arc::new(planned)), finished];
    for (seq, kind) in (0..).zip(kinds) {
        let time = clock.now();
        progress.emit(&Event {
            run,
            seq,
            time,
            job: job.clone(),
            kind,
        });
    }
    RunSummary {
        run,
        outcome,
        counts,
    }
}

/// A display, and whether a run has begun to be shown on it.
pub(crate) struct Watched<'a> {
    pub progress: &'a mut dyn Progress,
    pub has_begun: bool,
}

impl EventSink for Watched<'_> {
    fn emit(&mut self, event: &Event) {
        let is_of_a_run = matches!(
            event.kind,
            EventKind::RunStarted { .. } | EventKind::RunFinished { .. }
        );
        self.has_begun |= is_of_a_run;
        self.progress.emit(event);
    }
}

impl Progress for Watched<'_> {
    fn begins(&mut self, place: &RunPlace<'_>) {
        self.progress.begins(place);
    }

    fn notice(&mut self, notice: &Notice) {
        self.progress.notice(notice);
    }
}

/// Whether another instance is in the place of the one that was used.
pub(crate) fn was_replaced(error: &AppError) -> bool {
    let is_of_it = |error: &StoreError| {
        matches!(
            error,
            StoreError::Replaced { .. } | StoreError::ReplacedByAnother { .. }
        )
    };
    match error {
        AppError::Store(error) => is_of_it(error),
        AppError::Plan(problems) => problems
            .list()
            .iter()
            .any(|problem| matches!(problem, EngineError::Store(error) if is_of_it(error))),
        _ => false,
    }
}

/// What is to be told of an instance that was replaced, where the command goes on with the new one.
pub(crate) fn told_of(error: AppError) -> Option<Notice> {
    let replaced = match error {
        AppError::Store(error) => Some(error),
        AppError::Plan(problems) => problems.into_list().into_iter().find_map(|it| match it {
            EngineError::Store(error) => Some(error),
            _ => None,
        }),
        _ => None,
    };
    match replaced? {
        StoreError::Replaced { notice } => Some((*notice).into()),
        _ => None,
    }
}

/// Where cells are taken over.
pub(crate) struct TakingOver<'a> {
    /// The project's files.
    pub workspace: &'a Workspace<'a>,
    /// When.
    pub time: Timestamp,
}

/// The cells that are fresh by the lock file alone, and are not read just as they are.
pub(crate) fn to_take_over(evaluation: &Evaluation<'_>) -> Vec<Cell> {
    let scope = evaluation.scope();
    let here = evaluation.locked().here.iter().copied();
    let is_known_here = |cell: &Cell| {
        scope.role(*cell) != Role::Given
            && evaluation.is_fresh(*cell)
            && evaluation.is_from_lock(*cell)
    };
    here.filter(is_known_here).collect()
}

impl TakingOver<'_> {
    /// Records what [`to_take_over`] names, as far as nothing else was recorded by now, and says how much that was.
    pub(crate) fn take(
        &self,
        store: &mut Store,
        evaluation: &mut Evaluation<'_>,
    ) -> Result<u32, AppError> {
        let mut codes = HashMap::new();
        let mut adoptions = Vec::new();
        for cell in to_take_over(evaluation) {
            if let Some(success) = self.success(store, evaluation, &mut codes, cell) {
                adoptions.push(Adoption {
                    success,
                    judged: evaluation
                        .locked()
                        .recorded
                        .get(&cell)
                        .and_then(|it| it.recorded()),
                });
            }
        }
        Ok(store.adopt(&adoptions)?)
    }

    /// What is recorded of a cell; `None` if what it reads is not known any more.
    fn success(
        &self,
        store: &Store,
        evaluation: &mut Evaluation<'_>,
        codes: &mut HashMap<AssetId, Arc<CodeRecord>>,
        cell: Cell,
    ) -> Option<Success> {
        let verdict = evaluation.judge_again(cell, &StoreRecords(store));
        verdict
            .fingerprint
            .filter(|_| verdict.status == Status::Fresh)?;
        let scope = evaluation.scope();
        let (id, partition) = scope.at(cell);
        let asset = scope.graph().asset(id)?;
        let last = evaluation.recorded(cell)?;
        let size = |path: &str| size_on_disk(&self.workspace.resolve(path));
        let outputs = asset.outputs.iter();
        let made = Made {
            cell,
            versions: last.outputs.to_vec(),
            bytes: outputs.map(|it| size(&it.path.path(partition))).collect(),
            run: None,
            time: self.time,
            duration: Duration::ZERO,
            usage: ResourceUsage::default(),
            origin: Origin::Locked,
        };
        let (mut materialization, blocks) = materialized(evaluation, &made);
        materialization.outcome = Outcome::Materialized;
        let observed = evaluation.codes();
        let code = codes
            .entry(id)
            .or_insert_with(|| Arc::new(code_record(asset, &observed.observed(id))));
        Some(Success {
            slot: partition.keys.slot(partition.index),
            materialization,
            code: Arc::clone(code),
            blocks,
            events: Vec::new(),
        })
    }
}

/// A run on disk, as it was asked for.
pub(super) struct DiskRun<'a> {
    pub(super) project: &'a OpenProject,
    pub(super) request: &'a MaterializeOptions,
    pub(super) clock: &'a dyn Clock,
    pub(super) workspace: &'a Workspace<'a>,
    /// What has lines of its own in the lock file, as far as that is known.
    pub(super) own_lines: OwnLines,
}

/// What a run on disk has looked at besides the files.
pub(super) struct RunBasis {
    /// Whether nobody else has written to the instance since it was looked at.
    pub(super) is_alone: bool,
    /// Whether nothing is told of the request each time.
    pub(super) is_silent: bool,
    /// The mark of the instance that was looked at.
    pub(super) mark: Option<Mark>,
}

impl DiskRun<'_> {
    /// Clears up after dead runs, and judges a scope with what the instance and the lock file know. What is to be written finds
    /// the instance open for that.
    pub(super) fn evaluate<'s>(
        &self,
        instance: &mut InstanceAccess,
        scope: &'s Scope<'s>,
        lock: &LockFile,
        (resources, cancel, progress): (&ResourcePool<'_>, &Cancel, &mut dyn Progress),
    ) -> Result<Evaluation<'s>, AppError> {
        let Self {
            project,
            request,
            clock,
            workspace,
            ..
        } = *self;
        self.recover(instance, progress)?;
        let answers = observe_sources(
            (workspace, resources),
            scope,
            jobs(project, request),
            clock.now(),
            cancel,
        )?;
        let observing = Observing::Now(&answers);
        let mut evaluation =
            instance.evaluate(workspace, scope, purpose(request.force), observing)?;
        let lines = (lock, &self.own_lines);
        instance.take_lock((project, workspace), &mut evaluation, lines)?;
        instance.replace_if_damaged(project)?;
        refuse_unreadable(&evaluation)?;
        block_too_long(&mut evaluation, workspace);
        instance.look_at_places(workspace, &mut evaluation, request.occupied, || {
            lock.sound()
        })?;
        Ok(evaluation)
    }

    /// Opens the instance for writing where there is something to write, and records what was observed.
    pub(super) fn begin(
        &self,
        instance: &mut InstanceAccess,
        evaluation: &Evaluation<'_>,
        basis: &mut RunBasis,
    ) -> Result<(), AppError> {
        let decisions = evaluation.decisions();
        let work = decisions.run + decisions.may_run + decisions.blocked;
        if work > 0 || !to_take_over(evaluation).is_empty() {
            // Another process may have added keys or records since the first look at the instance.
            basis.is_alone &= Mark::read(self.project.home()) == basis.mark;
            instance.make_writable(self.project)?;
        }
        // They are recorded where they are new.
        if !evaluation.observations().is_empty() {
            instance.make_writable(self.project)?;
            instance.store.observe(evaluation.observations())?;
        }
        Ok(())
    }

    /// Keeps what was learnt of sources, takes over what only the lock file knew, and writes the lock file and the snapshot.
    pub(super) fn conclude(
        &self,
        (result, evaluation): (&RunSummary, &mut Evaluation<'_>),
        mut instance: InstanceAccess,
        (lock, basis, look): (LockFile, RunBasis, ProjectLook),
        progress: &mut dyn Progress,
    ) -> Result<(), AppError> {
        let (project, workspace) = (self.project, self.workspace);
        if result.run.is_some() {
            keep_source_content(workspace, &mut instance.store, evaluation)?;
        }
        let taking_over = TakingOver {
            workspace,
            time: self.clock.now(),
        };
        let taken = taking_over.take(&mut instance.store, evaluation)?;
        if taken > 0 {
            progress.notice(&Notice::FromLock(FromLock::TakenOver(taken)));
        }
        if let Some(otherwise) = FromLock::came_out_otherwise(evaluation) {
            progress.notice(&Notice::FromLock(otherwise));
        }
        let mut mark = basis.mark;
        let changes = look.changes_now(&instance.store);
        if result.run.is_some() || taken > 0 {
            // Closing the instance gives it a new mark, which is the one that holds from now on.
            mark = instance.store.close();
        }
        let keys = match result.run {
            Some(_) => Cow::Owned(project.keys_now()?),
            None => Cow::Borrowed(project.keys()),
        };
        for added in keys_added(project.graph(), project.keys(), &keys) {
            progress.notice(&Notice::KeysAdded(added));
        }
        let (lock, other_lines) = lock_fresh(project, workspace.versions, evaluation, &keys, lock)?;
        let looked = FinishedLook {
            project,
            workspace,
            scope: evaluation.scope(),
            judgement: &JudgedByInstance(evaluation),
            mark: mark.filter(|_| basis.is_alone),
            changes,
            lock: lock.kept(),
            other_lines,
            is_silent: basis.is_silent,
        };
        look.keep(&looked);
        if let Some(lines) = ConfiguredLines::of(project, workspace, evaluation) {
            progress.notice(&Notice::ConfiguredLines(lines));
        }
        Ok(())
    }

    /// Clears up after runs whose processes died.
    fn recover(
        &self,
        instance: &mut InstanceAccess,
        progress: &mut dyn Progress,
    ) -> Result<(), AppError> {
        let project = self.project;
        for folder in [&project.root().join(OWN_FOLDER), project.home()] {
            remove_abandoned(folder);
            remove_abandoned(&folder.join("snapshots"));
        }
        let resources = &project.graph().settings().resources;
        end_orphaned_resources(project.root(), resources);
        if instance.store.has_crashed_runs()? {
            instance.make_writable(project)?;
            let open = RefCell::new(Vec::new());
            let clear = |crashed: &CrashedRun| {
                clear_crashed(project.root(), crashed);
                let resources = crashed.open_resources.iter();
                let notice = |name| Notice::missing_teardown(crashed.id, name);
                open.borrow_mut().extend(resources.map(notice));
            };
            instance.store.mark_crashed_runs(&clear)?;
            for notice in open.take() {
                progress.notice(&notice);
            }
        }
        let put_back = put_back_asides(self.workspace, &instance.store).map_err(Problems::from)?;
        if !put_back.is_empty() {
            progress.notice(&Notice::PutBack(put_back));
        }
        Ok(())
    }
}
