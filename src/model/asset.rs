//! Assets and source assets, as declared and checked.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::name::{AssetId, AssetKey, Location, Name};
use crate::model::partition::{DefinitionId, PartitionMapping};
use crate::model::template::{CommandTemplate, PartitionRef, PathTemplate};

/// What people say of an asset; part of no version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What it is.
    pub description: Option<String>,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Tags, sorted by name; the value may be empty.
    pub tags: Vec<(String, String)>,
    /// Kinds, as `python` or `duckdb`.
    pub kinds: Vec<String>,
    /// Owners, as mail addresses or `team:NAME`.
    pub owners: Vec<String>,
    /// Anything else, as JSON text, sorted by name.
    pub metadata: Vec<(String, String)>,
}

/// An asset: data that a command makes, or that somebody makes elsewhere and reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Its name.
    pub key: AssetKey,
    /// Where its table stands.
    pub location: Location,
    /// For people.
    pub about: About,
    /// Its partitions definition.
    pub partitions: Option<DefinitionId>,
    /// What it reads, in declared order.
    pub deps: Vec<Dep>,
    /// Assets that run before it, without being read.
    pub after: Vec<AssetId>,
    /// How it is made; `None` for an external asset.
    pub recipe: Option<Recipe>,
    /// What it consists of, in declared order; at least one, except for an external asset.
    pub outputs: Vec<Output>,
    /// What its data version is made of.
    pub data_version: DataVersionRule,
    /// Higher runs first.
    pub priority: i32,
    /// Whether it has lines in the lock file.
    pub locking: Locking,
}

/// How an asset is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The command.
    pub command: Command,
    /// The folder it runs in, relative to the project root; empty for the root itself.
    pub folder: String,
    /// The files that are part of the code version.
    pub code: Code,
    /// Where the command writes.
    pub staging: Staging,
    /// The dep whose file is given on standard input, by its index; `None` where nothing is given.
    pub stdin: Option<u32>,
    /// Where standard output goes.
    pub stdout: Stdout,
    /// Whether the command starts from its previous output.
    pub history: History,
    /// Whether it runs even when nothing changed.
    pub runs: Runs,
    /// Variables set for the command, in declared order.
    pub env: Vec<EnvVariable>,
    /// What of the caller's environment the command sees.
    pub inherit_env: InheritEnv,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// What it means that processes of the command have to be ended once it has ended itself.
    pub leftovers: LeftoverRule,
    /// The greatest number of neighbouring partitions that one command makes; `None` where it makes one.
    pub batch: Option<NonZeroU32>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A text run by a shell.
    Shell {
        /// The shell and its arguments before the text.
        shell: Vec<String>,
        /// The text.
        text: CommandTemplate,
        /// The text as it is written in the manifest.
        written: String,
    },
    /// A program and its arguments.
    Direct {
        /// The program and its arguments.
        arguments: Vec<CommandTemplate>,
        /// They as they are written in the manifest.
        written: Vec<String>,
    },
}

/// Which files and programs are part of the code version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Files and globs that are declared, relative to the project root, each with its place.
    pub declared: Vec<(String, Location)>,
    /// Globs of what is taken out of what those match.
    pub except: Vec<String>,
    /// Words of the command that may name code files, relative to the project root: they count if such a file exists.
    pub candidates: Vec<String>,
    /// Programs whose resolved file counts, each with its place.
    pub tools: Vec<(String, Location)>,
    /// A version of the user's that stands for shell, command and code files.
    pub version: Option<String>,
    /// Whether files count that git ignores.
    pub gitignored: Gitignored,
}

/// Whether files that git ignores count, within a directory or a glob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gitignored {
    /// They do: data usually is ignored.
    #[default]
    Counted,
    /// They are left out, as a clone does not have them.
    LeftOut,
}

/// Where a command writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Staging {
    /// To a staging folder, from which finished outputs are renamed into place.
    Staged,
    /// To the final paths, from which previous outputs are moved aside.
    InPlace,
}

/// Where a command's standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stdout {
    /// To the step's log.
    Log,
    /// To the asset's only output.
    Output,
}

