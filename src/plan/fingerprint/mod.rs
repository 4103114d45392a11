//! What a materialization depends on: the only list of it.
//!
//! Rule 2. The code version folds, in this order: the folder the command runs in; the shell, command, code files and
//! tools, for all of which `code_version` stands where it is given (tools stay); the input that is given on standard
//! input, where one is; where standard output goes; whether the asset is incremental; variables; resources, each
//! as its version or its configuration, variables, commands and code files; values of the configuration that are the same
//! for all partitions; output templates; the mapping of each dep. The default IO manager folds nothing. The fingerprint folds the rule, the asset key, the code version, the partition
//! key, the other values of the configuration and, for each dep in declared order, what it contributes and the output that it names, if it names one.
//!
//! Each list is written once, as calls on a [`Sink`]: one sink makes the digest, the other the readable record, so the
//! hash and the reason can never disagree. Not folded: anything that is for people or for scheduling.

use std::collections::HashMap;
use std::sync::Arc;

use crate::digest::{Digest, Field, Folding, Kind, Readable, Sink};
use crate::model::{
    Asset, AssetGraph, AssetKey, CodeVersion, Command, DataVersion, DeclaredResource, Dep,
    EffectiveConfig, EnvValue, EnvVariable, Fingerprint, Name, PartitionMapping, PartitionRef,
    RULE, Recipe, ResolvedResource,
};

/// What was found on disk and in the environment for an asset's code version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedCode {
    /// Code files, by path relative to the project root, sorted.
    pub files: Vec<(String, DataVersion)>,
    /// Tools, by name, in declared order.
    pub tools: Vec<(String, DataVersion)>,
    /// Values taken from the caller's environment, by the name of the declared variable; `None` if it is not set.
    pub env: Vec<(String, Option<String>)>,
    /// The resources, in declared order.
    pub resources: Vec<Arc<ObservedResource>>,
    /// The configuration, if there is one.
    pub config: Option<Arc<EffectiveConfig>>,
}

/// A resource with its values, as the code versions of all that name it fold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedResource {
    /// Its values.
    pub resolved: ResolvedResource,
    /// What is folded of it.
    pub fields: Vec<Field>,
}

impl ObservedResource {
    /// A resource, of which these code files were found, and these values of `from_env`, by the name of the declared
    /// variable.
    pub fn new(
        resource: &DeclaredResource,
        resolved: ResolvedResource,
        files: &[(String, DataVersion)],
        env: &[(String, Option<String>)],
    ) -> Self {
        let mut readable = Readable::new();
        fold_resource(resource, &resolved, files, env, &mut readable);
        Self {
            fields: readable.into_fields(),
            resolved,
        }
    }

    /// Takes another version of one of its code files.
    pub(in crate::plan) fn note_file(self: &mut Arc<Self>, path: &str, version: DataVersion) {
        let name = resource_file(&self.resolved.name, path);
        if self.fields.iter().any(|field| field.name == name) {
            let fields = &mut Arc::make_mut(self).fields;
            for field in fields.iter_mut().filter(|field| field.name == name) {
                field.value = version.0.to_string();
            }
        }
    }
}

/// The configurations that differ between the partitions of their asset, by the number of its row.
#[derive(Clone, Debug, Default)]
pub struct RowConfigs(HashMap<usize, Arc<EffectiveConfig>>);

impl RowConfigs {
    /// Those among the configurations of all rows.
    pub fn new<'c>(all: impl Iterator<Item = (usize, &'c Arc<EffectiveConfig>)>) -> Self {
        let varying = all.filter(|(_, config)| config.varies());
        Self(
            varying
                .map(|(row, config)| (row, Arc::clone(config)))
                .collect(),
        )
    }

    /// That of a row.
    pub fn get(&self, row: usize) -> Option<&EffectiveConfig> {
        self.0.get(&row).map(|config| &**config)
    }

    /// What a fingerprint folds of the configuration, at a partition of a row.
    pub fn fields(&self, row: usize, partition: PartitionRef<'_>) -> Vec<Field> {
        let config = self.get(row);
        config.map_or_else(Vec::new, |config| config.partition_fields(partition))
    }

    /// The same as [`Self::fields`] in `fields`, whose texts are used again; `key` is the text of the partition's.
    pub fn fill_fields(
        &self,
        row: usize,
        (partition, key): (PartitionRef<'_>, Option<&str>),
        fields: &mut Vec<Field>,
    ) {
        match (self.get(row), key) {
            (Some(config), Some(key)) => config.fill_partition_fields(partition, key, fields),
            (Some(config), None) => *fields = config.partition_fields(partition),
            (None, _) => fields.clear(),
        }
    }
}

