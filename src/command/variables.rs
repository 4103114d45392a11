//! The environment of a command: what assetctl tells it there, and what its asset declares.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::sync::Arc;

use crate::command::hook::HookCommand;
use crate::command::render::Words;
use crate::command::rendered::{SharedLines, Unrenderable};
use crate::command::resource::ResourceCommand;
use crate::look::{IN_MEMORY, OwnLife, Workspace};
use crate::model::{
    Asset, AssetKey, Command, CommandPlaceholder, CommandTemplate, ConfigValue, EnvValue,
    EnvVariable, MultiKeys, Name, PartitionKeys, PartitionPlaceholder, PartitionRef, Piece,
    RunTags, TimeFormat, as_variable,
};

/// A variable that lists paths is set while it stays under this, in bytes.
const LONGEST_LIST: usize = 64 * 1024;

/// Variables that an asset declares, and the values among them that are secret.
pub(super) struct Declared {
    pub(super) variables: Vec<(OsString, Option<OsString>)>,
    pub(super) secrets: Vec<Vec<u8>>,
}

/// Variables, and the files that they name: path relative to the project root, lines.
struct Told<'a> {
    variables: Vec<(String, String)>,
    lists: &'a mut Vec<(String, SharedLines)>,
}

impl Told<'_> {
    /// Where the project lies.
    fn tell_project(&mut self, workspace: &Workspace<'_>) {
        self.tell("ASSETCTL_PROJECT", workspace.root.to_string_lossy());
        self.tell("ASSETCTL_HOME", workspace.home.to_string_lossy());
        if workspace.own_life == OwnLife::Gone {
            self.tell(IN_MEMORY, "1");
        }
    }

    /// A key, if there is one, and its parts.
    fn tell_partition(&mut self, partition: PartitionRef<'_>) {
        let Some(key) = partition.keys.key(partition.index) else {
            return;
        };
        self.tell("ASSETCTL_PARTITION", key.as_str());
        for (place, dimension) in dimensions(partition.keys.multi()) {
            let part = PartitionPlaceholder::Dimension {
                place,
                name: dimension.clone(),
                of: Box::new(PartitionPlaceholder::Key),
            };
            let name = format!("ASSETCTL_PARTITION_{}", dimension.as_variable());
            self.tell(name, part.value(partition));
        }
    }

    /// From the start of the first window to the end of the last, where keys are windows or just one dimension is of time.
    fn tell_windows(&mut self, keys: &PartitionKeys, indexes: Range<u32>) {
        let Some((first, last)) = windows(keys, indexes) else {
            return;
        };
        let start = PartitionPlaceholder::WindowStart(TimeFormat::Rfc3339);
        let end = PartitionPlaceholder::WindowEnd(TimeFormat::Rfc3339);
        self.tell("ASSETCTL_WINDOW_START", start.value(first));
        self.tell("ASSETCTL_WINDOW_END", end.value(last));
    }

    /// A configuration as JSON while it fits, and each scalar of it.
    fn tell_config(&mut self, config: &ConfigValue) {
        let json = config.json();
        if json.len() <= LONGEST_LIST {
            self.tell("ASSETCTL_CONFIG", json);
        }
        if let ConfigValue::Table(members) = config {
            for (key, value) in members {
                if let Some(text) = value.scalar().filter(|it| it.len() <= LONGEST_LIST) {
                    self.tell(format!("ASSETCTL_CONFIG_{}", as_variable(key)), text);
                }
            }
        }
    }

    /// All tags as JSON, and each alone.
    fn tell_tags(&mut self, tags: &RunTags) {
        if tags.is_empty() {
            return;
        }
        for (tag, value) in tags {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            self.tell(tag_variable(tag), text);
        }
        let json = serde_json::to_string(tags).expect("tags are JSON");
        self.tell("ASSETCTL_TAGS", json);
    }

    fn into_variables(self) -> Vec<(OsString, OsString)> {
        let variables = self.variables.into_iter();
        variables
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn tell(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.variables.push((name.into(), value.into()));
    }

    /// A variable with these paths while they fit, and one with the path of a file that lists them where they do not or
    /// the command asks for it: where it lies, and how the command sees that.
    fn tell_paths(
        &mut self,
        name: String,
        paths: &SharedLines,
        is_listed: bool,
        list: (String, String),
    ) {
        let length: usize = paths.iter().map(|path| path.len() + 1).sum();
        let list_name = format!("{name}_LIST");
        if length <= LONGEST_LIST {
            self.tell(name, paths.join("\n"));
        }
        if length > LONGEST_LIST || is_listed {
            let (path, seen) = list;
            self.tell(list_name, seen);
            self.lists.push((path, Arc::clone(paths)));
        }
    }
}

