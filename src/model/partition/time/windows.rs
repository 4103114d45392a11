//! The numbered windows of a definition: those between the ticks of its schedule, less the excluded ones.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use crate::model::partition::time::cron::Cron;
use crate::model::partition::time::lattice::{Lattice, Tick};
use crate::model::partition::time::zone::Zone;

/// What makes the windows of a definition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern<'a> {
    pub schedule: &'a Cron,
    pub zone: &'a Zone,
    /// No window of an index from 0 on starts before this second.
    pub start: i64,
    pub excluded_crons: &'a [Cron],
    pub excluded_starts: &'a [i64],
}

/// Why a pattern has no windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    NeverTicks,
    AllExcluded,
}

/// Windows with their indexes; 0 is the first that starts at the definition's start or later.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    /// Where windows start that no cron expression excludes.
    kept: Lattice,
    /// Where windows end, if that is not the same.
    every: Option<Lattice>,
    /// The numbers of kept ticks that are excluded one by one, in order.
    dropped: Vec<i64>,
    /// The same, less the number of dropped ones before each.
    thinned: Vec<i64>,
    /// What the window of index 0 would be called if numbers without the dropped ones were counted through.
    origin: i64,
}

/// Indexes are held between these: no window of such an index is within the reach of timestamps.
const FARTHEST: i64 = 1 << 40;

impl Windows {
    /// Counts through a pattern once.
    pub(super) fn new(pattern: Pattern<'_>) -> Result<Self, Empty> {
        let Pattern { schedule, zone, .. } = pattern;
        let shifts = zone.shifts();
        let every = Lattice::new(schedule, &[], zone, &shifts).ok_or(Empty::NeverTicks)?;
        let (kept, every) = if pattern.excluded_crons.is_empty() {
            (every, None)
        } else {
            let kept = Lattice::new(schedule, pattern.excluded_crons, zone, &shifts);
            (kept.ok_or(Empty::AllExcluded)?, Some(every))
        };
        let dropped = pattern.excluded_starts.iter().filter_map(|second| {
            let number = kept.after(*second) - 1;
            (kept.tick(number).second == *second).then_some(number)
        });
        let mut dropped: Vec<i64> = dropped.collect();
        dropped.sort_unstable();
        dropped.dedup();
        let start = kept.after(pattern.start - 1);
        let origin = start - count_before(&dropped, start);
        let thinned = (0..)
            .zip(&dropped)
            .map(|(place, number)| number - place)
            .collect();
        Ok(Self {
            kept,
            every,
            dropped,
            thinned,
            origin,
        })
    }

    /// Where the window of `index` starts.
    pub(super) fn tick(&self, index: i64) -> Tick {
        self.kept.tick(self.number(index))
    }

    /// Where those windows start, in order.
    pub(super) fn ticks(&self, indexes: Range<i64>) -> impl Iterator<Item = Tick> {
        let first = self.number(indexes.start);
        let mut dropped = self.dropped[self.dropped.partition_point(|number| *number < first)..]
            .iter()
            .peekable();
        (first..)
            .zip(self.kept.ticks_from(first))
            .filter(move |(number, _)| dropped.next_if_eq(&number).is_none())
            .map(|(_, tick)| tick)
            .take(usize::try_from(indexes.end - indexes.start).unwrap_or(0))
    }

    /// The second at which the window of `index` ends: that of the schedule's next tick.
    pub(super) fn end(&self, index: i64) -> i64 {
        let number = self.number(index);
        match &self.every {
            None => self.kept.tick(number + 1).second,
            Some(every) => {
                every
                    .tick(every.after(self.kept.tick(number).second))
                    .second
            }
        }
    }

    /// The index of the first window that starts after a second.
    pub(super) fn after(&self, second: i64) -> i64 {
        let number = self.kept.after(second);
        number - count_before(&self.dropped, number) - self.origin
    }

    /// How many windows, from index 0 on, have ended at a second.
    pub(super) fn ended_at(&self, second: i64) -> i64 {
        let last = self.after(second) - 1;
        // The newest has ended if it is followed by excluded ones.
        last + i64::from(self.end(last) <= second)
    }

    /// The mean length of a window in seconds.
    pub(super) fn mean_seconds(&self) -> i64 {
        self.every.as_ref().unwrap_or(&self.kept).mean_seconds()
    }

    /// The number of a window's first tick among the kept ones.
    fn number(&self, index: i64) -> i64 {
        let counted = index.clamp(-FARTHEST, FARTHEST) + self.origin;
        counted + count_before(&self.thinned, counted + 1)
    }
}

/// How many of the numbers, which are in order, are smaller than another.
fn count_before(numbers: &[i64], number: i64) -> i64 {
    i64::from(numbers.partition_point(|other| *other < number) as u32)
}

/// A cache that is no part of its value: all are equal, and a copy begins empty.
pub(super) struct Derived<T> {
    cell: OnceLock<Box<T>>,
}

impl<T> Derived<T> {
    pub(super) fn get_or_init(&self, derive: impl FnOnce() -> T) -> &T {
        self.cell.get_or_init(|| Box::new(derive()))
    }
}

impl<T> Default for Derived<T> {
    fn default() -> Self {
        Self {
            cell: OnceLock::new(),
        }
    }
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Derived<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Derived<T> {}

impl<T> fmt::Debug for Derived<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("..")
    }
}
