//! `check --json`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{
    Ahead, Certainty, CheckBasis, CheckCounts, CheckReport, GitignoredFiles, LockedSources,
    ManifestLine, NotRebuilt, Orphans, PartitionKey, RebuildOutcome, Rebuilt, StaleRange, StepName,
    Unverifiable, WhyDifferent,
};
use crate::wire::{CauseShape, RangeShape, SCHEMA, Text};

/// `{"schema":1,"fresh":false,"stale":[…],"unverifiable":[…],"overdue":[],"checks_failed":[],…}`
#[derive(Debug, Serialize)]
pub struct CheckDocument<'a> {
    schema: u32,
    fresh: bool,
    basis: &'static str,
    counts: CheckCountsShape,
    stale: Vec<StaleShape<'a>>,
    pending: Vec<StaleShape<'a>>,
    due: Vec<RangeShape<'a>>,
    unverifiable: Vec<UnverifiableShape<'a>>,
    overdue: [(); 0],
    checks_failed: [(); 0],
    locked_sources: Vec<TakenShape<'a>>,
    irreproducible: Vec<RangeShape<'a>>,
    orphans: Vec<OrphansShape<'a>>,
    /// Only where something was rebuilt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rebuilt: Vec<RebuiltShape<'a>>,
    /// Only where something was to be rebuilt and could not be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_rebuilt: Vec<NotRebuiltShape<'a>>,
    /// Only where there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ahead: Vec<AheadShape<'a>>,
    /// Only where there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gitignored: Vec<GitignoredShape<'a>>,
    /// Only where it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_not_added: Option<bool>,
}

/// Files that git ignores and that a version holds.
#[derive(Debug, Serialize)]
struct GitignoredShape<'a> {
    asset: &'a str,
    paths: &'a [String],
    count: u32,
}

impl<'a> From<&'a GitignoredFiles> for GitignoredShape<'a> {
    fn from(files: &'a GitignoredFiles) -> Self {
        Self {
            asset: files.asset.as_str(),
            paths: &files.paths,
            count: files.count,
        }
    }
}

/// A source whose version was taken from the lock file.
#[derive(Debug, Serialize)]
struct TakenShape<'a> {
    #[serde(flatten)]
    range: RangeShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<Text<Timestamp>>,
}

#[derive(Debug, Serialize)]
struct NotRebuiltShape<'a> {
    asset: &'a str,
    count: u32,
    why: &'static str,
}

/// Lines of windows that have not ended.
#[derive(Debug, Serialize)]
struct AheadShape<'a> {
    asset: &'a str,
    window: &'a str,
    lines: u32,
}

/// What came of building one asset partition in scratch.
#[derive(Debug, Serialize)]
struct RebuiltShape<'a> {
    step: String,
    asset: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<&'a str>,
    #[serde(flatten)]
    outcome: RebuildOutcomeShape<'a>,
    location: LineShape<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum RebuildOutcomeShape<'a> {
    Same,
    Failed {
        message: &'a str,
        tail: &'a [String],
    },
    Different {
        outputs: &'a [String],
        why: &'static str,
    },
}

/// How many asset partitions were found how.
#[derive(Debug, Serialize)]
struct CheckCountsShape {
    all: u32,
    fresh: u32,
    stale: u32,
    missing: u32,
    pending: u32,
    due: u32,
    unverifiable: u32,
}

/// Neighbours that are not fresh, for the same reasons.
#[derive(Debug, Serialize)]
struct StaleShape<'a> {
    #[serde(flatten)]
    range: RangeShape<'a>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    certainty: Option<&'static str>,
    causes: Vec<CauseShape<'a>>,
    location: LineShape<'a>,
}

/// Neighbours that cannot be judged.
#[derive(Debug, Serialize)]
struct UnverifiableShape<'a> {
    #[serde(flatten)]
    range: RangeShape<'a>,
    why: &'static str,
    path: &'a str,
    location: LineShape<'a>,
}

#[derive(Debug, Serialize)]
struct LineShape<'a> {
    file: &'a str,
    line: u32,
}

#[derive(Debug, Serialize)]
struct OrphansShape<'a> {
    asset: &'a str,
    lines: u32,
}

