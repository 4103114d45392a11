//! What happens in a run, as it is shown, stored and written as JSON lines.
//!
//! Events are the only bridge between doing and showing, and they are the record: the line that a run prints is the text that the
//! instance holds, and what a program gets. One is shown after it was stored. An event of a type that a later version of
//! assetctl has added is read as [`EventKind::Other`], and written again as it was.

mod message;
mod summary;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::answer::{GivenConfiguration, InputRange, fields};
use crate::model::{Batch, Cause, DataVersion, Name, OutputRecord, ResourceUsage, RunId, StepName};

pub use summary::{
    BlockedRange, FailedTry, HookName, Planned, ResourcePhase, RunCounts, RunOrigin, RunOutcome,
    StepFailure, StepOutcome,
};

/// The number of the form in which events are written.
const SCHEMA: u32 = 1;

/// Something that happened, and when.
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
/// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// let times: Vec<_> = result.events().iter().map(|event| event.time).collect();
/// assert!(times.is_sorted());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The run that it belongs to; `None` where there was nothing to run.
    pub run: Option<RunId>,
    /// Its number in its run, from 0, without gaps.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// The job that its run runs.
    pub job: Option<Name>,
    /// What.
    pub kind: EventKind,
}

/// What can happen.
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
/// use assetctl::{EventKind, MaterializeRequest, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// let told = result.events().iter().map(|event| match &event.kind {
///     EventKind::RunStarted { steps, .. } => format!("{steps} to run"),
///     EventKind::StepStarted { step, .. } => format!("{step} starts"),
///     EventKind::StepFinished { step, outcome, .. } => format!("{step}: {outcome:?}"),
///     EventKind::RunFinished { outcome, .. } => format!("{outcome:?}"),
///     other => format!("{other:?}"),
/// });
/// let told: Vec<_> = told.collect();
/// assert_eq!((&*told[0], &*told[2], &*told[5]), ("1 to run", "greeting starts", "Success"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// A run has started that has something to do, or something that it cannot do.
    RunStarted {
        /// How many steps run or may run.
        steps: u32,
        /// The selection, as the user wrote it.
        #[serde(default)]
        selection: String,
        /// The partitions, as the user wrote them.
        #[serde(default)]
        partitions: String,
        /// The configuration that it was given, if one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configuration: Option<Box<GivenConfiguration>>,
        /// Its tags, and the runs that it repeats.
        #[serde(flatten)]
        origin: Box<RunOrigin>,
    },
    /// What is to be done, before the first step.
    RunPlanned(Arc<Planned>),
    /// A source was observed, with something new found in it.
    Observation {
        /// The source.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// Its data version.
        #[serde(rename = "data_version")]
        version: DataVersion,
    },
    /// A step's command starts.
    StepStarted {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// All that its command makes, where that is more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<Arc<Batch>>,
        /// 0 first.
        attempt: u32,
        /// The process of its command; `None` where none could be started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        /// Why it runs.
        causes: Vec<Cause>,
        /// How long it usually takes, of a batch its share of that; `None` where it never ran.
        #[serde(
            rename = "expected_ms",
            with = "some_milliseconds",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        usually: Option<Duration>,
        /// What it reads, with versions.
        #[serde(default)]
        inputs: Vec<InputRange>,
    },
    /// An attempt at a step has failed, and is followed by another.
    StepUpForRetry(Box<FailedTry>),
    /// The command of a step starts once more.
    StepRestarted {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// All that its command makes, where that is more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<Arc<Batch>>,
        /// The number of the attempt, from 0.
        attempt: u32,
        /// The process of its command; `None` where none could be started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
    },
    /// A step waits for another process that runs the same step, or for one that its own command has left behind and that still
    /// writes an output.
    StepWaiting {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// For whom, in words.
        holder: String,
    },
    /// What lay at the place of an output, and was not made by any step, was set aside.
    OutputSetAside {
        /// The step that puts its output there.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// What was there, by its path relative to the project root.
        path: String,
        /// Where it is now, relative to the project root.
        kept: String,
    },
    /// An asset partition has a new materialization; the end of its step comes next.
    Materialization {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// The attempt that has made it.
        attempt: u32,
        /// Its data version as one.
        #[serde(rename = "data_version")]
        version: DataVersion,
    },
    /// A step has ended.
    StepFinished {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// All that its command makes, where that is more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<Arc<Batch>>,
        /// The last attempt.
        attempt: u32,
        /// How.
        #[serde(flatten)]
        outcome: StepOutcome,
        /// What it has made; nothing where it did not end well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outputs: Vec<OutputRecord>,
        /// How long the last attempt took, of a batch its share of that.
        #[serde(rename = "duration_ms", with = "milliseconds")]
        duration: Duration,
        /// What its command took besides.
        #[serde(flatten)]
        usage: ResourceUsage,
        /// Its log, relative to the project root, if there is anything in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<String>,
        /// Why it ran.
        causes: Vec<Cause>,
        /// What the user should know although the step ended well or in addition to why it failed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// A step does not run because something that it needs failed or is missing.
    StepBlocked {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
        /// What it needs.
        needs: Vec<StepName>,
        /// Why, in words.
        reason: String,
    },
    /// A resource begins to be set up.
    ResourceStarted {
        /// The resource.
        resource: Name,
    },
    /// The setup or the teardown of a resource has failed.
    ResourceFailed {
        /// The resource.
        resource: Name,
        /// Which of the two.
        phase: ResourcePhase,
        /// How; its message names both.
        #[serde(flatten)]
        failure: Box<StepFailure>,
        /// Its log, relative to the project root, if there is anything in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<String>,
    },
    /// A resource was torn down.
    ResourceStopped {
        /// The resource.
        resource: Name,
    },
    /// A hook has ended well.
    HookCompleted {
        /// Which hook.
        #[serde(flatten)]
        hook: HookName,
        /// How long it took.
        #[serde(rename = "duration_ms", with = "milliseconds")]
        duration: Duration,
        /// Its log, relative to the project root, if there is anything in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<String>,
    },
    /// A hook has failed, which changes nothing of what it follows.
    HookErrored {
        /// Which hook.
        #[serde(flatten)]
        hook: HookName,
        /// How; its message names the hook.
        #[serde(flatten)]
        failure: Box<StepFailure>,
        /// Its log, relative to the project root, if there is anything in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<String>,
    },
    /// A step turned out to be fresh once its upstreams were final, or because another process ran it.
    StepFresh {
        /// The step.
        #[serde(flatten, with = "step_fields")]
        step: StepName,
    },
    /// The run was asked to stop: nothing more starts, and what runs is ended.
    RunCanceled {
        /// By whom: the name of a signal, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The run has ended.
    RunFinished {
        /// How.
        outcome: RunOutcome,
        /// How many steps ended how.
        counts: RunCounts,
        /// How long it took.
        #[serde(rename = "duration_ms", with = "milliseconds")]
        duration: Duration,
        /// The configuration that it was given, if one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        configuration: Option<Box<GivenConfiguration>>,
    },
    /// Something that this version of assetctl does not know.
    #[serde(untagged)]
    Other(UnknownEvent),
}

/// An event that this version of assetctl does not know, as it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnknownEvent(Map<String, Value>);

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Of use where something is wrong with assetctl itself.
    Debug,
    /// As expected.
    Info,
    /// To be looked at.
    Warn,
    /// A step or the run has failed.
    Error,
}

