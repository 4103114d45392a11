//! The library's verbs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use crate::answer::{CheckReport, Event, EventSink, PlanReport, StatusReport};
use crate::app::generated::open_printed;
use crate::app::library::error::Error;
use crate::app::library::instance::Instance;
use crate::app::library::project::Project;
use crate::app::library::request::{
    CheckRequest, ConfigRequest, IoManagerKind, JobRequest, MaterializeRequest, PlanRequest,
    RaiseOnError, RequestBase, StatusRequest,
};
use crate::app::library::resolved_config::ResolvedConfig;
use crate::app::library::run_result::{RunResult, RunValues};
use crate::app::{
    self, Declared, Notice, OpenProject, OpenedProject, Progress, Rebuilding, RunContext, RunPlace,
    made_rows,
};
use crate::engine::HookFunction;
use crate::engine::RunSummary;
use crate::executor::Cancel;
use crate::model::MaterializeOptions;

/// Brings what is selected, and what it needs, up to date. Outputs lie at their paths then, and `Assets.lock` has their
/// lines.
///
/// # Errors
///
/// If the run cannot be planned or cannot go on. A step that fails does not end the run; whether it makes
/// [`Error::RunFailed`] of the result is the request's choice.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// let request = MaterializeRequest::new().select("greeting").instance(&project.instance());
/// let result = materialize(&project, request)?;
/// assert_eq!(&*result.output("greeting", None, None)?.bytes()?, b"hello\n");
/// assert!(project.root().join("greeting.txt").exists());
/// # Ok(())
/// # }
/// ```
pub fn materialize(project: &Project, request: MaterializeRequest<'_>) -> Result<RunResult, Error> {
    match request.io_manager {
        Some(IoManagerKind::Memory) => in_memory(project, request),
        Some(IoManagerKind::Filesystem) | None => on_disk(project, request),
    }
}

/// Materializes what is selected, and what it needs, in memory, for tests: of the project nothing is created, changed or locked.
/// Everything selected runs, whatever an instance knows, and the values are in the result. Which keys a dynamic partitions
/// definition has is asked of `Assets.lock` and of the project's own instance, if there is one.
///
/// # Errors
///
/// As [`materialize`], and if the request names an IO manager or an instance ([`Error::IoManagerInMemory`],
/// [`Error::InstanceInMemory`]) or a command writes in place (`assetctl::app::in_place_in_memory`).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [source.names]
/// # path = "names.txt"
/// # [asset.sorted]
/// # deps = "names"
/// # command = "sort {{input}} > {{output}}"
/// # outputs = "sorted.txt"
/// # "#)?;
/// # std::fs::write(folder.path().join("few.txt"), "zoe\nada\n")?;
/// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let request = MaterializeRequest::new().input("names", "few.txt");
/// let result = materialize_to_memory(&project, request)?;
/// let sorted = result.output("sorted", None, None)?;
/// assert_eq!(&*sorted.bytes()?, b"ada\nzoe\n");
/// assert_eq!(sorted.path(), None);
/// assert!(!project.root().join("sorted.txt").exists());
/// # Ok(())
/// # }
/// ```
pub fn materialize_to_memory(
    project: &Project,
    request: MaterializeRequest<'_>,
) -> Result<RunResult, Error> {
    if request.io_manager.is_some() {
        return Err(Error::IoManagerInMemory);
    }
    in_memory(project, request)
}

/// The instance that was asked for, or an ephemeral one.
fn instance_of(asked: Option<Instance>) -> Result<Instance, Error> {
    asked.map_or_else(Instance::ephemeral, Ok)
}

/// Runs a job: what it selects, by its configuration, with its steps and its executor. On disk it is recorded in the instance of
/// the request, and a step that fails is no error unless the request says so. [`JobRequest::in_process`] is a test of the job.
///
/// # Errors
///
/// As [`materialize`] and, in a test, as [`materialize_to_memory`]; [`Error::InstanceNeeded`] without an instance on disk.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo {{config.whom}} > {{output}}"
/// # outputs = "greeting.txt"
/// # config = { whom = "you" }
/// # [job.nightly]
/// # selection = "greeting"
/// # config.greeting.whom = "all"
/// # "#)?;
/// use assetctl::{JobRequest, Project, run_job};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// let result = run_job(&project, JobRequest::new("nightly").instance(&instance))?;
/// assert!(result.success());
/// assert_eq!(&*result.output("greeting", None, None)?.bytes()?, b"all\n");
/// # Ok(())
/// # }
/// ```
pub fn run_job(project: &Project, request: JobRequest<'_>) -> Result<RunResult, Error> {
    let JobRequest {
        base,
        events,
        raise,
        in_process,
        ..
    } = request.checked()?;
    if in_process {
        let raise = raise.unwrap_or(RaiseOnError::Yes);
        run_in_memory(project, base, (events, raise))
    } else {
        let raise = raise.unwrap_or(RaiseOnError::No);
        run_on_disk(project, base, (events, raise))
    }
}

