//! Where keys are looked for.

use std::path::Path;

use jiff::Timestamp;

use crate::hash::Ignore;
use crate::model::{AddedKey, AssetGraph};

/// Where keys are looked for.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The project root, absolute.
    pub root: &'a Path,
    /// What is declared.
    pub graph: &'a AssetGraph,
    /// What is never a partition's file.
    pub ignore: &'a Ignore,
    /// The instant for which windows have ended.
    pub now: Timestamp,
    /// Keys of dynamic definitions that stand in the lock file, in order of addition.
    pub added: &'a [AddedKey],
}
