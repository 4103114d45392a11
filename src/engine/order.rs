//! Makes the order that a worker gets: everything about a step as owned data.

use std::sync::Arc;

use crate::command::{Rendering, StepPlaces, TOO_LONG, Unrenderable};
use crate::engine::run::RunOptions;
use crate::engine::scheduler::FIRST_ATTEMPT;
use crate::engine::staging::AsideNote;
use crate::engine::step::{StepOrder, StepPart};
use crate::engine::step_locks::GroupNotes;
use crate::io_manager::StagedOutput;
use crate::look::{Workspace, log_path, step_folder};
use crate::model::{
    Asset, Batch, Command, CommandPlaceholder, CommandTemplate, Declaration, Dep, Force, Name,
    Occupied, Output, PartitionRef, Place, Recipe, RetryPolicy, RetryRule, RunId, RunTags,
    SourcePath,
};
use crate::plan::{Cell, CellDecision, Evaluation, Row};
use crate::sys::inherited::{EACH_STRING, LONGEST_STRING, most_bytes};

/// Makes orders for one run.
#[derive(Debug)]
pub struct OrderMaker {
    run: RunId,
    /// The job that is run.
    job: Option<Name>,
    /// The tags of the run.
    tags: RunTags,
    /// Whether steps that fail may be tried again.
    retries: bool,
    /// How often, where a step has no policy of its own.
    job_retries: Option<RetryPolicy>,
    durable: bool,
    occupied: Occupied,
    full_refresh: bool,
    groups: Arc<GroupNotes>,
}

impl OrderMaker {
    /// A maker of orders for a run by a request.
    pub fn new(options: &RunOptions) -> Self {
        let request = &options.request;
        Self {
            run: options.run,
            tags: options.details.tags.clone(),
            retries: options.retries,
            job_retries: options.job_retries,
            job: request.job().cloned(),
            durable: request.durable,
            occupied: request.occupied,
            full_refresh: request.force == Force::FullRefresh,
            groups: Arc::default(),
        }
    }

    /// Where the process groups of commands are noted from now on.
    pub fn note_groups(&mut self, groups: &Arc<GroupNotes>) {
        self.groups = Arc::clone(groups);
    }

    /// The order for an attempt at cells whose inputs are all known: one, or neighbours that one command makes.
    ///
    /// # Errors
    ///
    /// If its command cannot be rendered.
    ///
    /// # Panics
    ///
    /// If there is no cell, or they are not of an asset with a command.
    pub fn make(
        &self,
        workspace: &Workspace<'_>,
        evaluation: &Evaluation<'_>,
        cells: &[Cell],
        attempt: u32,
    ) -> Result<StepOrder, Unrenderable> {
        let scope = evaluation.scope();
        let first = cells[0];
        let asset = scope.asset_at(first).expect("only assets run");
        let recipe = asset
            .recipe
            .as_ref()
            .expect("an external asset does not run");
        let parts: Vec<StepPart> = cells
            .iter()
            .map(|cell| self.part(workspace, evaluation, *cell, (asset, recipe.in_place)))
            .collect();
        let step = evaluation.step_name(first);
        let written = |part: &StepPart| {
            let outputs = part.outputs.iter();
            outputs.map(|output| output.written.clone()).collect()
        };
        let places = StepPlaces {
            outputs: parts.iter().map(written).collect(),
            lists: step_folder(workspace.own, "lists", &step),
            given: step_folder(workspace.own, "given", &step),
            previous: self.has_previous(evaluation, cells, asset),
        };
        let rendering = Rendering {
            workspace,
            scope,
            sources: evaluation.sources(),
            run: self.run,
            job: self.job.as_ref(),
            tags: &self.tags,
            attempt,
            resources: evaluation.resources_of(first),
            config: evaluation.config_of(first),
        };
        let rendered = rendering.render(cells, recipe, &places)?;
        let batch = batch_of(evaluation, cells);
        Ok(StepOrder {
            attempt,
            retry: if self.retries {
                recipe.retry_rule(self.job_retries)
            } else {
                RetryRule::Never
            },
            parts,
            resources: recipe.resources.clone(),
            own_env: match recipe.resources.as_slice() {
                [] => Vec::new(),
                _ => recipe.env.iter().map(|it| it.name.clone()).collect(),
            },
            shell: recipe.command.shell().map(str::to_owned),
            rendered,
            log: log_path(workspace.own, self.run, (&step, batch.as_ref()), attempt),
            batch: batch.map(Arc::new),
            folder: recipe.folder.clone(),
            stdout_is_output: recipe.stdout_is_output,
            timeout: recipe.timeout,
            may_end_leftovers: recipe.may_end_leftovers,
            in_place: recipe.in_place,
            stdin: rendering.stdin(asset, cells, &places.given),
            places,
            incremental: recipe.incremental,
            rule: asset.data_version,
            durable: self.durable,
            occupied: self.occupied,
            groups: Arc::clone(&self.groups),
        })
    }

