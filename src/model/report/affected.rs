//! What `accept` and `wipe` answer.

use crate::model::report::KeyRange;
use crate::model::request::Effect;

/// What was changed, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedReport {
    /// The asset partitions whose records changed.
    pub affected: Vec<KeyRange>,
    /// The files that were accepted or removed, relative to the project root, sorted.
    pub files: Vec<String>,
    /// Their size.
    pub bytes: u64,
    /// Whether it happened.
    pub effect: Effect,
}
