//! Neighbouring partitions that are not fresh for the same reasons, told as one.

use std::ops::Range;

use crate::answer::{Certainty, KeyRange, StaleRange};
use crate::app::check::place::place_of;
use crate::app::neighbours::{alike, common, key_range, key_ranges, neighbours};
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
    let unfresh = unfresh.into_iter().map(|it| (it.index, it));
    let runs = neighbours(unfresh, |first, next| {
        let joins = (first.status, first.certainty) == (next.status, next.certainty)
            && alike(&first.causes, &next.causes);
        if joins {
            first.causes = common(&first.causes, &next.causes);
        }
        joins
    });
    let place = place_of(scope.graph(), asset);
    let range = |(range, first): (Range<u32>, Unfresh)| StaleRange {
        range: key_range(scope, asset, &range),
        status: first.status,
        causes: first.causes,
        certainty: first.certainty,
        place: place.clone(),
    };
    runs.into_iter().map(range).collect()
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
