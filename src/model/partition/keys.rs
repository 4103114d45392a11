//! The keys of a definition as they exist at a moment, by index.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::partition::key::{PartitionKey, PartitionSlot};
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::NamedKeys;
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{TimePartitions, TimeWindow};

/// The keys of a definition as they exist at a moment, by index from 0; an unpartitioned asset has the one index 0.
#[derive(Clone, Debug)]
pub enum PartitionKeys {
    /// No definition: one partition without a key.
    Unpartitioned,
    /// Names: of a static, dynamic or files definition.
    Named(NamedKeys),
    /// Windows of a time definition.
    Time(TimeKeys),
    /// The product of several dimensions.
    Multi(MultiKeys),
}

/// The existing windows of a time definition.
#[derive(Clone, Debug)]
pub struct TimeKeys {
    definition: Arc<TimePartitions>,
    existing: ExistingWindows,
}

/// Which windows of a definition's lattice are keys.
#[derive(Clone, Debug)]
enum ExistingWindows {
    /// The first so many.
    First(u32),
    /// These.
    Only(Arc<PartitionSet>),
}

impl TimeKeys {
    /// The windows that exist at `now`.
    #[must_use]
    pub fn at(definition: &Arc<TimePartitions>, now: Timestamp) -> Self {
        Self {
            definition: Arc::clone(definition),
            existing: ExistingWindows::First(definition.len_at(now)),
        }
    }

    /// Only these windows, by their indexes in the definition's lattice.
    #[must_use]
    pub fn only(definition: &Arc<TimePartitions>, windows: PartitionSet) -> Self {
        Self {
            definition: Arc::clone(definition),
            existing: ExistingWindows::Only(Arc::new(windows)),
        }
    }

    /// The definition.
    #[must_use]
    pub fn definition(&self) -> &Arc<TimePartitions> {
        &self.definition
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        match &self.existing {
            ExistingWindows::First(len) => *len,
            ExistingWindows::Only(set) => set.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index in the definition's lattice of the key `index`.
    ///
    /// # Panics
    ///
    /// If only some windows exist and there is no such key.
    #[must_use]
    pub fn lattice(&self, index: u32) -> i64 {
        match &self.existing {
            ExistingWindows::First(_) => index.into(),
            ExistingWindows::Only(set) => set.nth(index).expect("indexes are below len").into(),
        }
    }

    /// The key at an index of the definition's lattice, if it exists.
    #[must_use]
    pub fn rank(&self, lattice: i64) -> Option<u32> {
        let lattice = u32::try_from(lattice).ok()?;
        match &self.existing {
            ExistingWindows::First(len) => (lattice < *len).then_some(lattice),
            ExistingWindows::Only(set) => set.rank(lattice),
        }
    }

    /// The existing keys within a stretch of the definition's lattice.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "a number clamped to a 32-bit length fits"
    )]
    pub fn within(&self, lattice: &Range<i64>) -> Range<u32> {
        let before = |at: i64| match &self.existing {
            ExistingWindows::First(len) => {
                u32::try_from(at.clamp(0, i64::from(*len))).expect("clamped to the length")
            }
            ExistingWindows::Only(set) => set.before(u32::try_from(at.max(0)).unwrap_or(u32::MAX)),
        };
        before(lattice.start)..before(lattice.end).max(before(lattice.start))
    }

    /// The window of the key `index`.
    #[must_use]
    pub fn window(&self, index: u32) -> TimeWindow {
        self.definition.window(self.lattice(index))
    }
}

impl PartitionKeys {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        match self {
            Self::Unpartitioned => 1,
            Self::Named(keys) => keys.len(),
            Self::Time(keys) => keys.len(),
            Self::Multi(keys) => keys.len(),
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
    /// If there is no such index.
    #[must_use]
    pub fn key(&self, index: u32) -> Option<PartitionKey> {
        match self {
            Self::Unpartitioned => None,
            Self::Named(keys) => Some(keys.key(index).clone()),
            Self::Time(keys) => {
                let text = keys.definition.key(keys.lattice(index));
                Some(PartitionKey::made(&text))
            }
            Self::Multi(keys) => Some(PartitionKey::made(&keys.key(index))),
        }
    }

