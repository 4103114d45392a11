//! Run config: from the files and words of a call to layers of the assets' configuration.
//!
//! A file may be TOML, YAML or JSON. What is wrong has its path, and in TOML its place.

mod document;
mod inputs;
mod job;
mod sections;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifest::config;
use crate::manifest::diagnostic::{ManifestErrors, Problems, did_you_mean};
use crate::manifest::error::Problem;
use crate::manifest::file::SourceFile;
use crate::manifest::run_config::document::read_document;
use crate::manifest::run_config::inputs::OwnInput;
use crate::manifest::run_config::words::{read_param, read_word};
use crate::model::{
    AssetConfig, AssetGraph, AssetId, ConfigFault, ConfigLayer, ConfigOrigin, ConfigPath,
    ConfigProblem, ConfigValue, Configuration, EnvValue, ExecutionSettings, FileId, Job, Location,
    Name, PartitionKey, PathTemplate, Setting, SettingEntry, SettingTable,
};

/// What the project of a graph is by the configuration of a call.
///
/// # Errors
///
/// All that is wrong with files and words, each with its path.
pub fn configured(
    graph: &AssetGraph,
    root: &str,
    configuration: &Configuration,
) -> Result<Configured, ManifestErrors> {
    let numbered = (0..).zip(&configuration.files);
    let files: Vec<Arc<SourceFile>> = numbered
        .map(|(id, file)| SourceFile::new(FileId(id), file.path.clone(), file.text.clone()))
        .map(Arc::new)
        .collect();
    let mut call = Call {
        graph,
        root,
        problems: Problems::default(),
        layers: BTreeMap::new(),
        resource_layers: BTreeMap::new(),
        inputs: Vec::new(),
        own_inputs: Vec::new(),
        execution: ExecutionSettings::default(),
        source: Source::default(),
        job: None,
        params: None,
    };
    let documents = call.documents(&files, configuration);
    let job = configuration.job.as_ref();
    let job = job.and_then(|name| graph.job(name.as_str()));
    call.job = job.map(|job| job.name.clone());
    call.params = job.and_then(|job| job.params.clone());
    for (number, table) in &documents {
        call.source = file_source(configuration, *number);
        call.document_params(table);
    }
    for (number, word) in configuration.set.iter().enumerate() {
        call.source = word_source(configuration, number);
        read_param(&mut call, word);
    }
    if let Some(job) = job {
        call.missing_params();
        call.job(job, |_| Location::default());
    }
    for (number, table) in &documents {
        call.source = file_source(configuration, *number);
        call.top(table);
    }
    for (number, word) in configuration.set.iter().enumerate() {
        call.source = word_source(configuration, number);
        read_word(&mut call, word);
    }
    call.source.prefix = String::from("--input ");
    for input in &configuration.inputs {
        call.input(input.asset.as_str(), &input.path, Location::default());
    }
    let params = call.param_values();
    let (graph, execution) = call.finish(&files)?;
    Ok(Configured {
        graph,
        execution,
        params,
    })
}

/// What a project is by the configuration of a call.
#[derive(Debug)]
pub struct Configured {
    /// The graph, with its values and with sources at other paths.
    pub graph: AssetGraph,
    /// How steps are executed.
    pub execution: ExecutionSettings,
    /// The params of the job that have a value, in declared order; `None` where it has no params.
    pub params: Option<Vec<(String, Setting)>>,
}

/// Checks what a job sets against the graph.
pub(super) fn check_job(graph: &AssetGraph, job: &Job, problems: &mut Problems) {
    let mut call = Call {
        graph,
        root: "",
        problems: Problems::default(),
        layers: BTreeMap::new(),
        resource_layers: BTreeMap::new(),
        inputs: Vec::new(),
        own_inputs: Vec::new(),
        execution: ExecutionSettings::default(),
        source: Source::default(),
        job: None,
        params: None,
    };
    call.job = Some(job.name.clone());
    call.params.clone_from(&job.params);
    call.job(job, |location| location);
    problems.append(call.problems);
}

