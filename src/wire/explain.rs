//! `explain --json`.

use serde::Serialize;

use crate::model::{ComparedField, ComparedOutput, DataVersion, ExplainReport, PartitionKey};
use crate::wire::text::milliseconds;
use crate::wire::{CauseShape, FailedShape, MaterializationShape, RangeShape, SCHEMA, Text};

/// `{"schema":1,"asset":…,"partition":…,"status":…,"causes":[…],"record":[…],…}`
#[derive(Debug, Serialize)]
pub struct ExplainDocument<'a> {
    schema: u32,
    asset: &'a str,
    partition: Option<&'a str>,
    status: &'static str,
    causes: Vec<CauseShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<&'a str>,
    record: Vec<FieldShape<'a>>,
    outputs: Vec<ComparedOutputShape<'a>>,
    command: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<MaterializationShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<FailedShape<'a>>,
    reads: Vec<RangeShape<'a>>,
    feeds: Vec<RangeShape<'a>>,
}

#[derive(Debug, Serialize)]
struct FieldShape<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<&'a str>,
    equal: bool,
}

#[derive(Debug, Serialize)]
struct ComparedOutputShape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Text<DataVersion>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Text<DataVersion>>,
    equal: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    newer: &'a [String],
    #[serde(skip_serializing_if = "is_zero")]
    more: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> From<&'a ExplainReport> for ExplainDocument<'a> {
    fn from(report: &'a ExplainReport) -> Self {
        Self {
            schema: SCHEMA,
            asset: report.step.asset.as_str(),
            partition: report.step.partition.as_ref().map(PartitionKey::as_str),
            status: report.status.word(),
            causes: CauseShape::all(&report.causes),
            blocked: report.blocked.as_deref(),
            record: report.record.iter().map(FieldShape::from).collect(),
            outputs: report
                .outputs
                .iter()
                .map(ComparedOutputShape::from)
                .collect(),
            command: &report.command,
            expected_ms: report.expected.map(milliseconds),
            last: report.last.as_ref().map(MaterializationShape::from),
            last_attempt: report.failed.as_ref().map(FailedShape::from),
            reads: RangeShape::all(&report.reads),
            feeds: RangeShape::all(&report.feeds),
        }
    }
}

impl<'a> From<&'a ComparedField> for FieldShape<'a> {
    fn from(field: &'a ComparedField) -> Self {
        Self {
            field: &field.field,
            recorded: field.recorded.as_deref(),
            now: field.now.as_deref(),
            equal: field.is_equal(),
        }
    }
}

impl<'a> From<&'a ComparedOutput> for ComparedOutputShape<'a> {
    fn from(output: &'a ComparedOutput) -> Self {
        Self {
            name: output.name.as_deref(),
            path: &output.path,
            recorded: output.recorded.map(Text),
            now: output.now.map(Text),
            equal: output.is_equal(),
            newer: &output.newer,
            more: output.more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExplainDocument;
    use crate::model::{
        AssetKey, ComparedField, ComparedOutput, ExplainReport, PartitionKey, Status, StepName,
    };

    #[test]
    fn equal_is_what_is_equal() {
        let field = |field: &str, recorded: Option<&str>, now: Option<&str>| ComparedField {
            field: field.into(),
            recorded: recorded.map(str::to_owned),
            now: now.map(str::to_owned),
        };
        let report = ExplainReport {
            step: StepName {
                asset: AssetKey::parse("clean").expect("a key"),
                partition: PartitionKey::parse("2013-07-04").ok(),
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
            }],
            command: vec!["sh".into(), "-euc".into(), "true".into()],
            expected: None,
            last: None,
            failed: None,
            reads: vec![],
            feeds: vec![],
        };
        assert_eq!(
            serde_json::to_string(&ExplainDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"asset":"clean","partition":"2013-07-04","status":"stale","causes":[],"#,
                r#""record":[{"field":"code.command","recorded":"a","now":"a","equal":true},"#,
                r#"{"field":"input.flights","recorded":"a","equal":false}],"#,
                r#""outputs":[{"path":"build/x.csv","equal":false}],"command":["sh","-euc","true"],"reads":[],"feeds":[]}"#,
            )
        );
    }
}
