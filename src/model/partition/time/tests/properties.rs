//! Windows against an enumeration of every local minute.

use std::collections::BTreeSet;

use jiff::civil::{DateTime, date, time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use crate::model::partition::time::cron::{CalendarDay, Cron};
use crate::model::partition::time::zone::Clock;
use crate::model::partition::time::{Cadence, Exclusion, TimePartitions, TimeSettings, TimeWindow};

const ZONES: [&str; 12] = [
    "UTC",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Antarctica/Troll",
];

const CRONS: [&str; 20] = [
    "0 * * * *",
    "*/15 * * * *",
    "7,52 * * * SUN",
    "0 * 1-8 * *",
    "0 0 * * *",
    "30 0 * * *",
    "30 1 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "30 23 * * *",
    "*/20 0-5 * * *",
    "0 */6 * * *",
    "0 1-4 * * 6,0",
    "15 2 * * SUN",
    "0 0 1 * *",
    "0 0 L * *",
    "0 0 */2 * *",
    "0 0 13 * 5",
    "45 22 28-31 3,10 *",
    "0 0 29 2 *",
];

const EXCLUSIONS: [&str; 8] = [
    "0 0 * * 6,0",
    "0 1 * * *",
    "0 2 * * *",
    "30 1-2 * * *",
    "0 * * * 0",
    "15,30 * * * *",
    "0 3 1-15 * *",
    "0 0 1 1 *",
];

/// Whether a cron expression holds for what a clock shows.
fn holds(cron: &Cron, local: DateTime) -> bool {
    let day = CalendarDay {
        month: local.month().cast_unsigned(),
        day: local.day().cast_unsigned(),
        days_in_month: local.days_in_month().cast_unsigned(),
        weekday: local.weekday().to_sunday_zero_offset().cast_unsigned(),
    };
    let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
    local.second() == 0 && cron.ticks_on(day) && cron.ticks_at(minute.cast_unsigned())
}

/// Every tick in some days around noon of a date, found by looking at each minute.
fn naive_ticks(cron: &Cron, zone: &TimeZone, around: DateTime) -> BTreeSet<i64> {
    let minutes = -3 * 1440..3 * 1440;
    let mut ticks = BTreeSet::new();
    for minute in minutes {
        let local = around + SignedDuration::from_mins(minute);
        match cron.clock() {
            Clock::Real => {
                let instant = TimeZone::UTC.to_timestamp(local).expect("a timestamp");
                if holds(cron, zone.to_datetime(instant)) {
                    ticks.insert(instant.as_second());
                }
            }
            Clock::Nominal if holds(cron, local) => {
                ticks.insert(naive_instant(zone, local).as_second());
            }
            Clock::Nominal => {}
        }
    }
    ticks
}

fn naive_instant(zone: &TimeZone, local: DateTime) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => ambiguous.compatible().expect("a timestamp"),
        AmbiguousOffset::Gap { .. } => {
            let after = ambiguous.compatible().expect("a timestamp") + SignedDuration::from_secs(1);
            zone.preceding(after)
                .next()
                .expect("a shift forward")
                .timestamp()
        }
        AmbiguousOffset::Fold { .. } => {
            let first = ambiguous.earlier().expect("a timestamp");
            let transition = zone.following(first).next().expect("a shift back");
            match zone.to_datetime(transition.timestamp()).hour() {
                1..=3 => ambiguous.later().expect("a timestamp"),
                _ => first,
            }
        }
    }
}

/// Noons around which clocks change, and others.
fn noons() -> impl Strategy<Value = DateTime> {
    let changes = prop_oneof![
        Just(date(2024, 3, 10)),
        Just(date(2024, 11, 3)),
        Just(date(2024, 3, 31)),
        Just(date(2024, 10, 27)),
        Just(date(2024, 4, 7)),
        Just(date(2024, 10, 6)),
        Just(date(2018, 11, 4)),
        Just(date(2018, 2, 18)),
        Just(date(2011, 12, 30)),
        Just(date(2009, 11, 1)),
        Just(date(2009, 3, 8)),
        Just(date(2020, 2, 29)),
    ];
    let any = (1950i16..2600, 0i32..366).prop_map(|(year, day)| date(year, 1, 1) + day.days());
    prop_oneof![3 => changes, 1 => any].prop_map(|date| date.to_datetime(time(12, 0, 0, 0)))
}

fn settings(zone: &'static str, cron: &'static str) -> TimeSettings<'static> {
    TimeSettings {
        cron: Some(cron),
        timezone: zone,
        format: Some("%Y-%m-%d-%H:%M"),
        ..TimeSettings::new(Cadence::Cron, "2000-01-01")
    }
}

fn definition(settings: TimeSettings<'_>) -> TimePartitions {
    TimePartitions::new(settings).expect("a valid definition")
}

