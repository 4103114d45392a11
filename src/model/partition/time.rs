//! Definitions whose keys are time windows.
//!
//! The windows of a definition tile time: window `i` ends where window `i + 1` starts. They form a lattice that goes on
//! in both directions; the definition's keys are the stretch of it between `start` and the earlier of `end` and now.
//! Finding a window by index, instant or key is arithmetic on dates and enumerates nothing.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit};
use serde::{Deserialize, Serialize};

/// How long the windows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cadence {
    /// From midnight to midnight.
    Daily,
    /// From the first of a month to the first of the next.
    Monthly,
}

/// A stretch of time: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// Why a time definition cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimePartitions {
    /// The time zone is not in the IANA database.
    #[error("`{0}` is not a time zone of the IANA database")]
    UnknownZone(String),
    /// A text is not a time in the definition's format.
    #[error("`{text}` is not a time written as `{format}`")]
    NotInFormat {
        /// The text.
        text: String,
        /// The format.
        format: String,
    },
    /// The format itself is not understood.
    #[error("the format `{format}` is not understood: {reason}")]
    BadFormat {
        /// The format.
        format: String,
        /// Why.
        reason: String,
    },
    /// Two windows would have the same key, or a key would not lead back to its window.
    #[error(
        "the format `{format}` is too coarse: the window that starts {first} would be called `{key}`"
    )]
    TooCoarse {
        /// The format.
        format: String,
        /// A window's start.
        first: Date,
        /// What it would be called.
        key: String,
    },
    /// The end comes before the start.
    #[error("the end `{end}` comes before the start `{start}`")]
    EndBeforeStart {
        /// The start.
        start: DateTime,
        /// The end.
        end: DateTime,
    },
}

/// A definition whose keys are time windows, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimePartitions {
    cadence: Cadence,
    /// Start of window 0: the first tick at or after the declared start.
    origin: Date,
    /// Windows end at or before this local time.
    end: Option<DateTime>,
    timezone: Zone,
    format: Format,
}

/// A time definition as it is written: [`TimePartitions::new`] checks it.
#[derive(Clone, Copy, Debug)]
pub struct TimeSettings<'a> {
    /// How long the windows are.
    pub cadence: Cadence,
    /// The first window starts at the first tick at or after this, written in `format` or as a plain date.
    pub start: &'a str,
    /// The last window ends at or before this.
    pub end: Option<&'a str>,
    /// The IANA name of the time zone.
    pub timezone: &'a str,
    /// strftime format of a window's start.
    pub format: &'a str,
}

impl TimePartitions {
    /// Checks a definition: its zone, format, start and end.
    pub fn new(settings: TimeSettings<'_>) -> Result<Self, InvalidTimePartitions> {
        let timezone = Zone::get(settings.timezone)?;
        let format = Format::new(settings.format);
        let start = format.parse_setting(settings.start)?;
        let end = settings
            .end
            .map(|end| format.parse_setting(end))
            .transpose()?;
        if let Some(end) = end.filter(|end| *end < start) {
            return Err(InvalidTimePartitions::EndBeforeStart { start, end });
        }
        let origin = settings.cadence.first_tick_from(start);
        let partitions = Self {
            cadence: settings.cadence,
            origin,
            end,
            timezone,
            format,
        };
        partitions.check_format()?;
        Ok(partitions)
    }

    /// How long the windows are.
    #[must_use]
    pub fn cadence(&self) -> Cadence {
        self.cadence
    }

    /// The zone in which windows start.
    #[must_use]
    pub fn timezone(&self) -> &TimeZone {
        &self.timezone.zone
    }

    /// The strftime format of the keys.
    #[must_use]
    pub fn format(&self) -> &str {
        &self.format.text
    }

    /// How many windows exist at `now`: those that have ended, and end no later than the definition's end.
    #[must_use]
    pub fn len_at(&self, now: Timestamp) -> u32 {
        let limit = self.end.map_or(now, |end| now.min(self.instant(end)));
        u32::try_from(self.index_at(limit).max(0)).unwrap_or(u32::MAX)
    }

    /// The window of `index`, on the whole lattice.
    #[must_use]
    pub fn window(&self, index: i64) -> TimeWindow {
        TimeWindow {
            start: self.start_of(index),
            end: self.start_of(index + 1),
        }
    }

    /// The index of the window that holds `instant`, on the whole lattice.
    #[must_use]
    pub fn index_at(&self, instant: Timestamp) -> i64 {
        let date = self.timezone.zone.to_datetime(instant).date();
        let mut index = self.index_of_date(date);
        // At the end of time all windows start at once.
        while self.start_of(index + 1) <= instant && self.start_of(index) < instant {
            index += 1;
        }
        while self.start_of(index) > instant {
            index -= 1;
        }
        index
    }

