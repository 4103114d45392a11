//! From layers to values: each key has that of the first layer that gives one.
//!
//! The values of an asset are resolved once, and those of partitions that a layer sets something for. Of a value with a
//! placeholder the text of a partition is made when it is asked for.

use std::collections::{BTreeMap, HashMap};

use crate::digest::Field;
use crate::model::config::{
    AssetConfig, ConfigFault, ConfigKind, ConfigOrigin, ConfigPath, ConfigProblem, ConfigSchema,
    ConfigValue, SchemaTable, Setting, SettingEntry,
};
use crate::model::name::Location;
use crate::model::partition::PartitionKey;
use crate::model::template::PartitionRef;

/// The configuration of an asset, with all layers and variables of the environment taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EffectiveConfig {
    /// The values of partitions that no layer sets anything for, sorted by path.
    common: Vec<ConfigLeaf>,
    /// Those of the others.
    of_partitions: HashMap<PartitionKey, Vec<ConfigLeaf>>,
    /// What is required and has no value in `common`.
    missing: Vec<ConfigFault>,
    /// Whether a value differs between partitions.
    varies: bool,
    /// What differs in `common`, each with the name of its field.
    varying: Vec<(String, Setting)>,
}

/// A value that is no table, or an empty one, with its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigLeaf {
    /// The path from the top of the asset's config.
    pub path: ConfigPath,
    /// The value.
    pub value: LeafValue,
    /// Which layer it is of.
    pub origin: ConfigOrigin,
}

/// The value of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafValue {
    /// The same for all partitions.
    Known(ConfigValue),
    /// A text with placeholders, or a list with one.
    Varying(Setting),
}

/// The prefix of the fields that are values of the configuration.
pub const CONFIG_FIELD: &str = "config.";

