//! What came of a run: how it went, all that happened, and the values.

use std::collections::HashMap;

use crate::answer::{Event, EventKind, RunCounts, RunOutcome, StepFailure, StepOutcome};
use crate::api::lookup::{Lookup, Values, missed};
use crate::api::output::OutputValue;
use crate::api::output_error::OutputError;
use crate::api::recorder::Recorder;
use crate::app::{Declared, Notice};
use crate::engine;
use crate::model::{DataVersion, RunId, StepName};

/// What came of a run: how it went, all that happened, and the values.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [partitions.word]
/// # type = "static"
/// # keys = ["one", "two"]
/// # [asset.shout]
/// # partitions = "word"
/// # command = "echo {{partition}} | tr a-z A-Z > {{output}}"
/// # outputs = "{{partition}}.txt"
/// # "#)?;
/// use assetctl::{MaterializeRequest, OutputError, Project, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
/// assert!(result.success());
/// assert_eq!(result.materializations().count(), 2);
///
/// let shout = result.output("shout", Some("two"), None)?;
/// assert_eq!((&*shout.bytes()?, shout.size()), (&b"TWO\n"[..], 4));
///
/// let needed = result.output("shout", None, None).expect_err("there are two");
/// assert!(matches!(needed, OutputError::KeyNeeded { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunResult {
    result: engine::RunResult,
    events: Vec<Event>,
    notices: Vec<Notice>,
    declared: Declared,
    values: Values,
    /// Why steps have no value, as far as they were to make one.
    missed: HashMap<StepName, String>,
}

/// A step that has made its outputs.
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
/// let made = result.materializations().next().expect("one step ran");
/// assert_eq!((made.step.to_string().as_str(), made.bytes), ("greeting", Some(6)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterializedStep<'a> {
    /// The asset partition.
    pub step: &'a StepName,
    /// The data version of its outputs as one.
    pub version: DataVersion,
    /// The size of its outputs in bytes; `None` if they came out as they were before.
    pub bytes: Option<u64>,
}

/// A step that has failed.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "exit 3 > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// use assetctl::{MaterializeRequest, Project, RaiseOnError, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let request = MaterializeRequest::new().raise_on_error(RaiseOnError::No);
/// let result = materialize_to_memory(&project, request)?;
/// let failed = &result.failed_steps()[0];
/// assert_eq!((failed.step.to_string().as_str(), failed.failure.exit), ("greeting", Some(3)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep<'a> {
    /// The asset partition.
    pub step: &'a StepName,
    /// Why, with the command and the last lines of its log.
    pub failure: &'a StepFailure,
}

/// A run that has ended, and all that was heard of it.
pub(super) struct Ended<'a> {
    pub(super) result: engine::RunResult,
    pub(super) declared: Declared,
    pub(super) recorder: Recorder<'a>,
}

impl RunResult {
    pub(super) fn new(ended: Ended<'_>, values: Values) -> Self {
        Self {
            missed: missed(&ended.recorder.events),
            result: ended.result,
            events: ended.recorder.events,
            notices: ended.recorder.notices,
            declared: ended.declared,
            values,
        }
    }

