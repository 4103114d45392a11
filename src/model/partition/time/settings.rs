//! A time definition as it is written, and the cron expression it stands for.

use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// How often windows start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cadence {
    /// Every hour.
    Hourly,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month that has the day.
    Monthly,
    /// At the ticks of a cron expression.
    Cron,
}

/// A window that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion<'a> {
    /// Every window that starts at a tick of this cron expression.
    Cron(&'a str),
    /// The window that starts at this local time.
    At(DateTime),
}

/// A time definition as it is written: [`TimePartitions::new`](super::TimePartitions::new) checks it.
#[derive(Clone, Copy, Debug)]
pub struct TimeSettings<'a> {
    /// How often windows start.
    pub cadence: Cadence,
    /// The expression of [`Cadence::Cron`]: five fields or one of `@hourly @daily @weekly @monthly @yearly`.
    pub cron: Option<&'a str>,
    /// The first window starts at the first tick at or after this: written in `format`, or as a plain date or time.
    pub start: &'a str,
    /// The last window ends at or before this.
    pub end: Option<&'a str>,
    /// The IANA name of the time zone.
    pub timezone: &'a str,
    /// strftime format of a window's start. Without one it is `%Y-%m-%d`, and `%Y-%m-%d-%H:%M` for hours and for a cron
    /// expression that ticks at other times than midnight.
    pub format: Option<&'a str>,
    /// How many windows exist that have not ended yet, or, below 0, how many that have ended do not exist.
    pub end_offset: i32,
    /// Minutes past the hour at which windows start, 0 to 59.
    pub minute_offset: Option<i64>,
    /// The hour of the day at which windows start, 0 to 23; not for hours.
    pub hour_offset: Option<i64>,
    /// The day at which windows start: of the week, 0 to 6 from Sunday, or of the month, 1 to 31.
    pub day_offset: Option<i64>,
    /// Windows that are left out.
    pub exclusions: &'a [Exclusion<'a>],
}

impl<'a> TimeSettings<'a> {
    /// Windows from `start` on, in UTC, with nothing else set.
    pub fn new(cadence: Cadence, start: &'a str) -> Self {
        Self {
            cadence,
            cron: None,
            start,
            end: None,
            timezone: "UTC",
            format: None,
            end_offset: 0,
            minute_offset: None,
            hour_offset: None,
            day_offset: None,
            exclusions: &[],
        }
    }

    /// The cron expression that the cadence and its offsets stand for.
    pub(super) fn equivalent_cron(&self) -> Result<String, InvalidTimePartitions> {
        if self.cadence == Cadence::Cron {
            self.offset(TimeSetting::MinuteOffset, None)?;
            self.offset(TimeSetting::HourOffset, None)?;
            self.offset(TimeSetting::DayOffset, None)?;
            return self
                .cron
                .map(str::to_owned)
                .ok_or(InvalidTimePartitions::NoCron);
        }
        if self.cron.is_some() {
            return Err(self.not_for_cadence(TimeSetting::Cron, "cron"));
        }
        let minute = self.offset(TimeSetting::MinuteOffset, Some((0, 59)))?;
        let (hours, days) = match self.cadence {
            Cadence::Hourly | Cadence::Cron => (None, None),
            Cadence::Daily => (Some((0, 23)), None),
            Cadence::Weekly => (Some((0, 23)), Some((0, 6))),
            Cadence::Monthly => (Some((0, 23)), Some((1, 31))),
        };
        let hour = self.offset(TimeSetting::HourOffset, hours)?;
        let day = self.offset(TimeSetting::DayOffset, days)?;
        Ok(match self.cadence {
            Cadence::Hourly | Cadence::Cron => format!("{minute} * * * *"),
            Cadence::Daily => format!("{minute} {hour} * * *"),
            Cadence::Weekly => format!("{minute} {hour} * * {day}"),
            Cadence::Monthly => format!("{minute} {hour} {day} * *"),
        })
    }