/// The code version of an asset.
pub fn code_version(asset: &Asset, observed: &ObservedCode, folding: &mut Folding) -> CodeVersion {
    fold_code(asset, observed, folding);
    CodeVersion(folding.finish(Kind::Code))
}

/// The code version of an asset as readable fields.
pub fn code_record(asset: &Asset, observed: &ObservedCode) -> Vec<Field> {
    let mut readable = Readable::new();
    fold_code(asset, observed, &mut readable);
    readable.into_fields()
}

/// What goes into the fingerprint of an asset partition.
#[derive(Clone, Copy, Debug)]
pub struct FingerprintParts<'a> {
    /// The asset.
    pub asset: &'a AssetKey,
    /// Its code version.
    pub code_version: CodeVersion,
    /// The partition; `None` for an unpartitioned asset.
    pub partition: Option<&'a str>,
    /// The values of its configuration that the code version does not fold.
    pub config: &'a [Field],
    /// The graph that its deps point into.
    pub graph: &'a AssetGraph,
    /// Its deps.
    pub deps: &'a [Dep],
    /// What each dep contributes, in the order of `deps`.
    pub contributions: &'a [Digest],
}

/// The fingerprint of an asset partition.
pub fn fingerprint(parts: &FingerprintParts<'_>, folding: &mut Folding) -> Fingerprint {
    folding.number("rule", RULE.into());
    folding.text("asset", parts.asset.as_str());
    folding.digest("code", parts.code_version.0);
    folding.text("partition", parts.partition.unwrap_or_default());
    for field in parts.config {
        folding.text(&field.name, &field.value);
    }
    for (dep, contribution) in parts.deps.iter().zip(parts.contributions) {
        folding.digest(dep.input.as_str(), *contribution);
        if let Some(output) = output_read(parts.graph, dep) {
            folding.text(&format!("{}.output", dep.input), &output);
        }
    }
    Fingerprint(folding.finish(Kind::Fingerprint))
}

/// The label of the output that a dep names; `None` where it reads the whole of its upstream.
pub fn output_read(graph: &AssetGraph, dep: &Dep) -> Option<String> {
    let output = dep.output?;
    graph.asset(dep.asset)?.output_label(output as usize)
}

/// The version that stands for several outputs read as one; that of the only output otherwise.
pub fn version_of_outputs(outputs: &[DataVersion], folding: &mut Folding) -> DataVersion {
    if let [only] = outputs {
        return *only;
    }
    for version in outputs {
        folding.digest("output", version.0);
    }
    DataVersion(folding.finish(Kind::Several))
}

/// A mapping in words, as it is folded and recorded.
pub fn mapping_in_words(mapping: &PartitionMapping, allow_missing: bool) -> String {
    let suffix = if allow_missing { " allow_missing" } else { "" };
    format!("{mapping}{suffix}")
}

/// The prefix of the fields that are a dep's mapping: a change of one is a change of the dependency.
pub const MAPPING_FIELD: &str = "mapping.";

/// The prefix of the fields that are a code file's version.
pub const FILE_FIELD: &str = "code.file.";

/// The prefix of the fields that are variables: `=` and the value, or a word for what has none.
pub const VARIABLE_FIELD: &str = "env.";

/// The prefix of the fields of a resource.
pub const RESOURCE_FIELD: &str = "resource.";

/// The prefix of what is recorded of inputs that were read from another path than the declared one; never folded.
pub const PATH_FIELD: &str = "path.";

/// The values of the configuration among what is recorded of a materialization.
pub fn config_fields(recorded: &[Field]) -> Vec<Field> {
    let is_config = |field: &&Field| !field.name.starts_with(PATH_FIELD);
    recorded.iter().filter(is_config).cloned().collect()
}

/// What a variable's field holds that is not set.
pub const UNSET: &str = "unset";