/// The tags of an asset, over them those of the run.
fn tags_of_step(asset: Option<&Asset>, run: &RunTags) -> RunTags {
    let own = asset.iter().flat_map(|asset| &asset.about.tags);
    let own = own.map(|(key, value)| (key.clone(), value.to_json()));
    own.chain(run.clone()).collect()
}

fn tag_variable(tag: &str) -> String {
    format!("ASSETCTL_TAG_{}", as_variable(tag))
}

impl Words<'_> {
    /// What assetctl tells the command in its environment.
    pub(super) fn variables(
        &self,
        lists: &mut Vec<(String, SharedLines)>,
    ) -> Vec<(OsString, OsString)> {
        let mut told = Told {
            variables: Vec::new(),
            lists,
        };
        told.tell("ASSETCTL_ASSET", self.asset.key.as_str());
        told.tell_project(self.rendering.workspace);
        told.tell("ASSETCTL_RUN_ID", self.rendering.run.to_string());
        if let Some(job) = self.rendering.job {
            told.tell("ASSETCTL_JOB", job.to_string());
        }
        told.tell_tags(&self.tags());
        told.tell("ASSETCTL_ATTEMPT", self.rendering.attempt.to_string());
        self.partition_variables(&mut told);
        told.tell_windows(self.keys, self.indexes.clone());
        if self.asset.is_incremental() {
            let previous = self.places.previous;
            told.tell("ASSETCTL_PREVIOUS", if previous { "1" } else { "0" });
        }
        self.config_variables(&mut told);
        self.output_variables(&mut told);
        self.input_variables(&mut told);
        told.into_variables()
    }

    /// The tags of the step: those of its asset, over them those of the run.
    fn tags(&self) -> RunTags {
        tags_of_step(Some(self.asset), self.rendering.tags)
    }

    /// Refuses tags of which two would be one variable.
    pub(super) fn check_tags(&self) -> Result<(), Unrenderable> {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for (tag, _) in self.tags() {
            let variable = tag_variable(&tag);
            if let Some(other) = known.insert(variable.clone(), tag.clone()) {
                return Err(Unrenderable {
                    code: "assetctl::engine::tag_variables",
                    message: format!("the tags `{other}` and `{tag}` are both `{variable}`"),
                    help: Some("rename one of them".to_owned()),
                });
            }
        }
        Ok(())
    }

    /// The key where there is one, with its parts; of a batch, be it of one key, also its ends and a list.
    fn partition_variables(&self, told: &mut Told<'_>) {
        if self.indexes.len() == 1 {
            told.tell_partition(self.first());
        }
        if !self.is_batched() {
            return;
        }
        let keys: SharedLines = self
            .indexes
            .clone()
            .filter_map(|index| self.keys.key(index))
            .map(|key| key.to_string())
            .collect();
        if let [first, .., last] | [first @ last] = &*keys {
            told.tell("ASSETCTL_PARTITION_START", first);
            told.tell("ASSETCTL_PARTITION_END", last);
        }
        let path = format!("{}/@partitions.txt", self.places.lists);
        told.tell("ASSETCTL_PARTITIONS_LIST", self.see(&path));
        told.lists.push((path, keys));
    }

    /// The configuration as JSON while it fits, as a file, and each scalar of it.
    fn config_variables(&self, told: &mut Told<'_>) {
        let Some(config) = &self.config else { return };
        let path = format!("{}/@config.json", self.places.lists);
        told.tell("ASSETCTL_RUN_CONFIG", self.see(&path));
        told.lists.push((path, [config.json()].into()));
        told.tell_config(config);
    }

    fn output_variables(&self, told: &mut Told<'_>) {
        let is_listed =
            |variable: &str| self.is_batched() && self.names(&format!("{variable}_LIST"));
        let mut tell = |variable: String, file: &str, paths: SharedLines| {
            let path = format!("{}/{file}.txt", self.places.lists);
            let is_listed = is_listed(&variable);
            let seen = self.see(&path);
            told.tell_paths(variable, &paths, is_listed, (path, seen));
        };
        let parts = &self.places.outputs;
        let mut unnamed = Vec::new();
        for (index, output) in self.asset.outputs.iter().enumerate() {
            match &output.name {
                Some(name) => {
                    let paths = parts.iter().map(|part| self.see(&part[index])).collect();
                    let variable = format!("ASSETCTL_OUTPUT_{}", name.as_variable());
                    tell(variable, &format!("@output.{index}"), paths);
                }
                None => unnamed.push(index),
            }
        }
        if !unnamed.is_empty() {
            let of_part = |part: &Vec<String>| -> Vec<String> {
                let paths = unnamed.iter().map(|index| self.see(&part[*index]));
                paths.collect()
            };
            let paths = parts.iter().flat_map(of_part).collect();
            tell("ASSETCTL_OUTPUT".to_owned(), "@output", paths);
        }
    }

    fn input_variables(&self, told: &mut Told<'_>) {
        for (index, dep) in self.asset.deps.iter().enumerate() {
            let name = format!("ASSETCTL_INPUT_{}", dep.input.as_variable());
            let is_listed = self.names_list(index, &format!("{name}_LIST"));
            let path = self.list_path(index);
            let seen = self.see(&path);
            told.tell_paths(name, self.input(index), is_listed, (path, seen));
        }
    }

    /// Whether the command's text names the file that lists an input's paths.
    fn names_list(&self, dep: usize, variable: &str) -> bool {
        let placeholder = |template: &CommandTemplate| {
            let mut all = template.placeholders();
            all.any(|it| matches!(it, CommandPlaceholder::InputList(named) if *named == dep))
        };
        self.templates().any(placeholder) || self.names(variable)
    }

    /// Whether the command's text names a variable.
    fn names(&self, variable: &str) -> bool {
        let text = |piece: &Piece<CommandPlaceholder>| match piece {
            Piece::Text(text) => text.contains(variable),
            Piece::Placeholder(_) => false,
        };
        self.templates()
            .any(|template| template.pieces().iter().any(text))
    }

    fn templates(&self) -> impl Iterator<Item = &CommandTemplate> {
        match &self.recipe.command {
            Command::Shell { text, .. } => std::slice::from_ref(text),
            Command::Direct { arguments, .. } => arguments,
        }
        .iter()
    }
}

