//! The keys of a definition as they exist at a moment, by index.

use std::borrow::Cow;
use std::ops::Range;

use jiff::Timestamp;

use crate::model::partition::key::{PartitionKey, PartitionSlot};
use crate::model::partition::multi::{MultiKeys, PART_SEPARATOR};
use crate::model::partition::named::{NamedKeys, TimeKeys};
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

impl PartitionKeys {
    /// How many there are.
    pub fn len(&self) -> u32 {
        match self {
            Self::Unpartitioned => 1,
            Self::Named(keys) => keys.len(),
            Self::Time(keys) => keys.len(),
            Self::Multi(keys) => keys.len(),
        }
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All indexes.
    pub fn range(&self) -> Range<u32> {
        0..self.len()
    }

    /// Whether these are keys of a definition.
    pub fn is_partitioned(&self) -> bool {
        !matches!(self, Self::Unpartitioned)
    }

    /// The key of `index`; `None` for the partition of an unpartitioned asset.
    ///
    /// # Panics
    ///
    /// If the index is out of bounds.
    pub fn key(&self, index: u32) -> Option<PartitionKey> {
        match self {
            Self::Unpartitioned => None,
            Self::Named(keys) => Some(keys.key(index).clone()),
            Self::Time(_) | Self::Multi(_) => Some(PartitionKey::made(&self.text(index))),
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
            Self::Time(keys) => {
                let windows = keys.stretches(indexes);
                let texts = windows.flat_map(|lattice| keys.definition().keys(lattice));
                Box::new(texts.map(Cow::Owned))
            }
            Self::Multi(keys) => Box::new(indexes.map(|index| Cow::Owned(keys.key(index)))),
        }
    }

    /// The key of `index` as text; empty for the partition of an unpartitioned asset.
    pub(super) fn text(&self, index: u32) -> Cow<'_, str> {
        match self {
            Self::Unpartitioned => Cow::Borrowed(""),
            Self::Named(keys) => Cow::Borrowed(keys.key(index).as_str()),
            Self::Time(keys) => Cow::Owned(keys.definition().key(keys.lattice(index))),
            Self::Multi(keys) => Cow::Owned(keys.key(index)),
        }
    }