fn fold_code(asset: &Asset, observed: &ObservedCode, sink: &mut impl Sink) {
    if let Some(recipe) = &asset.recipe {
        fold_recipe(asset, recipe, observed, sink);
    }
    for (index, output) in asset.outputs.iter().enumerate() {
        let name = match asset.output_label(index) {
            Some(label) => format!("output.{label}"),
            None => "output".to_owned(),
        };
        sink.text(&name, &output.path.source());
        sink.number("output.kind", output.kind as u64);
    }
    for dep in &asset.deps {
        let name = format!("{MAPPING_FIELD}{}", dep.input);
        sink.text(&name, &mapping_in_words(&dep.mapping, dep.allow_missing));
    }
}

fn fold_recipe(asset: &Asset, recipe: &Recipe, observed: &ObservedCode, sink: &mut impl Sink) {
    sink.text("code.folder", &recipe.folder);
    if let Some(version) = &recipe.code.version {
        sink.text("code.code_version", version);
    } else {
        fold_command(&recipe.command, sink);
        for (path, version) in &observed.files {
            sink.digest(&format!("{FILE_FIELD}{path}"), version.0);
        }
    }
    for (tool, version) in &observed.tools {
        sink.digest(&format!("code.tool.{tool}"), version.0);
    }
    if let Some(dep) = asset.stdin() {
        sink.text("code.stdin", dep.input.as_str());
    }
    sink.text(
        "code.stdout",
        if recipe.stdout_is_output {
            "output"
        } else {
            "log"
        },
    );
    sink.text("code.incremental", &recipe.incremental.to_string());
    fold_variables("", &recipe.env, &observed.env, sink);
    let resources = observed.resources.iter();
    for field in resources.flat_map(|resource| &resource.fields) {
        sink.text(&field.name, &field.value);
    }
    for (name, value) in observed
        .config
        .iter()
        .flat_map(|config| config.code_fields())
    {
        sink.text(&name, &value);
    }
}

/// Variables, of which these values of `from_env` were found.
fn fold_variables(
    prefix: &str,
    declared: &[EnvVariable],
    found: &[(String, Option<String>)],
    sink: &mut impl Sink,
) {
    for variable in declared {
        let name = format!("{prefix}{VARIABLE_FIELD}{}", variable.name);
        match &variable.value {
            EnvValue::Literal(value) => sink.text(&name, &format!("={value}")),
            EnvValue::Secret { .. } => sink.text(&name, "secret"),
            EnvValue::FromEnv { .. } => {
                let found = found.iter().find(|(found, _)| *found == variable.name);
                match found.and_then(|(_, value)| value.as_ref()) {
                    Some(value) => sink.text(&name, &format!("={value}")),
                    None => sink.text(&name, UNSET),
                }
            }
        }
    }
}

fn fold_resource(
    resource: &DeclaredResource,
    resolved: &ResolvedResource,
    files: &[(String, DataVersion)],
    env: &[(String, Option<String>)],
    sink: &mut impl Sink,
) {
    let prefix = format!("{RESOURCE_FIELD}{}", resource.name);
    if let Some(version) = &resource.version {
        sink.text(&prefix, &format!("version {version}"));
        return;
    }
    sink.text(&prefix, "");
    let prefix = format!("{prefix}.");
    for (name, value) in resolved.effective.code_fields() {
        sink.text(&format!("{prefix}{name}"), &value);
    }
    fold_variables(&prefix, &resolved.env, env, sink);
    for (name, command) in [("setup", &resource.setup), ("teardown", &resource.teardown)] {
        for word in command.iter().flat_map(Command::written_words) {
            sink.text(&format!("{prefix}{name}"), word);
        }
    }
    for (path, version) in files {
        sink.digest(&resource_file(&resource.name, path), version.0);
    }
}

/// The field of a code file of a resource.
fn resource_file(resource: &Name, path: &str) -> String {
    format!("{RESOURCE_FIELD}{resource}.file.{path}")
}

fn fold_command(command: &Command, sink: &mut impl Sink) {
    match command {
        Command::Shell { shell, written, .. } => {
            for word in shell {
                sink.text("code.shell", word);
            }
            sink.text("code.command", written);
        }
        Command::Direct { written, .. } => {
            for word in written {
                sink.text("code.argument", word);
            }
        }
    }
}

#[cfg(test)]
mod tests;
