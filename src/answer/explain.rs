//! What `explain` answers.

use serde::Serialize;
use std::time::Duration;

use crate::answer::{DeclaredIn, FailedAttempt, HistoryEntry, KeyRange, fields};
use crate::model::{Cause, DataVersion, Status, StepName};

/// Why an asset partition is fresh, or is not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainReport {
    /// The asset partition.
    #[serde(flatten, serialize_with = "fields::asset_partition")]
    pub step: StepName,
    /// Where it is declared.
    pub declared_in: DeclaredIn,
    /// Its status.
    pub status: Status,
    /// Why, each with the chain to its root.
    pub causes: Vec<Cause>,
    /// Why it cannot be made now; `None` if it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// Everything that its fingerprint is made of, in the order of the record.
    pub record: Vec<ComparedField>,
    /// Its outputs, in declared order.
    pub outputs: Vec<ComparedOutput>,
    /// What would run, as an argument vector; empty for an external asset.
    pub command: Vec<String>,
    /// How long it usually takes.
    #[serde(
        rename = "expected_ms",
        serialize_with = "fields::milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub expected: Option<Duration>,
    /// Its last materialization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<HistoryEntry>,
    /// Its last attempt, where that failed.
    #[serde(rename = "last_attempt", skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedAttempt>,
    /// The upstream partitions that it reads, in declared order; sources too.
    pub reads: Vec<KeyRange>,
    /// The downstream partitions that read it.
    pub feeds: Vec<KeyRange>,
}

/// A field of a fingerprint's readable record, as recorded and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedField {
    /// Its name: `code.command`, `input.flights`, `config.limit`.
    pub field: String,
    /// As recorded; `None` if it is new or nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// As it is; `None` if it is gone, or cannot be known yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Whether it is what was recorded.
    pub equal: bool,
}

impl ComparedField {
    /// Compares a field.
    pub fn new(field: String, recorded: Option<String>, now: Option<String>) -> Self {
        Self {
            equal: recorded == now,
            field,
            recorded,
            now,
        }
    }
}

/// An output, as recorded and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedOutput {
    /// Its label; `None` for the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its path, relative to the project root.
    pub path: String,
    /// Its recorded version; `None` if nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<DataVersion>,
    /// Its version now; `None` if nothing is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<DataVersion>,
    /// Whether it is what was recorded; nothing recorded is equal to nothing.
    pub equal: bool,
    /// Of a directory that is not what was recorded, the first files in it that are newer than the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub newer: Vec<String>,
    /// How many newer files there are besides.
    #[serde(skip_serializing_if = "fields::is_default")]
    pub more: u64,
}

#[cfg(test)]
mod tests {
    use crate::answer::{
        ComparedField, ComparedOutput, DeclaredIn, Document, ExplainReport, ListedPlace,
    };
    use crate::model::{PartitionKey, Status, StepName};
    use crate::testkit;

    #[test]
    fn equal_is_what_is_equal() {
        let field = |field: &str, recorded: Option<&str>, now: Option<&str>| {
            ComparedField::new(
                field.into(),
                recorded.map(str::to_owned),
                now.map(str::to_owned),
            )
        };
        let report = ExplainReport {
            step: StepName {
                asset: testkit::asset("clean"),
                partition: PartitionKey::parse("2013-07-04").ok(),
            },
            declared_in: DeclaredIn {
                place: ListedPlace {
                    file: "gen/Assets.toml".into(),
                    line: 3,
                },
                each: Some("raw/{{each.name}}".into()),
                printed_by: Some(ListedPlace {
                    file: "Assets.toml".into(),
                    line: 2,
                }),
            },
            status: Status::Stale,
            causes: vec![],
            blocked: None,
            record: vec![
                field("code.command", Some("a"), Some("a")),
                field("input.flights", Some("a"), None),
            ],
            outputs: vec![ComparedOutput {
                name: None,
                path: "build/x.csv".into(),
                recorded: None,
                now: None,
                newer: vec![],
                more: 0,
                equal: false,
            }],
            command: vec!["sh".into(), "-euc".into(), "true".into()],
            expected: None,
            last: None,
            failed: None,
            reads: vec![],
            feeds: vec![],
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"asset":"clean","partition":"2013-07-04","declared_in":{"file":"gen/Assets.toml","line":3,"each":"raw/{{each.name}}","printed_by":{"file":"Assets.toml","line":2}},"status":"stale","causes":[],"#,
                r#""record":[{"field":"code.command","recorded":"a","now":"a","equal":true},"#,
                r#"{"field":"input.flights","recorded":"a","equal":false}],"#,
                r#""outputs":[{"path":"build/x.csv","equal":false}],"command":["sh","-euc","true"],"reads":[],"feeds":[]}"#,
            )
        );
    }
}