impl<'a> From<&'a CheckReport> for CheckDocument<'a> {
    fn from(report: &'a CheckReport) -> Self {
        let stale = |ranges: &'a [StaleRange]| ranges.iter().map(StaleShape::from).collect();
        Self {
            schema: SCHEMA,
            fresh: report.is_fresh(),
            basis: match report.basis {
                CheckBasis::Lock => "lock",
                CheckBasis::Instance => "instance",
            },
            counts: report.counts().into(),
            stale: stale(&report.stale),
            pending: stale(&report.pending),
            due: RangeShape::all(&report.due),
            unverifiable: report.unverifiable.iter().map(Into::into).collect(),
            overdue: [],
            checks_failed: [],
            locked_sources: report.locked_sources.iter().map(Into::into).collect(),
            irreproducible: RangeShape::all(&report.irreproducible),
            orphans: report.orphans.iter().map(Into::into).collect(),
            rebuilt: report.rebuilt.iter().map(Into::into).collect(),
            not_rebuilt: report.not_rebuilt.iter().map(Into::into).collect(),
            ahead: report.ahead.iter().map(Into::into).collect(),
            gitignored: report.gitignored.iter().map(Into::into).collect(),
            lock_not_added: report.lock_not_added.then_some(true),
        }
    }
}

impl<'a> From<&'a LockedSources> for TakenShape<'a> {
    fn from(taken: &'a LockedSources) -> Self {
        Self {
            range: RangeShape::from(&taken.range),
            observed: taken.observed.map(|observed| Text(observed.time)),
        }
    }
}

impl<'a> From<&'a NotRebuilt> for NotRebuiltShape<'a> {
    fn from(left_out: &'a NotRebuilt) -> Self {
        Self {
            asset: left_out.asset.as_str(),
            count: left_out.count,
            why: left_out.why.word(),
        }
    }
}

impl<'a> From<&'a Ahead> for AheadShape<'a> {
    fn from(ahead: &'a Ahead) -> Self {
        Self {
            asset: ahead.asset.as_str(),
            window: ahead.window.as_str(),
            lines: ahead.lines,
        }
    }
}

impl<'a> From<&'a Rebuilt> for RebuiltShape<'a> {
    fn from(rebuilt: &'a Rebuilt) -> Self {
        let StepName { asset, partition } = &rebuilt.step;
        Self {
            step: rebuilt.step.to_string(),
            asset: asset.as_str(),
            partition: partition.as_ref().map(PartitionKey::as_str),
            outcome: match &rebuilt.outcome {
                RebuildOutcome::Same => RebuildOutcomeShape::Same,
                RebuildOutcome::Failed { message, tail } => {
                    RebuildOutcomeShape::Failed { message, tail }
                }
                RebuildOutcome::Different { outputs, why } => RebuildOutcomeShape::Different {
                    outputs,
                    why: match why {
                        WhyDifferent::Undeclared => "undeclared",
                        WhyDifferent::Irreproducible => "irreproducible",
                    },
                },
            },
            location: (&rebuilt.place).into(),
        }
    }
}

impl From<CheckCounts> for CheckCountsShape {
    fn from(counts: CheckCounts) -> Self {
        let CheckCounts {
            all,
            fresh,
            stale,
            missing,
            pending,
            due,
            unverifiable,
        } = counts;
        Self {
            all,
            fresh,
            stale,
            missing,
            pending,
            due,
            unverifiable,
        }
    }
}

impl<'a> From<&'a StaleRange> for StaleShape<'a> {
    fn from(stale: &'a StaleRange) -> Self {
        Self {
            range: RangeShape::from(&stale.range),
            status: stale.status.word(),
            certainty: match stale.certainty {
                Certainty::Exact => None,
                Certainty::Cautious => Some("cautious"),
            },
            causes: CauseShape::all(&stale.causes),
            location: LineShape::from(&stale.place),
        }
    }
}

impl<'a> From<&'a Unverifiable> for UnverifiableShape<'a> {
    fn from(unverifiable: &'a Unverifiable) -> Self {
        Self {
            range: RangeShape::from(&unverifiable.range),
            why: unverifiable.why.word(),
            path: &unverifiable.path,
            location: LineShape::from(&unverifiable.place),
        }
    }
}

impl<'a> From<&'a ManifestLine> for LineShape<'a> {
    fn from(place: &'a ManifestLine) -> Self {
        Self {
            file: &place.file,
            line: place.line,
        }
    }
}

