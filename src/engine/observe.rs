//! Tasks that observe sources: each runs a command that prints a data version.
//!
//! A command without a placeholder about the partition answers for all keys, with `KEY VERSION` lines. Commands run beside each
//! other, as many at once as there are jobs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::command::{SourceEnv, Unrenderable, render_observe};
use crate::digest::Kind;
use crate::engine::resources::{NotReady, ResourcePool};
use crate::executor::{Cancel, Execution, StdoutTo, TailLimits, of_shell, tail};
use crate::look::{
    EngineError, Observations, Problems, Workspace, resolved_resource, step_folder, unset_secrets,
};
use crate::model::{
    AssetKey, Command, DataVersion, EnvVariable, Name, Observation, PartitionKey, PartitionRef,
    Place, StepName,
};
use crate::plan::{Cell, Known, MissingSource, Row, Scope};
use crate::sys::file::{create_parent, read_file, remove_tree};

/// The most that a command may print, in bytes.
const LONGEST: u64 = 64_000_000;

const LAST_LINE: TailLimits = TailLimits {
    lines: 1,
    bytes: 4096,
};

/// What the observed sources of a scope answer now, `jobs` at once. Their observations are dated `time`.
///
/// # Errors
///
/// If the answer of a command cannot be written. A command that fails is an answer.
pub fn observe_sources(
    (workspace, resources): (&Workspace<'_>, &ResourcePool<'_>),
    scope: &Scope<'_>,
    jobs: usize,
    time: Timestamp,
    cancel: &Cancel,
) -> Result<Observations, Problems> {
    let observer = Observer {
        workspace,
        resources,
        scope,
        time,
        cancel,
    };
    let tasks = observer.tasks();
    let mut all = Observations::default();
    for (task, answer) in tasks.iter().zip(observer.run_all(&tasks, jobs)) {
        observer.take(task, answer?, &mut all);
    }
    Ok(all)
}

#[derive(Clone, Copy)]
struct Observer<'a> {
    workspace: &'a Workspace<'a>,
    resources: &'a ResourcePool<'a>,
    scope: &'a Scope<'a>,
    time: Timestamp,
    cancel: &'a Cancel,
}

/// One command to run.
struct Task<'a> {
    row: &'a Row,
    /// The cell that it answers for; all of the row where it answers for all.
    cell: Option<Cell>,
    source: &'a AssetKey,
    command: &'a Command,
    folder: &'a str,
    timeout: Option<Duration>,
    env: &'a [EnvVariable],
    resources: &'a [Name],
}

