//! What `materialize` and `materialize_to_memory` are asked for.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};

use crate::answer::EventSink;
use crate::api::error::Error;
use crate::api::instance::Instance;
use crate::api::request::selecting::{Misread, recorded_methods, selecting_methods};
use crate::api::request::{IoManagerKind, RaiseOnError};
use crate::app::{AppError, RequestError};
use crate::executor::Cancel;
use crate::model::{
    AssetKey, Force, InMemoryRequest, MaterializeRequest as Run, Occupied, SuppliedInput,
};

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
    asked: Run,
    misread: Misread,
    memory_limit: Option<u64>,
    test_sources: bool,
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
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    selecting_methods!(MaterializeRequest);

    recorded_methods!(MaterializeRequest);

    /// Runs exactly what is selected, and not what it needs: that is read as it was left by earlier runs. If nothing is said,
    /// what it needs is brought up to date first.
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().select("report").only();
    /// ```
    #[must_use]
    pub fn only(mut self) -> Self {
        self.asked.only = true;
        self
    }

    /// Adds a clause over the steps of the plan: `clean@2024-01-01`, `*report`, `clean++`. Exactly the steps of all
    /// clauses run. One that names no step of the plan is `assetctl::app::no_step`.
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().steps("clean@2024-01-01").steps("*report");
    /// ```
    #[must_use]
    pub fn steps(mut self, clause: &str) -> Self {
        self.asked.steps.push(clause.to_owned());
        self
    }

    /// Says whether what is selected runs although it is fresh, and whether incremental assets start from nothing:
    /// [`Force::WhenStale`] if nothing is said.
    ///
    /// ```
    /// use assetctl::{Force, MaterializeRequest};
    ///
    /// let request = MaterializeRequest::new().select("clean").force(Force::FullRefresh);
    /// ```
    #[must_use]
    pub fn force(mut self, force: Force) -> Self {
        self.asked.force = force;
        self
    }

    /// How many commands run at once, at least 1 ([`Error::Zero`](crate::Error::Zero)); as many as there are cores if
    /// nothing is said.
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().jobs(4);
    /// ```
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.asked.jobs = self.misread.at_least_one("jobs", NonZeroUsize::new(jobs));
        self
    }

    /// Starts nothing new once so many steps have failed, at least 1 ([`Error::Zero`](crate::Error::Zero)). If nothing is
    /// said, all runs that does not need what failed.
    ///
    /// ```
    /// let fail_fast = assetctl::MaterializeRequest::new().max_failures(1);
    /// ```
    #[must_use]
    pub fn max_failures(mut self, failures: u32) -> Self {
        let failures = NonZeroU32::new(failures);
        self.asked.max_failures = self.misread.at_least_one("max_failures", failures);
        self
    }

    /// On disk, fails a step whose output was altered by hand since the [instance](Self::instance) recorded it, and leaves
    /// that as it is. If nothing is said, it is made anew. In memory it is [`Error::OnlyOnDisk`](crate::Error::OnlyOnDisk).
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
    /// use assetctl::{MaterializeRequest, Project, RaiseOnError, materialize};
    ///
    /// let project = Project::load(folder.path())?;
    /// let instance = project.instance();
    /// let request = || MaterializeRequest::new().instance(&instance);
    /// materialize(&project, request())?;
    /// std::fs::write(project.root().join("greeting.txt"), "by hand")?;
    /// let kept = request().keep_altered().raise_on_error(RaiseOnError::No);
    /// assert_eq!(materialize(&project, kept)?.counts().failed, 1);
    /// assert_eq!(std::fs::read(project.root().join("greeting.txt"))?, b"by hand");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn keep_altered(mut self) -> Self {
        self.asked.keep_altered = true;
        self
    }

    /// On disk, sets aside folders that hold something, lie at the places of outputs, and were not made by any step. If nothing is
    /// said, such a folder is an error before anything runs. In memory it is [`Error::OnlyOnDisk`](crate::Error::OnlyOnDisk).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().replace();
    /// ```
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.asked.occupied = Occupied::SetAside;
        self
    }

    /// On disk, does not wait for another run on the instance that works on a step which this one needs: the run ends with
    /// an error that names the holder, `assetctl::engine::held`. If nothing is said, it is waited for. In memory it is
    /// [`Error::OnlyOnDisk`](crate::Error::OnlyOnDisk).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().no_wait();
    /// ```
    #[must_use]
    pub fn no_wait(mut self) -> Self {
        self.asked.no_wait = true;
        self
    }

    /// On disk, syncs outputs before they are recorded, so that a loss of power leaves none that is recorded and not there. If
    /// nothing is said, the system writes them in its own time. In memory it is
    /// [`Error::OnlyOnDisk`](crate::Error::OnlyOnDisk).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().durable();
    /// ```
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.asked.durable = true;
        self
    }

    /// Records the run in `instance`, which also says what is fresh. If nothing is said, the instance is an ephemeral one:
    /// then everything runs that `Assets.lock` does not know to be here. [`Project::instance`](crate::Project::instance) is
    /// that of the command line. In memory it is [`Error::InstanceInMemory`](crate::Error::InstanceInMemory).
    ///
    /// Runs on several instances of one project take turns within a process; runs on one instance share it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// let request = assetctl::MaterializeRequest::new().instance(&instance);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn instance(mut self, instance: &Instance) -> Self {
        self.kept.instance = Some(instance.clone());
        self
    }

    /// Where values are kept. Says nothing new to `materialize` with [`IoManagerKind::Filesystem`];
    /// [`IoManagerKind::Memory`] makes it `materialize_to_memory`, to which none may be given
    /// ([`Error::IoManagerInMemory`](crate::Error::IoManagerInMemory)).
    ///
    /// ```
    /// use assetctl::{IoManagerKind, MaterializeRequest};
    ///
    /// let request = MaterializeRequest::new().io_manager(IoManagerKind::Memory);
    /// ```
    #[must_use]
    pub fn io_manager(mut self, kind: IoManagerKind) -> Self {
        self.kept.io_manager = Some(kind);
        self
    }

    /// How many bytes a run in memory may hold, of outputs and of what commands read of them just now: 2 GB if nothing is
    /// said. A step whose output would go past it fails, with the code `assetctl::io_manager::memory_limit`. On disk it is
    /// [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().memory_limit(500_000_000);
    /// ```
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// In memory, reads sources where `[project.test]` of the manifest says, those that it names. On disk it is
    /// [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().test_sources();
    /// ```
    #[must_use]
    pub fn test_sources(mut self) -> Self {
        self.test_sources = true;
        self
    }

    /// In memory, reads a source or an external asset at `path`: relative to the project root or absolute, with
    /// `{{partition}}` where it has partitions. It goes before [`test_sources`](Self::test_sources). What is no source is
    /// an error of the call; on disk it is [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().input("raw", "fixtures/{{partition}}.csv");
    /// ```
    #[must_use]
    pub fn input(mut self, name: &str, path: &str) -> Self {
        self.inputs.push((name.to_owned(), path.to_owned()));
        self
    }

    /// Hands each event on as it comes, on the thread that made the call. The sink must not block for long, and cannot
    /// begin another run on disk of the same project ([`Error::WithinRun`](crate::Error::WithinRun)). [`EventSink`] has an
    /// example of one; a list is one too.
    ///
    /// ```
    /// let mut events: Vec<assetctl::Event> = Vec::new();
    /// let request = assetctl::MaterializeRequest::new().events(&mut events);
    /// ```
    #[must_use]
    pub fn events(mut self, sink: &'a mut dyn EventSink) -> Self {
        self.run.events = Some(sink);
        self
    }

    /// Lets another thread end the run: what runs is asked to end, nothing else is started, and the run's outcome is
    /// [`RunOutcome::Canceled`](crate::RunOutcome::Canceled). [`Cancel`] shows it at work.
    ///
    /// ```
    /// let cancel = assetctl::Cancel::new();
    /// let request = assetctl::MaterializeRequest::new().cancel(cancel.clone());
    /// ```
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.run.cancel = cancel;
        self
    }

    /// Says whether a run in which something failed is an error, which it is if nothing is said.
    ///
    /// ```
    /// use assetctl::{MaterializeRequest, RaiseOnError};
    ///
    /// let request = MaterializeRequest::new().raise_on_error(RaiseOnError::No);
    /// ```
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
            ("test_sources", self.test_sources),
            ("input", !self.inputs.is_empty()),
        ];
        if let Some((option, _)) = only_in_memory.into_iter().find(|(_, given)| *given) {
            return Err(Error::OnlyInMemory { option });
        }
        self.misread.result()?;
        Ok((self.asked, self.run))
    }

    /// The request for a run in memory.
    pub(in crate::api) fn in_memory(self) -> Result<(InMemoryRequest, RunRequest<'a>), Error> {
        let only_on_disk = [
            ("keep_altered", self.asked.keep_altered),
            ("replace", self.asked.occupied == Occupied::SetAside),
            ("no_wait", self.asked.no_wait),
            ("durable", self.asked.durable),
        ];
        if let Some((option, _)) = only_on_disk.into_iter().find(|(_, given)| *given) {
            return Err(Error::OnlyOnDisk { option });
        }
        self.misread.result()?;
        let default = InMemoryRequest::new(self.asked);
        let inputs = self
            .inputs
            .into_iter()
            .map(|(name, path)| supplied(name, path));
        let request = InMemoryRequest {
            memory_limit: self.memory_limit.unwrap_or(default.memory_limit),
            test_sources: self.test_sources,
            inputs: inputs.collect::<Result<_, _>>()?,
            ..default
        };
        Ok((request, self.run))
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
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::MaterializeRequest;
    use crate::model::{MaterializeRequest as Run, Occupied};

    #[test]
    fn what_is_for_disk_alone_reaches_the_run() {
        let read = |request: MaterializeRequest<'_>| request.on_disk().expect("no mistake").0;
        let request = MaterializeRequest::new;
        let default = Run::default;
        let table = [
            (request(), default()),
            (
                request().keep_altered(),
                Run {
                    keep_altered: true,
                    ..default()
                },
            ),
            (
                request().replace(),
                Run {
                    occupied: Occupied::SetAside,
                    ..default()
                },
            ),
            (
                request().no_wait(),
                Run {
                    no_wait: true,
                    ..default()
                },
            ),
            (
                request().durable(),
                Run {
                    durable: true,
                    ..default()
                },
            ),
        ];
        for (request, expected) in table {
            assert_eq!(read(request), expected);
        }
    }
}
