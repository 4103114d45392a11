//! `materialize` and `materialize_to_memory`.

use std::time::Instant;

use crate::api::error::Error;
use crate::api::instance::Instance;
use crate::api::lookup::Values;
use crate::api::project::Project;
use crate::api::recorder::Recorder;
use crate::api::request::{IoManagerKind, Kept, MaterializeRequest, RaiseOnError};
use crate::api::run_result::{Ended, RunResult};
use crate::api::turn::Turn;
use crate::app::{self, OpenedProject, Running, made_rows};

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
pub fn materialize(
    project: &Project,
    mut request: MaterializeRequest<'_>,
) -> Result<RunResult, Error> {
    let Kept {
        io_manager,
        instance,
    } = request.kept();
    match io_manager {
        Some(IoManagerKind::Memory) => in_memory(project, instance.as_ref(), request),
        Some(IoManagerKind::Filesystem) | None => on_disk(project, instance, request),
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
    mut request: MaterializeRequest<'_>,
) -> Result<RunResult, Error> {
    let Kept {
        io_manager,
        instance,
    } = request.kept();
    if io_manager.is_some() {
        return Err(Error::IoManagerInMemory);
    }
    in_memory(project, instance.as_ref(), request)
}

/// The instance that was asked for, or an ephemeral one.
pub(super) fn instance_of(asked: Option<Instance>) -> Result<Instance, Error> {
    asked.map_or_else(Instance::ephemeral, Ok)
}

fn on_disk(
    project: &Project,
    instance: Option<Instance>,
    request: MaterializeRequest<'_>,
) -> Result<RunResult, Error> {
    let (asked, run) = request.on_disk()?;
    let instance = instance_of(instance)?;
    let _turn = Turn::wait(project.root(), instance.path())?;
    let mut recorder = Recorder::new(run.events);
    let running = Running {
        executor: project.executor(),
        cancel: &run.cancel,
        clock: project.clock(),
        progress: &mut recorder,
    };
    let started = Instant::now();
    let mut opened = app::Project::open(&project.surroundings(Some(instance.path())))?;
    let run_of = OpenedProject {
        project: &mut opened,
        started,
    };
    let (result, made) = app::materialize_opened(run_of, &asked, running, made_rows)?;
    let ended = Ended {
        result,
        declared: opened.into_declared(),
        recorder,
    };
    let values = Values::OnDisk {
        root: project.root().to_owned(),
        made,
    };
    raised(RunResult::new(ended, values), run.raise)
}

fn in_memory(
    project: &Project,
    instance: Option<&Instance>,
    request: MaterializeRequest<'_>,
) -> Result<RunResult, Error> {
    if instance.is_some() {
        return Err(Error::InstanceInMemory);
    }
    let (asked, run) = request.in_memory()?;
    let mut recorder = Recorder::new(run.events);
    let running = Running {
        executor: project.executor(),
        cancel: &run.cancel,
        clock: project.clock(),
        progress: &mut recorder,
    };
    let done = app::materialize_in_memory(&project.surroundings(None), &asked, running)?;
    let ended = Ended {
        result: done.result,
        declared: done.declared,
        recorder,
    };
    let values = Values::in_memory(done.values);
    raised(RunResult::new(ended, values), run.raise)
}

fn raised(result: RunResult, raise: RaiseOnError) -> Result<RunResult, Error> {
    if result.success() || raise == RaiseOnError::No {
        Ok(result)
    } else {
        Err(Error::RunFailed(Box::new(result)))
    }
}
