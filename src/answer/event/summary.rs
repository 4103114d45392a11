//! What a run is to do, and how its steps and itself end.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::answer::event::{milliseconds, some_milliseconds, some_step_fields, step_fields};
use crate::answer::{KeyRange, PlanCounts};
use crate::digest::Digest;
use crate::model::{Batch, DataVersion, HookMoment, HookOwner, RunId, RunTags, StepName};

/// A hook that has run, and after which step; after none where it follows a run.
///
/// ```
/// use assetctl::{EventKind, HookMoment, MaterializeRequest, Project, materialize_to_memory};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
///
/// let project = Project::load(folder.path())?;
/// let request = MaterializeRequest::new().hook(HookMoment::StepSuccess, |_| {});
/// let result = materialize_to_memory(&project, request)?;
/// let hooks = result.events().iter().filter_map(|event| match &event.kind {
///     EventKind::HookCompleted { hook, .. } => Some(hook.to_string()),
///     _ => None,
/// });
/// assert_eq!(hooks.collect::<Vec<_>>(), ["hook on_success (program) of greeting"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookName {
    /// When it runs.
    pub hook: HookMoment,
    /// Who declares it.
    pub declared: HookOwner,
    /// The step that it follows.
    #[serde(flatten, with = "some_step_fields")]
    pub step: Option<StepName>,
    /// All that the step makes, where that is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Arc<Batch>>,
}

/// How a step has ended.
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
/// use assetctl::{EventKind, MaterializeRequest, Project, StepOutcome, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// let ended = result.events_for("greeting").last().expect("it has ended");
/// let EventKind::StepFinished { outcome: StepOutcome::Materialized { bytes, .. }, .. } = &ended.kind else {
///     panic!("its output is new");
/// };
/// assert_eq!(*bytes, 6);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StepOutcome {
    /// Its outputs are new.
    Materialized {
        /// Its data version as one.
        #[serde(rename = "data_version")]
        version: DataVersion,
        /// The size of its outputs, in bytes.
        #[serde(rename = "output_bytes")]
        bytes: u64,
    },
    /// Its outputs came out as they were.
    Unchanged {
        /// Its data version as one.
        #[serde(rename = "data_version")]
        version: DataVersion,
    },
    /// It failed.
    Failed(Box<StepFailure>),
    /// It was interrupted.
    Canceled,
}

/// Why and how a step failed, with all that is needed to go on.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo no room >&2; exit 3 > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{MaterializeRequest, Project, RaiseOnError, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let request = MaterializeRequest::new().raise_on_error(RaiseOnError::No);
/// let result = materialize_to_memory(&project, request)?;
/// let failure = result.failed_steps()[0].failure;
/// assert_eq!((failure.exit, failure.signal.as_deref()), (Some(3), None));
/// assert_eq!((&*failure.message, failure.tail.join(" ")), ("exit code 3", "no room".to_owned()));
/// assert_eq!(failure.code, "assetctl::engine::command_failed");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// The exit code, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The signal that ended it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The diagnostic code, `assetctl::engine::…`.
    pub code: Cow<'static, str>,
    /// What went wrong, in words: `exited with 1`, `did not write build/x.csv`.
    pub message: String,
    /// What to do, where there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The command as it can be copied into a shell.
    pub command: String,
    /// The last lines of its log.
    pub tail: Vec<String>,
}

impl StepFailure {
    /// One that is not the exit of a command.
    #[must_use]
    pub(crate) fn new(code: &'static str, message: String, help: Option<&str>) -> Self {
        Self {
            exit: None,
            signal: None,
            code: code.into(),
            message,
            help: help.map(str::to_owned),
            command: String::new(),
            tail: Vec::new(),
        }
    }
}

