//! What `partitions map` answers.

use crate::model::name::{AssetKey, Name};
use crate::model::partition::{PartitionKey, PartitionKeys, PartitionSet};

/// Which partitions of one side of a dep belong to a partition of the other.
#[derive(Clone, Debug)]
pub struct MapReport {
    /// The asset that reads.
    pub asset: AssetKey,
    /// The input.
    pub input: Name,
    /// What is read.
    pub upstream: AssetKey,
    /// The name of the mapping.
    pub mapping: &'static str,
    /// The partition that was asked about; `None` where its side has no partitions.
    pub partition: Option<PartitionKey>,
    /// The partitions of the other side.
    pub mapped: MappedKeys,
}

/// The partitions of the other side.
#[derive(Clone, Debug)]
pub enum MappedKeys {
    /// Upstream partitions that are needed.
    Upstream {
        /// The keys of the upstream side.
        keys: PartitionKeys,
        /// Those of them that are needed.
        existing: PartitionSet,
        /// Needed keys that do not exist.
        nonexistent: Vec<PartitionKey>,
    },
    /// Downstream partitions that need it.
    Downstream {
        /// The keys of the downstream side.
        keys: PartitionKeys,
        /// Those of them that need it.
        set: PartitionSet,
    },
}
