//! What came of a run: how it went, all that happened, and the values.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::answer::{Event, EventKind, RunCounts, RunOutcome, StepFailure, StepOutcome};
use crate::app::library::error::{OutputError, keys_there_are};
use crate::app::library::output::{OutputPlace, OutputValue};
use crate::app::{Declared, KeptValue, MadeRow, Notice, size_on_disk};
use crate::engine::RunSummary;
use crate::model::{
    Asset, AssetId, AssetKey, DataVersion, KnownNames, PartitionKeys, PartitionRef, PathTemplate,
    Place, RunId, StepName,
};

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
    result: RunSummary,
    events: Vec<Event>,
    notices: Vec<Notice>,
    declared: Declared,
    values: RunValues,
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

impl RunResult {
    pub(super) fn new(
        result: RunSummary,
        (events, notices): (Vec<Event>, Vec<Notice>),
        (declared, values): (Declared, RunValues),
    ) -> Self {
        Self {
            missed: missed(&events),
            result,
            events,
            notices,
            declared,
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

    /// What happened to the steps of one asset; nothing if no asset has this name.
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
    /// If the asset, partition or output does not exist, one has to be named, it is a source, which is read from its place, or the run has
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

/// How many edits a name may be away from one that was meant.
const EDITS: usize = 3;

/// What a run knew and has left.
struct Lookup<'a> {
    pub(super) declared: &'a Declared,
    pub(super) values: &'a RunValues,
    pub(super) missed: &'a HashMap<StepName, String>,
}

/// Where the values are.
#[derive(Debug)]
pub(super) enum RunValues {
    /// At their paths below the project root.
    OnDisk { root: PathBuf, made: Vec<MadeRow> },
    /// By the path that each would have.
    InMemory(HashMap<String, KeptValue>),
}

impl RunValues {
    pub(super) fn in_memory(values: Vec<KeptValue>) -> Self {
        let by_path = values.into_iter().map(|it| (it.path.clone(), it));
        Self::InMemory(by_path.collect())
    }
}

impl Lookup<'_> {
    pub(super) fn output(
        &self,
        asset: &str,
        partition: Option<&str>,
        output: Option<&str>,
    ) -> Result<OutputValue, OutputError> {
        let graph = &self.declared.graph;
        let id = graph.find(asset).ok_or_else(|| self.unknown_asset(asset))?;
        let keys = self.declared.keys.get(graph.partitions(id));
        let declared = match graph.asset(id) {
            Some(declared)
                if declared.recipe.is_some() || matches!(self.values, RunValues::OnDisk { .. }) =>
            {
                declared
            }
            _ => {
                return Err(OutputError::ReadFromItsPlace {
                    asset: graph.key(id).clone(),
                    place: self.place(id, index_of(keys, partition)),
                });
            }
        };
        let index = named_index(&declared.key, keys, partition)?;
        let number = named_output(declared, output)?;
        let at = PartitionRef { keys, index };
        let path = declared.outputs[number].path.path(at).into_owned();
        let step = StepName {
            asset: declared.key.clone(),
            partition: keys.key(index),
        };
        if self.missed.contains_key(&step) {
            return Err(self.not_made(step));
        }
        match self.values {
            RunValues::InMemory(values) => match values.get(&path) {
                Some(kept) => Ok(OutputValue {
                    step,
                    version: kept.version,
                    place: OutputPlace::Memory(kept.value.clone()),
                }),
                None => Err(self.not_made(step)),
            },
            RunValues::OnDisk { root, made } => {
                let row = made.iter().find(|row| row.asset() == id);
                match row.and_then(|row| row.version(index, number)) {
                    Some(version) => {
                        let path = root.join(path);
                        let size = size_on_disk(&path);
                        Ok(OutputValue {
                            step,
                            version,
                            place: OutputPlace::Disk(path, size),
                        })
                    }
                    None => Err(self.not_made(step)),
                }
            }
        }
    }

    fn unknown_asset(&self, asset: &str) -> OutputError {
        let graph = &self.declared.graph;
        let names = graph.ids().map(|id| graph.key(id).as_str());
        let similar = KnownNames::new(names).like(asset, EDITS);
        let help = if similar.is_empty() {
            "`Project::asset_keys` has all".to_owned()
        } else {
            format!("did you mean {}?", quoted(similar.into_iter(), " or "))
        };
        OutputError::UnknownAsset {
            asset: asset.to_owned(),
            help,
        }
    }

    /// Where a source or an external asset is read: at a partition, or by its template.
    fn place(&self, id: AssetId, index: Option<u32>) -> String {
        let graph = &self.declared.graph;
        let keys = self.declared.keys.get(graph.partitions(id));
        let path = |path: &PathTemplate| match index {
            Some(index) => path.path(PartitionRef { keys, index }).into_owned(),
            None => path.source(),
        };
        let Some(source) = graph.source(id) else {
            let outputs = graph.asset(id).map(|asset| asset.outputs.iter());
            let paths = outputs.into_iter().flatten().map(|it| path(&it.path));
            return paths.collect::<Vec<_>>().join(", ");
        };
        match &source.place {
            Place::Paths(paths) => {
                let paths = paths.iter().map(|it| path(it.template()));
                paths.collect::<Vec<_>>().join(", ")
            }
            Place::Value { path: file, key } => format!("`{}` in {}", key.source(), path(file)),
            Place::Observed { .. } => "the place that its `observe` command reads".to_owned(),
        }
    }

    fn not_made(&self, step: StepName) -> OutputError {
        let told = self.missed.get(&step).cloned();
        let reason = told.unwrap_or_else(|| "it was not part of the run".to_owned());
        OutputError::NotMade { step, reason }
    }
}

/// Why steps have not made what they were to make, in words.
pub(super) fn missed(events: &[Event]) -> HashMap<StepName, String> {
    let missed = events.iter().filter_map(|event| {
        let (step, why) = match &event.kind {
            EventKind::StepFinished { step, outcome, .. } => match outcome {
                StepOutcome::Failed(failure) => (step, failure.message.clone()),
                StepOutcome::Canceled => (step, "it was interrupted".to_owned()),
                StepOutcome::Materialized { .. } | StepOutcome::Unchanged { .. } => return None,
            },
            EventKind::StepBlocked { step, reason, .. } => (step, reason.clone()),
            _ => return None,
        };
        Some((step.clone(), why))
    });
    missed.collect()
}

/// The partition of a key that need not be there.
fn index_of(keys: &PartitionKeys, partition: Option<&str>) -> Option<u32> {
    match partition {
        Some(key) if keys.is_partitioned() => keys.index_of(key),
        None if !keys.is_partitioned() => Some(0),
        _ => None,
    }
}

fn named_index(
    asset: &AssetKey,
    keys: &PartitionKeys,
    partition: Option<&str>,
) -> Result<u32, OutputError> {
    let asset = asset.clone();
    let last = keys.len().checked_sub(1).and_then(|last| keys.key(last));
    let help = keys_there_are(keys.len(), (keys.key(0), last));
    match partition {
        None if keys.is_partitioned() => Err(OutputError::KeyNeeded { asset, help }),
        None => Ok(0),
        Some(key) if !keys.is_partitioned() => Err(OutputError::NotPartitioned {
            asset,
            key: key.to_owned(),
        }),
        Some(key) => keys.index_of(key).ok_or_else(|| OutputError::UnknownKey {
            asset,
            key: key.to_owned(),
            help,
        }),
    }
}

fn named_output(asset: &Asset, output: Option<&str>) -> Result<usize, OutputError> {
    let count = asset.outputs.len();
    let label = |number: usize| asset.output_label(number);
    let help = || {
        let labels: Vec<String> = (0..count).filter_map(label).collect();
        match labels.as_slice() {
            [] => "it has one without a name: ask with `None` for it".to_owned(),
            labels => format!("it has {}", quoted(labels.iter().map(String::as_str), ", ")),
        }
    };
    match output {
        None if count == 1 => Ok(0),
        None => Err(OutputError::OutputNeeded {
            asset: asset.key.clone(),
            count,
            help: help(),
        }),
        Some(name) => {
            let found = (0..count).find(|number| label(*number).as_deref() == Some(name));
            found.ok_or_else(|| OutputError::UnknownOutput {
                asset: asset.key.clone(),
                output: name.to_owned(),
                help: help(),
            })
        }
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>, between: &str) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(between)
}
