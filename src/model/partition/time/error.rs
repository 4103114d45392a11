//! Why a time definition cannot be.

use jiff::civil::DateTime;

use crate::model::partition::time::settings::Cadence;

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
