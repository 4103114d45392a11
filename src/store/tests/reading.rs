//! Bulk reading gives what point reading gives, whatever is asked for.

use proptest::prelude::{ProptestConfig, proptest};
use proptest::prop_assert_eq;

use crate::model::{AssetKey, LastAttempt, PartitionKeys, PartitionSet};
use crate::store::current::WALK;
use crate::store::tests::samples::{asset, begin, days, failure, names, run_id, success};
use crate::store::{AssetPartition, Lease, Store, Wanted};

/// Assets of all kinds, with something stored for about half of their partitions.
fn filled() -> (Store, Vec<(AssetKey, PartitionKeys)>) {
    let kinds = [
        PartitionKeys::Unpartitioned,
        days(120),
        names(&["eu", "us", "asia", "x", "y"]),
        days(40),
    ];
    let assets: Vec<_> = (0..24)
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
            PartitionKeys::Time { .. } => days(130),
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
        picks in proptest::collection::btree_map(0..25_usize, proptest::collection::vec((0..120_u32, 1..60_u32), 0..3), 0..25),
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
        let wanted: Vec<_> = picked
            .iter()
            .map(|(asset, keys, set)| Wanted { asset, keys, set })
            .collect();
        let currents = store.currents(&wanted).expect("readable");
        for (position, each) in wanted.iter().enumerate() {
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
            prop_assert_eq!(currents.of(position), points);
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
        .map(|asset| Wanted {
            asset,
            keys: &keys,
            set: &set,
        })
        .collect();
    let rows = store.currents(&wanted).expect("readable").into_rows();
    assert_eq!(rows.len(), 100_000);
    for (seed, row) in rows.iter().enumerate() {
        let current = row.as_ref().expect("stored");
        let materialized = current.materialized.as_ref().expect("materialized");
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
