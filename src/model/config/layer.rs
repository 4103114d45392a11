//! What sets values: layers, each of one origin.

use serde::{Deserialize, Serialize};

use crate::model::config::schema::{fit_table, schema_of};
use crate::model::config::{
    ConfigFault, ConfigKind, ConfigPath, ConfigSchema, ConfigValue, SchemaTable,
};
use crate::model::name::Location;
use crate::model::partition::PartitionKey;
use crate::model::template::PathTemplate;

/// The configuration of an asset: its schema, and all that sets something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetConfig {
    /// What values there are.
    pub schema: SchemaTable,
    /// The layers, those that win first.
    pub layers: Vec<ConfigLayer>,
    /// Where it is declared.
    pub location: Location,
}

/// What one place sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigLayer {
    /// The place.
    pub origin: ConfigOrigin,
    /// The only partition that it is for; `None` for all.
    pub partition: Option<PartitionKey>,
    /// What it sets.
    pub settings: SettingTable,
}

/// Where a value comes from, in order of precedence: what comes first wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConfigOrigin {
    /// `--set`; of two the one with the lower number.
    Set(u16),
    /// `partition_config` of a file of run config.
    FilePartition(u16),
    /// `--config`; of two the one with the lower number.
    File(u16),
    /// `partition_config` of a job.
    JobPartition,
    /// `config` of a job.
    Job,
    /// `--env`.
    Environment,
    /// `partition_config` of the asset.
    AssetPartition,
    /// `config` of the asset.
    Asset,
    /// The `default` of the schema.
    Default,
}

impl ConfigOrigin {
    /// Whether it sets values of single partitions.
    pub fn is_of_partitions(self) -> bool {
        matches!(
            self,
            Self::FilePartition(_) | Self::JobPartition | Self::AssetPartition
        )
    }

    /// As it is shown to people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Set(_) => "--set",
            Self::FilePartition(_) => "partition_config of --config",
            Self::File(_) => "--config",
            Self::JobPartition => "partition_config of the job",
            Self::Job => "config of the job",
            Self::Environment => "--env",
            Self::AssetPartition => "partition_config",
            Self::Asset => "config",
            Self::Default => "default",
        }
    }
}

/// What a layer sets in a table, in the order of its file.
pub type SettingTable = Vec<SettingEntry>;

/// A key of a table with what it is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingEntry {
    /// The key.
    pub key: String,
    /// What it is set to.
    pub setting: Setting,
    /// Where the key stands.
    pub key_location: Location,
    /// Where the value stands.
    pub location: Location,
}

/// What a key is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// A scalar or a list that is the same for all partitions.
    Value(ConfigValue),
    /// A text with placeholders about the partition.
    Text(PathTemplate),
    /// A list with such a text in it.
    List(Vec<Setting>),
    /// What a variable of the environment holds; nothing where it is not set.
    FromEnv(String),
    /// A table, which is merged with those of other layers.
    Table(SettingTable),
}

impl Setting {
    /// A value, of which tables are merged with those of other layers.
    pub fn of_value(value: ConfigValue, location: Location) -> Self {
        match value {
            ConfigValue::Table(members) => {
                let entry = |(key, value)| SettingEntry {
                    key,
                    setting: Self::of_value(value, location),
                    key_location: location,
                    location,
                };
                Self::Table(members.into_iter().map(entry).collect())
            }
            value => Self::Value(value),
        }
    }
}

impl Setting {
    /// As it is written.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Value(value) => value.to_json(),
            Self::Text(template) => template.source().into(),
            Self::List(elements) => elements.iter().map(Self::to_json).collect(),
            Self::FromEnv(variable) => serde_json::json!({ "from_env": variable }),
            Self::Table(table) => {
                let entry = |entry: &SettingEntry| (entry.key.clone(), entry.setting.to_json());
                table.iter().map(entry).collect()
            }
        }
    }
}

impl ConfigLayer {
    /// Forgets where its values stand, which is in no manifest; `each` sees the variables, each with its place.
    pub fn forget_places(&mut self, mut each: impl FnMut(&str, Location)) {
        fn forget(table: &mut SettingTable, each: &mut dyn FnMut(&str, Location)) {
            for entry in table {
                match &mut entry.setting {
                    Setting::FromEnv(variable) => each(variable, entry.location),
                    Setting::Table(table) => forget(table, each),
                    Setting::Value(_) | Setting::Text(_) | Setting::List(_) => {}
                }
                entry.location = Location::default();
                entry.key_location = Location::default();
            }
        }
        forget(&mut self.settings, &mut each);
    }
}

impl AssetConfig {
    /// Adds a layer, checked against the schema; what is wrong is left out, and goes to `faults`.
    pub fn add(&mut self, layer: ConfigLayer, faults: &mut Vec<ConfigFault>) {
        let settings = fit_table(&self.schema, layer.settings, &ConfigPath::default(), faults);
        let layer = ConfigLayer { settings, ..layer };
        let at = self.layers.partition_point(|it| it.origin <= layer.origin);
        self.layers.insert(at, layer);
    }

    /// The schema at a path; `None` where there is no such key, or anything may be there.
    pub fn schema_at(&self, path: &[String]) -> Option<&ConfigSchema> {
        schema_of(&self.schema, path)
    }

    /// The variables of the environment that it may take values from, with where each is named.
    pub fn variables(&self) -> Vec<(&str, Location)> {
        fn collect<'s>(table: &'s [SettingEntry], found: &mut Vec<(&'s str, Location)>) {
            for entry in table {
                match &entry.setting {
                    Setting::FromEnv(variable) => found.push((variable, entry.location)),
                    Setting::Table(table) => collect(table, found),
                    Setting::Value(_) | Setting::Text(_) | Setting::List(_) => {}
                }
            }
        }
        let mut found = Vec::new();
        for layer in &self.layers {
            collect(&layer.settings, &mut found);
        }
        found
    }

    /// All places in it.
    pub fn each_location(&mut self, each: &mut dyn FnMut(&mut Location)) {
        fn of_schema(keys: &mut SchemaTable, each: &mut dyn FnMut(&mut Location)) {
            for (_, schema) in keys {
                of_one(schema, each);
            }
        }
        fn of_one(schema: &mut ConfigSchema, each: &mut dyn FnMut(&mut Location)) {
            each(&mut schema.location);
            match &mut schema.kind {
                ConfigKind::Table(Some(keys)) => of_schema(keys, each),
                ConfigKind::List(Some(of)) => of_one(of, each),
                _ => {}
            }
        }
        fn of_table(table: &mut SettingTable, each: &mut dyn FnMut(&mut Location)) {
            for entry in table {
                each(&mut entry.key_location);
                each(&mut entry.location);
                if let Setting::Table(table) = &mut entry.setting {
                    of_table(table, each);
                }
            }
        }
        each(&mut self.location);
        of_schema(&mut self.schema, each);
        for layer in &mut self.layers {
            of_table(&mut layer.settings, each);
        }
    }
}
