//! Each type of event, as JSON and back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::{
    BlockedRange, Event, EventKind, FailedTry, GivenConfiguration, HookName, InputRange, KeyRange,
    Level, PlanCounts, Planned, ResourcePhase, RunCounts, RunOrigin, RunOutcome, StepFailure,
    StepOutcome,
};
use crate::digest::Digest;
use crate::model::{
    Batch, Cause, CodeChange, DataChange, DataDetail, DataVersion, DependencyChange, FileChanges,
    HookMoment, HookOwner, Name, OutputChange, OutputKind, OutputRecord, PartitionKey, Presence,
    ResourceUsage, RunId, RunTags, StepName,
};
use crate::testkit::{self, asset, name};

fn run() -> RunId {
    RunId(
        "0190a6e0-0000-7000-8000-000000000001"
            .parse()
            .expect("an id"),
    )
}

fn key(text: &str) -> Option<PartitionKey> {
    (!text.is_empty()).then(|| testkit::key(text))
}

fn step(name: &str, partition: &str) -> StepName {
    StepName {
        asset: asset(name),
        partition: key(partition),
    }
}

fn version(byte: &str) -> DataVersion {
    DataVersion(Digest::from_hex(&byte.repeat(16)).expect("sixteen bytes"))
}

fn range(name: &str, first: &str, last: &str, count: u32) -> KeyRange {
    KeyRange {
        asset: asset(name),
        first: key(first),
        last: key(last),
        count,
    }
}

fn change(presence: Presence, detail: Option<DataDetail>) -> Cause {
    Cause::Data(DataChange {
        input: Name::of_asset(&asset("clean")),
        asset: asset("clean"),
        partition: key("d1"),
        path: Some("clean.csv".into()),
        old: Some(version("0a")),
        new: None,
        presence,
        detail,
        root: vec![Cause::Forced],
        old_path: None,
    })
}

fn output(change: OutputChange) -> Cause {
    Cause::Output {
        output: Some("report".into()),
        path: Some("report.md".into()),
        change,
    }
}

fn causes() -> Vec<Cause> {
    let input = Name::of_asset(&asset("clean"));
    let dependency = |change| Cause::Dependency {
        input: input.clone(),
        change,
    };
    vec![
        Cause::Code(CodeChange {
            what: "file steps/clean.py".into(),
            path: Some("steps/clean.py".into()),
            old: Some("aa".into()),
            new: None,
            origin: None,
            recorded_by: None,
        }),
        dependency(DependencyChange::Added),
        dependency(DependencyChange::Removed),
        dependency(DependencyChange::Remapped {
            old: "all".into(),
            new: "identity".into(),
        }),
        Cause::DependencyRemoved,
        change(Presence::There, None),
        change(Presence::Missing, None),
        change(Presence::Unreadable, None),
        change(
            Presence::Removed,
            Some(DataDetail::Value {
                old: "1".into(),
                new: "2".into(),
            }),
        ),
        change(
            Presence::There,
            Some(DataDetail::Files(FileChanges {
                added: vec!["a.csv".into()],
                more: 3,
                ..FileChanges::default()
            })),
        ),
        output(OutputChange::Missing),
        output(OutputChange::Altered {
            old: Some(version("0a")),
            new: Some(version("0b")),
        }),
        output(OutputChange::Kind {
            found: OutputKind::Directory,
        }),
        output(OutputChange::Unreadable),
        Cause::Rule { old: 1, new: 2 },
        Cause::Forced,
        Cause::Volatile,
        Cause::FailedBefore,
    ]
}

fn finished(outcome: StepOutcome, outputs: Vec<OutputRecord>) -> EventKind {
    EventKind::StepFinished {
        step: step("clean", "d1"),
        batch: Some(Arc::new(Batch {
            first: key("d1").expect("a key"),
            last: key("d3").expect("a key"),
            len: 3,
        })),
        attempt: 0,
        outcome,
        outputs,
        duration: Duration::from_millis(2100),
        usage: ResourceUsage {
            cpu_ms: Some(1900),
            peak_bytes: Some(1 << 40),
        },
        log: Some(".assetctl/logs/r/clean@d1.log".into()),
        causes: vec![Cause::Forced],
        warnings: vec!["a warning".into()],
    }
}

