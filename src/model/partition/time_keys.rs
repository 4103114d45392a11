//! The keys of a time definition: which of its windows exist.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{TimePartitions, TimeWindow};

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
    pub fn at(definition: &Arc<TimePartitions>, now: Timestamp) -> Self {
        Self {
            definition: Arc::clone(definition),
            existing: ExistingWindows::First(definition.len_at(now)),
        }
    }

    /// Only these windows, by their indexes in the definition's lattice.
    pub fn only(definition: &Arc<TimePartitions>, windows: PartitionSet) -> Self {
        Self {
            definition: Arc::clone(definition),
            existing: ExistingWindows::Only(Arc::new(windows)),
        }
    }

    /// The definition.
    pub fn definition(&self) -> &Arc<TimePartitions> {
        &self.definition
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        match &self.existing {
            ExistingWindows::First(len) => *len,
            ExistingWindows::Only(set) => set.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index in the definition's lattice of the key `index`.
    ///
    /// # Panics
    ///
    /// If only some windows exist and there is no such key.
    pub fn lattice(&self, index: u32) -> i64 {
        match &self.existing {
            ExistingWindows::First(_) => index.into(),
            ExistingWindows::Only(set) => set.nth(index).expect("indexes are below len").into(),
        }
    }

    /// The key at an index of the definition's lattice, if it exists.
    pub fn rank(&self, lattice: i64) -> Option<u32> {
        let lattice = u32::try_from(lattice).ok()?;
        match &self.existing {
            ExistingWindows::First(len) => (lattice < *len).then_some(lattice),
            ExistingWindows::Only(set) => set.rank(lattice),
        }
    }

    /// The existing keys within a stretch of the definition's lattice.
    pub fn within(&self, lattice: &Range<i64>) -> Range<u32> {
        let before = |at: i64| match &self.existing {
            ExistingWindows::First(len) => {
                u32::try_from(at.clamp(0, i64::from(*len))).expect("clamped to the length")
            }
            ExistingWindows::Only(set) => set.before(u32::try_from(at.max(0)).unwrap_or(u32::MAX)),
        };
        before(lattice.start)..before(lattice.end).max(before(lattice.start))
    }

    /// Whether the windows from the first to the newest are keys without an exception.
    pub(super) fn all_exist(&self) -> bool {
        match &self.existing {
            ExistingWindows::First(_) => true,
            ExistingWindows::Only(set) => set.last().is_none_or(|last| set.len() == last + 1),
        }
    }

    /// The stretches of the definition's lattice that keys in a range stand for, in order.
    pub(super) fn stretches(&self, indexes: Range<u32>) -> impl Iterator<Item = Range<i64>> {
        let (all, some) = match &self.existing {
            ExistingWindows::First(_) => (Some(indexes), None),
            ExistingWindows::Only(set) => (None, Some(set.ranked(indexes))),
        };
        let ranges = all.into_iter().chain(some.into_iter().flatten());
        ranges.map(|range| range.start.into()..range.end.into())
    }

    /// The stretches within a stretch of the definition's lattice of windows that are no keys, in order.
    pub(super) fn absent(&self, lattice: &Range<i64>) -> Vec<Range<i64>> {
        let existing = self.stretches(self.within(lattice));
        let existing: Vec<_> = existing.filter(|run| !run.is_empty()).collect();
        let starts = std::iter::once(lattice.start).chain(existing.iter().map(|run| run.end));
        let ends = existing.iter().map(|run| run.start);
        let ends = ends.chain(std::iter::once(lattice.end));
        let absent = starts.zip(ends).map(|(start, end)| start..end);
        absent.filter(|absent| !absent.is_empty()).collect()
    }

    /// The window of the key `index`.
    pub fn window(&self, index: u32) -> TimeWindow {
        self.definition.window(self.lattice(index))
    }
}