/// A call, as far as it was read.
struct Call<'a> {
    graph: &'a AssetGraph,
    root: &'a str,
    problems: Problems,
    layers: BTreeMap<AssetId, Vec<ConfigLayer>>,
    /// Those of resources, by their places in the order of declaration.
    resource_layers: BTreeMap<usize, Vec<ConfigLayer>>,
    inputs: Vec<(AssetId, PathTemplate)>,
    own_inputs: Vec<OwnInput>,
    execution: ExecutionSettings,
    source: Source,
    /// The job that counts.
    job: Option<Name>,
    /// Its params.
    params: Option<AssetConfig>,
}

/// The file of this number as a source: later ones win.
fn file_source(configuration: &Configuration, number: usize) -> Source {
    let rank = (configuration.files.len() - 1 - number) as u16;
    let file = &configuration.files[number];
    Source {
        values: ConfigOrigin::File(rank),
        of_partitions: ConfigOrigin::FilePartition(rank),
        prefix: match file.extension() {
            "toml" => String::new(),
            _ => format!("{}: ", file.path),
        },
    }
}

/// The word of this number as a source: later ones win.
fn word_source(configuration: &Configuration, number: usize) -> Source {
    let rank = ConfigOrigin::Set((configuration.set.len() - 1 - number) as u16);
    Source {
        values: rank,
        of_partitions: rank,
        prefix: "--set ".to_owned(),
    }
}

/// Where values come from that are read now.
struct Source {
    values: ConfigOrigin,
    of_partitions: ConfigOrigin,
    /// What stands before the path of a value where it has no place.
    prefix: String,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            values: ConfigOrigin::File(0),
            of_partitions: ConfigOrigin::FilePartition(0),
            prefix: String::new(),
        }
    }
}

