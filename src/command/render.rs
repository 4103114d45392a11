//! From a recipe and a partition to the command that runs: its words, environment and paths.
//!
//! All paths given to a command are relative to the folder that it runs in, a directory without its trailing slash. In a
//! string each value is quoted for a POSIX shell, so nothing that a key or a path holds is ever code.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::command::inputs::STDIN;
use crate::command::rendered::{
    Load, Rendered, Rendering, SharedLines, StepPlaces, TOO_LONG, Unrenderable,
};
use crate::command::resource::config_words;
use crate::command::variables::{Declared, declared};
use crate::command::words::{self, Values, argv};
use crate::executor::{Environment, Inherit};
use crate::look::relative;
use crate::model::{
    Asset, CommandPlaceholder, ConfigKind, ConfigPath, ConfigSchema, ConfigValue, Declaration, Dep,
    InheritEnv, LONGEST_COMPONENT, LeafValue, PartitionKeys, PartitionRef, Place, Recipe,
    ValueForm, encode_whole_component, shortened,
};
use crate::plan::Cell;

impl<'a> Rendering<'a> {
    /// The command of a step that makes these cells, which are neighbours.
    ///
    /// # Errors
    ///
    /// If the command is longer than the system takes, or names a value that cannot be words.
    ///
    /// # Panics
    ///
    /// If there is no cell, or they are a source's.
    pub fn render(
        &self,
        cells: &[Cell],
        recipe: &'a Recipe,
        places: &StepPlaces,
    ) -> Result<Rendered, Unrenderable> {
        let (id, indexes) = self.scope.neighbours(cells);
        let asset = self.scope.graph().asset(id);
        let asset = asset.expect("only assets have recipes");
        let words = Words {
            rendering: self,
            asset,
            keys: self.scope.keys(id),
            indexes,
            cells,
            recipe,
            places,
            inputs: (0..asset.deps.len()).map(|_| OnceCell::new()).collect(),
            config: self.config.map(|config| {
                let keys = self.scope.keys(id);
                config.at(PartitionRef {
                    keys,
                    index: self.scope.neighbours(cells).1.start,
                })
            }),
        };
        words.check_config()?;
        words.check_tags()?;
        let argv = argv(&recipe.command, &words)?;
        let mut lists = Vec::new();
        let ours = words.variables(&mut lists);
        let resources = self.resources.iter().flat_map(|it| &it.resolved.env);
        let env = recipe.env.iter().chain(resources);
        let Declared { variables, secrets } = declared(self.workspace, env);
        let inherit = match &recipe.inherit_env {
            InheritEnv::All => Inherit::All,
            InheritEnv::Only(names) => Inherit::Only(names.clone()),
        };
        let env = Environment {
            caller: self.workspace.environment,
            inherit: &inherit,
            declared: &variables,
            ours: &ours,
        }
        .build();
        if let Some(why) = words::too_long(&argv, &env) {
            return Err(words.unrenderable(why));
        }
        lists.sort_unstable();
        Ok(Rendered {
            argv,
            env,
            secrets,
            lists,
            loads: words.loads(),
        })
    }
}

/// Renders the words of one step.
pub(super) struct Words<'a> {
    pub(super) rendering: &'a Rendering<'a>,
    pub(super) asset: &'a Asset,
    pub(super) keys: &'a PartitionKeys,
    /// The partitions that the command makes; at least one.
    pub(super) indexes: Range<u32>,
    cells: &'a [Cell],
    pub(super) recipe: &'a Recipe,
    pub(super) places: &'a StepPlaces,
    /// The paths of each dep as the command sees them, once they were asked for.
    inputs: Vec<OnceCell<SharedLines>>,
    /// The configuration, which is the same for all partitions that the command makes.
    pub(super) config: Option<ConfigValue>,
}

