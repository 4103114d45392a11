//! Moments.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment to the second, in UTC: `2013-07-05 12:00:00Z`.
pub fn clock(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%SZ")
        .to_string()
}

/// A moment as people tell it, against `now`: `12 min ago`; one that is longer ago than a month, or to come, by its date.
pub fn ago(now: Timestamp, time: Timestamp) -> String {
    let seconds = now.as_second() - time.as_second();
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        86_400..172_800 => "1 day ago".to_owned(),
        172_800..2_678_400 => format!("{} days ago", seconds / 86_400),
        _ => time
            .to_zoned(TimeZone::UTC)
            .strftime("%Y-%m-%d")
            .to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{ago, clock};

    #[test]
    fn moments() {
        let now: Timestamp = "2013-07-05T12:00:00Z".parse().expect("a time");
        for (time, text) in [
            ("2013-07-05T11:59:30Z", "just now"),
            ("2013-07-05T11:00:01Z", "59 min ago"),
            ("2013-07-05T10:00:00Z", "2 h ago"),
            ("2013-07-04T10:00:00Z", "1 day ago"),
            ("2013-06-20T10:00:00Z", "15 days ago"),
            ("2012-07-05T12:00:00Z", "2012-07-05"),
            ("2013-07-06T12:00:00Z", "2013-07-06"),
        ] {
            assert_eq!(ago(now, time.parse().expect("a time")), text);
        }
        assert_eq!(clock(now), "2013-07-05 12:00:00Z");
    }
}
