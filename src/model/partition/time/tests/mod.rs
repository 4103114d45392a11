//! What windows and keys are: cases whose answers were looked up, and the errors.

mod clock_changes;
mod errors;
mod properties;
mod schedules;

use jiff::Timestamp;

use super::{Cadence, Exclusion, TimePartitions, TimeSettings};

const MINUTES: Option<&str> = Some("%Y-%m-%d-%H:%M");

fn definition(settings: TimeSettings<'_>) -> TimePartitions {
    TimePartitions::new(settings).unwrap_or_else(|error| panic!("{settings:?}: {error}"))
}

fn cron(cron: &'static str, start: &'static str) -> TimeSettings<'static> {
    TimeSettings {
        cron: Some(cron),
        ..TimeSettings::new(Cadence::Cron, start)
    }
}

fn hours(start: &'static str) -> TimeSettings<'static> {
    TimeSettings::new(Cadence::Hourly, start)
}

fn days(start: &'static str) -> TimeSettings<'static> {
    TimeSettings::new(Cadence::Daily, start)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// The keys that exist at `now` with the hour and minute in UTC at which their windows start, in one line.
fn keys_at(settings: TimeSettings<'_>, now: &str) -> String {
    let definition = definition(settings);
    let keys = (0..definition.len_at(instant(now)).into()).map(|index| {
        let start = definition.window(index).start.to_string();
        format!("{} {}", definition.key(index), &start[11..16])
    });
    keys.collect::<Vec<_>>().join(", ")
}

#[test]
fn windows_exist_once_they_have_ended() {
    let to = |end, settings| TimeSettings {
        end: Some(end),
        ..settings
    };
    let offset = |end_offset, settings| TimeSettings {
        end_offset,
        ..settings
    };
    for (settings, now, len) in [
        (days("2013-01-01"), "2012-06-01T00:00:00Z", 0),
        (days("2013-01-01"), "2013-01-01T23:59:59.999999999Z", 0),
        (days("2013-01-01"), "2013-01-02T00:00:00Z", 1),
        (days("2013-01-01"), "2014-01-01T00:00:00Z", 365),
        (
            days("2013-01-01"),
            "9999-12-30T22:00:00.999999999Z",
            2_917_189,
        ),
        (days("1960-01-01"), "1969-12-31T23:59:59.5Z", 3652),
        (
            to("2013-01-04", days("2013-01-01")),
            "2014-01-01T00:00:00Z",
            3,
        ),
        (
            to("2013-01-04", days("2013-01-01")),
            "2013-01-02T00:00:00Z",
            1,
        ),
        (
            to("2013-01-01", days("2013-01-01")),
            "2014-01-01T00:00:00Z",
            0,
        ),
        (offset(1, days("2013-01-08")), "2013-01-08T12:00:00Z", 1),
        (offset(2, days("2013-01-08")), "2010-01-01T00:00:00Z", 2),
        (
            offset(2, to("2013-01-09", days("2013-01-08"))),
            "2013-01-08T12:00:00Z",
            1,
        ),
        (offset(-2, days("2013-01-01")), "2013-01-08T12:00:00Z", 5),
        (offset(-9, days("2013-01-01")), "2013-01-08T12:00:00Z", 0),
        // What has ended long ago is not dropped.
        (
            offset(-1, to("2013-01-04", days("2013-01-01"))),
            "2014-01-01T00:00:00Z",
            3,
        ),
        (hours("2024-01-01-00:00"), "2138-01-29T16:00:00Z", 1_000_000),
    ] {
        assert_eq!(
            definition(settings).len_at(instant(now)),
            len,
            "{settings:?} {now}"
        );
    }
}

#[test]
fn excluded_windows_vanish_and_neighbours_do_not_grow() {
    let weekends = [Exclusion::Cron("0 0 * * 6"), Exclusion::Cron("0 0 * * SUN")];
    let at = |text: &str| Exclusion::At(text.parse().expect("a local time"));
    let times = [
        at("2024-11-03T01:00"),
        at("2024-11-02T23:30"),
        at("2024-11-03T03:00"),
    ];
    let night = [
        Exclusion::Cron("0 1 * * *"),
        Exclusion::Cron("0 4-23 * * *"),
    ];
    let without = |exclusions, settings| TimeSettings {
        exclusions,
        ..settings
    };
    let new_york = |settings| TimeSettings {
        timezone: "America/New_York",
        ..settings
    };
    let work = without(&weekends, days("2024-01-04"));
    for (settings, now, expected) in [
        (
            work,
            "2024-01-09T00:00:00Z",
            "2024-01-04 00:00, 2024-01-05 00:00, 2024-01-08 00:00",
        ),
        // The last one has ended although the next has not begun.
        (
            work,
            "2024-01-06T00:00:00Z",
            "2024-01-04 00:00, 2024-01-05 00:00",
        ),
        (
            TimeSettings {
                end_offset: 1,
                ..work
            },
            "2024-01-06T12:00:00Z",
            "2024-01-04 00:00, 2024-01-05 00:00, 2024-01-08 00:00",
        ),
        // A local time names the window whose key is that time: the first of two.
        (
            new_york(without(&times, hours("2024-11-03-00:00"))),
            "2024-11-03T10:00:00Z",
            "2024-11-03-00:00 04:00, 2024-11-03-01:00-0500 06:00, 2024-11-03-02:00 07:00, 2024-11-03-04:00 09:00",
        ),
        // A cron expression that ticks once a day excludes one of two.
        (
            new_york(without(&night, hours("2024-11-02-23:00"))),
            "2024-11-03T10:00:00Z",
            "2024-11-03-00:00 04:00, 2024-11-03-01:00 05:00, 2024-11-03-02:00 07:00, 2024-11-03-03:00 08:00",
        ),
    ] {
        assert_eq!(keys_at(settings, now), expected, "{settings:?}");
    }
    let friday = definition(work).window(1);
    assert_eq!(friday.end, instant("2024-01-06T00:00:00Z"));
}

#[test]
fn times_lead_to_the_window_that_holds_them() {
    let weekends = [Exclusion::Cron("0 0 * * 6,0")];
    let work = TimeSettings {
        exclusions: &weekends,
        ..days("2024-01-04")
    };
    let new_york = TimeSettings {
        timezone: "America/New_York",
        ..hours("2024-11-03-00:00")
    };
    let five = TimeSettings {
        hour_offset: Some(5),
        ..days("2024-01-01")
    };
    for (settings, text, exact, containing) in [
        (days("2024-01-01"), "2024-01-05", Some(4), Some(4)),
        (days("2024-01-01"), "2024-1-5", None, Some(4)),
        (days("2024-01-01"), "2024-01-05T13:45", None, Some(4)),
        (days("2024-01-01"), "2024-01-05T23:45-05:00", None, Some(5)),
        (days("2024-01-01"), "2023-12-31", Some(-1), Some(-1)),
        (days("2024-01-01"), "2024-02-30", None, None),
        (days("2024-01-01"), "2024-01-05x", None, None),
        (days("2024-01-01"), "", None, None),
        (days("2024-01-01"), "２０２４-01-05", None, None),
        (work, "2024-01-08", Some(2), Some(2)),
        (work, "2024-01-06", None, None),
        (new_york, "2024-11-03-01:00", Some(1), Some(1)),
        (new_york, "2024-11-03-01:00-0500", Some(2), Some(2)),
        (new_york, "2024-11-03-01:00-0400", None, Some(1)),
        (new_york, "2024-11-03T07:30Z", None, Some(3)),
        (new_york, "2024-11-03", None, Some(0)),
        (five, "2024-01-02", Some(1), Some(1)),
        (five, "2024-01-02T04:59", None, Some(0)),
    ] {
        let definition = definition(settings);
        assert_eq!(definition.index_of_key(text), exact, "{settings:?} {text}");
        assert_eq!(
            definition.index_containing(text),
            containing,
            "{settings:?} {text}"
        );
    }
}

#[test]
fn windows_overlap_those_of_other_definitions() {
    let weekends = [Exclusion::Cron("0 0 * * 6,0")];
    let work = definition(TimeSettings {
        exclusions: &weekends,
        ..days("2024-01-04")
    });
    let hours = definition(hours("2024-01-04-00:00"));
    let weeks = definition(TimeSettings::new(Cadence::Weekly, "2024-01-01"));
    for (windows, other, index, expected) in [
        (&hours, &work, 0, 0..24),
        (&hours, &work, 2, 96..120),
        (&work, &hours, 23, 0..1),
        (&work, &hours, 24, 1..2),
        (&work, &hours, 48, 2..2),
        (&work, &weeks, 0, 2..7),
        (&weeks, &work, 2, 0..1),
    ] {
        assert_eq!(
            windows.overlapping(other.window(index)),
            expected,
            "{index}"
        );
    }
    assert!(hours.typical_seconds() < work.typical_seconds());
    assert!(work.typical_seconds() < weeks.typical_seconds());
}

#[test]
fn definitions_survive_being_written_down() {
    let exclusions = [
        Exclusion::Cron("0 3 * * *"),
        Exclusion::At("2024-01-02T05:00".parse().expect("a local time")),
    ];
    let settings = TimeSettings {
        timezone: "Europe/Berlin",
        end: Some("2024-12-31"),
        exclusions: &exclusions,
        ..hours("2024-01-01-00:00")
    };
    let written = definition(settings);
    let bytes = postcard::to_stdvec(&written).expect("it can be written");
    let read: TimePartitions = postcard::from_bytes(&bytes).expect("it can be read");
    assert_eq!(read, written);
    assert_eq!(read.key(5000), written.key(5000));
    assert_ne!(
        read,
        definition(TimeSettings {
            exclusions: &[],
            ..settings
        })
    );
}
