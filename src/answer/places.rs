//! Where keys stand in their definitions, so that neighbours can be told as one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{AssetKey, PartitionKeys, StepName};

/// The keys of assets, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct KeyPlaces(Arc<HashMap<AssetKey, PartitionKeys>>);

impl KeyPlaces {
    /// The place of a step's key among the keys of its asset; `None` where it has none, or is not known.
    #[must_use]
    pub fn place(&self, step: &StepName) -> Option<u32> {
        let keys = self.0.get(&step.asset)?;
        let index = keys.index_of(step.partition.as_ref()?.as_str())?;
        Some(keys.place_of(index))
    }
}

impl FromIterator<(AssetKey, PartitionKeys)> for KeyPlaces {
    fn from_iter<I: IntoIterator<Item = (AssetKey, PartitionKeys)>>(keys: I) -> Self {
        Self(Arc::new(keys.into_iter().collect()))
    }
}
