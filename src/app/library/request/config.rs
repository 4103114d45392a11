//! What `check_config` is asked for.

use crate::app::library::request::{RequestBase, configured_methods, job_methods};

/// What [`check_config`](crate::check_config) is asked for: the configuration of a call.
///
/// ```
/// let request = assetctl::ConfigRequest::new().set("clean.limit", "10");
/// # drop(request);
/// ```
#[derive(Debug, Default)]
pub struct ConfigRequest {
    pub(in crate::app::library) base: RequestBase<()>,
}

impl ConfigRequest {
    /// What is declared.
    ///
    /// ```
    /// let request = assetctl::ConfigRequest::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    configured_methods!(ConfigRequest);

    job_methods!(ConfigRequest);
}
