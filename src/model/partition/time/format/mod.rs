//! Keys as text: a window's start, printed with a strftime format and read back.
//!
//! Formats of plain numbers (`%Y %m %d %H %M %S`, `%F`, `%T` and literal text) are printed and read in `plain`, the rest by jiff.
//! Where clocks were set back and a time comes again, its offset from UTC is appended, unless the format shows it anyway.

mod plain;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::model::partition::time::error::InvalidTimePartitions;
use crate::model::partition::time::format::plain::{PlainFormat, push_offset};
use crate::model::partition::time::lattice::{Showing, Tick};
use crate::model::partition::time::zone::{Written, Zone, clamped};

/// A strftime format of window starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub(super) struct Format {
    text: String,
    /// The same, if it is plain.
    plain: Option<PlainFormat>,
}

/// Directives that tell the two occurrences of a repeated time apart.
const OFFSETS: [&str; 6] = ["%z", "%:z", "%::z", "%Q", "%:Q", "%s"];

impl Format {
    /// A format, unchecked: printing tells whether it is understood.
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            plain: PlainFormat::new(text),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a text, which reads as `written`, is the key of a window that starts at `tick`.
    pub(super) fn is_key(&self, text: &str, written: Written, tick: Tick, zone: &Zone) -> bool {
        // What is plain is read digit by digit: the same time can only have been the same text.
        let plain =
            self.plain.is_some() && written.offset.is_none() && tick.showing == Showing::First;
        (plain && written.local == tick.local()) || self.print(tick, zone) == text
    }

    /// The key of a window that starts at `tick`; empty if the format is not understood.
    pub(super) fn print(&self, tick: Tick, zone: &Zone) -> String {
        self.try_print(tick, zone).unwrap_or_default()
    }

    /// The key of a window that starts at `tick`.
    pub(super) fn try_print(
        &self,
        tick: Tick,
        zone: &Zone,
    ) -> Result<String, InvalidTimePartitions> {
        let local = tick.local();
        let mut key = match &self.plain {
            Some(plain) if local.year() >= 0 => plain.print(local),
            _ => {
                let zoned = clamped(tick.second).to_zoned(zone.timezone().clone());
                strtime::format(&self.text, &zoned).map_err(|error| {
                    InvalidTimePartitions::BadFormat {
                        format: self.text.clone(),
                        reason: error.to_string(),
                    }
                })?
            }
        };
        if tick.showing == Showing::Again && !self.shows_offset() {
            push_offset(&mut key, tick.offset);
        }
        Ok(key)
    }

    /// The time that a key of this format gives; parts that the format lacks are the first possible.
    pub(super) fn parse(&self, text: &str) -> Option<Written> {
        match &self.plain {
            Some(plain) => plain.parse(text),
            None => self.parse_any(text),
        }
    }

    /// A time as a person writes it: in the format, as an instant, or as a plain date, with a time or without.
    pub(super) fn parse_loosely(&self, text: &str) -> Option<Written> {
        let instant = || {
            let instant: Timestamp = text.parse().ok()?;
            let local = Offset::UTC.to_datetime(instant);
            Some(Written {
                local,
                offset: Some(0),
            })
        };
        let civil = || {
            let date = || Some(text.parse::<Date>().ok()?.to_datetime(Time::midnight()));
            let local = text.parse().ok().or_else(date)?;
            Some(Written {
                local,
                offset: None,
            })
        };
        self.parse(text)
            .or_else(|| self.parse_any(text))
            .or_else(instant)
            .or_else(civil)
    }

    fn parse_any(&self, text: &str) -> Option<Written> {
        let with_offset = || BrokenDownTime::parse(format!("{}%z", self.text), text);
        let mut parsed = BrokenDownTime::parse(&self.text, text)
            .or_else(|_| with_offset())
            .ok()?;
        if parsed.day().is_none() && parsed.day_of_year().is_none() && parsed.weekday().is_none() {
            parsed.set_day(Some(1)).ok()?;
            if parsed.month().is_none() {
                parsed.set_month(Some(1)).ok()?;
            }
        }
        let date = parsed.to_date().ok()?;
        Some(Written {
            local: date.to_datetime(parsed.to_time().unwrap_or(Time::midnight())),
            offset: parsed.offset().map(|offset| offset.seconds().into()),
        })
    }

    fn shows_offset(&self) -> bool {
        self.plain.is_none()
            && OFFSETS
                .iter()
                .any(|directive| self.text.contains(directive))
    }
}

impl From<String> for Format {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Format> for String {
    fn from(format: Format) -> Self {
        format.text
    }
}
