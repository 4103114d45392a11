//! A stretch of time.

use jiff::Timestamp;
use jiff::civil::DateTime;
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
    pub fn print(instant: Timestamp, timezone: &TimeZone, format: &str) -> String {
        let zoned = instant.to_zoned(timezone.clone());
        print_plain(format, zoned.datetime())
            .or_else(|| jiff::fmt::strtime::format(format, &zoned).ok())
            .unwrap_or_default()
    }

    /// Appends a start in `format`, whose parts are all in `key`, which has the same start in the format `of_key`: at a fraction of
    /// the cost of the calendar. Nothing is appended, and it is `false`, where that is not so.
    pub fn print_parts(format: &str, (of_key, key): (&str, &str), text: &mut String) -> bool {
        let before = text.len();
        let is_printed = push_parts(format, (of_key, key), text).is_some();
        if !is_printed {
            text.truncate(before);
        }
        is_printed
    }
}

/// Where the parts of a key of plain numbers begin, by their letters; a key of another length has more than those.
fn parts_of_key(of_key: &str, key: &str) -> Option<[Option<usize>; 6]> {
    let mut starts = [None; 6];
    let (mut at, mut characters) = (0, of_key.chars());
    while let Some(character) = characters.next() {
        if character != '%' {
            at += character.len_utf8();
            continue;
        }
        let letter = characters.next()?;
        if letter == '%' {
            at += 1;
            continue;
        }
        let part = PARTS.iter().position(|(known, _)| *known == letter)?;
        starts[part] = Some(at);
        at += PARTS[part].1;
    }
    (at == key.len()).then_some(starts)
}

/// The numbers of plain formats, and how many digits they have.
const PARTS: [(char, usize); 6] = [('Y', 4), ('m', 2), ('d', 2), ('H', 2), ('M', 2), ('S', 2)];

fn push_parts(format: &str, (of_key, key): (&str, &str), text: &mut String) -> Option<()> {
    let starts = parts_of_key(of_key, key)?;
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next()? {
            '%' => text.push('%'),
            letter => {
                let part = PARTS.iter().position(|(known, _)| *known == letter)?;
                let start = starts[part]?;
                text.push_str(key.get(start..start + PARTS[part].1)?);
            }
        }
    }
    Some(())
}

/// A local time in a format of plain numbers and literal text, as paths mostly have; `None` for any other.
fn print_plain(format: &str, local: DateTime) -> Option<String> {
    let year = u8::try_from(local.year() / 100).ok()?;
    let pair = |number: i8| {
        let number = number.unsigned_abs();
        [b'0' + number / 10, b'0' + number % 10].map(char::from)
    };
    let mut text = String::with_capacity(24);
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next()? {
            'Y' => {
                text.extend(pair(year.cast_signed()));
                text.extend(pair((local.year() % 100) as i8));
            }
            'm' => text.extend(pair(local.month())),
            'd' => text.extend(pair(local.day())),
            'H' => text.extend(pair(local.hour())),
            'M' => text.extend(pair(local.minute())),
            'S' => text.extend(pair(local.second())),
            '%' => text.push('%'),
            _ => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{TimeWindow, print_plain};

    #[test]
    fn plain_formats_are_printed_as_all_others() {
        for (second, formats) in [
            (0, ["%Y-%m-%d", "%H:%M:%S", "100%%/%Y", "%Y%m%d%H"]),
            (-62_135_596_800, ["%Y", "%Y/%m", "%d", "%S"]),
            (253_402_207_199, ["%Y-%m-%d-%H:%M", "x%Yy", "ä%m", ""]),
        ] {
            let instant = jiff::Timestamp::from_second(second).expect("an instant");
            let zoned = instant.to_zoned(TimeZone::UTC);
            for format in formats {
                let expected = jiff::fmt::strtime::format(format, &zoned).expect("a text");
                assert_eq!(print_plain(format, zoned.datetime()), Some(expected));
            }
            let named = TimeWindow::print(instant, &TimeZone::UTC, "%b");
            assert_eq!(named.len(), 3, "what is not plain is printed too");
        }
    }
}
