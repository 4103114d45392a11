//! `config check`: all values as they are resolved, or all that is wrong with them.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::answer::ConfigReport;
use crate::app::config::{configured_assets, section};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::executor::LocalExecutor;
use crate::look::{Problems, config_error, resolved_config, resolved_resource};
use crate::model::{
    Asset, AssetId, ConfigLeaf, ConfigPath, ConfigValue, EffectiveConfig, LeafValue, PartitionKey,
    ResolvedResource, Setting, written_path,
};

/// Resolves the configuration of all assets: what is given back as a file resolves to the same.
///
/// # Errors
///
/// All values that are missing, or that a variable of the environment gives and a schema does not take.
pub fn check_config(project: &OpenProject) -> Result<ConfigReport, AppError> {
    let versions = project.versions()?;
    let workspace = project.workspace(&versions, &LocalExecutor);
    let graph = project.graph();
    let mut problems = Problems::default();
    let mut writing = Writing::default();
    writing.execution(project);
    writing.inputs(project);
    if let Some(params) = project.params() {
        writing.params(params);
    }
    for (id, asset, _) in configured_assets(graph) {
        match resolved_config(&workspace, asset) {
            Some(Ok(config)) => {
                if lacks_values(project, id, &config) {
                    let missing = config.missing().iter();
                    problems.extend(missing.map(|it| config_error(&workspace, asset, it)));
                }
                // Beside params nothing else of assets can be given back.
                if project.params().is_none() {
                    writing.asset(asset, &config);
                }
            }
            Some(Err(faults)) => {
                let faults = faults.iter();
                problems.extend(faults.map(|it| config_error(&workspace, asset, it)));
            }
            None => {}
        }
    }
    for resource in &graph.settings().resources {
        match resolved_resource(&workspace, resource) {
            Ok(resolved) => writing.resource(&resolved),
            Err(faults) => problems.append(faults),
        }
    }
    problems
        .into_result(ConfigReport {
            config: writing.json.into(),
            text: writing.text,
        })
        .map_err(AppError::Plan)
}

/// Whether a partition has no value where one is required.
fn lacks_values(project: &OpenProject, id: AssetId, config: &EffectiveConfig) -> bool {
    let keys = project.keys().get(project.graph().partitions(id));
    let own = config
        .partitions()
        .filter(|key| keys.index_of(key.as_str()).is_some());
    !config.missing().is_empty() && (own.count() as u32) < keys.len()
}

/// A file of run config that is being written, as TOML and as JSON.
#[derive(Default)]
struct Writing {
    text: String,
    json: Map<String, Value>,
}

impl Writing {
    /// What is set of the params of a job.
    fn params(&mut self, params: &[(String, Setting)]) {
        let mut json = Map::new();
        self.text.push_str("\n[params]\n");
        for (name, setting) in params {
            let value = setting.to_json();
            if let Ok(value) = ConfigValue::of_json(&value) {
                let path = ConfigPath::new(vec![name.clone()]);
                let _ = writeln!(self.text, "{path} = {}", value.toml());
            }
            json.insert(name.clone(), value);
        }
        self.json.insert("params".to_owned(), json.into());
    }

    fn execution(&mut self, project: &OpenProject) {
        let job = project.configuration().job.as_ref();
        let job = job.and_then(|name| project.graph().job(name.as_str()));
        let execution = match job {
            Some(job) => project.execution().over(job.execution),
            None => project.execution(),
        };
        let executor = if execution.is_in_process() {
            "in_process"
        } else {
            "multiprocess"
        };
        let retries = !execution.no_retries;
        let mut json = json!({ "executor": executor, "retries": retries });
        let _ = write!(self.text, "[execution]\nexecutor = \"{executor}\"\n");
        if !execution.is_in_process() {
            let most = execution.max_concurrent.unwrap_or(0);
            let _ = writeln!(self.text, "max_concurrent = {most}");
            json["max_concurrent"] = most.into();
        }
        let _ = writeln!(self.text, "retries = {retries}");
        self.json.insert("execution".to_owned(), json);
    }