/// What a command finds at its outputs when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum History {
    /// Nothing.
    None,
    /// A copy of its previous output: `incremental = true`.
    Incremental,
}

/// When an asset runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runs {
    /// When it is not fresh.
    WhenStale,
    /// Whenever a run's plan holds it: `volatile = true`.
    Always,
}

/// What it means that processes of a command have to be ended once it has ended itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeftoverRule {
    /// The step fails: they may not have finished their work.
    Fail,
    /// Nothing: `leftovers = "end"`.
    End,
}

/// A variable set for a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVariable {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub value: EnvValue,
    /// Where it is declared.
    pub location: Location,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvValue {
    /// A text; part of the code version.
    Literal(String),
    /// The caller's variable of this name, which is part of the code version.
    FromEnv {
        /// The caller's variable.
        variable: String,
        /// Whether its absence is an error.
        required: Required,
    },
    /// The caller's variable of this name, which is neither recorded nor printed.
    Secret {
        /// The caller's variable.
        variable: String,
        /// Whether its absence is an error.
        required: Required,
    },
}

/// Whether something has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Required {
    /// It has to.
    Yes,
    /// Its absence is a value of its own.
    No,
}

/// What of the caller's environment a command sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InheritEnv {
    /// All of it.
    All,
    /// PATH, HOME, TMPDIR, LANG, and these.
    Only(Vec<String>),
}

/// A dependency: an upstream asset, or one output of it, read as an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dep {
    /// The input's name.
    pub input: Name,
    /// What is read.
    pub asset: AssetId,
    /// The output that is read, by its index; `None` for all of them.
    pub output: Option<u32>,
    /// Which of its partitions.
    pub mapping: PartitionMapping,
    /// Whether partitions that do not exist are an error or left out.
    pub nonexistent: Nonexistent,
    /// Where it is declared.
    pub location: Location,
}

/// What becomes of upstream keys that a mapping asks for and that do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nonexistent {
    /// They are an error.
    Refused,
    /// They are left out: `allow_missing = true`.
    Dropped,
}

/// One thing that an asset's command writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name; `None` where outputs are a list or the default one.
    pub name: Option<Name>,
    /// Its path, relative to the project root, without a trailing slash.
    pub path: PathTemplate,
    /// What is at the path.
    pub kind: OutputKind,
    /// Where it is declared; the asset's table for the default one.
    pub location: Location,
}

/// What is at an output's path.
///
/// ```
/// use assetctl::{OutputKind, StagedOutput};
///
/// let output = StagedOutput {
///     path: "build/days".to_owned(),
///     written: "staging/build/days".to_owned(),
///     kind: OutputKind::Directory,
/// };
/// assert_ne!(output.kind, OutputKind::File);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OutputKind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// What the data version of an asset's outputs is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataVersionRule {
    /// Their contents.
    Content,
    /// The fingerprint stands in.
    Inputs,
    /// The command reports it.
    Reported,
}

/// Whether an asset has lines in the lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Locking {
    /// It has, so that its freshness can be judged from a checkout alone.
    Locked,
    /// It has none: `lock = false`.
    LeftOut,
}

/// A source asset: data that is observed and never made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceAsset {
    /// Its name.
    pub key: AssetKey,
    /// Where its table stands, or the dep that declares it in place.
    pub location: Location,
    /// For people.
    pub about: About,
    /// Its partitions definition.
    pub partitions: Option<DefinitionId>,
    /// Where the data is.
    pub place: Place,
    /// Whether absence is a version of its own.
    pub required: Required,
    /// Whether files count that git ignores.
    pub gitignored: Gitignored,
}

/// Where a source's data is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// At paths, in declared order.
    Paths(Vec<SourcePath>),
    /// A value of a TOML, YAML or JSON file.
    Value {
        /// The file.
        path: PathTemplate,
        /// The dotted key in it.
        key: PathTemplate,
    },
    /// Somewhere that a command asks: it prints the data version.
    Observed {
        /// The command.
        command: Command,
        /// The folder it runs in.
        folder: String,
        /// Whether one call answers for one key, or for all with `KEY VERSION` lines.
        answers: Answers,
        /// How long a call may take.
        timeout: Option<Duration>,
    },
}