/// Variables that are declared, and the values among them that are secret. Of a name that occurs twice the value is the same.
pub(super) fn declared<'e>(
    workspace: &Workspace<'_>,
    env: impl Iterator<Item = &'e EnvVariable>,
) -> Declared {
    use std::os::unix::ffi::OsStrExt;
    let mut secrets = Vec::new();
    let variable = |declared: &EnvVariable| {
        let value = match &declared.value {
            EnvValue::Literal(value) => Some(value.into()),
            EnvValue::FromEnv { variable, .. } => workspace.variable(variable).map(Into::into),
            EnvValue::Secret { variable, .. } => {
                let value = workspace.variable(variable);
                secrets.extend(value.map(|value| value.as_bytes().to_vec()));
                value.map(Into::into)
            }
        };
        (OsString::from(&declared.name), value)
    };
    let variables = env.map(variable).collect();
    Declared { variables, secrets }
}

/// The first and the last window of these keys, in time.
fn windows(
    keys: &PartitionKeys,
    indexes: Range<u32>,
) -> Option<(PartitionRef<'_>, PartitionRef<'_>)> {
    let Some(multi) = keys.multi() else {
        keys.time()?;
        let at = |index| PartitionRef { keys, index };
        return Some((at(indexes.start), at(indexes.end - 1)));
    };
    let mut of_time = (0..multi.dimensions().len())
        .filter(|place| multi.dimensions()[*place].keys.time().is_some());
    let (Some(place), None) = (of_time.next(), of_time.next()) else {
        return None;
    };
    let keys = &multi.dimensions()[place].keys;
    let parts = || indexes.clone().map(|index| multi.part(index, place));
    let at = |index| PartitionRef { keys, index };
    Some((at(parts().min()?), at(parts().max()?)))
}

