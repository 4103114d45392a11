//! `--steps`: from clauses to the asset partitions that a plan is cut down to.
//!
//! The steps of a plan are all partitions of assets that a request brings up to date, fresh ones included: a clause means
//! the same before and after they ran. A step is called as in events: `asset`, `asset@key`.

use fixedbitset::FixedBitSet;

use crate::app::error::{AppError, RequestError};
use crate::app::project::OpenProject;
use crate::app::selection::Goals;
use crate::app::selection::NearestKeys;
use crate::model::{AssetId, PartitionKey, PartitionSet, RANGE_SIGN};
use crate::plan::{Cell, Role, Scope, Upstream};
use crate::select::steps::{StepGraph, select_steps};

/// The scope of a request: what it selects, with what that needs, or of all this exactly the steps that clauses select.
///
/// Upstreams of selected steps that are not selected themselves are read as they are.
///
/// # Errors
///
/// All clauses that select nothing, at once.
pub fn scope_of<'a>(
    project: &'a OpenProject,
    goals: &Goals,
    upstream: Upstream,
    clauses: &[String],
) -> Result<Scope<'a>, AppError> {
    let (graph, keys) = (project.graph(), project.keys());
    let plan = Scope::new(graph, keys, goals, upstream);
    if clauses.is_empty() {
        return Ok(plan);
    }
    let steps = PlanSteps {
        project,
        scope: &plan,
    };
    match select_steps(clauses, &steps) {
        Ok(selected) => Ok(Scope::new(
            graph,
            keys,
            &steps.partitions(&selected),
            Upstream::Given,
        )),
        Err(errors) => Err(AppError::from_requests(
            errors
                .into_iter()
                .map(|error| RequestError::NoStep {
                    clause: error.clause,
                    help: error.help,
                })
                .collect(),
        )),
    }
}

/// The cells of a scope that are steps; cells of sources, and those that are only read, are none.
struct PlanSteps<'a> {
    project: &'a OpenProject,
    scope: &'a Scope<'a>,
}

/// An asset or source that a name begins with, and the key behind the `@`.
type Named<'n> = (AssetId, Option<&'n str>);

impl PlanSteps<'_> {
    fn is_step(&self, cell: Cell) -> bool {
        let (asset, _) = self.scope.at(cell);
        !self.scope.graph().is_source(asset) && self.scope.role(cell) != Role::Given
    }

    fn named<'n>(&self, name: &'n str) -> Option<Named<'n>> {
        let (asset, key) = match name.split_once('@') {
            Some((asset, key)) => (asset, Some(key)),
            None => (name, None),
        };
        Some((self.scope.graph().find(asset)?, key))
    }

    /// The partitions of steps, by asset.
    fn partitions(&self, selected: &FixedBitSet) -> Goals {
        let mut goals = Goals::new();
        for row in self.scope.rows() {
            let chosen: PartitionSet = row
                .cells()
                .zip(row.set.iter())
                .filter(|(cell, _)| selected.contains(cell.index()) && self.is_step(*cell))
                .map(|(_, index)| index)
                .collect();
            if !chosen.is_empty() {
                goals.push((row.asset, chosen));
            }
        }
        goals.sort_by_key(|(id, _)| *id);
        goals
    }
}

impl StepGraph for PlanSteps<'_> {
    fn len(&self) -> usize {
        self.scope.cells() as usize
    }

    fn find(&self, name: &str) -> Vec<usize> {
        let Some((id, key)) = self.named(name) else {
            return Vec::new();
        };
        let Some(row) = self.scope.row(id) else {
            return Vec::new();
        };
        let index_of = |key: &str| self.scope.keys(id).find(key);
        if let Some((first, last)) = key.and_then(|key| key.split_once(RANGE_SIGN)) {
            let (Some(first), Some(last)) = (index_of(first), index_of(last)) else {
                return Vec::new();
            };
            let cells = (first..=last).filter_map(|index| row.cell(index));
            return cells
                .filter(|cell| self.is_step(*cell))
                .map(Cell::index)
                .collect();
        }
        let steps = |cells: &mut dyn Iterator<Item = Cell>| {
            let steps = cells.filter(|cell| self.is_step(*cell));
            steps.map(Cell::index).collect()
        };
        match key {
            None => steps(&mut row.cells()),
            Some(key) => steps(&mut index_of(key).and_then(|it| row.cell(it)).into_iter()),
        }
    }

    fn names(&self) -> Vec<String> {
        let assets = self.scope.asset_rows();
        assets.map(|(_, asset)| asset.key.to_string()).collect()
    }

    fn why_none(&self, name: &str) -> Option<String> {
        let (id, key) = self.named(name)?;
        let graph = self.scope.graph();
        let asset = graph.key(id);
        if graph.is_source(id) {
            return Some(format!("`{asset}` is a source, not a step"));
        }
        let keys = self.scope.keys(id);
        match key {
            Some(key) if !keys.is_partitioned() => {
                Some(format!("`{asset}` is not partitioned; leave out `@{key}`"))
            }
            Some(key) if keys.find(key).is_none() => {
                let project = self.project;
                let key = PartitionKey::parse(key).ok()?;
                Some(NearestKeys { project }.help(keys, &key))
            }
            None if keys.is_empty() => Some(format!("`{asset}` has no partitions yet")),
            _ => Some(format!(
                "`{name}` exists and is not in this plan: select it, too"
            )),
        }
    }

    fn upstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
        self.scope.upstream_cells(Cell(step as u32), |cell| {
            if self.is_step(cell) {
                each(cell.index());
            }
        });
    }

    fn downstream(&self, step: usize, each: &mut dyn FnMut(usize)) {
        self.scope.downstream_cells(Cell(step as u32), |cell| {
            if self.is_step(cell) {
                each(cell.index());
            }
        });
    }
}
