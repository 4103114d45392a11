//! Jobs: a selection of assets with settings of its own, under a name.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::name::{Location, Name};
use crate::model::partition::DefinitionId;
use crate::model::request::SelectionText;

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
    /// Tags of its runs, as JSON text, sorted by name.
    pub tags: Vec<(String, String)>,
    /// Anything else, as JSON text, sorted by name.
    pub metadata: Vec<(String, String)>,
    /// Hooks, retries, limits of tags, logs and priority, as JSON text, sorted by key.
    pub policies: Vec<(String, String)>,
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
