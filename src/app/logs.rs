//! `logs`: what commands wrote to standard output and error.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;

use crate::app::error::{AppError, RequestError};
use crate::app::project::Project;
use crate::app::selection::{Range, select_words};
use crate::engine::{log_folder, step_of_log};
use crate::model::{LogsReport, LogsRequest, RunId, Selected, StepLog};

/// The logs of an asset, or of one of its partitions, in the run asked for or else in the last one that has any.
///
/// # Errors
///
/// If there is no such log.
pub fn logs(project: &Project, request: &LogsRequest) -> Result<LogsReport, AppError> {
    let selected = &canonical(project, &request.selected)?;
    let runs = match request.run {
        Some(run) => vec![run],
        None => runs(&project.root().join(log_folder()))?,
    };
    for run in runs {
        let logs = logs_of_run(project.root(), run, selected)?;
        if !logs.is_empty() {
            return Ok(LogsReport { logs });
        }
    }
    Err(no_log(request).into())
}

/// The words with the key as its definition prints it.
fn canonical(project: &Project, selected: &Selected) -> Result<Selected, AppError> {
    let words = std::slice::from_ref(selected);
    let goals = select_words(project, words, Range::Assets)?;
    let named = goals.first().filter(|_| selected.partition.is_some());
    let key = named.and_then(|(id, set)| {
        let keys = project.keys().of(project.graph().get(*id));
        keys.key(set.first()?)
    });
    Ok(Selected {
        asset: selected.asset.clone(),
        partition: key,
    })
}

/// The runs that have logs, newest first: ids in order are runs in order of time.
fn runs(folder: &Path) -> Result<Vec<RunId>, AppError> {
    let id = |name: String| uuid::Uuid::parse_str(&name).ok().map(RunId);
    let mut runs: Vec<RunId> = names(folder)?.into_iter().filter_map(id).collect();
    runs.sort_unstable_by(|a, b| b.cmp(a));
    Ok(runs)
}

/// The logs of one run, oldest first.
fn logs_of_run(root: &Path, run: RunId, selected: &Selected) -> Result<Vec<StepLog>, AppError> {
    let folder = format!("{}/{run}", log_folder());
    let mut logs = Vec::new();
    for name in names(&root.join(&folder))? {
        let Some(step) = step_of_log(&selected.asset, &name) else {
            continue;
        };
        if selected.partition.is_some() && selected.partition != step.partition {
            continue;
        }
        let path = format!("{folder}/{name}");
        let file = root.join(&path);
        let content = fs::read(&file).map_err(|source| unreadable(&file, source))?;
        let written = file.metadata().and_then(|it| it.modified());
        let written = written.map_err(|source| unreadable(&file, source))?;
        logs.push(StepLog {
            step,
            run,
            time: Timestamp::try_from(written).unwrap_or(Timestamp::MIN),
            path,
            content,
        });
    }
    logs.sort_by(|a, b| (a.time, &a.step).cmp(&(b.time, &b.step)));
    Ok(logs)
}

fn names(folder: &Path) -> Result<Vec<String>, AppError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, error)),
    };
    let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
    Ok(entries.flatten().filter_map(name).collect())
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
        "a command that prints nothing leaves none; `assetctl history {selected}` lists its runs"
    );
    RequestError::NoLog { step, help }
}
