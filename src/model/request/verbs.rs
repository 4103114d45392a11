//! What the other verbs are asked for.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKey;
use crate::model::record::{RunId, RunStatus};
use crate::model::request::{KeyWord, Selected, SelectionRequest};

/// Start a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitRequest {
    /// What the manifest holds.
    pub template: InitTemplate,
}

/// What the manifest of a new project holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitTemplate {
    /// A small example that runs as it is, with comments.
    #[default]
    Example,
    /// Daily files and tables of a list, which become a database and a report.
    Etl,
    /// Models on folds of data, and their ranking.
    Ml,
    /// The project's name.
    Empty,
}

/// Show which assets are fresh, and why others are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusOptions {
    /// Of what; of everything if empty.
    pub selection: SelectionRequest,
    /// Whether neighbouring partitions are one range.
    pub grouping: Grouping,
    /// Whether sources are listed that were not named.
    pub sources: bool,
    /// What is looked at.
    pub evidence: Evidence,
}

/// How partitions are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Neighbours of which the same is to say are one.
    #[default]
    Ranges,
    /// Each for itself.
    Keys,
}

impl Grouping {
    /// Keys where they are asked for, else ranges.
    pub fn of_keys(keys: bool) -> Self {
        if keys { Self::Keys } else { Self::Ranges }
    }
}

/// What a status is judged by.
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
/// use assetctl::{Evidence, MaterializeRequest, Project, StatusRequest, materialize, status};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::remove_file(project.root().join("greeting.txt"))?;
/// let fresh = |evidence| {
///     let request = StatusRequest::new().instance(&instance).evidence(evidence);
///     status(&project, request).map(|report| report.summary.fresh)
/// };
/// assert_eq!((fresh(Evidence::Files)?, fresh(Evidence::Recorded)?), (0, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Records, and the files on disk.
    #[default]
    Files,
    /// Records, and the files on disk but for outputs: they count as what was recorded.
    Inputs,
    /// Records alone.
    Recorded,
}

/// Say why something is fresh, or is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainRequest {
    /// What.
    pub selected: Selected,
}

/// Look at sources now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObserveRequest {
    /// At which; at all of them if empty.
    pub selection: SelectionRequest,
}

/// List what is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// What; everything if empty.
    pub selection: SelectionRequest,
}

/// Show one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowRequest {
    /// Which.
    pub asset: AssetKey,
}

/// Show the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphRequest {
    /// Of what; of everything if empty.
    pub selection: SelectionRequest,
}

/// List materializations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// Of what.
    pub selected: Selected,
    /// At most this number; `None` for all.
    pub limit: Option<NonZeroU32>,
    /// Whether neighbouring keys of an input are one range.
    pub grouping: Grouping,
    /// Whether only failed attempts are listed.
    pub failed: bool,
}

/// Show what commands wrote to standard output and error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsRequest {
    /// Of which step; of an asset without a partition, of its last run at all keys.
    pub selected: Selected,
    /// In which run; `None` for the last one that has a log.
    pub run: Option<RunId>,
    /// At which attempt, from 0; `None` for the last.
    pub attempt: Option<u32>,
}

/// List runs of which all of this is true; of several values of one kind any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// How they stand.
    pub statuses: Vec<RunStatus>,
    /// Which job they run.
    pub jobs: Vec<Name>,
    /// Their tags: a key, and a value where one is asked for.
    pub tags: Vec<(String, Option<String>)>,
    /// Assets of which they started a step.
    pub assets: Vec<AssetKey>,
    /// Partitions of which they started a step.
    pub partitions: Vec<PartitionKey>,
    /// The earliest time at which they began.
    pub since: Option<Timestamp>,
    /// The latest.
    pub until: Option<Timestamp>,
    /// Their keys.
    pub run_keys: Vec<String>,
    /// The first of the runs that they repeat.
    pub roots: Vec<RunId>,
    /// How many at most, newest first; `None` for all.
    pub limit: Option<NonZeroU32>,
}

/// A word for a run: an id, the beginning of one, `last` or `last-failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunWord {
    /// The run that began last.
    Last,
    /// The newest that failed, was canceled or crashed.
    LastFailed,
    /// The run whose id begins like this.
    Prefix(String),
}

impl From<&str> for RunWord {
    fn from(word: &str) -> Self {
        match word {
            "last" => Self::Last,
            "last-failed" => Self::LastFailed,
            prefix => Self::Prefix(prefix.to_lowercase()),
        }
    }
}

impl fmt::Display for RunWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Last => "last",
            Self::LastFailed => "last-failed",
            Self::Prefix(prefix) => prefix,
        })
    }
}

/// Record the outputs on disk as if they had been made just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptRequest {
    /// Of what; of everything if empty.
    pub selection: SelectionRequest,
    /// Whether it is done.
    pub dry_run: bool,
}

