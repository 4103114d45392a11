//! Partitions that are fresh as they were, and need not be judged again.

use std::collections::HashMap;

use crate::model::{AssetId, PartitionSet};

/// Which partitions of assets are fresh as they were, with all that they need; and which of sources look as they did.
#[derive(Clone, Debug, Default)]
pub struct SettledPartitions(HashMap<AssetId, PartitionSet>);

impl SettledPartitions {
    /// These partitions, by assets and sources.
    pub fn new(sets: HashMap<AssetId, PartitionSet>) -> Self {
        Self(sets)
    }

    /// Whether nothing is settled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The settled partitions of an asset or source.
    pub fn of(&self, asset: AssetId) -> Option<&PartitionSet> {
        self.0.get(&asset)
    }

    /// The partitions of a set that are not settled.
    pub fn rest(&self, asset: AssetId, set: &PartitionSet) -> PartitionSet {
        match self.of(asset) {
            Some(settled) => set.difference(settled),
            None => set.clone(),
        }
    }

    /// Takes partitions out; gives those that were settled.
    pub fn remove(&mut self, asset: AssetId, set: &PartitionSet) -> PartitionSet {
        let Some(settled) = self.0.get_mut(&asset) else {
            return PartitionSet::empty();
        };
        let removed = settled.intersection(set);
        if !removed.is_empty() {
            *settled = settled.difference(&removed);
        }
        removed
    }
}
