//! `logs`: what commands wrote to standard output and error.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use jiff::Timestamp;

use crate::answer::{FailedAttempt, LogEnd, LogsReport, StepLog};
use crate::app::error::{AppError, RequestError};
use crate::app::history::last_failure;
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::app::running::running;
use crate::app::runs::run_logs_of;
use crate::app::selection::{Range, select_word};
use crate::look::{Logged, log_folder, logged, logged_attempt};
use crate::model::{
    LogsRequest, Materialization, PartitionKey, PartitionKeys, RunId, Selected, StepName,
};
use crate::store::{Store, StoreError};

/// The logs of an asset, or of one of its partitions, in the run asked for or else in the last one that has any.
///
/// # Errors
///
/// If there is no such log.
pub fn logs(project: &OpenProject, request: &LogsRequest) -> Result<LogsReport, AppError> {
    let selected = &canonical(project, &request.selected)?;
    let definition = project.graph().find(selected.asset.as_str());
    let definition = definition.and_then(|id| project.graph().partitions(id));
    let keys = project.keys().get(definition);
    let mut instance = InstanceAccess::open(project)?;
    let ends = instance.read(|store| Ends::of(store, selected, keys))?;
    let silent = ends.last_silent(request, selected);
    let next = |instance: &mut InstanceAccess, before| {
        instance.read(|store| store.last_run_of(&selected.asset, before))
    };
    let mut run = match request.run {
        Some(run) => Some((0, run)),
        None => next(&mut instance, None)?,
    };
    while let Some((number, id)) = run {
        let mut logs = logs_of_run(project.root(), id, selected, keys)?;
        of_attempt(&mut logs, request.attempt);
        if let Some(last) = logs.iter().map(|log| log.time).max() {
            let is_newer = |it: &StepLog| it.run != id && it.time > last;
            if silent.as_ref().is_some_and(is_newer) {
                break;
            }
            // Attempts that were followed by others are in events only.
            let has_attempts =
                logs.iter().any(|log| log.attempt > Some(0)) || request.attempt.is_some();
            let attempts = if has_attempts {
                instance.read(|store| run_logs_of(store, id))?
            } else {
                Vec::new()
            };
            for log in &mut logs {
                let is_its = |it: &&StepLog| it.path == log.path;
                log.end = match attempts.iter().find(is_its) {
                    Some(told) => told.end.clone(),
                    None => ends.of_log(log),
                };
            }
            return Ok(LogsReport { logs });
        }
        run = match request.run {
            Some(_) => None,
            None => next(&mut instance, Some(number))?,
        };
    }
    let logs = silent.map(|silent| LogsReport { logs: vec![silent] });
    logs.ok_or_else(|| no_log(request).into())
}

/// Leaves of the logs of each step that of one attempt, or the last.
fn of_attempt(logs: &mut Vec<StepLog>, attempt: Option<u32>) {
    let mut last: HashMap<(StepName, Option<PartitionKey>), u32> = HashMap::new();
    for log in logs.iter() {
        let of_step = last.entry((log.step.clone(), log.last.clone()));
        let of_step = of_step.or_default();
        *of_step = log.attempt.unwrap_or(0).max(*of_step);
    }
    logs.retain(|log| {
        let last = last.get(&(log.step.clone(), log.last.clone()));
        log.attempt == attempt.or_else(|| last.copied())
    });
}

/// The run that works just now on what was asked about.
pub fn running_run(
    project: &OpenProject,
    request: &LogsRequest,
) -> Result<Option<RunId>, AppError> {
    let (asset, set) = select_word(project, &request.selected, Range::Assets)?;
    let all = running(project, &mut InstanceAccess::open(project)?)?;
    let its = all
        .into_iter()
        .filter(|((id, index), _)| *id == asset && set.contains(*index));
    let mut runs = its.map(|(_, running)| running.run);
    Ok(runs.find(|run| request.run.is_none_or(|asked| asked == *run)))
}

/// How steps of an asset have ended, as recorded.
struct Ends {
    /// Newest first.
    failed: Vec<FailedAttempt>,
    made: Vec<Materialization>,
    /// The last attempt at the partition asked about, where that failed.
    last: Option<FailedAttempt>,
}

/// How many ends are looked at: as many as a run may have logs that are shown.
const ENDS: usize = 10_000;

impl Ends {
    fn of(store: &Store, selected: &Selected, keys: &PartitionKeys) -> Result<Self, StoreError> {
        let index = match &selected.partition {
            Some(_) if selected.last.is_some() => None,
            Some(key) => keys.index_of(key.as_str()),
            None if matches!(keys, PartitionKeys::Unpartitioned) => Some(0),
            None => None,
        };
        let slot = index.map(|index| keys.slot(index));
        let failed = store.failed_attempts(&selected.asset, slot.as_ref(), ENDS)?;
        let made = store.history(&selected.asset, slot.as_ref(), ENDS)?;
        let last = index.map(|index| last_failure(store, &selected.asset, (keys, index)));
        Ok(Self {
            failed: failed.into_iter().map(|(_, failed)| failed).collect(),
            made: made.into_iter().map(|(_, made)| made).collect(),
            last: last.transpose()?.flatten(),
        })
    }

