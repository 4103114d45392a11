//! Neighbouring partitions told as one.

use std::ops::Range;

use crate::answer::KeyRange;
use crate::model::{AssetId, PartitionSet};
use crate::plan::Scope;

/// A range of an asset's partitions, by their keys.
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
pub fn key_ranges(scope: &Scope<'_>, asset: AssetId, set: &PartitionSet) -> Vec<KeyRange> {
    set.ranges()
        .map(|range| key_range(scope, asset, &range))
        .collect()
}
