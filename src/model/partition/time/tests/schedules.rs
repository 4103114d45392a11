//! When schedules tick, and what their keys look like.

use crate::model::partition::time::tests::{cron, days, definition, hours};
use crate::model::partition::time::{Cadence, TimeSettings};

#[test]
fn schedules_tick_as_cron_says() {
    for (expression, start, count, expected) in [
        (
            "0 0 31 * *",
            "2024-01-01",
            4,
            "2024-01-31 2024-03-31 2024-05-31 2024-07-31",
        ),
        (
            "0 0 L * *",
            "2024-01-01",
            3,
            "2024-01-31 2024-02-29 2024-03-31",
        ),
        (
            "0 0 L,1 2,3 *",
            "2023-02-02",
            3,
            "2023-02-28 2023-03-01 2023-03-31",
        ),
        ("0 0 29 2 *", "1896-01-01", 2, "1896-02-29 1904-02-29"),
        (
            "0 0 13 * FRI",
            "2024-09-12",
            4,
            "2024-09-13 2024-09-20 2024-09-27 2024-10-04",
        ),
        (
            "0 0 * JAN-MAR/2 7",
            "2024-01-25",
            2,
            "2024-01-28 2024-03-03",
        ),
        (
            "0 0 * * 5-7",
            "2024-01-01",
            4,
            "2024-01-05 2024-01-06 2024-01-07 2024-01-12",
        ),
        (
            "0 0 * * sat-sun",
            "2024-01-01",
            3,
            "2024-01-06 2024-01-07 2024-01-13",
        ),
        (
            "0 0 */10 * *",
            "2024-01-01",
            5,
            "2024-01-01 2024-01-11 2024-01-21 2024-01-31 2024-02-01",
        ),
        (
            "0 0 20/10 * *",
            "2024-01-01",
            3,
            "2024-01-20 2024-01-30 2024-02-20",
        ),
        ("@weekly", "2024-01-01", 2, "2024-01-07 2024-01-14"),
        ("@monthly", "2024-01-02", 2, "2024-02-01 2024-03-01"),
        ("@yearly", "2024-01-02", 2, "2025-01-01 2026-01-01"),
        ("@midnight", "2024-01-01T00:01", 2, "2024-01-02 2024-01-03"),
        (
            "5 4-6/2 1 * *",
            "2024-01-01",
            3,
            "2024-01-01-04:05 2024-01-01-06:05 2024-02-01-04:05",
        ),
        (
            "@hourly",
            "9998-12-31T23:00",
            2,
            "9998-12-31-23:00 9999-01-01-00:00",
        ),
    ] {
        let definition = definition(cron(expression, start));
        let keys: Vec<String> = definition.keys(0..count).collect();
        assert_eq!(keys.join(" "), expected, "{expression}");
        assert_eq!(definition.equivalent_cron(), expression);
    }
}

#[test]
fn offsets_stand_for_a_cron_expression() {
    for (cadence, offsets, expected) in [
        (Cadence::Hourly, [Some(5), None, None], "5 * * * *"),
        (Cadence::Daily, [Some(59), Some(23), None], "59 23 * * *"),
        (Cadence::Weekly, [None, Some(5), Some(6)], "0 5 * * 6"),
        (Cadence::Weekly, [None, None, None], "0 0 * * 0"),
        (Cadence::Monthly, [None, None, None], "0 0 1 * *"),
        (Cadence::Monthly, [None, None, Some(31)], "0 0 31 * *"),
    ] {
        let [minute_offset, hour_offset, day_offset] = offsets;
        let settings = TimeSettings {
            minute_offset,
            hour_offset,
            day_offset,
            ..TimeSettings::new(cadence, "2024-01-01")
        };
        let definition = definition(settings);
        assert_eq!(definition.equivalent_cron(), expected);
        // A key lacks what is the same for all windows.
        assert_eq!(
            definition.index_of_key(&definition.key(7)),
            Some(7),
            "{expected}"
        );
    }
}

#[test]
fn formats_print_and_read_back() {
    let zone = |timezone, settings| TimeSettings {
        timezone,
        ..settings
    };
    for (format, settings, expected) in [
        ("%Y%m%d", days("20240101"), "20240103"),
        ("%d.%m.%Y", days("01.01.2024"), "03.01.2024"),
        ("%F", days("2024-01-01"), "2024-01-03"),
        ("%Y-%j", days("2024-01-01"), "2024-003"),
        (
            "week %F",
            TimeSettings::new(Cadence::Weekly, "2024-01-07"),
            "week 2024-01-21",
        ),
        (
            "%b %Y",
            TimeSettings::new(Cadence::Monthly, "2024-01-01"),
            "Mar 2024",
        ),
        ("%Y", cron("@yearly", "2024-01-01"), "2026"),
        (
            "%FT%T%z",
            zone("Europe/Berlin", hours("2024-10-27T01:00:00")),
            "2024-10-27T02:00:00+0100",
        ),
        ("%Y-%m-%d %I %p", hours("2024-01-01"), "2024-01-01 02 AM"),
    ] {
        let settings = TimeSettings {
            format: Some(format),
            ..settings
        };
        let definition = definition(settings);
        assert_eq!(definition.key(2), expected);
        assert_eq!(definition.index_of_key(expected), Some(2), "{format}");
        assert_eq!(definition.format(), format);
    }
}
