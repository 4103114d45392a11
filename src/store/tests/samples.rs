//! Values that the tests store.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::digest::{Digest, Key};
use crate::model::{
    Cadence, CodeVersion, DataVersion, Fingerprint, InputRecord, Materialization, NamedKeys,
    Origin, Outcome, OutputRecord, PartitionKeys, RULE, ResourceUsage, RunDetails, RunId, TimeKeys,
    TimePartitions, TimeSettings,
};
use crate::store::{
    Access, AssetPartition, Begun, Failure, InstancePlace, NewRun, Opened, Recording, Store,
    StoreError, Success,
};
use crate::testkit;
pub(super) use crate::testkit::asset;

pub(super) fn digest(seed: u64) -> Digest {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    Digest::from_bytes(bytes)
}

pub(super) fn run_id(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

pub(super) fn time(microsecond: i64) -> Timestamp {
    Timestamp::from_microsecond(microsecond).expect("a small number")
}

/// Opens an instance as one user, whose instances count wherever they lie.
pub(super) fn opened(home: &Path, access: Access) -> Result<Opened, StoreError> {
    let key = Key::of(&[7; 32], "instances");
    let place = InstancePlace {
        home,
        temporary: Path::new("/tmp"),
        key: Some(&key),
    };
    match access {
        Access::Read => Store::open_to_read(place),
        Access::Write => Store::open_to_write(place),
    }
}

/// Opens an instance of which nothing is to be said.
pub(super) fn open(home: &Path, access: Access) -> Store {
    let Opened { store, notices } = opened(home, access).expect("a sound instance");
    assert_eq!(notices, []);
    store
}

pub(super) fn new_run(id: RunId) -> NewRun {
    NewRun {
        id,
        selection: "clean year".to_owned(),
        partitions: "2013-07-04".to_owned(),
        manifest: digest(1),
        time: time(1_000_000),
        pid: Some(4711),
        details: RunDetails::default(),
        steps: Vec::new(),
        events: Vec::new(),
    }
}

pub(super) fn begin(store: &mut Store, run: RunId) -> Begun {
    store.begin_run(&new_run(run)).expect("a run begins")
}

/// The first `len` days of 2013.
pub(super) fn days(len: i64) -> PartitionKeys {
    let time = TimePartitions::new(TimeSettings::new(Cadence::Daily, "2013-01-01"))
        .expect("a sound definition");
    let now = time.window(len).start;
    PartitionKeys::Time(TimeKeys::at(&Arc::new(time), now))
}

pub(super) fn names(names: &[&str]) -> PartitionKeys {
    let keys: Vec<_> = names.iter().map(|name| testkit::key(name)).collect();
    PartitionKeys::Named(NamedKeys::declared(&keys.into()))
}

/// A materialization with one output, whose digests come from `seed`.
pub(super) fn success(run: RunId, at: &AssetPartition, seed: u64) -> Recording {
    let version = DataVersion(digest(seed));
    Recording::Succeeded(Box::new(Success {
        slot: at.slot.clone(),
        materialization: Materialization {
            asset: at.step.asset.clone(),
            partition: at.step.partition.clone(),
            run: Some(run),
            time: time(2_000_000),
            duration_ms: seed,
            usage: ResourceUsage::default(),
            rule: RULE,
            fingerprint: Fingerprint(digest(seed + 1)),
            code_version: CodeVersion(digest(1 << 40)),
            data_version: version,
            outputs: vec![OutputRecord {
                label: None,
                path: format!("build/{seed}.csv"),
                version,
                bytes: seed,
            }],
            inputs: vec![InputRecord {
                input: "raw".to_owned(),
                asset: asset("raw"),
                output: None,
                mapping: "identity".to_owned(),
                contribution: digest(seed + 2),
                blocks: Vec::new(),
            }],
            config: Vec::new(),
            outcome: Outcome::Materialized,
            origin: Origin::Command,
        },
        code: Arc::new(Vec::new()),
        blocks: Vec::new(),
        events: Vec::new(),
    }))
}

pub(super) fn failure(run: RunId, at: &AssetPartition) -> Recording {
    Recording::Failed(Failure {
        at: at.clone(),
        run,
        events: Vec::new(),
    })
}
