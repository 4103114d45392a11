//! One attempt at one step, on a worker: prepare, run the command, verify, hash, put into place.
//!
//! A step makes one asset partition, or several neighbours with one command: then each of them is a part, with folders of
//! its own, and the parts stand or fall together. A worker gets owned data and gives one message back. It records
//! nothing: until the coordinator has, a crash leaves the step stale. On failure previous outputs are as they were.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::answer::{EventKind, StepFailure};
use crate::command::{Load, Rendered, StepPlaces, StepStdin};
use crate::engine::failure::Stop;
use crate::engine::inputs::InputFiles;
use crate::engine::occupied::AlteredPlaces;
use crate::engine::resources::{Given, NotReady, ResourcePool};
use crate::engine::staging::{AsideNote, kept_aside, move_aside, prepare, put_back};
use crate::engine::staging_pool::StagingPool;
use crate::engine::step_locks::{GroupNote, GroupNotes};
use crate::executor::{
    Cancel, CommandLine, EmptyLog, Execution, Exit, Leftovers, Moment, StdinFrom, StdoutTo, Usage,
    Watcher,
};
use crate::hash::Ignore;
use crate::io_manager::{IoManagerError, StagedOutput, Streams, Taken};
use crate::look::{OwnLife, Workspace};
use crate::model::{Batch, DataVersion, DataVersionRule, Name, Occupied, RetryRule};
use crate::plan::{Cell, PlaceRecord};
use crate::sys::file::{copy_tree, create_parent, remove_tree, write_atomically};

/// Everything that a worker needs to know of a step.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub struct StepOrder {
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// When it is followed by another.
    pub retry: RetryRule,
    /// The asset partitions that it makes, in the order of keys; at least one.
    pub parts: Vec<StepPart>,
    /// What they are called together; `None` if it is only one.
    pub batch: Option<Arc<Batch>>,
    /// The command.
    pub rendered: Rendered,
    /// The resources that it needs, in declared order.
    pub resources: Vec<Name>,
    /// The variables that its asset itself declares, where it needs resources.
    pub own_env: Vec<String>,
    /// The program of the shell that runs it; `None` where it is executed without one.
    pub shell: Option<String>,
    /// The folder that it runs in, relative to the project root.
    pub folder: String,
    /// What is on standard input, if anything is.
    pub stdin: Option<StepStdin>,
    /// Whether standard output is its only output.
    pub stdout_is_output: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Whether processes that its command leaves behind may be ended.
    pub may_end_leftovers: bool,
    /// Whether it writes in place, instead of to its staging.
    pub in_place: bool,
    /// Where its lists lie, and where values are loaded to: relative to the project root or absolute.
    pub places: StepPlaces,
    /// Its log, relative to the project root.
    pub log: String,
    /// Whether it may start from its previous output.
    pub incremental: bool,
    /// What its outputs' data versions are made of.
    pub rule: DataVersionRule,
    /// Whether outputs are synced to disk.
    pub durable: bool,
    /// What becomes of folders at the places of outputs that no step has made.
    pub occupied: Occupied,
    /// Where its process group is noted while it runs.
    pub groups: Arc<GroupNotes>,
}

/// One asset partition of a step.
#[derive(Debug)]
pub struct StepPart {
    /// The cell.
    pub cell: Cell,
    /// Its outputs, in declared order.
    pub outputs: Vec<StagedOutput>,
    /// Whether anything was recorded at the place of each output.
    pub places: Vec<PlaceRecord>,
    /// Its staging, relative to the project root.
    pub staging_folder: String,
    /// Where its previous outputs wait, relative to the project root.
    pub aside_folder: String,
    /// What is noted about them.
    pub aside_note: AsideNote,
}

impl StepOrder {
    /// The outputs of all parts, in order.
    pub fn outputs(&self) -> impl Iterator<Item = &StagedOutput> {
        self.parts.iter().flat_map(|part| &part.outputs)
    }
}

/// What came of a step.
#[derive(Debug)]
pub struct StepEnd {
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// The cells, in the order of keys; at least one.
    pub cells: Vec<Cell>,
    /// What they are called together; `None` if it is only one.
    pub batch: Option<Arc<Batch>>,
    /// The outputs of each cell, or why there are none.
    pub result: Result<Vec<Vec<MadeOutput>>, NotMade>,
    /// What the command took.
    pub usage: Usage,
    /// Its log, relative to the project root, if there is anything in it and it outlives the run.
    pub log: Option<String>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
    /// What was set aside to make room for the outputs.
    pub set_aside: Vec<SetAside>,
}

