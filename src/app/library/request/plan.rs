//! What `plan` is asked for.

use std::num::{NonZeroU32, NonZeroUsize};

use crate::app::library::instance::Instance;
use crate::app::library::request::{
    RequestBase, configured_methods, job_methods, recorded_methods, selecting_methods,
};
use crate::executor::Cancel;
use crate::model::{
    CheckOptions, CheckedOutputs, DueWindows, Evidence, Force, Grouping, KeyWord, Occupied,
    PlanOptions, Rebuild, StatusOptions, Strictness,
};

/// What [`plan`](crate::plan) is asked for: what [`materialize`](crate::materialize) would do with the same words.
///
/// ```
/// let request = assetctl::PlanRequest::new().select("+report").partition("2024-01-01");
/// # drop(request);
/// ```
#[derive(Debug, Default)]
pub struct PlanRequest {
    pub(in crate::app::library) base: RequestBase<PlanOptions>,
}

impl PlanRequest {
    /// What there is to do of everything.
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    selecting_methods!(PlanRequest);

    configured_methods!(PlanRequest);

    job_methods!(PlanRequest);

    recorded_methods!(PlanRequest);

    /// As [`MaterializeRequest::only`](crate::MaterializeRequest::only).
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new().select("report").only();
    /// ```
    #[must_use]
    pub fn only(mut self) -> Self {
        self.base.options.run.only = true;
        self
    }

    /// As [`MaterializeRequest::steps`](crate::MaterializeRequest::steps).
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new().steps("+report");
    /// ```
    #[must_use]
    pub fn steps(mut self, clause: &str) -> Self {
        self.base.options.run.steps.push(clause.to_owned());
        self
    }

    /// As [`MaterializeRequest::force`](crate::MaterializeRequest::force).
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new().force(assetctl::Force::Selected);
    /// ```
    #[must_use]
    pub fn force(mut self, force: Force) -> Self {
        self.base.options.run.force = force;
        self
    }

    /// As [`MaterializeRequest::replace`](crate::MaterializeRequest::replace).
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new().replace();
    /// ```
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.base.options.run.occupied = Occupied::SetAside;
        self
    }

    /// How many commands would run at once, at least 1 ([`Error::Zero`](crate::Error::Zero)): what is expected of the time
    /// follows from it. As many as there are cores if nothing is said.
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new().jobs(4);
    /// ```
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.base.options.run.jobs = self.base.at_least_one("jobs", NonZeroUsize::new(jobs));
        self
    }

    /// Tells each partition, and not neighbours of which the same is to be said as one.
    ///
    /// ```
    /// let request = assetctl::PlanRequest::new().each_partition();
    /// ```
    #[must_use]
    pub fn each_partition(mut self) -> Self {
        self.base.options.grouping = Grouping::Keys;
        self
    }

    /// The instance that says what is fresh. If nothing is said, nothing is known but what `Assets.lock` knows.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// let request = assetctl::PlanRequest::new().instance(&instance);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn instance(mut self, instance: &Instance) -> Self {
        self.base.instance = Some(instance.clone());
        self
    }

    /// Lets another thread end commands that observe sources.
    ///
    /// ```
    /// let cancel = assetctl::Cancel::new();
    /// let request = assetctl::PlanRequest::new().cancel(cancel.clone());
    /// ```
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.base.cancel = cancel;
        self
    }
}

/// What [`status`](crate::status) is asked for.
///
/// ```
/// let request = assetctl::StatusRequest::new().select("group:core").each_partition();
/// # drop(request);
/// ```
#[derive(Debug, Default)]
pub struct StatusRequest {
    pub(in crate::app::library) base: RequestBase<StatusOptions>,
}

impl StatusRequest {
    /// The status of everything.
    ///
    /// ```
    /// let request = assetctl::StatusRequest::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    selecting_methods!(StatusRequest);

    configured_methods!(StatusRequest);

    job_methods!(StatusRequest);

