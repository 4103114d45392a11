//! The status of an asset partition, and the causes for which it is not fresh.

use serde::{Deserialize, Serialize};

use crate::model::asset::OutputKind;
use crate::model::name::{AssetKey, Name};
use crate::model::partition::PartitionKey;
use crate::model::record::RunId;
use crate::model::version::DataVersion;

/// What is known of an asset partition.
///
/// ```
/// assert_eq!(assetctl::Status::Stale.word(), "stale");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is what its declaration and inputs make it, and its outputs are what was recorded.
    Fresh,
    /// It is not, whatever the upstreams become.
    Stale,
    /// It was never materialized, as far as instance and lock file know.
    Missing,
    /// The lock file has a right line for it, but its outputs are not here.
    Locked,
    /// The lock file has a right line for it, and something is at the places of its outputs: their version is not their content
    /// (`data_version = "inputs"`), and no record here says whether they are those of the line.
    Unverifiable,
    /// An upstream is not fresh, so one cannot know yet.
    Pending,
    /// It is not fresh, and its last attempt failed.
    Failed,
    /// It is not fresh and cannot be made now: a source that it needs is missing or cannot be read.
    Blocked,
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Locked => "locked",
            Self::Unverifiable => "unverifiable",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
        }
    }
}

/// One difference between what was recorded and what is there now; one difference gives one cause.
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
/// # std::fs::write(folder.path().join("raw.txt"), "a\n")?;
/// use assetctl::{Cause, MaterializeRequest, PlanRequest, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::write(project.root().join("raw.txt"), "b\n")?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// assert!(matches!(&plan.steps[0].causes[..], [Cause::Data(_)]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The command, a code file, the environment or another part of the code version changed.
    Code(CodeChange),
    /// A dependency was added, removed or remapped.
    Dependency {
        /// The input's name.
        input: Name,
        /// What happened.
        change: DependencyChange,
    },
    /// A dependency was removed, and its name is not known: a lock file names none.
    DependencyRemoved,
    /// The data version of an input changed.
    Data(DataChange),
    /// An output differs from its record.
    Output {
        /// The output's label; `None` for the only one.
        output: Option<String>,
        /// Its path, relative to the project root; `None` where several partitions have a path each.
        path: Option<String>,
        /// What is wrong.
        change: OutputChange,
    },
    /// It was recorded under another version of the rules.
    Rule {
        /// The rule it was recorded under.
        old: u32,
        /// The rule now.
        new: u32,
    },
    /// The user asked for it.
    Forced,
    /// The asset always runs.
    Volatile,
    /// The last attempt failed.
    FailedBefore,
}

/// A difference in the code version.
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
/// # std::fs::write(folder.path().join("raw.txt"), "a\n")?;
/// use assetctl::{Cause, MaterializeRequest, PlanRequest, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// let manifest = project.root().join("Assets.toml");
/// let text = std::fs::read_to_string(&manifest)?.replace("sort {{", "sort -r {{");
/// std::fs::write(&manifest, text)?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// let [Cause::Code(change)] = &plan.steps[0].causes[..] else {
///     panic!("one cause: the command");
/// };
/// assert_eq!(change.what, "command");
/// assert_eq!(change.new.as_deref(), Some("sort -r {{input}} > {{output}}"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChange {
    /// The field of the readable record: `command`, `file steps/clean.py`, `env LIMIT`, ….
    pub what: String,
    /// The code file, where it is one.
    pub path: Option<String>,
    /// Its recorded value; `None` if it is new.
    pub old: Option<String>,
    /// Its value now; `None` if it is gone.
    pub new: Option<String>,
    /// Where its value comes from, if it is of the configuration: `config`, `default`, `--set`; of a variable `--env`, if an
    /// environment gives it another value.
    pub origin: Option<String>,
    /// The run that recorded the old value, if it is of the configuration.
    pub recorded_by: Option<RecordingRun>,
}