impl StepEnd {
    /// That of an attempt whose command was not started.
    pub fn without_command(
        cells: Vec<Cell>,
        batch: Option<Arc<Batch>>,
        attempt: u32,
        why: NotMade,
    ) -> Self {
        Self {
            attempt,
            cells,
            batch,
            result: Err(why),
            usage: Usage::default(),
            log: None,
            warnings: Vec::new(),
            set_aside: Vec::new(),
        }
    }

    /// That of an attempt which was canceled before it was started.
    pub fn not_started(order: &StepOrder) -> Self {
        let cells = order.parts.iter().map(|part| part.cell).collect();
        Self::without_command(cells, order.batch.clone(), order.attempt, NotMade::Canceled)
    }

    /// Whether it was interrupted.
    pub const fn is_canceled(&self) -> bool {
        matches!(self.result, Err(NotMade::Canceled))
    }

    /// The exit code with which it has failed, if with any.
    pub fn exit(&self) -> Option<i32> {
        match &self.result {
            Err(NotMade::Failed(failure)) => failure.exit,
            _ => None,
        }
    }

    /// Whether it has failed.
    pub const fn has_failed(&self) -> bool {
        matches!(self.result, Err(NotMade::Failed(_)))
    }
}

/// What lay at the place of an output and was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The part of the step that the output is of.
    pub part: usize,
    /// What was there, by its path relative to the project root.
    pub path: String,
    /// Where it is now, relative to the project root.
    pub kept: String,
}

/// An output that is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeOutput {
    /// Its version; `None` where its content is not what counts.
    pub version: Option<DataVersion>,
    /// Its size.
    pub bytes: u64,
}

/// What the coordinator is told.
#[derive(Debug)]
pub enum StepReport {
    /// A step's command has started.
    Started {
        /// The first of its cells.
        cell: Cell,
        /// The number of its process, where that is known.
        pid: Option<u32>,
    },
    /// A step's command has ended, and what it left behind is waited for.
    Waiting {
        /// The first of its cells.
        cell: Cell,
        /// For whom, in words.
        holder: String,
    },
    /// Something has happened to a resource.
    Resource,
    /// A step has ended.
    Ended(StepEnd),
    /// A hook has ended.
    Hook(Box<EventKind>),
    /// The hooks of a step have all ended.
    HooksEnded,
    /// The run was asked to stop.
    Interrupted,
    /// A worker has panicked.
    Panicked,
}

/// Why a step has made nothing.
#[derive(Debug)]
pub enum NotMade {
    /// It failed.
    Failed(Box<StepFailure>),
    /// It was interrupted.
    Canceled,
    /// Something that it needs cannot be had, for this reason.
    Blocked(String),
}

/// What the attempts of a run share.
#[derive(Clone, Copy)]
pub struct StepDoors<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// What is never part of outputs.
    pub ignore: &'a Ignore,
    /// Folders for staging and logs.
    pub pool: &'a StagingPool,
    /// The files that steps read.
    pub files: &'a InputFiles,
    /// The resources.
    pub resources: &'a ResourcePool<'a>,
}

/// Makes one attempt at a step. On the way it may report something.
pub fn run_step(
    StepDoors {
        workspace,
        ignore,
        pool,
        files,
        resources,
    }: StepDoors<'_>,
    order: &StepOrder,
    (cancel, reports): (&Cancel, &Sender<StepReport>),
) -> StepEnd {
    let mut end = StepEnd::not_started(order);
    let given = match required(resources, order, (cancel, reports)) {
        Ok(given) => given,
        Err(NotReady::Canceled) => return end,
        Err(NotReady::Blocked(why)) => {
            end.result = Err(NotMade::Blocked(why));
            return end;
        }
    };
    let attempt = Attempt {
        workspace,
        ignore,
        pool,
        files,
        order,
        given: &given,
        reports,
    };
    end.result = match attempt.run(cancel, &mut end) {
        Ok(outputs) => {
            for part in &order.parts {
                pool.clear_staging(workspace.root, &part.staging_folder, &part.outputs);
            }
            Ok(outputs)
        }
        Err(not_made) => {
            attempt.undo(&mut end.warnings);
            Err(attempt.finished(not_made, end.log.as_deref()))
        }
    };
    if !order.rendered.lists.is_empty() {
        // A list that stays is overwritten by the next attempt.
        let _ = remove_tree(&workspace.resolve(&order.places.lists));
    }
    if !order.rendered.loads.is_empty() {
        // What stays goes with the folder that the run works in.
        let _ = remove_tree(&workspace.resolve(&order.places.given));
    }
    if workspace.own_life == OwnLife::Gone {
        end.log = None;
    }
    end
}

