//! A graph by an environment: its assets have other values, and other variables.

use crate::model::asset::{Declaration, Recipe};
use crate::model::environment::DeclaredEnvironment;
use crate::model::graph::AssetGraph;
use crate::model::name::AssetId;
use crate::model::resource::ResourceVariable;

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
            let Some(id) = graph.find(&config.name) else {
                continue;
            };
            graph.change_recipe(id, |recipe| {
                if let Some(declared) = &mut recipe.config {
                    declared.add(config.layer(), &mut Vec::new());
                }
            });
        }
        for config in &environment.resources {
            let mut resources = graph.settings.resources.iter_mut();
            let resource = resources.find(|it| it.name.as_str() == config.name);
            if let Some(declared) = resource.and_then(|it| it.config.as_mut()) {
                declared.add(config.layer(), &mut Vec::new());
            }
        }
        if environment.env.is_empty() {
            return graph;
        }
        for resource in &mut graph.settings.resources {
            for variable in &mut resource.env {
                if let Some(other) = environment.value_of(&variable.declared.name) {
                    *variable = ResourceVariable {
                        declared: other.clone(),
                        text: None,
                    };
                }
            }
        }
        let variables = environment.env.iter();
        graph.replaced = variables.map(|it| it.name.clone()).collect();
        for key in &environment.concerned {
            let Some(id) = self.find(key.as_str()) else {
                continue;
            };
            let mut declaration = graph.get(id).clone();
            for variable in declaration.env_mut().into_iter().flatten() {
                if let Some(other) = environment.value_of(&variable.name) {
                    *variable = other.clone();
                }
            }
            graph.replace(id, declaration);
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
