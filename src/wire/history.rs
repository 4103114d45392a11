//! `history --json`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    CodeVersion, DataVersion, FailedAttempt, Fingerprint, HistoryEntry, HistoryReport, InputRange,
    Origin, PartitionKey, PastAttempt, RunId,
};
use crate::wire::{SCHEMA, Text};

/// `{"schema":1,"asset":…,"materializations":[…]}`
#[derive(Debug, Serialize)]
pub struct HistoryDocument<'a> {
    schema: u32,
    asset: &'a str,
    materializations: Vec<AttemptShape<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum AttemptShape<'a> {
    Made(Box<MaterializationShape<'a>>),
    Failed(FailedShape<'a>),
}

/// `{"partition":…,"run":…,"attempt":0,"time":…,"outcome":"failed","exit":3,…}`
#[derive(Debug, Serialize)]
pub struct FailedShape<'a> {
    partition: Option<&'a str>,
    run: Text<RunId>,
    attempt: u32,
    time: Timestamp,
    duration_ms: u64,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'a str>,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    tail: &'a [String],
}

/// `{"partition":…,"run":…,"time":…,…}`
#[derive(Debug, Serialize)]
pub struct MaterializationShape<'a> {
    partition: Option<&'a str>,
    run: Option<Text<RunId>>,
    time: Timestamp,
    duration_ms: u64,
    fingerprint: Text<Fingerprint>,
    code_version: Text<CodeVersion>,
    data_version: Text<DataVersion>,
    outcome: &'static str,
    accepted: bool,
    origin: &'static str,
    inputs: Vec<InputShape<'a>>,
}

#[derive(Debug, Serialize)]
struct InputShape<'a> {
    input: &'a str,
    first: Option<&'a str>,
    last: Option<&'a str>,
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_version: Option<Text<DataVersion>>,
}

impl<'a> From<&'a HistoryReport> for HistoryDocument<'a> {
    fn from(report: &'a HistoryReport) -> Self {
        Self {
            schema: SCHEMA,
            asset: report.asset.as_str(),
            materializations: report.entries.iter().map(AttemptShape::from).collect(),
        }
    }
}

impl<'a> From<&'a PastAttempt> for AttemptShape<'a> {
    fn from(attempt: &'a PastAttempt) -> Self {
        match attempt {
            PastAttempt::Made(made) => Self::Made(Box::new((&**made).into())),
            PastAttempt::Failed(failed) => Self::Failed((&**failed).into()),
        }
    }
}

impl<'a> From<&'a FailedAttempt> for FailedShape<'a> {
    fn from(failed: &'a FailedAttempt) -> Self {
        Self {
            partition: failed.partition.as_ref().map(PartitionKey::as_str),
            run: Text(failed.run),
            attempt: failed.attempt,
            time: failed.time,
            duration_ms: failed.duration_ms,
            outcome: "failed",
            exit: failed.exit,
            signal: failed.signal.as_deref(),
            code: &failed.code,
            message: &failed.message,
            help: failed.help.as_deref(),
            command: &failed.command,
            log: failed.log.as_deref(),
            tail: &failed.tail,
        }
    }
}

impl<'a> From<&'a HistoryEntry> for MaterializationShape<'a> {
    fn from(entry: &'a HistoryEntry) -> Self {
        Self {
            partition: entry.partition.as_ref().map(PartitionKey::as_str),
            run: entry.run.map(Text),
            time: entry.time,
            duration_ms: entry.duration_ms,
            fingerprint: Text(entry.fingerprint),
            code_version: Text(entry.code_version),
            data_version: Text(entry.data_version),
            outcome: entry.outcome.word(),
            accepted: entry.origin == Origin::Accepted,
            origin: entry.origin.word(),
            inputs: entry.inputs.iter().map(InputShape::from).collect(),
        }
    }
}

impl<'a> From<&'a InputRange> for InputShape<'a> {
    fn from(range: &'a InputRange) -> Self {
        Self {
            input: &range.input,
            first: range.first.as_ref().map(PartitionKey::as_str),
            last: range.last.as_ref().map(PartitionKey::as_str),
            count: range.count,
            data_version: range.data_version.map(Text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HistoryDocument;
    use crate::digest::Digest;
    use crate::model::{
        AssetKey, CodeVersion, DataVersion, FailedAttempt, Fingerprint, HistoryEntry,
        HistoryReport, InputRange, Origin, Outcome, PartitionKey, PastAttempt, RunId,
    };

    #[test]
    fn a_failure() {
        let failed = PastAttempt::Failed(Box::new(FailedAttempt {
            partition: None,
            run: RunId(
                "0190a6e0-0000-7000-8000-000000000001"
                    .parse()
                    .expect("an id"),
            ),
            attempt: 0,
            time: "2013-08-01T00:00:00Z".parse().expect("a time"),
            duration_ms: 12,
            exit: Some(3),
            signal: None,
            code: "assetctl::engine::command_failed".into(),
            message: "exit code 3".into(),
            help: None,
            command: "false".into(),
            log: Some(".assetctl/logs/x.log".into()),
            tail: vec!["why".into()],
        }));
        let report = HistoryReport {
            asset: AssetKey::parse("month").expect("a key"),
            entries: vec![failed],
        };
        assert_eq!(
            serde_json::to_string(&HistoryDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"asset":"month","materializations":[{"partition":null,"#,
                r#""run":"0190a6e0-0000-7000-8000-000000000001","attempt":0,"time":"2013-08-01T00:00:00Z","duration_ms":12,"#,
                r#""outcome":"failed","exit":3,"code":"assetctl::engine::command_failed","message":"exit code 3","#,
                r#""command":"false","log":".assetctl/logs/x.log","tail":["why"]}]}"#,
            )
        );
    }

    #[test]
    fn one_materialization() {
        let digest = |byte: &str| Digest::from_hex(&byte.repeat(16)).expect("sixteen bytes");
        let report = HistoryReport {
            asset: AssetKey::parse("month").expect("a key"),
            entries: vec![PastAttempt::Made(Box::new(HistoryEntry {
                partition: PartitionKey::parse("2013-07").ok(),
                run: Some(RunId(
                    "0190a6e0-0000-7000-8000-000000000001"
                        .parse()
                        .expect("an id"),
                )),
                time: "2013-08-01T00:00:00Z".parse().expect("a time"),
                duration_ms: 12,
                fingerprint: Fingerprint(digest("01")),
                code_version: CodeVersion(digest("02")),
                data_version: DataVersion(digest("03")),
                outcome: Outcome::Unchanged,
                origin: Origin::Accepted,
                inputs: vec![InputRange {
                    input: "daily".into(),
                    first: PartitionKey::parse("2013-07-01").ok(),
                    last: PartitionKey::parse("2013-07-31").ok(),
                    count: 31,
                    data_version: None,
                }],
            }))],
        };
        assert_eq!(
            serde_json::to_string(&HistoryDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"asset":"month","materializations":[{"partition":"2013-07","run":"0190a6e0-0000-7000-8000-000000000001","#,
                r#""time":"2013-08-01T00:00:00Z","duration_ms":12,"fingerprint":"01010101010101010101010101010101","#,
                r#""code_version":"02020202020202020202020202020202","data_version":"03030303030303030303030303030303","#,
                r#""outcome":"unchanged","accepted":true,"origin":"accepted","#,
                r#""inputs":[{"input":"daily","first":"2013-07-01","last":"2013-07-31","count":31}]}]}"#,
            )
        );
    }
}
