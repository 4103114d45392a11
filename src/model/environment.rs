//! Environments: what is other than declared where a project works for `prod` or `dev`, under a name.

use serde::{Deserialize, Serialize};

use crate::model::asset::{EnvValue, EnvVariable};
use crate::model::config::{ConfigLayer, ConfigOrigin, SettingTable};
use crate::model::name::{AssetKey, Location, Name};

/// An environment, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredEnvironment {
    /// Its name.
    pub name: Name,
    /// Where its table stands.
    pub location: Location,
    /// For people.
    pub description: Option<String>,
    /// What it sets of the configuration of assets.
    pub configs: Vec<EnvironmentConfig>,
    /// What it sets of the configuration of resources.
    pub resources: Vec<EnvironmentConfig>,
    /// Other values of variables that assets, sources and resources declare.
    pub env: Vec<EnvVariable>,
    /// The assets and sources that declare one of these.
    pub concerned: Vec<AssetKey>,
    /// The lock file, relative to the project root, where it is one of its own.
    pub lock: Option<EnvironmentPath>,
    /// The folder of the instance, relative to the project root or absolute, where it is one of its own.
    pub home: Option<EnvironmentPath>,
}

/// What an environment sets of the configuration of an asset or a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentConfig {
    /// The name of the asset or the resource.
    pub name: String,
    /// What it sets.
    pub settings: SettingTable,
    /// Where the name stands.
    pub location: Location,
}

/// A path that an environment keeps records at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentPath {
    /// The path.
    pub path: String,
    /// Where it is declared.
    pub location: Location,
}

impl EnvironmentConfig {
    /// The same as a layer.
    pub fn layer(&self) -> ConfigLayer {
        ConfigLayer {
            origin: ConfigOrigin::Environment,
            partition: None,
            settings: self.settings.clone(),
        }
    }
}

impl DeclaredEnvironment {
    /// The value that it gives a variable which an asset declares.
    pub fn value_of(&self, variable: &str) -> Option<&EnvVariable> {
        self.env.iter().find(|it| it.name == variable)
    }

    /// Whether it gives any of these variables another value.
    pub fn replaces_any(&self, declared: &[EnvVariable]) -> bool {
        let mut declared = declared.iter();
        declared.any(|it| self.value_of(&it.name).is_some())
    }

    /// The secrets that it gives to variables, each with where it is named.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, Location)> {
        self.env
            .iter()
            .filter_map(|variable| match &variable.value {
                EnvValue::Secret { variable: from, .. } => Some((from.as_str(), variable.location)),
                EnvValue::Literal(_) | EnvValue::FromEnv { .. } => None,
            })
    }
}