    /// The windows that overlap `window`, on the whole lattice.
    #[must_use]
    pub fn overlapping(&self, window: TimeWindow) -> std::ops::Range<i64> {
        let begin = self.index_at(window.start);
        let last = self.index_at(window.end);
        let past = if self.window(last).start < window.end {
            last + 1
        } else {
            last
        };
        begin..past
    }

    /// About how long a window is, in seconds.
    #[must_use]
    pub fn typical_seconds(&self) -> i64 {
        match self.cadence {
            Cadence::Daily => 86_400,
            Cadence::Monthly => 30 * 86_400,
        }
    }

    /// The key of the window of `index`.
    #[must_use]
    pub fn key(&self, index: i64) -> String {
        self.format.print(self.date_of(index))
    }

    /// The window whose key is exactly `key`, whether it exists yet or not.
    #[must_use]
    pub fn index_of_key(&self, key: &str) -> Option<i64> {
        let date = self.format.parse(key)?.date();
        let index = self.index_of_date(date);
        (self.key(index) == key).then_some(index)
    }

    /// The index of the window that a time written by a person falls into.
    #[must_use]
    pub fn index_containing(&self, text: &str) -> Option<i64> {
        let datetime = self.format.parse_setting(text).ok()?;
        Some(self.index_of_date(datetime.date()))
    }

    fn start_of(&self, index: i64) -> Timestamp {
        let date = self.date_of(index);
        if self.timezone.is_utc() {
            const EPOCH: Date = Date::constant(1970, 1, 1);
            let days = (date - EPOCH).get_days();
            return Timestamp::from_second(i64::from(days) * 86_400).unwrap_or(if days < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            });
        }
        self.instant(date.to_datetime(jiff::civil::Time::midnight()))
    }

    fn instant(&self, local: DateTime) -> Timestamp {
        self.timezone
            .zone
            .to_ambiguous_timestamp(local)
            .compatible()
            .unwrap_or(if local.year() < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            })
    }

    fn date_of(&self, index: i64) -> Date {
        let span = match self.cadence {
            Cadence::Daily => Span::new().try_days(index),
            Cadence::Monthly => Span::new().try_months(index),
        };
        let far = if index < 0 { Date::MIN } else { Date::MAX };
        span.and_then(|span| self.origin.checked_add(span))
            .unwrap_or(far)
    }

    fn index_of_date(&self, date: Date) -> i64 {
        match self.cadence {
            Cadence::Daily => i64::from((date - self.origin).get_days()),
            Cadence::Monthly => {
                let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
                months(date) - months(self.origin)
            }
        }
    }

    /// Checks that keys lead back to their windows, on windows that differ in day, month and year.
    fn check_format(&self) -> Result<(), InvalidTimePartitions> {
        for index in [0, 1, 12, 31, 366] {
            let date = self.date_of(index);
            let key = self.format.try_print(date)?;
            if self.format.parse(&key).map(DateTime::date) != Some(date) {
                return Err(InvalidTimePartitions::TooCoarse {
                    format: self.format.text.clone(),
                    first: date,
                    key,
                });
            }
        }
        Ok(())
    }
}

impl Cadence {
    fn first_tick_from(self, start: DateTime) -> Date {
        let date = start.date();
        let midnight = start.time() == jiff::civil::Time::midnight();
        let tomorrow = || date.tomorrow().unwrap_or(Date::MAX);
        match self {
            Self::Daily if midnight => date,
            Self::Daily => tomorrow(),
            Self::Monthly if midnight && date.day() == 1 => date,
            Self::Monthly => date.last_of_month().tomorrow().unwrap_or(Date::MAX),
        }
    }

    /// The format of keys where none is declared.
    #[must_use]
    pub fn default_format(self) -> &'static str {
        "%Y-%m-%d"
    }
}

impl TimeWindow {
    /// The window's start or end in `timezone`, printed with a strftime `format`.
    #[must_use]
    pub fn print(instant: Timestamp, timezone: &TimeZone, format: &str) -> String {
        jiff::fmt::strtime::format(format, &instant.to_zoned(timezone.clone())).unwrap_or_default()
    }

    /// The window's length in the largest whole unit, for messages.
    #[must_use]
    pub fn days(&self) -> f64 {
        self.end
            .since(self.start)
            .and_then(|span| span.total(Unit::Hour))
            .map_or(0.0, |h| h / 24.0)
    }
}

/// A time zone that is serialized by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct Zone {
    zone: TimeZone,
}

impl Zone {
    fn get(name: &str) -> Result<Self, InvalidTimePartitions> {
        if name == "UTC" {
            return Ok(Self {
                zone: TimeZone::UTC,
            });
        }
        TimeZone::get(name)
            .map(|zone| Self { zone })
            .map_err(|_| InvalidTimePartitions::UnknownZone(name.to_owned()))
    }

