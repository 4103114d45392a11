//! The order in which keys are shown, and keys as people write them.

use std::sync::Arc;

use proptest::prelude::*;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::{NamedKeys, TimeKeys};
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{Cadence, TimePartitions, TimeSettings};
use crate::testkit;

fn days() -> PartitionKeys {
    let definition = TimePartitions::new(TimeSettings {
        end: Some("2024-01-06"),
        ..TimeSettings::new(Cadence::Daily, "2024-01-01")
    });
    let definition = Arc::new(definition.expect("a valid definition"));
    PartitionKeys::Time(TimeKeys::at(&definition, jiff::Timestamp::MAX))
}

fn added(keys: &[&str]) -> PartitionKeys {
    let keys = keys.iter().map(|key| PartitionKey::parse(key));
    PartitionKeys::Named(NamedKeys::growing(
        keys.collect::<Result<_, _>>().expect("keys"),
    ))
}

fn product(dimensions: &[(&str, PartitionKeys)]) -> PartitionKeys {
    let named = dimensions.iter().map(|(name, keys)| {
        let name = testkit::name(name);
        (name, keys.clone())
    });
    PartitionKeys::Multi(MultiKeys::new(named.collect()).expect("few keys"))
}

fn texts(keys: &PartitionKeys, indexes: impl IntoIterator<Item = u32>) -> Vec<String> {
    let keys = indexes.into_iter().filter_map(|index| keys.key(index));
    keys.map(|key| key.to_string()).collect()
}

#[test]
fn sets_that_grow_are_shown_as_they_grew() {
    let names = added(&["eu", "us", "asia", "eu"]);
    assert_eq!(texts(&names, names.shown()), ["eu", "us", "asia"]);
    assert_eq!(texts(&names, names.newest(2).iter()), ["asia", "us"]);
    assert_eq!(
        texts(&names, names.shown_of(&names.newest(2))),
        ["us", "asia"]
    );
    let both = product(&[("date", days()), ("region", names)]);
    let shown = texts(&both, both.shown());
    assert_eq!(
        shown[..4],
        [
            "2024-01-01|eu",
            "2024-01-01|us",
            "2024-01-01|asia",
            "2024-01-02|eu"
        ]
    );
}

#[test]
fn a_range_is_inclusive_and_runs_as_shown() {
    let names = added(&["eu", "us", "asia"]);
    let both = product(&[("date", days()), ("region", names.clone())]);
    for (keys, first, last, expected) in [
        (&names, "us", "asia", Some("us asia")),
        (&names, "asia", "us", None),
        (&names, "eu", "eu", Some("eu")),
        (
            &both,
            "2024-01-02|us",
            "2024-01-03|asia",
            Some("2024-01-02|us 2024-01-02|asia 2024-01-03|us 2024-01-03|asia"),
        ),
        (&both, "2024-01-02|asia", "2024-01-03|us", None),
        (
            &days(),
            "2024-01-02",
            "2024-01-03",
            Some("2024-01-02 2024-01-03"),
        ),
    ] {
        let index = |key| keys.index_of(key).expect("a key");
        let range = keys.range_between(index(first), index(last));
        let shown = range.map(|set| texts(keys, keys.shown_of(&set)).join(" "));
        assert_eq!(shown.as_deref(), expected, "{first}...{last}");
    }
}

#[test]
fn keys_of_several_dimensions_are_found_by_their_parts() {
    let both = product(&[
        ("date", days()),
        ("region", added(&["eu", "a,b", "x=\"y\\"])),
    ]);
    for (written, found) in [
        ("2024-01-02|eu", Some("2024-01-02|eu")),
        ("date=2024-01-02,region=eu", Some("2024-01-02|eu")),
        ("region=eu, date=2024-01-02", Some("2024-01-02|eu")),
        ("region=\"eu\",date=\"2024-01-02\"", Some("2024-01-02|eu")),
        ("date=2024-01-02,region=\"a,b\"", Some("2024-01-02|a,b")),
        (
            r#"region="x=\"y\\",date=2024-01-02"#,
            Some("2024-01-02|x=\"y\\"),
        ),
        ("date=2024-01-02,region=a,b", None),
        ("date=2024-01-02", None),
        ("date=2024-01-02,date=2024-01-02", None),
        ("date=2024-01-02,region=eu,", None),
        ("date=2024-01-02,region=\"eu", None),
        ("date=2024-01-02,region=\"eu\"x", None),
        ("date=2024-01-09,region=eu", None),
    ] {
        let index = both.find(written);
        let key = index.and_then(|index| both.key(index));
        assert_eq!(key.as_ref().map(PartitionKey::as_str), found, "{written}");
    }
}

#[test]
fn nearest_keys_are_near_in_each_part() {
    let names = added(&["europe", "africa"]);
    let both = product(&[("date", days()), ("region", names)]);
    for (text, near) in [
        ("2024-01-02|europa", "2024-01-02|europe"),
        ("2025-01-02|europe", "2024-01-05|europe"),
        ("date=2024-01-02,region=afrika", "2024-01-02|africa"),
        ("2024-01-02", ""),
        ("2024-01-02|nowhere at all", ""),
    ] {
        let keys: Vec<_> = both.nearest(text).iter().map(ToString::to_string).collect();
        assert_eq!(keys.join(" "), near, "{text}");
    }
}

proptest! {
    #[test]
    fn every_way_to_name_a_key_leads_back(
        regions in proptest::collection::btree_set("[a-c,=\"\\\\]{1,3}", 1..5).prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let regions: Vec<&str> = regions.iter().map(String::as_str).collect();
        let both = product(&[("date", days()), ("region", added(&regions)), ("size", added(&["s", "m"]))]);
        let all = PartitionSet::from_range(both.range());
        let keys: Vec<_> = both.keys_in(&all).collect();
        let slots: Vec<_> = both.slots_in(&all).collect();
        for index in both.range() {
            let at = index as usize;
            prop_assert_eq!(both.index_of(keys[at].as_str()), Some(index));
            prop_assert_eq!(both.index_of_slot(&slots[at]), Some(index));
            prop_assert_eq!(both.place_of(both.shown_at(index)), index);
            let parts: Vec<&str> = keys[at].as_str().split('|').collect();
            let quoted = parts[1].replace('\\', r"\\").replace('"', "\\\"");
            let written = format!("size={},date={},region=\"{quoted}\"", parts[2], parts[0]);
            prop_assert_eq!(both.find(&written), Some(index), "{}", written);
        }
        let mut shown: Vec<_> = both.shown().collect();
        shown.sort_unstable();
        prop_assert!(shown.into_iter().eq(both.range()));
    }
}
