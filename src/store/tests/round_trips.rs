//! What is stored comes back as it was.

use std::sync::Arc;
use std::time::Duration;

use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::prop_assert_eq;

use crate::answer::{Event, EventKind, RunCounts, RunOutcome, StepFailure, StepOutcome};
use crate::digest::{Digest, Field};
use crate::model::{
    AssetKey, BlockEntry, BlockRecord, Cause, CodeVersion, CurrentRef, DataVersion, Fingerprint,
    InputRecord, LastAttempt, Materialization, MaterializationId, Observation, Origin, Outcome,
    OutputRecord, PartitionKey, PartitionKeys, PartitionSet, PartitionSlot, ResourceUsage,
    RunStatus, SourceContent,
};
use crate::store::column::packed;
use crate::store::tests::samples::{
    asset, begin, days, digest, failure, names, new_run, open, run_id, success, time,
};
use crate::store::{
    Access, AssetPartition, Failure, Recording, Run, RunEnd, Store, StoredBlock, Success,
};

fn a_digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 16]>().prop_map(Digest::from_bytes)
}

fn a_block() -> impl Strategy<Value = BlockRecord> {
    let entry = (option::of("[^\\pC.]{1,8}"), a_digest()).prop_map(|(key, version)| BlockEntry {
        partition: key.map(|key| PartitionKey::recorded(&key)),
        version: DataVersion(version),
    });
    prop_oneof![
        a_digest().prop_map(BlockRecord::Stored),
        proptest::collection::vec(entry, 0..4).prop_map(BlockRecord::Inline),
    ]
}

fn an_input() -> impl Strategy<Value = InputRecord> {
    let blocks = proptest::collection::vec(a_block(), 0..3);
    let output = option::of("[a-z]{1,5}");
    (".{0,8}", "[a-z/]{1,8}", output, a_digest(), blocks).prop_map(
        |(input, key, output, contribution, blocks)| InputRecord {
            mapping: format!("time_window {input}"),
            input,
            asset: AssetKey::of_path(&key),
            output,
            contribution,
            blocks,
        },
    )
}

fn an_output() -> impl Strategy<Value = OutputRecord> {
    let label = option::of("[a-z]{1,5}");
    (label, ".{0,12}", a_digest(), any::<u64>()).prop_map(|(label, path, version, bytes)| {
        OutputRecord {
            label,
            path,
            version: DataVersion(version),
            bytes,
        }
    })
}

/// A partition of an unpartitioned, a time-partitioned or a statically partitioned asset.
fn an_asset_partition() -> impl Strategy<Value = AssetPartition> {
    prop_oneof![
        Just((PartitionKeys::Unpartitioned, 0)),
        (0..400_u32).prop_map(|index| (days(400), index)),
        (0..3_u32).prop_map(|index| (names(&["eu", "../x", "a b"]), index)),
    ]
    .prop_map(|(keys, index)| AssetPartition::at(&AssetKey::of_path("./raw ä.csv"), &keys, index))
}

fn a_materialization() -> impl Strategy<Value = (AssetPartition, Materialization)> {
    let digests = (a_digest(), a_digest(), a_digest());
    let outputs = proptest::collection::vec(an_output(), 0..4);
    let inputs = proptest::collection::vec(an_input(), 0..4);
    let when = (0..=1_i64 << 50, 0..=i64::MAX as u64);
    let how = (any::<u32>(), any::<bool>(), any::<bool>());
    (an_asset_partition(), digests, outputs, inputs, when, how).prop_map(
        |(at, digests, outputs, inputs, (microsecond, duration_ms), (rule, changed, ran))| {
            let materialization = Materialization {
                asset: at.step.asset.clone(),
                partition: at.step.partition.clone(),
                run: Some(run_id(1)),
                time: time(microsecond),
                duration_ms,
                usage: ResourceUsage::default(),
                rule,
                fingerprint: Fingerprint(digests.0),
                code_version: CodeVersion(digests.1),
                data_version: DataVersion(digests.2),
                outputs,
                inputs,
                config: if changed {
                    vec![Field {
                        name: "config.limit".to_owned(),
                        value: duration_ms.to_string(),
                    }]
                } else {
                    Vec::new()
                },
                outcome: if changed {
                    Outcome::Materialized
                } else {
                    Outcome::Unchanged
                },
                origin: if ran {
                    Origin::Command
                } else {
                    Origin::Accepted
                },
            };
            (at, materialization)
        },
    )
}