    /// The indexes of those of `keys` that exist.
    pub(super) fn indexes_of<'a>(
        &self,
        keys: impl Iterator<Item = &'a PartitionKey>,
    ) -> PartitionSet {
        keys.filter_map(|key| self.index_of(key.as_str())).collect()
    }

    /// The index of `key`, if it exists.
    pub fn index_of(&self, key: &str) -> Option<u32> {
        match self {
            Self::Unpartitioned => None,
            Self::Named(keys) => keys.index_of(key),
            Self::Time(keys) => keys.rank(keys.definition().index_of_key(key)?),
            Self::Multi(keys) => keys.index_of(key),
        }
    }

    /// The index of a partition by its key, which an unpartitioned asset does not have.
    pub fn index_of_partition(&self, key: Option<&PartitionKey>) -> Option<u32> {
        key.map_or(Some(0), |key| self.index_of(key.as_str()))
    }

    /// The indexes from one key to another; `None` where one does not exist, or the first comes after the last.
    pub fn range_from(&self, first: &str, last: &str) -> Option<Range<u32>> {
        let (first, last) = (self.index_of(first)?, self.index_of(last)?);
        (first <= last).then_some(first..last + 1)
    }

    /// Whether `key` exists, or is that of a time window after all that do: a clock that is behind takes none away.
    pub fn has_or_will(&self, key: &str) -> bool {
        match self {
            Self::Unpartitioned => false,
            Self::Named(keys) => keys.index_of(key).is_some(),
            Self::Time(keys) => {
                let newest = (0..keys.len()).next_back();
                let newest = newest.map(|index| keys.lattice(index));
                let place = keys.definition().index_of_key(key);
                self.index_of(key).is_some() || place.is_some_and(|place| Some(place) > newest)
            }
            Self::Multi(keys) => {
                let dimensions = keys.dimensions();
                let parts: Vec<&str> = key.split(PART_SEPARATOR).collect();
                let mut pairs = dimensions.iter().zip(&parts);
                parts.len() == dimensions.len() && pairs.all(|(it, part)| it.keys.has_or_will(part))
            }
        }
    }

    /// The instant from which `key` exists, where it is or holds the key of a time window.
    pub fn exists_from(&self, key: &str) -> Option<Timestamp> {
        match self {
            Self::Unpartitioned | Self::Named(_) => None,
            Self::Time(keys) => {
                let place = keys.definition().index_of_key(key)?;
                Some(keys.definition().exists_from(place))
            }
            Self::Multi(keys) => {
                let pairs = keys.dimensions().iter().zip(key.split(PART_SEPARATOR));
                pairs
                    .filter_map(|(it, part)| it.keys.exists_from(part))
                    .max()
            }
        }
    }

    /// The time window of `index`, where keys are windows.
    pub fn window(&self, index: u32) -> Option<TimeWindow> {
        match self {
            Self::Time(keys) => Some(keys.window(index)),
            Self::Unpartitioned | Self::Named(_) | Self::Multi(_) => None,
        }
    }

    /// The time definition, where keys are windows.
    pub fn time(&self) -> Option<&TimePartitions> {
        match self {
            Self::Time(keys) => Some(keys.definition()),
            Self::Unpartitioned | Self::Named(_) | Self::Multi(_) => None,
        }
    }

    /// The dimensions, where there are several.
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
    /// If the index is out of bounds.
    pub fn slot(&self, index: u32) -> PartitionSlot {
        match self {
            Self::Unpartitioned => PartitionSlot::Unpartitioned,
            Self::Named(keys) => PartitionSlot::Named(keys.key(index).clone()),
            Self::Time(keys) => PartitionSlot::Window(keys.window(index).start.as_second()),
            Self::Multi(keys) => PartitionSlot::Named(PartitionKey::made(&keys.key(index))),
        }
    }

    /// The index that is called `slot` in an instance, if it exists: the inverse of [`Self::slot`].
    pub fn index_of_slot(&self, slot: &PartitionSlot) -> Option<u32> {
        match (self, slot) {
            (Self::Unpartitioned, PartitionSlot::Unpartitioned) => Some(0),
            (Self::Named(keys), PartitionSlot::Named(key)) => keys.index_of(key.as_str()),
            (Self::Multi(keys), PartitionSlot::Named(key)) => keys.index_of(key.as_str()),
            (Self::Time(keys), PartitionSlot::Window(second)) => {
                let start = Timestamp::from_second(*second).ok()?;
                let lattice = keys.definition().index_at(start);
                let index = keys.rank(lattice)?;
                (keys.definition().window(lattice).start == start).then_some(index)
            }
            _ => None,
        }
    }
}

impl PartitionKeys {
    /// The keys of the members of `set`, in order; `None` stands for the partition of an unpartitioned asset.
    ///
    /// Windows that follow each other are walked along; none is looked for by its number.
    ///
    /// # Panics
    ///
    /// If an index is out of bounds, once the iterator reaches it.
    pub fn walk<'a>(
        &'a self,
        set: &'a PartitionSet,
    ) -> impl Iterator<Item = Option<PartitionKey>> + 'a {
        set.ranges().flat_map(|range| self.keys_of(range))
    }

    /// All keys, in order.
    pub fn walk_all(&self) -> impl Iterator<Item = Option<PartitionKey>> + '_ {
        self.keys_of(self.range())
    }

    fn keys_of(&self, range: Range<u32>) -> Box<dyn Iterator<Item = Option<PartitionKey>> + '_> {
        let Self::Time(keys) = self else {
            return Box::new(range.map(|index| self.key(index)));
        };
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let (first, last) = (keys.lattice(range.start), keys.lattice(range.end - 1));
        if last - first != i64::from(range.end - 1 - range.start) {
            return Box::new(range.map(|index| self.key(index)));
        }
        let texts = keys.definition().keys(first..last + 1);
        Box::new(texts.map(|text| Some(PartitionKey::made(&text))))
    }
}

