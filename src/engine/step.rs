//! One attempt at one step, on a worker: prepare, run the command, verify, hash, put into place.
//!
//! A worker gets owned data and gives one message back. It records nothing: until the coordinator has, a crash leaves the
//! step stale. On failure previous outputs are as they were.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use walkdir::WalkDir;

use crate::engine::render::{Previous, Rendered};
use crate::engine::spares::Spares;
use crate::engine::staging::{
    AsideNote, StagedOutput, clear_the_way, create_parent, kept_aside, move_aside, prepare,
    publish, put_back,
};
use crate::engine::workspace::Workspace;
use crate::executor::{
    Cancel, CommandLine, EmptyLog, Execution, Exit, Leftovers, Secret, StdoutTo, TailLimits,
    quote_command, tail,
};
use crate::hash::{Found, HashError, Ignore, Settled};
use crate::model::{DataVersion, DataVersionRule, OutputKind, Staging, Stdout, StepFailure};
use crate::plan::Cell;
use crate::sys::file::{copy_tree, remove_tree, write_atomically};

/// How many lines of a failed command's output are shown.
const TAIL: TailLimits = TailLimits {
    lines: 20,
    bytes: 16 * 1024,
};

/// Everything that a worker needs to know of a step.
#[derive(Debug)]
pub struct StepOrder {
    /// The cell.
    pub cell: Cell,
    /// The command.
    pub rendered: Rendered,
    /// The folder that it runs in, relative to the project root.
    pub folder: String,
    /// Where standard output goes.
    pub stdout: Stdout,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Its outputs, in declared order.
    pub outputs: Vec<StagedOutput>,
    /// Whether it writes to its staging or in place.
    pub staging: Staging,
    /// Its staging, relative to the project root.
    pub staging_folder: String,
    /// Where previous outputs wait, relative to the project root.
    pub aside_folder: String,
    /// What is noted about them.
    pub aside_note: AsideNote,
    /// Where files with lists of inputs lie, relative to the project root.
    pub lists_folder: String,
    /// Its log, relative to the project root.
    pub log: String,
    /// Whether it starts from its previous output.
    pub previous: Previous,
    /// What its outputs' data versions are made of.
    pub rule: DataVersionRule,
    /// Sources that it reads, with the versions that were judged.
    pub sources: Vec<(String, DataVersion)>,
    /// Whether outputs are synced to disk.
    pub sync: Sync,
}

/// Whether outputs are synced to disk before they are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// They are not.
    No,
    /// They are: `--durable`.
    Outputs,
}

/// What came of a step.
#[derive(Debug)]
pub struct StepEnd {
    /// The cell.
    pub cell: Cell,
    /// Its outputs, or why there are none.
    pub result: Result<Vec<MadeOutput>, NotMade>,
    /// How long the command took.
    pub duration: Duration,
    /// Its log, relative to the project root, if there is anything in it.
    pub log: Option<String>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
}

/// An output that is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeOutput {
    /// Its version; `None` where its content is not what counts.
    pub version: Option<DataVersion>,
    /// Its size.
    pub bytes: u64,
}

/// Why a step has made nothing.
#[derive(Debug)]
pub enum NotMade {
    /// It failed.
    Failed(Box<StepFailure>),
    /// It was interrupted.
    Canceled,
}

/// Makes one attempt at a step.
#[must_use]
pub fn run_step(
    workspace: &Workspace<'_>,
    ignore: &Ignore,
    spares: &Spares,
    order: &StepOrder,
    cancel: &Cancel,
) -> StepEnd {
    let mut end = StepEnd {
        cell: order.cell,
        result: Err(NotMade::Canceled),
        duration: Duration::ZERO,
        log: None,
        warnings: Vec::new(),
    };
    let attempt = Attempt {
        workspace,
        ignore,
        spares,
        order,
    };
    end.result = match attempt.run(cancel, &mut end) {
        Ok(outputs) => {
            spares.clear_staging(workspace.root, &order.staging_folder, &order.outputs);
            Ok(outputs)
        }
        Err(not_made) => {
            attempt.undo(&mut end.warnings);
            Err(attempt.finished(not_made, end.log.as_deref()))
        }
    };
    if !order.rendered.lists.is_empty() {
        // A list that stays is overwritten by the next attempt.
        let _ = remove_tree(&workspace.resolve(&order.lists_folder));
    }
    end
}

/// Why an attempt ended early, before it is told with the command and the log.
enum Stop {
    Exit(Exit),
    Problem {
        message: String,
        help: Option<String>,
        code: &'static str,
    },
}

impl Stop {
    fn problem(code: &'static str, message: impl Into<String>) -> Self {
        Self::Problem {
            message: message.into(),
            help: None,
            code,
        }
    }

