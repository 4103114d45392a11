//! Formats of plain numbers and literal text, printed and read without a general formatter.
//!
//! Reading takes as many digits as printing gives, so that what reads as a time is how that time is printed.

use jiff::civil::{Date, DateTime, Time};

use crate::model::partition::time::zone::Written;

/// A format of which every part is plain and every number comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlainFormat {
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
    pub(super) fn new(text: &str) -> Option<Self> {
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
    pub(super) fn print(&self, local: DateTime) -> String {
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
    pub(super) fn parse(&self, text: &str) -> Option<Written> {
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
pub(super) fn push_offset(text: &mut String, offset: i64) {
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