impl PartitionKeys {
    /// The index that is shown at a place, of all from 0.
    ///
    /// # Panics
    ///
    /// If the place is out of bounds.
    pub fn shown_at(&self, place: u32) -> u32 {
        match self {
            Self::Unpartitioned | Self::Time(_) => place,
            Self::Named(keys) => keys.shown(place),
            Self::Multi(keys) => {
                let dimensions = keys.dimensions().iter().enumerate();
                let parts = dimensions
                    .map(|(at, each)| each.keys.shown_at(keys.part(place, at)) * each.stride());
                parts.sum()
            }
        }
    }

    /// The place at which an index is shown: the inverse of [`Self::shown_at`].
    pub fn place_of(&self, index: u32) -> u32 {
        match self {
            Self::Unpartitioned | Self::Time(_) => index,
            Self::Named(keys) => keys.place_of(index),
            Self::Multi(keys) => {
                let dimensions = keys.dimensions().iter().enumerate();
                let parts = dimensions
                    .map(|(at, each)| each.keys.place_of(keys.part(index, at)) * each.stride());
                parts.sum()
            }
        }
    }

    /// All indexes in the order in which their keys are shown.
    pub fn shown(&self) -> impl Iterator<Item = u32> + '_ {
        self.range().map(|place| self.shown_at(place))
    }

    /// The indexes of a set in the order in which their keys are shown.
    pub fn shown_of(&self, set: &PartitionSet) -> Vec<u32> {
        let mut indexes: Vec<u32> = set.iter().collect();
        if !self.is_shown_in_order() {
            indexes.sort_unstable_by_key(|index| self.place_of(*index));
        }
        indexes
    }

    /// The keys from one index to another, both included, in the order in which they are shown; of several dimensions
    /// the product of their ranges. `None` if the first comes after the last.
    pub fn range_between(&self, first: u32, last: u32) -> Option<PartitionSet> {
        if let Self::Multi(keys) = self {
            let dimensions = keys.dimensions().iter().enumerate();
            let ranges = dimensions.map(|(at, each)| {
                let (first, last) = (keys.part(first, at), keys.part(last, at));
                each.keys.range_between(first, last)
            });
            let ranges: Option<Vec<_>> = ranges.collect();
            return Some(keys.product(&ranges?));
        }
        let (first, last) = (self.place_of(first), self.place_of(last));
        (first <= last).then(|| self.shown_within(first..last + 1))
    }

    /// The newest `count` keys: the last windows, or the names that were declared or added last.
    pub fn newest(&self, count: u32) -> PartitionSet {
        self.shown_within(self.len().saturating_sub(count)..self.len())
    }

    /// The keys of a set, in order of their indexes.
    ///
    /// # Panics
    ///
    /// If an index of the set is out of bounds, or these are the keys of an unpartitioned asset.
    pub fn keys_in<'a>(&'a self, set: &'a PartitionSet) -> impl Iterator<Item = PartitionKey> + 'a {
        set.iter()
            .map(|index| PartitionKey::made(&self.text(index)))
    }

    /// What the members of a set are called in an instance, in order of their indexes.
    ///
    /// # Panics
    ///
    /// If an index of the set is out of bounds.
    pub fn slots_in<'a>(
        &'a self,
        set: &'a PartitionSet,
    ) -> impl Iterator<Item = PartitionSlot> + 'a {
        set.iter().map(|index| self.slot(index))
    }

    fn shown_within(&self, places: Range<u32>) -> PartitionSet {
        if self.is_shown_in_order() {
            return PartitionSet::from_range(places);
        }
        places.map(|place| self.shown_at(place)).collect()
    }

    fn is_shown_in_order(&self) -> bool {
        match self {
            Self::Unpartitioned | Self::Time(_) => true,
            Self::Named(keys) => keys.is_shown_in_order(),
            Self::Multi(keys) => {
                let mut dimensions = keys.dimensions().iter();
                dimensions.all(|each| each.keys.is_shown_in_order())
            }
        }
    }
}

#[cfg(test)]
mod tests;
