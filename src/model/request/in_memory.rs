//! What `materialize --in-memory` is asked for.

use std::str::FromStr;

use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKey;
use crate::model::request::InvalidSelected;

/// What a run in memory does otherwise: nothing of the project is changed, and nothing is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// How many bytes may be held, of outputs and of what commands read of them just now.
    pub memory_limit: u64,
    /// Whether sources are read where `[project.test]` says.
    pub test_sources: bool,
    /// Sources and external assets that are read elsewhere, with the paths as they were typed; they go before `test_sources`.
    pub inputs: Vec<SuppliedInput>,
    /// A value that is asked for by itself.
    pub printed: Option<Printed>,
}

impl MemoryOptions {
    /// The bytes that may be held where nothing else is said: 2 GB.
    pub const DEFAULT_MEMORY_LIMIT: u64 = 2_000_000_000;
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            memory_limit: Self::DEFAULT_MEMORY_LIMIT,
            test_sources: false,
            inputs: Vec::new(),
            printed: None,
        }
    }
}

/// A source or external asset, and where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppliedInput {
    /// Its name.
    pub asset: AssetKey,
    /// A path template, relative to the project root or absolute.
    pub path: String,
}

/// One value of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The asset.
    pub asset: AssetKey,
    /// Its output; may be left out where there is one.
    pub output: Option<Name>,
    /// Its partition; may be left out where the run has one.
    pub partition: Option<PartitionKey>,
}

/// `ASSET`, `ASSET.OUTPUT`, each with `@KEY` where one is meant: no asset key holds a dot.
impl FromStr for Printed {
    type Err = InvalidSelected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, partition) = match text.split_once('@') {
            Some((name, partition)) => (name, Some(PartitionKey::parse(partition)?)),
            None => (text, None),
        };
        let (asset, output) = match name.split_once('.') {
            Some((asset, output)) => (asset, Some(Name::parse(output)?)),
            None => (name, None),
        };
        Ok(Self {
            asset: AssetKey::parse(asset)?,
            output,
            partition,
        })
    }
}