    fn with_help(code: &'static str, message: String, help: &str) -> Self {
        Self::Problem {
            message,
            help: Some(help.to_owned()),
            code,
        }
    }
}

struct Attempt<'a> {
    workspace: &'a Workspace<'a>,
    ignore: &'a Ignore,
    spares: &'a Spares,
    order: &'a StepOrder,
}

impl Attempt<'_> {
    fn run(&self, cancel: &Cancel, end: &mut StepEnd) -> Result<Vec<MadeOutput>, Stop> {
        if cancel.severity().is_some() {
            return Err(Stop::Exit(Exit::Canceled));
        }
        self.clear_ways()?;
        self.prepare().map_err(|error| self.unwritable(&error))?;
        let before = self.final_stamps();
        let command = self.command_line();
        self.spares.take_log(&command.log);
        let execution = self.workspace.executor.execute(&command, cancel);
        if execution.log.is_none() {
            self.spares.keep_log(command.log);
        }
        self.note(&execution, end);
        if !execution.exit.is_success() {
            return Err(Stop::Exit(execution.exit));
        }
        self.verify(&before)?;
        let outputs = self.publish()?;
        end.warnings.extend(self.changed_sources());
        Ok(outputs)
    }

    fn prepare(&self) -> io::Result<()> {
        let (root, order) = (self.workspace.root, self.order);
        for (path, lines) in &order.rendered.lists {
            let path = root.join(path);
            create_parent(&path)?;
            write_atomically(&path, (lines.join("\n") + "\n").as_bytes())?;
        }
        match order.staging {
            Staging::Staged => {
                self.spares
                    .prepare_staging(root, &order.staging_folder, &order.outputs)?;
                if order.previous == Previous::Present {
                    for output in &order.outputs {
                        let written = root.join(&output.written);
                        remove_tree(&written)?;
                        copy_tree(&root.join(&output.path), &written)?;
                    }
                }
            }
            Staging::InPlace => {
                move_aside(root, &order.aside_folder, &order.aside_note)?;
                prepare(root, &order.staging_folder, &order.outputs)?;
                if order.previous == Previous::Present {
                    for (index, output) in order.outputs.iter().enumerate() {
                        let path = root.join(&output.path);
                        remove_tree(&path)?;
                        copy_tree(&kept_aside(root, &order.aside_folder, index), &path)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn command_line(&self) -> CommandLine {
        let (root, order) = (self.workspace.root, self.order);
        let argv = &order.rendered.argv;
        let program = argv.first().cloned().unwrap_or_default();
        let mut line = CommandLine::new(program, root.join(&order.folder), root.join(&order.log));
        line.args = argv.iter().skip(1).map(Into::into).collect();
        line.env.clone_from(&order.rendered.env);
        line.empty_log = EmptyLog::Left;
        line.timeout = order.timeout;
        line.secrets = order
            .rendered
            .secrets
            .iter()
            .cloned()
            .map(Secret::new)
            .collect();
        if let (Stdout::Output, Some(output)) = (order.stdout, order.outputs.first()) {
            line.stdout = StdoutTo::File(root.join(&output.written));
        }
        line
    }

    fn note(&self, execution: &Execution, end: &mut StepEnd) {
        end.duration = execution.usage.duration;
        end.log = execution.log.as_ref().map(|_| self.order.log.clone());
        // Who is asked to end does so after its children or before them.
        let was_ended = matches!(execution.exit, Exit::Canceled | Exit::TimedOut { .. });
        match execution.leftovers {
            Leftovers::None => {}
            Leftovers::Ended if was_ended => {}
            Leftovers::Ended => end.warnings.push(
                "the command left processes running in the background; they were ended".to_owned(),
            ),
            Leftovers::Survived => end.warnings.push(
                "the command left processes running in the background that could not be ended"
                    .to_owned(),
            ),
        }
        if let Some(fault) = &execution.log_fault {
            end.warnings
                .push(format!("the log is not complete: {fault}"));
        }
    }

    /// Modification times at the final paths of staged outputs, to recognise a command that writes there.
    fn final_stamps(&self) -> Vec<Option<std::time::SystemTime>> {
        self.order
            .outputs
            .iter()
            .map(|output| self.modified(&output.path))
            .collect()
    }

    fn modified(&self, path: &str) -> Option<std::time::SystemTime> {
        self.workspace
            .resolve(path)
            .metadata()
            .and_then(|it| it.modified())
            .ok()
    }

    fn verify(&self, before: &[Option<std::time::SystemTime>]) -> Result<(), Stop> {
        for (output, before) in self.order.outputs.iter().zip(before) {
            self.verify_output(output, *before)?;
        }
        if self.order.staging == Staging::InPlace {
            return Ok(());
        }
        let undeclared = self.undeclared();
        if undeclared.is_empty() {
            return Ok(());
        }
        let folder = &self.order.staging_folder;
        Err(Stop::with_help(
            "assetctl::engine::undeclared_output",
            format!("wrote what is not declared: {}", undeclared.join(", ")),
            &format!(
                "declare it as an output, or add a pattern to `[project] ignore`; it lies in {folder}"
            ),
        ))
    }

    fn verify_output(
        &self,
        output: &StagedOutput,
        before: Option<std::time::SystemTime>,
    ) -> Result<(), Stop> {
        let written = self.workspace.resolve(&output.written);
        let staged = self.order.staging == Staging::Staged;
        if staged && fs::read_link(&written).is_ok_and(|text| text.is_relative()) {
            let path = &output.path;
            return Err(Stop::with_help(
                "assetctl::engine::output_kind",
                format!("wrote {path} as a relative link, which leads elsewhere from its place"),
                "write an absolute link, or set `staging = false` so that the final path is given",
            ));
        }
        let Ok(metadata) = written.metadata() else {
            let path = &output.path;
            let beside = staged && self.modified(path) != before;
            return Err(if beside {
                Stop::with_help(
                    "assetctl::engine::output_beside_staging",
                    format!("wrote {path} itself instead of the path that it was given"),
                    "write to `{{output}}`, or set `staging = false` so that the final path is given",
                )
            } else {
                Stop::with_help(
                    "assetctl::engine::missing_output",
                    format!("did not write {path}"),
                    "every declared output must be written: write to `{{output}}` or \
                     `$ASSETCTL_OUTPUT`, or correct `outputs`",
                )
            });
        };
        let found = if metadata.is_dir() {
            OutputKind::Directory
        } else {
            OutputKind::File
        };
        if found == output.kind {
            return Ok(());
        }
        let path = &output.path;
        Err(match found {
            OutputKind::Directory => Stop::with_help(
                "assetctl::engine::output_kind",
                format!("wrote {path} as a directory, and a file is declared"),
                "a path that ends in `/` declares a directory",
            ),
            OutputKind::File => Stop::with_help(
                "assetctl::engine::output_kind",
                format!("wrote {path} as a file, and a directory is declared"),
                "a path that does not end in `/` declares a file",
            ),
        })
    }

    /// Files in the staging that belong to no output, by the paths that they would have.
    fn undeclared(&self) -> Vec<String> {
        let staging = self.workspace.resolve(&self.order.staging_folder);
        let written: HashSet<_> = self
            .order
            .outputs
            .iter()
            .map(|it| self.workspace.resolve(&it.written))
            .collect();
        let walk = WalkDir::new(&staging).sort_by_file_name().into_iter();
        let walk = walk.filter_entry(|entry| {
            !written.contains(entry.path())
                && (entry.depth() == 0 || !self.ignore.matches(entry.path()))
        });
        walk.filter_map(Result::ok)
            .filter(|entry| !entry.file_type().is_dir())
            .filter_map(|entry| {
                Some(
                    entry
                        .path()
                        .strip_prefix(&staging)
                        .ok()?
                        .display()
                        .to_string(),
                )
            })
            .take(20)
            .collect()
    }

    /// Asked before the command starts, so that nothing is moved aside that no step has made, and again before the first
    /// output moves into place.
    fn clear_ways(&self) -> Result<(), Stop> {
        for output in &self.order.outputs {
            clear_the_way(self.workspace.root, output)
                .map_err(|error| self.unpublished(output, &error))?;
        }
        Ok(())
    }

    fn publish(&self) -> Result<Vec<MadeOutput>, Stop> {
        let settled: Result<Vec<_>, HashError> = self
            .order
            .outputs
            .iter()
            .map(|output| self.settle(output))
            .collect();
        let settled = settled.map_err(|error| {
            Stop::problem("assetctl::engine::unreadable_output", error.to_string())
        })?;
        if self.order.staging == Staging::Staged {
            self.clear_ways()?;
        }
        for output in &self.order.outputs {
            if self.order.sync == Sync::Outputs {
                self.sync(output).map_err(|error| self.unwritable(&error))?;
            }
            if self.order.staging == Staging::Staged {
                publish(self.workspace.root, output)
                    .map_err(|error| self.unpublished(output, &error))?;
            }
        }
        let outputs = self
            .order
            .outputs
            .iter()
            .zip(settled)
            .map(|(output, settled)| {
                settled.map_or_else(
                    || MadeOutput {
                        version: None,
                        bytes: self.size(&output.path),
                    },
                    |settled| {
                        self.workspace.versions.adopt(&output.path, &settled);
                        let found = settled.found();
                        MadeOutput {
                            version: found.version(),
                            bytes: found.bytes(),
                        }
                    },
                )
            });
        Ok(outputs.collect())
    }

    /// Hashes an output where it was written, unless its content is not what counts.
    fn settle(&self, output: &StagedOutput) -> Result<Option<Settled>, HashError> {
        match self.order.rule {
            DataVersionRule::Inputs => Ok(None),
            DataVersionRule::Content | DataVersionRule::Reported => self
                .workspace
                .versions
                .settle(&output.written, &output.path)
                .map(Some),
        }
    }

    fn size(&self, path: &str) -> u64 {
        let files = WalkDir::new(self.workspace.resolve(path))
            .into_iter()
            .filter_map(Result::ok);
        files
            .filter_map(|entry| entry.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|it| it.len())
            .sum()
    }

    fn sync(&self, output: &StagedOutput) -> io::Result<()> {
        for entry in WalkDir::new(self.workspace.resolve(&output.written)) {
            let entry = entry?;
            if entry.file_type().is_file() || entry.file_type().is_dir() {
                File::open(entry.path())?.sync_all()?;
            }
        }
        Ok(())
    }

    /// Sources that are not what they were when the step was judged: what was read is not known.
    fn changed_sources(&self) -> Vec<String> {
        let changed = |(path, version): &&(String, DataVersion)| {
            let now = self
                .workspace
                .versions
                .of_path(path)
                .ok()
                .and_then(|found: Found| found.version());
            now != Some(*version)
        };
        let line = |(path, _): &(String, DataVersion)| {
            format!(
                "{path} changed while the command ran: the result is recorded as made from what was there before, and is stale"
            )
        };
        self.order
            .sources
            .iter()
            .filter(changed)
            .map(line)
            .collect()
    }

    fn undo(&self, warnings: &mut Vec<String>) {
        if self.order.staging == Staging::InPlace
            && let Err(error) = put_back(self.workspace.root, &self.order.aside_folder)
        {
            let folder = &self.order.aside_folder;
            warnings.push(format!(
                "previous outputs could not be put back from {folder}: {error}"
            ));
        }
    }

    fn unwritable(&self, error: &io::Error) -> Stop {
        Stop::with_help(
            "assetctl::engine::unwritable",
            format!("cannot write to {}: {error}", self.order.staging_folder),
            "make room on the disk, or make the folder writable",
        )
    }

    fn unpublished(&self, output: &StagedOutput, error: &io::Error) -> Stop {
        let path = &output.path;
        if self.workspace.resolve(path).is_dir() && output.kind == OutputKind::File {
            return Stop::with_help(
                "assetctl::engine::output_in_the_way",
                format!("{path} is a directory, and the output is a file"),
                "move the directory away; it is not replaced, as nobody knows what it holds",
            );
        }
        Stop::problem(
            "assetctl::engine::unwritable",
            format!("cannot put {path} into place: {error}"),
        )
    }

    /// The failure as it is told: with the command, the exit and the last lines of the log.
    fn finished(&self, stop: Stop, log: Option<&str>) -> NotMade {
        let (message, help, code, exit, signal) = match stop {
            Stop::Exit(Exit::Canceled) => return NotMade::Canceled,
            Stop::Exit(exit) => {
                let (number, signal) = match &exit {
                    Exit::Code(number) => (Some(*number), None),
                    Exit::Signal { number, name } => (
                        None,
                        Some(name.map_or_else(|| number.to_string(), str::to_owned)),
                    ),
                    _ => (None, None),
                };
                let (code, help) = reason(&exit);
                (exit.describe(), help, code, number, signal)
            }
            Stop::Problem {
                message,
                help,
                code,
            } => (message, help, code, None, None),
        };
        let log = log.map(|log| self.workspace.resolve(log));
        NotMade::Failed(Box::new(StepFailure {
            message,
            help,
            exit,
            signal,
            command: self.shown_command(),
            tail: log.as_deref().map_or_else(Vec::new, last_lines),
            code,
        }))
    }

    fn shown_command(&self) -> String {
        let command = quote_command(self.order.rendered.argv.iter().map(String::as_str));
        match self.order.folder.as_str() {
            "" => command,
            folder => format!("cd {} && {command}", crate::executor::quote(folder)),
        }
    }
}

fn last_lines(log: &Path) -> Vec<String> {
    tail(log, TAIL).map_or_else(|_| Vec::new(), |tail| tail.lines().to_vec())
}

/// The diagnostic code of an exit that is a failure, and what to do.
fn reason(exit: &Exit) -> (&'static str, Option<String>) {
    use miette::Diagnostic;
    match exit {
        Exit::TimedOut { .. } => (
            "assetctl::engine::timed_out",
            Some("raise `timeout`, or find out what it waits for".to_owned()),
        ),
        Exit::NotStarted(error) => (
            "assetctl::engine::not_started",
            error.help().map(|help| help.to_string()),
        ),
        _ => ("assetctl::engine::command_failed", None),
    }
}