/// What the command that observes a source is told: of one partition, or of none where it answers for all.
pub(super) fn of_source(
    workspace: &Workspace<'_>,
    source: &AssetKey,
    partition: Option<PartitionRef<'_>>,
) -> Vec<(OsString, OsString)> {
    let mut told = Told {
        variables: Vec::new(),
        lists: &mut Vec::new(),
    };
    told.tell("ASSETCTL_ASSET", source.as_str());
    told.tell_project(workspace);
    if let Some(partition) = partition {
        told.tell_partition(partition);
        told.tell_windows(partition.keys, partition.index..partition.index + 1);
    }
    told.into_variables()
}

/// What a command of a resource is told.
pub(super) fn of_resource(command: &ResourceCommand<'_>) -> Vec<(OsString, OsString)> {
    let mut told = Told {
        variables: Vec::new(),
        lists: &mut Vec::new(),
    };
    told.tell("ASSETCTL_RESOURCE", command.resolved.name.as_str());
    told.tell("ASSETCTL_RESOURCE_ENV", command.file.to_string_lossy());
    told.tell("ASSETCTL_RUN_ID", command.run.to_string());
    told.tell_project(command.workspace);
    told.tell_config(&command.resolved.config);
    told.into_variables()
}

/// What the command of a hook is told.
pub(super) fn of_hook(command: &HookCommand<'_>) -> Vec<(OsString, OsString)> {
    let mut told = Told {
        variables: Vec::new(),
        lists: &mut Vec::new(),
    };
    told.tell("ASSETCTL_EVENT", command.event);
    told.tell("ASSETCTL_EVENT_FILE", command.file.to_string_lossy());
    told.tell("ASSETCTL_RUN_ID", command.run.to_string());
    if let Some(job) = command.job {
        told.tell("ASSETCTL_JOB", job.to_string());
    }
    if let Some(step) = command.step {
        told.tell("ASSETCTL_ASSET", step.asset.as_str());
        match (command.batch, &step.partition) {
            (Some(batch), _) => {
                told.tell("ASSETCTL_PARTITION_START", batch.first.as_str());
                told.tell("ASSETCTL_PARTITION_END", batch.last.as_str());
            }
            (None, Some(key)) => told.tell("ASSETCTL_PARTITION", key.as_str()),
            (None, None) => {}
        }
    }
    let graph = command.workspace.graph;
    let asset = command
        .step
        .and_then(|step| graph.find(step.asset.as_str()));
    let asset = asset.and_then(|id| graph.asset(id));
    told.tell_tags(&tags_of_step(asset, command.tags));
    told.tell_project(command.workspace);
    told.into_variables()
}

/// The dimensions of keys that have several, by their places.
fn dimensions(multi: Option<&MultiKeys>) -> impl Iterator<Item = (u32, &Name)> {
    let dimensions = multi.map_or(&[] as &[_], MultiKeys::dimensions);
    (0..).zip(dimensions.iter().map(|dimension| &dimension.name))
}
