//! Numbers, durations, sizes and ranges of keys.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::answer::{KeyRange, PartitionRun};
use crate::model::PartitionKey;

/// A number with thousands separators: `1,097`.
pub fn number(value: impl Into<u64>) -> String {
    let digits = value.into().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things, in the plural where there is not one: `1 step`, `14 steps`.
pub fn count(value: impl Into<u64>, singular: &str) -> String {
    let value = value.into();
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", number(value))
}

/// The amounts above 0, each with its word: `10 materialized`, `1,083 fresh`.
pub fn amounts(amounts: impl IntoIterator<Item = (u32, &'static str)>) -> Vec<String> {
    let some = amounts.into_iter().filter(|(amount, _)| *amount > 0);
    some.map(|(amount, word)| format!("{} {word}", number(amount)))
        .collect()
}

/// `a, b and 3 more files`, or only what is shown where there is no more.
pub fn and_more(shown: String, more: usize, noun: &str) -> String {
    match more as u64 {
        0 => shown,
        more => format!("{shown} and {}", count(more, noun)),
    }
}

/// How long something took: `38ms`, `2.1s`, `1m 02s`, `3h 05m`.
pub fn span(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{milliseconds}ms"),
        1..10 => format!("{}.{}s", seconds, duration.subsec_millis() / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A running clock: `0:12`, `1:02:03`.
pub fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A size: `512 B`, `1.4 kB`, `120 MB`.
pub fn bytes(value: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let mut tenths = value.saturating_mul(10);
    if value < 1000 {
        return format!("{value} B");
    }
    for unit in units {
        tenths /= 1000;
        match tenths {
            0..100 => return format!("{}.{} {unit}", tenths / 10, tenths % 10),
            100..10_000 => return format!("{} {unit}", tenths / 10),
            _ => {}
        }
    }
    unreachable!("2^64 bytes are 18 EB")
}

/// A moment to the second, in UTC: `2013-07-05 12:00:00Z`.
pub fn clock(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%SZ")
        .to_string()
}

/// A moment as people tell it, against `now`: `12 min ago`; one that is longer ago than a month, or to come, by its date.
pub fn ago(now: Timestamp, time: Timestamp) -> String {
    let seconds = now.as_second() - time.as_second();
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        86_400..172_800 => "1 day ago".to_owned(),
        172_800..2_678_400 => format!("{} days ago", seconds / 86_400),
        _ => time
            .to_zoned(TimeZone::UTC)
            .strftime("%Y-%m-%d")
            .to_string(),
    }
}

/// Neighbouring keys; none for an unpartitioned asset.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The first.
    pub first: Option<&'a PartitionKey>,
    /// The last.
    pub last: Option<&'a PartitionKey>,
}

impl<'a> From<&'a KeyRange> for Keys<'a> {
    fn from(range: &'a KeyRange) -> Self {
        Self {
            first: range.first.as_ref(),
            last: range.last.as_ref(),
        }
    }
}

impl<'a> From<&'a PartitionRun> for Keys<'a> {
    fn from(run: &'a PartitionRun) -> Self {
        Self {
            first: run.first.as_ref(),
            last: run.last.as_ref(),
        }
    }
}

/// The ranges, at most `limit` of them written out: `a, c...f and 12 more ranges`; empty for an unpartitioned asset.
pub fn keys<'a>(ranges: impl IntoIterator<Item = Keys<'a>>, limit: usize) -> String {
    let mut ranges = ranges.into_iter().filter_map(written);
    let shown: Vec<_> = ranges.by_ref().take(limit).collect();
    and_more(shown.join(", "), ranges.count(), "more range")
}

fn written(keys: Keys<'_>) -> Option<String> {
    match (keys.first, keys.last) {
        (Some(first), Some(last)) if first != last => Some(format!("{first}...{last}")),
        (Some(only), _) | (None, Some(only)) => Some(only.to_string()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Keys, ago, bytes, clock, count, elapsed, keys, number, span};
    use jiff::Timestamp;

    use crate::testkit;

    #[test]
    fn numbers() {
        for (value, text) in [
            (0_u32, "0"),
            (999, "999"),
            (1097, "1,097"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(count(1_u32, "asset"), "1 asset");
        assert_eq!(count(0_u32, "asset"), "0 assets");
    }

    #[test]
    fn durations() {
        for (milliseconds, text, clock) in [
            (0, "0ms", "0:00"),
            (38, "38ms", "0:00"),
            (2_190, "2.1s", "0:02"),
            (12_900, "12s", "0:12"),
            (62_000, "1m 02s", "1:02"),
            (3_723_000, "1h 02m", "1:02:03"),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(
                (span(duration).as_str(), elapsed(duration).as_str()),
                (text, clock)
            );
        }
    }

    #[test]
    fn sizes() {
        for (value, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1449, "1.4 kB"),
            (120_431, "120 kB"),
            (1_000_000, "1.0 MB"),
            (2_147_483_648, "2.1 GB"),
            (u64::MAX / 10, "1.8 EB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }

    #[test]
    fn moments() {
        let now: Timestamp = "2013-07-05T12:00:00Z".parse().expect("a time");
        for (time, text) in [
            ("2013-07-05T11:59:30Z", "just now"),
            ("2013-07-05T11:00:01Z", "59 min ago"),
            ("2013-07-05T10:00:00Z", "2 h ago"),
            ("2013-07-04T10:00:00Z", "1 day ago"),
            ("2013-06-20T10:00:00Z", "15 days ago"),
            ("2012-07-05T12:00:00Z", "2012-07-05"),
            ("2013-07-06T12:00:00Z", "2013-07-06"),
        ] {
            assert_eq!(ago(now, time.parse().expect("a time")), text);
        }
        assert_eq!(clock(now), "2013-07-05 12:00:00Z");
    }

    #[test]
    fn many_ranges_are_counted() {
        let parsed: Vec<_> = ["a", "c", "f", "h"].map(testkit::key).into();
        let range = |first: usize, last: usize| Keys {
            first: Some(&parsed[first]),
            last: Some(&parsed[last]),
        };
        let all = [range(0, 0), range(1, 2), range(3, 3)];
        assert_eq!(keys(all, 3), "a, c...f, h");
        assert_eq!(keys(all, 2), "a, c...f and 1 more range");
        assert_eq!(keys(all, 1), "a and 2 more ranges");
        let none = Keys {
            first: None,
            last: None,
        };
        assert_eq!(keys([none], 3), "");
    }
}