/// The run that recorded something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRun {
    /// The run.
    pub run: RunId,
    /// The job that it ran or was judged by.
    pub job: Option<Name>,
}

/// What happened to a dependency.
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
/// # command = "sort {{input.raw}} > {{output}}"
/// # outputs = "sorted.txt"
/// # "#)?;
/// # std::fs::write(folder.path().join("raw.txt"), "a\n")?;
/// # std::fs::write(folder.path().join("more.txt"), "b\n")?;
/// use assetctl::{Cause, DependencyChange, MaterializeRequest, PlanRequest, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// let manifest = project.root().join("Assets.toml");
/// let text = std::fs::read_to_string(&manifest)?.replace("deps = \"raw\"", "deps = [\"raw\", \"./more.txt\"]");
/// std::fs::write(&manifest, text)?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// let is_added = |cause: &Cause| {
///     matches!(cause, Cause::Dependency { change: DependencyChange::Added, .. })
/// };
/// assert!(plan.steps[0].causes.iter().any(is_added));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DependencyChange {
    /// It was not read before.
    Added,
    /// It is not read any more.
    Removed,
    /// It is mapped otherwise, or stands for another asset or output.
    Remapped {
        /// As recorded.
        old: String,
        /// As declared now.
        new: String,
    },
}

/// A changed input.
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
/// # std::fs::write(folder.path().join("raw.txt"), "a\n")?;
/// use assetctl::{Cause, MaterializeRequest, PlanRequest, Presence, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::write(project.root().join("raw.txt"), "b\n")?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// let [Cause::Data(change)] = &plan.steps[0].causes[..] else {
///     panic!("one cause: the source");
/// };
/// assert_eq!((change.asset.as_str(), change.path.as_deref()), ("raw", Some("raw.txt")));
/// assert_eq!(change.presence, Presence::There);
/// assert_ne!(change.old, change.new);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataChange {
    /// The input's name.
    pub input: Name,
    /// What it reads.
    pub asset: AssetKey,
    /// The upstream key; `None` where the upstream is unpartitioned.
    pub partition: Option<PartitionKey>,
    /// The path of the file that changed, where the input is a source.
    pub path: Option<String>,
    /// The path that it was read from, where that is another one.
    pub old_path: Option<String>,
    /// The recorded version; `None` if this key was not read, or where several partitions have one each.
    pub old: Option<DataVersion>,
    /// The version now; `None` if it has none, or is not read any more, or where several partitions have one each.
    pub new: Option<DataVersion>,
    /// Whether there is anything to read.
    pub presence: Presence,
    /// What is in it now in place of what was, where that is known.
    pub detail: Option<DataDetail>,
    /// Why the upstream changed, down to the root; empty for a source or where the upstream has run since.
    pub root: Vec<Cause>,
}

/// Whether what is read is there at all.
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
/// # std::fs::write(folder.path().join("raw.txt"), "a\n")?;
/// use assetctl::{Cause, MaterializeRequest, PlanRequest, Presence, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::remove_file(project.root().join("raw.txt"))?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// let is_gone = |cause: &Cause| matches!(cause, Cause::Data(it) if it.presence == Presence::Missing);
/// assert!(plan.steps[0].causes.iter().any(is_gone));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// Nothing is at its place.
    Missing,
    /// Something is there that cannot be read.
    Unreadable,
    /// It is not read any more: its key does not exist now, or is not among those that are read.
    Removed,
    /// An asset that is to be made, or may have to be.
    ToBeMade,
}