impl Values for Words<'_> {
    fn values(&self, placeholder: &CommandPlaceholder) -> Result<Cow<'_, [String]>, Unrenderable> {
        let one = |value: String| Cow::Owned(vec![value]);
        Ok(match placeholder {
            CommandPlaceholder::Partition(placeholder) => one(placeholder.value(self.first())),
            CommandPlaceholder::Input(dep) => Cow::Borrowed(self.input(*dep)),
            CommandPlaceholder::InputOutput(dep, output) => {
                Cow::Owned(self.paths_of(*dep, Some(*output)))
            }
            CommandPlaceholder::InputList(dep) => one(self.see(&self.list_path(*dep))),
            CommandPlaceholder::Value(dep, form) => self.value(*dep, *form)?,
            CommandPlaceholder::Config(path, form) => self.config_words(path, *form)?.into(),
            CommandPlaceholder::Outputs => {
                let outputs = self.places.outputs.iter().flatten();
                outputs.map(|path| self.see(path)).collect()
            }
            CommandPlaceholder::Output(output) => {
                let outputs = self.places.outputs.iter();
                outputs.map(|part| self.see(&part[*output])).collect()
            }
            CommandPlaceholder::Asset => one(self.asset.key.to_string()),
            CommandPlaceholder::RunId => one(self.rendering.run.to_string()),
            CommandPlaceholder::Project => one(self.project()),
        })
    }

    fn may_be_several(&self, placeholder: &CommandPlaceholder) -> bool {
        match placeholder {
            CommandPlaceholder::Input(dep) => self.dep_may_be_several(&self.asset.deps[*dep], None),
            CommandPlaceholder::InputOutput(dep, output) => {
                self.dep_may_be_several(&self.asset.deps[*dep], Some(*output))
            }
            CommandPlaceholder::Outputs => self.asset.outputs.len() > 1 || self.is_batched(),
            CommandPlaceholder::Output(_) => self.is_batched(),
            CommandPlaceholder::Config(path, form) => {
                let declared = self.recipe.config.as_ref();
                let schema = declared.and_then(|it| it.schema_at(path.keys()));
                let is_list = |it: &ConfigSchema| matches!(it.kind, ConfigKind::List(_));
                let is_list = schema.is_some_and(is_list)
                    || matches!(self.config_at(path), Some(ConfigValue::List(_)));
                is_list && *form == ValueForm::Words
            }
            CommandPlaceholder::Partition(_)
            | CommandPlaceholder::InputList(_)
            | CommandPlaceholder::Value(..)
            | CommandPlaceholder::Asset
            | CommandPlaceholder::RunId
            | CommandPlaceholder::Project => false,
        }
    }
}

