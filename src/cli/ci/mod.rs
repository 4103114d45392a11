//! The answer of `check` as continuous integration reads it.
//!
//! Each format says the same, grouped by asset, at the asset's line in the manifest.

mod finding;
mod junit;
mod sarif;

pub(super) use finding::{annotations, code_quality};
pub(super) use junit::junit;
pub(super) use sarif::sarif_log;