/// How the content of a source changed.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [source.rate]
/// # path = "params.toml"
/// # key = "rate"
/// # [asset.rated]
/// # deps = "rate"
/// # command = "echo {{value.rate}} > {{output}}"
/// # outputs = "rated.txt"
/// # "#)?;
/// # std::fs::write(folder.path().join("params.toml"), "rate = 0.1\n")?;
/// use assetctl::{Cause, DataDetail, MaterializeRequest, PlanRequest, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::write(project.root().join("params.toml"), "rate = 0.2\n")?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// let [Cause::Data(change)] = &plan.steps[0].causes[..] else {
///     panic!("one cause: the source");
/// };
/// let detail = DataDetail::Value { old: "0.1".into(), new: "0.2".into() };
/// assert_eq!(change.detail, Some(detail));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataDetail {
    /// A value of a file.
    Value {
        /// The recorded one, as JSON; its beginning where it is long.
        old: String,
        /// The one that is there now.
        new: String,
    },
    /// The files of a folder, or of what globs match.
    Files(FileChanges),
    /// More files than a list is kept of: how many there were.
    TooManyFiles(u64),
}

/// What happened to the files of a folder, or of what globs match, by their paths.
///
/// ```
/// use assetctl::FileChanges;
///
/// let changes = FileChanges { changed: vec!["a.csv".into()], more: 3, ..FileChanges::default() };
/// assert_eq!(changes.count(), 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChanges {
    /// Files that are new, in order of bytes.
    pub added: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// Files whose content, or executable bit, is another.
    pub changed: Vec<String>,
    /// How many more there are than are named.
    pub more: u64,
}

impl FileChanges {
    /// How many files were added, removed or changed.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.added.len() + self.removed.len() + self.changed.len()) as u64 + self.more
    }
}

/// How an output differs from what was recorded.
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
/// use assetctl::{Cause, MaterializeRequest, OutputChange, PlanRequest, Project, materialize, plan};
///
/// let project = Project::load(folder.path())?;
/// let instance = project.instance();
/// materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// std::fs::remove_file(project.root().join("greeting.txt"))?;
/// let plan = plan(&project, PlanRequest::new().instance(&instance))?;
/// let [Cause::Output { path, change, .. }] = &plan.steps[0].causes[..] else {
///     panic!("one cause: the output");
/// };
/// assert_eq!((path.as_deref(), *change), (Some("greeting.txt"), OutputChange::Missing));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputChange {
    /// Nothing is at its path.
    Missing,
    /// Its content is another.
    Altered {
        /// As recorded; `None` where several partitions have one each.
        old: Option<DataVersion>,
        /// As it is.
        new: Option<DataVersion>,
    },
    /// A file was recorded and a directory is there, or the other way.
    Kind {
        /// What is there.
        found: OutputKind,
    },
    /// What is there cannot be read.
    Unreadable,
}

impl Cause {
    /// The word for its kind.
    #[must_use]
    pub fn kind(&self) -> CauseKind {
        match self {
            Self::Code(_) => CauseKind::Code,
            Self::Dependency { .. } | Self::DependencyRemoved => CauseKind::Dependency,
            Self::Data(_) => CauseKind::Data,
            Self::Output { .. } => CauseKind::Output,
            Self::Rule { .. } => CauseKind::Rule,
            Self::Forced => CauseKind::Forced,
            Self::Volatile => CauseKind::Volatile,
            Self::FailedBefore => CauseKind::FailedBefore,
        }
    }
}

/// The kinds of causes: a closed list.
///
/// ```
/// use assetctl::{Cause, CauseKind};
///
/// assert_eq!(Cause::FailedBefore.kind(), CauseKind::FailedBefore);
/// assert_eq!(CauseKind::FailedBefore.word(), "failed_before");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// See [`Cause::Code`].
    Code,
    /// See [`Cause::Dependency`].
    Dependency,
    /// See [`Cause::Data`].
    Data,
    /// See [`Cause::Output`].
    Output,
    /// See [`Cause::Rule`].
    Rule,
    /// See [`Cause::Forced`].
    Forced,
    /// See [`Cause::Volatile`].
    Volatile,
    /// See [`Cause::FailedBefore`].
    FailedBefore,
}

impl CauseKind {
    /// The word for it in machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Dependency => "dependency",
            Self::Data => "data",
            Self::Output => "output",
            Self::Rule => "rule",
            Self::Forced => "forced",
            Self::Volatile => "volatile",
            Self::FailedBefore => "failed_before",
        }
    }
}
