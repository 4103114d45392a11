//! The resources of a run: set up once, before the first step that needs them, and torn down after the last.
//!
//! A worker that needs a resource asks for it; the first one sets it up while the others wait. What happens is kept for the
//! coordinator, which is the only one to tell events. Whatever was begun to be set up is torn down: by the run when its last
//! step has ended, else when the pool is dropped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::answer::{EventKind, ResourcePhase, StepFailure};
use crate::command::{ResourceCommand, Unrenderable};
use crate::engine::failure::{failure_of_exit, last_lines};
use crate::executor::{Background, Cancel, Exit};
use crate::look::{
    OwnLife, Resource, ResourceContext, ResourceError, Workspace, resolved_resource,
};
use crate::model::{
    Command, DeclaredResource, EnvValue, Name, ResolvedResource, RunId, encode_component,
};
use crate::sys::file::{create_parent, read_file, remove_tree, write_privately};
use crate::sys::shell::quote_command;

/// The longest file of variables, in bytes.
const LONGEST: u64 = 1_000_000;

/// Variables that setups have given, which reach steps and teardowns and are recorded nowhere.
pub type Given = Vec<(OsString, OsString)>;

/// Why a step cannot have what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// For this reason, in words.
    Blocked(String),
    /// The run was asked to stop.
    Canceled,
}

/// The resources of one run.
pub struct ResourcePool<'a> {
    workspace: Workspace<'a>,
    run: RunId,
    /// By name; those that nobody has asked for are not there.
    states: Mutex<BTreeMap<Name, Arc<Mutex<ResourceState>>>>,
    /// Those that were begun to be set up, in that order.
    begun: Mutex<Vec<Begun>>,
    /// What has happened and was not told yet.
    told: Mutex<Vec<EventKind>>,
}

/// What is known of a resource.
#[derive(Clone, Debug, Default)]
enum ResourceState {
    #[default]
    Down,
    Ready(Arc<Given>),
    Failed(NotReady),
}

/// A resource that was begun to be set up.
struct Begun {
    name: Name,
    resolved: ResolvedResource,
    given: Given,
}

