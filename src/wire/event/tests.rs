//! Each kind of event as its line.

use std::time::Duration;

use crate::digest::Digest;
use crate::model::{
    AssetKey, Cause, DataVersion, Event, EventKind, PartitionKey, RunCounts, RunId, RunOutcome,
    StepFailure, StepName, StepOutcome,
};
use crate::wire::EventLine;

fn step(asset: &str, partition: &str) -> StepName {
    StepName {
        asset: AssetKey::parse(asset).expect("a key"),
        partition: PartitionKey::parse(partition).ok(),
    }
}

fn run() -> RunId {
    RunId(
        "0190a6e0-0000-7000-8000-000000000001"
            .parse()
            .expect("an id"),
    )
}

fn finished(outcome: StepOutcome) -> EventKind {
    EventKind::StepFinished {
        step: step("clean", "2013-07-04"),
        batch: None,
        attempt: 0,
        outcome,
        duration: Duration::from_millis(2100),
        log: Some(".assetctl/logs/r/clean@2013-07-04.log".into()),
        causes: vec![Cause::Forced],
        warnings: vec![],
    }
}

#[test]
fn lines() {
    let version = DataVersion(Digest::from_hex(&"0a".repeat(16)).expect("sixteen bytes"));
    for (kind, json) in [
        (
            EventKind::RunStarted {
                run: run(),
                steps: 14,
            },
            r#""type":"run_started","steps":14"#,
        ),
        (
            EventKind::StepStarted {
                step: step("year", ""),
                batch: None,
                attempt: 0,
                causes: vec![],
                usually: None,
            },
            r#""type":"step_started","step":"year","asset":"year","partition":null,"attempt":0,"causes":[]"#,
        ),
        (
            EventKind::StepWaiting {
                step: step("year", ""),
                holder: "run 0190".into(),
            },
            r#""type":"step_waiting","step":"year","asset":"year","partition":null,"holder":"run 0190""#,
        ),
        (
            finished(StepOutcome::Materialized {
                version,
                bytes: 120_431,
            }),
            r#""type":"step_finished","step":"clean@2013-07-04","asset":"clean","partition":"2013-07-04","attempt":0,"outcome":"materialized","data_version":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","output_bytes":120431,"duration_ms":2100,"log":".assetctl/logs/r/clean@2013-07-04.log","causes":[{"kind":"forced"}]"#,
        ),
        (
            finished(StepOutcome::Failed(Box::new(StepFailure {
                message: "exited with 1".into(),
                help: None,
                exit: Some(1),
                signal: None,
                command: "python3 a.py".into(),
                tail: vec!["boom".into()],
                code: "assetctl::engine::command_failed",
            }))),
            r#""type":"step_finished","step":"clean@2013-07-04","asset":"clean","partition":"2013-07-04","attempt":0,"outcome":"failed","exit":1,"code":"assetctl::engine::command_failed","message":"exited with 1","command":"python3 a.py","tail":["boom"],"duration_ms":2100,"log":".assetctl/logs/r/clean@2013-07-04.log","causes":[{"kind":"forced"}]"#,
        ),
        (
            EventKind::StepBlocked {
                step: step("year", ""),
                needs: vec![step("clean", "2013-07-04")],
                reason: "clean@2013-07-04 failed".into(),
            },
            r#""type":"step_blocked","step":"year","asset":"year","partition":null,"needs":["clean@2013-07-04"],"reason":"clean@2013-07-04 failed""#,
        ),
        (
            EventKind::StepFresh {
                step: step("year", ""),
            },
            r#""type":"step_fresh","step":"year","asset":"year","partition":null"#,
        ),
        (
            EventKind::RunFinished {
                run: None,
                outcome: RunOutcome::Success,
                counts: RunCounts {
                    fresh: 5,
                    ..RunCounts::default()
                },
                duration: Duration::from_millis(38),
            },
            r#""type":"run_finished","outcome":"success","counts":{"materialized":0,"unchanged":0,"fresh":5,"failed":0,"blocked":0,"canceled":0},"duration_ms":38"#,
        ),
    ] {
        let event = Event {
            run: Some(run()),
            time: "2013-07-05T00:00:00Z".parse().expect("a time"),
            kind,
        };
        assert_eq!(
            serde_json::to_string(&EventLine::from(&event)).expect("JSON"),
            format!(
                r#"{{"schema":1,{json},"run":"0190a6e0-0000-7000-8000-000000000001","time":"2013-07-05T00:00:00Z"}}"#
            )
        );
    }
}
