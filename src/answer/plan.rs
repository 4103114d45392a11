//! What `plan` answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::answer::{KeyRange, fields};
use crate::model::{AssetKey, Cause, PartitionKeys, Status, StepName};

/// What a materialization would run.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # [asset.shout]
/// # deps = "greeting"
/// # command = "tr a-z A-Z < {{input}} > {{output}}"
/// # outputs = "shout.txt"
/// # "#)?;
/// use assetctl::{PlanRequest, Project, plan};
///
/// let project = Project::load(folder.path())?;
/// let plan = plan(&project, PlanRequest::new())?;
/// assert_eq!(plan.counts.run, 2);
/// let chain: Vec<_> = plan.critical_path.iter().map(ToString::to_string).collect();
/// assert_eq!(chain, ["greeting", "shout"]);
/// assert_eq!(plan.expected, None, "nothing has run yet");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanReport {
    /// Steps that run, may run or are blocked, upstream before downstream; neighbours with equal decision and causes as
    /// one, or each partition where that was asked for.
    pub steps: Vec<PlanStep>,
    /// How many partitions are decided how.
    pub counts: PlanCounts,
    /// How long all of it usually takes with the given number of jobs; `None` where some step never ran.
    #[serde(
        rename = "expected_ms",
        serialize_with = "fields::milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub expected: Option<Duration>,
    /// The chain of steps that bounds how fast it can be, upstream first.
    pub critical_path: Vec<StepName>,
    /// What lies at the places of outputs, was not made by any step, and will be set aside; an entry for each asset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<PlannedAside>,
}

/// What lies at the places of an asset's outputs, was not made by any step, and will be set aside.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{PlanRequest, Project, plan};
///
/// let project = Project::load(folder.path())?;
/// std::fs::write(project.root().join("greeting.txt"), "written by hand")?;
/// let plan = plan(&project, PlanRequest::new())?;
/// assert_eq!((plan.set_aside[0].count, plan.set_aside[0].path.as_str()), (1, "greeting.txt"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedAside {
    /// The asset.
    pub asset: AssetKey,
    /// How many files and folders.
    pub count: u32,
    /// The first of them, relative to the project root.
    pub path: String,
}

/// Steps of neighbouring partitions.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # [asset.shout]
/// # deps = "greeting"
/// # command = "tr a-z A-Z < {{input}} > {{output}}"
/// # outputs = "shout.txt"
/// # "#)?;
/// use assetctl::{PlanRequest, Project, plan};
///
/// let project = Project::load(folder.path())?;
/// let plan = plan(&project, PlanRequest::new())?;
/// let shout = &plan.steps[1];
/// assert_eq!((shout.keys.to_string(), shout.needs[0].to_string()), ("shout".to_owned(), "greeting".to_owned()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PlanStep {
    /// Which.
    pub keys: KeyRange,
    /// Whether they run.
    pub decision: Decision,
    /// Why.
    pub causes: Vec<Cause>,
    /// What the lock file knows of them where there is no cause.
    pub elsewhere: MadeElsewhere,
    /// How long all of them usually take, one after the other; `None` where that is not known.
    pub expected: Option<Duration>,
    /// The upstream steps of this plan that run before.
    pub needs: Vec<KeyRange>,
}

/// Whether somebody else has made what was never materialized here.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{MadeElsewhere, MaterializeRequest, PlanRequest, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// std::fs::remove_file(project.root().join("greeting.txt"))?;
/// let plan = plan(&project, PlanRequest::new())?;
/// assert_eq!(plan.steps[0].elsewhere, MadeElsewhere::Locked, "as in a fresh clone");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MadeElsewhere {
    /// Nobody has, as far as is known.
    #[default]
    No,
    /// It has a right line in the lock file, and its outputs are not here.
    Locked,
    /// It has a right line in the lock file, and nothing tells whether the outputs here are those of the line.
    Unverifiable,
}