    /// How the step of a log ended. Each partition of a batch ended alike.
    fn of_log(&self, log: &StepLog) -> Option<LogEnd> {
        let key = &log.step.partition;
        let is_its = |run, partition: &Option<PartitionKey>| {
            run == log.run && (partition == key || log.last.is_some())
        };
        let mut failed = self.failed.iter();
        if let Some(failed) = failed.find(|it| is_its(it.run, &it.partition)) {
            return Some(LogEnd::Failed(Box::new(failed.clone())));
        }
        let mut made = self.made.iter();
        let made = made.find(|it| it.run.is_some_and(|run| is_its(run, &it.partition)))?;
        Some(LogEnd::Made {
            outcome: made.outcome,
            time: made.time,
            duration_ms: made.duration_ms,
        })
    }

    /// The last attempt, where it failed and printed nothing: an older log would be taken for its own.
    fn last_silent(&self, request: &LogsRequest, selected: &Selected) -> Option<StepLog> {
        let failed = self.last.as_ref().filter(|it| it.log.is_none())?;
        if request.run.is_some_and(|run| run != failed.run) {
            return None;
        }
        Some(StepLog {
            step: StepName {
                asset: selected.asset.clone(),
                partition: failed.partition.clone(),
            },
            last: None,
            run: failed.run,
            attempt: Some(failed.attempt),
            time: failed.time,
            end: Some(LogEnd::Failed(Box::new(failed.clone()))),
            path: None,
        })
    }
}

/// The word with the key as its definition prints it.
fn canonical(project: &OpenProject, selected: &Selected) -> Result<Selected, AppError> {
    let (id, set) = select_word(project, selected, Range::Assets)?;
    let keys = project.keys().get(project.graph().partitions(id));
    let named = selected.partition.as_ref().and_then(|_| set.first());
    let last = selected.last.as_ref().and_then(|_| set.last());
    Ok(Selected {
        asset: selected.asset.clone(),
        partition: named.and_then(|index| keys.key(index)),
        last: last.and_then(|index| keys.key(index)),
    })
}

/// The logs of one run, oldest first.
fn logs_of_run(
    root: &Path,
    run: RunId,
    selected: &Selected,
    keys: &PartitionKeys,
) -> Result<Vec<StepLog>, AppError> {
    let folder = format!("{}/{run}", log_folder());
    let mut logs = Vec::new();
    for name in names(&root.join(&folder))? {
        let Some(logged) = logged(&selected.asset, keys, &name) else {
            continue;
        };
        if let Some(key) = &selected.partition
            && !tells_of(&logged, (key, selected.last.as_ref()), keys)
        {
            continue;
        }
        let (partition, last) = match logged {
            Logged::One(partition) => (partition, None),
            Logged::Batch(first, last) => (Some(first), Some(last)),
        };
        let step = StepName {
            asset: selected.asset.clone(),
            partition,
        };
        let path = format!("{folder}/{name}");
        let file = root.join(&path);
        let written = file.metadata().and_then(|it| it.modified());
        let written = written.map_err(|source| unreadable(&file, source))?;
        logs.push(StepLog {
            step,
            last,
            run,
            attempt: Some(logged_attempt(&name)),
            time: Timestamp::try_from(written).unwrap_or(Timestamp::MIN),
            end: None,
            path: Some(path),
        });
    }
    logs.sort_by(|a, b| (a.time, &a.step).cmp(&(b.time, &b.step)));
    Ok(logs)
}

/// Whether a log tells of a partition: also one whose neighbour the command made first.
fn tells_of(
    logged: &Logged,
    (key, last): (&PartitionKey, Option<&PartitionKey>),
    keys: &PartitionKeys,
) -> bool {
    let (from, to) = match logged {
        Logged::One(None) => return false,
        Logged::One(Some(one)) => (one, one),
        Logged::Batch(first, last) => (first, last),
    };
    let last = last.unwrap_or(key);
    let index = |key: &PartitionKey| keys.index_of(key.as_str());
    match (index(from), index(to), index(key), index(last)) {
        (Some(from), Some(to), Some(key), Some(last)) => from <= last && key <= to,
        _ => from == key || to == key,
    }
}

fn names(folder: &Path) -> Result<Vec<String>, AppError> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
    Ok(entries(folder)?.filter_map(name).collect())
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &Path) -> Result<impl Iterator<Item = fs::DirEntry>, AppError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(folder, error)),
    };
    Ok(entries.into_iter().flatten().flatten())
}

fn unreadable(path: &Path, source: io::Error) -> AppError {
    AppError::Unreadable {
        path: path.display().to_string(),
        source,
    }
}

fn no_log(request: &LogsRequest) -> RequestError {
    let selected = &request.selected;
    let step = match request.run {
        Some(run) => format!("{selected} in run {run}"),
        None => selected.to_string(),
    };
    let help = format!(
        "a command that prints nothing has no log; `assetctl history {selected}` lists its runs"
    );
    RequestError::NoLog { step, help }
}
