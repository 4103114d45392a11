//! What `check` is asked for.

use std::num::NonZeroU32;

use crate::app::library::instance::Instance;
use crate::app::library::request::{RequestBase, selecting_methods};
use crate::executor::Cancel;
use crate::model::{CheckOptions, CheckedOutputs, DueWindows, KeyWord, Rebuild, Strictness};

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

    /// Time windows that are due count as missing. If nothing is said, they are told apart: a clock alone makes nothing stale.
    ///
    /// ```
    /// let request = assetctl::CheckRequest::new().count_due();
    /// ```
    #[must_use]
    pub fn count_due(mut self) -> Self {
        self.base.options.due = DueWindows::Counted;
        self
    }

    /// What cannot be judged counts as not fresh. If nothing is said, it is told apart.
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