    /// An offset, the first one allowed if it is not set.
    fn offset(
        &self,
        setting: TimeSetting,
        allowed: Option<(i64, i64)>,
    ) -> Result<i64, InvalidTimePartitions> {
        let (name, value) = match setting {
            TimeSetting::MinuteOffset => ("minute_offset", self.minute_offset),
            TimeSetting::HourOffset => ("hour_offset", self.hour_offset),
            _ => ("day_offset", self.day_offset),
        };
        match (allowed, value) {
            (None, None) => Ok(0),
            (None, Some(_)) => Err(self.not_for_cadence(setting, name)),
            (Some((first, _)), None) => Ok(first),
            (Some((first, last)), Some(value)) if (first..=last).contains(&value) => Ok(value),
            (Some((first, last)), Some(value)) => Err(InvalidTimePartitions::OffsetOutOfRange {
                setting,
                name,
                cadence: self.cadence,
                value,
                first,
                last,
            }),
        }
    }

    fn not_for_cadence(&self, setting: TimeSetting, name: &'static str) -> InvalidTimePartitions {
        InvalidTimePartitions::NotForCadence {
            setting,
            name,
            cadence: self.cadence,
        }
    }
}

impl Cadence {
    /// The cadence as it is written: the `type` of a definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Cron => "cron",
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A part of a time definition as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSetting {
    /// `cron`.
    Cron,
    /// `start`.
    Start,
    /// `end`.
    End,
    /// `timezone`.
    Timezone,
    /// `format`.
    Format,
    /// `minute_offset`.
    MinuteOffset,
    /// `hour_offset`.
    HourOffset,
    /// `day_offset`.
    DayOffset,
    /// `exclusions`, all of them together.
    Exclusions,
    /// The exclusion at this place, from 0.
    Exclusion(usize),
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
        /// Which text: `start` or `end`.
        setting: TimeSetting,
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
        /// A window's start, a date if it is midnight.
        first: String,
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
    /// A cron expression is not understood.
    #[error("`{cron}` is not a cron expression: {reason}")]
    BadCron {
        /// Which expression: `cron` or an exclusion.
        setting: TimeSetting,
        /// The expression.
        cron: String,
        /// Why.
        reason: String,
    },
    /// The schedule names days that no year has.
    #[error("`{cron}` never ticks: no year has such a day")]
    NeverTicks {
        /// The cron expression.
        cron: String,
    },
    /// The exclusions leave no window.
    #[error("the exclusions leave no window of `{cron}`")]
    AllExcluded {
        /// The schedule's cron expression.
        cron: String,
    },
    /// A cron cadence without its expression.
    #[error("a cron definition needs `cron`")]
    NoCron,
    /// A setting that the cadence does not have.
    #[error("a {cadence} definition has no `{name}`")]
    NotForCadence {
        /// Which setting.
        setting: TimeSetting,
        /// Its name.
        name: &'static str,
        /// The cadence.
        cadence: Cadence,
    },
    /// An offset beyond what the cadence allows.
    #[error("`{name}` is {value}, but a {cadence} definition takes {first} to {last}")]
    OffsetOutOfRange {
        /// Which offset.
        setting: TimeSetting,
        /// Its name.
        name: &'static str,
        /// The cadence.
        cadence: Cadence,
        /// What is written.
        value: i64,
        /// The smallest.
        first: i64,
        /// The greatest.
        last: i64,
    },
}

impl InvalidTimePartitions {
    /// The setting at fault.
    pub fn setting(&self) -> TimeSetting {
        match self {
            Self::UnknownZone(_) => TimeSetting::Timezone,
            Self::BadFormat { .. } | Self::TooCoarse { .. } => TimeSetting::Format,
            Self::EndBeforeStart { .. } => TimeSetting::End,
            Self::NeverTicks { .. } | Self::NoCron => TimeSetting::Cron,
            Self::AllExcluded { .. } => TimeSetting::Exclusions,
            Self::NotInFormat { setting, .. }
            | Self::BadCron { setting, .. }
            | Self::NotForCadence { setting, .. }
            | Self::OffsetOutOfRange { setting, .. } => *setting,
        }
    }
}