/// Forget records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WipeRequest {
    /// Of what; never empty.
    pub selection: SelectionRequest,
    /// Whether the outputs are removed too.
    pub outputs: bool,
    /// Whether it is done.
    pub dry_run: bool,
}

/// Say whether everything is fresh, from the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Of what; of everything if empty.
    pub selection: SelectionRequest,
    /// Only what the changes since this git revision can touch.
    pub since: Option<String>,
    /// Whether what git would commit is judged; else the work tree.
    pub staged: bool,
    /// What is asked of outputs.
    pub outputs: CheckedOutputs,
    /// What is said of windows that are due.
    pub due: DueWindows,
    /// What is said of what cannot be judged.
    pub strictness: Strictness,
    /// How many fresh ones are built in scratch; `None` for none, so that no command runs.
    pub rebuild: Option<Rebuild>,
}

/// What is asked of outputs.
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
/// use assetctl::{CheckRequest, CheckedOutputs, MaterializeRequest, Project, check, materialize};
///
/// let project = Project::load(folder.path())?;
/// materialize(&project, MaterializeRequest::new())?;
/// std::fs::remove_file(project.root().join("greeting.txt"))?;
/// let is_fresh = |outputs| check(&project, CheckRequest::new().outputs(outputs)).map(|it| it.is_fresh());
/// assert!(is_fresh(CheckedOutputs::Matching)?, "as in a fresh clone");
/// assert!(!is_fresh(CheckedOutputs::Required)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckedOutputs {
    /// Those that exist are what is locked; the others may be absent, as in a fresh clone.
    #[default]
    Matching,
    /// All exist and are what is locked.
    Required,
    /// They are not looked at.
    Ignored,
}

/// Whether time windows after the newest locked one of their asset count.
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
/// use assetctl::{CheckRequest, DueWindows, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let asked = |request| check(&project, request).map(|report| report.due_windows);
/// assert_eq!(asked(CheckRequest::new())?, DueWindows::Apart);
/// assert_eq!(asked(CheckRequest::new().count_due())?, DueWindows::Counted);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DueWindows {
    /// They are listed apart: a clock alone makes nothing stale.
    #[default]
    Apart,
    /// They count as missing.
    Counted,
}

/// Whether what cannot be judged is an error.
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
/// use assetctl::{CheckRequest, Project, Strictness, check};
///
/// let project = Project::load(folder.path())?;
/// let asked = |request| check(&project, request).map(|report| report.strictness);
/// assert_eq!(asked(CheckRequest::new())?, Strictness::Lenient);
/// assert_eq!(asked(CheckRequest::new().strict())?, Strictness::Strict);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// It is listed apart.
    #[default]
    Lenient,
    /// It counts as not fresh.
    Strict,
}

/// Build some fresh asset partitions in scratch, and compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// How many, at most.
    pub count: NonZeroU32,
    /// Which of them: with one seed a greater count adds to what a smaller one chooses.
    pub seed: u64,
}

/// Bring the lock file up to date from the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockRequest {
    /// The lines of what; of everything if empty.
    pub selection: SelectionRequest,
    /// Whether it is done.
    pub dry_run: bool,
}

/// Say what differs between the lock files of two revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockDiffRequest {
    /// The revision that is compared with.
    pub old: String,
    /// The revision that is compared; `None` for the file in the work tree.
    pub new: Option<String>,
}

/// Say what changes can touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedRequest {
    /// What has changed.
    pub changes: Changes,
    /// Whether assets are left out that only read what is touched.
    pub direct: bool,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// What git says has changed since a revision.
    Since(String),
    /// These files and folders, absolute.
    Files(Vec<PathBuf>),
}

/// List the keys of a partitions definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPartitionsRequest {
    /// The definition, or an asset or source that has it.
    pub name: AssetKey,
    /// Which keys are listed.
    pub keys: WantedKeys,
}

/// Which keys are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WantedKeys {
    /// None: the first, the last and the number.
    #[default]
    Ends,
    /// All.
    All,
    /// Those that a word means: one with its neighbours, or a range.
    Word(KeyWord),
    /// The one whose window holds this instant, with its neighbours.
    At(Timestamp),
}

/// Show how the partitions of an asset are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowPartitionsRequest {
    /// The asset or source.
    pub asset: AssetKey,
}

/// Show which partitions of one side of a dep belong to one of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapPartitionsRequest {
    /// The asset that reads.
    pub asset: AssetKey,
    /// The input, or what it reads.
    pub dep: AssetKey,
    /// The partition; `None` where its side has none.
    pub partition: Option<KeyWord>,
    /// Whether the partition is one of what is read; else it is one of the asset that reads.
    pub downstream: bool,
}

/// Add keys to a dynamic definition, or remove some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeKeysRequest {
    /// The definition.
    pub definition: Name,
    /// The keys, each once.
    pub keys: Vec<PartitionKey>,
    /// Whether they come or go.
    pub change: KeyChange,
}

/// Whether keys come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// They come.
    Add,
    /// They go.
    Remove,
}
