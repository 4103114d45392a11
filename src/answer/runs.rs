//! What `runs list` and `runs show` answer.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::answer::{KeyRange, RunCounts, StepFailure};
use crate::digest::Digest;
use crate::model::{
    AssetKey, Batch, Name, PartitionKey, RunId, RunStatus, RunTags, RunVerb, StepName,
};

/// Runs as they are recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunsReport {
    /// Newest first.
    pub runs: Vec<ListedRun>,
}

/// A run in a few words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListedRun {
    /// Its id.
    pub run: RunId,
    /// The run that it repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    /// The first of the runs that it repeats; its own id where it repeats none.
    pub root: RunId,
    /// The verb that began it.
    #[serde(serialize_with = "word")]
    pub verb: RunVerb,
    /// The job that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Name>,
    /// How it stands.
    #[serde(serialize_with = "status")]
    pub status: RunStatus,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` for one that has not, or has crashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// The partitions, as the user wrote them.
    pub partitions: String,
    /// Its tags.
    pub tags: RunTags,
    /// How many steps ended how, until now.
    pub counts: RunCounts,
    /// The rest, where one run is shown.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<RunMore>>,
}

/// What is said of one run that is shown by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunMore {
    /// The configuration that it was given, as words; `None` where nothing was given.
    pub config: Option<serde_json::Value>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_key: Option<String>,
    /// The scope of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The environment that it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// Where its assets are declared: in a `file`.
    pub declared_in: &'static str,
    /// The digest of the declarations.
    pub manifest: Digest,
    /// The name of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Who has started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The id of its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The version of assetctl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_version: Option<String>,
    /// The commit of the repository that the project lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
    /// The steps of its plan.
    pub planned: Vec<KeyRange>,
    /// The steps of which something is recorded, in the order in which they began.
    pub steps: Vec<RunStep>,
}

/// A step of a run, as its events tell.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStep {
    /// The step.
    pub step: StepName,
    /// All that its command makes, where that is more.
    pub batch: Option<Batch>,
    /// How it stands.
    pub state: RunStepState,
    /// Why it did not run, where something kept it from that.
    pub reason: Option<String>,
    /// Its attempts, in order.
    pub attempts: Vec<RunAttempt>,
}

/// How a step of a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStepState {
    /// It runs.
    Running,
    /// It ran when its run crashed.
    Interrupted,
    /// Its next attempt is to come.
    Waiting,
    /// Its outputs are new.
    Materialized,
    /// Its outputs came out as they were.
    Unchanged,
    /// It failed.
    Failed,
    /// It was interrupted.
    Canceled,
    /// Something that it needs failed or is missing.
    Blocked,
    /// It turned out to be fresh.
    Fresh,
}

/// An attempt at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAttempt {
    /// Its number, from 0.
    pub attempt: u32,
    /// How it ended.
    pub state: RunStepState,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, in milliseconds, of a batch its share of that; until now where it has not ended.
    pub duration_ms: u64,
    /// How it failed, if it did.
    pub failure: Option<Box<StepFailure>>,
    /// Its log, relative to the project root, if there is anything in it.
    pub log: Option<String>,
}

impl RunStepState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Waiting => "waiting",
            Self::Materialized => "materialized",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Blocked => "blocked",
            Self::Fresh => "fresh",
        }
    }
}

impl RunStep {
    /// What one command made: `clean@2013-07-04`, or `clean@2013-07-04...2013-07-06`.
    pub fn name(&self) -> String {
        match &self.batch {
            Some(batch) => format!("{}@{}...{}", self.step.asset, batch.first, batch.last),
            None => self.step.to_string(),
        }
    }

    /// Whether it is the one that stands for its batch.
    pub fn is_first(&self) -> bool {
        let first = self.batch.as_ref().map(|batch| &batch.first);
        first.is_none_or(|first| self.step.partition.as_ref() == Some(first))
    }

    /// How many partitions its command makes.
    pub fn share(&self) -> u64 {
        self.batch.as_ref().map_or(1, |batch| u64::from(batch.len))
    }
}

impl Serialize for RunStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            step: &'a StepName,
            asset: &'a AssetKey,
            partition: Option<&'a PartitionKey>,
            #[serde(skip_serializing_if = "Option::is_none")]
            batch: Option<&'a Batch>,
            outcome: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
            attempts: &'a [RunAttempt],
        }
        let shape = Shape {
            step: &self.step,
            asset: &self.step.asset,
            partition: self.step.partition.as_ref(),
            batch: self.batch.as_ref(),
            outcome: self.state.word(),
            reason: self.reason.as_deref(),
            attempts: &self.attempts,
        };
        shape.serialize(serializer)
    }
}

impl Serialize for RunAttempt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            attempt: u32,
            outcome: &'static str,
            started: Timestamp,
            #[serde(flatten, skip_serializing_if = "Option::is_none")]
            failure: Option<&'a StepFailure>,
            duration_ms: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            log: Option<&'a str>,
        }
        let shape = Shape {
            attempt: self.attempt,
            outcome: self.state.word(),
            started: self.started,
            failure: self.failure.as_deref(),
            duration_ms: self.duration_ms,
            log: self.log.as_deref(),
        };
        shape.serialize(serializer)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn word<S: Serializer>(verb: &RunVerb, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verb.word())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn status<S: Serializer>(status: &RunStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.word())
}

/// What `runs delete` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeletedRuns {
    /// The runs.
    pub runs: Vec<RunId>,
    /// Folders with logs that are removed, relative to the project root.
    pub files: Vec<String>,
}

/// What `runs export` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportedRun {
    /// The run.
    pub run: RunId,
    /// The archive.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// The files in it.
    pub files: Vec<String>,
}
