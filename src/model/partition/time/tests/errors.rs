//! What definitions are refused for.

use crate::model::partition::time::tests::{cron, days, hours};
use crate::model::partition::time::{
    Cadence, Exclusion, InvalidTimePartitions, TimePartitions, TimeSetting, TimeSettings,
};

const START: &str = "2013-01-01";

fn fault(settings: TimeSettings<'_>) -> Option<TimeSetting> {
    TimePartitions::new(settings)
        .err()
        .map(|error| error.setting())
}

#[test]
fn errors_know_the_setting_at_fault() {
    let days = days(START);
    let zone = |timezone| TimeSettings { timezone, ..days };
    let to = |end| TimeSettings {
        end: Some(end),
        ..days
    };
    let excluding = |exclusions| TimeSettings { exclusions, ..days };
    let all = [Exclusion::Cron("0 0 1 * *"), Exclusion::Cron("0 * * * *")];
    let bad = [Exclusion::Cron("0 0 1 * *"), Exclusion::Cron("0 25 * * *")];
    let without_cron = TimeSettings {
        cron: None,
        ..cron("", START)
    };
    let with_cron = TimeSettings {
        cron: Some("@daily"),
        ..days
    };
    for (settings, setting) in [
        (zone("Mars/Base"), TimeSetting::Timezone),
        (
            TimeSettings::new(Cadence::Daily, "soon"),
            TimeSetting::Start,
        ),
        (to("later"), TimeSetting::End),
        (to("2012-12-31"), TimeSetting::End),
        (without_cron, TimeSetting::Cron),
        (with_cron, TimeSetting::Cron),
        (cron("0 0 30 2 *", START), TimeSetting::Cron),
        (cron("0 0 0 * * *", START), TimeSetting::Cron),
        (excluding(&all), TimeSetting::Exclusions),
        (excluding(&bad), TimeSetting::Exclusion(1)),
    ] {
        assert_eq!(fault(settings), Some(setting), "{settings:?}");
    }
}

#[test]
fn formats_must_tell_windows_apart() {
    let months = TimeSettings::new(Cadence::Monthly, START);
    for (format, settings) in [
        ("%Y-%m-%d %J", days(START)),
        ("%Y-%m", days(START)),
        ("%m-%d", days(START)),
        ("", days(START)),
        ("%Y", months),
        ("%Y-%m-%d", hours(START)),
        ("%Y-%m-%d-%I", hours(START)),
        ("%Y-%m-%d", cron("0 0,12 1 1 *", START)),
        ("%Y-%m", cron("0 0 28,29 2 *", START)),
    ] {
        let settings = TimeSettings {
            format: Some(format),
            ..settings
        };
        assert_eq!(fault(settings), Some(TimeSetting::Format), "{settings:?}");
    }
}

#[test]
fn offsets_are_those_that_the_cadence_has() {
    for (cadence, [minute_offset, hour_offset, day_offset], setting) in [
        (
            Cadence::Hourly,
            [Some(60), None, None],
            TimeSetting::MinuteOffset,
        ),
        (
            Cadence::Hourly,
            [None, Some(0), None],
            TimeSetting::HourOffset,
        ),
        (
            Cadence::Daily,
            [None, Some(-1), None],
            TimeSetting::HourOffset,
        ),
        (
            Cadence::Daily,
            [None, Some(24), None],
            TimeSetting::HourOffset,
        ),
        (
            Cadence::Daily,
            [None, None, Some(1)],
            TimeSetting::DayOffset,
        ),
        (
            Cadence::Weekly,
            [None, None, Some(7)],
            TimeSetting::DayOffset,
        ),
        (
            Cadence::Monthly,
            [None, None, Some(0)],
            TimeSetting::DayOffset,
        ),
        (
            Cadence::Cron,
            [Some(0), None, None],
            TimeSetting::MinuteOffset,
        ),
    ] {
        let cron = (cadence == Cadence::Cron).then_some("@daily");
        let settings = TimeSettings {
            cron,
            minute_offset,
            hour_offset,
            day_offset,
            ..TimeSettings::new(cadence, START)
        };
        assert_eq!(fault(settings), Some(setting), "{settings:?}");
    }
}

#[test]
fn cron_expressions_say_what_is_wrong() {
    for (expression, expected) in [
        ("", "a cron expression has 5 fields, this has 0"),
        ("60 * * * *", "the minute `60` is not a number from 0 to 59"),
        ("* +1 * * *", "the hour `+1` is not a number from 0 to 23"),
        (
            "* * 0 * *",
            "the day of month `0` is not a number from 1 to 31",
        ),
        (
            "* * * FOO *",
            "the month `FOO` is not a number from 1 to 12",
        ),
        ("* * * * 8", "the weekday `8` is not a number from 0 to 7"),
        ("* * * * L", "the weekday `L` is not a number from 0 to 7"),
        (
            "*/0 * * * *",
            "the minute step `0` is not a number from 1 on",
        ),
        ("* 5-3 * * *", "the hour range `5-3` runs backwards"),
        ("1,,2 * * * *", "the minute `` is not a number from 0 to 59"),
        (
            "@soon",
            "`@soon` is not one of @hourly, @daily, @weekly, @monthly, @yearly",
        ),
    ] {
        let settings = TimeSettings {
            cron: Some(expression),
            ..cron("", "2024-01-01")
        };
        let Err(InvalidTimePartitions::BadCron { reason, .. }) = TimePartitions::new(settings)
        else {
            panic!("`{expression}` is accepted");
        };
        assert_eq!(reason, expected);
    }
}