impl EventKind {
    /// The word for its type: `step_finished`.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::RunPlanned(_) => "run_planned",
            Self::Observation { .. } => "observation",
            Self::StepStarted { .. } => "step_started",
            Self::StepUpForRetry(_) => "step_up_for_retry",
            Self::StepRestarted { .. } => "step_restarted",
            Self::StepWaiting { .. } => "step_waiting",
            Self::OutputSetAside { .. } => "output_set_aside",
            Self::Materialization { .. } => "materialization",
            Self::StepFinished { .. } => "step_finished",
            Self::StepBlocked { .. } => "step_blocked",
            Self::ResourceStarted { .. } => "resource_started",
            Self::ResourceFailed { .. } => "resource_failed",
            Self::ResourceStopped { .. } => "resource_stopped",
            Self::HookCompleted { .. } => "hook_completed",
            Self::HookErrored { .. } => "hook_errored",
            Self::StepFresh { .. } => "step_fresh",
            Self::RunCanceled { .. } => "run_canceled",
            Self::RunFinished { .. } => "run_finished",
            Self::Other(unknown) => unknown.text("type").unwrap_or_default(),
        }
    }

    /// The step that it is about, if it is about one.
    #[must_use]
    pub fn step(&self) -> Option<&StepName> {
        match self {
            Self::Observation { step, .. }
            | Self::StepStarted { step, .. }
            | Self::StepRestarted { step, .. }
            | Self::StepWaiting { step, .. }
            | Self::OutputSetAside { step, .. }
            | Self::Materialization { step, .. }
            | Self::StepFinished { step, .. }
            | Self::StepBlocked { step, .. }
            | Self::StepFresh { step } => Some(step),
            Self::StepUpForRetry(tried) => Some(&tried.step),
            Self::HookCompleted { hook, .. } | Self::HookErrored { hook, .. } => hook.step.as_ref(),
            Self::RunStarted { .. }
            | Self::RunPlanned(_)
            | Self::ResourceStarted { .. }
            | Self::ResourceFailed { .. }
            | Self::ResourceStopped { .. }
            | Self::RunCanceled { .. }
            | Self::RunFinished { .. }
            | Self::Other(_) => None,
        }
    }

    /// What kind of step it is about: `command`, `observe` or `hook`.
    fn step_kind(&self) -> Option<&'static str> {
        let kind = match self {
            Self::Observation { .. } => "observe",
            Self::HookCompleted { .. } | Self::HookErrored { .. } => "hook",
            _ => "command",
        };
        self.step().map(|_| kind)
    }
}

