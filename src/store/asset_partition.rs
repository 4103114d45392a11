//! An asset partition, as an instance addresses it.

use crate::model::{AssetKey, PartitionKey, PartitionKeys, PartitionSlot, StepName};

/// An asset partition: its names for people, and its slot for the instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetPartition {
    /// The asset.
    pub asset: AssetKey,
    /// The key; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// What the instance calls the partition.
    pub slot: PartitionSlot,
}

impl AssetPartition {
    /// The partition of `asset` at an index of its keys.
    ///
    /// # Panics
    ///
    /// If a static definition has no such index.
    pub fn at(asset: &AssetKey, keys: &PartitionKeys, index: u32) -> Self {
        Self {
            asset: asset.clone(),
            partition: keys.key(index),
            slot: keys.slot(index),
        }
    }

    /// Its name for people.
    pub fn step_name(&self) -> StepName {
        StepName {
            asset: self.asset.clone(),
            partition: self.partition.clone(),
        }
    }
}