    fn part(
        &self,
        workspace: &Workspace<'_>,
        evaluation: &Evaluation<'_>,
        cell: Cell,
        (asset, in_place): (&Asset, bool),
    ) -> StepPart {
        let (_, partition) = evaluation.scope().at(cell);
        let step = evaluation.step_name(cell);
        let staging_folder = step_folder(workspace.own, "staging", &step);
        let outputs = staged_outputs(workspace, asset, in_place, partition, &staging_folder);
        StepPart {
            cell,
            aside_folder: step_folder(workspace.own, "aside", &step),
            aside_note: AsideNote {
                run: self.run.to_string(),
                home: workspace.home.to_string_lossy().into_owned(),
                asset: step.asset,
                partition: step.partition,
                materialization: recorded_id(evaluation, cell),
                paths: outputs.iter().map(|output| output.path.clone()).collect(),
                absent: Vec::new(),
                kept: Vec::new(),
            },
            places: (0..outputs.len())
                .map(|output| evaluation.place(cell, output))
                .collect(),
            outputs,
            staging_folder,
        }
    }

    /// Whether an incremental asset finds its previous output: if that is just what was recorded.
    fn has_previous(&self, evaluation: &Evaluation<'_>, cells: &[Cell], asset: &Asset) -> bool {
        let facts = evaluation.facts();
        let is_intact = |cell: &Cell| {
            recorded_id(evaluation, *cell).is_some() && !facts.changed_outputs.contains_key(cell)
        };
        asset.is_incremental() && !self.full_refresh && cells.iter().all(is_intact)
    }
}

/// The outputs of an asset partition, with where its command writes them.
fn staged_outputs(
    workspace: &Workspace<'_>,
    asset: &Asset,
    in_place: bool,
    partition: PartitionRef<'_>,
    folder: &str,
) -> Vec<StagedOutput> {
    let output = |output: &Output| {
        let path = output.path.path(partition).into_owned();
        let written = if in_place {
            path.clone()
        } else {
            workspace.io_manager.written(folder, &path)
        };
        StagedOutput {
            path,
            written,
            kind: output.kind,
        }
    };
    asset.outputs.iter().map(output).collect()
}

/// What cells that one command makes are called together; `None` if it is only one.
pub fn batch_of(evaluation: &Evaluation<'_>, cells: &[Cell]) -> Option<Batch> {
    let [first, .., last] = cells else {
        return None;
    };
    let scope = evaluation.scope();
    Some(Batch {
        first: scope.partition(*first)?,
        last: scope.partition(*last)?,
        len: cells.len() as u32,
    })
}

/// The order for cells of a run that is only looked at.
///
/// # Errors
///
/// If the command cannot be rendered.
pub fn order_of(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    cells: &[Cell],
) -> Result<StepOrder, Unrenderable> {
    let orders = OrderMaker {
        run: RunId(uuid::Uuid::nil()),
        job: None,
        tags: RunTags::default(),
        retries: true,
        job_retries: None,
        durable: false,
        occupied: Occupied::Refused,
        full_refresh: false,
        groups: Arc::default(),
    };
    orders.make(workspace, evaluation, cells, FIRST_ATTEMPT)
}

/// The words of the command that would run for a cell, as far as its inputs are known.
///
/// # Errors
///
/// Why it cannot be rendered, and what to do.
///
/// # Panics
///
/// If the cell is not of an asset with a command.
pub fn command_of(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    cell: Cell,
) -> Result<Vec<String>, String> {
    let order = order_of(workspace, evaluation, &[cell]);
    let order = order.map_err(Unrenderable::into_words)?;
    Ok(order.rendered.argv)
}

fn recorded_id(evaluation: &Evaluation<'_>, cell: Cell) -> Option<i64> {
    let last = evaluation.recorded(cell)?;
    last.provenance.recorded().map(|id| id.0)
}

/// What a word costs beyond its path: quotes and a space, or its end and a pointer.
const AROUND: usize = 1 + EACH_STRING;

/// A command whose estimate is below the limit by this factor is not rendered to be measured.
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
            if !matches!(decision, CellDecision::Run | CellDecision::MayRun) {
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

    /// About how many bytes the paths of all outputs of these partitions take, where the command names them.
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
