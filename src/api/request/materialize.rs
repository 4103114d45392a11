//! What `materialize` and `materialize_to_memory` are asked for.

use std::fmt;

use crate::api::error::Error;
use crate::api::instance::Instance;
use crate::api::request::selecting::{Selecting, selecting_methods};
use crate::api::request::{count, jobs};
use crate::app::{AppError, RequestError};
use crate::executor::Cancel;
use crate::model::{
    AssetKey, EventSink, FailurePolicy, Force, InMemoryRequest, MaterializeRequest as Run, Scope,
    SourcePaths, SuppliedInput,
};

/// Where the values of a run are kept.
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
/// use assetctl::{IoManagerKind, MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// for (kind, is_on_disk) in [(IoManagerKind::Memory, false), (IoManagerKind::Filesystem, true)] {
///     let result = materialize(&project, MaterializeRequest::new().io_manager(kind))?;
///     assert_eq!(result.output("greeting", None, None)?.path().is_some(), is_on_disk);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoManagerKind {
    /// At their paths in the project.
    Filesystem,
    /// In the memory of this process, in the [`RunResult`](crate::RunResult).
    Memory,
}

/// Whether a run in which a step failed, was blocked or was interrupted is an error.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "exit 3 > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{Error, MaterializeRequest, Project, RaiseOnError, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let run = |raise| {
///     materialize_to_memory(&project, MaterializeRequest::new().raise_on_error(raise))
/// };
/// assert!(!run(RaiseOnError::No)?.success());
/// assert!(matches!(run(RaiseOnError::Yes), Err(Error::RunFailed(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RaiseOnError {
    /// It is [`Error::RunFailed`](crate::Error::RunFailed), which holds the whole result.
    #[default]
    Yes,
    /// It is a result like any other, of which [`success`](crate::RunResult::success) is false.
    No,
}

/// What [`materialize`](crate::materialize) and [`materialize_to_memory`](crate::materialize_to_memory) are asked for. As it
/// is made it asks for everything that is not fresh.
///
/// Words are read when the call is made, and what is wrong with them is its error.
///
/// ```
/// use assetctl::{Force, MaterializeRequest, RaiseOnError};
///
/// let request = MaterializeRequest::new()
///     .select("+report")
///     .partition_range("2024-01-01...2024-01-31")
///     .force(Force::Selected)
///     .jobs(4)
///     .raise_on_error(RaiseOnError::No);
/// # drop(request);
/// ```
#[derive(Default)]
pub struct MaterializeRequest<'a> {
    selecting: Selecting,
    scope: Scope,
    steps: Vec<String>,
    force: Force,
    jobs: Option<usize>,
    max_failures: Option<u32>,
    memory_limit: Option<u64>,
    sources: SourcePaths,
    inputs: Vec<(String, String)>,
    kept: Kept,
    run: RunRequest<'a>,
}

/// Where values and records of a run are kept, as far as anything was said.
#[derive(Default)]
pub(in crate::api) struct Kept {
    pub(in crate::api) io_manager: Option<IoManagerKind>,
    pub(in crate::api) instance: Option<Instance>,
}

/// What a run has to do with its caller while it goes on, and when it has ended.
#[derive(Default)]
pub(in crate::api) struct RunRequest<'a> {
    pub(in crate::api) events: Option<&'a mut dyn EventSink>,
    pub(in crate::api) cancel: Cancel,
    pub(in crate::api) raise: RaiseOnError,
}

impl<'a> MaterializeRequest<'a> {
    /// Everything that is not fresh.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    selecting_methods!();

    /// Runs exactly what is selected, and not what it needs: that is read as it was left by earlier runs.
    #[must_use]
    pub fn only(mut self) -> Self {
        self.scope = Scope::Only;
        self
    }

    /// Adds a clause over the steps of the plan: `clean@2024-01-01`, `*report`, `clean++`. Exactly the steps of all
    /// clauses run.
    #[must_use]
    pub fn steps(mut self, clause: &str) -> Self {
        self.steps.push(clause.to_owned());
        self
    }

    /// Says whether what is selected runs although it is fresh.
    #[must_use]
    pub fn force(mut self, force: Force) -> Self {
        self.force = force;
        self
    }

    /// How many commands run at once, at least 1; as many as there are cores if nothing is said.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// Starts nothing new once so many steps have failed, at least 1. If nothing is said, all runs that does not need what
    /// failed.
    #[must_use]
    pub fn max_failures(mut self, failures: u32) -> Self {
        self.max_failures = Some(failures);
        self
    }

