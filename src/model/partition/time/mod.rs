//! Definitions whose keys are time windows.
//!
//! The windows of a definition tile time: a window ends where the schedule ticks next. They form a lattice that goes on
//! in both directions; the definition's keys are the stretch of it from `start` to the earlier of `end` and now.
//! Finding a window by index, instant or key is arithmetic and enumerates nothing: see `lattice`.

mod checked;
mod cron;
mod format;
mod lattice;
mod settings;
mod ticks;
mod window;
mod windows;
mod zone;

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::model::partition::time::cron::Cron;
use crate::model::partition::time::format::Format;
use crate::model::partition::time::windows::{Derived, Pattern, Windows};
use crate::model::partition::time::zone::{Written, Zone, clamped};

pub use settings::{Cadence, Exclusion, InvalidTimePartitions, TimeSetting, TimeSettings};
pub use window::TimeWindow;

/// A definition whose keys are time windows, checked. Two are equal if they have the same windows, keys and words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimePartitions {
    cadence: Cadence,
    /// The schedule as it is written, or as the cadence is written in cron.
    cron: String,
    schedule: Cron,
    timezone: Zone,
    format: Format,
    /// The first second of the definition's time, since 1970 in UTC.
    start: i64,
    /// Windows end at or before this second.
    end: Option<i64>,
    end_offset: i32,
    excluded_crons: Vec<Cron>,
    /// The seconds at which excluded windows start.
    excluded_starts: Vec<i64>,
    /// Counted through when the first window is asked for: a definition is often only read.
    #[serde(skip)]
    windows: Derived<Windows>,
}

impl TimePartitions {
    /// How often windows start.
    pub fn cadence(&self) -> Cadence {
        self.cadence
    }

    /// The zone in which windows start.
    pub fn timezone(&self) -> &TimeZone {
        self.timezone.timezone()
    }

    /// The strftime format of the keys.
    pub fn format(&self) -> &str {
        self.format.as_str()
    }

    /// The cron expression at whose ticks windows start; where one is declared, as it is written.
    pub fn equivalent_cron(&self) -> &str {
        &self.cron
    }

    /// Whether windows are left out, so that one may end before the next one starts.
    pub fn excludes_windows(&self) -> bool {
        !self.excluded_crons.is_empty() || !self.excluded_starts.is_empty()
    }

    /// The mean length of a window in seconds, to tell coarser definitions from finer ones.
    pub fn typical_seconds(&self) -> i64 {
        self.windows().mean_seconds()
    }

    /// How many windows exist at `now`: those that have ended, more or less the offset, and end no later than the
    /// definition's end.
    pub fn len_at(&self, now: Timestamp) -> u32 {
        let windows = self.windows();
        let ended = windows.ended_at(floor(now)).max(0);
        let limit = self.end.map_or(i64::MAX, |end| windows.ended_at(end));
        let len = (ended + i64::from(self.end_offset)).min(limit).max(0);
        u32::try_from(len).unwrap_or(u32::MAX)
    }

    /// The instant from which the window of `index` exists, on the whole lattice.
    pub fn exists_from(&self, index: i64) -> Timestamp {
        self.window(index - i64::from(self.end_offset)).end
    }

    /// The window of `index`, on the whole lattice: 0 is the first one that starts at the definition's start or later.
    /// Beyond the reach of timestamps windows are empty.
    pub fn window(&self, index: i64) -> TimeWindow {
        TimeWindow {
            start: clamped(self.windows().tick(index).second),
            end: clamped(self.windows().end(index)),
        }
    }

    /// The index of the last window that starts at or before `instant`, on the whole lattice. It holds the instant,
    /// unless an excluded window does.
    pub fn index_at(&self, instant: Timestamp) -> i64 {
        self.windows().after(floor(instant)) - 1
    }

    /// The windows that overlap a window of another definition, on the whole lattice.
    pub fn overlapping(&self, window: TimeWindow) -> Range<i64> {
        let windows = self.windows();
        let start = floor(window.start);
        let last = windows.after(start) - 1;
        let ended = windows.end(last) <= start;
        let first = last + i64::from(ended);
        if window.end <= window.start {
            return first..first;
        }
        // The first window that starts at the end or later does not overlap.
        let end = floor(window.end) - i64::from(window.end.subsec_nanosecond() == 0);
        first..windows.after(end).max(first)
    }

    /// The key of the window of `index`: its start, printed in the definition's zone.
    pub fn key(&self, index: i64) -> String {
        self.format
            .print(self.windows().tick(index), &self.timezone)
    }

    /// The keys of those windows in order, at less cost than one by one.
    pub fn keys(&self, indexes: Range<i64>) -> impl Iterator<Item = String> {
        let ticks = self.windows().ticks(indexes);
        ticks.map(|tick| self.format.print(tick, &self.timezone))
    }

    /// Where those windows start, in order, at less cost than one by one.
    pub fn starts(&self, indexes: Range<i64>) -> impl Iterator<Item = Timestamp> {
        let ticks = self.windows().ticks(indexes);
        ticks.map(|tick| clamped(tick.second))
    }

    /// The window whose key is exactly `key`, whether it exists yet or not.
    pub fn index_of_key(&self, key: &str) -> Option<i64> {
        let written = self.format.parse(key)?;
        let second = self.second(written);
        // A format may leave out what is the same for all windows, as the hour of days that start at five.
        let index = self.windows().after(second - 1);
        let tick = self.windows().tick(index);
        let exact = self.format.is_key(key, written, tick, &self.timezone);
        exact.then_some(index)
    }

    /// The window that a time written by a person falls into, whether it exists yet or not: in the format, or as a local
    /// date or time, or as an instant. None if an excluded window holds it.
    pub fn index_containing(&self, text: &str) -> Option<i64> {
        self.index_of_key(text).or_else(|| {
            let second = self.second(self.format.parse_loosely(text)?);
            let index = self.windows().after(second) - 1;
            (second < self.windows().end(index)).then_some(index)
        })
    }

    fn second(&self, written: Written) -> i64 {
        self.timezone.second_written(written, self.schedule.clock())
    }

    fn windows(&self) -> &Windows {
        let windows = || Windows::new(self.pattern());
        self.windows
            .get_or_init(|| windows().expect("a definition is constructed only if it has windows"))
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern {
            schedule: &self.schedule,
            zone: &self.timezone,
            start: self.start,
            excluded_crons: &self.excluded_crons,
            excluded_starts: &self.excluded_starts,
        }
    }
}

/// The last whole second at or before an instant.
fn floor(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

#[cfg(test)]
mod tests;
