//! Makes the order that a worker gets: everything about a step as owned data.

use std::sync::Arc;

use crate::command::{Previous, Rendering, StepPlaces, Unrenderable};
use crate::engine::options::RunOptions;
use crate::engine::scheduler::FIRST_ATTEMPT;
use crate::engine::staging::AsideNote;
use crate::engine::step::{StepOrder, StepPart};
use crate::engine::step_locks::GroupNotes;
use crate::io_manager::StagedOutput;
use crate::look::{Workspace, log_path, step_folder};
use crate::model::{Asset, Batch, Force, Occupied, Output, PartitionRef, RunId, Staging, StepName};
use crate::plan::{Cell, Evaluation};

/// Makes orders for one run.
#[derive(Debug)]
pub struct OrderMaker {
    run: RunId,
    durable: bool,
    occupied: Occupied,
    full_refresh: bool,
    groups: Arc<GroupNotes>,
}

impl OrderMaker {
    /// A maker of orders for the run that `options` describe.
    pub fn new(options: &RunOptions) -> Self {
        Self {
            run: options.run,
            durable: options.request.durable,
            occupied: options.request.occupied,
            full_refresh: options.request.force == Force::FullRefresh,
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
        let (id, _) = scope.at(first);
        let asset = scope.graph().asset(id).expect("only assets run");
        let recipe = asset
            .recipe
            .as_ref()
            .expect("an external asset does not run");
        let parts: Vec<StepPart> = cells
            .iter()
            .map(|cell| self.part(workspace, evaluation, *cell, (asset, recipe.staging)))
            .collect();
        let step = evaluation.step_name(first);
        let lists_folder =
            step_folder(workspace.own, "lists", &step.asset, step.partition.as_ref());
        let previous = self.previous_output(evaluation, cells, asset);
        let written = |part: &StepPart| {
            let outputs = part.outputs.iter();
            outputs.map(|output| output.written.clone()).collect()
        };
        let given_folder =
            step_folder(workspace.own, "given", &step.asset, step.partition.as_ref());
        let places = StepPlaces {
            outputs: parts.iter().map(written).collect(),
            lists: lists_folder.clone(),
            given: given_folder.clone(),
            previous,
        };
        let rendering = Rendering {
            workspace,
            scope,
            sources: evaluation.sources(),
            run: self.run,
            attempt,
        };
        let rendered = rendering.render(cells, recipe, &places)?;
        let batch = batch_of(evaluation, cells);
        Ok(StepOrder {
            attempt,
            parts,
            shell: recipe.command.shell().map(str::to_owned),
            rendered,
            log: log_path(workspace.own, self.run, (&step, batch.as_ref()), attempt),
            batch: batch.map(Arc::new),
            folder: recipe.folder.clone(),
            stdout: recipe.stdout,
            timeout: recipe.timeout,
            leftovers: recipe.leftovers,
            staging: recipe.staging,
            lists_folder,
            stdin: rendering.stdin(asset, cells, &given_folder),
            given_folder,
            history: recipe.history,
            previous,
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
        (asset, staging): (&Asset, Staging),
    ) -> StepPart {
        let (_, partition) = evaluation.scope().at(cell);
        let StepName {
            asset: key,
            partition: named,
        } = evaluation.step_name(cell);
        let staging_folder = step_folder(workspace.own, "staging", &key, named.as_ref());
        let outputs = staged_outputs(workspace, asset, staging, partition, &staging_folder);
        StepPart {
            cell,
            aside_folder: step_folder(workspace.own, "aside", &key, named.as_ref()),
            aside_note: AsideNote {
                run: self.run.to_string(),
                home: workspace.home.to_string_lossy().into_owned(),
                asset: key,
                partition: named,
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
    fn previous_output(
        &self,
        evaluation: &Evaluation<'_>,
        cells: &[Cell],
        asset: &Asset,
    ) -> Previous {
        let facts = evaluation.facts();
        let is_intact = |cell: &Cell| {
            recorded_id(evaluation, *cell).is_some() && !facts.changed_outputs.contains_key(cell)
        };
        let offered = asset.is_incremental() && !self.full_refresh;
        if offered && cells.iter().all(is_intact) {
            Previous::Present
        } else {
            Previous::None
        }
    }
}

/// The outputs of an asset partition, with where its command writes them.
fn staged_outputs(
    workspace: &Workspace<'_>,
    asset: &Asset,
    staging: Staging,
    partition: PartitionRef<'_>,
    folder: &str,
) -> Vec<StagedOutput> {
    let output = |output: &Output| {
        let path = output.path.path(partition).into_owned();
        let written = match staging {
            Staging::Staged => workspace.io_manager.written(folder, &path),
            Staging::InPlace => path.clone(),
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