/// What a plan says of a step.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [source.raw]
/// # path = "raw.txt"
/// # [asset.sorted]
/// # deps = "raw"
/// # command = "sort {{input}} > {{output}}"
/// # outputs = "sorted.txt"
/// # "#)?;
/// use assetctl::{Decision, PlanRequest, Project, plan};
///
/// let project = Project::load(folder.path())?;
/// let plan = plan(&project, PlanRequest::new())?;
/// assert_eq!(plan.steps[0].decision, Decision::Blocked { reason: "raw: raw.txt is missing".to_owned() });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It runs.
    Run,
    /// It runs if an upstream comes out different.
    MayRun,
    /// It cannot run.
    Blocked {
        /// Why, in words: `raw: data/raw/2013-07-04.csv is missing`.
        reason: String,
    },
}

/// How many asset partitions are decided how.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # [asset.shout]
/// # deps = "greeting"
/// # command = "tr a-z A-Z < {{input}} > {{output}}"
/// # outputs = "shout.txt"
/// # "#)?;
/// use assetctl::{PlanCounts, PlanRequest, Project, plan};
///
/// let project = Project::load(folder.path())?;
/// let plan = plan(&project, PlanRequest::new())?;
/// assert_eq!(plan.counts, PlanCounts { run: 2, ..PlanCounts::default() });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCounts {
    /// [`Decision::Run`].
    pub run: u32,
    /// [`Decision::MayRun`].
    pub may_run: u32,
    /// Need nothing.
    pub fresh: u32,
    /// [`Decision::Blocked`].
    pub blocked: u32,
}

impl Serialize for PlanStep {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct PlanStepShape<'a> {
            #[serde(flatten)]
            keys: &'a KeyRange,
            decision: &'static str,
            causes: &'a [Cause],
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<Status>,
            #[serde(
                serialize_with = "fields::milliseconds",
                skip_serializing_if = "Option::is_none"
            )]
            expected_ms: Option<Duration>,
            needs: &'a [KeyRange],
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
        }
        let (decision, reason) = match &self.decision {
            Decision::Run => ("run", None),
            Decision::MayRun => ("may_run", None),
            Decision::Blocked { reason } => ("blocked", Some(reason.as_str())),
        };
        PlanStepShape {
            keys: &self.keys,
            decision,
            causes: &self.causes,
            status: match self.elsewhere {
                MadeElsewhere::No => None,
                MadeElsewhere::Locked => Some(Status::Locked),
                MadeElsewhere::Unverifiable => Some(Status::Unverifiable),
            },
            expected_ms: self.expected,
            needs: &self.needs,
            reason,
        }
        .serialize(out)
    }
}

/// The keys of assets, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct KeyPlaces(Arc<HashMap<AssetKey, PartitionKeys>>);

impl KeyPlaces {
    /// The place of a step's key among the keys of its asset; `None` where it has none, or is not known.
    pub fn place(&self, step: &StepName) -> Option<u32> {
        let keys = self.0.get(&step.asset)?;
        let index = keys.index_of(step.partition.as_ref()?.as_str())?;
        Some(keys.place_of(index))
    }
}

impl FromIterator<(AssetKey, PartitionKeys)> for KeyPlaces {
    fn from_iter<I: IntoIterator<Item = (AssetKey, PartitionKeys)>>(keys: I) -> Self {
        Self(Arc::new(keys.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::answer::{
        Decision, Document, KeyRange, MadeElsewhere, PlanCounts, PlanReport, PlanStep,
    };
    use crate::model::{PartitionKey, StepName};
    use crate::testkit;

    #[test]
    fn steps_carry_their_range_inline() {
        let clean = testkit::asset("clean");
        let key = PartitionKey::parse("2013-07-04").ok();
        let keys = KeyRange {
            asset: clean.clone(),
            first: key.clone(),
            last: key.clone(),
            count: 1,
        };
        let year = KeyRange {
            asset: testkit::asset("year"),
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
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
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
