//! From a recipe and a partition to the command that runs: its words, environment and paths.
//!
//! All paths given to a command are relative to the folder that it runs in, a directory without its trailing slash. In a
//! string each value is quoted for a POSIX shell, so nothing that a key or a path holds is ever code.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsString;

use crate::engine::gather::FoundSources;
use crate::engine::variables::Declared;
use crate::engine::workspace::{Workspace, relative};
use crate::executor::{Environment, Inherit, quote};
use crate::model::{
    Asset, AssetId, Command, CommandPlaceholder, CommandTemplate, Declaration, Dep, InheritEnv,
    PartitionMapping, PartitionRef, Piece, Place, Recipe, RunId, SourcePath,
    encode_whole_component,
};
use crate::plan::{Cell, Scope};

/// The longest argument or variable that Linux takes, in bytes, with its closing zero.
const LONGEST_WORD: usize = 131_072;

/// A command that is ready to run, without where its log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The complete environment.
    pub env: Vec<(OsString, OsString)>,
    /// Values that must not appear in a log.
    pub secrets: Vec<Vec<u8>>,
    /// Files with an input's paths that have to be written before the start: path relative to the project root, lines.
    pub lists: Vec<(String, Vec<String>)>,
}

/// A command that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrenderable {
    /// Why.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What a command is rendered for.
#[derive(Clone, Copy)]
pub struct Rendering<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// The scope that the step belongs to.
    pub scope: &'a Scope<'a>,
    /// What was found at sources.
    pub sources: &'a FoundSources,
    /// The run.
    pub run: RunId,
    /// 0 first.
    pub attempt: u32,
}

/// Where a step writes: a path for each output, relative to the project root, and a place for lists of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// By output.
    pub outputs: Vec<String>,
    /// The folder for files that list an input's paths.
    pub lists: String,
    /// Whether the command finds its previous output there.
    pub previous: Previous,
}

/// Whether a command finds its previous output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// It starts from nothing.
    None,
    /// It finds it: the asset is incremental and has one.
    Present,
}

impl<'a> Rendering<'a> {
    /// The paths of a dep's inputs for a partition, relative to the project root, in order of keys.
    #[must_use]
    pub fn input_paths(&self, id: AssetId, dep: &Dep, index: u32) -> Vec<String> {
        self.input_output_paths(id, dep, index, dep.output.map(|output| output as usize))
    }

    /// The command of a step.
    ///
    /// # Errors
    ///
    /// If a word or variable of it is longer than the system takes.
    ///
    /// # Panics
    ///
    /// If the cell is a source's.
    pub fn render(
        &self,
        cell: Cell,
        recipe: &'a Recipe,
        places: &Places,
    ) -> Result<Rendered, Unrenderable> {
        let (id, partition) = self.scope.at(cell);
        let asset = self
            .scope
            .graph()
            .asset(id)
            .expect("only assets have recipes");
        let words = Words {
            rendering: self,
            asset,
            id,
            partition,
            recipe,
            places,
            inputs: (0..asset.deps.len()).map(|_| OnceCell::new()).collect(),
        };
        let argv = words.argv();
        words.check_length(&argv)?;
        let mut lists = HashMap::new();
        let ours = words.variables(&mut lists);
        let Declared {
            variables: declared,
            secrets,
        } = words.declared();
        let inherit = match &recipe.inherit_env {
            InheritEnv::All => Inherit::All,
            InheritEnv::Only(names) => Inherit::Only(names.clone()),
        };
        let caller = self.workspace.environment;
        let env = Environment {
            caller,
            inherit: &inherit,
            declared: &declared,
            ours: &ours,
        }
        .build();
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_unstable();
        Ok(Rendered {
            argv,
            env,
            secrets,
            lists,
        })
    }

