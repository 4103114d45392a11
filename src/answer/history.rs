//! What `history` answers.

use serde::{Deserialize, Serialize};

use crate::answer::fields;
use jiff::Timestamp;

use crate::model::{
    AssetKey, CodeVersion, DataVersion, Fingerprint, Origin, Outcome, OutputRecord, PartitionKey,
    ResourceUsage, RunId,
};

/// The materializations of an asset, and its failed attempts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryReport {
    /// The asset.
    pub asset: AssetKey,
    /// Newest first.
    #[serde(rename = "materializations")]
    pub entries: Vec<PastAttempt>,
}

impl HistoryReport {
    /// Its materializations, newest first.
    pub fn materializations(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().filter_map(|entry| match entry {
            PastAttempt::Made(made) => Some(&**made),
            PastAttempt::Failed(_) => None,
        })
    }
}

/// What came of an attempt to make an asset partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PastAttempt {
    /// A materialization.
    Made(Box<HistoryEntry>),
    /// Nothing.
    Failed(Box<FailedAttempt>),
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedAttempt {
    /// The partition; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// The run that it was part of.
    pub run: RunId,
    /// Which attempt of its step, 0 first.
    pub attempt: u32,
    /// When it ended.
    pub time: Timestamp,
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
    /// What it took besides.
    #[serde(flatten, serialize_with = "fields::failed_with")]
    pub usage: ResourceUsage,
    /// The exit code, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The signal that ended it, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The diagnostic code.
    pub code: String,
    /// What went wrong, in words.
    pub message: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The command as it can be copied into a shell.
    pub command: String,
    /// Its log, relative to the project root, if there is anything in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The last lines of its log.
    pub tail: Vec<String>,
}

/// One materialization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// The partition; `None` for an unpartitioned asset.
    pub partition: Option<PartitionKey>,
    /// The run that made or accepted it; `None` of what was taken from the lock file.
    pub run: Option<RunId>,
    /// When it was recorded.
    pub time: Timestamp,
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
    /// What it took besides.
    #[serde(flatten)]
    pub usage: ResourceUsage,
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The version of what made it.
    pub code_version: CodeVersion,
    /// Its data version.
    pub data_version: DataVersion,
    /// Whether it changed the data.
    pub outcome: Outcome,
    /// Whether a command ran for it.
    #[serde(flatten, serialize_with = "fields::origin")]
    pub origin: Origin,
    /// What it made, in declared order.
    pub outputs: Vec<OutputRecord>,
    /// What it read.
    pub inputs: Vec<InputRange>,
}

/// Neighbouring partitions that a materialization read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRange {
    /// The input's name.
    pub input: String,
    /// The first key; `None` where the upstream is unpartitioned.
    pub first: Option<PartitionKey>,
    /// The last key.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
    /// Their data version; `None` where they have several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersion>,
}

#[cfg(test)]
mod tests {
    use crate::answer::{
        Document, FailedAttempt, HistoryEntry, HistoryReport, InputRange, PastAttempt,
    };
    use crate::digest::Digest;
    use crate::model::{
        CodeVersion, DataVersion, Fingerprint, Origin, Outcome, OutputRecord, PartitionKey,
        ResourceUsage, RunId,
    };
    use crate::testkit;

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
            usage: ResourceUsage::default(),
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
            asset: testkit::asset("month"),
            entries: vec![failed],
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
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
            asset: testkit::asset("month"),
            entries: vec![PastAttempt::Made(Box::new(HistoryEntry {
                partition: PartitionKey::parse("2013-07").ok(),
                run: Some(RunId(
                    "0190a6e0-0000-7000-8000-000000000001"
                        .parse()
                        .expect("an id"),
                )),
                time: "2013-08-01T00:00:00Z".parse().expect("a time"),
                duration_ms: 12,
                usage: ResourceUsage {
                    cpu_ms: Some(7),
                    peak_bytes: None,
                },
                fingerprint: Fingerprint(digest("01")),
                code_version: CodeVersion(digest("02")),
                data_version: DataVersion(digest("03")),
                outcome: Outcome::Unchanged,
                origin: Origin::Accepted,
                outputs: vec![OutputRecord {
                    label: None,
                    path: "month.csv".into(),
                    version: DataVersion(digest("03")),
                    bytes: 9,
                }],
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
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"asset":"month","materializations":[{"partition":"2013-07","run":"0190a6e0-0000-7000-8000-000000000001","#,
                r#""time":"2013-08-01T00:00:00Z","duration_ms":12,"cpu_ms":7,"fingerprint":"01010101010101010101010101010101","#,
                r#""code_version":"02020202020202020202020202020202","data_version":"03030303030303030303030303030303","#,
                r#""outcome":"unchanged","accepted":true,"origin":"accepted","#,
                r#""outputs":[{"name":null,"path":"month.csv","version":"03030303030303030303030303030303","bytes":9}],"#,
                r#""inputs":[{"input":"daily","first":"2013-07-01","last":"2013-07-31","count":31}]}]}"#,
            )
        );
    }
}