impl EffectiveConfig {
    /// Resolves all layers; `variable` gives a variable of the environment, if it is set.
    ///
    /// # Errors
    ///
    /// All that is wrong with variables, and what partitions that a layer names lack.
    pub fn new(
        config: &AssetConfig,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<ConfigFault>> {
        let mut faults = Vec::new();
        let mut resolve = |partition: Option<&PartitionKey>, missing: &mut Vec<ConfigFault>| {
            let layers = config.layers.iter().filter(|layer| match &layer.partition {
                None => true,
                Some(key) => Some(key) == partition,
            });
            let mut resolving = Resolving {
                variable,
                leaves: Vec::new(),
                faults: &mut faults,
                missing,
            };
            let given: Vec<Given<'_>> = layers
                .map(|layer| (layer.origin, layer.settings.as_slice()))
                .collect();
            resolving.table(&config.schema, &given, &ConfigPath::default());
            let mut leaves = resolving.leaves;
            leaves.sort_by(|a, b| a.path.cmp(&b.path));
            leaves
        };
        let mut missing = Vec::new();
        let common = resolve(None, &mut missing);
        let mut of_partitions = HashMap::new();
        let mut lacking = Vec::new();
        for key in config
            .layers
            .iter()
            .filter_map(|layer| layer.partition.as_ref())
        {
            if !of_partitions.contains_key(key) {
                let leaves = resolve(Some(key), &mut lacking);
                of_partitions.insert(key.clone(), leaves);
            }
        }
        faults.append(&mut lacking);
        faults.dedup();
        if !faults.is_empty() {
            faults.extend(missing);
            return Err(faults);
        }
        of_partitions.retain(|_, leaves| *leaves != common);
        let varying = common.iter().filter_map(|leaf| match &leaf.value {
            LeafValue::Varying(setting) => Some((field_name(&leaf.path), setting.clone())),
            LeafValue::Known(_) => None,
        });
        let varying: Vec<_> = varying.collect();
        Ok(Self {
            varies: !of_partitions.is_empty() || !varying.is_empty(),
            varying,
            common,
            of_partitions,
            missing,
        })
    }

    /// What is required and has no value at partitions that no layer sets anything for.
    pub fn missing(&self) -> &[ConfigFault] {
        &self.missing
    }

    /// Partitions that a layer sets something for.
    pub fn partitions(&self) -> impl Iterator<Item = &PartitionKey> {
        self.of_partitions.keys()
    }

    /// Whether a value differs between partitions.
    pub fn varies(&self) -> bool {
        self.varies
    }

    /// The values, as the fields of the code version: all but those that are of partitions or hold placeholders.
    pub fn code_fields(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.common.iter().filter_map(|leaf| match &leaf.value {
            LeafValue::Known(value) => Some((field_name(&leaf.path), value.json())),
            LeafValue::Varying(_) => None,
        })
    }

    /// The other values at a partition, sorted, as fields of its fingerprint.
    pub fn partition_fields(&self, partition: PartitionRef<'_>) -> Vec<Field> {
        if !self.varies {
            return Vec::new();
        }
        let is_of_partition = |leaf: &&ConfigLeaf| {
            leaf.origin.is_of_partitions() || matches!(leaf.value, LeafValue::Varying(_))
        };
        let field = |leaf: &ConfigLeaf| Field {
            name: field_name(&leaf.path),
            value: leaf.value_at(partition).json(),
        };
        self.leaves(partition)
            .iter()
            .filter(is_of_partition)
            .map(field)
            .collect()
    }

    /// The same in `fields`, whose texts are used again: for many partitions in turn. `key` is the text of the partition's.
    pub fn fill_partition_fields(
        &self,
        partition: PartitionRef<'_>,
        key: &str,
        fields: &mut Vec<Field>,
    ) {
        if !self.of_partitions.is_empty() && self.of_partitions.contains_key(key) {
            *fields = self.partition_fields(partition);
            return;
        }
        let names = self.varying.iter().map(|(name, _)| name);
        if !names.eq(fields.iter().map(|field| &field.name)) {
            let field = |(name, _): &(String, Setting)| Field {
                name: name.clone(),
                value: String::new(),
            };
            *fields = self.varying.iter().map(field).collect();
        }
        let mut text = String::new();
        for (field, (_, setting)) in fields.iter_mut().zip(&self.varying) {
            field.value.clear();
            match setting {
                Setting::Text(template) if template.is_whole_key() => {
                    push_json_text(key, &mut field.value);
                }
                Setting::Text(template) => {
                    text.clear();
                    template.push_text(partition, key, &mut text);
                    push_json_text(&text, &mut field.value);
                }
                other => field.value.push_str(&rendered(other, partition).json()),
            }
        }
    }

    /// The leaves at a partition, sorted by path.
    pub fn leaves(&self, partition: PartitionRef<'_>) -> &[ConfigLeaf] {
        if self.of_partitions.is_empty() {
            return &self.common;
        }
        let key = partition.keys.key(partition.index);
        let own = key.and_then(|key| self.of_partitions.get(&key));
        own.unwrap_or(&self.common)
    }

    /// The leaves of partitions that no layer sets anything for, sorted by path.
    pub fn common(&self) -> &[ConfigLeaf] {
        &self.common
    }

    /// The leaves of each partition that a layer sets something for, sorted by key.
    pub fn by_partition(&self) -> BTreeMap<&PartitionKey, &[ConfigLeaf]> {
        let all = self.of_partitions.iter();
        all.map(|(key, leaves)| (key, leaves.as_slice())).collect()
    }

    /// All values at a partition.
    pub fn at(&self, partition: PartitionRef<'_>) -> ConfigValue {
        let mut all = ConfigValue::Table(BTreeMap::new());
        for leaf in self.leaves(partition) {
            put(&mut all, leaf.path.keys(), leaf.value_at(partition));
        }
        all
    }
}

impl ConfigLeaf {
    /// The value at a partition.
    pub fn value_at(&self, partition: PartitionRef<'_>) -> ConfigValue {
        match &self.value {
            LeafValue::Known(value) => value.clone(),
            LeafValue::Varying(setting) => rendered(setting, partition),
        }
    }
}

impl ConfigLeaf {
    /// The table of leaves; a value with placeholders is the text as it is written.
    pub fn table<'l>(leaves: impl Iterator<Item = &'l Self>) -> ConfigValue {
        let mut all = ConfigValue::Table(BTreeMap::new());
        for leaf in leaves {
            let value = match &leaf.value {
                LeafValue::Known(value) => value.clone(),
                LeafValue::Varying(setting) => written(setting),
            };
            put(&mut all, leaf.path.keys(), value);
        }
        all
    }
}

fn written(setting: &Setting) -> ConfigValue {
    match setting {
        Setting::Value(value) => value.clone(),
        Setting::Text(template) => ConfigValue::Text(template.source()),
        Setting::List(elements) => ConfigValue::List(elements.iter().map(written).collect()),
        Setting::FromEnv(_) | Setting::Table(_) => {
            unreachable!("variables and tables are resolved before partitions")
        }
    }
}

fn rendered(setting: &Setting, partition: PartitionRef<'_>) -> ConfigValue {
    match setting {
        Setting::Value(value) => value.clone(),
        Setting::Text(template) => ConfigValue::Text(template.text(partition)),
        Setting::List(elements) => {
            let each = elements.iter().map(|element| rendered(element, partition));
            ConfigValue::List(each.collect())
        }
        Setting::FromEnv(_) | Setting::Table(_) => {
            unreachable!("variables and tables are resolved before partitions")
        }
    }
}

