//! What is read, and what is needed and does not exist.

use std::sync::Arc;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::tests::{
    OVERLAP, definition, key, keys_of, multi, named, texts, window, windows,
};
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, MappingSide, PartitionMapping,
};
use crate::model::partition::named::{NamedKeys, TimeKeys};
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{Cadence, Exclusion, TimePartitions, TimeSettings};

#[test]
fn month_of_a_day_and_days_of_a_month() {
    let days = windows(Cadence::Daily, "2013-01-01", "2014-01-01");
    let months = windows(Cadence::Monthly, "2013-01-01", "2014-01-01");
    let month = OVERLAP.mapped(&days, &months, 31).existing;
    assert_eq!(texts(&months, &month), ["2013-02-01"]);
    let of_february = OVERLAP.mapped(&months, &days, 1).existing;
    assert_eq!((of_february.first(), of_february.len()), (Some(31), 28));
}

/// What a key reads and lacks: both as keys, of the latter the first two.
type Row<'a> = (
    PartitionMapping,
    &'a PartitionKeys,
    &'a PartitionKeys,
    &'a str,
    &'a str,
    &'a str,
);

fn check_rows(rows: &[Row<'_>]) {
    for (mapping, downstream, upstream, key, existing, nonexistent) in rows {
        let index = downstream.index_of(key).expect("a key");
        let mapped = mapping.mapped(downstream, upstream, index);
        let read = texts(upstream, &mapped.existing).join(" ");
        assert_eq!(read, *existing, "{mapping} of {key}");
        let absent = mapped.nonexistent.iter().map(PartitionKey::as_str);
        let absent: Vec<_> = absent.take(2).collect();
        assert_eq!(absent.join(" "), *nonexistent, "{mapping} of {key}");
    }
}

fn days(start: &str) -> PartitionKeys {
    windows(Cadence::Daily, start, "2024-02-01")
}

#[test]
fn what_an_offset_asks_for_is_clipped_and_the_own_window_is_not() {
    let (days, later) = (&days("2024-01-01"), &days("2024-01-03"));
    let newest = "2024-01-31";
    check_rows(&[
        (
            window(-6, 0),
            days,
            days,
            "2024-01-02",
            "2024-01-01 2024-01-02",
            "",
        ),
        (window(-6, 0), days, later, "2024-01-02", "", "2024-01-02"),
        (window(-6, -1), days, later, "2024-01-02", "", ""),
        (window(0, 1), days, days, newest, newest, ""),
        (window(1, 1), days, days, newest, "", ""),
    ]);
}

#[test]
fn a_window_that_does_not_exist_is_missing_at_both_ends() {
    let (days, end) = (&days("2024-01-01"), &days("2024-01-30"));
    let weeks = &windows(Cadence::Weekly, "2024-01-07", "2024-02-01");
    let months = &windows(Cadence::Monthly, "2024-01-01", "2024-03-15");
    let later = &windows(Cadence::Monthly, "2024-02-01", "2024-03-15");
    let first = "2024-01-01";
    let read = "2024-01-07 2024-01-14 2024-01-21";
    check_rows(&[
        (
            OVERLAP,
            months,
            end,
            first,
            "2024-01-30 2024-01-31",
            "2024-01-01 2024-01-02",
        ),
        (OVERLAP, days, later, "2024-01-31", "", first),
        (OVERLAP, days, later, first, "", first),
        (OVERLAP, days, weeks, first, "", "2023-12-31"),
        (OVERLAP, days, weeks, "2024-01-13", "2024-01-07", ""),
        (OVERLAP, days, weeks, "2024-01-29", "", "2024-01-28"),
        (OVERLAP, months, weeks, first, read, "2023-12-31 2024-01-28"),
    ]);
}

#[test]
fn excluded_windows_are_not_there_and_offsets_count_those_that_are() {
    let settings = TimeSettings {
        exclusions: &[Exclusion::Cron("0 0 * * 6,0")],
        end: Some("2024-02-01"),
        ..TimeSettings::new(Cadence::Daily, "2024-01-01")
    };
    let workdays = Arc::new(TimePartitions::new(settings).expect("a valid definition"));
    let workdays = &PartitionKeys::Time(TimeKeys::at(&workdays, jiff::Timestamp::MAX));
    let days = &days("2024-01-01");
    let (friday, saturday, monday) = ("2024-01-05", "2024-01-06", "2024-01-08");
    let weekend = "2024-01-05 2024-01-06 2024-01-07 2024-01-08";
    check_rows(&[
        (OVERLAP, days, workdays, saturday, "", ""),
        (window(-1, 0), days, workdays, saturday, friday, ""),
        (window(-1, -1), workdays, workdays, monday, friday, ""),
        (window(-1, 0), workdays, days, monday, weekend, ""),
        (window(-1, -1), workdays, days, monday, friday, ""),
    ]);
}

#[test]
fn a_window_without_its_file_is_missing() {
    let definition = definition(Cadence::Daily, "2013-01-01", "2013-02-01");
    let days = PartitionKeys::Time(TimeKeys::at(&definition, jiff::Timestamp::MAX));
    let there = PartitionKeys::Time(TimeKeys::only(&definition, [0, 2, 3].into_iter().collect()));
    let mapped = window(-1, 0).mapped(&days, &there, 1);
    assert_eq!(texts(&there, &mapped.existing), ["2013-01-01"]);
    assert_eq!(mapped.nonexistent, [key("2013-01-02")]);
    let mapped = window(-1, 0).mapped(&days, &there, 2);
    assert_eq!(texts(&there, &mapped.existing), ["2013-01-03"]);
    assert_eq!(
        mapped.nonexistent,
        [],
        "an offset asks for no more than there is"
    );
    let lacking = OVERLAP.lacking(&days, &there, 0..6);
    assert_eq!(lacking.iter().collect::<Vec<_>>(), [1, 4, 5]);
}

#[test]
fn keys_with_a_part_that_does_not_exist_are_named() {
    let days = windows(Cadence::Daily, "2013-01-01", "2013-01-04");
    let later = windows(Cadence::Daily, "2013-01-02", "2013-01-04");
    let colors = || named(&["red", "blue"]);
    let several = multi(vec![later, colors()]);
    let single = PartitionMapping::MultiToSingle {
        multi: MappingSide::Upstream,
        dimension: 0,
        through: Box::new(OVERLAP),
    };
    let absent = |mapped: Vec<PartitionKey>| -> Vec<String> {
        mapped.iter().map(ToString::to_string).collect()
    };
    let mapped = single.mapped(&days, &several, 0);
    assert_eq!(
        absent(mapped.nonexistent),
        ["2013-01-01|red", "2013-01-01|blue"]
    );
    let both = multi(vec![days, colors()]);
    let product = PartitionMapping::Multi(
        [
            DimensionMapping {
                upstream: 0,
                source: DimensionSource::From {
                    downstream: 0,
                    mapping: OVERLAP,
                },
            },
            DimensionMapping {
                upstream: 1,
                source: DimensionSource::Keys(keys_of(&["blue", "green"])),
            },
        ]
        .into(),
    );
    let mapped = product.mapped(&both, &several, 0);
    assert_eq!(
        absent(mapped.nonexistent),
        ["2013-01-01|blue", "2013-01-01|green"]
    );
    let mapped = product.mapped(&both, &several, 2);
    assert_eq!(texts(&several, &mapped.existing), ["2013-01-02|blue"]);
    assert_eq!(absent(mapped.nonexistent), ["2013-01-02|green"]);
}

#[test]
fn large_ranges_are_answered_as_ranges() {
    let days = windows(Cadence::Daily, "1000-01-01", "3700-01-01");
    let len = days.len();
    assert!(len > 980_000);
    let named: Vec<_> = (0..1000).map(|at| key(&format!("{at:04}"))).collect();
    let names = || PartitionKeys::Named(NamedKeys::declared(&named.clone().into()));
    let product = multi(vec![names(), names()]);
    let later = windows(Cadence::Daily, "1000-03-01", "3700-01-01");
    for (mapping, keys) in [
        (PartitionMapping::Identity, &days),
        (window(-6, 3), &days),
        (PartitionMapping::Identity, &product),
    ] {
        let all = mapping.upstream_of(keys, keys, keys.range());
        assert_eq!(all, PartitionSet::from_range(keys.range()), "{mapping}");
        let all = mapping.downstream_of(keys, keys, keys.range());
        assert_eq!(all, PartitionSet::from_range(keys.range()), "{mapping}");
        assert!(mapping.lacking(keys, keys, keys.range()).is_empty());
    }
    let lacking = PartitionMapping::Identity.lacking(&days, &later, days.range());
    assert_eq!(lacking, PartitionSet::from_range(0..59));
}