proptest! {
    #[test]
    fn materializations(all in proptest::collection::vec(a_materialization(), 1..4)) {
        let mut store = Store::ephemeral().expect("memory");
        let _begun = begin(&mut store, run_id(1));
        let batch: Vec<_> = all
            .iter()
            .map(|(at, materialization)| Recording::Succeeded(Box::new(Success {
                slot: at.slot.clone(),
                materialization: materialization.clone(),
                code: Arc::new(Vec::new()),
                blocks: Vec::new(),
                events: Vec::new(),
            })))
            .collect();
        store.record(&batch).expect("recorded");
        for ((_, materialization), id) in all.iter().zip(1..) {
            let stored = store.materialization(MaterializationId(id)).expect("readable");
            prop_assert_eq!(stored.as_ref(), Some(materialization));
        }
        let (at, last) = all.last().expect("at least one");
        let history = store.history(&at.step.asset, Some(&at.slot), 1).expect("readable");
        prop_assert_eq!(&history[0].1, last);
        let lease = store.lease(run_id(1), std::slice::from_ref(at), time(5)).expect("leased");
        let crate::store::Lease::Leased { current: Some(current) } = &lease.leases[0] else {
            panic!("{lease:?}");
        };
        let materialized = current.materialized.as_ref().expect("it was materialized");
        let versions: Vec<_> = last.outputs.iter().map(|output| output.version).collect();
        prop_assert_eq!(&materialized.outputs, &versions);
        prop_assert_eq!(materialized.fingerprint, last.fingerprint);
        prop_assert_eq!(materialized.code_version, last.code_version);
        prop_assert_eq!((materialized.rule, materialized.duration_ms), (last.rule, last.duration_ms));
    }
}

#[test]
fn the_stored_form_of_records_stays_what_it_is() {
    let input = InputRecord {
        input: "raw".to_owned(),
        asset: asset("raw"),
        output: Some("rows".to_owned()),
        mapping: "all".to_owned(),
        contribution: digest(1),
        blocks: vec![
            BlockRecord::Inline(vec![BlockEntry {
                partition: None,
                version: DataVersion(digest(2)),
            }]),
            BlockRecord::Stored(digest(3)),
        ],
    };
    let output = OutputRecord {
        label: None,
        path: "a".to_owned(),
        version: DataVersion(digest(4)),
        bytes: 300,
    };
    let field = Field {
        name: "n".to_owned(),
        value: "v".to_owned(),
    };
    let tail = "000000000000000707070707070707";
    assert_eq!(
        hex::encode(packed(&input)),
        format!("03726177037261770104726f777303616c6c01{tail}0200010002{tail}0103{tail}")
    );
    assert_eq!(hex::encode(packed(&output)), format!("00016104{tail}ac02"));
    assert_eq!(hex::encode(packed(&field)), "016e0176");
}

#[test]
fn code_records_and_blocks_are_stored_once() {
    let mut store = Store::ephemeral().expect("memory");
    let _begun = begin(&mut store, run_id(1));
    let at = AssetPartition::at(&asset("a"), &PartitionKeys::Unpartitioned, 0);
    let code = vec![Field {
        name: "command".to_owned(),
        value: "sort".to_owned(),
    }];
    let entries: Arc<[_]> = [BlockEntry {
        partition: None,
        version: DataVersion(digest(9)),
    }]
    .into();
    let Recording::Succeeded(mut sample) = success(run_id(1), &at, 3) else {
        panic!("a success");
    };
    sample.code = Arc::new(code.clone());
    sample.blocks = vec![StoredBlock {
        digest: digest(8),
        entries: Arc::clone(&entries),
    }];
    let version = sample.materialization.code_version;
    let recording = Recording::Succeeded(sample);
    store
        .record(&[recording.clone(), recording])
        .expect("recorded");
    assert_eq!(store.code_record(version).expect("readable"), Some(code));
    assert_eq!(
        store.block(digest(8)).expect("readable").as_deref(),
        Some(&*entries)
    );
    assert_eq!(store.block(digest(7)).expect("readable"), None);
}

