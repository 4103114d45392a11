//! Keys that both sides have.

use std::ops::Range;

use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::windows::same_lattice;
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::NamedKeys;
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time_keys::TimeKeys;

/// The keys of `to` that are called like the keys of `from` in `indexes`.
///
/// Within one definition that is a range; between two it is a walk along both, which compares a key with the one after
/// the last that was equal before it looks elsewhere.
pub(super) fn equal_keys(
    from: &PartitionKeys,
    to: &PartitionKeys,
    indexes: Range<u32>,
) -> PartitionSet {
    match (from, to) {
        (PartitionKeys::Unpartitioned, PartitionKeys::Unpartitioned) => {
            PartitionSet::from_range(indexes)
        }
        (PartitionKeys::Named(from), PartitionKeys::Named(to)) => equal_names(from, to, indexes),
        (PartitionKeys::Time(from), PartitionKeys::Time(to)) => equal_windows(from, to, indexes),
        (PartitionKeys::Multi(from), PartitionKeys::Multi(to)) => equal_parts(from, to, indexes),
        _ => indexes
            .filter_map(|index| to.index_of(from.key(index)?.as_str()))
            .collect(),
    }
}

fn equal_names(from: &NamedKeys, to: &NamedKeys, indexes: Range<u32>) -> PartitionSet {
    if from.is_same_list(to) {
        return PartitionSet::from_range(indexes);
    }
    let mut next = 0;
    let equal = |index: u32| {
        let key = from.key(index);
        let follows = to
            .keys()
            .get(next as usize)
            .is_some_and(|other| other == key);
        let found = if follows {
            Some(next)
        } else {
            to.index_of(key.as_str())
        };
        next = found.map_or(next, |found| found + 1);
        found
    };
    indexes.filter_map(equal).collect()
}

fn equal_windows(from: &TimeKeys, to: &TimeKeys, indexes: Range<u32>) -> PartitionSet {
    let (ours, theirs) = (from.definition(), to.definition());
    let stretches = from.stretches(indexes);
    if same_lattice(ours, theirs) {
        return PartitionSet::from_ranges(stretches.map(|stretch| to.within(&stretch)));
    }
    // Windows of one zone and format that start at once are called the same.
    let alike = ours.format() == theirs.format() && ours.timezone() == theirs.timezone();
    let mut equal = Vec::new();
    for stretch in stretches {
        let mut ahead = None;
        for (at, start) in stretch.clone().zip(ours.starts(stretch.clone())) {
            let next = ahead.as_mut().and_then(Iterator::next);
            let found = match next {
                Some((next, begins)) if begins == start => Some(next),
                _ => {
                    let found = theirs.index_of_key(&ours.key(at));
                    ahead = found.filter(|_| alike).map(|found| {
                        let following = found + 1..found + stretch.end - at;
                        following.clone().zip(theirs.starts(following))
                    });
                    found
                }
            };
            equal.extend(found.and_then(|found| to.rank(found)));
        }
    }
    equal.into_iter().collect()
}

/// Keys with as many parts, part by part: no part holds the separator.
fn equal_parts(from: &MultiKeys, to: &MultiKeys, indexes: Range<u32>) -> PartitionSet {
    if from.dimensions().len() != to.dimensions().len() {
        return PartitionSet::empty();
    }
    let equal = from.boxes(indexes).into_iter().flat_map(|parts| {
        let dimensions = from.dimensions().iter().zip(to.dimensions());
        let sets = dimensions.zip(parts);
        let sets: Vec<_> = sets
            .map(|((from, to), part)| equal_keys(&from.keys, &to.keys, part))
            .collect();
        to.product_ranges(&sets)
    });
    PartitionSet::from_ranges(equal)
}
