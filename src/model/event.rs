//! What happens in a run, as it is shown, stored and written as JSON lines.
//!
//! Events are the only bridge between doing and showing. An event about something that is recorded is emitted after it
//! was recorded.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;
use crate::model::record::RunId;
use crate::model::status::Cause;
use crate::model::version::DataVersion;

/// An asset partition, as people write it: `clean@2013-07-04`, or `year`.
///
/// ```
/// use assetctl::{AssetKey, PartitionKey, StepName};
///
/// let step = StepName {
///     asset: AssetKey::parse("clean").expect("a name"),
///     partition: Some(PartitionKey::parse("2013-07-04").expect("a key")),
/// };
/// assert_eq!(step.to_string(), "clean@2013-07-04");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepName {
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
}

impl Serialize for StepName {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl std::fmt::Display for StepName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.partition {
            Some(partition) => write!(f, "{}@{partition}", self.asset),
            None => write!(f, "{}", self.asset),
        }
    }
}

/// The neighbouring partitions that one command makes.
///
/// Each of them has events of its own; those of one command come one after the other, in the order of keys.
///
/// ```
/// use assetctl::{Batch, PartitionKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = PartitionKey::parse;
/// let batch = Batch { first: key("2024-01-01")?, last: key("2024-01-30")?, len: 30 };
/// assert!(batch.starts_with(Some(&key("2024-01-01")?)));
/// assert_eq!(batch.to_string(), "2024-01-01...2024-01-30 (30)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// The first key.
    pub first: PartitionKey,
    /// The last key.
    pub last: PartitionKey,
    /// How many there are: 2 or more.
    pub len: u32,
}

impl Batch {
    /// Whether it begins with this partition.
    #[must_use]
    pub fn starts_with(&self, partition: Option<&PartitionKey>) -> bool {
        partition == Some(&self.first)
    }

    /// Whether it ends with this partition.
    #[must_use]
    pub fn ends_with(&self, partition: Option<&PartitionKey>) -> bool {
        partition == Some(&self.last)
    }
}

impl std::fmt::Display for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}...{} ({})", self.first, self.last, self.len)
    }
}

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
    /// When.
    pub time: Timestamp,
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
/// assert_eq!((&*told[0], &*told[1], &*told[3]), ("1 to run", "greeting starts", "Success"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// A run with at least one step has started.
    RunStarted {
        /// Its id.
        run: RunId,
        /// How many steps run or may run.
        steps: u32,
    },
    /// A step's command starts.
    StepStarted {
        /// The step.
        step: StepName,
        /// All that its command makes, where that is more.
        batch: Option<Arc<Batch>>,
        /// 0 first.
        attempt: u32,
        /// Why it runs.
        causes: Vec<Cause>,
        /// How long it usually takes, of a batch its share of that; `None` where it never ran.
        usually: Option<Duration>,
    },
    /// A step waits for another process that runs the same step, or for one that its own command has left behind and that still
    /// writes an output.
    StepWaiting {
        /// The step.
        step: StepName,
        /// For whom, in words.
        holder: String,
    },
    /// What lay at the place of an output, and was not made by any step, was set aside.
    OutputSetAside {
        /// The step that puts its output there.
        step: StepName,
        /// What was there, by its path relative to the project root.
        path: String,
        /// Where it is now, relative to the project root.
        kept: String,
    },
    /// A step has ended.
    StepFinished {
        /// The step.
        step: StepName,
        /// All that its command makes, where that is more.
        batch: Option<Arc<Batch>>,
        /// The last attempt.
        attempt: u32,
        /// How.
        outcome: StepOutcome,
        /// How long the last attempt took, of a batch its share of that.
        duration: Duration,
        /// Its log, relative to the project root, if there is anything in it.
        log: Option<String>,
        /// Why it ran.
        causes: Vec<Cause>,
        /// What the user should know although the step ended well or in addition to why it failed.
        warnings: Vec<String>,
    },
    /// A step does not run because something that it needs failed or is missing.
    StepBlocked {
        /// The step.
        step: StepName,
        /// What it needs.
        needs: Vec<StepName>,
        /// Why, in words.
        reason: String,
    },
    /// A step turned out to be fresh once its upstreams were final, or because another process ran it.
    StepFresh {
        /// The step.
        step: StepName,
    },
    /// The run has ended.
    RunFinished {
        /// Its id; `None` for a run with nothing to do, which is not recorded.
        run: Option<RunId>,
        /// How.
        outcome: RunOutcome,
        /// How many steps ended how.
        counts: RunCounts,
        /// How long it took.
        duration: Duration,
    },
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
#[derive(Clone, Debug, PartialEq)]
pub enum StepOutcome {
    /// Its outputs are new.
    Materialized {
        /// Its data version as one.
        version: DataVersion,
        /// The size of its outputs, in bytes.
        bytes: u64,
    },
    /// Its outputs came out as they were.
    Unchanged {
        /// Its data version as one.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFailure {
    /// What went wrong, in words: `exited with 1`, `did not write build/x.csv`.
    pub message: String,
    /// What to do, where there is something to do.
    pub help: Option<String>,
    /// The exit code, if there was one.
    pub exit: Option<i32>,
    /// The signal that ended it, by name.
    pub signal: Option<String>,
    /// The command as it can be copied into a shell.
    pub command: String,
    /// The last lines of its log.
    pub tail: Vec<String>,
    /// The diagnostic code, `assetctl::engine::…`.
    pub code: &'static str,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Ran, with new outputs.
    pub materialized: u32,
    /// Ran, with the same outputs.
    pub unchanged: u32,
    /// Ran, and are stale all the same: inputs changed while their commands ran.
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
