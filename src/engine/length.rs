//! Whether a command is longer than the system takes: exactly, once it is rendered, and for a whole plan before anything
//! starts.
//!
//! For the plan only the commands that come near the limit are rendered: how long the others are is estimated from how many
//! paths they name and how long one of these is. Of a batch that is too long no partition is made.

use crate::command::TOO_LONG;
use crate::engine::order::order_of;
use crate::look::Workspace;
use crate::model::{
    Asset, Command, CommandPlaceholder, CommandTemplate, Declaration, Dep, Output, PartitionRef,
    Place, Recipe, SourcePath,
};
use crate::plan::{Cell, Decision, Evaluation, Row};
use crate::sys::inherited::{EACH_STRING, LONGEST_STRING, most_bytes};

/// What a word costs beyond its path: quotes and a space, or its end and a pointer.
const AROUND: usize = 1 + EACH_STRING;

/// A command whose estimate is so many times below the limit is not rendered to be measured.
const MARGIN: usize = 2;

/// Blocks what would run a command that is longer than the system takes.
pub fn block_too_long(evaluation: &mut Evaluation<'_>, workspace: &Workspace<'_>) {
    let mut found = Vec::new();
    for (row, asset) in evaluation.scope().asset_rows() {
        if let Some(recipe) = &asset.recipe {
            let measure = Measure {
                evaluation,
                asset,
                recipe,
            };
            found.append(&mut measure.too_long(workspace, row));
        }
    }
    evaluation.block_too_long(found);
}

/// Estimates the commands of one asset.
struct Measure<'a> {
    evaluation: &'a Evaluation<'a>,
    asset: &'a Asset,
    recipe: &'a Recipe,
}

