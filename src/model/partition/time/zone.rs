//! Time zones, and the instants at which their clocks are set forward or back.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

use crate::model::partition::time::settings::InvalidTimePartitions;

/// A time zone that is serialized by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Zone {
    zone: TimeZone,
}

/// An instant at which the clocks of a zone change. Offsets are seconds east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    /// The first second of the new offset.
    pub at: i64,
    /// The offset until then.
    pub before: i64,
    /// The offset from then on.
    pub after: i64,
}

/// What a schedule makes of a local time that clocks skip or repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// It ticks once for every time that its days and hours name. A skipped one ticks at the first instant after the
    /// gap; of a repeated one see [`Shift::repeats_later`].
    Nominal,
    /// It ticks whenever the clock shows a minute that it names: skipped times never, repeated ones twice.
    Real,
}

/// From here on every zone follows a rule, and 400 years are like the 400 before.
pub(super) const PERIOD_START: i64 = 4_102_444_800;
/// The seconds of the calendar's 400 years.
pub(super) const PERIOD: i64 = 146_097 * 86_400;

impl Zone {
    /// The zone of an IANA name.
    pub(super) fn get(name: &str) -> Result<Self, InvalidTimePartitions> {
        if name == "UTC" {
            let zone = TimeZone::UTC;
            return Ok(Self { zone });
        }
        TimeZone::get(name)
            .map(|zone| Self { zone })
            .map_err(|_| InvalidTimePartitions::UnknownZone(name.to_owned()))
    }

    pub(super) fn timezone(&self) -> &TimeZone {
        &self.zone
    }

    /// The offset before the first shift.
    pub(super) fn first_offset(&self) -> i64 {
        self.zone.to_offset(Timestamp::MIN).seconds().into()
    }

    /// The zone's shifts until the end of the first period, in order.
    pub(super) fn shifts(&self) -> Vec<Shift> {
        if self.zone == TimeZone::UTC {
            return Vec::new();
        }
        let mut before = self.first_offset();
        self.zone
            .following(Timestamp::MIN)
            .map(|transition| {
                let after = i64::from(transition.offset().seconds());
                let shift = Shift {
                    at: transition.timestamp().as_second(),
                    before,
                    after,
                };
                before = after;
                shift
            })
            .take_while(|shift| shift.at < PERIOD_START + PERIOD)
            .filter(|shift| shift.before != shift.after)
            .collect()
    }

    /// The second of a time as it is written, with its offset or without.
    pub(super) fn second_written(&self, written: Written, clock: Clock) -> i64 {
        match written.offset {
            Some(offset) => civil_second(written.local) - offset,
            None => self.second(written.local, clock),
        }
    }

    /// The second at which a schedule that counts by `clock` places a local time.
    pub(super) fn second(&self, local: DateTime, clock: Clock) -> i64 {
        let civil = civil_second(local);
        if self.zone == TimeZone::UTC {
            return civil;
        }
        match self.zone.to_ambiguous_zoned(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => civil - i64::from(offset.seconds()),
            AmbiguousOffset::Gap { before, .. } => {
                // The shift is the last one before the time that the old offset would give, or at it.
                let late = clamped(civil - i64::from(before.seconds()) + 1);
                let shift = self.zone.preceding(late).next();
                shift.map_or(late, |shift| shift.timestamp()).as_second()
            }
            AmbiguousOffset::Fold { before, after } => {
                let shift = || {
                    let early = clamped(civil - i64::from(before.seconds()));
                    let at = self.zone.following(early).next()?.timestamp().as_second();
                    let (before, after) = (before.seconds().into(), after.seconds().into());
                    Some(Shift { at, before, after })
                };
                let later = clock == Clock::Nominal && shift().is_some_and(Shift::repeats_later);
                let offset = if later { after } else { before };
                civil - i64::from(offset.seconds())
            }
        }
    }
}

impl Shift {
    /// Whether a time that a shift back repeats counts the second time: at night it does, at midnight the first counts,
    /// so that a day begins when its date does.
    pub(super) fn repeats_later(self) -> bool {
        let hour = (self.at + self.after).rem_euclid(86_400) / 3_600;
        (1..=3).contains(&hour)
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

/// A second as a timestamp, held between the first and the last one there is.
pub(super) fn clamped(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// Seconds from 1970-01-01 as a clock shows them, parts of a second dropped.
pub(super) fn civil_second(local: DateTime) -> i64 {
    let (year, month) = (i64::from(local.year()), i64::from(local.month()));
    // Years from March, so that the leap day is the last.
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(local.day()) - 1;
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
            - 719_468;
    let hours = days * 24 + i64::from(local.hour());
    (hours * 60 + i64::from(local.minute())) * 60 + i64::from(local.second())
}

/// A time as a text gives it: local, and where the text says so its offset from UTC in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub local: DateTime,
    pub offset: Option<i64>,
}
