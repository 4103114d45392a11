//! A graph by an environment: its assets have other values, and other variables.

use crate::model::asset::{Declaration, EnvVariable, Recipe};
use crate::model::config::{ConfigLayer, ConfigOrigin};
use crate::model::environment::DeclaredEnvironment;
use crate::model::graph::AssetGraph;
use crate::model::name::AssetId;

impl AssetGraph {
    /// The environment of a name.
    pub fn environment(&self, name: &str) -> Option<&DeclaredEnvironment> {
        let mut environments = self.settings().environments.iter();
        environments.find(|it| it.name.as_str() == name)
    }

    /// The graph in which assets have what an environment gives them, which was checked against this graph.
    #[must_use]
    pub fn with_environment(&self, environment: &DeclaredEnvironment) -> Self {
        let mut graph = self.clone();
        for config in &environment.configs {
            let Some(id) = graph.find(&config.asset) else {
                continue;
            };
            graph.change_recipe(id, |recipe| {
                if let Some(declared) = &mut recipe.config {
                    let layer = ConfigLayer {
                        origin: ConfigOrigin::Environment,
                        partition: None,
                        settings: config.settings.clone(),
                    };
                    declared.add(layer, &mut Vec::new());
                }
            });
        }
        if environment.env.is_empty() {
            return graph;
        }
        let variables = environment.env.iter();
        graph.replaced = variables.map(|it| it.name.clone()).collect();
        let is_replaced = |it: &EnvVariable| environment.value_of(&it.name).is_some();
        for id in self.ids() {
            let recipe = self.asset(id).and_then(|asset| asset.recipe.as_ref());
            if recipe.is_none_or(|recipe| !recipe.env.iter().any(is_replaced)) {
                continue;
            }
            graph.change_recipe(id, |recipe| {
                for variable in &mut recipe.env {
                    if let Some(other) = environment.value_of(&variable.name) {
                        *variable = other.clone();
                    }
                }
            });
        }
        graph
    }

    /// Whether an environment has given a variable another value.
    pub fn is_replaced_variable(&self, name: &str) -> bool {
        self.replaced.iter().any(|it| it == name)
    }

    fn change_recipe(&mut self, id: AssetId, change: impl FnOnce(&mut Recipe)) {
        let mut declaration = self.get(id).clone();
        if let Declaration::Asset(asset) = &mut declaration
            && let Some(recipe) = &mut asset.recipe
        {
            change(recipe);
            self.replace(id, declaration);
        }
    }
}
