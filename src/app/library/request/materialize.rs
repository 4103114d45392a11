//! What `materialize` and `materialize_to_memory` are asked for.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};

use crate::answer::{Event, EventSink};
use crate::app::library::error::Error;
use crate::app::library::instance::Instance;
use crate::app::library::request::{
    IoManagerKind, RaiseOnError, RequestBase, configured_methods, job_methods, recorded_methods,
    selecting_methods,
};
use crate::engine::HookFunction;
use crate::executor::Cancel;
use crate::model::{
    Force, HookMoment, KeyWord, MaterializeOptions, MemoryOptions, Occupied, SuppliedInput,
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
    pub(in crate::app::library) base: RequestBase<MaterializeOptions>,
    pub(in crate::app::library) io_manager: Option<IoManagerKind>,
    pub(in crate::app::library) events: Option<&'a mut dyn EventSink>,
    pub(in crate::app::library) raise: RaiseOnError,
    /// The first option that has a meaning on disk alone.
    only_on_disk: Option<&'static str>,
    /// The first one that has a meaning in memory alone.
    only_in_memory: Option<&'static str>,
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

    configured_methods!(MaterializeRequest);

    job_methods!(MaterializeRequest);

    /// Runs exactly what is selected, and not what it needs: that is read as it was left by earlier runs. If nothing is said,
    /// what it needs is brought up to date first.
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().select("report").only();
    /// ```
    #[must_use]
    pub fn only(mut self) -> Self {
        self.base.options.only = true;
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
        self.base.options.steps.push(clause.to_owned());
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
        self.base.options.force = force;
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
        self.base.options.jobs = self.base.at_least_one("jobs", NonZeroUsize::new(jobs));
        self
    }

    /// Gives the run a tag, over those of its job and of its assets: commands see it, and `runs list --tag` finds it. The key is
    /// not empty and does not begin with `assetctl/` (`assetctl::app::invalid_tag`); the value is JSON.
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().tag("team", "data").tag("attempt", 3);
    /// ```
    #[must_use]
    pub fn tag(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        let tag = self.base.run_tag(key, value.into());
        self.base.options.tags.extend(tag);
        self
    }

    /// Calls a function with each event that hooks at this moment follow: `step_finished` or `run_finished`. It is called on a
    /// thread that runs commands, and that of a run on the thread of the caller, before all hooks that are declared. One that
    /// panics is an event `hook_errored`, and changes nothing.
    ///
    /// ```
    /// use assetctl::HookMoment;
    ///
    /// let request = assetctl::MaterializeRequest::new().hook(HookMoment::StepFailure, |event| {
    ///     eprintln!("{}", event.kind.message());
    /// });
    /// ```
    #[must_use]
    pub fn hook(
        mut self,
        moment: HookMoment,
        function: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Self {
        self.base.hooks.push(HookFunction::new(moment, function));
        self
    }

    /// Tries no failed step again, whatever its asset declares or its command asks for.
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().no_retries();
    /// ```
    #[must_use]
    pub fn no_retries(mut self) -> Self {
        self.base.options.no_retries = true;
        self
    }

    /// Starts nothing new once this number of steps has failed, at least 1 ([`Error::Zero`](crate::Error::Zero)). If nothing is
    /// said, all runs that does not need what failed.
    ///
    /// ```
    /// let fail_fast = assetctl::MaterializeRequest::new().max_failures(1);
    /// ```
    #[must_use]
    pub fn max_failures(mut self, failures: u32) -> Self {
        let failures = NonZeroU32::new(failures);
        self.base.options.max_failures = self.base.at_least_one("max_failures", failures);
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
        self.only_on_disk("keep_altered").keep_altered = true;
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
        self.only_on_disk("replace").occupied = Occupied::SetAside;
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
        self.only_on_disk("no_wait").no_wait = true;
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
        self.only_on_disk("durable").durable = true;
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
        self.base.instance = Some(instance.clone());
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
        self.io_manager = Some(kind);
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
        self.only_in_memory("memory_limit").memory_limit = bytes;
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
        self.only_in_memory("test_sources").test_sources = true;
        self
    }

    /// In memory, runs hooks, too. On disk they run anyway, and it is [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::MaterializeRequest::new().hooks();
    /// ```
    #[must_use]
    pub fn hooks(mut self) -> Self {
        self.only_in_memory("hooks").hooks = true;
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
        self.events = Some(sink);
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
        self.base.cancel = cancel;
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
        self.raise = raise;
        self
    }

    /// Where it is asked for values to be kept.
    /// The request of a run on disk or in memory.
    pub(in crate::app::library) fn checked(mut self, in_memory: bool) -> Result<Self, Error> {
        match (in_memory, self.only_on_disk, self.only_in_memory) {
            (true, Some(option), _) => return Err(Error::OnlyOnDisk { option }),
            (false, _, Some(option)) => return Err(Error::OnlyInMemory { option }),
            _ => {}
        }
        if in_memory {
            let inputs = &mut self.base.configuration.inputs;
            let inputs = SuppliedInput::taken_in_memory(inputs);
            self.memory().inputs = inputs;
        }
        self.base = self.base.checked()?;
        Ok(self)
    }

    fn memory(&mut self) -> &mut MemoryOptions {
        self.base.options.in_memory.get_or_insert_default()
    }

    fn only_on_disk(&mut self, option: &'static str) -> &mut MaterializeOptions {
        self.only_on_disk.get_or_insert(option);
        &mut self.base.options
    }

    fn only_in_memory(&mut self, option: &'static str) -> &mut MemoryOptions {
        self.only_in_memory.get_or_insert(option);
        self.memory()
    }
}

impl fmt::Debug for MaterializeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaterializeRequest")
            .field("options", &self.base.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::MaterializeRequest;
    use crate::model::{MaterializeOptions, Occupied};

    #[test]
    fn options_for_disk_reach_the_run() {
        let request = MaterializeRequest::new;
        let default = MaterializeOptions::default;
        let table = [
            (request(), default()),
            (
                request().keep_altered().replace(),
                MaterializeOptions {
                    keep_altered: true,
                    occupied: Occupied::SetAside,
                    ..default()
                },
            ),
            (
                request().no_wait().durable(),
                MaterializeOptions {
                    no_wait: true,
                    durable: true,
                    ..default()
                },
            ),
        ];
        for (request, expected) in table {
            let request = request.checked(false).expect("no mistake");
            assert_eq!(request.base.options, expected);
        }
    }
}
