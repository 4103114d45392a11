//! What `run_job` is asked for.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};

use crate::answer::{Event, EventSink};
use crate::app::RequestError;
use crate::app::library::error::Error;
use crate::app::library::instance::Instance;
use crate::app::library::request::{
    RaiseOnError, RequestBase, configured_methods, recorded_methods, selecting_methods,
};
use crate::engine::HookFunction;
use crate::executor::Cancel;
use crate::model::{
    Force, HookMoment, KeyWord, MaterializeOptions, MemoryOptions, Name, StepOrdering,
    SuppliedInput,
};

/// What [`run_job`](crate::run_job) is asked for: a job, on disk or as a test of it in memory.
///
/// A selection narrows that of the job. Words are read when the call is made, and what is wrong with them is its error.
///
/// ```
/// let request = assetctl::JobRequest::new("nightly").partition("2024-01-01").set("limit", "20");
/// # drop(request);
/// ```
pub struct JobRequest<'a> {
    pub(in crate::app::library) base: RequestBase<MaterializeOptions>,
    pub(in crate::app::library) events: Option<&'a mut dyn EventSink>,
    /// What is said of it; on disk a failure is a result, in memory it is an error.
    pub(in crate::app::library) raise: Option<RaiseOnError>,
    pub(in crate::app::library) in_process: bool,
    name: String,
    /// The first option that has a meaning in memory alone.
    only_in_memory: Option<&'static str>,
}