impl<'a> Observer<'a> {
    fn tasks(&self) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        for row in self.scope.rows() {
            let Some(source) = self.workspace.graph.source(row.asset) else {
                continue;
            };
            let Place::Observed {
                command,
                folder,
                for_all,
                timeout,
                env,
                resources,
            } = &source.place
            else {
                continue;
            };
            let task = |cell| Task {
                row,
                cell,
                source: &source.key,
                command,
                folder,
                timeout: *timeout,
                env,
                resources,
            };
            if *for_all {
                tasks.push(task(None));
            } else {
                tasks.extend(row.cells().map(|cell| task(Some(cell))));
            }
        }
        tasks
    }

    /// The answers, in the order of the tasks.
    fn run_all(&self, tasks: &[Task<'_>], jobs: usize) -> Vec<Result<Answer, EngineError>> {
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(Vec::with_capacity(tasks.len()));
        let work = || {
            while let Some((at, task)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                tasks.get(at).map(|task| (at, task))
            } {
                let answer = self.run(task);
                let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                answers.push((at, answer));
            }
        };
        thread::scope(|scope| {
            for _ in 1..jobs.min(tasks.len()) {
                // Where the system gives no thread, there is one fewer.
                drop(thread::Builder::new().spawn_scoped(scope, work));
            }
            work();
        });
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Runs a command.
    fn run(&self, task: &Task<'_>) -> Result<Answer, EngineError> {
        let partition = task.cell.map(|cell| self.scope.at(cell).1);
        let step = StepName {
            asset: task.source.clone(),
            partition: partition.and_then(|it| it.keys.key(it.index)),
        };
        let folder = step_folder(self.workspace.own, "observe", &step);
        let folder = self.workspace.resolve(&folder);
        // The log of the last time goes only now: until then it shows why an observation failed.
        let _ = remove_tree(&folder);
        let printed = folder.join("version");
        create_parent(&printed).map_err(|source| EngineError::Unwritable {
            path: folder.clone(),
            source,
        })?;
        let env = match self.env(task) {
            Ok(env) => env,
            Err(why) => return Ok(Err(why)),
        };
        let rendered = render_observe(self.workspace, task.source, task.command, (partition, &env));
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(error) => return Ok(Err(Unrenderable::into_words(error))),
        };
        let folder_of_command = self.workspace.resolve(task.folder);
        let mut line = rendered.command_line(folder_of_command, folder.join("log"));
        line.stdout = StdoutTo::File(printed.clone());
        line.timeout = task.timeout;
        let execution = self.workspace.executor.execute(&line, self.cancel);
        if !execution.exit.is_success() {
            return Ok(Err(failure(task, execution)));
        }
        let answer = read_file(&printed, LONGEST)
            .map_err(|error| error.to_string())
            .and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
        let _ = remove_tree(&folder);
        Ok(answer)
    }

    /// The variables of a command, its resources being set up; why there are none, in words.
    fn env(&self, task: &Task<'_>) -> Result<SourceEnv, String> {
        let unset = unset_secrets(self.workspace, task.env, task.resources).next();
        if let Some((variable, _)) = unset {
            return Err(format!("needs the variable `{variable}`, which is not set"));
        }
        let mut declared = task.env.to_vec();
        for name in task.resources {
            let resource = self.workspace.graph.resource(name.as_str());
            let resource = resource.expect("the manifest has checked that it is declared");
            let resolved = resolved_resource(self.workspace, resource);
            let resolved = resolved.map_err(|it| format!("cannot run: {}", it.first_in_words()))?;
            declared.extend(resolved.env);
        }
        let given = self
            .resources
            .require(task.resources, (self.cancel, &|| ()));
        match given {
            Ok(given) => Ok(SourceEnv { declared, given }),
            Err(NotReady::Canceled) => Err("was interrupted".to_owned()),
            Err(NotReady::Blocked(why)) => Err(format!("cannot run: {why}")),
        }
    }

    fn take(&self, task: &Task<'_>, answer: Answer, all: &mut Observations) {
        let text = match answer {
            Ok(text) => text,
            Err(why) => {
                for cell in task.cells() {
                    self.failed(cell, why.clone(), all);
                }
                return;
            }
        };
        if let Some(cell) = task.cell {
            match text.trim() {
                "" => self.failed(cell, "printed nothing".to_owned(), all),
                text => self.observed(cell, text, all),
            }
            return;
        }
        let lines: HashMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.trim().rsplit_once(char::is_whitespace))
            .map(|(key, version)| (key.trim_end(), version))
            .collect();
        for cell in task.cells() {
            let key = self.scope.partition(cell);
            let key = key.as_ref().map_or("", PartitionKey::as_str);
            match lines.get(key) {
                Some(version) => self.observed(cell, version, all),
                None => self.failed(cell, format!("printed no line `{key} VERSION`"), all),
            }
        }
    }

    fn observed(&self, cell: Cell, text: &str, all: &mut Observations) {
        let version = DataVersion(Kind::Reported.digest(text.as_bytes()));
        all.known.push((cell, Known::Version(version)));
        self.record(cell, (text.to_owned(), version), all);
    }

    /// A failure is the last observation, too: until another one succeeds, nobody knows the version.
    fn failed(&self, cell: Cell, why: String, all: &mut Observations) {
        if self.cancel.severity().is_none() {
            self.record(cell, (why.clone(), DataVersion::unobserved()), all);
        }
        all.fail(cell, MissingSource::ObserveFailed(why));
    }

    fn record(&self, cell: Cell, (text, version): (String, DataVersion), all: &mut Observations) {
        let (id, PartitionRef { keys, index }) = self.scope.at(cell);
        let observation = Observation {
            source: self.workspace.graph.key(id).clone(),
            partition: self.scope.partition(cell),
            text,
            version,
            time: self.time,
        };
        all.news.push((keys.slot(index), observation));
    }
}

/// What a command printed, or why it printed nothing that counts.
type Answer = Result<String, String>;

impl Task<'_> {
    fn cells(&self) -> impl Iterator<Item = Cell> {
        let all = self.cell.is_none().then(|| self.row.cells());
        self.cell.into_iter().chain(all.into_iter().flatten())
    }
}

/// Why a command failed, in words, with the last line that it printed.
fn failure(task: &Task<'_>, execution: Execution) -> String {
    let last = execution.log.and_then(|log| tail(&log, LAST_LINE).ok());
    let last = last.and_then(|tail| tail.lines().last().cloned());
    let shell = task.command.shell();
    let help = shell.and_then(|shell| of_shell(shell, &execution.exit, last.is_none()));
    let exit = execution.exit.describe();
    let why = match last {
        Some(line) => format!("failed ({exit}): {line}"),
        None => format!("failed ({exit})"),
    };
    match help {
        Some(help) => format!("{why}; {help}"),
        None => why,
    }
}