/// An attempt at a step that has failed, and is followed by another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedTry {
    /// The step.
    #[serde(flatten, with = "step_fields")]
    pub step: StepName,
    /// All that its command makes, where that is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Arc<Batch>>,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// How many attempts there are at most.
    pub max_attempts: u32,
    /// The exit code, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The signal that ended it, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The diagnostic code, `assetctl::engine::…`.
    pub code: Cow<'static, str>,
    /// Why it failed, in words.
    pub reason: String,
    /// How long it waits before the next attempt.
    #[serde(rename = "delay_ms", with = "milliseconds")]
    pub delay: Duration,
    /// How long the attempt took, of a batch its share of that.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub duration: Duration,
    /// Its log, relative to the project root, if there is anything in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The command as it can be copied into a shell.
    pub command: String,
    /// The last lines of its log.
    pub tail: Vec<String>,
}

impl FailedTry {
    /// The failure, as it is told of a step that is not tried again.
    #[must_use]
    pub fn failure(&self) -> StepFailure {
        StepFailure {
            exit: self.exit,
            signal: self.signal.clone(),
            code: self.code.clone(),
            message: self.reason.clone(),
            help: None,
            command: self.command.clone(),
            tail: self.tail.clone(),
        }
    }
}

/// Which command of a resource it is.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [resource.server]
/// # setup = "exit 3"
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # resources = ["server"]
/// # "#)?;
/// use assetctl::{EventKind, MaterializeRequest, Project, RaiseOnError, ResourcePhase, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let request = MaterializeRequest::new().raise_on_error(RaiseOnError::No);
/// let result = materialize_to_memory(&project, request)?;
/// let failed = result.events().iter().find_map(|event| match &event.kind {
///     EventKind::ResourceFailed { resource, phase, failure, .. } => Some((resource, phase, failure.exit)),
///     _ => None,
/// });
/// let (resource, phase, exit) = failed.expect("its setup failed");
/// assert_eq!((resource.as_str(), *phase, exit), ("server", ResourcePhase::Setup, Some(3)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourcePhase {
    /// Its setup.
    Setup,
    /// Its teardown.
    Teardown,
}

impl ResourcePhase {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Teardown => "teardown",
        }
    }
}

/// Which run it is among others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunOrigin {
    /// Its tags.
    #[serde(default, skip_serializing_if = "RunTags::is_empty")]
    pub tags: RunTags,
    /// What tells the configuration that it was given from any other; `None` where nothing was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<Digest>,
    /// The run that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    /// The first of the runs that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<RunId>,
}

/// How a run has ended.
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
/// use assetctl::{MaterializeRequest, Project, RunOutcome, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// assert_eq!(result.outcome(), RunOutcome::Success);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// All that it was asked for is fresh.
    Success,
    /// Something failed or was blocked.
    Failed,
    /// It was interrupted.
    Canceled,
}

/// How many steps ended how.
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
/// use assetctl::{MaterializeRequest, Project, RunCounts, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// assert_eq!(result.counts(), RunCounts { materialized: 1, ..RunCounts::default() });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Ran, with new outputs.
    pub materialized: u32,
    /// Ran, with the same outputs.
    pub unchanged: u32,
    /// Ran, and are stale all the same: inputs changed while their commands ran.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stale: u32,
    /// Did not have to run.
    pub fresh: u32,
    /// Failed.
    pub failed: u32,
    /// Did not run because something that they need failed or is missing.
    pub blocked: u32,
    /// Were interrupted or not started.
    pub canceled: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What is to be done, as it is known before the first step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// How many steps are decided on how.
    pub counts: PlanCounts,
    /// How many assets are looked at.
    #[serde(rename = "asset_count")]
    pub assets: u32,
    /// How many partitions of them.
    #[serde(rename = "partition_count")]
    pub partitions: u32,
    /// How many commands run at once at most.
    pub jobs: usize,
    /// How long the look took.
    #[serde(rename = "duration_ms", with = "milliseconds")]
    pub elapsed: Duration,
    /// How long the run usually takes; `None` where a step never ran.
    #[serde(
        rename = "expected_ms",
        with = "some_milliseconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub expected: Option<Duration>,
    /// The first 1,000 ranges of what is fresh already, as far as it was looked at one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<KeyRange>,
    /// What cannot run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<BlockedRange>,
}

/// Neighbouring partitions of an asset that cannot run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedRange {
    /// Which.
    #[serde(flatten)]
    pub keys: KeyRange,
    /// Why, in words.
    pub reason: String,
}
