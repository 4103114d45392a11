//! Assets and source assets, as declared and checked.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::config::AssetConfig;
use crate::model::hook::Hook;
use crate::model::name::{AssetId, AssetKey, Location, Name};
use crate::model::partition::{DefinitionId, PartitionMapping};
use crate::model::retry::{RetryPolicy, RetryRule};
use crate::model::template::{CommandTemplate, PartitionRef, PathTemplate};

/// The value of a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TagValue {
    /// A text; empty where only the name was given.
    Text(String),
    /// Anything else, as JSON.
    Json(String),
}

impl TagValue {
    /// As it is selected and shown.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Json(text) => text,
        }
    }

    /// As it was declared.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            // It was written as JSON when it was read.
            Self::Json(json) => serde_json::from_str(json).unwrap_or_default(),
        }
    }
}

impl From<&str> for TagValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What people say of an asset; part of no version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What it is.
    pub description: Option<String>,
    /// The group it belongs to.
    pub group: Option<String>,
    /// Tags, sorted by name; the value may be empty.
    pub tags: Vec<(String, TagValue)>,
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
    /// Whether it has lines in the lock file, so that its freshness can be judged from a checkout alone.
    pub locked: bool,
}

/// How an asset is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the manifest"
)]
pub struct Recipe {
    /// The command.
    pub command: Command,
    /// The folder it runs in, relative to the project root; empty for the root itself.
    pub folder: String,
    /// The files that are part of the code version.
    pub code: Code,
    /// Whether the command writes to the final paths, from which previous outputs are moved aside, instead of a staging
    /// folder, from which finished outputs are renamed into place.
    pub in_place: bool,
    /// The dep whose file is given on standard input, by its index; `None` where nothing is given.
    pub stdin: Option<u32>,
    /// Whether standard output is the asset's only output; it goes to the step's log otherwise.
    pub stdout_is_output: bool,
    /// Whether the command starts from a copy of its previous output.
    pub incremental: bool,
    /// Whether it runs whenever a run's plan holds it, even when nothing changed.
    pub volatile: bool,
    /// Variables set for the command, in declared order.
    pub env: Vec<EnvVariable>,
    /// The resources that its command needs, in declared order.
    pub resources: Vec<Name>,
    /// Its configuration, if it has one.
    pub config: Option<Box<AssetConfig>>,
    /// What runs when a step of it has ended; part of no version.
    pub hooks: Vec<Hook>,
    /// What of the caller's environment the command sees.
    pub inherit_env: InheritEnv,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// How often it is tried again, by its own declaration.
    pub retries: Option<RetryPolicy>,
    /// The same by the defaults of its file, which count after those of a job.
    pub default_retries: Option<RetryPolicy>,
    /// Whether processes that the command leaves behind may be ended; the step fails otherwise, as they may not have
    /// finished their work.
    pub may_end_leftovers: bool,
    /// The greatest number of neighbouring partitions that one command makes; `None` where it makes one.
    pub batch: Option<NonZeroU32>,
}

impl Recipe {
    /// When its attempts are followed by others, in a run of a job with this policy.
    pub fn retry_rule(&self, of_job: Option<RetryPolicy>) -> RetryRule {
        let policy = self.retries.or(of_job).or(self.default_retries);
        policy.map_or(RetryRule::Asked, RetryRule::Policy)
    }
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
    /// Whether files that git ignores are left out, as a clone does not have them.
    pub leaves_out_gitignored: bool,
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
        required: bool,
    },
    /// The caller's variable of this name, which is neither recorded nor printed.
    Secret {
        /// The caller's variable.
        variable: String,
        /// Whether its absence is an error.
        required: bool,
    },
}

impl EnvValue {
    /// The caller's variable that it takes, and whether its absence is an error.
    pub fn of_caller(&self) -> Option<(&str, bool)> {
        match self {
            Self::Literal(_) => None,
            Self::FromEnv { variable, required } | Self::Secret { variable, required } => {
                Some((variable, *required))
            }
        }
    }
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
    /// Whether upstream keys that the mapping asks for and that do not exist are left out, instead of an error.
    pub allow_missing: bool,
    /// Where it is declared.
    pub location: Location,
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
    /// Whether absence is a version of its own, instead of an error.
    pub optional: bool,
    /// Whether files that git ignores are left out, as a clone does not have them.
    pub leaves_out_gitignored: bool,
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
        /// Whether one call answers for all partitions with `KEY VERSION` lines, instead of for one.
        for_all: bool,
        /// How long a call may take.
        timeout: Option<Duration>,
        /// Variables set for the command, in declared order.
        env: Vec<EnvVariable>,
        /// The resources that the command needs, in declared order.
        resources: Vec<Name>,
    },
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

    /// Its words as they are written in the manifest, those of its shell first.
    pub fn written_words(&self) -> impl Iterator<Item = &str> {
        let (first, rest) = match self {
            Self::Shell { shell, written, .. } => (shell, std::slice::from_ref(written)),
            Self::Direct { written, .. } => (written, &[][..]),
        };
        first.iter().chain(rest).map(String::as_str)
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
        self.recipe.as_ref().is_some_and(|it| it.incremental)
    }

    /// Whether a command makes it; one without a command is made elsewhere.
    pub fn is_materializable(&self) -> bool {
        self.recipe.is_some()
    }

    /// Whether it runs even when nothing changed.
    pub fn is_volatile(&self) -> bool {
        self.recipe.as_ref().is_some_and(|it| it.volatile)
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

    /// The resources that its command needs, in declared order.
    pub fn resources(&self) -> &[Name] {
        match self {
            Self::Asset(asset) => asset.recipe.as_ref().map_or(&[], |it| &it.resources),
            Self::Source(source) => match &source.place {
                Place::Observed { resources, .. } => resources,
                Place::Paths(_) | Place::Value { .. } => &[],
            },
        }
    }

    /// What runs when a step of it has ended.
    pub fn hooks(&self) -> &[Hook] {
        match self {
            Self::Asset(asset) => asset.recipe.as_ref().map_or(&[], |it| &it.hooks),
            Self::Source(_) => &[],
        }
    }

    /// The variables set for its command, in declared order.
    pub fn env(&self) -> &[EnvVariable] {
        match self {
            Self::Asset(asset) => asset.recipe.as_ref().map_or(&[], |it| &it.env),
            Self::Source(source) => match &source.place {
                Place::Observed { env, .. } => env,
                Place::Paths(_) | Place::Value { .. } => &[],
            },
        }
    }

    /// The same, to be changed.
    pub(super) fn env_mut(&mut self) -> Option<&mut Vec<EnvVariable>> {
        match self {
            Self::Asset(asset) => asset.recipe.as_mut().map(|it| &mut it.env),
            Self::Source(source) => match &mut source.place {
                Place::Observed { env, .. } => Some(env),
                Place::Paths(_) | Place::Value { .. } => None,
            },
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