fn planned() -> Planned {
    Planned {
        counts: PlanCounts {
            run: 10,
            may_run: 4,
            fresh: 1083,
            blocked: 2,
        },
        assets: 5,
        partitions: 1097,
        jobs: 4,
        elapsed: Duration::from_millis(38),
        expected: Some(Duration::from_millis(700)),
        fresh: vec![range("clean", "d1", "d9", 9), range("year", "", "", 1)],
        blocked: vec![BlockedRange {
            keys: range("late", "d1", "d2", 2),
            reason: "raw@d1: raw/d1.csv is missing, and so on".into(),
        }],
    }
}

/// At least one of each type.
fn samples() -> Vec<EventKind> {
    of_steps_and_runs()
        .into_iter()
        .chain(of_attempts())
        .chain(of_resources())
        .chain(of_hooks())
        .collect()
}

fn of_resources() -> Vec<EventKind> {
    vec![
        EventKind::ResourceStarted {
            resource: name("warehouse"),
        },
        EventKind::ResourceFailed {
            resource: name("warehouse"),
            phase: ResourcePhase::Teardown,
            failure: Box::new(StepFailure::new(
                "assetctl::engine::command_failed",
                "the teardown of `warehouse` failed: exit code 3".into(),
                Some("try again"),
            )),
            log: Some(".assetctl/logs/x/~warehouse~teardown.log".into()),
        },
        EventKind::ResourceStopped {
            resource: name("warehouse"),
        },
    ]
}

fn origin() -> RunOrigin {
    RunOrigin {
        tags: RunTags::from_iter([("team".to_owned(), json!({"of": [1, true]}))]),
        config_digest: Some(version("0d").0),
        parent: Some(run()),
        root: Some(run()),
    }
}

fn of_attempts() -> Vec<EventKind> {
    vec![
        EventKind::StepUpForRetry(Box::new(tried())),
        EventKind::StepRestarted {
            step: step("clean", "d1"),
            batch: None,
            attempt: 1,
            pid: Some(4712),
        },
    ]
}

fn of_hooks() -> Vec<EventKind> {
    let failure = StepFailure::new(
        "assetctl::engine::command_failed",
        "the hook on_run_failure (job) failed: exit code 3".into(),
        None,
    );
    vec![
        EventKind::HookCompleted {
            hook: HookName {
                hook: HookMoment::StepSuccess,
                declared: HookOwner::Asset,
                step: Some(step("clean", "d1")),
                batch: None,
            },
            duration: Duration::from_millis(15),
            log: None,
        },
        EventKind::HookErrored {
            hook: HookName {
                hook: HookMoment::RunFailure,
                declared: HookOwner::Job,
                step: None,
                batch: None,
            },
            failure: Box::new(failure),
            log: Some(".assetctl/logs/x/~run~on_run_failure~job.log".into()),
        },
    ]
}

fn tried() -> FailedTry {
    FailedTry {
        step: step("clean", "d1"),
        batch: None,
        attempt: 0,
        max_attempts: 3,
        exit: Some(1),
        signal: None,
        code: "assetctl::engine::command_failed".into(),
        reason: "exit code 1".into(),
        delay: Duration::from_secs(5),
        duration: Duration::from_millis(2100),
        log: Some(".assetctl/logs/r/clean@d1.log".into()),
        command: "python3 a.py".into(),
        tail: vec!["boom".into()],
    }
}