fn on_disk(project: &Project, request: MaterializeRequest<'_>) -> Result<RunResult, Error> {
    let MaterializeRequest {
        base,
        events,
        raise,
        ..
    } = request.checked(false)?;
    run_on_disk(project, base, (events, raise))
}

/// Who is told of a run, and whether its failures are errors.
type Telling<'a> = (Option<&'a mut dyn EventSink>, RaiseOnError);

fn run_on_disk(
    project: &Project,
    base: RequestBase<MaterializeOptions>,
    (events, raise): Telling<'_>,
) -> Result<RunResult, Error> {
    let instance = instance_of(base.instance)?;
    let _turn = Turn::wait(project.root(), instance.path())?;
    let mut recorder = Recorder::new(events);
    let started = Instant::now();
    let given = (base.configuration, base.resources);
    let surroundings = project.surroundings(Some(instance.path()), given);
    let printing = (project.executor(), &base.cancel);
    let mut opened = open_printed(&surroundings, printing, &mut |_| ())?;
    let run_of = OpenedProject {
        project: &mut opened,
        started,
        sees_all: true,
        glanced: None,
    };
    let running = recorder.running(project, &base.cancel, &base.hooks);
    let (summary, made) = app::materialize_opened(run_of, &base.options, running, made_rows)?;
    let values = RunValues::OnDisk {
        root: project.root().to_owned(),
        made,
    };
    recorder.result(summary, opened.into_declared(), values, raise)
}

fn in_memory(project: &Project, request: MaterializeRequest<'_>) -> Result<RunResult, Error> {
    if request.base.instance.is_some() {
        return Err(Error::InstanceInMemory);
    }
    let MaterializeRequest {
        base,
        events,
        raise,
        ..
    } = request.checked(true)?;
    run_in_memory(project, base, (events, raise))
}

fn run_in_memory(
    project: &Project,
    base: RequestBase<MaterializeOptions>,
    (events, raise): Telling<'_>,
) -> Result<RunResult, Error> {
    let mut recorder = Recorder::new(events);
    let running = recorder.running(project, &base.cancel, &base.hooks);
    let home = base.instance.as_ref().map(Instance::path);
    let surroundings = project.surroundings(home, (base.configuration, base.resources));
    let done = app::materialize_in_memory(&surroundings, &base.options, running)?;
    let values = RunValues::in_memory(done.values);
    recorder.result(done.result, done.declared, values, raise)
}

/// Keeps the events of a run, and hands them on to whoever wants them live.
struct Recorder<'a> {
    events: Vec<Event>,
    notices: Vec<Notice>,
    live: Option<&'a mut dyn EventSink>,
}

impl<'a> Recorder<'a> {
    fn new(live: Option<&'a mut dyn EventSink>) -> Self {
        Self {
            events: Vec::new(),
            notices: Vec::new(),
            live,
        }
    }

    /// What a run of a project needs of the world.
    fn running<'r>(
        &'r mut self,
        project: &'r Project,
        cancel: &'r Cancel,
        hooks: &'r [HookFunction],
    ) -> RunContext<'r> {
        RunContext {
            hooks,
            executor: project.executor(),
            cancel,
            clock: project.clock(),
            progress: self,
        }
    }

    /// What came of the run that was recorded.
    fn result(
        self,
        summary: RunSummary,
        declared: Declared,
        values: RunValues,
        raise: RaiseOnError,
    ) -> Result<RunResult, Error> {
        let (events, notices) = (self.events, self.notices);
        let result = RunResult::new(summary, (events, notices), (declared, values));
        if result.success() || raise == RaiseOnError::No {
            Ok(result)
        } else {
            Err(Error::RunFailed(Box::new(result)))
        }
    }
}

impl EventSink for Recorder<'_> {
    fn emit(&mut self, event: &Event) {
        self.events.push(event.clone());
        if let Some(live) = &mut self.live {
            live.emit(event);
        }
    }
}

impl Progress for Recorder<'_> {
    fn begins(&mut self, _place: &RunPlace<'_>) {}

    fn notice(&mut self, notice: &Notice) {
        self.notices.push(notice.clone());
    }
}

/// Says whether everything is fresh, as far as a checkout alone can tell: the lock file decides, and where there is none, the
/// instance. Runs nothing unless something is to be rebuilt.
///
/// # Errors
///
/// If the project, the words, the lock file or the instance are not right, or git has no answer.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{CheckRequest, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// assert!(check(&project, CheckRequest::new())?.is_good(), "Assets.lock knows it");
/// # Ok(())
/// # }
/// ```
pub fn check(project: &Project, request: CheckRequest) -> Result<CheckReport, Error> {
    let base = request.base.checked()?;
    let instance = instance_of(base.instance)?;
    let rebuilding = Rebuilding {
        executor: project.executor(),
        cancel: &base.cancel,
        clock: project.clock(),
    };
    let surroundings =
        project.surroundings(Some(instance.path()), (base.configuration, base.resources));
    let (report, _) = app::check(&surroundings, &base.options, rebuilding)?;
    Ok(report)
}

