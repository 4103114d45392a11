//! Partitions definitions, and their keys at a moment.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::partition::key::{PartitionKey, PartitionSlot};
use crate::model::partition::time::{TimePartitions, TimeWindow};

/// An ordered set of partition keys, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionsDefinition {
    /// A list of keys.
    Static(Arc<[PartitionKey]>),
    /// A key for each time window.
    Time(Arc<TimePartitions>),
}

impl PartitionsDefinition {
    /// The word for its type in the manifest: `static`, `daily`, `monthly`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        use crate::model::partition::time::Cadence;
        match self {
            Self::Static(_) => "static",
            Self::Time(time) => match time.cadence() {
                Cadence::Daily => "daily",
                Cadence::Monthly => "monthly",
            },
        }
    }

    /// Its keys as they exist at `now`.
    #[must_use]
    pub fn keys_at(&self, now: Timestamp) -> PartitionKeys {
        match self {
            Self::Static(keys) => PartitionKeys::Static(StaticKeys::new(keys)),
            Self::Time(time) => PartitionKeys::Time {
                definition: Arc::clone(time),
                len: time.len_at(now),
            },
        }
    }
}

/// The keys of a definition as they exist at a moment, by index from 0; an unpartitioned asset has the one index 0.
#[derive(Clone, Debug)]
pub enum PartitionKeys {
    /// No definition: one partition without a key.
    Unpartitioned,
    /// A list of keys.
    Static(StaticKeys),
    /// The first `len` windows of a time definition.
    Time {
        /// The definition.
        definition: Arc<TimePartitions>,
        /// How many of its windows exist.
        len: u32,
    },
}

/// A list of keys with an index by key.
#[derive(Clone, Debug)]
pub struct StaticKeys {
    keys: Arc<[PartitionKey]>,
    /// Indexes in byte order of their keys.
    sorted: Arc<[u32]>,
}

impl StaticKeys {
    fn new(keys: &Arc<[PartitionKey]>) -> Self {
        let mut sorted: Vec<u32> = (0..keys.len() as u32).collect();
        sorted.sort_unstable_by_key(|index| &keys[*index as usize]);
        Self {
            keys: Arc::clone(keys),
            sorted: sorted.into(),
        }
    }

    fn index_of(&self, key: &str) -> Option<u32> {
        let at = self
            .sorted
            .binary_search_by(|index| self.keys[*index as usize].as_str().cmp(key))
            .ok()?;
        Some(self.sorted[at])
    }
}

impl PartitionKeys {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        match self {
            Self::Unpartitioned => 1,
            Self::Static(keys) => keys.keys.len() as u32,
            Self::Time { len, .. } => *len,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All indexes.
    #[must_use]
    pub fn range(&self) -> Range<u32> {
        0..self.len()
    }

    /// Whether these are keys of a definition.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        !matches!(self, Self::Unpartitioned)
    }

    /// The key of `index`; `None` for the partition of an unpartitioned asset.
    ///
    /// # Panics
    ///
    /// If a static definition has no such index.
    #[must_use]
    pub fn key(&self, index: u32) -> Option<PartitionKey> {
        match self {
            Self::Unpartitioned => None,
            Self::Static(keys) => Some(keys.keys[index as usize].clone()),
            Self::Time { definition, .. } => {
                Some(PartitionKey::made(&definition.key(index.into())))
            }
        }
    }

    /// The index of `key`, if it exists.
    #[must_use]
    pub fn index_of(&self, key: &str) -> Option<u32> {
        match self {
            Self::Unpartitioned => None,
            Self::Static(keys) => keys.index_of(key),
            Self::Time { definition, len } => {
                let index = u32::try_from(definition.index_of_key(key)?).ok()?;
                (index < *len).then_some(index)
            }
        }
    }

    /// The time window of `index`, where keys are windows.
    #[must_use]
    pub fn window(&self, index: u32) -> Option<TimeWindow> {
        self.time().map(|time| time.window(index.into()))
    }

    /// The time definition, where keys are windows.
    #[must_use]
    pub fn time(&self) -> Option<&TimePartitions> {
        match self {
            Self::Time { definition, .. } => Some(definition),
            Self::Unpartitioned | Self::Static(_) => None,
        }
    }

    /// What `index` is called in an instance.
    ///
    /// # Panics
    ///
    /// If a static definition has no such index.
    #[must_use]
    pub fn slot(&self, index: u32) -> PartitionSlot {
        match self {
            Self::Unpartitioned => PartitionSlot::Unpartitioned,
            Self::Static(keys) => PartitionSlot::Named(keys.keys[index as usize].clone()),
            Self::Time { definition, .. } => {
                PartitionSlot::Window(definition.window(index.into()).start.as_second())
            }
        }
    }

    /// The index that is called `slot` in an instance, if it exists: the inverse of [`Self::slot`].
    #[must_use]
    pub fn index_of_slot(&self, slot: &PartitionSlot) -> Option<u32> {
        match (self, slot) {
            (Self::Unpartitioned, PartitionSlot::Unpartitioned) => Some(0),
            (Self::Static(keys), PartitionSlot::Named(key)) => keys.index_of(key.as_str()),
            (Self::Time { definition, len }, PartitionSlot::Window(second)) => {
                let start = Timestamp::from_second(*second).ok()?;
                let index = definition.index_at(start);
                let found = u32::try_from(index).ok().filter(|index| index < len)?;
                (definition.window(index).start == start).then_some(found)
            }
            _ => None,
        }
    }

    /// Up to three existing keys that a person may have meant by `text`: the window that holds it, or similar names.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Vec<PartitionKey> {
        match self {
            Self::Unpartitioned => Vec::new(),
            Self::Static(keys) => {
                let mut scored: Vec<_> = keys
                    .keys
                    .iter()
                    .map(|key| (strsim::damerau_levenshtein(key.as_str(), text), key))
                    .filter(|(distance, key)| *distance <= key.as_str().chars().count().max(3) / 2)
                    .collect();
                scored.sort();
                scored
                    .into_iter()
                    .take(3)
                    .map(|(_, key)| key.clone())
                    .collect()
            }
            Self::Time { definition, len } => {
                let Some(index) = definition.index_containing(text).filter(|_| *len > 0) else {
                    return Vec::new();
                };
                let index = index.clamp(0, i64::from(*len) - 1);
                vec![PartitionKey::made(&definition.key(index))]
            }
        }
    }
}