fn of_steps_and_runs() -> Vec<EventKind> {
    let made = OutputRecord {
        label: None,
        path: "build/d1.csv".into(),
        version: version("0a"),
        bytes: 120_431,
    };
    let failure = StepFailure {
        message: "exit code 1".into(),
        help: Some("look".into()),
        exit: Some(1),
        signal: None,
        command: "python3 a.py".into(),
        tail: vec!["boom".into()],
        code: "assetctl::engine::command_failed".into(),
    };
    vec![
        EventKind::RunStarted {
            steps: 14,
            selection: "clean year".into(),
            partitions: "d1".into(),
            configuration: Some(Box::new(GivenConfiguration {
                job: Name::parse("nightly").ok(),
                set: vec!["clean.limit=10".into()],
                ..GivenConfiguration::default()
            })),
            origin: Box::new(origin()),
        },
        EventKind::RunPlanned(Arc::new(planned())),
        EventKind::Observation {
            step: step("flights", ""),
            version: version("0c"),
        },
        EventKind::StepStarted {
            step: step("clean", "d1"),
            batch: None,
            attempt: 0,
            pid: Some(4711),
            causes: causes(),
            usually: Some(Duration::from_secs(2)),
            inputs: vec![InputRange {
                input: "raw".into(),
                first: key("d1"),
                last: key("d3"),
                count: 3,
                data_version: None,
            }],
        },
        EventKind::StepWaiting {
            step: step("year", ""),
            holder: "run 0190".into(),
        },
        EventKind::OutputSetAside {
            step: step("year", ""),
            path: "year.csv".into(),
            kept: ".assetctl/set-aside/r/year.csv".into(),
        },
        EventKind::Materialization {
            step: step("clean", "d1"),
            attempt: 0,
            version: version("0a"),
        },
        finished(
            StepOutcome::Materialized {
                version: version("0a"),
                bytes: 120_431,
            },
            vec![made.clone()],
        ),
        finished(
            StepOutcome::Unchanged {
                version: version("0a"),
            },
            vec![made],
        ),
        finished(StepOutcome::Failed(Box::new(failure)), vec![]),
        finished(StepOutcome::Canceled, vec![]),
        EventKind::StepBlocked {
            step: step("year", ""),
            needs: vec![step("clean", "d1"), step("flights", "")],
            reason: "clean@d1 failed".into(),
        },
        EventKind::StepFresh {
            step: step("year", ""),
        },
        EventKind::RunCanceled {
            by: Some("SIGINT".into()),
        },
        EventKind::RunFinished {
            outcome: RunOutcome::Canceled,
            counts: RunCounts {
                fresh: 5,
                stale: 1,
                ..RunCounts::default()
            },
            duration: Duration::from_millis(38),
            configuration: None,
        },
    ]
}

fn event(kind: EventKind) -> Event {
    Event {
        run: Some(run()),
        seq: 7,
        time: "2013-07-05T00:00:00Z".parse().expect("a time"),
        job: Some(name("nightly")),
        kind,
    }
}

/// The types of events that can be written, as the compiler knows them.
fn known(kind: &EventKind) -> bool {
    match kind {
        EventKind::RunStarted { .. }
        | EventKind::RunPlanned(_)
        | EventKind::Observation { .. }
        | EventKind::StepStarted { .. }
        | EventKind::StepUpForRetry(_)
        | EventKind::StepRestarted { .. }
        | EventKind::StepWaiting { .. }
        | EventKind::OutputSetAside { .. }
        | EventKind::Materialization { .. }
        | EventKind::StepFinished { .. }
        | EventKind::StepBlocked { .. }
        | EventKind::StepFresh { .. }
        | EventKind::ResourceStarted { .. }
        | EventKind::ResourceFailed { .. }
        | EventKind::ResourceStopped { .. }
        | EventKind::HookCompleted { .. }
        | EventKind::HookErrored { .. }
        | EventKind::RunCanceled { .. }
        | EventKind::RunFinished { .. } => true,
        EventKind::Other(_) => false,
    }
}

/// A type that is added has a number here and a sample above, or this does not hold.
const TYPES: usize = 19;