impl<'a> ResourcePool<'a> {
    /// The resources of a run, none of which is set up.
    pub fn new(workspace: &Workspace<'a>, run: RunId) -> Self {
        Self {
            workspace: *workspace,
            run,
            states: Mutex::default(),
            begun: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Sets resources up that are not yet, and gives the variables of their setups. `wake` is called where there is something
    /// to tell.
    ///
    /// # Errors
    ///
    /// If one of them cannot be set up, or two give one variable two values.
    pub fn require(
        &self,
        names: &[Name],
        (cancel, wake): (&Cancel, &dyn Fn()),
    ) -> Result<Given, NotReady> {
        let mut all: BTreeMap<OsString, (&Name, OsString)> = BTreeMap::new();
        for name in names {
            let given = self.ready(name, (cancel, wake))?;
            for (variable, value) in given.iter() {
                if let Some((other, known)) = all.get(variable)
                    && known != value
                {
                    let variable = variable.to_string_lossy();
                    return Err(NotReady::Blocked(format!(
                        "the setups of `{other}` and `{name}` give the variable `{variable}` two values"
                    )));
                }
                all.insert(variable.clone(), (name, value.clone()));
            }
        }
        let given = all.into_iter();
        Ok(given
            .map(|(variable, (_, value))| (variable, value))
            .collect())
    }

    /// What has happened since the last call, in order.
    pub fn take_told(&self) -> Vec<EventKind> {
        std::mem::take(&mut lock(&self.told))
    }

    fn ready(&self, name: &Name, doors: (&Cancel, &dyn Fn())) -> Result<Arc<Given>, NotReady> {
        let state = Arc::clone(lock(&self.states).entry(name.clone()).or_default());
        // Whoever comes second waits here for the first.
        let mut state = lock(&state);
        if let ResourceState::Down = *state {
            *state = match self.set_up(name, doors) {
                Ok(given) => ResourceState::Ready(Arc::new(given)),
                Err(why) => ResourceState::Failed(why),
            };
        }
        match &*state {
            ResourceState::Ready(given) => Ok(Arc::clone(given)),
            ResourceState::Failed(why) => Err(why.clone()),
            ResourceState::Down => unreachable!("it was set up"),
        }
    }

    fn set_up(&self, name: &Name, (cancel, wake): (&Cancel, &dyn Fn())) -> Result<Given, NotReady> {
        let found = self.workspace.graph.resource(name.as_str());
        let resource = found.expect("the manifest has checked that it is declared");
        let program = self.workspace.resources.get(name);
        let has_functions = program.is_some_and(Resource::has_functions);
        if resource.setup.is_none() && resource.teardown.is_none() && !has_functions {
            return Ok(Given::new());
        }
        if cancel.severity().is_some() {
            return Err(NotReady::Canceled);
        }
        let resolved = resolved_resource(&self.workspace, resource)
            .map_err(|problems| NotReady::Blocked(problems.first_in_words()))?;
        let begun = Begun {
            name: name.clone(),
            resolved: resolved.clone(),
            given: Given::new(),
        };
        lock(&self.begun).push(begun);
        self.tell(EventKind::ResourceStarted {
            resource: name.clone(),
        });
        wake();
        let work = Work {
            pool: self,
            resource,
            resolved: &resolved,
            phase: ResourcePhase::Setup,
        };
        let made = match (&resource.setup, program.and_then(Resource::set_up)) {
            (Some(setup), _) => {
                let made = work.run(setup, &Given::new(), cancel);
                made.and_then(|()| work.read_given().map_err(Ended::of))
            }
            (None, Some(setup)) => {
                let called = work.call(setup, &Given::new(), cancel);
                called.and_then(|given| work.checked(given).map_err(Ended::of))
            }
            (None, None) => return Ok(Given::new()),
        };
        let given = match made {
            Ok(given) => given,
            Err(Ended::Canceled) => return Err(NotReady::Canceled),
            Err(Ended::Failed(failure, log)) => {
                let failed = resource_failed(name, ResourcePhase::Setup, (*failure, log));
                let why = failed.message();
                self.tell(failed);
                wake();
                return Err(NotReady::Blocked(why));
            }
        };
        let mut begun = lock(&self.begun);
        if let Some(begun) = begun.iter_mut().find(|it| it.name == *name) {
            begun.given.clone_from(&given);
        }
        Ok(given)
    }

    /// Tears all down that was begun to be set up, the last one first. What cannot be torn down is told, and goes on.
    ///
    /// An interrupt that has ended the steps does not end a teardown; one after it does.
    pub fn tear_down(&self, cancel: &Cancel) {
        let begun = std::mem::take(&mut *lock(&self.begun));
        if begun.is_empty() {
            return;
        }
        let second = cancel.second();
        for begun in begun.into_iter().rev() {
            self.tear_one_down(&begun, &second.cancel);
        }
        // What stays of it goes with the folder that the run works in.
        let _ = remove_tree(&self.workspace.resolve(&folder(&self.workspace, self.run)));
    }

    fn tear_one_down(&self, begun: &Begun, cancel: &Cancel) {
        let found = self.workspace.graph.resource(begun.name.as_str());
        let resource = found.expect("it was set up");
        let work = Work {
            pool: self,
            resource,
            resolved: &begun.resolved,
            phase: ResourcePhase::Teardown,
        };
        let program = self.workspace.resources.get(&begun.name);
        let ended = match (&resource.teardown, program.and_then(Resource::tear_down)) {
            (Some(teardown), _) => work.run(teardown, &begun.given, cancel),
            (None, Some(teardown)) => work.call(teardown, &begun.given, cancel),
            (None, None) => Ok(()),
        };
        let (failure, log) = match ended {
            Ok(()) => {
                let resource = begun.name.clone();
                self.tell(EventKind::ResourceStopped { resource });
                return;
            }
            Err(Ended::Failed(failure, log)) => (failure, log),
            Err(Ended::Canceled) => {
                let message = "interrupted".to_owned();
                let code = "assetctl::engine::teardown_interrupted";
                (Box::new(StepFailure::new(code, message, None)), None)
            }
        };
        let failed = (*failure, log);
        self.tell(resource_failed(
            &begun.name,
            ResourcePhase::Teardown,
            failed,
        ));
    }

    fn tell(&self, event: EventKind) {
        lock(&self.told).push(event);
    }
}

/// What an error, or a panic, has left.
impl Drop for ResourcePool<'_> {
    fn drop(&mut self) {
        self.tear_down(&Cancel::new());
    }
}

/// How a command of a resource has ended that did not succeed.
enum Ended {
    Canceled,
    /// With its log, relative to the project root, if it outlives the run.
    Failed(Box<StepFailure>, Option<String>),
}

impl Ended {
    /// Without a log.
    fn of(failure: StepFailure) -> Self {
        Self::Failed(Box::new(failure), None)
    }
}

/// A setup or a teardown.
struct Work<'w> {
    pool: &'w ResourcePool<'w>,
    resource: &'w DeclaredResource,
    resolved: &'w ResolvedResource,
    phase: ResourcePhase,
}

