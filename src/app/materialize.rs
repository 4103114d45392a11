//! `materialize`: bring asset partitions up to date.

use std::borrow::Cow;
use std::num::NonZero;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::answer::{KeyPlaces, Planned};
use crate::app::added::keys_added;
use crate::app::error::AppError;
use crate::app::from_lock::FromLock;
use crate::app::instance::Instance;
use crate::app::lock::{LockFile, lock_fresh};
use crate::app::nested::refuse_nested;
use crate::app::notice::Notice;
use crate::app::plan::{blocked_steps, expected_duration};
use crate::app::project::Project;
use crate::app::replaced::{Watched, told_of, was_replaced};
use crate::app::run_id::new_run_id;
use crate::app::seal::{self, NothingToDo};
use crate::app::selection::{Range, select};
use crate::app::steps::scope_of;
use crate::app::surroundings::Surroundings;
use crate::app::take_over::{TakingOver, to_take_over};
use crate::engine::{
    Finished, RunDoors, RunOptions, RunResult, clear_crashed, observe_sources, put_back_asides, run,
};
use crate::executor::{Cancel, Executor};
use crate::look::{
    EngineError, Evaluation, OWN_FOLDER, Observing, Problems, Workspace, keep_source_content,
    refuse_unset_secrets,
};
use crate::model::{
    Event, EventKind, EventSink, Force, MaterializeRequest, RunCounts, RunId, RunOutcome,
    SelectionText,
};
use crate::plan::{Decision, Purpose, Role, Row, Upstream, costs};
use crate::store::{CrashedRun, Mark};
use crate::sys::clock::Clock;
use crate::sys::file::remove_abandoned;
use crate::sys::inherited::cores;

/// Where a run is shown.
pub trait Progress: EventSink {
    /// Takes the root of the project that was found, and the folder that the run works in: relative to the root, or
    /// absolute.
    fn found(&mut self, root: &Path, own: &str);

    /// Takes what is known before the first step.
    fn planned(&mut self, planned: &Planned);

    /// Takes a step that was asked for by its name and is fresh already.
    fn fresh(&mut self, event: &Event);

    /// Takes what the user should know about the instance.
    fn notice(&mut self, notice: &Notice);

    /// Takes paths of outputs that were put back after a crash.
    fn put_back(&mut self, paths: &[String]);
}

/// The doors that a run goes through.
pub struct Running<'a> {
    /// Where commands run.
    pub executor: &'a dyn Executor,
    /// Interrupts.
    pub cancel: &'a Cancel,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Where it is shown.
    pub progress: &'a mut dyn Progress,
}

/// Brings what is selected, and what it needs, up to date.
///
/// # Errors
///
/// If it cannot be planned, or the run cannot go on. A step that fails is no error: the result says so.
pub fn materialize(
    surroundings: &Surroundings,
    request: &MaterializeRequest,
    running: Running<'_>,
) -> Result<RunResult, AppError> {
    let started = Instant::now();
    if let Some(nothing) = seal::check(surroundings, request) {
        return Ok(tell_nothing_to_do(&nothing, running, started));
    }
    let project = &mut Project::open(surroundings)?;
    let opened = OpenedProject { project, started };
    Ok(materialize_opened(opened, request, running, |_| ())?.0)
}

/// A project that a run is to begin with.
pub struct OpenedProject<'a> {
    /// The project; it is opened anew if its instance turns out to be damaged.
    pub project: &'a mut Project,
    /// When it began to be looked at.
    pub started: Instant,
}