impl Call<'_> {
    /// The files as far as they can be read, each with its number.
    fn documents(
        &mut self,
        files: &[Arc<SourceFile>],
        configuration: &Configuration,
    ) -> Vec<(usize, SettingTable)> {
        let mut documents = Vec::new();
        for (number, (file, given)) in files.iter().zip(&configuration.files).enumerate() {
            let table = read_document(file, given.extension(), &mut self.problems);
            documents.extend(table.map(|table| (number, table)));
        }
        documents
    }

    /// The params of a file.
    fn document_params(&mut self, table: &[SettingEntry]) {
        for entry in table.iter().filter(|entry| entry.key == "params") {
            let path = ConfigPath::new(vec![entry.key.clone()]);
            let settings = with_variables(self.table(entry, &path).to_vec());
            self.params(settings, (&path, entry.key_location));
        }
    }

    /// Whether the configuration of an asset cannot be set from outside, which is reported then.
    fn is_closed(&mut self, id: AssetId, path: &ConfigPath) -> bool {
        let (Some(job), Some(params)) = (&self.job, &self.params) else {
            return false;
        };
        if matches!(self.source.values, ConfigOrigin::Job) {
            return false;
        }
        let names: Vec<_> = params
            .schema
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let message = format!("the job `{job}` has params, and sets the values of assets by them");
        let help = format!("set a param: {}", names.join(", "));
        let asset = ConfigPath::new(vec!["asset".to_owned(), self.graph.key(id).to_string()]);
        let path = path
            .keys()
            .iter()
            .fold(asset.then("config"), |path, key| path.then(key));
        self.report((&path, Location::default()), message, help);
        true
    }

    /// The asset of this name.
    fn find(&mut self, (name, location): (&str, Location), path: &ConfigPath) -> Option<AssetId> {
        let found = self.graph.find(name);
        if found.is_none() {
            let known = self.graph.ids().map(|id| self.graph.key(id).as_str());
            let help = did_you_mean(name, known, "`assetctl list` names all of them");
            self.report(
                (path, location),
                format!("there is no asset `{name}`"),
                help,
            );
        }
        found
    }

    /// The place of the resource of this name.
    fn find_resource(
        &mut self,
        (name, location): (&str, Location),
        path: &ConfigPath,
    ) -> Option<usize> {
        let resources = &self.graph.settings().resources;
        let found = resources.iter().position(|it| it.name.as_str() == name);
        if found.is_none() {
            let known = resources.iter().map(|it| it.name.as_str());
            let help = did_you_mean(name, known, "no resources are declared");
            let message = format!("there is no resource `{name}`");
            self.report((path, location), message, help);
        }
        found
    }

    /// Takes values of a resource.
    fn add_of_resource(&mut self, resource: Option<usize>, settings: SettingTable) {
        let Some(index) = resource else { return };
        let declared = &self.graph.settings().resources[index];
        let heading = ConfigPath::new(vec!["resource".to_owned(), declared.name.to_string()]);
        let layer = ConfigLayer {
            origin: self.source.values,
            partition: None,
            settings: with_variables(settings),
        };
        self.report_faults(declared.config.as_deref(), &layer, &heading);
        let layers = self.resource_layers.entry(index).or_default();
        layers.push(layer);
    }

    /// Reports what is wrong with a layer of a configuration.
    fn report_faults(
        &mut self,
        config: Option<&AssetConfig>,
        layer: &ConfigLayer,
        heading: &ConfigPath,
    ) {
        let mut faults = Vec::new();
        if let Some(config) = config {
            config.clone().add(layer.clone(), &mut faults);
        } else {
            let unknown = |entry: &SettingEntry| ConfigFault {
                path: ConfigPath::new(vec![entry.key.clone()]),
                location: entry.key_location,
                problem: ConfigProblem::Unknown { known: Vec::new() },
            };
            faults.extend(layer.settings.iter().map(unknown));
        }
        for fault in faults {
            if fault.location == Location::default() {
                let heading = format!("{}{heading}", self.source.prefix);
                config::report_without_place(fault, &heading, &mut self.problems);
            } else {
                config::report(fault, &heading.to_string(), &mut self.problems);
            }
        }
    }

    /// The entries of a table.
    fn table<'e>(&mut self, entry: &'e SettingEntry, path: &ConfigPath) -> &'e [SettingEntry] {
        if let Setting::Table(table) = &entry.setting {
            table
        } else {
            self.report(
                (path, entry.location),
                "wanted a table",
                "write its keys below it",
            );
            &[]
        }
    }

    fn add(
        &mut self,
        id: Option<AssetId>,
        partition: Option<PartitionKey>,
        settings: SettingTable,
    ) {
        let Some(id) = id else { return };
        if self.is_closed(id, &ConfigPath::default()) {
            return;
        }
        let origin = match &partition {
            None => self.source.values,
            Some(_) => self.source.of_partitions,
        };
        let layer = ConfigLayer {
            origin,
            partition,
            settings: with_variables(settings),
        };
        self.check(id, layer);
    }

    /// Takes a layer, if it is one that the asset may have.
    fn check(&mut self, id: AssetId, layer: ConfigLayer) {
        let name = ConfigPath::new(vec!["asset".to_owned(), self.graph.key(id).to_string()]);
        let heading = match &layer.partition {
            Some(key) => name.then("partition_config").then(key.as_str()),
            None => name.then("config"),
        };
        let asset = self.graph.asset(id);
        if let (Some(asset), Some(_)) = (asset, &layer.partition)
            && asset.partitions.is_none()
        {
            let help = "set the values in `config`";
            return self.report(
                (&heading, Location::default()),
                "the asset has no partitions",
                help,
            );
        }
        let config = asset.and_then(|it| it.recipe.as_ref()?.config.as_deref());
        self.report_faults(config, &layer, &heading);
        self.layers.entry(id).or_default().push(layer);
    }

    fn report(
        &mut self,
        (path, location): (&ConfigPath, Location),
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let is_placed = location != Location::default();
        let prefix = if is_placed { "" } else { &self.source.prefix };
        let problem = Problem::RunConfig {
            path: format!("{prefix}{path}"),
            message: message.into(),
            help: help.into(),
        };
        if is_placed {
            self.problems.at(location, "here", problem);
        } else {
            self.problems.add(problem, []);
        }
    }

    /// The graph with all that was read, if nothing is wrong with it.
    fn finish(
        mut self,
        files: &[Arc<SourceFile>],
    ) -> Result<(AssetGraph, ExecutionSettings), ManifestErrors> {
        let graph = self.graph;
        let mut configs = Vec::new();
        let mut variables = Vec::new();
        for (id, layers) in std::mem::take(&mut self.layers) {
            let recipe = graph.asset(id).and_then(|asset| asset.recipe.as_ref());
            let Some(mut config) = recipe.and_then(|it| it.config.clone()) else {
                continue;
            };
            for mut layer in layers {
                layer.forget_places(|variable, location| {
                    variables.push((variable.to_owned(), location));
                });
                config.add(layer, &mut Vec::new());
            }
            configs.push((id, config));
        }
        let mut resources = graph.settings().resources.clone();
        let has_resources = !self.resource_layers.is_empty();
        for (index, layers) in std::mem::take(&mut self.resource_layers) {
            let Some(config) = &mut resources[index].config else {
                continue;
            };
            for mut layer in layers {
                layer.forget_places(|variable, location| {
                    variables.push((variable.to_owned(), location));
                });
                config.add(layer, &mut Vec::new());
            }
        }
        if !variables.is_empty() {
            self.refuse_secrets(&variables);
        }
        let own = std::mem::take(&mut self.own_inputs);
        let deps: Vec<(AssetId, usize)> = own.iter().map(|input| input.dep).collect();
        let with_own;
        let mut graph = graph;
        if !own.is_empty() {
            let (moved, ids) = graph.with_own_sources(&deps);
            for (input, id) in own.iter().zip(ids) {
                self.path_of(&moved, id, &input.text, (&input.path, input.location));
            }
            with_own = moved;
            graph = &with_own;
        }
        let errors = self.problems.into_errors(files);
        if !errors.is_empty() {
            return Err(ManifestErrors::new(errors));
        }
        let mut graph = graph.with_configs(configs).with_paths(&self.inputs);
        if has_resources {
            graph = graph.with_resources(resources);
        }
        Ok((graph, self.execution))
    }

    /// Refuses variables that are a secret of any asset.
    fn refuse_secrets(&mut self, variables: &[(String, Location)]) {
        let graph = self.graph;
        let of_declarations = graph.ids().flat_map(|id| {
            let declared = graph.get(id);
            let owner = declared.key().as_str();
            declared.env().iter().map(move |it| (owner, it))
        });
        let of_resources = graph.settings().resources.iter().flat_map(|resource| {
            let owner = resource.name.as_str();
            resource.env().map(move |it| (owner, it))
        });
        for (owner, declared) in of_declarations.chain(of_resources) {
            let EnvValue::Secret { variable, .. } = &declared.value else {
                continue;
            };
            if let Some((_, location)) = variables.iter().find(|(it, _)| it == variable) {
                let path = ConfigPath::new(vec![variable.clone()]);
                let message = format!("the variable is a secret of `{owner}`");
                let help = "a configuration is shown and recorded: pass the secret in `env` alone";
                self.report((&path, *location), message, help);
            }
        }
    }
}

/// What a table sets, with `{ from_env = "NAME" }` as what it means.
fn with_variables(table: SettingTable) -> SettingTable {
    let each = |entry: SettingEntry| SettingEntry {
        setting: with_variable(entry.setting),
        ..entry
    };
    table.into_iter().map(each).collect()
}

fn with_variable(setting: Setting) -> Setting {
    match setting {
        Setting::Table(table) => match table.as_slice() {
            [only] if only.key == "from_env" => match &only.setting {
                Setting::Value(ConfigValue::Text(variable)) => Setting::FromEnv(variable.clone()),
                _ => Setting::Table(table),
            },
            _ => Setting::Table(with_variables(table)),
        },
        other => other,
    }
}