/// What one call of an `observe` command answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answers {
    /// One partition, or the only one.
    One,
    /// All partitions, one line each.
    All,
}

/// A path of a source: relative to the project root, or absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourcePath {
    /// A file or a directory.
    Exact(PathTemplate),
    /// A glob, and what is taken out of what it matches.
    Glob(PathTemplate, Vec<PathTemplate>),
}

impl SourcePath {
    /// The path or the glob.
    pub fn template(&self) -> &PathTemplate {
        match self {
            Self::Exact(path) | Self::Glob(path, _) => path,
        }
    }
}

/// Exceptions from a glob, for a partition.
pub fn exceptions(except: &[PathTemplate], partition: PartitionRef<'_>) -> Vec<String> {
    let path = |except: &PathTemplate| except.path(partition).into_owned();
    except.iter().map(path).collect()
}

impl Command {
    /// The program of the shell that runs it; `None` if it is executed without one.
    pub fn shell(&self) -> Option<&str> {
        match self {
            Self::Shell { shell, .. } => shell.first().map(String::as_str),
            Self::Direct { .. } => None,
        }
    }
}

impl Asset {
    /// The output with this index as messages and records name it: its name, or its number from 0 where a list of
    /// several has none; `None` for the only output of an asset.
    pub fn output_label(&self, index: usize) -> Option<String> {
        match (&self.outputs[index].name, self.outputs.len()) {
            (Some(name), _) => Some(name.to_string()),
            (None, 1) => None,
            (None, _) => Some(index.to_string()),
        }
    }

    /// The dep whose file its command is given on standard input.
    pub fn stdin(&self) -> Option<&Dep> {
        let index = self.recipe.as_ref()?.stdin?;
        self.deps.get(index as usize)
    }

    /// Whether its command starts from its previous output.
    pub fn is_incremental(&self) -> bool {
        self.recipe
            .as_ref()
            .is_some_and(|recipe| recipe.history == History::Incremental)
    }

    /// Whether a command makes it; one without a command is made elsewhere.
    pub fn is_materializable(&self) -> bool {
        self.recipe.is_some()
    }

    /// Whether it has lines in the lock file.
    pub fn is_locked(&self) -> bool {
        self.locking == Locking::Locked
    }

    /// Whether it runs even when nothing changed.
    pub fn is_volatile(&self) -> bool {
        self.recipe
            .as_ref()
            .is_some_and(|recipe| recipe.runs == Runs::Always)
    }
}

impl SourceAsset {
    /// Whether one partition of it can have more than one path.
    pub fn can_have_several_paths(&self) -> bool {
        match &self.place {
            Place::Paths(paths) => !matches!(paths.as_slice(), [] | [SourcePath::Exact(_)]),
            Place::Value { .. } | Place::Observed { .. } => false,
        }
    }
}

/// An asset or a source asset: they share one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Declaration {
    /// An asset.
    Asset(Box<Asset>),
    /// A source asset.
    Source(Box<SourceAsset>),
}

impl Declaration {
    /// Its name.
    pub fn key(&self) -> &AssetKey {
        match self {
            Self::Asset(asset) => &asset.key,
            Self::Source(source) => &source.key,
        }
    }

    /// Where it is declared.
    pub fn location(&self) -> Location {
        match self {
            Self::Asset(asset) => asset.location,
            Self::Source(source) => source.location,
        }
    }

    /// What people say of it.
    pub fn about(&self) -> &About {
        match self {
            Self::Asset(asset) => &asset.about,
            Self::Source(source) => &source.about,
        }
    }

    /// Its partitions definition.
    pub fn partitions(&self) -> Option<DefinitionId> {
        match self {
            Self::Asset(asset) => asset.partitions,
            Self::Source(source) => source.partitions,
        }
    }

    /// All that it needs, in declared order.
    pub(super) fn upstream(&self) -> impl Iterator<Item = AssetId> + '_ {
        let (deps, after): (&[Dep], &[AssetId]) = match self {
            Self::Asset(asset) => (&asset.deps, &asset.after),
            Self::Source(_) => (&[], &[]),
        };
        deps.iter()
            .map(|dep| dep.asset)
            .chain(after.iter().copied())
    }
}
