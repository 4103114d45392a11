//! Reading and recording asset partitions.

use std::sync::Arc;

use assetctl::digest::Digest;
use assetctl::model::{
    AssetKey, Cadence, CodeVersion, DataVersion, Fingerprint, InputRecord, Materialization,
    NamedKeys, Origin, Outcome, OutputRecord, PartitionKey, PartitionKeys, PartitionSet, RULE,
    ResourceUsage, RunId, TimeKeys, TimePartitions, TimeSettings,
};
use assetctl::store::{Access, AssetPartition, Begun, NewRun, Recording, Store, Success, Wanted};
use divan::Bencher;
use jiff::Timestamp;
use tempfile::TempDir;

fn main() {
    divan::main();
}

struct Filled {
    home: TempDir,
    store: Store,
    begun: Begun,
    keys: PartitionKeys,
    assets: Vec<AssetKey>,
}

fn asset_keys(count: u32) -> Vec<AssetKey> {
    (0..count)
        .map(|number| AssetKey::parse(&format!("group/asset_{number:06}")).expect("a valid name"))
        .collect()
}

fn digest(seed: u32) -> Digest {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    Digest::from_bytes(bytes)
}

fn recording(run: RunId, at: &AssetPartition, seed: u32) -> Recording {
    let digest = digest(seed);
    Recording::Succeeded(Box::new(Success {
        slot: at.slot.clone(),
        materialization: Materialization {
            config: Vec::new(),
            asset: at.step.asset.clone(),
            partition: at.step.partition.clone(),
            run: Some(run),
            time: Timestamp::UNIX_EPOCH,
            duration_ms: 12,
            usage: ResourceUsage::default(),
            rule: RULE,
            fingerprint: Fingerprint(digest),
            code_version: CodeVersion(self::digest(7)),
            data_version: DataVersion(digest),
            outputs: vec![OutputRecord {
                label: None,
                path: format!("build/{}.csv", at.step.asset),
                version: DataVersion(digest),
                bytes: 1000,
            }],
            inputs: vec![InputRecord {
                input: "raw".to_owned(),
                asset: at.step.asset.clone(),
                output: None,
                mapping: "identity".to_owned(),
                contribution: digest,
                blocks: Vec::new(),
            }],
            outcome: Outcome::Materialized,
            origin: Origin::Command,
        },
        code: Arc::new(Vec::new()),
        blocks: Vec::new(),
        events: Vec::new(),
    }))
}

fn begin(store: &mut Store) -> Begun {
    store
        .begin_run(&NewRun {
            id: RunId(uuid::Uuid::now_v7()),
            selection: String::new(),
            partitions: String::new(),
            manifest: Digest::from_bytes([0; 16]),
            time: Timestamp::UNIX_EPOCH,
            pid: None,
            details: assetctl::model::RunDetails::default(),
            steps: Vec::new(),
            events: Vec::new(),
        })
        .expect("a run begins")
}

/// An instance in which each of `assets` has all of `keys`.
fn filled(assets: u32, keys: PartitionKeys) -> Filled {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(home.path(), Access::Write)
        .expect("a new instance")
        .store;
    let begun = begin(&mut store);
    let assets = asset_keys(assets);
    for asset in &assets {
        record_all(&mut store, &begun, asset, &keys);
    }
    Filled {
        home,
        store,
        begun,
        keys,
        assets,
    }
}

/// Records all keys of an asset, so many at once as a run does.
fn record_all(store: &mut Store, begun: &Begun, asset: &AssetKey, keys: &PartitionKeys) {
    let indexes: Vec<u32> = keys.range().collect();
    for some in indexes.chunks(512) {
        let batch: Vec<_> = some
            .iter()
            .map(|index| {
                let at = AssetPartition::at(asset, keys, *index);
                recording(begun.guard.run(), &at, *index)
            })
            .collect();
        store.record(&batch).expect("recorded");
    }
}

fn days(len: i64) -> PartitionKeys {
    let time = TimePartitions::new(TimeSettings::new(Cadence::Daily, "2000-01-01"))
        .expect("a sound definition");
    let now = time.window(len).start;
    PartitionKeys::Time(TimeKeys::at(&Arc::new(time), now))
}

