//! Bulk reading gives what point reading gives, whatever is asked for.

use proptest::prelude::{ProptestConfig, proptest};
use proptest::prop_assert_eq;

use crate::model::{
    AssetKey, CurrentRef, LastAttempt, MultiKeys, NamedKeys, PartitionKey, PartitionKeys,
    PartitionSet, TimeKeys,
};
use crate::store::current::WALK;
use crate::store::scan::ALL_NAMES;
use crate::store::tests::samples::{asset, begin, days, failure, names, run_id, success};
use crate::store::{AssetPartition, Lease, Store, Wanted};
use crate::testkit;

/// Every third day and the days of a stretch.
fn some_days(len: u32) -> PartitionKeys {
    let PartitionKeys::Time(keys) = days(len.into()) else {
        panic!("days are windows");
    };
    let there = (0..len).filter(|day| day % 3 == 0 || (30..60).contains(day));
    PartitionKeys::Time(TimeKeys::only(keys.definition(), there.collect()))
}

fn many_names(len: u32) -> PartitionKeys {
    let name = |number: u32| PartitionKey::parse(&format!("n{}", number * 7 % len));
    let keys = (0..len).map(|number| name(number).expect("a valid key"));
    PartitionKeys::Named(NamedKeys::growing(keys.collect()))
}

fn regions_of_days(len: i64) -> PartitionKeys {
    let name = |text| testkit::name(text);
    let dimensions = vec![
        (name("day"), days(len)),
        (name("region"), names(&["us", "eu"])),
    ];
    PartitionKeys::Multi(MultiKeys::new(dimensions).expect("few keys"))
}

/// Assets of all kinds, with something stored for about half of their partitions.
fn filled() -> (Store, Vec<(AssetKey, PartitionKeys)>) {
    let kinds = [
        PartitionKeys::Unpartitioned,
        days(120),
        names(&["eu", "us", "asia", "x", "y"]),
        some_days(120),
        many_names(200),
        regions_of_days(40),
        days(40),
    ];
    let assets: Vec<_> = (0..28)
        .map(|number| {
            (
                asset(&format!("a{number}")),
                kinds[number % kinds.len()].clone(),
            )
        })
        .collect();
    let mut store = Store::ephemeral().expect("memory");
    let _begun = begin(&mut store, run_id(1));
    let mut batch = Vec::new();
    for (position, (key, keys)) in assets.iter().enumerate() {
        // More keys are stored than exist later, and some assets have none.
        let stored = match keys {
            PartitionKeys::Time(_) => days(130),
            PartitionKeys::Named(keys) if keys.len() > 100 => many_names(230),
            other => other.clone(),
        };
        for index in stored
            .range()
            .filter(|index| position % 5 != 4 && index % 7 < 4)
        {
            let at = AssetPartition::at(key, &stored, index);
            let seed = (position as u64) << 20 | u64::from(index);
            batch.push(success(run_id(1), &at, seed));
            if index % 7 == 2 {
                batch.push(failure(run_id(1), &at));
            }
        }
    }
    store.record(&batch).expect("recorded");
    (store, assets)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn agrees_with_points(
        picks in proptest::collection::btree_map(0..29_usize, proptest::collection::vec((0..200_u32, 1..90_u32), 0..3), 0..29),
    ) {
        let (mut store, assets) = filled();
        let _begun = begin(&mut store, run_id(2));
        let unknown = (asset("unknown"), days(3));
        let picked: Vec<_> = picks
            .iter()
            .map(|(position, ranges)| {
                let (key, keys) = assets.get(*position).unwrap_or(&unknown);
                let ranges = ranges.iter().map(|(start, len)| *start.min(&keys.len())..(start + len).min(keys.len()));
                (key, keys, PartitionSet::from_ranges(ranges))
            })
            .collect();
        // Cells that nothing is wanted in stand before each.
        let mut cells = 0;
        let mut wanted = Vec::new();
        for (asset, keys, set) in &picked {
            wanted.push(Wanted { asset, keys, set, first: cells + 1 });
            cells += 1 + set.len() as usize;
        }
        let currents = store.currents(&wanted, cells).expect("readable");
        let owned: Vec<_> = currents.iter().map(|it| it.map(CurrentRef::to_owned)).collect();
        for each in &wanted {
            prop_assert_eq!(&owned[each.first - 1], &None);
            let points: Vec<_> = each
                .set
                .iter()
                .map(|index| {
                    let at = AssetPartition::at(each.asset, each.keys, index);
                    let leases = store.lease(run_id(2), &[at], jiff::Timestamp::UNIX_EPOCH).expect("leased");
                    match leases.leases.into_iter().next() {
                        Some(Lease::Leased { current }) => current,
                        other => panic!("{other:?}"),
                    }
                })
                .collect();
            let end = each.first + each.set.len() as usize;
            prop_assert_eq!(&owned[each.first..end], points);
        }
    }
}

#[test]
fn a_hundred_thousand_rows() {
    let keys = days(1000);
    let mut store = Store::ephemeral().expect("memory");
    let _begun = begin(&mut store, run_id(1));
    let assets: Vec<_> = (0..100)
        .map(|number| asset(&format!("a{number}")))
        .collect();
    for (number, key) in assets.iter().enumerate() {
        let batch: Vec<_> = keys
            .range()
            .map(|index| {
                let at = AssetPartition::at(key, &keys, index);
                success(run_id(1), &at, number as u64 * 1000 + u64::from(index))
            })
            .collect();
        store.record(&batch).expect("recorded");
    }
    let set = PartitionSet::from_range(keys.range());
    let wanted: Vec<_> = assets
        .iter()
        .zip((0..).step_by(1000))
        .map(|(asset, first)| Wanted {
            asset,
            keys: &keys,
            set: &set,
            first,
        })
        .collect();
    let rows = store.currents(&wanted, 100_000).expect("readable");
    assert_eq!(rows.len(), 100_000);
    for (seed, row) in rows.iter().enumerate() {
        let current = row.expect("stored");
        let materialized = current.materialized.expect("materialized");
        assert_eq!(materialized.duration_ms, seed as u64);
        assert_eq!(current.attempt, LastAttempt::Succeeded);
    }
}

#[test]
fn the_walk_seeks_by_the_whole_key() {
    let store = Store::ephemeral().expect("memory");
    let plan: String = store
        .connection
        .query_row(&format!("EXPLAIN QUERY PLAN {WALK}"), [0, 0], |row| {
            row.get(3)
        })
        .expect("a plan");
    assert_eq!(
        plan,
        "SEARCH current USING PRIMARY KEY ((asset_id,partition_id)>(?,?))"
    );
}

#[test]
fn names_are_read_in_order_from_their_index() {
    let store = Store::ephemeral().expect("memory");
    let plan: String = store
        .connection
        .query_row(&format!("EXPLAIN QUERY PLAN {ALL_NAMES}"), [], |row| {
            row.get(3)
        })
        .expect("a plan");
    assert_eq!(
        plan,
        "SCAN partition_key USING COVERING INDEX sqlite_autoindex_partition_key_1"
    );
}