    fn input_output_paths(
        &self,
        id: AssetId,
        dep: &Dep,
        index: u32,
        output: Option<usize>,
    ) -> Vec<String> {
        let keys = self.scope.keys(dep.asset);
        let mut paths = Vec::new();
        for index in self.scope.mapped(id, dep, index).iter() {
            let partition = PartitionRef { keys, index };
            match self.scope.graph().get(dep.asset) {
                Declaration::Asset(up) => {
                    let read = up.outputs.iter().enumerate();
                    let read = read.filter(|(at, _)| output.is_none_or(|output| output == *at));
                    paths.extend(read.map(|(_, it)| it.path.path(partition).into_owned()));
                }
                Declaration::Source(source) => {
                    let cell = self.scope.cell(dep.asset, index);
                    self.source_paths(&source.place, partition, cell, &mut paths);
                }
            }
        }
        paths
    }

    fn source_paths(
        &self,
        place: &Place,
        partition: PartitionRef<'_>,
        cell: Option<Cell>,
        paths: &mut Vec<String>,
    ) {
        match place {
            Place::Paths(declared) => {
                if let [SourcePath::Exact(path)] = declared.as_slice() {
                    let path = path.path(partition).into_owned();
                    if self.workspace.resolve(&path).exists() {
                        paths.push(path);
                    }
                } else if let Some(globbed) = cell.and_then(|cell| self.sources.globbed.get(&cell))
                {
                    paths.extend(globbed.iter().cloned());
                }
            }
            Place::Value { path, .. } => paths.push(path.path(partition).into_owned()),
            Place::Observed { .. } => {}
        }
    }
}

/// Renders the words of one step.
pub(super) struct Words<'a> {
    pub(super) rendering: &'a Rendering<'a>,
    pub(super) asset: &'a Asset,
    id: AssetId,
    pub(super) partition: PartitionRef<'a>,
    pub(super) recipe: &'a Recipe,
    pub(super) places: &'a Places,
    /// The paths of each dep as the command sees them, once they were asked for.
    inputs: Vec<OnceCell<Vec<String>>>,
}