#[test]
fn a_failure_leaves_the_last_materialization() {
    let mut store = Store::ephemeral().expect("memory");
    let _begun = begin(&mut store, run_id(1));
    let at = AssetPartition::at(&asset("a"), &PartitionKeys::Unpartitioned, 0);
    let set = PartitionSet::single(0);
    let mut current = |recording: Option<Recording>| {
        store.record(recording.as_slice()).expect("recorded");
        let rows = store.current_of(&at.step.asset, &PartitionKeys::Unpartitioned, &set);
        rows.expect("readable").get(0).map(CurrentRef::to_owned)
    };
    assert_eq!(current(None), None);
    let failed = current(Some(failure(run_id(1), &at))).expect("tried");
    assert_eq!(
        (failed.materialized, failed.attempt),
        (None, LastAttempt::Failed)
    );
    let good = current(Some(success(run_id(1), &at, 3))).expect("tried");
    assert_eq!(good.attempt, LastAttempt::Succeeded);
    let failed = current(Some(failure(run_id(1), &at))).expect("tried");
    assert_eq!(failed.attempt, LastAttempt::Failed);
    assert_eq!(failed.materialized, good.materialized);
    assert_eq!(
        store.forget(std::slice::from_ref(&at)).expect("forgotten"),
        1
    );
    let rows = store.current_of(&at.step.asset, &PartitionKeys::Unpartitioned, &set);
    assert_eq!(rows.expect("readable").get(0), None);
    assert_eq!(
        store
            .history(&at.step.asset, None, 9)
            .expect("readable")
            .len(),
        1
    );
    let durations = store.last_durations(&[&at.step.asset, &asset("b")]);
    assert_eq!(durations.expect("readable"), [Some(3), None]);
}

#[test]
fn events_of_a_run() {
    let mut store = Store::ephemeral().expect("memory");
    let at = AssetPartition::at(&asset("clean"), &days(9), 3);
    let step = at.step.clone();
    let event = |seq, kind| Event {
        run: Some(run_id(1)),
        seq,
        time: time(77),
        job: Some(crate::testkit::name("nightly")),
        kind,
    };
    let begun = event(
        0,
        EventKind::RunStarted {
            steps: 4,
            selection: String::new(),
            partitions: String::new(),
            configuration: None,
            origin: Box::default(),
        },
    );
    let mut new = new_run(run_id(1));
    new.events = vec![begun.clone()];
    let guard = store.begin_run(&new).expect("begun").guard;
    let fresh = event(1, EventKind::StepFresh { step: step.clone() });
    let failed = event(
        2,
        EventKind::StepFinished {
            step,
            batch: None,
            attempt: 1,
            outcome: StepOutcome::Failed(Box::new(StepFailure {
                message: "exited with 1".to_owned(),
                help: None,
                exit: Some(1),
                signal: None,
                command: "sort".to_owned(),
                tail: vec!["no \"such\" file".to_owned()],
                code: "assetctl::engine::exit".into(),
            })),
            outputs: Vec::new(),
            duration: Duration::from_millis(1500),
            usage: ResourceUsage {
                cpu_ms: Some(1400),
                peak_bytes: Some(1 << 33),
            },
            log: None,
            causes: vec![Cause::Forced],
            warnings: Vec::new(),
        },
    );
    let recordings = [
        Recording::Told(run_id(1), Box::new(fresh.clone())),
        Recording::Failed(Failure {
            at: at.clone(),
            run: run_id(1),
            events: vec![failed.clone()],
        }),
    ];
    store.record(&recordings).expect("recorded");
    let ended = event(
        3,
        EventKind::RunFinished {
            outcome: RunOutcome::Failed,
            counts: RunCounts::default(),
            duration: Duration::from_millis(1),
            configuration: None,
        },
    );
    let end = RunEnd {
        status: RunStatus::Failure,
        counts: RunCounts::default(),
        time: time(78),
        events: vec![ended.clone()],
    };
    store.finish_run(guard, &end).expect("finished");
    let events = store.events(run_id(1)).expect("readable");
    assert_eq!(events, [begun, fresh, failed, ended]);
    let attempts = store.failed_attempts(&at.step.asset, None, 1);
    let usage = attempts.expect("readable")[0].1.usage;
    assert_eq!(
        (usage.cpu_ms, usage.peak_bytes),
        (Some(1400), Some(1 << 33))
    );
}

