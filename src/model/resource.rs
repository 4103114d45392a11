//! Resources: settings that several assets share, with commands around the steps that need them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::asset::{Code, Command, EnvValue, EnvVariable};
use crate::model::config::{AssetConfig, ConfigFault, ConfigLeaf, ConfigValue, EffectiveConfig};
use crate::model::name::{Location, Name};
use crate::model::template::{CommandPlaceholder, CommandTemplate, Piece};

/// A resource, as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredResource {
    /// Its name.
    pub name: Name,
    /// Where its table stands.
    pub location: Location,
    /// For people.
    pub description: Option<String>,
    /// Its configuration: schema and layers.
    pub config: Option<Box<AssetConfig>>,
    /// Variables set for its own commands and those of the steps that name it, in declared order.
    pub env: Vec<ResourceVariable>,
    /// Runs once a run, before the first step that needs it.
    pub setup: Option<Command>,
    /// Runs once a run, after the last step.
    pub teardown: Option<Command>,
    /// The folder they run in, relative to the project root.
    pub folder: String,
    /// How long each of them may take.
    pub timeout: Duration,
    /// The files that are part of its version.
    pub code: Code,
    /// What stands for its configuration, variables, commands and code in code versions.
    pub version: Option<String>,
}

/// A variable that a resource sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceVariable {
    /// The variable; a text as it is written.
    pub declared: EnvVariable,
    /// The text, where it holds values of the configuration.
    pub text: Option<CommandTemplate>,
}

impl DeclaredResource {
    /// Its variables as they are declared.
    pub fn env(&self) -> impl Iterator<Item = &EnvVariable> {
        self.env.iter().map(|variable| &variable.declared)
    }

    /// All places in it.
    pub fn each_location(&mut self, each: &mut dyn FnMut(&mut Location)) {
        each(&mut self.location);
        if let Some(config) = &mut self.config {
            config.each_location(each);
        }
        let code = self.code.declared.iter_mut().map(|(_, at)| at);
        code.chain(self.env.iter_mut().map(|it| &mut it.declared.location))
            .for_each(each);
    }

    /// The same wherever it stands, and whatever people say of it.
    #[must_use]
    pub fn without_places(&self) -> Self {
        let mut resource = self.clone();
        resource.description = None;
        resource.each_location(&mut |location| *location = Location::default());
        resource
    }

    /// Whether its values are the same in every environment.
    pub fn is_fixed(&self) -> bool {
        let config = self.config.iter();
        config.flat_map(|it| it.variables()).next().is_none()
    }

    /// Its values; `variable` gives a variable of the environment, if it is set.
    ///
    /// # Errors
    ///
    /// What is wrong with values of the environment, and what has to have a value and has none.
    pub fn resolve(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<ResolvedResource, Vec<ConfigFault>> {
        let effective = match &self.config {
            None => EffectiveConfig::default(),
            Some(config) => EffectiveConfig::new(config, variable)?,
        };
        if !effective.missing().is_empty() {
            return Err(effective.missing().to_vec());
        }
        let config = ConfigLeaf::table(effective.common().iter());
        let env = self.env.iter().map(|variable| EnvVariable {
            value: match &variable.text {
                Some(text) => EnvValue::Literal(text_of(text, &config)),
                None => variable.declared.value.clone(),
            },
            ..variable.declared.clone()
        });
        Ok(ResolvedResource {
            env: env.collect(),
            name: self.name.clone(),
            effective,
            config,
        })
    }
}

/// A resource with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedResource {
    /// Its name.
    pub name: Name,
    /// Its configuration, with where each value comes from.
    pub effective: EffectiveConfig,
    /// The same as one table.
    pub config: ConfigValue,
    /// Its variables.
    pub env: Vec<EnvVariable>,
}

/// A text with values of a configuration; one that is absent is empty.
fn text_of(template: &CommandTemplate, config: &ConfigValue) -> String {
    let piece = |piece: &Piece<CommandPlaceholder>| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Placeholder(CommandPlaceholder::Config(path, _)) => {
            let value = config.at(path.keys());
            value
                .map(|it| it.scalar().unwrap_or_else(|| it.json()))
                .unwrap_or_default()
        }
        Piece::Placeholder(_) => String::new(),
    };
    template.pieces().iter().map(piece).collect()
}

/// Two declarations that set one variable differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvConflict {
    /// The variable.
    pub variable: String,
    /// Who sets it, and where: a resource, or `None` for the asset itself.
    pub one: (Option<Name>, Location),
    /// Who sets it otherwise, and where.
    pub other: (Name, Location),
}

impl fmt::Display for EnvConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (variable, other) = (&self.variable, &self.other.0);
        match &self.one.0 {
            Some(one) => write!(f, "the resources `{one}` and `{other}`"),
            None => write!(f, "the asset and the resource `{other}`"),
        }?;
        write!(f, " set the variable `{variable}` to two values")
    }
}

/// The first variable that an asset's own `env` and its resources set to different values.
pub fn env_conflict<'r>(
    own: &[EnvVariable],
    resources: impl Iterator<Item = &'r ResolvedResource>,
) -> Option<EnvConflict> {
    let mut set: Vec<(Option<&Name>, &EnvVariable)> = own.iter().map(|it| (None, it)).collect();
    for resource in resources {
        for variable in &resource.env {
            let known = set.iter().find(|(_, it)| it.name == variable.name);
            match known {
                None => set.push((Some(&resource.name), variable)),
                Some((_, known)) if known.value == variable.value => {}
                Some((owner, known)) => {
                    return Some(EnvConflict {
                        variable: variable.name.clone(),
                        one: (owner.cloned(), known.location),
                        other: (resource.name.clone(), variable.location),
                    });
                }
            }
        }
    }
    None
}
