//! `history --json`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    CodeVersion, DataVersion, Fingerprint, HistoryEntry, HistoryReport, InputRange, Origin,
    Outcome, PartitionKey, RunId,
};
use crate::wire::{SCHEMA, Text};

/// `{"schema":1,"asset":…,"materializations":[…]}`
#[derive(Debug, Serialize)]
pub struct HistoryDocument<'a> {
    schema: u32,
    asset: &'a str,
    materializations: Vec<MaterializationShape<'a>>,
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
            materializations: report
                .materializations
                .iter()
                .map(MaterializationShape::from)
                .collect(),
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
            outcome: match entry.outcome {
                Outcome::Materialized => "materialized",
                Outcome::Unchanged => "unchanged",
            },
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
        AssetKey, CodeVersion, DataVersion, Fingerprint, HistoryEntry, HistoryReport, InputRange,
        Origin, Outcome, PartitionKey, RunId,
    };

    #[test]
    fn one_materialization() {
        let digest = |byte: &str| Digest::from_hex(&byte.repeat(16)).expect("sixteen bytes");
        let report = HistoryReport {
            asset: AssetKey::parse("month").expect("a key"),
            materializations: vec![HistoryEntry {
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
            }],
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