#[test]
fn runs() {
    let mut store = Store::ephemeral().expect("memory");
    let begun = begin(&mut store, run_id(1));
    let run = store.run(run_id(1)).expect("readable").expect("there");
    assert_eq!(
        (run.status, run.ended, run.pid),
        (RunStatus::Started, None, Some(4711))
    );
    let counts = RunCounts {
        failed: 1,
        blocked: 2,
        ..RunCounts::default()
    };
    let end = RunEnd {
        status: RunStatus::Failure,
        counts,
        time: time(3_000_000),
        events: Vec::new(),
    };
    store.finish_run(begun.guard, &end).expect("finished");
    let runs = store.runs(5).expect("readable");
    // One whose row was read before it ended, and whose lock was free afterwards.
    let seen = Run {
        status: RunStatus::Crashed,
        ..run
    };
    let again = store.seen_dead(vec![seen]).expect("readable");
    assert_eq!(again, runs);
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (runs[0].status, runs[0].ended),
        (RunStatus::Failure, Some(time(3_000_000)))
    );
    assert_eq!((runs[0].counts, runs[0].manifest), (counts, digest(1)));
    assert_eq!(store.run(run_id(2)).expect("readable"), None);
}

#[test]
fn only_new_observations_are_written() {
    let mut store = Store::ephemeral().expect("memory");
    let keys = days(3);
    let source = asset("feed");
    let observation = |index: u32, text: &str| {
        let observed = Observation {
            source: source.clone(),
            partition: keys.key(index),
            text: text.to_owned(),
            version: DataVersion(digest(text.len() as u64)),
            time: time(index.into()),
        };
        (keys.slot(index), observed)
    };
    let mut count = |observations: &[_]| store.observe(observations).expect("observed");
    assert_eq!(count(&[observation(1, "a"), observation(0, "bb")]), 2);
    assert_eq!(count(&[observation(1, "a"), observation(0, "bb")]), 0);
    assert_eq!(count(&[observation(1, "ccc"), observation(0, "bb")]), 1);
    let last = store.observations(&source).expect("readable");
    assert_eq!(last, [observation(0, "bb").1, observation(1, "ccc").1]);
    assert_eq!(store.observations(&asset("other")).expect("readable"), []);
}

#[test]
fn contents_of_sources_are_kept_for_the_last_versions() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = open(home.path(), Access::Write);
    let (slot, other) = (PartitionSlot::Unpartitioned, PartitionSlot::Window(7));
    let content = |text: &str| SourceContent::of_value(text);
    for seed in 0..6 {
        let version = DataVersion(digest(seed));
        let of_other = DataVersion(digest(100 + seed));
        store
            .keep_source_content(&[
                (asset("rate"), slot.clone(), version, content("0.1")),
                (asset("rate"), other.clone(), of_other, content("0.2")),
            ])
            .expect("written");
    }
    let kept = |seed| {
        let version = DataVersion(digest(seed));
        assert_eq!(
            store.has_source_content(version).expect("readable"),
            store.source_content(version).expect("readable").is_some()
        );
        store.source_content(version).expect("readable")
    };
    for (seed, expected) in [(0, None), (1, None), (2, Some("0.1")), (5, Some("0.1"))] {
        assert_eq!(kept(seed), expected.map(content));
        assert_eq!(kept(100 + seed), expected.map(|_| content("0.2")));
    }
}