    /// Records the run in `instance`, which also says what is fresh. If nothing is said, the instance is an ephemeral one:
    /// then everything runs that `Assets.lock` does not know to be here. [`Project::instance`](crate::Project::instance) is
    /// that of the command line.
    ///
    /// Runs on several instances of one project take turns within a process; runs on one instance share it.
    #[must_use]
    pub fn instance(mut self, instance: &Instance) -> Self {
        self.kept.instance = Some(instance.clone());
        self
    }

    /// Where values are kept. Says nothing new to `materialize` with [`IoManagerKind::Filesystem`];
    /// [`IoManagerKind::Memory`] makes it `materialize_to_memory`, to which none may be given.
    #[must_use]
    pub fn io_manager(mut self, kind: IoManagerKind) -> Self {
        self.kept.io_manager = Some(kind);
        self
    }

    /// How many bytes a run in memory may hold, of outputs and of what commands read of them just now: 2 GB if nothing is
    /// said. A step whose output would go past it fails.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// In memory, reads sources where `[project.test]` of the manifest says, those that it names.
    #[must_use]
    pub fn test_sources(mut self) -> Self {
        self.sources = SourcePaths::Test;
        self
    }

    /// In memory, reads a source or an external asset at `path`: relative to the project root or absolute, with
    /// `{{partition}}` where it has partitions.
    #[must_use]
    pub fn input(mut self, name: &str, path: &str) -> Self {
        self.inputs.push((name.to_owned(), path.to_owned()));
        self
    }

    /// Hands each event on as it comes, on the thread that made the call. The sink must not block for long, and cannot
    /// begin another run on disk of the same project ([`Error::WithinRun`](crate::Error::WithinRun)).
    #[must_use]
    pub fn events(mut self, sink: &'a mut dyn EventSink) -> Self {
        self.run.events = Some(sink);
        self
    }

    /// Lets another thread end the run: what runs is asked to end, nothing else is started. [`Cancel`] has an example.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.run.cancel = cancel;
        self
    }

    /// Says whether a run in which something failed is an error.
    #[must_use]
    pub fn raise_on_error(mut self, raise: RaiseOnError) -> Self {
        self.run.raise = raise;
        self
    }

    /// Where it is asked for values to be kept.
    pub(in crate::api) fn kept(&mut self) -> Kept {
        std::mem::take(&mut self.kept)
    }

    /// The request for a run on disk.
    pub(in crate::api) fn on_disk(self) -> Result<(Run, RunRequest<'a>), Error> {
        let only_in_memory = [
            ("memory_limit", self.memory_limit.is_some()),
            ("test_sources", self.sources == SourcePaths::Test),
            ("input", !self.inputs.is_empty()),
        ];
        if let Some((option, _)) = only_in_memory.into_iter().find(|(_, given)| *given) {
            return Err(Error::OnlyInMemory { option });
        }
        Ok((self.run()?, self.run))
    }

    /// The request for a run in memory.
    pub(in crate::api) fn in_memory(self) -> Result<(InMemoryRequest, RunRequest<'a>), Error> {
        let default = InMemoryRequest::new(self.run()?);
        let inputs = self
            .inputs
            .into_iter()
            .map(|(name, path)| supplied(name, path));
        let request = InMemoryRequest {
            memory_limit: self.memory_limit.unwrap_or(default.memory_limit),
            sources: self.sources,
            inputs: inputs.collect::<Result<_, _>>()?,
            ..default
        };
        Ok((request, self.run))
    }

    fn run(&self) -> Result<Run, Error> {
        let failures = self.max_failures.map(|it| count("max_failures", it));
        Ok(Run {
            selection: self.selecting.selection(),
            partitions: self.selecting.partitions()?,
            scope: self.scope,
            steps: self.steps.clone(),
            force: self.force,
            failures: failures
                .transpose()?
                .map_or_else(FailurePolicy::default, FailurePolicy::StopAfter),
            jobs: jobs(self.jobs)?,
            ..Run::default()
        })
    }
}

fn supplied(name: String, path: String) -> Result<SuppliedInput, Error> {
    // The key of a source that is declared in place is its path, which no name is.
    let asset = match AssetKey::parse(&name) {
        Ok(asset) => asset,
        Err(_) if name.contains('/') || name.contains('.') => AssetKey::of_path(&name),
        Err(_) => {
            return Err(AppError::Request(RequestError::UnknownName {
                name,
                help: "name a source or an external asset".to_owned(),
            })
            .into());
        }
    };
    Ok(SuppliedInput { asset, path })
}

impl fmt::Debug for MaterializeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaterializeRequest")
            .field("selecting", &self.selecting)
            .field("scope", &self.scope)
            .field("steps", &self.steps)
            .field("force", &self.force)
            .finish_non_exhaustive()
    }
}