    recorded_methods!(StatusRequest);

    /// Tells each partition, and not neighbours of which the same is to be said as one.
    ///
    /// ```
    /// let request = assetctl::StatusRequest::new().each_partition();
    /// ```
    #[must_use]
    pub fn each_partition(mut self) -> Self {
        self.base.options.grouping = Grouping::Keys;
        self
    }

    /// Tells sources too.
    ///
    /// ```
    /// let request = assetctl::StatusRequest::new().sources();
    /// ```
    #[must_use]
    pub fn sources(mut self) -> Self {
        self.base.options.sources = true;
        self
    }

    /// What is looked at: files and records if nothing is said.
    ///
    /// ```
    /// let request = assetctl::StatusRequest::new().evidence(assetctl::Evidence::Recorded);
    /// ```
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.base.options.evidence = evidence;
        self
    }

    /// The instance that says what was materialized. If nothing is said, nothing is known but what `Assets.lock` knows.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// let request = assetctl::StatusRequest::new().instance(&instance);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn instance(mut self, instance: &Instance) -> Self {
        self.base.instance = Some(instance.clone());
        self
    }
}

/// What [`check`](crate::check) is asked for.
///
/// ```
/// let request = assetctl::CheckRequest::new().since("main").rebuild(3, 0);
/// # drop(request);
/// ```
#[derive(Debug, Default)]
pub struct CheckRequest {
    pub(in crate::app::library) base: RequestBase<CheckOptions>,
}

impl CheckRequest {
    /// Whether everything in the work tree is fresh.
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    selecting_methods!(CheckRequest);

    configured_methods!(CheckRequest);

    job_methods!(CheckRequest);

    /// Asks only about what the changes since a git revision can touch. If the project is in no git repository, or that has no such
    /// revision, the call is an error (`assetctl::git::…`).
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new().since("main");
    /// ```
    #[must_use]
    pub fn since(mut self, revision: &str) -> Self {
        self.base.options.since = Some(revision.to_owned());
        self
    }

    /// Which outputs must be here and match: those that are here must match, if nothing is said.
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new().outputs(assetctl::CheckedOutputs::Required);
    /// ```
    #[must_use]
    pub fn outputs(mut self, outputs: CheckedOutputs) -> Self {
        self.base.options.outputs = outputs;
        self
    }

    /// Time windows that are due count as missing. If nothing is said, they are listed apart: a clock alone makes nothing stale.
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new().count_due();
    /// ```
    #[must_use]
    pub fn count_due(mut self) -> Self {
        self.base.options.due = DueWindows::Counted;
        self
    }

    /// What cannot be judged counts as not fresh. If nothing is said, it is listed apart.
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new().strict();
    /// ```
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.base.options.strictness = Strictness::Strict;
        self
    }

    /// Builds up to `count` of the fresh asset partitions in a temporary folder and compares, at least 1
    /// ([`Error::Zero`](crate::Error::Zero)). The `seed` says which. If nothing is said, no command runs.
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new().rebuild(3, 0);
    /// ```
    #[must_use]
    pub fn rebuild(mut self, count: u32, seed: u64) -> Self {
        let count = self.base.at_least_one("rebuild", NonZeroU32::new(count));
        self.base.options.rebuild = count.map(|count| Rebuild { count, seed });
        self
    }

    /// The instance that is judged by where there is no `Assets.lock`. If nothing is said, nothing was ever materialized
    /// then.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// let request = assetctl::CheckRequest::new().instance(&instance);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn instance(mut self, instance: &Instance) -> Self {
        self.base.instance = Some(instance.clone());
        self
    }

    /// Lets another thread end commands of [`rebuild`](Self::rebuild).
    ///
    /// ```
    /// let cancel = assetctl::Cancel::new();
    /// let request = assetctl::CheckRequest::new().cancel(cancel.clone());
    /// ```
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.base.cancel = cancel;
        self
    }
}
