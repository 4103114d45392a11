//! Neighbouring partitions that are not fresh for the same reasons, told as one.

use crate::answer::{Certainty, KeyRange, StaleRange};
use crate::app::causes::{alike, common, key_range, key_ranges};
use crate::app::check::place::place_of;
use crate::model::{AssetId, Cause, PartitionSet, Status};
use crate::plan::Scope;

/// A partition that is not fresh.
#[derive(Clone, Debug)]
pub(super) struct Unfresh {
    pub index: u32,
    pub status: Status,
    pub certainty: Certainty,
    pub causes: Vec<Cause>,
}

/// Neighbours of like status and causes as one. `unfresh` is in order of keys.
pub(super) fn stale_ranges(
    scope: &Scope<'_>,
    asset: AssetId,
    unfresh: impl IntoIterator<Item = Unfresh>,
) -> Vec<StaleRange> {
    let mut runs: Vec<(u32, Unfresh)> = Vec::new();

    for next in unfresh {
        match runs.last_mut() {
            Some((last, first)) if *last + 1 == next.index && is_alike(first, &next) => {
                *last = next.index;
                first.causes = common(&first.causes, &next.causes);
            }
            _ => runs.push((next.index, next)),
        }
    }
    let place = place_of(scope.graph(), asset);
    let range = |(last, first): (u32, Unfresh)| StaleRange {
        range: key_range(scope, asset, &(first.index..last + 1)),
        status: first.status,
        causes: first.causes,
        certainty: first.certainty,
        place: place.clone(),
    };
    runs.into_iter().map(range).collect()
}

fn is_alike(one: &Unfresh, other: &Unfresh) -> bool {
    (one.status, one.certainty) == (other.status, other.certainty)
        && alike(&one.causes, &other.causes)
}

/// Partitions of an asset as ranges.
pub(super) fn ranges_of(
    scope: &Scope<'_>,
    asset: AssetId,
    indexes: impl IntoIterator<Item = u32>,
) -> Vec<KeyRange> {
    let set: PartitionSet = indexes.into_iter().collect();

    key_ranges(scope, asset, &set)
}