    /// Sources that are read from other paths than the declared ones.
    fn inputs(&mut self, project: &OpenProject) {
        let Some(declared) = project.declared_graph() else {
            return;
        };
        let graph = project.graph();
        let mut moved = BTreeMap::new();
        for id in graph.ids().filter(|id| graph.is_source(*id)) {
            let declared = (id.index() < declared.len())
                .then(|| declared.source(id))
                .flatten();
            if graph.source(id).and_then(written_path) != declared.and_then(written_path) {
                moved.extend(
                    graph
                        .source(id)
                        .and_then(written_path)
                        .map(|path| (graph.key(id).to_string(), path)),
                );
            }
        }
        if moved.is_empty() {
            return;
        }
        self.text.push_str("\n[inputs]\n");
        for (name, path) in &moved {
            let name = ConfigPath::new(vec![name.clone()]);
            let path = ConfigValue::Text(path.clone());
            let _ = writeln!(self.text, "{name} = {}", path.toml());
        }
        self.json.insert("inputs".to_owned(), json!(moved));
    }

    fn asset(&mut self, asset: &Asset, config: &EffectiveConfig) {
        let of_partitions = config.by_partition();
        let varies = |path: &ConfigPath| {
            let varies = |leaf: &ConfigLeaf| {
                leaf.path == *path && matches!(leaf.value, LeafValue::Varying(_))
            };
            let mut others = of_partitions.values().flat_map(|leaves| leaves.iter());
            config.common().iter().any(varies) || others.any(varies)
        };
        let common: Vec<&ConfigLeaf> = config.common().iter().collect();
        self.section(&section(asset, &["config"]), &common, &varies);
        let mut json = Map::new();
        json.insert("config".to_owned(), table(&common, &varies));
        let mut of_keys = Map::new();
        for (key, leaves) in &of_partitions {
            let own: Vec<&ConfigLeaf> = differing(leaves, config.common());
            let heading = section(asset, &["partition_config", key.as_str()]);
            self.section(&heading, &own, &varies);
            of_keys.insert(PartitionKey::to_string(key), table(&own, &varies));
        }
        if !of_keys.is_empty() {
            json.insert("partition_config".to_owned(), of_keys.into());
        }
        let assets = self.json.entry("asset").or_insert_with(|| json!({}));
        assets[asset.key.as_str()] = json.into();
    }

    fn resource(&mut self, resolved: &ResolvedResource) {
        let leaves: Vec<&ConfigLeaf> = resolved.effective.common().iter().collect();
        if leaves.is_empty() {
            return;
        }
        let path = ConfigPath::new(vec!["resource".to_owned(), resolved.name.to_string()]);
        self.section(&path.to_string(), &leaves, &|_| false);
        let resources = self.json.entry("resource").or_insert_with(|| json!({}));
        resources[resolved.name.as_str()] = table(&leaves, &|_| false);
    }

    fn section(
        &mut self,
        heading: &str,
        leaves: &[&ConfigLeaf],
        varies: &dyn Fn(&ConfigPath) -> bool,
    ) {
        let _ = write!(self.text, "\n[{heading}]\n");
        for leaf in leaves {
            let path = &leaf.path;
            let written = ConfigLeaf::table(std::iter::once(*leaf));
            let value = written
                .at(path.keys())
                .map_or_else(String::new, ConfigValue::toml);
            let _ = if varies(path) {
                writeln!(self.text, "# {path} = {value}  (of each partition)")
            } else {
                writeln!(self.text, "{path} = {value}")
            };
        }
    }
}

/// What of a partition is not as it is elsewhere.
fn differing<'l>(leaves: &'l [ConfigLeaf], common: &[ConfigLeaf]) -> Vec<&'l ConfigLeaf> {
    let is_other = |leaf: &&ConfigLeaf| !common.contains(leaf);
    leaves.iter().filter(is_other).collect()
}

/// The values that are the same whoever gives them.
fn table(leaves: &[&ConfigLeaf], varies: &dyn Fn(&ConfigPath) -> bool) -> Value {
    let known = leaves.iter().copied().filter(|leaf| !varies(&leaf.path));
    ConfigLeaf::table(known).to_json()
}