    /// The keys of these indexes as text, in order, at less cost than one by one; empty for an unpartitioned asset.
    pub fn texts(&self, indexes: Range<u32>) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        match self {
            Self::Unpartitioned => Box::new(indexes.map(|_| Cow::Borrowed(""))),
            Self::Named(keys) => {
                let text = |index| Cow::Borrowed(keys.key(index).as_str());
                Box::new(indexes.map(text))
            }
            Self::Time(keys) => match keys.existing {
                ExistingWindows::First(_) => {
                    let lattice = indexes.start.into()..indexes.end.into();
                    Box::new(keys.definition.keys(lattice).map(Cow::Owned))
                }
                ExistingWindows::Only(_) => {
                    let text = |index| Cow::Owned(keys.definition.key(keys.lattice(index)));
                    Box::new(indexes.map(text))
                }
            },
            Self::Multi(keys) => Box::new(indexes.map(|index| Cow::Owned(keys.key(index)))),
        }
    }

    /// The index of `key`, if it exists.
    #[must_use]
    pub fn index_of(&self, key: &str) -> Option<u32> {
        match self {
            Self::Unpartitioned => None,
            Self::Named(keys) => keys.index_of(key),
            Self::Time(keys) => keys.rank(keys.definition.index_of_key(key)?),
            Self::Multi(keys) => keys.index_of(key),
        }
    }

    /// The time window of `index`, where keys are windows.
    #[must_use]
    pub fn window(&self, index: u32) -> Option<TimeWindow> {
        match self {
            Self::Time(keys) => Some(keys.window(index)),
            Self::Unpartitioned | Self::Named(_) | Self::Multi(_) => None,
        }
    }

    /// The time definition, where keys are windows.
    #[must_use]
    pub fn time(&self) -> Option<&TimePartitions> {
        match self {
            Self::Time(keys) => Some(&keys.definition),
            Self::Unpartitioned | Self::Named(_) | Self::Multi(_) => None,
        }
    }

    /// The dimensions, where there are several.
    #[must_use]
    pub fn multi(&self) -> Option<&MultiKeys> {
        match self {
            Self::Multi(keys) => Some(keys),
            Self::Unpartitioned | Self::Named(_) | Self::Time(_) => None,
        }
    }

    /// What `index` is called in an instance.
    ///
    /// # Panics
    ///
    /// If there is no such index.
    #[must_use]
    pub fn slot(&self, index: u32) -> PartitionSlot {
        match self {
            Self::Unpartitioned => PartitionSlot::Unpartitioned,
            Self::Named(keys) => PartitionSlot::Named(keys.key(index).clone()),
            Self::Time(keys) => PartitionSlot::Window(keys.window(index).start.as_second()),
            Self::Multi(keys) => PartitionSlot::Named(PartitionKey::made(&keys.key(index))),
        }
    }

    /// The index that is called `slot` in an instance, if it exists: the inverse of [`Self::slot`].
    #[must_use]
    pub fn index_of_slot(&self, slot: &PartitionSlot) -> Option<u32> {
        match (self, slot) {
            (Self::Unpartitioned, PartitionSlot::Unpartitioned) => Some(0),
            (Self::Named(keys), PartitionSlot::Named(key)) => keys.index_of(key.as_str()),
            (Self::Multi(keys), PartitionSlot::Named(key)) => keys.index_of(key.as_str()),
            (Self::Time(keys), PartitionSlot::Window(second)) => {
                let start = Timestamp::from_second(*second).ok()?;
                let lattice = keys.definition.index_at(start);
                let index = keys.rank(lattice)?;
                (keys.definition.window(lattice).start == start).then_some(index)
            }
            _ => None,
        }
    }

    /// The newest `count` keys: the last windows, or the names that were declared or added last.
    #[must_use]
    pub fn newest(&self, count: u32) -> PartitionSet {
        let range = self.len().saturating_sub(count)..self.len();
        match self {
            Self::Named(keys) => range.map(|place| keys.shown(place)).collect(),
            _ => PartitionSet::from_range(range),
        }
    }

    /// Up to three existing keys that a person may have meant by `text`: the window that holds it, or similar names.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Vec<PartitionKey> {
        match self {
            Self::Unpartitioned | Self::Multi(_) => Vec::new(),
            Self::Named(keys) => keys.similar(text),
            Self::Time(keys) => {
                let containing = keys.definition.index_containing(text);
                let Some(lattice) = containing.filter(|_| !keys.is_empty()) else {
                    return Vec::new();
                };
                let index = keys.within(&(0..lattice)).end.min(keys.len() - 1);
                self.key(index).into_iter().collect()
            }
        }
    }
}