    /// Whether all that was asked for is fresh now.
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
    /// assert!(result.success());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn success(&self) -> bool {
        self.result.outcome == RunOutcome::Success
    }

    /// Its id; `None` if there was nothing to do, in which case nothing was recorded.
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
    /// use assetctl::{MaterializeRequest, Project, materialize};
    ///
    /// let project = Project::load(folder.path())?;
    /// let instance = project.instance();
    /// let run = || materialize(&project, MaterializeRequest::new().instance(&instance));
    /// assert!(run()?.run_id().is_some());
    /// assert_eq!(run()?.run_id(), None, "all is fresh");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn run_id(&self) -> Option<RunId> {
        self.result.run
    }

    /// How it has ended.
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
    /// assert_eq!(result.outcome(), assetctl::RunOutcome::Success);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn outcome(&self) -> RunOutcome {
        self.result.outcome
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// assert_eq!((result.counts().materialized, result.counts().failed), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn counts(&self) -> RunCounts {
        self.result.counts
    }

    /// All that happened, as it happened; the last is [`EventKind::RunFinished`].
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
    /// let last = result.events().last().expect("a run ends");
    /// assert!(matches!(last.kind, assetctl::EventKind::RunFinished { .. }));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What happened to the steps of one asset; nothing if there is none by this name.
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
    /// assert_eq!(result.events_for("greeting").count(), 3, "it has started, made its output, and ended");
    /// # Ok(())
    /// # }
    /// ```
    pub fn events_for<'a>(&'a self, asset: &'a str) -> impl Iterator<Item = &'a Event> {
        let is_about = move |event: &&Event| {
            let step = event.kind.step();
            step.is_some_and(|step| step.asset.as_str() == asset)
        };
        self.events.iter().filter(is_about)
    }

    /// What the caller should know besides: of a damaged instance, of keys that are left to the next run.
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
    /// for notice in result.notices() {
    ///     eprintln!("note: {notice}");
    /// }
    /// assert!(result.notices().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The steps that have made their outputs, in the order in which they ended.
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
    /// let made: Vec<_> = result.materializations().map(|it| it.step.to_string()).collect();
    /// assert_eq!(made, ["greeting"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn materializations(&self) -> impl Iterator<Item = MaterializedStep<'_>> {
        self.ended().filter_map(|(step, outcome)| match outcome {
            StepOutcome::Materialized { version, bytes } => Some(MaterializedStep {
                step,
                version: *version,
                bytes: Some(*bytes),
            }),
            StepOutcome::Unchanged { version } => Some(MaterializedStep {
                step,
                version: *version,
                bytes: None,
            }),
            StepOutcome::Failed(_) | StepOutcome::Canceled => None,
        })
    }

    /// The steps that have failed, in the order in which they ended. Those that were blocked by them are not among them.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = "exit 3 > {{output}}"
    /// # outputs = "greeting.txt"
    /// # "#)?;
    /// use assetctl::{MaterializeRequest, Project, RaiseOnError, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let request = MaterializeRequest::new().raise_on_error(RaiseOnError::No);
    /// let result = materialize_to_memory(&project, request)?;
    /// assert_eq!(result.failed_steps()[0].failure.message, "exit code 3");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn failed_steps(&self) -> Vec<FailedStep<'_>> {
        let failed = self.ended().filter_map(|(step, outcome)| match outcome {
            StepOutcome::Failed(failure) => Some(FailedStep { step, failure }),
            _ => None,
        });
        failed.collect()
    }

    /// One value: that of `asset` at `partition`, where it has partitions, and of these `output`, where it has several. An
    /// output without a name is called by its number, from 0.
    ///
    /// In memory these are the values that the run has made, on disk also those of steps that were fresh already.
    ///
    /// # Errors
    ///
    /// If there is no such asset, partition or output, one has to be named, it is a source, which is read from its place, or the run has
    /// not left it fresh: [`OutputError`] has a variant for each.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [partitions.region]
    /// # type = "static"
    /// # keys = ["eu", "us"]
    /// # [asset.ends]
    /// # partitions = "region"
    /// # command = "echo {{partition}}-1 > {{output.first}}; echo {{partition}}-9 > {{output.last}}"
    /// # outputs = { first = "{{partition}}/first.txt", last = "{{partition}}/last.txt" }
    /// # "#)?;
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let first = result.output("ends", Some("eu"), Some("first"))?;
    /// assert_eq!(&*first.bytes()?, b"eu-1\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn output(
        &self,
        asset: &str,
        partition: Option<&str>,
        output: Option<&str>,
    ) -> Result<OutputValue, OutputError> {
        let lookup = Lookup {
            declared: &self.declared,
            values: &self.values,
            missed: &self.missed,
        };
        lookup.output(asset, partition, output)
    }

    /// A failed run in one line.
    pub(super) fn failure_text(&self) -> String {
        let RunCounts {
            failed,
            blocked,
            stale,
            ..
        } = self.counts();
        let first = self.failed_steps().into_iter().next();
        match (self.outcome(), first) {
            (RunOutcome::Canceled, _) => "the run was interrupted".to_owned(),
            (_, Some(FailedStep { step, failure })) => format!(
                "the run has failed, with {failed} failed and {blocked} blocked: {step}: {}",
                failure.message
            ),
            (_, None) if stale > 0 => {
                format!("the run has failed: {stale} stale, as inputs changed while commands ran")
            }
            (_, None) => format!("the run has failed: {blocked} blocked"),
        }
    }

    fn ended(&self) -> impl Iterator<Item = (&StepName, &StepOutcome)> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::StepFinished { step, outcome, .. } => Some((step, outcome)),
            _ => None,
        })
    }
}