    fn is_utc(&self) -> bool {
        self.zone == TimeZone::UTC
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.zone.iana_name().unwrap_or("UTC").to_owned()
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidTimePartitions;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::get(&name)
    }
}

/// A strftime format of dates, with the two usual ones printed by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Format {
    text: String,
}

impl Format {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
        }
    }

    fn print(&self, date: Date) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self.text.as_str() {
            "%Y-%m-%d" if year >= 0 => format!("{year:04}-{month:02}-{day:02}"),
            "%Y-%m" if year >= 0 => format!("{year:04}-{month:02}"),
            _ => self.try_print(date).unwrap_or_default(),
        }
    }

    fn try_print(&self, date: Date) -> Result<String, InvalidTimePartitions> {
        let zoned = date
            .to_datetime(jiff::civil::Time::midnight())
            .to_zoned(TimeZone::UTC);
        let printed = zoned.and_then(|zoned| jiff::fmt::strtime::format(&self.text, &zoned));
        printed.map_err(|error| InvalidTimePartitions::BadFormat {
            format: self.text.clone(),
            reason: error.to_string(),
        })
    }

    fn parse(&self, text: &str) -> Option<DateTime> {
        let mut parsed = BrokenDownTime::parse(&self.text, text).ok()?;
        if parsed.day().is_none() && parsed.day_of_year().is_none() {
            parsed.set_day(Some(1)).ok()?;
        }
        let date = parsed.to_date().ok()?;
        Some(date.to_datetime(parsed.to_time().unwrap_or(jiff::civil::Time::midnight())))
    }

    /// A time as a person writes it in a setting: in the format, or as a plain date, with a time or without.
    fn parse_setting(&self, text: &str) -> Result<DateTime, InvalidTimePartitions> {
        self.parse(text)
            .or_else(|| text.parse::<DateTime>().ok())
            .or_else(|| {
                text.parse::<Date>()
                    .ok()
                    .map(|date| date.to_datetime(jiff::civil::Time::midnight()))
            })
            .ok_or_else(|| InvalidTimePartitions::NotInFormat {
                text: text.to_owned(),
                format: self.text.clone(),
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Cadence, InvalidTimePartitions, TimePartitions, TimeSettings};

    fn definition(cadence: Cadence, start: &str, timezone: &str, format: &str) -> TimePartitions {
        TimePartitions::new(TimeSettings {
            cadence,
            start,
            end: None,
            timezone,
            format,
        })
        .expect("a valid definition")
    }

    #[test]
    fn windows_exist_once_they_have_ended() {
        let days = definition(Cadence::Daily, "2013-01-01", "UTC", "%Y-%m-%d");
        for (now, len) in [
            ("2012-06-01T00:00:00Z", 0),
            ("2013-01-01T23:59:59Z", 0),
            ("2013-01-02T00:00:00Z", 1),
            ("2014-01-01T00:00:00Z", 365),
            ("9999-12-30T22:00:00.999999999Z", 2_917_190),
        ] {
            assert_eq!(days.len_at(now.parse().expect("a timestamp")), len, "{now}");
        }
    }

    #[test]
    fn months_start_at_the_first_tick_after_the_start() {
        let months = definition(Cadence::Monthly, "2013-01-15", "UTC", "%Y-%m-%d");
        assert_eq!(months.key(0), "2013-02-01");
        assert_eq!(months.key(11), "2014-01-01");
    }

    #[test]
    fn formats_must_tell_windows_apart() {
        for (cadence, start, format) in [
            (Cadence::Daily, "2013-01-01", "%Y-%m"),
            (Cadence::Monthly, "2013-01-01", "%Y"),
            (Cadence::Daily, "2013-01-01", "%m-%d"),
        ] {
            let result = TimePartitions::new(TimeSettings {
                cadence,
                start,
                end: None,
                timezone: "UTC",
                format,
            });
            assert!(
                matches!(result, Err(InvalidTimePartitions::TooCoarse { .. })),
                "{cadence:?} {format}: {result:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn keys_instants_and_indexes_agree(
            index in -400i64..4000,
            cadence in prop_oneof![Just(Cadence::Daily), Just(Cadence::Monthly)],
            zone in prop_oneof![Just("UTC"), Just("America/New_York"), Just("America/Sao_Paulo"), Just("Asia/Kathmandu")],
        ) {
            let windows = definition(cadence, "2013-01-01", zone, "%Y-%m-%d");
            let window = windows.window(index);
            prop_assert!(window.start < window.end);
            prop_assert_eq!(windows.window(index + 1).start, window.end);
            prop_assert_eq!(windows.index_at(window.start), index);
            prop_assert_eq!(windows.index_at(window.end), index + 1);
            prop_assert_eq!(windows.index_of_key(&windows.key(index)), Some(index));
        }
    }
}