impl Measure<'_> {
    /// The cells whose command is too long, each with the reason and what to do.
    fn too_long(&self, workspace: &Workspace<'_>, row: &Row) -> Vec<(Cell, String)> {
        let limit = match self.recipe.command {
            Command::Shell { .. } => LONGEST_STRING,
            Command::Direct { .. } => most_bytes(),
        };
        let is_near = |bytes: usize| bytes.saturating_mul(MARGIN) >= limit;
        if !is_near(self.bound()) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for cells in self.steps(row) {
            if !is_near(self.estimate(&cells)) {
                continue;
            }
            let order = order_of(workspace, self.evaluation, &cells);
            if let Some(error) = order.err().filter(|error| error.code == TOO_LONG) {
                let why = error.into_words();
                found.extend(cells.into_iter().map(|cell| (cell, why.clone())));
            }
        }
        found
    }

    /// The inputs whose paths stand in the command, once for each time that they do, with the output that is named.
    fn inputs(&self) -> impl Iterator<Item = (&Dep, Option<usize>)> {
        self.placeholders().filter_map(|placeholder| {
            let dep = |dep: &usize| &self.asset.deps[*dep];
            match placeholder {
                CommandPlaceholder::Input(at) => {
                    let output = dep(at).output.map(|output| output as usize);
                    Some((dep(at), output))
                }
                CommandPlaceholder::InputOutput(at, output) => Some((dep(at), Some(*output))),
                _ => None,
            }
        })
    }

    fn placeholders(&self) -> impl Iterator<Item = &CommandPlaceholder> {
        match &self.recipe.command {
            Command::Shell { text, .. } => std::slice::from_ref(text),
            Command::Direct { arguments, .. } => arguments,
        }
        .iter()
        .flat_map(CommandTemplate::placeholders)
    }

    /// No command of the asset is longer, as far as the keys tell that there are.
    fn bound(&self) -> usize {
        let scope = self.evaluation.scope();
        let of_input = |(dep, output): (&Dep, Option<usize>)| {
            let keys = scope.keys(dep.asset);
            if self.is_globbed(dep) {
                return usize::MAX;
            }
            let ends = [0, keys.len().saturating_sub(1)];
            let longest = ends.map(|index| self.length_at(dep, output, index));
            longest.into_iter().max().unwrap_or(0) * keys.len() as usize
        };
        let inputs = self.inputs().map(of_input).fold(0, usize::saturating_add);
        inputs.saturating_add(self.output_bytes(self.most()))
    }

    /// The greatest number of partitions that one command makes.
    fn most(&self) -> usize {
        self.recipe.batch.map_or(1, |most| most.get() as usize)
    }

    /// The steps as they would be if all that may run did, neighbours together as far as a batch goes.
    fn steps(&self, row: &Row) -> Vec<Vec<Cell>> {
        let mut steps: Vec<Vec<Cell>> = Vec::new();
        let mut next = None;
        for (cell, index) in row.cells().zip(row.set.iter()) {
            let decision = self.evaluation.decision(cell);
            if !matches!(decision, Decision::Run | Decision::MayRun) {
                continue;
            }
            match steps.last_mut() {
                Some(step) if next == Some(index) && step.len() < self.most() => step.push(cell),
                _ => steps.push(vec![cell]),
            }
            next = Some(index + 1);
        }
        steps
    }

    fn estimate(&self, cells: &[Cell]) -> usize {
        let inputs = self
            .inputs()
            .map(|(dep, output)| self.paths_of(dep, output, cells));
        inputs.sum::<usize>() + self.output_bytes(cells.len())
    }

    /// About how many bytes the paths of an input take.
    fn paths_of(&self, dep: &Dep, output: Option<usize>, cells: &[Cell]) -> usize {
        let scope = self.evaluation.scope();
        let mapped = scope.read_by(cells, dep);
        if self.is_globbed(dep) {
            let cells = mapped
                .iter()
                .filter_map(|index| scope.cell(dep.asset, index));
            let globbed = &self.evaluation.sources().globbed;
            let paths = cells.filter_map(|cell| globbed.get(&cell)).flatten();
            return paths.map(|path| path.len() + AROUND).sum();
        }
        let ends = [mapped.first(), mapped.last()].into_iter().flatten();
        let longest = ends.map(|index| self.length_at(dep, output, index)).max();
        longest.unwrap_or(0) * mapped.len() as usize
    }

    fn is_globbed(&self, dep: &Dep) -> bool {
        let source = self.evaluation.scope().graph().source(dep.asset);
        source.is_some_and(crate::model::SourceAsset::can_have_several_paths)
    }

    /// How many bytes the paths of one upstream partition take.
    fn length_at(&self, dep: &Dep, output: Option<usize>, index: u32) -> usize {
        let scope = self.evaluation.scope();
        let keys = scope.keys(dep.asset);
        if index >= keys.len() {
            return 0;
        }
        let partition = PartitionRef { keys, index };
        match scope.graph().get(dep.asset) {
            Declaration::Asset(up) => {
                let read = up.outputs.iter().enumerate();
                let read = read.filter(|(at, _)| output.is_none_or(|output| output == *at));
                let length = |(_, it): (usize, &Output)| it.path.path(partition).len() + AROUND;
                read.map(length).sum()
            }
            Declaration::Source(source) => match &source.place {
                Place::Paths(paths) => match paths.as_slice() {
                    [SourcePath::Exact(path)] => path.path(partition).len() + AROUND,
                    _ => 0,
                },
                Place::Value { path, .. } => path.path(partition).len() + AROUND,
                Place::Observed { .. } => 0,
            },
        }
    }

    /// About how many bytes the paths of all outputs of so many partitions take, where the command names them.
    fn output_bytes(&self, partitions: usize) -> usize {
        let named = self.placeholders().filter(|placeholder| {
            matches!(
                placeholder,
                CommandPlaceholder::Outputs | CommandPlaceholder::Output(_)
            )
        });
        let scope = self.evaluation.scope();
        let keys = scope
            .graph()
            .find(self.asset.key.as_str())
            .map(|id| scope.keys(id));
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            return 0;
        };
        let partition = PartitionRef {
            keys,
            index: keys.len() - 1,
        };
        // A staged output is written below a folder whose name holds the key and the asset too.
        let length = |output: &Output| 3 * (output.path.path(partition).len() + AROUND);
        let once: usize = self.asset.outputs.iter().map(length).sum();
        named.count() * once * partitions
    }
}