/// Says what [`materialize`](crate::materialize) would do with the same words. Runs nothing but commands that observe
/// sources.
///
/// # Errors
///
/// If the project, the words or the instance are not right, or something that is needed cannot be read.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// let project = assetctl::Project::load(folder.path())?;
/// let plan = assetctl::plan(&project, assetctl::PlanRequest::new())?;
/// assert_eq!(plan.counts.run, 1);
/// assert_eq!(plan.steps[0].keys.to_string(), "greeting");
/// # Ok(())
/// # }
/// ```
pub fn plan(project: &Project, request: PlanRequest) -> Result<PlanReport, Error> {
    let base = request.base.checked()?;
    let instance = instance_of(base.instance)?;
    let surroundings =
        project.surroundings(Some(instance.path()), (base.configuration, base.resources));
    let opened = app::open_planned(&surroundings, (project.executor(), &base.cancel))?;
    let (report, _) = app::plan(&opened, &base.options, (project.executor(), &base.cancel))?;
    Ok(report)
}

/// Says what is fresh, and what is not and why. Runs nothing.
///
/// # Errors
///
/// If the project, the words or the instance are not right.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// let project = assetctl::Project::load(folder.path())?;
/// let request = assetctl::StatusRequest::new().instance(&project.instance());
/// let status = assetctl::status(&project, request)?;
/// assert_eq!(status.summary.missing, 1);
/// # Ok(())
/// # }
/// ```
pub fn status(project: &Project, request: StatusRequest) -> Result<StatusReport, Error> {
    let base = request.base.checked()?;
    let instance = instance_of(base.instance)?;
    let surroundings =
        project.surroundings(Some(instance.path()), (base.configuration, base.resources));
    let opened = OpenProject::open(&surroundings)?;
    let (report, _) = app::status(&opened, &base.options)?;
    Ok(report)
}

/// Says what values all assets have, or all that is wrong with them.
///
/// # Errors
///
/// If the project or the configuration is not right, or a value that is required is missing.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo {{config.word}} > {{output}}"
/// # outputs = "greeting.txt"
/// # config_schema = { word = "string" }
/// # "#)?;
/// use assetctl::{ConfigRequest, Project, check_config};
///
/// let project = Project::load(folder.path())?;
/// let error = check_config(&project, ConfigRequest::new()).expect_err("`word` has no value");
/// assert_eq!(error.code().as_deref(), Some("assetctl::engine::config"));
/// check_config(&project, ConfigRequest::new().set("greeting.word", "hello"))?;
/// # Ok(())
/// # }
/// ```
pub fn check_config(project: &Project, request: ConfigRequest) -> Result<ResolvedConfig, Error> {
    let base = request.base.checked()?;
    let instance = instance_of(base.instance)?;
    let surroundings =
        project.surroundings(Some(instance.path()), (base.configuration, base.resources));
    let opened = OpenProject::open(&surroundings)?;
    Ok(ResolvedConfig::new(app::check_config(&opened)?))
}

/// By project root, who works there.
static TURNS: LazyLock<Mutex<HashMap<PathBuf, Holder>>> = LazyLock::new(Mutex::default);
static ENDED: Condvar = Condvar::new();

#[derive(Debug)]
struct Holder {
    home: PathBuf,
    /// The thread of each of its runs.
    threads: Vec<ThreadId>,
}

/// The right to write in a project, until it is dropped.
#[derive(Debug)]
#[must_use]
struct Turn {
    root: PathBuf,
    thread: ThreadId,
}

impl Turn {
    /// Waits until no run on another instance works in the project.
    ///
    /// # Errors
    ///
    /// If this thread is within a run there already, which would wait for the one that waits for it.
    pub(super) fn wait(root: &Path, home: &Path) -> Result<Self, Error> {
        let thread = thread::current().id();
        let is_within = |holder: &Holder| holder.threads.contains(&thread);
        if turns().get(root).is_some_and(is_within) {
            return Err(Error::WithinRun);
        }
        let is_others = |turns: &mut HashMap<PathBuf, Holder>| {
            turns.get(root).is_some_and(|holder| holder.home != home)
        };
        let waited = ENDED.wait_while(turns(), is_others);
        let mut turns = waited.unwrap_or_else(PoisonError::into_inner);
        let holder = turns.entry(root.to_owned()).or_insert_with(|| Holder {
            home: home.to_owned(),
            threads: Vec::new(),
        });
        holder.threads.push(thread);
        Ok(Self {
            root: root.to_owned(),
            thread,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = turns();
        if let Some(holder) = turns.get_mut(&self.root) {
            holder.threads.retain(|thread| *thread != self.thread);
            if holder.threads.is_empty() {
                turns.remove(&self.root);
                ENDED.notify_all();
            }
        }
    }
}

/// Valid between any two statements, so a panic elsewhere does not spoil it.
fn turns() -> MutexGuard<'static, HashMap<PathBuf, Holder>> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}
