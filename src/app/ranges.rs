//! Neighbouring partitions told as one.

use std::ops::Range;

use crate::model::KeyRange;
use crate::model::{AssetId, PartitionSet};
use crate::plan::Scope;

/// Splits the members of `set` into runs of neighbours for which `key` is the same, with that key.
pub fn runs<K: PartialEq>(
    set: &PartitionSet,
    mut key: impl FnMut(u32) -> K,
) -> Vec<(Range<u32>, K)> {
    let mut runs: Vec<(Range<u32>, K)> = Vec::new();
    for index in set.iter() {
        let found = key(index);
        match runs.last_mut() {
            Some((range, known)) if range.end == index && *known == found => range.end = index + 1,
            _ => runs.push((index..index + 1, found)),
        }
    }
    runs
}

/// A range of an asset's partitions, by their keys.
#[must_use]
pub fn key_range(scope: &Scope<'_>, asset: AssetId, range: &Range<u32>) -> KeyRange {
    let keys = scope.keys(asset);
    KeyRange {
        asset: scope.graph().key(asset).clone(),
        first: keys.key(range.start),
        last: keys.key(range.end - 1),
        count: range.end - range.start,
    }
}

/// A set of an asset's partitions, as ranges.
#[must_use]
pub fn key_ranges(scope: &Scope<'_>, asset: AssetId, set: &PartitionSet) -> Vec<KeyRange> {
    set.ranges()
        .map(|range| key_range(scope, asset, &range))
        .collect()
}