proptest! {
    // An enumeration takes its time.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn windows_are_those_that_an_enumeration_finds(
        zone in prop::sample::select(&ZONES[..]),
        cron in prop::sample::select(&CRONS[..]),
        excluded in prop::sample::subsequence(&EXCLUSIONS[..], 0..=3),
        dates in prop::collection::vec((-40i64..40, 0i64..4), 0..4),
        noon in noons(),
        now in -1440i64..1440,
        end_offset in -3i32..4,
    ) {
        let quarter = |(hours, quarters): (i64, i64)| noon + SignedDuration::from_mins(hours * 60 + quarters * 15);
        let dates: Vec<DateTime> = dates.into_iter().map(quarter).collect();
        let exclusions: Vec<Exclusion<'_>> = excluded.iter().map(|cron| Exclusion::Cron(cron))
            .chain(dates.iter().map(|date| Exclusion::At(*date))).collect();
        let start = (noon - 2.days()).to_string();
        let Ok(windows) = TimePartitions::new(TimeSettings {
            exclusions: &exclusions,
            start: &start,
            end_offset,
            ..settings(zone, cron)
        }) else {
            prop_assume!(false);
            unreachable!()
        };
        let zone = windows.timezone().clone();
        let parse = |text: &str| Cron::parse(text).expect("an expression");
        let schedule = parse(cron);
        let every = naive_ticks(&schedule, &zone, noon);
        let mut kept = every.clone();
        for exclusion in &excluded {
            let ticks = naive_ticks(&parse(exclusion), &zone, noon);
            kept.retain(|tick| !ticks.contains(tick));
        }
        for date in &dates {
            let ambiguous = zone.to_ambiguous_timestamp(*date);
            let instant = match (schedule.clock(), ambiguous.offset()) {
                (Clock::Real, AmbiguousOffset::Fold { .. }) => ambiguous.earlier().expect("a timestamp"),
                _ => naive_instant(&zone, *date),
            };
            kept.remove(&instant.as_second());
        }
        // Within a day of noon the enumeration has no edges.
        let center = naive_instant(&zone, noon).as_second();
        let (from, to) = (center - 86_400, center + 86_400);
        let expected: Vec<i64> = kept.range(from..to).copied().collect();
        let timestamp = |second| Timestamp::from_second(second).expect("a timestamp");
        let first = windows.index_at(timestamp(from - 1)) + 1;
        let last = windows.index_at(timestamp(to - 1)) + 1;
        let starts: Vec<i64> = windows.starts(first..last).map(Timestamp::as_second).collect();
        prop_assert_eq!(&starts, &expected);
        let keys: Vec<String> = windows.keys(first..last).collect();
        prop_assert_eq!(keys.len(), starts.len());
        for (index, (key, start)) in (first..).zip(keys.iter().zip(&starts)) {
            let window = windows.window(index);
            prop_assert_eq!(window.start.as_second(), *start);
            let end = window.end.as_second();
            prop_assert!(every.range(window.start.as_second() + 1..).next().is_none_or(|next| *next == end));
            prop_assert_eq!(&windows.key(index), key);
            prop_assert_eq!(windows.index_of_key(key), Some(index));
            prop_assert_eq!(windows.index_containing(&window.start.to_string()), Some(index));
        }
        // Counting: the definition starts two days before noon.
        let now = center + now * 60;
        let start = windows.window(0).start.as_second();
        prop_assert!(start >= naive_instant(&zone, noon - 2.days()).as_second());
        let mut len = 0;
        while windows.window(len).end.as_second() <= now {
            len += 1;
        }
        prop_assert_eq!(i64::from(windows.len_at(timestamp(now))), (len + i64::from(end_offset)).max(0));
    }

}

proptest! {
    #[test]
    fn windows_tile_time_and_lead_back(
        zone in prop::sample::select(&ZONES[..]),
        cron in prop::sample::select(&CRONS[..]),
        second in -60_000_000_000i64..200_000_000_000,
    ) {
        let windows = definition(settings(zone, cron));
        let instant = Timestamp::from_second(second).expect("a timestamp");
        let index = windows.index_at(instant);
        let TimeWindow { start, end } = windows.window(index);
        prop_assert!(start <= instant && instant < end, "{start} {instant} {end}");
        prop_assert_eq!(windows.window(index + 1).start, end);
        prop_assert_eq!(windows.index_at(end), index + 1);
        prop_assert_eq!(windows.index_at(start), index);
        prop_assert_eq!(windows.overlapping(TimeWindow { start, end }), index..index + 1);
        prop_assert_eq!(windows.index_of_key(&windows.key(index)), Some(index));
        let starts: Vec<Timestamp> = windows.starts(index - 50..index + 50).collect();
        prop_assert!(starts.is_sorted_by(|one, two| one < two));
        prop_assert_eq!(starts[50], start);
    }

    #[test]
    fn any_text_and_index_is_answered(text in "\\PC{0,24}", index: i64, second in -377_000_000_000i64..253_000_000_000) {
        let _ = Cron::parse(&text);
        let windows = definition(settings("America/New_York", "0 2 * * *"));
        let _ = (windows.index_of_key(&text), windows.index_containing(&text), windows.key(index));
        let TimeWindow { start, end } = windows.window(index);
        prop_assert!(start <= end);
        let _ = windows.len_at(Timestamp::from_second(second).expect("a timestamp"));
    }
}
