//! Durations: a number, possibly with a fraction, and one of `ms s m h d`.

use std::time::Duration;

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::Table;

/// The duration `key`, if it is there and is one.
pub(super) fn read(table: &Table<'_>, key: &str, problems: &mut Problems) -> Option<Duration> {
    let value = table.get(key)?;
    let Some(text) = value.as_text() else {
        value.wrong_type("a duration, as `\"30m\"` or `\"1.5h\"`", problems);
        return None;
    };
    let duration = parse(text.value);
    if duration.is_none() {
        value.invalid(
            format!("`{}` is not a duration", text.value),
            "write a number above 0 and one of `ms`, `s`, `m`, `h`, `d`, as `30m` or `1.5h`",
            problems,
        );
    }
    duration
}

fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number = number.trim_end();
    let plain = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| plain)?;
    let duration = Duration::try_from_secs_f64(number * seconds).ok()?;
    (!duration.is_zero()).then_some(duration)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("30m", Some(1_800_000)),
            ("1.5h", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2 d", Some(172_800_000)),
            ("30", None),
            ("m", None),
            ("-1s", None),
            ("1e3s", None),
            ("0s", None),
            ("5 minutes", None),
        ] {
            assert_eq!(
                parse(text),
                milliseconds.map(Duration::from_millis),
                "{text}"
            );
        }
    }
}