impl Words<'_> {
    fn dep_may_be_several(&self, dep: &Dep, output: Option<usize>) -> bool {
        let graph = self.rendering.scope.graph();
        let (own, read) = (self.asset.partitions, graph.partitions(dep.asset));
        let several_keys = dep.mapping.can_read_several(graph.definitions(), own, read)
            || (self.is_batched() && read.is_some());
        let several_paths = match graph.get(dep.asset) {
            Declaration::Asset(up) => {
                dep.output.is_none() && output.is_none() && up.outputs.len() > 1
            }
            Declaration::Source(source) => source.can_have_several_paths(),
        };
        several_keys || several_paths
    }

    /// Whether the command makes as many partitions as there are neighbours to be made, be it only one just now.
    pub(super) fn is_batched(&self) -> bool {
        self.recipe.batch.is_some() && self.keys.is_partitioned()
    }

    /// The first partition that the command makes.
    pub(super) fn first(&self) -> PartitionRef<'_> {
        PartitionRef {
            keys: self.keys,
            index: self.indexes.start,
        }
    }

    pub(super) fn input(&self, dep: usize) -> &SharedLines {
        self.inputs[dep].get_or_init(|| {
            let output = self.asset.deps[dep].output.map(|output| output as usize);
            self.paths_of(dep, output).into()
        })
    }

    /// The paths of a dep as the command sees them: all of them, or those of one output.
    fn paths_of(&self, index: usize, output: Option<usize>) -> Vec<String> {
        let dep = &self.asset.deps[index];
        let mapped = self.rendering.scope.read_by(self.cells, dep);
        if self.rendering.piped(self.asset, index, &mapped).is_some() {
            return vec![STDIN.to_owned()];
        }
        let given = &self.places.given;
        let mut paths = self.rendering.input_paths(dep, &mapped, output, given);
        if !self.recipe.folder.is_empty() {
            for path in &mut paths {
                *path = self.see(path);
            }
        }
        paths
    }

    /// What is loaded of the inputs that were asked for.
    fn loads(&self) -> Vec<Load> {
        let given = &self.places.given;
        let seen = format!("{}/", self.see(given));
        let inputs = self.inputs.iter().filter_map(OnceCell::get);
        let loaded = inputs.flat_map(|paths| paths.iter().filter_map(|it| it.strip_prefix(&seen)));
        let load = |path: &str| Load {
            path: path.to_owned(),
            to: format!("{given}/{path}"),
        };
        let mut loads: Vec<_> = loaded.map(load).collect();
        // Several inputs may read the same value.
        loads.sort_unstable();
        loads.dedup();
        loads
    }

    /// The words of a value; none of an optional source that is absent.
    fn value(&self, dep: usize, form: ValueForm) -> Result<Cow<'_, [String]>, Unrenderable> {
        let dep = &self.asset.deps[dep];
        let scope = self.rendering.scope;
        let index = scope.read_by(self.cells, dep).first();
        let cell = index.and_then(|index| scope.cell(dep.asset, index));
        let Some(found) = cell.and_then(|cell| self.rendering.sources.values.get(&cell)) else {
            return Ok(match form {
                ValueForm::Words | ValueForm::Joined => Cow::Borrowed(&[]),
                ValueForm::Json => Cow::Owned(vec!["null".to_owned()]),
            });
        };
        let is_list = found.json.starts_with('[');
        let why = match (form, &found.words) {
            (ValueForm::Json, _) => return Ok(Cow::Owned(vec![found.json.clone()])),
            (_, Some(words)) if words.is_empty() => "is an empty list, which is not a word",
            (ValueForm::Joined, Some(_)) if is_list => "is a list, and text is joined to it here",
            (_, Some(words)) => return Ok(Cow::Borrowed(words)),
            (_, None) if is_list => "is a list that holds lists or tables, which are not words",
            (_, None) => "is a table, which is not a word",
        };
        let input = &dep.input;
        let place = cell.and_then(|cell| self.value_place(cell));
        Err(Unrenderable {
            code: "assetctl::engine::unrenderable_value",
            message: format!("the value of `{input}`{} {why}", place.unwrap_or_default()),
            help: Some(format!(
                "`{{{{value.{input}:json}}}}` gives all of it as JSON in one word"
            )),
        })
    }

    /// Refuses values that only their partition has made wrong.
    fn check_config(&self) -> Result<(), Unrenderable> {
        let (Some(config), Some(declared)) = (self.rendering.config, &self.recipe.config) else {
            return Ok(());
        };
        let varying = config.leaves(self.first()).iter();
        let varying = varying.filter(|leaf| matches!(leaf.value, LeafValue::Varying(_)));
        for leaf in varying {
            let Some(schema) = declared.schema_at(leaf.path.keys()) else {
                continue;
            };
            let mut faults = Vec::new();
            let value = leaf.value_at(self.first());
            schema.fit(value, (&leaf.path, schema.location), &mut faults);
            if let Some(fault) = faults.first() {
                return Err(Unrenderable {
                    code: "assetctl::engine::config",
                    message: format!("config.{}: {}", fault.path, fault.problem),
                    help: Some("correct the value, or `config_schema`".to_owned()),
                });
            }
        }
        Ok(())
    }

    fn config_at(&self, path: &ConfigPath) -> Option<&ConfigValue> {
        self.config.as_ref()?.at(path.keys())
    }

    /// The words of a value of the configuration; none of one that has no value.
    fn config_words(
        &self,
        path: &ConfigPath,
        form: ValueForm,
    ) -> Result<Vec<String>, Unrenderable> {
        config_words(self.config_at(path), &path.to_string(), form)
    }

    /// Where a value is read, to be put behind its name.
    fn value_place(&self, cell: Cell) -> Option<String> {
        let (id, partition) = self.rendering.scope.at(cell);
        match &self.rendering.scope.graph().source(id)?.place {
            Place::Value { path, key } => Some(format!(
                ", `{}` of {},",
                key.text(partition),
                path.path(partition)
            )),
            Place::Paths(_) | Place::Observed { .. } => None,
        }
    }

    pub(super) fn list_path(&self, dep: usize) -> String {
        let name = encode_whole_component(self.asset.deps[dep].input.as_str());
        let name = shortened(name, LONGEST_COMPONENT);
        format!("{}/{name}.txt", self.places.lists)
    }

    fn project(&self) -> String {
        let settings = self.rendering.workspace.graph.settings();
        settings.name.clone().unwrap_or_default()
    }

    pub(super) fn see(&self, path: &str) -> String {
        relative(&self.recipe.folder, path)
    }

    /// Why a command cannot run that is too long, naming the longest list in it and what to do about it.
    fn unrenderable(&self, message: String) -> Unrenderable {
        let length = |dep: &usize| self.inputs[*dep].get().map_or(0, |paths| paths.len());
        let longest = (0..self.asset.deps.len()).max_by_key(length);
        let help = match longest.map(|dep| (dep, length(&dep))) {
            Some((dep, paths @ 2..)) => words::read_a_list(&self.asset.deps[dep].input, paths),
            _ if self.is_batched() => words::MAKE_LESS.to_owned(),
            _ => words::SHORTEN.to_owned(),
        };
        Unrenderable {
            code: TOO_LONG,
            message,
            help: Some(help),
        }
    }
}