/// Appends a text as JSON has it.
fn push_json_text(text: &str, json: &mut String) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&ConfigValue::Text(text.to_owned()).json());
    }
}

/// The name of the field of a value.
fn field_name(path: &ConfigPath) -> String {
    format!("{CONFIG_FIELD}{path}")
}

fn put(into: &mut ConfigValue, path: &[String], value: ConfigValue) {
    let Some((first, rest)) = path.split_first() else {
        *into = value;
        return;
    };
    if let ConfigValue::Table(members) = into {
        let inner = members
            .entry(first.clone())
            .or_insert_with(|| ConfigValue::Table(BTreeMap::new()));
        put(inner, rest, value);
    }
}

/// What a layer sets at a table.
type Given<'s> = (ConfigOrigin, &'s [SettingEntry]);

struct Resolving<'r> {
    variable: &'r dyn Fn(&str) -> Option<String>,
    leaves: Vec<ConfigLeaf>,
    faults: &'r mut Vec<ConfigFault>,
    missing: &'r mut Vec<ConfigFault>,
}

impl Resolving<'_> {
    /// A table with declared keys.
    fn table(&mut self, keys: &SchemaTable, given: &[Given<'_>], path: &ConfigPath) {
        let before = (self.leaves.len(), self.missing.len());
        for (key, schema) in keys {
            self.value(Some(schema), &entries_of(given, key), &path.then(key));
        }
        self.note_empty(path, given, before);
    }

    /// A table with any keys.
    fn open_table(&mut self, given: &[Given<'_>], path: &ConfigPath) {
        let before = (self.leaves.len(), self.missing.len());
        let mut keys: Vec<&str> = given
            .iter()
            .flat_map(|(_, table)| table.iter().map(|entry| entry.key.as_str()))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            self.value(None, &entries_of(given, key), &path.then(key));
        }
        self.note_empty(path, given, before);
    }

    /// Notes a table below the top in which there is nothing.
    fn note_empty(&mut self, path: &ConfigPath, given: &[Given<'_>], before: (usize, usize)) {
        if (self.leaves.len(), self.missing.len()) == before && !path.keys().is_empty() {
            let origin = given
                .first()
                .map_or(ConfigOrigin::Default, |(origin, _)| *origin);
            let value = ConfigValue::Table(BTreeMap::new());
            self.leaf(path, LeafValue::Known(value), origin);
        }
    }

    fn value(
        &mut self,
        schema: Option<&ConfigSchema>,
        given: &[(ConfigOrigin, &SettingEntry)],
        path: &ConfigPath,
    ) {
        let default;
        let mut given = given.to_vec();
        if let Some((schema, value)) = schema.and_then(|it| Some((it, it.default.clone()?))) {
            default = SettingEntry {
                key: String::new(),
                setting: Setting::of_value(value, schema.location),
                key_location: schema.location,
                location: schema.location,
            };
            given.push((ConfigOrigin::Default, &default));
        }
        let mut unset = Vec::new();
        for (at, (origin, entry)) in given.iter().enumerate() {
            match &entry.setting {
                Setting::Table(_) => {
                    let tables = self.merged(&given[at..]);
                    return match schema.map(|it| &it.kind) {
                        Some(ConfigKind::Table(Some(keys))) => self.table(keys, &tables, path),
                        _ => self.open_table(&tables, path),
                    };
                }
                Setting::FromEnv(variable) => match (self.variable)(variable) {
                    Some(text) => {
                        self.variable_value(schema, (&text, entry.location), path, *origin);
                        return;
                    }
                    None => unset.push(variable.clone()),
                },
                Setting::Value(value) => {
                    return self.leaf(path, LeafValue::Known(value.clone()), *origin);
                }
                varying @ (Setting::Text(_) | Setting::List(_)) => {
                    return self.leaf(path, LeafValue::Varying(varying.clone()), *origin);
                }
            }
        }
        let Some(schema) = schema.filter(|it| it.required) else {
            return;
        };
        if let ConfigKind::Table(Some(keys)) = &schema.kind {
            return self.table(keys, &[], path);
        }
        self.missing.push(ConfigFault {
            path: path.clone(),
            location: schema.location,
            problem: ConfigProblem::Missing {
                sample: schema.sample().toml(),
                unset,
            },
        });
    }

    /// The tables that are merged: down to the first layer that gives something else.
    fn merged<'s>(&self, given: &[(ConfigOrigin, &'s SettingEntry)]) -> Vec<Given<'s>> {
        let mut tables = Vec::new();
        for (origin, entry) in given {
            match &entry.setting {
                Setting::Table(table) => tables.push((*origin, table.as_slice())),
                Setting::FromEnv(variable) if (self.variable)(variable).is_none() => {}
                _ => break,
            }
        }
        tables
    }

    fn variable_value(
        &mut self,
        schema: Option<&ConfigSchema>,
        (text, location): (&str, Location),
        path: &ConfigPath,
        origin: ConfigOrigin,
    ) {
        let Some(schema) = schema else {
            let value = ConfigValue::parse_toml(text);
            let value = value.unwrap_or_else(|| ConfigValue::Text(text.to_owned()));
            return self.leaf(path, LeafValue::Known(value), origin);
        };
        let value = schema.read_text(text);
        if let Some(value) = schema.fit(value, (path, location), self.faults) {
            self.leaf(path, LeafValue::Known(value), origin);
        }
    }

    fn leaf(&mut self, path: &ConfigPath, value: LeafValue, origin: ConfigOrigin) {
        let mut add = |path: ConfigPath, value| {
            self.leaves.push(ConfigLeaf {
                path,
                value,
                origin,
            });
        };
        match value {
            // A table that a variable gives: each of its values has a path of its own.
            LeafValue::Known(ConfigValue::Table(members)) if !members.is_empty() => {
                for (key, value) in members {
                    self.leaf(&path.then(&key), LeafValue::Known(value), origin);
                }
            }
            value => add(path.clone(), value),
        }
    }
}