impl<'a> From<&'a Orphans> for OrphansShape<'a> {
    fn from(orphans: &'a Orphans) -> Self {
        Self {
            asset: &orphans.asset,
            lines: orphans.lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::CheckDocument;
    use crate::model::{
        Ahead, AssetKey, Cause, Certainty, CheckBasis, CheckReport, CheckedAsset, DueWindows,
        KeyRange, LockedSources, ManifestLine, NotRebuilt, Observed, Orphans, PartitionKey,
        StaleRange, Status, Strictness, Unverifiable, WhyNotRebuilt, WhyUnverifiable,
    };

    fn range(asset: &str, first: &str, last: &str, count: u32) -> KeyRange {
        KeyRange {
            asset: AssetKey::parse(asset).expect("a key"),
            first: PartitionKey::parse(first).ok(),
            last: PartitionKey::parse(last).ok(),
            count,
        }
    }

    fn place(line: u32) -> ManifestLine {
        ManifestLine {
            file: "Assets.toml".into(),
            line,
        }
    }

    #[test]
    fn all_that_a_check_can_say() {
        let stale = |range, status, certainty, causes| StaleRange {
            range,
            status,
            causes,
            certainty,
            place: place(12),
        };
        let report = CheckReport {
            assets: vec![CheckedAsset {
                asset: AssetKey::parse("clean").expect("a key"),
                count: 10,
                fresh: 2,
                place: place(12),
            }],
            stale: vec![
                stale(
                    range("clean", "2013-07-04", "2013-07-05", 2),
                    Status::Stale,
                    Certainty::Cautious,
                    vec![Cause::Volatile],
                ),
                stale(
                    range("clean", "2013-07-06", "2013-07-06", 1),
                    Status::Missing,
                    Certainty::Exact,
                    vec![],
                ),
            ],
            pending: vec![stale(
                range("year", "", "", 1),
                Status::Pending,
                Certainty::Exact,
                vec![],
            )],
            due: vec![range("clean", "2013-07-07", "2013-07-08", 2)],
            unverifiable: vec![Unverifiable {
                range: range("clean", "2013-07-01", "2013-07-01", 1),
                why: WhyUnverifiable::LfsPointer,
                path: "data/2013-07-01.csv".into(),
                place: place(12),
            }],
            locked_sources: vec![LockedSources {
                range: range("warehouse", "", "", 1),
                observed: Some(Observed {
                    time: Timestamp::UNIX_EPOCH,
                    now: Timestamp::UNIX_EPOCH,
                }),
            }],
            ahead: vec![Ahead {
                asset: AssetKey::parse("clean").expect("a key"),
                window: PartitionKey::parse("2013-08-01").expect("a key"),
                lines: 2,
            }],
            not_rebuilt: vec![NotRebuilt {
                asset: AssetKey::parse("clean").expect("a key"),
                count: 3,
                why: WhyNotRebuilt::Volatile,
            }],
            irreproducible: vec![range("clean", "2013-07-02", "2013-07-02", 1)],
            orphans: vec![Orphans {
                asset: "old".into(),
                lines: 3,
            }],
            ..CheckReport::of_nothing(CheckBasis::Lock, DueWindows::Apart, Strictness::Lenient)
        };
        let json = serde_json::to_string(&CheckDocument::from(&report)).expect("JSON");
        assert_eq!(
            json,
            concat!(
                r#"{"schema":1,"fresh":false,"basis":"lock","#,
                r#""counts":{"all":10,"fresh":2,"stale":2,"missing":1,"pending":1,"due":2,"unverifiable":1},"#,
                r#""stale":[{"asset":"clean","first":"2013-07-04","last":"2013-07-05","count":2,"status":"stale","#,
                r#""certainty":"cautious","causes":[{"kind":"volatile"}],"location":{"file":"Assets.toml","line":12}},"#,
                r#"{"asset":"clean","first":"2013-07-06","last":"2013-07-06","count":1,"status":"missing","causes":[],"#,
                r#""location":{"file":"Assets.toml","line":12}}],"#,
                r#""pending":[{"asset":"year","first":null,"last":null,"count":1,"status":"pending","causes":[],"#,
                r#""location":{"file":"Assets.toml","line":12}}],"#,
                r#""due":[{"asset":"clean","first":"2013-07-07","last":"2013-07-08","count":2}],"#,
                r#""unverifiable":[{"asset":"clean","first":"2013-07-01","last":"2013-07-01","count":1,"why":"lfs_pointer","#,
                r#""path":"data/2013-07-01.csv","location":{"file":"Assets.toml","line":12}}],"#,
                r#""overdue":[],"checks_failed":[],"#,
                r#""locked_sources":[{"asset":"warehouse","first":null,"last":null,"count":1,"observed":"1970-01-01T00:00:00Z"}],"#,
                r#""irreproducible":[{"asset":"clean","first":"2013-07-02","last":"2013-07-02","count":1}],"#,
                r#""orphans":[{"asset":"old","lines":3}],"#,
                r#""not_rebuilt":[{"asset":"clean","count":3,"why":"volatile"}],"#,
                r#""ahead":[{"asset":"clean","window":"2013-08-01","lines":2}]}"#,
            )
        );
    }
}
