//! `status --json`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    AssetStatus, Evidence, PartitionKey, PartitionRun, RunningPartition, StatusCounts, StatusReport,
};
use crate::wire::{CauseShape, SCHEMA};

/// `{"schema":1,"now":…,"assets":[…],"summary":{…}}`
#[derive(Debug, Serialize)]
pub struct StatusDocument<'a> {
    schema: u32,
    now: Timestamp,
    assets: Vec<AssetStatusShape<'a>>,
    summary: CountsShape,
    recorded: bool,
}

#[derive(Debug, Serialize)]
struct AssetStatusShape<'a> {
    key: &'a str,
    kind: &'static str,
    counts: CountsShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Timestamp>,
    partitions: Vec<RunShape<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    running: Vec<RunningShape<'a>>,
}

/// A partition on which a run works.
#[derive(Debug, Serialize)]
struct RunningShape<'a> {
    partition: Option<&'a str>,
    run: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_behind: Option<&'a str>,
}

/// Neighbours of equal status and causes.
#[derive(Debug, Serialize)]
pub(super) struct RunShape<'a> {
    first: Option<&'a str>,
    last: Option<&'a str>,
    count: u32,
    status: &'static str,
    causes: Vec<CauseShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<&'a str>,
}

/// How many partitions have which status.
#[derive(Debug, Serialize)]
pub(super) struct CountsShape {
    fresh: u32,
    stale: u32,
    missing: u32,
    failed: u32,
    pending: u32,
    locked: u32,
    unverifiable: u32,
    blocked: u32,
}

impl<'a> From<&'a StatusReport> for StatusDocument<'a> {
    fn from(report: &'a StatusReport) -> Self {
        Self {
            schema: SCHEMA,
            now: report.now,
            assets: report.assets.iter().map(AssetStatusShape::from).collect(),
            summary: report.summary.into(),
            recorded: report.evidence == Evidence::Recorded,
        }
    }
}

impl<'a> From<&'a AssetStatus> for AssetStatusShape<'a> {
    fn from(asset: &'a AssetStatus) -> Self {
        Self {
            key: asset.key.as_str(),
            kind: asset.kind.word(),
            counts: asset.counts.into(),
            last: asset.last,
            partitions: asset.partitions.iter().map(RunShape::from).collect(),
            running: asset.running.iter().map(RunningShape::from).collect(),
        }
    }
}

impl<'a> From<&'a RunningPartition> for RunningShape<'a> {
    fn from(running: &'a RunningPartition) -> Self {
        Self {
            partition: running.partition.as_ref().map(PartitionKey::as_str),
            run: running.run.to_string(),
            pid: running.pid,
            since: running.since,
            left_behind: running.left_behind.as_deref(),
        }
    }
}

impl<'a> From<&'a PartitionRun> for RunShape<'a> {
    fn from(run: &'a PartitionRun) -> Self {
        Self {
            first: run.first.as_ref().map(PartitionKey::as_str),
            last: run.last.as_ref().map(PartitionKey::as_str),
            count: run.count,
            status: run.status.word(),
            causes: CauseShape::all(&run.causes),
            blocked: run.blocked.as_deref(),
        }
    }
}

impl From<StatusCounts> for CountsShape {
    fn from(counts: StatusCounts) -> Self {
        let StatusCounts {
            fresh,
            stale,
            missing,
            failed,
            pending,
            locked,
            unverifiable,
            blocked,
        } = counts;
        Self {
            fresh,
            stale,
            missing,
            failed,
            pending,
            locked,
            unverifiable,
            blocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StatusDocument;
    use crate::model::{
        AssetKey, AssetStatus, Cause, DeclarationKind, Evidence, PartitionKey, PartitionRun, RunId,
        RunningPartition, Status, StatusCounts, StatusReport,
    };

    #[test]
    fn runs_of_partitions_and_an_unpartitioned_asset() {
        let counts = StatusCounts {
            stale: 2,
            ..StatusCounts::default()
        };
        let report = StatusReport {
            now: "2013-07-06T00:00:00Z".parse().expect("a time"),
            assets: vec![
                AssetStatus {
                    key: AssetKey::parse("clean").expect("a key"),
                    kind: DeclarationKind::Asset,
                    counts,
                    partitions: vec![PartitionRun {
                        first: PartitionKey::parse("2013-07-04").ok(),
                        last: PartitionKey::parse("2013-07-05").ok(),
                        count: 2,
                        status: Status::Stale,
                        causes: vec![Cause::Forced],
                        blocked: None,
                    }],
                    last: None,
                    running: vec![RunningPartition {
                        partition: PartitionKey::parse("2013-07-05").ok(),
                        run: RunId(uuid::Uuid::nil()),
                        pid: Some(4711),
                        since: "2013-07-05T23:59:00Z".parse().ok(),
                        left_behind: None,
                    }],
                },
                AssetStatus {
                    key: AssetKey::parse("airports").expect("a key"),
                    kind: DeclarationKind::Source,
                    counts: StatusCounts::default(),
                    partitions: vec![PartitionRun {
                        first: None,
                        last: None,
                        count: 1,
                        status: Status::Fresh,
                        causes: vec![],
                        blocked: None,
                    }],
                    last: "2013-07-05T01:02:03.5Z".parse().ok(),
                    running: vec![],
                },
            ],
            summary: counts,
            evidence: Evidence::Files,
        };
        let json = serde_json::to_string(&StatusDocument::from(&report)).expect("JSON");
        assert_eq!(
            json,
            concat!(
                r#"{"schema":1,"now":"2013-07-06T00:00:00Z","assets":["#,
                r#"{"key":"clean","kind":"asset","counts":{"fresh":0,"stale":2,"missing":0,"failed":0,"pending":0,"locked":0,"unverifiable":0,"blocked":0},"#,
                r#""partitions":[{"first":"2013-07-04","last":"2013-07-05","count":2,"status":"stale","causes":[{"kind":"forced"}]}],"#,
                r#""running":[{"partition":"2013-07-05","run":"00000000-0000-0000-0000-000000000000","pid":4711,"since":"2013-07-05T23:59:00Z"}]},"#,
                r#"{"key":"airports","kind":"source","counts":{"fresh":0,"stale":0,"missing":0,"failed":0,"pending":0,"locked":0,"unverifiable":0,"blocked":0},"#,
                r#""last":"2013-07-05T01:02:03.5Z","partitions":[{"first":null,"last":null,"count":1,"status":"fresh","causes":[]}]}"#,
                r#"],"summary":{"fresh":0,"stale":2,"missing":0,"failed":0,"pending":0,"locked":0,"unverifiable":0,"blocked":0},"recorded":false}"#,
            )
        );
    }
}