#[test]
fn each_type_is_read_back_as_it_was_written() {
    let mut types = BTreeSet::new();
    for kind in samples() {
        assert!(known(&kind));
        let event = event(kind);
        let text = serde_json::to_string(&event).expect("JSON");
        let read: Event = serde_json::from_str(&text).expect("an event");
        assert_eq!(read, event, "{text}");
        let value: Value = serde_json::from_str(&text).expect("an object");
        assert_eq!(value["type"], json!(event.kind.word()));
        assert_eq!((&value["schema"], &value["seq"]), (&json!(1), &json!(7)));
        assert_eq!(value["run"], json!(run().to_string()));
        assert_eq!(value["level"], json!(event.kind.level()));
        assert_eq!(value["message"], json!(event.kind.message()));
        assert_eq!(value["job"], json!("nightly"));
        let of_step = ["step", "asset", "partition", "step_kind"].map(|it| value.get(it).is_some());
        assert_eq!(of_step, [event.kind.step().is_some(); 4], "{text}");
        types.insert(event.kind.word().to_owned());
    }
    assert_eq!(types.len(), TYPES, "a sample of each: {types:?}");
}

#[test]
fn a_message_says_the_same_once_it_was_read_back() {
    let event = event(EventKind::RunFinished {
        outcome: RunOutcome::Success,
        counts: RunCounts::default(),
        duration: Duration::from_micros(150_900),
        configuration: None,
    });
    let text = serde_json::to_string(&event).expect("JSON");
    let read: Event = serde_json::from_str(&text).expect("an event");
    assert_eq!(read.kind.message(), event.kind.message());
}

#[test]
fn the_fields_of_a_step_are_flat() {
    let json = |kind| serde_json::to_value(event(kind)).expect("JSON");
    let mut samples = samples()
        .into_iter()
        .filter(|it| it.word() == "step_finished");
    let made = json(samples.next().expect("one that has made something"));
    assert_eq!(
        made,
        json!({
            "schema": 1, "type": "step_finished", "step": "clean@d1", "asset": "clean", "partition": "d1",
            "batch": {"first": "d1", "last": "d3", "count": 3}, "attempt": 0, "outcome": "materialized",
            "data_version": "0a".repeat(16), "output_bytes": 120_431,
            "outputs": [{"name": null, "path": "build/d1.csv", "version": "0a".repeat(16), "bytes": 120_431}],
            "duration_ms": 2100, "cpu_ms": 1900, "peak_bytes": 1_u64 << 40,
            "log": ".assetctl/logs/r/clean@d1.log", "causes": [{"kind": "forced"}], "warnings": ["a warning"],
            "step_kind": "command", "run": run().to_string(), "seq": 7, "time": "2013-07-05T00:00:00Z", "job": "nightly",
            "level": "warn", "message": "clean@d1 finished after 2.1s",
        })
    );
    let failed = json(samples.nth(1).expect("one that failed"));
    assert_eq!(
        (
            &failed["outcome"],
            &failed["exit"],
            &failed["message"],
            &failed["level"]
        ),
        (
            &json!("failed"),
            &json!(1),
            &json!("exit code 1"),
            &json!(Level::Error)
        )
    );
}

#[test]
fn what_a_later_version_writes_is_read_and_written_again() {
    for text in [
        r#"{"schema":1,"type":"check_evaluated","check":"rows","passed":true,"run":"0190a6e0-0000-7000-8000-000000000001","seq":3,"time":"2013-07-05T00:00:00Z","level":"info","message":"rows passed"}"#,
        r#"{"schema":1,"type":"step_finished","step":"a","asset":"a","partition":null,"attempt":0,"outcome":"restored","duration_ms":1,"causes":[],"step_kind":"command","run":"0190a6e0-0000-7000-8000-000000000001","seq":3,"time":"2013-07-05T00:00:00Z","level":"info","message":"a restored"}"#,
    ] {
        let event: Event = serde_json::from_str(text).expect("an event");
        assert!(matches!(event.kind, EventKind::Other(_)), "{event:?}");
        let before: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(serde_json::to_value(&event).expect("JSON"), before);
        assert_eq!(json!(event.kind.word()), before["type"]);
        assert_eq!(json!(event.kind.message()), before["message"]);
    }
    let more = r#"{"schema":1,"type":"step_fresh","step":"a","asset":"a","partition":null,"cached":true,"time":"2013-07-05T00:00:00Z"}"#;
    let event: Event = serde_json::from_str(more).expect("an event");
    assert_eq!(
        event.kind,
        EventKind::StepFresh {
            step: step("a", "")
        }
    );
}
