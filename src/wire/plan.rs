//! `plan --json`, and `materialize --dry-run --json`.

use serde::Serialize;

use crate::model::{Decision, MadeElsewhere, PlanReport, PlanStep, PlannedAside, Status, StepName};
use crate::wire::text::milliseconds;
use crate::wire::{CauseShape, RangeShape, SCHEMA, Text};

/// `{"schema":1,"steps":[…],"counts":{…},"expected_ms":…,"critical_path":["…"]}`
#[derive(Debug, Serialize)]
pub struct PlanDocument<'a> {
    schema: u32,
    steps: Vec<PlanStepShape<'a>>,
    counts: PlanCountsShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_ms: Option<u64>,
    critical_path: Vec<Text<&'a StepName>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    set_aside: Vec<AsideShape<'a>>,
}

/// What lies at the places of an asset's outputs and will be set aside.
#[derive(Debug, Serialize)]
struct AsideShape<'a> {
    asset: &'a str,
    count: u32,
    path: &'a str,
}

#[derive(Debug, Serialize)]
struct PlanStepShape<'a> {
    #[serde(flatten)]
    keys: RangeShape<'a>,
    decision: &'static str,
    causes: Vec<CauseShape<'a>>,
    /// `locked` where the lock file has a right line and the outputs are not here, `unverifiable` where only a record could
    /// tell whether they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_ms: Option<u64>,
    needs: Vec<RangeShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct PlanCountsShape {
    run: u32,
    may_run: u32,
    fresh: u32,
    blocked: u32,
}

impl<'a> From<&'a PlanReport> for PlanDocument<'a> {
    fn from(report: &'a PlanReport) -> Self {
        Self {
            schema: SCHEMA,
            steps: report.steps.iter().map(PlanStepShape::from).collect(),
            counts: PlanCountsShape {
                run: report.counts.run,
                may_run: report.counts.may_run,
                fresh: report.counts.fresh,
                blocked: report.counts.blocked,
            },
            expected_ms: report.expected.map(milliseconds),
            critical_path: report.critical_path.iter().map(Text).collect(),
            set_aside: report.set_aside.iter().map(AsideShape::from).collect(),
        }
    }
}

impl<'a> From<&'a PlannedAside> for AsideShape<'a> {
    fn from(aside: &'a PlannedAside) -> Self {
        Self {
            asset: aside.asset.as_str(),
            count: aside.count,
            path: &aside.path,
        }
    }
}

impl<'a> From<&'a PlanStep> for PlanStepShape<'a> {
    fn from(step: &'a PlanStep) -> Self {
        let (decision, reason) = match &step.decision {
            Decision::Run => ("run", None),
            Decision::MayRun => ("may_run", None),
            Decision::Blocked { reason } => ("blocked", Some(reason.as_str())),
        };
        Self {
            keys: RangeShape::from(&step.keys),
            decision,
            causes: CauseShape::all(&step.causes),
            status: match step.elsewhere {
                MadeElsewhere::No => None,
                MadeElsewhere::Locked => Some(Status::Locked.word()),
                MadeElsewhere::Unverifiable => Some(Status::Unverifiable.word()),
            },
            expected_ms: step.expected.map(milliseconds),
            needs: RangeShape::all(&step.needs),
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::PlanDocument;
    use crate::model::{
        AssetKey, Decision, KeyRange, MadeElsewhere, PartitionKey, PlanCounts, PlanReport,
        PlanStep, StepName,
    };

    #[test]
    fn steps_carry_their_range_inline() {
        let clean = AssetKey::parse("clean").expect("a key");
        let key = PartitionKey::parse("2013-07-04").ok();
        let keys = KeyRange {
            asset: clean.clone(),
            first: key.clone(),
            last: key.clone(),
            count: 1,
        };
        let year = KeyRange {
            asset: AssetKey::parse("year").expect("a key"),
            first: None,
            last: None,
            count: 1,
        };
        let report = PlanReport {
            steps: vec![
                PlanStep {
                    keys: keys.clone(),
                    decision: Decision::Run,
                    causes: vec![],
                    elsewhere: MadeElsewhere::Locked,
                    expected: Some(Duration::from_millis(2100)),
                    needs: vec![],
                },
                PlanStep {
                    keys: year,
                    decision: Decision::Blocked {
                        reason: "no file".into(),
                    },
                    causes: vec![],
                    elsewhere: MadeElsewhere::No,
                    expected: None,
                    needs: vec![keys],
                },
            ],
            counts: PlanCounts {
                run: 1,
                may_run: 0,
                fresh: 7,
                blocked: 1,
            },
            expected: None,
            critical_path: vec![StepName {
                asset: clean,
                partition: key,
            }],
            set_aside: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&PlanDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"steps":["#,
                r#"{"asset":"clean","first":"2013-07-04","last":"2013-07-04","count":1,"decision":"run","causes":[],"status":"locked","expected_ms":2100,"needs":[]},"#,
                r#"{"asset":"year","first":null,"last":null,"count":1,"decision":"blocked","causes":[],"#,
                r#""needs":[{"asset":"clean","first":"2013-07-04","last":"2013-07-04","count":1}],"reason":"no file"}"#,
                r#"],"counts":{"run":1,"may_run":0,"fresh":7,"blocked":1},"critical_path":["clean@2013-07-04"]}"#,
            )
        );
    }
}