impl Work<'_> {
    fn run(&self, command: &Command, given: &Given, cancel: &Cancel) -> Result<(), Ended> {
        let workspace = &self.pool.workspace;
        let file = workspace.resolve(&self.file());
        let rendered = ResourceCommand {
            workspace,
            resolved: self.resolved,
            run: self.pool.run,
            file: &file,
            given,
        }
        .render(command)
        .map_err(
            |Unrenderable {
                 code,
                 message,
                 help,
             }| { Ended::of(StepFailure::new(code, message, help.as_deref())) },
        )?;
        create_parent(&file)
            .and_then(|()| match self.phase {
                ResourcePhase::Setup => write_privately(&file, b""),
                ResourcePhase::Teardown => Ok(()),
            })
            .map_err(|error| {
                let message = format!("cannot write {}: {error}", file.display());
                Ended::of(StepFailure::new(
                    "assetctl::engine::unwritable",
                    message,
                    None,
                ))
            })?;
        let log = self.log();
        let folder = workspace.resolve(&self.resource.folder);
        let mut line = rendered.command_line(folder, workspace.resolve(&log));
        line.timeout = Some(self.resource.timeout);
        line.background = match self.phase {
            ResourcePhase::Setup => Background::Kept,
            ResourcePhase::Teardown => Background::Ended,
        };
        let execution = workspace.executor.execute(&line, cancel);
        if execution.exit.is_success() {
            return Ok(());
        }
        if let Exit::Canceled = execution.exit {
            return Err(Ended::Canceled);
        }
        let mut failure = failure_of_exit(&execution.exit);
        failure.command = quote_command(rendered.argv.iter().map(String::as_str));
        let has_log = execution.log.is_some();
        failure.tail = execution.log.as_deref().map_or_else(Vec::new, last_lines);
        let log = (has_log && workspace.own_life == OwnLife::Kept).then_some(log);
        Err(Ended::Failed(Box::new(failure), log))
    }

    /// Calls a function of the program.
    fn call<T>(
        &self,
        function: &dyn Fn(&ResourceContext<'_>) -> Result<T, ResourceError>,
        given: &Given,
        cancel: &Cancel,
    ) -> Result<T, Ended> {
        let context = ResourceContext {
            name: &self.resource.name,
            config: self.resolved.config.to_json(),
            run: self.pool.run,
            given,
            cancel,
        };
        let message = match catch_unwind(AssertUnwindSafe(|| function(&context))) {
            Ok(Ok(made)) => return Ok(made),
            Ok(Err(_)) if cancel.severity().is_some() => return Err(Ended::Canceled),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                text.map_or_else(
                    || "it panicked".to_owned(),
                    |it| format!("it panicked: {it}"),
                )
            }
        };
        let code = "assetctl::engine::resource_function";
        Err(Ended::of(StepFailure::new(code, message, None)))
    }

    /// The variables that a function has given, if they may be set.
    fn checked(&self, given: Vec<(String, String)>) -> Result<Given, StepFailure> {
        let mut checked = Given::new();
        for (name, value) in given {
            self.check(&name, value.as_bytes()).map_err(|why| {
                let message = format!("the function {why}");
                StepFailure::new("assetctl::engine::resource_env", message, None)
            })?;
            checked.push((name.into(), value.into()));
        }
        Ok(checked)
    }

    /// Why a variable cannot be given; nothing is told of its value, which may be secret.
    fn check(&self, name: &str, value: &[u8]) -> Result<(), String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("is not NAME=VALUE".to_owned());
        }
        if name.starts_with("ASSETCTL_") || name.starts_with("DAGSTER_PIPES_") {
            return Err(format!("gives `{name}`, which assetctl itself sets"));
        }
        if value.contains(&b'\0') {
            return Err("holds a NUL".to_owned());
        }
        let declared = self.resolved.env.iter().find(|it| it.name == name);
        let is_same =
            |it: &EnvValue| matches!(it, EnvValue::Literal(text) if text.as_bytes() == value);
        if declared.is_some_and(|it| !is_same(&it.value)) {
            return Err(format!(
                "gives `{name}`, which the resource's `env` sets otherwise"
            ));
        }
        Ok(())
    }

    /// The variables that the setup has given.
    fn read_given(&self) -> Result<Given, StepFailure> {
        let refused = |message: String| {
            let help = "write a line `NAME=VALUE` for each variable";
            let code = "assetctl::engine::resource_env";
            StepFailure::new(code, message, Some(help))
        };
        let file = self.pool.workspace.resolve(&self.file());
        let bytes = read_file(&file, LONGEST);
        let bytes = bytes.map_err(|error| refused(format!("ASSETCTL_RESOURCE_ENV: {error}")))?;
        let mut given = Given::new();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            // The line may be secret: nothing of it is told but the name.
            let wrong =
                |why: &str| refused(format!("line {number} of ASSETCTL_RESOURCE_ENV {why}"));
            let at = line.iter().position(|byte| *byte == b'=');
            let at = at.ok_or_else(|| wrong("is not NAME=VALUE"))?;
            let name = str::from_utf8(&line[..at])
                .map_err(|_| wrong("has no name"))?
                .trim();
            let name = name.strip_prefix("export ").unwrap_or(name).trim();
            let value = &line[at + 1..];
            self.check(name, value).map_err(|why| wrong(&why))?;
            given.push((name.into(), OsString::from_vec(value.to_vec())));
        }
        Ok(given)
    }

    fn file(&self) -> String {
        let name = encode_component(self.resource.name.as_str());
        format!("{}/{name}.env", folder(&self.pool.workspace, self.pool.run))
    }

    fn log(&self) -> String {
        let (own, run) = (self.pool.workspace.own, self.pool.run);
        let name = encode_component(self.resource.name.as_str());
        format!("{own}/logs/{run}/~{name}~{}.log", self.phase.word())
    }
}

/// That a command of a resource has failed, with its log.
pub(super) fn resource_failed(
    resource: &Name,
    phase: ResourcePhase,
    (mut failure, log): (StepFailure, Option<String>),
) -> EventKind {
    let reason = failure.message;
    failure.message = format!("the {} of `{resource}` failed: {reason}", phase.word());
    EventKind::ResourceFailed {
        resource: resource.clone(),
        phase,
        failure: Box::new(failure),
        log,
    }
}

/// The folder for what setups give.
fn folder(workspace: &Workspace<'_>, run: RunId) -> String {
    resource_folder(workspace.own, run)
}

/// The folder for what the setups of a run give, relative to the project root. `own` is the folder that the run works in.
pub(super) fn resource_folder(own: &str, run: RunId) -> String {
    format!("{own}/resources/{run}")
}

/// What is kept is valid between any two statements, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
