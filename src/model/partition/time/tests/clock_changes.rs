//! Windows where clocks are set forward and back.

use crate::model::partition::time::TimeSettings;
use crate::model::partition::time::tests::{MINUTES, cron, days, hours, keys_at};

#[test]
fn clock_changes_move_skip_and_repeat_windows() {
    let zone = |timezone, settings| TimeSettings {
        timezone,
        ..settings
    };
    let minutes = |settings| TimeSettings {
        format: MINUTES,
        ..settings
    };
    let from = |hour, minute, settings| TimeSettings {
        hour_offset: Some(hour),
        minute_offset: Some(minute),
        ..settings
    };
    let new_york = |settings| zone("America/New_York", settings);
    for (settings, now, expected) in [
        // The hour that is skipped does not exist.
        (
            new_york(hours("2024-03-10-01:00")),
            "2024-03-10T08:00:00Z",
            "2024-03-10-01:00 06:00, 2024-03-10-03:00 07:00",
        ),
        // The hour that is repeated exists twice.
        (
            new_york(hours("2024-11-03-01:00")),
            "2024-11-03T08:00:00Z",
            "2024-11-03-01:00 05:00, 2024-11-03-01:00-0500 06:00, 2024-11-03-02:00 07:00",
        ),
        // A skipped time is the first instant after the gap; the keys are what the clock shows.
        (
            new_york(minutes(from(2, 30, days("2024-03-09")))),
            "2024-03-12T00:00:00Z",
            "2024-03-09-02:30 07:30, 2024-03-10-03:00 07:00",
        ),
        // Several skipped times are one.
        (
            new_york(minutes(cron("*/20 1,2,3 * * *", "2024-03-10-01:40"))),
            "2024-03-10T07:40:00Z",
            "2024-03-10-01:40 06:40, 2024-03-10-03:00 07:00, 2024-03-10-03:20 07:20",
        ),
        // A repeated time counts the second time, and its key is plain.
        (
            new_york(minutes(from(1, 30, days("2024-11-03")))),
            "2024-11-04T06:30:00Z",
            "2024-11-03-01:30 06:30",
        ),
        // A repeated midnight counts the first time.
        (
            zone("America/Havana", days("2024-11-03")),
            "2024-11-05T05:00:00Z",
            "2024-11-03 04:00, 2024-11-04 05:00",
        ),
        // A skipped midnight.
        (
            zone("America/Sao_Paulo", days("2018-11-03")),
            "2018-11-05T02:00:00Z",
            "2018-11-03 03:00, 2018-11-04 03:00",
        ),
        (
            zone("America/Sao_Paulo", from(0, 30, days("2018-11-03"))),
            "2018-11-05T02:30:00Z",
            "2018-11-03 03:30, 2018-11-04 03:00",
        ),
        // A day that never was.
        (
            zone("Pacific/Apia", days("2011-12-29")),
            "2012-01-01T10:00:00Z",
            "2011-12-29 10:00, 2011-12-31 10:00, 2012-01-01 10:00",
        ),
        // Clocks set back and forward by half an hour.
        (
            zone("Australia/Lord_Howe", hours("2024-04-07-01:00")),
            "2024-04-06T16:30:00Z",
            "2024-04-07-01:00 14:00, 2024-04-07-02:00 15:30",
        ),
        (
            zone(
                "Australia/Lord_Howe",
                minutes(cron("30 * * * *", "2024-04-07-01:00")),
            ),
            "2024-04-06T16:00:00Z",
            "2024-04-07-01:30 14:30, 2024-04-07-01:30+1030 15:00",
        ),
        (
            zone(
                "Australia/Lord_Howe",
                minutes(cron("0 2 * * *", "2024-10-06")),
            ),
            "2024-10-06T16:00:00Z",
            "2024-10-06-02:30 15:30",
        ),
        // A restriction on days does not hide the repeated hour.
        (
            zone(
                "Europe/Berlin",
                minutes(cron("0 * * * SUN", "2024-10-27-02:00")),
            ),
            "2024-10-27T02:00:00Z",
            "2024-10-27-02:00 00:00, 2024-10-27-02:00+0100 01:00",
        ),
    ] {
        assert_eq!(keys_at(settings, now), expected, "{settings:?}");
    }
}