/// [`materialize`] for a project that was opened already, and for what it is asked no seal is looked for. Gives, too, what
/// `look` sees in the evaluation as it stands in the end, where what is fresh has run or did not have to.
///
/// # Errors
///
/// As [`materialize`].
pub fn materialize_opened<T>(
    OpenedProject { project, started }: OpenedProject<'_>,
    request: &MaterializeRequest,
    running: Running<'_>,
    look: impl Fn(&Evaluation<'_>) -> T,
) -> Result<(RunResult, T), AppError> {
    let Running {
        executor,
        cancel,
        clock,
        progress,
    } = running;
    let mut progress = Watched {
        progress,
        has_begun: false,
    };
    let attempt = |project: &Project, progress: &mut Watched<'_>, trust| {
        let running = Running {
            executor,
            cancel,
            clock,
            progress,
        };
        attempt((project, started), request, running, trust, &look)
    };
    let first = attempt(project, &mut progress, Trust::Whole);
    match first {
        Err(error) if !progress.has_begun && was_replaced(&error) => {
            if let Some(notice) = told_of(error) {
                progress.notice(&notice);
            }
            *project = project.reopened()?;
            attempt(project, &mut progress, Trust::Replaced)
        }
        ended => ended,
    }
}

/// Whether the instance is the one that was there when the command began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Whole,
    Replaced,
}