fn names(len: u32) -> PartitionKeys {
    let name = |number| PartitionKey::parse(&format!("customer-{number:07}"));
    let keys = (0..len).map(|number| name(number).expect("a valid key"));
    PartitionKeys::Named(NamedKeys::growing(keys.collect()))
}

fn read(bencher: Bencher<'_, '_>, filled: &Filled, set: &PartitionSet) {
    let len = set.len() as usize;
    let wanted: Vec<_> = filled
        .assets
        .iter()
        .zip((0..).step_by(len))
        .map(|(asset, first)| Wanted {
            asset,
            keys: &filled.keys,
            set,
            first,
        })
        .collect();
    let cells = wanted.len() * len;
    bencher.bench_local(|| filled.store.currents(&wanted, cells).expect("readable"));
}

#[divan::bench(args = [10_000, 100_000])]
fn read_unpartitioned(bencher: Bencher<'_, '_>, assets: u32) {
    let filled = filled(assets, PartitionKeys::Unpartitioned);
    read(bencher, &filled, &PartitionSet::single(0));
}

#[divan::bench(args = [100, 1_000])]
fn read_1000_days_of(bencher: Bencher<'_, '_>, assets: u32) {
    let filled = filled(assets, days(1000));
    read(bencher, &filled, &PartitionSet::from_range(0..1000));
}

/// What reading costs of which: every row stepped over, and all of what judging asks for.
#[divan::bench(args = ["stepped over", "into columns"], sample_count = 10)]
fn read_1000000_days(bencher: Bencher<'_, '_>, how: &str) {
    let filled = filled(1, days(1_000_000));
    if how == "into columns" {
        return read(bencher, &filled, &PartitionSet::from_range(0..1_000_000));
    }
    let path = filled.home.path().join("instance.db");
    let connection = rusqlite::Connection::open(path).expect("there");
    bencher.bench_local(|| {
        let mut statement = connection.prepare("SELECT * FROM current").expect("SQL");
        let mut rows = statement.query([]).expect("readable");
        let mut count = 0;
        while rows.next().expect("readable").is_some() {
            count += 1;
        }
        assert_eq!(count, 1_000_000);
    });
}

#[divan::bench(sample_count = 10)]
fn read_1000000_names(bencher: Bencher<'_, '_>) {
    let filled = filled(1, names(1_000_000));
    read(bencher, &filled, &PartitionSet::from_range(0..1_000_000));
}

#[divan::bench(args = [100, 1_000])]
fn read_one_of_1000_days_of(bencher: Bencher<'_, '_>, assets: u32) {
    let filled = filled(assets, days(1000));
    read(bencher, &filled, &PartitionSet::single(500));
}

#[divan::bench]
fn read_one_of_10000_assets(bencher: Bencher<'_, '_>) {
    let mut filled = filled(10_000, PartitionKeys::Unpartitioned);
    filled.assets.truncate(1);
    read(bencher, &filled, &PartitionSet::single(0));
}

#[divan::bench]
fn record_1000(bencher: Bencher<'_, '_>) {
    let Filled {
        home,
        mut store,
        begun,
        keys,
        assets,
    } = filled(1000, PartitionKeys::Unpartitioned);
    let run = begun.guard.run();
    let batch: Vec<_> = assets
        .iter()
        .map(|asset| recording(run, &AssetPartition::at(asset, &keys, 0), 1))
        .collect();
    bencher.bench_local(|| store.record(&batch).expect("recorded"));
    drop(home);
}

#[divan::bench]
fn record_one(bencher: Bencher<'_, '_>) {
    let mut filled = filled(1, PartitionKeys::Unpartitioned);
    let at = AssetPartition::at(&filled.assets[0], &filled.keys, 0);
    let batch = [recording(filled.begun.guard.run(), &at, 1)];
    bencher.bench_local(|| filled.store.record(&batch).expect("recorded"));
}

#[divan::bench(args = [Access::Read, Access::Write])]
fn open(bencher: Bencher<'_, '_>, access: Access) {
    let filled = filled(10, PartitionKeys::Unpartitioned);
    drop(filled.store);
    bencher.bench_local(|| Store::open(filled.home.path(), access).expect("there"));
}

#[divan::bench]
fn open_absent(bencher: Bencher<'_, '_>) {
    let home = tempfile::tempdir().expect("a folder");
    let absent = home.path().join("home");
    bencher.bench_local(|| Store::open(&absent, Access::Read).expect("empty"));
}