impl UnknownEvent {
    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            schema: u32,
            #[serde(flatten)]
            kind: &'a EventKind,
            #[serde(skip_serializing_if = "Option::is_none")]
            step_kind: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            run: Option<RunId>,
            seq: u64,
            time: Timestamp,
            #[serde(skip_serializing_if = "Option::is_none")]
            job: Option<&'a Name>,
            #[serde(skip_serializing_if = "Option::is_none")]
            level: Option<Level>,
            #[serde(skip_serializing_if = "Option::is_none")]
            message: Option<String>,
        }
        let kind = &self.kind;
        // These two are fields of what is not known, and the message is one of a failure.
        let is_known = !matches!(kind, EventKind::Other(_));
        let says_itself = matches!(
            kind,
            EventKind::Other(_)
                | EventKind::ResourceFailed { .. }
                | EventKind::HookErrored { .. }
                | EventKind::StepFinished {
                    outcome: StepOutcome::Failed(_),
                    ..
                }
        );
        let line = Line {
            schema: SCHEMA,
            kind,
            step_kind: kind.step_kind(),
            run: self.run,
            seq: self.seq,
            time: self.time,
            job: self.job.as_ref(),
            level: is_known.then(|| kind.level()),
            message: (!says_itself).then(|| kind.message()),
        };
        line.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Line {
            #[serde(default, rename = "schema")]
            _schema: Option<u32>,
            run: Option<RunId>,
            #[serde(default)]
            seq: u64,
            time: Timestamp,
            job: Option<Name>,
            #[serde(flatten)]
            kind: EventKind,
        }
        let line = Line::deserialize(deserializer)?;
        Ok(Self {
            run: line.run,
            seq: line.seq,
            time: line.time,
            job: line.job,
            kind: line.kind,
        })
    }
}

/// A step as the three fields of an event that name it.
mod step_fields {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::{AssetKey, PartitionKey, StepName};

    pub fn serialize<S: Serializer>(step: &StepName, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            step: &'a StepName,
            asset: &'a AssetKey,
            partition: Option<&'a PartitionKey>,
        }
        let fields = Fields {
            step,
            asset: &step.asset,
            partition: step.partition.as_ref(),
        };
        fields.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StepName, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            asset: AssetKey,
            partition: Option<PartitionKey>,
        }
        let Fields { asset, partition } = Fields::deserialize(deserializer)?;
        Ok(StepName { asset, partition })
    }
}

/// The same, where there may be none.
mod some_step_fields {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::{AssetKey, PartitionKey, StepName};

    #[expect(clippy::ref_option, reason = "serde passes references")]
    pub fn serialize<S: Serializer>(
        step: &Option<StepName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct NoFields {}
        match step {
            Some(step) => crate::answer::event::step_fields::serialize(step, serializer),
            None => NoFields {}.serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<StepName>, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            asset: Option<AssetKey>,
            partition: Option<PartitionKey>,
        }
        let Fields { asset, partition } = Fields::deserialize(deserializer)?;
        Ok(asset.map(|asset| StepName { asset, partition }))
    }
}

/// A duration as a number of milliseconds.
mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// The same, where it may not be known.
mod some_milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes references")]
    pub fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => crate::answer::event::milliseconds::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let time = Option::<u64>::deserialize(deserializer)?;
        Ok(time.map(Duration::from_millis))
    }
}

/// Where events go: a terminal, JSON lines, a list in memory.
///
/// ```
/// use assetctl::{Event, EventKind, EventSink};
///
/// /// Counts the steps that have started.
/// #[derive(Default)]
/// struct Started(u32);
///
/// impl EventSink for Started {
///     fn emit(&mut self, event: &Event) {
///         self.0 += u32::from(matches!(event.kind, EventKind::StepStarted { .. }));
///     }
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
///
/// let project = assetctl::Project::load(folder.path())?;
/// let mut started = Started::default();
/// let request = assetctl::MaterializeRequest::new().events(&mut started);
/// assetctl::materialize_to_memory(&project, request)?;
/// assert_eq!(started.0, 1);
/// # Ok(())
/// # }
/// ```
pub trait EventSink {
    /// Takes one event. It is called on the coordinator's thread and must not block for long.
    fn emit(&mut self, event: &Event);
}

impl EventSink for Vec<Event> {
    fn emit(&mut self, event: &Event) {
        self.push(event.clone());
    }
}

/// `{"type":"output","run":…,"step":…,"asset":…,"partition":…,"output":…,"path":…,"data_version":…,"output_bytes":…}`
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "output")]
pub struct OutputLine<'a> {
    /// The run that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The step that it is an output of.
    pub step: &'a StepName,
    /// The step's asset and partition.
    #[serde(flatten, serialize_with = "fields::asset_partition")]
    pub of: &'a StepName,
    /// The name of the output, where there are several.
    pub output: Option<&'a str>,
    /// The path that the manifest gives it.
    pub path: &'a str,
    /// Its version.
    pub data_version: DataVersion,
    /// How many bytes it has.
    pub output_bytes: u64,
}
