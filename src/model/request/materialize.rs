//! What `materialize` and `plan` are asked for.

use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;

use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKey;
use crate::model::record::RunTags;
use crate::model::request::{Grouping, InvalidSelected, SelectionRequest};

/// Bring assets up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct MaterializeOptions {
    /// What.
    pub selection: SelectionRequest,
    /// Whether what the selection needs is read as it is, stale or not.
    pub only: bool,
    /// Clauses over the steps of the plan, united: exactly these run; all if empty.
    pub steps: Vec<String>,
    /// Whether what is fresh runs.
    pub force: Force,
    /// Start nothing new after this number of failures.
    pub max_failures: Option<NonZeroU32>,
    /// Whether a step fails where an output was altered by hand, which is left as it is; else it is replaced.
    pub keep_altered: bool,
    /// What happens to a folder at the place of an output that no step has made.
    pub occupied: Occupied,
    /// How many commands run at once; `None` for as many as there are cores.
    pub jobs: Option<NonZeroUsize>,
    /// Whether the run ends where another process holds what it needs; else it waits.
    pub no_wait: bool,
    /// Whether outputs are synced to disk before they are recorded.
    pub durable: bool,
    /// Whether steps that fail are never tried again.
    pub no_retries: bool,
    /// Tags of the run.
    pub tags: RunTags,
    /// Whether this runs the job of the selection: its steps, its executor and its limits count.
    pub runs_job: bool,
    /// In which order ready steps start.
    pub order: StepOrdering,
    /// Set for a run in memory. All of the selection runs then, whatever an instance knows.
    pub in_memory: Option<MemoryOptions>,
}

impl MaterializeOptions {
    /// The job that is run.
    pub fn job(&self) -> Option<&Name> {
        self.selection.job.as_ref().filter(|_| self.runs_job)
    }
}

/// In which order ready steps start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepOrdering {
    /// What most of the remaining time waits for goes first.
    #[default]
    LongestFirst,
    /// By their declarations, as an `in_process` executor does.
    Declared,
}

/// Say what `materialize` would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// The run that is planned.
    pub run: MaterializeOptions,
    /// Whether neighbouring partitions are one range.
    pub grouping: Grouping,
}

/// What of a selection runs.
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
/// use assetctl::{Force, MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// let ran = |force| {
///     let request = MaterializeRequest::new().force(force);
///     materialize(&project, request).map(|result| result.materializations().count())
/// };
/// assert_eq!((ran(Force::WhenStale)?, ran(Force::Selected)?), (0, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Force {
    /// What is not fresh.
    #[default]
    WhenStale,
    /// All of it, stale or not, but never what it needs.
    Selected,
    /// As `Selected`, and an incremental asset finds no previous output.
    FullRefresh,
}

/// What happens to a folder that holds something and lies at the place of an output, where no step has made it. A file there is set
/// aside in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Occupied {
    /// It is an error before anything runs.
    #[default]
    Refused,
    /// It is set aside, as a file is.
    SetAside,
}

/// What a run in memory does otherwise: nothing of the project is changed, and nothing is recorded unless that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// How many bytes may be held, of outputs and of what commands read of them just now.
    pub memory_limit: u64,
    /// Whether sources are read where `[project.test]` says.
    pub test_sources: bool,
    /// Sources and external assets that are read elsewhere, with the paths as they were typed; they go before `test_sources`.
    pub inputs: Vec<SuppliedInput>,
    /// A value that is asked for by itself.
    pub printed: Option<Printed>,
    /// Whether the run is recorded in the instance of the call, and not in an ephemeral one.
    pub recorded: bool,
    /// Whether hooks run.
    pub hooks: bool,
}

impl MemoryOptions {
    /// The bytes that may be held where nothing else is said: 2 GB.
    pub const DEFAULT_MEMORY_LIMIT: u64 = 2_000_000_000;
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            memory_limit: Self::DEFAULT_MEMORY_LIMIT,
            test_sources: false,
            inputs: Vec::new(),
            printed: None,
            recorded: false,
            hooks: false,
        }
    }
}

/// A source or external asset, and where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppliedInput {
    /// Its name.
    pub asset: AssetKey,
    /// A path template, relative to the project root or absolute.
    pub path: String,
}

impl SuppliedInput {
    /// Those that a run in memory takes for itself: of sources and external assets by their names. The others, of sources that
    /// are declared in place and of single inputs, are of the configuration.
    pub fn taken_in_memory(inputs: &mut Vec<Self>) -> Vec<Self> {
        let (others, named) = std::mem::take(inputs)
            .into_iter()
            .partition(|input| input.asset.as_str().contains('.'));
        *inputs = others;
        named
    }
}

/// One value of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The asset.
    pub asset: AssetKey,
    /// Its output; may be left out where there is one.
    pub output: Option<Name>,
    /// Its partition; may be left out where the run has one.
    pub partition: Option<PartitionKey>,
}

/// `ASSET`, `ASSET.OUTPUT`, each with `@KEY` where one is meant: no asset key holds a dot.
impl FromStr for Printed {
    type Err = InvalidSelected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, partition) = match text.split_once('@') {
            Some((name, partition)) => (name, Some(PartitionKey::parse(partition)?)),
            None => (text, None),
        };
        let (asset, output) = match name.split_once('.') {
            Some((asset, output)) => (asset, Some(Name::parse(output)?)),
            None => (name, None),
        };
        Ok(Self {
            asset: AssetKey::parse(asset)?,
            output,
            partition,
        })
    }
}
