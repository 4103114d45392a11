//! Windows of one definition that overlap windows of another.

use std::ops::Range;

use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::{NamedKeys, TimeKeys};
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{TimePartitions, TimeWindow};

/// By how many downstream windows a dep's window starts and ends off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    pub start: i64,
    pub end: i64,
}

impl Offsets {
    pub(super) fn new(start: i32, end: i32) -> Self {
        Self {
            start: start.into(),
            end: end.into(),
        }
    }

    /// Whether a window's own time is part of what it reads.
    pub(super) fn include_own(self) -> bool {
        self.start <= 0 && self.end >= 0
    }
}

/// The existing upstream windows that downstream windows read.
pub(super) fn read_by(
    down: &TimeKeys,
    up: &TimeKeys,
    offsets: Offsets,
    indexes: Range<u32>,
) -> PartitionSet {
    let (from, to) = (down.definition(), up.definition());
    let mut read = Vec::new();
    for stretch in down.stretches(indexes) {
        let shifted = stretch.start + offsets.start..stretch.end + offsets.end;
        if offsets.start < offsets.end {
            // Each window reads on beyond its own end, so no time in between is left unread.
            read.push(up.within(&overlapping(from, to, shifted)));
        } else if same_lattice(from, to) {
            read.push(up.within(&shifted));
        } else {
            let unbroken = unbroken(from, shifted).into_iter();
            read.extend(unbroken.map(|windows| up.within(&overlapping(from, to, windows))));
        }
    }
    PartitionSet::from_ranges(read)
}

/// The existing downstream windows that read any of some upstream windows.
pub(super) fn readers_of(
    down: &TimeKeys,
    up: &TimeKeys,
    offsets: Offsets,
    indexes: Range<u32>,
) -> PartitionSet {
    let (from, to) = (up.definition(), down.definition());
    let reader = |touched: Range<i64>| {
        let readers = touched.start - offsets.end..touched.end - offsets.start;
        down.within(&readers)
    };
    let mut readers = Vec::new();
    for stretch in up.stretches(indexes) {
        if same_lattice(from, to) {
            readers.push(reader(stretch));
        } else {
            let unbroken = unbroken(from, stretch).into_iter();
            readers.extend(unbroken.map(|windows| reader(overlapping(from, to, windows))));
        }
    }
    PartitionSet::from_ranges(readers)
}

/// The upstream windows, existing or not, that overlap the downstream window of a key.
pub(super) fn own_windows(down: &TimeKeys, up: &TimeKeys, index: u32) -> Range<i64> {
    up.definition().overlapping(down.window(index))
}

/// The downstream windows whose own time holds upstream windows that do not exist, and perhaps a few more.
pub(super) fn may_lack_windows(
    down: &TimeKeys,
    up: &TimeKeys,
    indexes: Range<u32>,
) -> PartitionSet {
    let (from, to) = (down.definition(), up.definition());
    let mut lacking = Vec::new();
    for stretch in down.stretches(indexes) {
        let needed = overlapping(from, to, stretch.clone());
        for absent in up.absent(&needed) {
            let touched = overlapping(to, from, absent);
            let touched = touched.start.max(stretch.start)..touched.end.min(stretch.end);
            lacking.push(down.within(&touched));
        }
    }
    PartitionSet::from_ranges(lacking)
}

/// Whether windows of equal numbers are the same ones.
pub(super) fn same_lattice(one: &TimePartitions, other: &TimePartitions) -> bool {
    std::ptr::eq(one, other) || one == other
}

/// The windows of `to` that overlap the time from the start of the first of some windows of `from` to the end of the
/// last; none of them need exist.
fn overlapping(from: &TimePartitions, to: &TimePartitions, windows: Range<i64>) -> Range<i64> {
    if windows.is_empty() {
        return 0..0;
    }
    to.overlapping(TimeWindow {
        start: from.window(windows.start).start,
        end: from.window(windows.end - 1).end,
    })
}

/// The parts of a range of windows in which each ends where the next one starts.
fn unbroken(definition: &TimePartitions, windows: Range<i64>) -> Vec<Range<i64>> {
    if !definition.excludes_windows() {
        return vec![windows];
    }
    let mut parts: Vec<Range<i64>> = Vec::new();
    let mut end = None;
    for at in windows {
        let window = definition.window(at);
        match parts.last_mut() {
            Some(part) if end == Some(window.start) => part.end = at + 1,
            _ => parts.push(at..at + 1),
        }
        end = Some(window.end);
    }
    parts
}

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
