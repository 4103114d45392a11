//! Windows of one definition that overlap windows of another.

use std::ops::Range;

use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{TimePartitions, TimeWindow};
use crate::model::partition::time_keys::TimeKeys;

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
