//! `runs`: what is recorded of runs.

mod export;
mod timeline;
mod trace;

use std::fs;
use std::io;
use std::thread;
use std::time::Duration;

pub use export::export_run;
pub use timeline::run_steps;
pub use trace::{Trace, trace_run};

use crate::answer::{
    DeletedRuns, Event, ListedRun, LogEnd, LogsReport, RunMore, RunsReport, StepLog,
};
use crate::answer::{FailedAttempt, RunAttempt, RunStep, RunStepState};
use crate::app::error::{AppError, RequestError};
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::look::log_folder;
use crate::model::{Outcome, ResourceUsage, RunFilter, RunId, RunStatus, RunWord};
use crate::store::{Run, Store, StoreError};
use crate::sys::clock::{Clock as _, SystemClock};

/// How often a run that was asked to stop is looked at.
const PAUSE: Duration = Duration::from_millis(50);

/// How many runs an ambiguous word names.
const NAMED: u32 = 5;

/// The runs of which all is true that a filter asks for, newest first.
pub fn list_runs(
    project: &OpenProject,
    filter: &RunFilter,
) -> Result<(RunsReport, Vec<Notice>), AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let runs = instance.read(|store| store.find_runs(filter))?;
    let runs = runs.into_iter().map(listed).collect();
    Ok((RunsReport { runs }, instance.notices))
}

/// One run with all that is recorded of it.
///
/// # Errors
///
/// If there is no such run, or several.
pub fn show_run(
    project: &OpenProject,
    word: &RunWord,
) -> Result<(RunsReport, Vec<Notice>), AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let run = found(&mut instance, word)?;
    let (events, planned) =
        instance.read(|store| Ok((store.events(run.id)?, store.planned_steps(run.id)?)))?;
    let details = run.details.clone();
    let more = RunMore {
        config: details.config,
        run_key: details.run_key.as_ref().map(|it| it.key.clone()),
        scope: details.run_key.map(|it| it.scope),
        environment: details.environment,
        declared_in: "file",
        manifest: run.manifest,
        host: details.host,
        user: details.user,
        pid: run.pid,
        tool_version: details.tool_version,
        git_commit: details.git_commit,
        planned,
        steps: run_steps(&events, run.status),
    };
    let mut run = listed(run);
    run.more = Some(Box::new(more));
    Ok((RunsReport { runs: vec![run] }, instance.notices))
}

/// The events of a run, in order.
///
/// # Errors
///
/// As [`show_run`].
pub fn run_events(project: &OpenProject, word: &RunWord) -> Result<Vec<Event>, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let run = found(&mut instance, word)?;
    Ok(instance.read(|store| store.events(run.id))?)
}

/// The logs of all attempts of a run, in the order in which they began.
///
/// # Errors
///
/// As [`show_run`].
pub fn run_logs(project: &OpenProject, word: &RunWord) -> Result<LogsReport, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let run = found(&mut instance, word)?;
    let mut logs = instance.read(|store| run_logs_of(store, run.id))?;
    // A log that was removed since is not there to be read.
    logs.retain(|log| {
        log.path
            .as_ref()
            .is_some_and(|it| project.root().join(it).exists())
    });
    logs.sort_by_key(|log| log.time);
    Ok(LogsReport { logs })
}

/// The logs of all attempts of a run, as its events tell, whether they are there or not.
pub(super) fn run_logs_of(store: &Store, run: RunId) -> Result<Vec<StepLog>, StoreError> {
    let events = store.events(run)?;
    let status = store.run(run)?.map_or(RunStatus::Crashed, |run| run.status);
    let steps = run_steps(&events, status);
    let logs = steps.iter().filter(|step| step.is_first());
    let logs = logs.flat_map(|step| {
        let attempts = step.attempts.iter().filter(|it| it.log.is_some());
        attempts.map(move |attempt| log_of(run, step, attempt))
    });
    Ok(logs.collect())
}

fn log_of(run: RunId, step: &RunStep, attempt: &RunAttempt) -> StepLog {
    let made = |outcome| LogEnd::Made {
        outcome,
        time: attempt.started,
        duration_ms: attempt.duration_ms,
    };
    let end = match (attempt.state, &attempt.failure) {
        (RunStepState::Materialized, _) => Some(made(Outcome::Materialized)),
        (RunStepState::Unchanged, _) => Some(made(Outcome::Unchanged)),
        (_, Some(failure)) => Some(LogEnd::Failed(Box::new(FailedAttempt {
            partition: step.step.partition.clone(),
            run,
            attempt: attempt.attempt,
            time: attempt.started,
            duration_ms: attempt.duration_ms,
            usage: ResourceUsage::default(),
            exit: failure.exit,
            signal: failure.signal.clone(),
            code: failure.code.to_string(),
            message: failure.message.clone(),
            help: failure.help.clone(),
            command: failure.command.clone(),
            log: attempt.log.clone(),
            tail: failure.tail.clone(),
        }))),
        _ => None,
    };
    StepLog {
        step: step.step.clone(),
        last: step.batch.as_ref().map(|batch| batch.last.clone()),
        run,
        attempt: Some(attempt.attempt),
        time: attempt.started,
        end,
        path: attempt.log.clone(),
    }
}