impl<'a> JobRequest<'a> {
    /// The job of this name, as it is declared. One that is not declared is an error of the call,
    /// `assetctl::app::unknown_job`.
    ///
    /// ```
    /// let request = assetctl::JobRequest::new("nightly");
    /// ```
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            base: RequestBase::default(),
            events: None,
            raise: None,
            in_process: false,
            name: name.to_owned(),
            only_in_memory: None,
        }
    }

    /// Makes it a test of the job: all that it selects runs in this call, one step at a time in order of declaration, whatever
    /// its executor is. Outputs are kept in memory, and of the project nothing is changed. The run is recorded in the
    /// [instance](Self::instance), if one is given. A run in which something failed is an error, if nothing else is said.
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
    /// # params = { whom = { type = "string", default = "all" } }
    /// # config.greeting.whom = "{{param.whom}}"
    /// # "#)?;
    /// use assetctl::{Instance, JobRequest, Project, run_job};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = run_job(&project, JobRequest::new("nightly").in_process().set("whom", "me"))?;
    /// assert_eq!(&*result.output("greeting", None, None)?.bytes()?, b"me\n");
    /// assert!(!project.root().join("greeting.txt").exists());
    ///
    /// let instance = Instance::ephemeral()?;
    /// let result = run_job(&project, JobRequest::new("nightly").in_process().instance(&instance))?;
    /// assert!(result.run_id().is_some(), "the instance has its events");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn in_process(mut self) -> Self {
        self.in_process = true;
        self
    }

    selecting_methods!(JobRequest, "nightly");

    recorded_methods!(JobRequest, "nightly");

    configured_methods!(JobRequest, "nightly");

    /// Says whether what is selected runs although it is fresh, and whether incremental assets start from nothing:
    /// [`Force::WhenStale`] if nothing is said.
    ///
    /// ```
    /// use assetctl::{Force, JobRequest};
    ///
    /// let request = JobRequest::new("nightly").force(Force::Selected);
    /// ```
    #[must_use]
    pub fn force(mut self, force: Force) -> Self {
        self.base.options.force = force;
        self
    }

    /// How many commands run at once, at least 1 ([`Error::Zero`](crate::Error::Zero)), beside the job's `max_concurrent`.
    ///
    /// ```
    /// let request = assetctl::JobRequest::new("nightly").jobs(4);
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
    /// let request = assetctl::JobRequest::new("nightly").tag("team", "data").tag("attempt", 3);
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
    /// let request = assetctl::JobRequest::new("nightly").hook(HookMoment::StepFailure, |event| {
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
    /// let request = assetctl::JobRequest::new("nightly").no_retries();
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
    /// let fail_fast = assetctl::JobRequest::new("nightly").max_failures(1);
    /// ```
    #[must_use]
    pub fn max_failures(mut self, failures: u32) -> Self {
        let failures = NonZeroU32::new(failures);
        self.base.options.max_failures = self.base.at_least_one("max_failures", failures);
        self
    }

    /// Records the run in `instance`. A run on disk needs one ([`Error::InstanceNeeded`](crate::Error::InstanceNeeded)), which
    /// also says what is fresh; [`Project::instance`](crate::Project::instance) is that of the command line.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// let request = assetctl::JobRequest::new("nightly").instance(&instance);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn instance(mut self, instance: &Instance) -> Self {
        self.base.instance = Some(instance.clone());
        self
    }

    /// How many bytes a [test](Self::in_process) may hold, of outputs and of what commands read of them just now: 2 GB if
    /// nothing is said. On disk it is [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::JobRequest::new("nightly").in_process().memory_limit(500_000_000);
    /// ```
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.only_in_memory("memory_limit").memory_limit = bytes;
        self
    }

    /// In a [test](Self::in_process), reads sources where `[project.test]` of the manifest says, those that it names. On disk it is
    /// [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::JobRequest::new("nightly").in_process().test_sources();
    /// ```
    #[must_use]
    pub fn test_sources(mut self) -> Self {
        self.only_in_memory("test_sources").test_sources = true;
        self
    }

    /// In memory, runs hooks, too. On disk they run anyway, and it is [`Error::OnlyInMemory`](crate::Error::OnlyInMemory).
    ///
    /// ```
    /// let request = assetctl::JobRequest::new("nightly").hooks();
    /// ```
    #[must_use]
    pub fn hooks(mut self) -> Self {
        self.only_in_memory("hooks").hooks = true;
        self
    }

    /// Hands each event on as it comes, on the thread that made the call.
    ///
    /// ```
    /// let mut events: Vec<assetctl::Event> = Vec::new();
    /// let request = assetctl::JobRequest::new("nightly").events(&mut events);
    /// ```
    #[must_use]
    pub fn events(mut self, sink: &'a mut dyn EventSink) -> Self {
        self.events = Some(sink);
        self
    }

    /// Lets another thread end the run, as of a [`MaterializeRequest`](crate::MaterializeRequest::cancel).
    ///
    /// ```
    /// let cancel = assetctl::Cancel::new();
    /// let request = assetctl::JobRequest::new("nightly").cancel(cancel.clone());
    /// ```
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.base.cancel = cancel;
        self
    }

    /// Says whether a run in which something failed is an error. If nothing is said, it is one of a
    /// [test](Self::in_process) alone.
    ///
    /// ```
    /// use assetctl::{JobRequest, RaiseOnError};
    ///
    /// let request = JobRequest::new("nightly").raise_on_error(RaiseOnError::Yes);
    /// ```
    #[must_use]
    pub fn raise_on_error(mut self, raise: RaiseOnError) -> Self {
        self.raise = Some(raise);
        self
    }

    /// The request with its job, if nothing of it is wrong.
    pub(in crate::app::library) fn checked(mut self) -> Result<Self, Error> {
        match (self.in_process, self.only_in_memory, &self.base.instance) {
            (false, Some(option), _) => return Err(Error::OnlyInMemory { option }),
            (false, None, None) => return Err(Error::InstanceNeeded),
            _ => {}
        }
        match Name::parse(&self.name) {
            Ok(job) => {
                self.base.configuration.job = Some(job.clone());
                self.base.options.selection.job = Some(job);
                self.base.options.runs_job = true;
            }
            Err(error) => self.base.refuse_word(RequestError::UnknownJob {
                name: self.name.clone(),
                help: error.to_string(),
            }),
        }
        if self.in_process {
            let inputs = &mut self.base.configuration.inputs;
            let inputs = SuppliedInput::taken_in_memory(inputs);
            let recorded = self.base.instance.is_some();
            let options = &mut self.base.options;
            (options.order, options.jobs) = (StepOrdering::Declared, Some(NonZeroUsize::MIN));
            let memory = options.in_memory.get_or_insert_default();
            (memory.inputs, memory.recorded) = (inputs, recorded);
        }
        self.base = self.base.checked()?;
        Ok(self)
    }

    fn only_in_memory(&mut self, option: &'static str) -> &mut MemoryOptions {
        self.only_in_memory.get_or_insert(option);
        self.base.options.in_memory.get_or_insert_default()
    }
}

impl fmt::Debug for JobRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobRequest")
            .field("name", &self.name)
            .field("in_process", &self.in_process)
            .field("options", &self.base.options)
            .finish_non_exhaustive()
    }
}
