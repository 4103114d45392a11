//! What `plan` is asked for.

use std::num::NonZeroUsize;

use crate::app::library::instance::Instance;
use crate::app::library::request::{RequestBase, recorded_methods, selecting_methods};
use crate::executor::Cancel;
use crate::model::{Force, Grouping, KeyWord, Occupied, PlanOptions};

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