/// One attempt: it ends with [`StoreError::Replaced`] where the instance turns out to be damaged, and nothing has run.
fn attempt<T>(
    (project, started): (&Project, Instant),
    request: &MaterializeRequest,
    running: Running<'_>,
    trust: Trust,
    look: &impl Fn(&Evaluation<'_>) -> T,
) -> Result<(RunResult, T), AppError> {
    let Running {
        executor,
        cancel,
        clock,
        progress,
    } = running;
    progress.found(project.root(), OWN_FOLDER);
    let lock = LockFile::read(project)?;
    for notice in lock.notices() {
        progress.notice(&notice);
    }
    let selection = select(
        project,
        &request.selection,
        &request.partitions,
        Range::Assets,
    )?;
    // What is told of a selection is told each time, and a seal would keep silent.
    let mut can_be_sealed = selection.is_plain() && trust == Trust::Whole;
    let mut mark = project.mark().cloned();
    let mut instance = Instance::open(project)?;
    refuse_nested(project, &instance)?;
    instance.replace_if_damaged(project)?;
    let goals = selection.narrowed(project, &mut instance)?;
    let scope = scope_of(project, &goals, upstream(request.only), &request.steps)?;
    let versions = project.versions()?.keeping_looks();
    let workspace = project.workspace(&versions, executor);
    recover(project, &mut instance, &workspace, (clock, &mut *progress))?;
    let jobs = jobs(request);
    let answers = observe_sources(&workspace, &scope, jobs, clock.now(), cancel)?;
    let observing = Observing::Now(&answers);
    let mut evaluation =
        instance.evaluate(&workspace, &scope, purpose(request.force), observing)?;
    instance.take_lock(project, &workspace, &mut evaluation, &lock)?;
    instance.replace_if_damaged(project)?;
    refuse_unreadable(&evaluation)?;
    evaluation.block_too_long(&workspace);
    instance.look_at_places(&workspace, &mut evaluation, request.occupied, || {
        lock.sound()
    })?;
    refuse_unset_secrets(&workspace, &evaluation)?;
    let work = evaluation.decisions.run + evaluation.decisions.may_run;
    if work > 0 || !to_take_over(&evaluation).is_empty() {
        // Another process may have added keys or records since the first look at the instance.
        can_be_sealed &= Mark::read(project.home()) == mark;
        instance.make_writable(project)?;
    }
    for notice in &instance.notices {
        progress.notice(notice);
    }
    record_observations(project, &mut instance, &evaluation)?;
    let costs = costs(&evaluation.judge, &evaluation.decisions.of);
    let elapsed = started.elapsed();
    progress.planned(&planned(&evaluation, &costs, jobs, elapsed));
    let options = options(project, request, (jobs, clock.now()));
    if !request.steps.is_empty() {
        let is_run = work + evaluation.decisions.blocked > 0;
        tell_fresh_steps(&evaluation, is_run.then_some(options.run), clock, progress);
    }
    let doors = RunDoors {
        workspace: &workspace,
        ignore: project.ignore(),
        store: &mut instance.store,
        cancel,
        clock,
        sink: progress,
    };
    let finished = run(doors, evaluation, &costs, &options);
    project.keep_what_was_learnt();
    let Finished {
        result,
        mut evaluation,
    } = finished?;
    if result.run.is_some() {
        keep_source_content(&workspace, &mut instance.store, &evaluation)?;
    }
    let taking_over = TakingOver {
        workspace: &workspace,
        time: clock.now(),
    };
    let taken = taking_over.take(&mut instance.store, &mut evaluation)?;
    tell_from_lock(&evaluation, taken, progress);
    if result.run.is_some() || taken > 0 {
        // Closing the instance gives it a new mark, which is the one that holds from now on.
        mark = instance.store.close();
    }
    let keys = match result.run {
        Some(_) => Cow::Owned(project.keys_now()?),
        None => Cow::Borrowed(project.keys()),
    };
    let added = keys_added(project.graph(), project.keys(), &keys);
    // A seal is made of the keys that were looked at, and the mark is of an instance that holds more.
    let can_be_sealed = can_be_sealed && added.is_empty();
    for added in added {
        progress.notice(&Notice::KeysAdded(added));
    }
    lock_fresh(project, &versions, &mut evaluation, &keys, lock)?;
    if result.outcome == RunOutcome::Success && can_be_sealed {
        seal::write(project, request, &versions, &evaluation, mark);
    }
    Ok((result, look(&evaluation)))
}

/// Clears up after runs whose processes died.
fn recover(
    project: &Project,
    instance: &mut Instance,
    workspace: &Workspace<'_>,
    (clock, progress): (&dyn Clock, &mut dyn Progress),
) -> Result<(), AppError> {
    for folder in [&project.root().join(OWN_FOLDER), project.home()] {
        remove_abandoned(folder);
        remove_abandoned(&folder.join("seals"));
    }
    if instance.store.has_crashed_runs()? {
        instance.make_writable(project)?;
        let clear = |crashed: &CrashedRun| clear_crashed(project.root(), crashed);
        instance.store.mark_crashed_runs(clock.now(), &clear)?;
    }
    let put_back = put_back_asides(workspace, &instance.store).map_err(Problems::from)?;
    if !put_back.is_empty() {
        progress.put_back(&put_back);
    }
    Ok(())
}

/// Tells what has become of what only the lock file knew.
fn tell_from_lock(evaluation: &Evaluation<'_>, taken: u32, progress: &mut dyn Progress) {
    if taken > 0 {
        progress.notice(&Notice::FromLock(FromLock::TakenOver(taken)));
    }
    if let Some(otherwise) = FromLock::came_out_otherwise(evaluation) {
        progress.notice(&Notice::FromLock(otherwise));
    }
}

/// Tells what a run with nothing to do would have told.
fn tell_nothing_to_do(nothing: &NothingToDo, running: Running<'_>, started: Instant) -> RunResult {
    let Running {
        clock, progress, ..
    } = running;
    let counts = RunCounts {
        fresh: nothing.partitions,
        ..RunCounts::default()
    };
    progress.found(&nothing.root, OWN_FOLDER);
    progress.planned(&Planned {
        assets: nothing.assets,
        partitions: nothing.partitions,
        elapsed: started.elapsed(),
        expected: Some(Duration::ZERO),
        jobs: 0,
        blocked: Vec::new(),
        places: KeyPlaces::default(),
    });
    let (run, outcome, duration) = (None, RunOutcome::Success, started.elapsed());
    let kind = EventKind::RunFinished {
        run,
        outcome,
        counts,
        duration,
    };
    progress.emit(&Event {
        run,
        time: clock.now(),
        kind,
    });
    RunResult {
        run,
        outcome,
        counts,
    }
}

/// Tells the steps that were asked for by their names and have nothing to do.
fn tell_fresh_steps(
    evaluation: &Evaluation<'_>,
    run: Option<RunId>,
    clock: &dyn Clock,
    progress: &mut dyn Progress,
) {
    let scope = evaluation.scope();
    let assets = scope
        .rows()
        .iter()
        .filter(|row| scope.graph().asset(row.asset).is_some());
    for cell in assets.flat_map(Row::cells) {
        let is_fresh = evaluation.decisions.of[cell.index()] == Decision::Keep;
        if is_fresh && scope.role(cell) == Role::Selected {
            let step = evaluation.step_name(cell);
            let kind = EventKind::StepFresh { step };
            progress.fresh(&Event {
                run,
                time: clock.now(),
                kind,
            });
        }
    }
}

/// How many commands run at once where nothing was asked for.
pub(super) fn jobs(request: &MaterializeRequest) -> usize {
    request.jobs.map_or_else(cores, NonZero::get)
}

pub(super) fn upstream(only: bool) -> Upstream {
    if only {
        Upstream::Given
    } else {
        Upstream::Close
    }
}

pub(super) fn purpose(force: Force) -> Purpose {
    match force {
        Force::WhenStale => Purpose::Run,
        Force::Selected | Force::FullRefresh => Purpose::Force,
    }
}

pub(super) fn options(
    project: &Project,
    request: &MaterializeRequest,
    (jobs, time): (usize, Timestamp),
) -> RunOptions {
    RunOptions {
        run: new_run_id(time),
        jobs,
        request: request.clone(),
        manifest: project.manifest_digest(),
        selection: typed(&request.selection),
    }
}

/// Arguments as they can be typed in a shell.
pub(super) fn typed(arguments: &[SelectionText]) -> String {
    let quoted = arguments.iter().map(|argument| {
        let text = argument.as_str();
        shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// With `--only`, everything that is read must be there as it was recorded.
pub(super) fn refuse_unreadable(evaluation: &Evaluation<'_>) -> Result<(), AppError> {
    let scope = evaluation.scope();
    let facts = evaluation.judge.facts();
    let mut problems = Problems::default();
    for row in scope
        .rows()
        .iter()
        .filter(|row| scope.graph().asset(row.asset).is_some())
    {
        for cell in row.cells().filter(|cell| scope.role(*cell) == Role::Given) {
            let reason = match facts.recorded.materialized(cell.index()) {
                None if evaluation.locked.elsewhere.contains_key(&cell) => {
                    "it is in Assets.lock, but its outputs are not here"
                }
                None => "it was never materialized",
                Some(_) if facts.changed_outputs.contains_key(&cell) => {
                    "its outputs differ from the record"
                }
                Some(_) => continue,
            };
            let step = evaluation.step_name(cell);
            problems.push(EngineError::UnreadableUpstream {
                step,
                reason: reason.to_owned(),
            });
        }
    }
    Ok(problems.into_result(())?)
}

/// Observations are recorded where they are new; for that alone the instance is opened for writing.
fn record_observations(
    project: &Project,
    instance: &mut Instance,
    evaluation: &Evaluation<'_>,
) -> Result<(), AppError> {
    if evaluation.observations.is_empty() {
        return Ok(());
    }
    instance.make_writable(project)?;
    instance.store.observe(&evaluation.observations)?;
    Ok(())
}

pub(super) fn planned(
    evaluation: &Evaluation<'_>,
    costs: &crate::plan::Costs,
    jobs: usize,
    elapsed: Duration,
) -> Planned {
    let scope = evaluation.scope();
    let assets = scope
        .rows()
        .iter()
        .filter(|row| scope.graph().asset(row.asset).is_some());
    let (mut count, mut partitions) = (0, 0);
    for row in assets {
        count += 1;
        partitions += row.set.len();
    }
    Planned {
        assets: count,
        partitions,
        elapsed,
        expected: expected_duration(&evaluation.decisions, costs, jobs),
        jobs,
        blocked: blocked_steps(evaluation),
        places: places(evaluation),
    }
}

/// The keys of all assets of which something is to be told.
fn places(evaluation: &Evaluation<'_>) -> KeyPlaces {
    let (scope, decisions) = (evaluation.scope(), &evaluation.decisions.of);
    let told = |row: &&Row| {
        let mut cells = row.cells();
        scope.keys(row.asset).is_partitioned()
            && cells.any(|cell| decisions[cell.index()] != Decision::Keep)
    };
    let rows = scope.rows().iter().filter(told);
    rows.map(|row| {
        let key = scope.graph().key(row.asset);
        (key.clone(), scope.keys(row.asset).clone())
    })
    .collect()
}
