//! What `job list` and `job show` answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::ListedPlace;
use crate::model::{AssetKey, ExecutorKind, Name, SelectionText};

/// The jobs of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JobsReport {
    /// In order of declaration.
    pub jobs: Vec<ListedJob>,
}

/// One job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobReport {
    /// The only field.
    pub job: ShownJob,
}

/// One job, as declared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListedJob {
    /// Its name.
    pub name: Name,
    /// What people say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The expressions that select its assets; empty for all.
    #[serde(serialize_with = "texts")]
    pub selection: Vec<SelectionText>,
    /// Clauses over its steps; empty for all.
    pub steps: Vec<String>,
    /// The definition whose keys it is for; its type where it has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<String>,
    /// Whether its steps run one at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<ExecutorKind>,
    /// How many run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<u32>,
    /// What may be set from outside, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Map<String, Value>>,
    /// What it sets of the configuration of assets, by asset, as it is written.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// The same for single partitions, by key.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub partition_config: Map<String, Value>,
    /// What it sets of the configuration of resources, by resource, as it is written.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub resources: Map<String, Value>,
    /// The paths that inputs are read from instead, by source or `ASSET.INPUT`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Tags of its runs.
    pub tags: Map<String, Value>,
    /// Anything else.
    pub metadata: Map<String, Value>,
    /// Hooks, retries, limits of tags, logs and priority, as declared.
    #[serde(flatten)]
    pub policies: Map<String, Value>,
    /// Where it is declared.
    pub location: ListedPlace,
}

/// One job, with what it selects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownJob {
    /// As it is listed.
    #[serde(flatten)]
    pub listing: ListedJob,
    /// What it selects now, in order of declaration.
    pub assets: Vec<AssetKey>,
}

fn texts<S: serde::Serializer>(texts: &[SelectionText], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(texts.iter().map(SelectionText::as_str))
}