/// Sets up the resources of a step, and gives the variables of their setups.
fn required(
    resources: &ResourcePool<'_>,
    order: &StepOrder,
    (cancel, reports): (&Cancel, &Sender<StepReport>),
) -> Result<Given, NotReady> {
    if order.resources.is_empty() {
        return Ok(Given::new());
    }
    let wake = || drop(reports.send(StepReport::Resource));
    let given = resources.require(&order.resources, (cancel, &wake))?;
    let is_own = |name: &OsString| order.own_env.iter().any(|own| name == own.as_str());
    match given.iter().find(|(name, _)| is_own(name)) {
        Some((name, _)) => Err(NotReady::Blocked(format!(
            "a setup gives the variable `{}`, which the asset's own `env` sets",
            name.to_string_lossy()
        ))),
        None => Ok(given),
    }
}

/// One attempt, with all that it needs.
pub(super) struct Attempt<'a> {
    pub(super) workspace: &'a Workspace<'a>,
    pub(super) ignore: &'a Ignore,
    pub(super) pool: &'a StagingPool,
    pub(super) files: &'a InputFiles,
    pub(super) order: &'a StepOrder,
    given: &'a Given,
    reports: &'a Sender<StepReport>,
}

impl Attempt<'_> {
    fn run(&self, cancel: &Cancel, end: &mut StepEnd) -> Result<Vec<Vec<MadeOutput>>, Stop> {
        if cancel.severity().is_some() {
            return Err(Stop::Exit(Exit::Canceled));
        }
        self.make_way()?;
        let altered = if self.order.in_place {
            self.altered_places()
        } else {
            AlteredPlaces::new()
        };
        self.prepare().map_err(|error| self.unwritable(&error))?;
        let _loaded = self.load()?;
        let before = self.final_stamps();
        let command = self.command_line()?;
        self.pool.take_log(&command.log);
        if !self.workspace.executor.tells_starts() {
            self.report(StepReport::Started {
                cell: self.first(),
                pid: None,
            });
        }
        let execution = self.workspace.executor.execute(&command, cancel);
        if execution.log.is_none() {
            self.pool.keep_log(command.log);
        }
        self.note(&execution, end);
        if !execution.exit.is_success() {
            return Err(Stop::Exit(execution.exit));
        }
        self.refuse_leftovers(&execution.leftovers)?;
        let complete = self.complete(execution.stdout, &before)?;
        let altered = self.check(altered)?;
        self.store(complete, &altered, end)
    }

    fn prepare(&self) -> io::Result<()> {
        let (root, order) = (self.workspace.root, self.order);
        for (path, lines) in &order.rendered.lists {
            let path = root.join(path);
            create_parent(&path)?;
            write_atomically(&path, &as_lines(lines))?;
        }
        for part in &order.parts {
            if order.in_place {
                self.prepare_in_place(part)?;
            } else {
                self.prepare_staged(part)?;
            }
        }
        Ok(())
    }

    fn prepare_staged(&self, part: &StepPart) -> io::Result<()> {
        let root = self.workspace.root;
        self.pool
            .prepare_staging(root, &part.staging_folder, &part.outputs)?;
        if self.order.places.previous {
            for output in &part.outputs {
                let written = root.join(&output.written);
                remove_tree(&written)?;
                copy_tree(&root.join(&output.path), &written)?;
            }
        }
        Ok(())
    }

    fn prepare_in_place(&self, part: &StepPart) -> io::Result<()> {
        let root = self.workspace.root;
        let spare = self.pool.take_aside();
        move_aside(root, &part.aside_folder, &part.aside_note, spare.as_deref())?;
        prepare(root, &part.staging_folder, &part.outputs)?;
        if self.order.places.previous {
            for (index, output) in part.outputs.iter().enumerate() {
                let path = root.join(&output.path);
                remove_tree(&path)?;
                let kept = kept_aside(root, &part.aside_folder, (index, &output.path));
                copy_tree(&root.join(kept), &path)?;
            }
        }
        Ok(())
    }

    fn load(&self) -> Result<Vec<Taken>, Stop> {
        let io_manager = self.workspace.io_manager;
        let load = |load: &Load| io_manager.load(&load.path, &self.workspace.resolve(&load.to));
        let loaded: Result<Vec<Taken>, IoManagerError> =
            self.order.rendered.loads.iter().map(load).collect();
        loaded.map_err(|error| Stop::of(&error))
    }

    fn command_line(&self) -> Result<CommandLine, Stop> {
        let (root, order) = (self.workspace.root, self.order);
        let (folder, log) = (root.join(&order.folder), root.join(&order.log));
        let mut line = order.rendered.command_line(folder, log);
        line.env.extend(self.given.iter().cloned());
        line.empty_log = EmptyLog::Left;
        line.timeout = order.timeout;
        line.outputs = self.written_places();
        line.watcher = self.watcher();
        if order.stdout_is_output
            && let Some(output) = order.outputs().next()
        {
            line.stdout = match self.workspace.io_manager.streams() {
                Streams::Files => StdoutTo::File(root.join(&output.written)),
                Streams::Pipes { limit } => StdoutTo::Memory { limit },
            };
        }
        line.stdin = match &order.stdin {
            None => StdinFrom::Null,
            Some(StepStdin::File(path)) => StdinFrom::File(root.join(path)),
            Some(StepStdin::Piped(path)) => {
                let bytes = self.workspace.io_manager.bytes(path);
                StdinFrom::Bytes(bytes.map_err(|error| Stop::of(&error))?)
            }
        };
        Ok(line)
    }

    /// The files and folders that the command writes.
    fn written_places(&self) -> Vec<PathBuf> {
        let staged = self.order.parts.iter().filter(|_| !self.order.in_place);
        let staging = staged.map(|part| &part.staging_folder);
        let outputs = self.order.outputs().map(|output| &output.written);
        staging
            .chain(outputs)
            .map(|path| self.workspace.resolve(path))
            .collect()
    }

    /// Notes the command's process group, and tells the coordinator what the command waits for once it has ended.
    fn watcher(&self) -> Watcher {
        let cell = self.first();
        let reports = self.reports.clone();
        let outputs = self.order.outputs();
        let outputs: Vec<(PathBuf, String)> = outputs
            .map(|output| (self.workspace.resolve(&output.written), output.path.clone()))
            .collect();
        let group = GroupNote::new(&self.order.groups);
        Watcher::new(move |moment| match moment {
            Moment::Started { process } => {
                group.write(process);
                let pid = Some(process);
                let _ = reports.send(StepReport::Started { cell, pid });
            }
            Moment::StillWriting { process, path } => {
                let final_path = outputs.iter().find_map(|(written, output)| {
                    // The system knows open files by paths that are free of links.
                    let within = path.strip_prefix(written.canonicalize().ok()?).ok()?;
                    let output = Path::new(output);
                    let is_file = within.as_os_str().is_empty();
                    Some(if is_file {
                        output.to_owned()
                    } else {
                        output.join(within)
                    })
                });
                let path = final_path.unwrap_or_else(|| path.to_owned());
                let holder = format!("{process}, which still writes {}", path.display());
                // Nobody listens any more if the run is broken off.
                let _ = reports.send(StepReport::Waiting { cell, holder });
            }
        })
    }

    fn first(&self) -> Cell {
        self.order.parts[0].cell
    }

    fn report(&self, report: StepReport) {
        // Nobody listens any more if the run is broken off.
        let _ = self.reports.send(report);
    }

    fn note(&self, execution: &Execution, end: &mut StepEnd) {
        end.usage = execution.usage;
        end.log = execution.log.as_ref().map(|_| self.order.log.clone());
        if let Leftovers::Survived { processes } = &execution.leftovers {
            end.warnings.push(format!(
                "the command left processes running that could not be ended: {}",
                processes.join(", ")
            ));
        }
        if let Some(fault) = &execution.log_fault {
            end.warnings
                .push(format!("the log is not complete: {fault}"));
        }
    }

    /// Whoever is ended may not have finished its work.
    fn refuse_leftovers(&self, leftovers: &Leftovers) -> Result<(), Stop> {
        let (processes, ended) = match leftovers {
            Leftovers::None => return Ok(()),
            Leftovers::Ended { processes } => (processes, "were ended"),
            Leftovers::Survived { processes } => (processes, "could not be ended"),
        };
        if self.order.may_end_leftovers {
            return Ok(());
        }
        let processes = processes.join(", ");
        Err(Stop::with_help(
            "assetctl::engine::leftovers",
            format!("the command left processes running that {ended}: {processes}"),
            "let the command wait for them (`wait`), or set `leftovers = \"end\"` where they may be ended",
        ))
    }

    fn undo(&self, warnings: &mut Vec<String>) {
        if !self.order.in_place && !self.order.incremental {
            return;
        }
        for StepPart { aside_folder, .. } in &self.order.parts {
            if let Err(error) = put_back(self.workspace.root, aside_folder) {
                warnings.push(format!(
                    "previous outputs could not be put back from {aside_folder}: {error}"
                ));
            }
        }
    }
}

/// The bytes of a file with a text in each line.
fn as_lines(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}
