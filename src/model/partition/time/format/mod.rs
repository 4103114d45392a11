//! Keys as text: a window's start, printed with a strftime format and read back.
//!
//! Formats of plain numbers (`%Y %m %d %H %M %S`, `%F`, `%T` and literal text) are printed and read in `plain`, the rest by jiff.
//! Where clocks were set back and a time comes again, its offset from UTC is appended, unless the format shows it anyway.
//!
//! Formats of plain numbers and literal text, printed and read without a general formatter.
//!
//! Reading takes as many digits as printing gives, so that what reads as a time is how that time is printed.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::model::partition::time::lattice::{Showing, Tick};
use crate::model::partition::time::settings::InvalidTimePartitions;
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

/// A format of which every part is plain and every number comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PlainFormat {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(char),
}

impl PlainFormat {
    /// The parts of a strftime format, unless one of them is not plain.
    fn new(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' => push_directive(&mut parts, characters.next()?)?,
                literal => parts.push(Part::Literal(literal)),
            }
        }
        let mut numbers: Vec<&Part> = Vec::new();
        for part in parts
            .iter()
            .filter(|part| !matches!(part, Part::Literal(_)))
        {
            if numbers.contains(&part) {
                return None;
            }
            numbers.push(part);
        }
        // Without a year no key leads back.
        numbers.contains(&&Part::Year).then_some(Self { parts })
    }

    /// The text of a local time of the years 0 to 9999.
    fn print(&self, local: DateTime) -> String {
        let mut text = String::with_capacity(24);
        for part in &self.parts {
            match part {
                Part::Year => {
                    let year = local.year().unsigned_abs();
                    push_pair(&mut text, year / 100);
                    push_pair(&mut text, year % 100);
                }
                Part::Month => push_pair(&mut text, local.month().unsigned_abs().into()),
                Part::Day => push_pair(&mut text, local.day().unsigned_abs().into()),
                Part::Hour => push_pair(&mut text, local.hour().unsigned_abs().into()),
                Part::Minute => push_pair(&mut text, local.minute().unsigned_abs().into()),
                Part::Second => push_pair(&mut text, local.second().unsigned_abs().into()),
                Part::Literal(literal) => text.push(*literal),
            }
        }
        text
    }

    /// The time that a text gives; parts that the format lacks are the first possible. An offset may follow.
    fn parse(&self, text: &str) -> Option<Written> {
        let mut rest = text;
        let (mut year, mut month, mut day) = (0, 1, 1);
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        for part in &self.parts {
            match part {
                Part::Year => year = take_pair(&mut rest)? * 100 + take_pair(&mut rest)?,
                Part::Month => month = take_pair(&mut rest)?,
                Part::Day => day = take_pair(&mut rest)?,
                Part::Hour => hour = take_pair(&mut rest)?,
                Part::Minute => minute = take_pair(&mut rest)?,
                Part::Second => second = take_pair(&mut rest)?,
                Part::Literal(literal) => rest = rest.strip_prefix(*literal)?,
            }
        }
        let offset = if rest.is_empty() {
            None
        } else {
            Some(take_offset(rest)?)
        };
        // Two digits fit.
        let small = |number: i16| number as i8;
        let date = Date::new(year, small(month), small(day)).ok()?;
        let time = Time::new(small(hour), small(minute), small(second), 0).ok()?;
        Some(Written {
            local: date.to_datetime(time),
            offset,
        })
    }
}

/// Appends the parts of `%` and a character.
fn push_directive(parts: &mut Vec<Part>, directive: char) -> Option<()> {
    match directive {
        'Y' => parts.push(Part::Year),
        'm' => parts.push(Part::Month),
        'd' => parts.push(Part::Day),
        'H' => parts.push(Part::Hour),
        'M' => parts.push(Part::Minute),
        'S' => parts.push(Part::Second),
        '%' => parts.push(Part::Literal('%')),
        'F' => parts.extend([
            Part::Year,
            Part::Literal('-'),
            Part::Month,
            Part::Literal('-'),
            Part::Day,
        ]),
        'T' => parts.extend([
            Part::Hour,
            Part::Literal(':'),
            Part::Minute,
            Part::Literal(':'),
            Part::Second,
        ]),
        _ => return None,
    }
    Some(())
}

/// Appends an offset as `%z` does: `-0500`, with seconds if it has some.
fn push_offset(text: &mut String, offset: i64) {
    text.push(if offset < 0 { '-' } else { '+' });
    let seconds = offset.unsigned_abs();
    push_pair(text, (seconds / 3600) as u16);
    push_pair(text, (seconds / 60 % 60) as u16);
    if !seconds.is_multiple_of(60) {
        push_pair(text, (seconds % 60) as u16);
    }
}

/// Appends a number below 100 as two digits.
fn push_pair(text: &mut String, number: u16) {
    let digit = |number: u16| char::from(b'0' + (number % 10) as u8);
    text.push(digit(number / 10));
    text.push(digit(number));
}

fn take_pair(rest: &mut &str) -> Option<i16> {
    let (digits, after) = rest.split_at_checked(2)?;
    let &[tens, ones] = digits.as_bytes() else {
        return None;
    };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    *rest = after;
    Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
}

fn take_offset(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let hours = i64::from(take_pair(&mut rest)?);
    let minutes = i64::from(take_pair(&mut rest)?);
    let seconds = if rest.is_empty() {
        0
    } else {
        i64::from(take_pair(&mut rest)?)
    };
    rest.is_empty()
        .then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}
