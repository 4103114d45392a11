//! Partitions that are fresh as they were, and need not be judged again.

use crate::model::{AssetId, PartitionSet};

/// Which partitions of assets are fresh as they were, with all that they need; and which of sources look as they did.
#[derive(Clone, Debug, Default)]
pub struct SettledPartitions {
    /// By the ids of assets and sources; of none where nothing is settled.
    sets: Vec<PartitionSet>,
}

impl SettledPartitions {
    /// These partitions, by assets and sources of a graph with this many.
    pub fn new(count: usize, known: impl IntoIterator<Item = (AssetId, PartitionSet)>) -> Self {
        let mut sets = vec![PartitionSet::empty(); count];
        for (id, set) in known {
            let own = &mut sets[id.index()];
            *own = if own.is_empty() { set } else { own.union(&set) };
        }
        Self { sets }
    }

    /// Whether nothing is settled.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The settled partitions of an asset or source, if there are any.
    pub fn of(&self, asset: AssetId) -> Option<&PartitionSet> {
        let set = self.sets.get(asset.index());
        set.filter(|set| !set.is_empty())
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
        let Some(settled) = self.sets.get_mut(asset.index()) else {
            return PartitionSet::empty();
        };
        let removed = settled.intersection(set);
        if !removed.is_empty() {
            *settled = settled.difference(&removed);
        }
        removed
    }
}
