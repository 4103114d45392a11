//! A stretch of time.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A stretch of time: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl TimeWindow {
    /// The window's start or end in `timezone`, printed with a strftime `format`.
    #[must_use]
    pub fn print(instant: Timestamp, timezone: &TimeZone, format: &str) -> String {
        jiff::fmt::strtime::format(format, &instant.to_zoned(timezone.clone())).unwrap_or_default()
    }
}
