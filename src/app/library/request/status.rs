//! What `status` is asked for.

use crate::app::library::instance::Instance;
use crate::app::library::request::{RequestBase, recorded_methods, selecting_methods};
use crate::model::{Evidence, Grouping, KeyWord, StatusOptions};

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