impl Words<'_> {
    fn argv(&self) -> Vec<String> {
        match &self.recipe.command {
            Command::Shell { shell, text, .. } => {
                let mut argv = shell.clone();
                argv.push(self.shell_text(text));
                argv
            }
            Command::Direct { arguments, .. } => arguments
                .iter()
                .flat_map(|argument| self.arguments(argument))
                .collect(),
        }
    }

    fn shell_text(&self, text: &CommandTemplate) -> String {
        let piece = |piece: &Piece<CommandPlaceholder>| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => {
                let values = self.values(placeholder);
                if values.is_empty() && !self.may_be_several(placeholder) {
                    return "''".to_owned();
                }
                values
                    .iter()
                    .map(|value| quote(value))
                    .collect::<Vec<_>>()
                    .join(" ")
            }
        };
        text.pieces().iter().map(piece).collect()
    }

    /// One argument, or one for each value where the whole of it is a placeholder.
    fn arguments(&self, argument: &CommandTemplate) -> Vec<String> {
        if let [Piece::Placeholder(placeholder)] = argument.pieces() {
            let values = self.values(placeholder);
            if values.is_empty() && !self.may_be_several(placeholder) {
                return vec![String::new()];
            }
            return values;
        }
        let piece = |piece: &Piece<CommandPlaceholder>| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => self.values(placeholder).join(" "),
        };
        vec![argument.pieces().iter().map(piece).collect()]
    }

    /// Whether a placeholder stands for a list, which may also be empty.
    fn may_be_several(&self, placeholder: &CommandPlaceholder) -> bool {
        let (CommandPlaceholder::Input(dep) | CommandPlaceholder::InputOutput(dep, _)) =
            placeholder
        else {
            return matches!(placeholder, CommandPlaceholder::Outputs)
                && self.asset.outputs.len() > 1;
        };
        let dep = &self.asset.deps[*dep];
        self.asset_may_be_several(dep)
    }

    fn asset_may_be_several(&self, dep: &Dep) -> bool {
        let graph = self.rendering.scope.graph();
        let one_key = match dep.mapping {
            PartitionMapping::Identity | PartitionMapping::Last => true,
            PartitionMapping::Specific(ref keys) => keys.len() == 1,
            PartitionMapping::All => !self.rendering.scope.keys(dep.asset).is_partitioned(),
            PartitionMapping::TimeWindow { .. }
            | PartitionMapping::Static(_)
            | PartitionMapping::MultiToSingle { .. }
            | PartitionMapping::Multi(_) => false,
        };
        let one_path = match graph.get(dep.asset) {
            Declaration::Asset(up) => dep.output.is_some() || up.outputs.len() == 1,
            Declaration::Source(source) => match &source.place {
                Place::Paths(paths) => matches!(paths.as_slice(), [SourcePath::Exact(_)]),
                Place::Value { .. } | Place::Observed { .. } => true,
            },
        };
        !(one_key && one_path)
    }

    fn values(&self, placeholder: &CommandPlaceholder) -> Vec<String> {
        let rendering = self.rendering;
        match placeholder {
            CommandPlaceholder::Partition(placeholder) => vec![placeholder.value(self.partition)],
            CommandPlaceholder::Input(dep) => self.input(*dep).to_vec(),
            CommandPlaceholder::InputOutput(dep, output) => {
                let dep = &self.asset.deps[*dep];
                let paths =
                    rendering.input_output_paths(self.id, dep, self.partition.index, Some(*output));
                self.seen(&paths)
            }
            CommandPlaceholder::InputList(dep) => vec![self.see(&self.list_path(*dep))],
            CommandPlaceholder::Value(dep) => self.value(*dep).into_iter().collect(),
            CommandPlaceholder::Outputs => self.seen(&self.places.outputs),
            CommandPlaceholder::Output(output) => vec![self.see(&self.places.outputs[*output])],
            CommandPlaceholder::Asset => vec![self.asset.key.to_string()],
            CommandPlaceholder::RunId => vec![rendering.run.to_string()],
            CommandPlaceholder::Project => vec![self.project()],
        }
    }

    pub(super) fn input(&self, dep: usize) -> &[String] {
        self.inputs[dep].get_or_init(|| {
            let declared = &self.asset.deps[dep];
            let paths = self
                .rendering
                .input_paths(self.id, declared, self.partition.index);
            self.seen(&paths)
        })
    }

    fn value(&self, dep: usize) -> Option<String> {
        let dep = &self.asset.deps[dep];
        let scope = self.rendering.scope;
        let index = scope.mapped(self.id, dep, self.partition.index).first()?;
        let cell = scope.cell(dep.asset, index)?;
        self.rendering.sources.values.get(&cell).cloned()
    }

    pub(super) fn list_path(&self, dep: usize) -> String {
        let name = encode_whole_component(self.asset.deps[dep].input.as_str());
        format!("{}/{name}.txt", self.places.lists)
    }

    fn project(&self) -> String {
        self.rendering
            .workspace
            .graph
            .settings()
            .name
            .clone()
            .unwrap_or_default()
    }

    pub(super) fn see(&self, path: &str) -> String {
        relative(&self.recipe.folder, path)
    }

    fn seen(&self, paths: &[String]) -> Vec<String> {
        paths.iter().map(|path| self.see(path)).collect()
    }

    fn check_length(&self, argv: &[String]) -> Result<(), Unrenderable> {
        let Some(word) = argv.iter().find(|word| word.len() >= LONGEST_WORD) else {
            return Ok(());
        };
        let length = |dep: usize| self.inputs[dep].get().map_or(0, Vec::len);
        let longest = (0..self.asset.deps.len()).max_by_key(|dep| length(*dep));
        let bytes = word.len();
        let message = format!("the command is {bytes} bytes long, more than the system takes");
        let help = longest.map(|dep| {
            let (name, paths) = (&self.asset.deps[dep].input, length(dep));
            format!(
                "the input `{name}` stands for {paths} paths: read them from the file \
                 `{{{{input_list.{name}}}}}`, one a line"
            )
        });
        Err(Unrenderable { message, help })
    }
}
