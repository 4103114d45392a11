//! Jobs: a selection of assets with settings of its own, under a name.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::config::{AssetConfig, Setting};
use crate::model::hook::Hook;
use crate::model::name::{Location, Name};
use crate::model::partition::{DefinitionId, PartitionKey};
use crate::model::request::SelectionText;
use crate::model::retry::RetryPolicy;

/// A job, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub name: Name,
    /// Where its table stands.
    pub location: Location,
    /// For people.
    pub description: Option<String>,
    /// The expressions over assets that it stands for, united; everything if empty.
    pub selection: Vec<SelectionText>,
    /// Clauses over the steps of its plan, united; all of them if empty.
    pub steps: Vec<String>,
    /// The definition of all its partitioned assets, where it is for keys of one alone.
    pub partitions: Option<DefinitionId>,
    /// How its steps are run.
    pub execution: JobExecution,
    /// What may be set from outside; nothing else of its assets is then.
    pub params: Option<AssetConfig>,
    /// What it sets of the configuration of assets.
    pub configs: Vec<JobConfig>,
    /// What it sets of the configuration of resources.
    pub resources: Vec<JobConfig>,
    /// The paths that inputs are read from instead: each a source, or `ASSET.INPUT`.
    pub inputs: Vec<JobInput>,
    /// Tags of its runs, as JSON text, sorted by name.
    pub tags: Vec<(String, String)>,
    /// Anything else, as JSON text, sorted by name.
    pub metadata: Vec<(String, String)>,
    /// How often steps are tried again that have no policy of their own.
    pub retries: Option<RetryPolicy>,
    /// What runs when its steps and its runs have ended.
    pub hooks: Vec<Hook>,
    /// Hooks, retries, limits of tags, logs and priority, as JSON text, sorted by key.
    pub policies: Vec<(String, String)>,
}

/// What a job sets of the configuration of an asset or a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobConfig {
    /// The name of the asset or the resource.
    pub name: String,
    /// The only partition that it is for; `None` for all.
    pub partition: Option<PartitionKey>,
    /// What it sets.
    pub values: Vec<JobValue>,
    /// Where the name stands.
    pub location: Location,
}

/// A value that a job sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobValue {
    /// The path of its key in the configuration of the asset.
    pub keys: Vec<String>,
    /// The value.
    pub setting: JobSetting,
    /// Where the key stands.
    pub key_location: Location,
    /// Where the value stands.
    pub location: Location,
}

/// What a job sets a key to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobSetting {
    /// A value without params.
    Plain(Setting),
    /// A text with params; one that is a param alone is the value of it.
    OfParams(Vec<ParamPiece>),
}

/// A part of a text with params.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamPiece {
    /// As it is.
    Text(String),
    /// The value of a param.
    Param(String),
}

/// A path that a job reads an input from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInput {
    /// A source, or `ASSET.INPUT`.
    pub name: String,
    /// The path, which may hold placeholders.
    pub path: Vec<ParamPiece>,
    /// Where the path stands.
    pub location: Location,
}

impl ParamPiece {
    /// The text with params as they are written.
    pub fn written(pieces: &[Self]) -> String {
        let piece = |piece: &Self| match piece {
            Self::Text(text) => text.clone(),
            Self::Param(name) => format!("{{{{param.{name}}}}}"),
        };
        pieces.iter().map(piece).collect()
    }
}

/// How the steps of a run are started, as far as a job says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobExecution {
    /// One step at a time, or several.
    pub executor: Option<ExecutorKind>,
    /// How many steps run at once; `None` for as many as there are cores.
    pub max_concurrent: Option<NonZeroU32>,
}

/// Whether steps run one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorKind {
    /// One at a time, upstream before downstream, ties in order of declaration.
    InProcess,
    /// As many at once as there are slots.
    Multiprocess,
}

impl ExecutorKind {
    /// All, with the words for them.
    pub const ALL: [(&'static str, Self); 2] = [
        ("in_process", Self::InProcess),
        ("multiprocess", Self::Multiprocess),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::InProcess => "in_process",
            Self::Multiprocess => "multiprocess",
        }
    }
}
