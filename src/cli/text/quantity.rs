//! Numbers, durations and sizes.

use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bytes, count, elapsed, number, span};

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
}
