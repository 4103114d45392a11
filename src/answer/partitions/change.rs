//! What `partitions add` and `partitions remove` answer.

use crate::model::{AssetKey, Name, PartitionKey};
use serde::Serialize;

/// What became of a set of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysReport {
    /// The definition.
    pub definition: Name,
    /// What changed.
    #[serde(flatten)]
    pub changed: ChangedKeys,
    /// How many keys there are now.
    pub count: u32,
}

/// What changed, and what was so already; both in the order in which the keys were given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ChangedKeys {
    /// Keys came.
    Added {
        /// Those that were not there.
        added: Vec<PartitionKey>,
        /// Those that were there.
        present: Vec<PartitionKey>,
    },
    /// Keys went.
    Removed {
        /// Those that were there.
        removed: Vec<PartitionKey>,
        /// Those that were not there.
        absent: Vec<PartitionKey>,
        /// Assets and sources whose records of removed keys stay.
        recorded: Vec<AssetKey>,
    },
}
