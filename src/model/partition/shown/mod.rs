//! The order in which keys are shown, which is that of their indexes but for sets that grow.

use std::ops::Range;

use crate::model::partition::key::{PartitionKey, PartitionSlot};
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::set::PartitionSet;

impl PartitionKeys {
    /// The index that is shown at a place, of all from 0.
    ///
    /// # Panics
    ///
    /// If there is no such place.
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
    /// If the set has an index that is none, or these are the keys of an unpartitioned asset.
    pub fn keys_in<'a>(&'a self, set: &'a PartitionSet) -> impl Iterator<Item = PartitionKey> + 'a {
        set.iter()
            .map(|index| PartitionKey::made(&self.text(index)))
    }

    /// What the members of a set are called in an instance, in order of their indexes.
    ///
    /// # Panics
    ///
    /// If the set has an index that is none.
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