/// What layers set a key to.
fn entries_of<'s>(given: &[Given<'s>], key: &str) -> Vec<(ConfigOrigin, &'s SettingEntry)> {
    let of = |(origin, table): &Given<'s>| {
        let found = table.iter().find(|entry| entry.key == key)?;
        Some((*origin, found))
    };
    given.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::EffectiveConfig;
    use crate::model::config::{
        AssetConfig, ConfigKind, ConfigLayer, ConfigOrigin, ConfigSchema, ConfigValue, Setting,
        SettingEntry,
    };
    use crate::model::name::Location;
    use crate::model::partition::{NamedKeys, PartitionKey, PartitionKeys};
    use crate::model::template::{PartitionPlaceholder, PartitionRef, PathTemplate, Piece};
    use crate::testkit;

    #[test]
    fn fields_that_are_used_again_are_those_that_are_made_anew() {
        let key = || Piece::Placeholder(PartitionPlaceholder::Key);
        let text = |text: &str| Piece::Text(text.to_owned());
        let whole = Setting::Text(PathTemplate::new(vec![key()]));
        let part = Setting::Text(PathTemplate::new(vec![text("a\"b "), key()]));
        let entry = |name: &str, setting: Setting| SettingEntry {
            key: name.to_owned(),
            setting,
            key_location: Location::default(),
            location: Location::default(),
        };
        let known = |text: &str| Setting::Value(ConfigValue::Text(text.to_owned()));
        let layer = |origin, partition: Option<PartitionKey>, settings| ConfigLayer {
            origin,
            partition,
            settings,
        };
        let config = AssetConfig {
            schema: ["fixed", "list", "part", "whole"]
                .map(|name| {
                    let kind = ConfigSchema::of_kind(ConfigKind::Any, Location::default());
                    (name.to_owned(), kind)
                })
                .into(),
            layers: vec![
                layer(
                    ConfigOrigin::AssetPartition,
                    Some(testkit::key("own")),
                    vec![entry("fixed", known("own")), entry("part", known("own"))],
                ),
                layer(
                    ConfigOrigin::Asset,
                    None,
                    vec![
                        entry("fixed", known("all")),
                        entry("list", Setting::List(vec![known("x"), whole.clone()])),
                        entry("part", part),
                        entry("whole", whole),
                    ],
                ),
            ],
            location: Location::default(),
        };
        let config = EffectiveConfig::new(&config, &|_| None).expect("nothing is wrong");
        let keys = ["a", "own", "quo\"te", "b"].map(testkit::key);
        let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let keys: Arc<[_]> = keys.into();
        let keys = PartitionKeys::Named(NamedKeys::declared(&keys));
        let mut fields = Vec::new();
        for (index, key) in (0..).zip(&texts) {
            let partition = PartitionRef { keys: &keys, index };
            config.fill_partition_fields(partition, key, &mut fields);
            assert_eq!(fields, config.partition_fields(partition), "{key}");
            assert!(!fields.is_empty());
        }
    }
}