/// Asks a run to stop, and waits until it has ended.
///
/// # Errors
///
/// As [`show_run`], and if it has ended already.
pub fn cancel_run(project: &OpenProject, word: &RunWord) -> Result<RunsReport, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let mut run = found(&mut instance, word)?;
    if run.status != RunStatus::Started {
        return Err(RequestError::RunEnded {
            run: run.id,
            status: run.status.word(),
        }
        .into());
    }
    instance.make_writable(project)?;
    instance.store.ask_to_cancel(run.id, SystemClock.now())?;
    while run.status == RunStatus::Started {
        thread::sleep(PAUSE);
        let again = instance.store.run(run.id)?;
        let Some(again) = again else { break };
        run = again;
    }
    Ok(RunsReport {
        runs: vec![listed(run)],
    })
}

/// The runs that words name, none of which lives.
///
/// # Errors
///
/// As [`show_run`], and if one lives.
pub fn ended_runs(project: &OpenProject, words: &[RunWord]) -> Result<Vec<RunId>, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    let mut runs = Vec::new();
    let mut errors = Vec::new();
    for word in words {
        match found(&mut instance, word) {
            Ok(run) if run.status == RunStatus::Started => {
                errors.push(RequestError::RunLives { run: run.id });
            }
            Ok(run) if !runs.contains(&run.id) => runs.push(run.id),
            Ok(_) => {}
            Err(AppError::Request(error)) => errors.push(error),
            Err(error) => return Err(error),
        }
    }
    if errors.is_empty() {
        return Ok(runs);
    }
    Err(AppError::from_requests(errors))
}

/// Forgets runs, and removes their logs. What they have made stays, and so do history and keys.
///
/// # Errors
///
/// If the instance or a folder cannot be written.
pub fn delete_runs(project: &OpenProject, runs: &[RunId]) -> Result<DeletedRuns, AppError> {
    let mut instance = InstanceAccess::open(project)?;
    instance.make_writable(project)?;
    instance.store.delete_runs(runs)?;
    let mut files = Vec::new();
    for run in runs {
        let folder = format!("{}/{run}", log_folder());
        match fs::remove_dir_all(project.root().join(&folder)) {
            Ok(()) => files.push(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(AppError::Unwritable {
                    path: folder,
                    source,
                });
            }
        }
    }
    Ok(DeletedRuns {
        runs: runs.to_vec(),
        files,
    })
}

/// The id of the run that a word names.
///
/// # Errors
///
/// As [`show_run`].
pub fn find_run(project: &OpenProject, word: &RunWord) -> Result<RunId, AppError> {
    Ok(found(&mut InstanceAccess::open(project)?, word)?.id)
}

/// The run that a word names.
pub(super) fn found(instance: &mut InstanceAccess, word: &RunWord) -> Result<Run, AppError> {
    let newest = |statuses: &[RunStatus]| RunFilter {
        statuses: statuses.to_vec(),
        limit: Some(std::num::NonZeroU32::MIN),
        ..RunFilter::default()
    };
    let run = match word {
        RunWord::Last => instance.read(|store| store.find_runs(&newest(&[])))?.pop(),
        RunWord::LastFailed => {
            let failed = [RunStatus::Failure, RunStatus::Canceled, RunStatus::Crashed];
            instance
                .read(|store| store.find_runs(&newest(&failed)))?
                .pop()
        }
        RunWord::Prefix(prefix) => {
            let found = instance.read(|store| store.runs_by_prefix(prefix, NAMED + 1))?;
            match found.as_slice() {
                [only] => instance.read(|store| store.run(*only))?,
                [] => None,
                several => return Err(ambiguous(prefix, several).into()),
            }
        }
    };
    run.ok_or_else(|| {
        RequestError::UnknownRun {
            word: word.to_string(),
        }
        .into()
    })
}

fn ambiguous(prefix: &str, found: &[RunId]) -> RequestError {
    let named = found.iter().take(NAMED as usize);
    let mut runs: Vec<_> = named.map(ToString::to_string).collect();
    if found.len() > NAMED as usize {
        runs.push("…".to_owned());
    }
    RequestError::AmbiguousRun {
        word: prefix.to_owned(),
        runs: runs.join(", "),
    }
}

fn listed(run: Run) -> ListedRun {
    ListedRun {
        run: run.id,
        parent: run.details.parent,
        root: run.details.root.unwrap_or(run.id),
        verb: run.details.verb,
        job: run.details.job,
        status: run.status,
        started: run.started,
        ended: run.ended,
        selection: run.selection,
        partitions: run.partitions,
        tags: run.details.tags,
        counts: run.counts,
        more: None,
    }
}
