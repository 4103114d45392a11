//! From verdicts to decisions: what runs, what may run, what cannot.

use std::collections::HashMap;

use crate::model::{AssetId, CurrentColumns, LastAttempt, Provenance, Status};
use crate::plan::judge::{Demand, Judge, Verdict};
use crate::plan::scope::{Cell, Role, Row, Scope};

/// What becomes of a cell in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellDecision {
    /// Nothing: it is a source, is read as it is, or is fresh.
    Keep,
    /// It runs.
    Run,
    /// It runs unless its upstreams come out as they were.
    MayRun,
    /// It cannot run: something that it needs is missing.
    Blocked,
    /// It is an external asset that is not fresh, or needs one: somebody else has to make it, and to accept or report it.
    AwaitsExternal,
}

impl CellDecision {
    /// Whether it runs, or may run.
    #[must_use]
    pub fn may_run(self) -> bool {
        matches!(self, Self::Run | Self::MayRun)
    }

    /// Whether it is not made in this run, although it is not fresh.
    #[must_use]
    pub fn is_hindered(self) -> bool {
        matches!(self, Self::Blocked | Self::AwaitsExternal)
    }
}

/// The decision on each cell, and how many there are of each.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// By cell.
    pub of: Vec<CellDecision>,
    /// Cells that run.
    pub run: u32,
    /// Cells that may run.
    pub may_run: u32,
    /// Cells of assets that are fresh.
    pub fresh: u32,
    /// Cells that cannot run, and those that await an external asset.
    pub blocked: u32,
}

/// Decides on all cells, upstream before downstream.
pub fn decide(judge: &Judge<'_>, verdicts: &[Verdict]) -> Decisions {
    let scope = judge.scope();
    let mut decisions = Decisions {
        of: vec![CellDecision::Keep; scope.cells() as usize],
        ..Decisions::default()
    };
    let mut hindering = hindering_assets(judge);
    for (row, asset) in scope.asset_rows() {
        for cell in row.cells() {
            if scope.role(cell) == Role::Given {
                continue;
            }
            let mut verdict = verdicts[cell.index()];
            if asset.recipe.is_none() {
                // Nobody can be forced to make it.
                verdict.demand = Demand::None;
            }
            if verdict.status == Status::Fresh && verdict.demand == Demand::None {
                decisions.fresh += 1;
                continue;
            }
            let concern = |up: AssetId| hindering[up.index()];
            let obstacles = obstacles_among(judge, &decisions.of, cell, concern);
            let awaits = |up: &Cell| decisions.of[up.index()] == CellDecision::AwaitsExternal;
            let is_open = verdict.status == Status::Pending && verdict.demand == Demand::None;
            let is_root = is_blocked_itself(judge, row, cell);
            let decision = match obstacles.as_slice() {
                _ if is_root => CellDecision::Blocked,
                [] if is_open => CellDecision::MayRun,
                [] if asset.recipe.is_none() => CellDecision::AwaitsExternal,
                [] => CellDecision::Run,
                obstacles if obstacles.iter().all(awaits) => CellDecision::AwaitsExternal,
                _ => CellDecision::Blocked,
            };
            hindering[row.asset.index()] |= decision.is_hindered();
            *match decision {
                CellDecision::Run => &mut decisions.run,
                CellDecision::MayRun => &mut decisions.may_run,
                CellDecision::Keep => &mut decisions.fresh,
                CellDecision::Blocked | CellDecision::AwaitsExternal => &mut decisions.blocked,
            } += 1;
            decisions.of[cell.index()] = decision;
        }
    }
    decisions
}

/// Whether a cell cannot run whatever becomes of its upstreams: its code cannot be read, a key that it needs does not
/// exist, or its command is too long.
fn is_blocked_itself(judge: &Judge<'_>, row: &Row, cell: Cell) -> bool {
    let facts = judge.facts();
    facts.code[judge.scope().number_of(row.asset)].is_none()
        || facts.lacking_keys.contains(&cell)
        || facts.too_long.contains(&cell)
}

/// The upstream cells because of which `cell` cannot run: missing sources, and what is itself not made in this run.
pub fn obstacles(judge: &Judge<'_>, decisions: &[CellDecision], cell: Cell) -> Vec<Cell> {
    obstacles_among(judge, decisions, cell, |_| true)
}

/// Whether a partition of each asset or source is absent, by its id.
fn hindering_assets(judge: &Judge<'_>) -> Vec<bool> {
    let scope = judge.scope();
    let mut hindering = vec![false; scope.graph().len()];
    for row in scope.rows() {
        let mut versions = judge.facts().versions[row.versions()].iter();
        hindering[row.asset.index()] = versions.any(|known| known.is_lacking());
    }
    hindering
}

fn obstacles_among(
    judge: &Judge<'_>,
    decisions: &[CellDecision],
    cell: Cell,
    concern: impl Fn(AssetId) -> bool,
) -> Vec<Cell> {
    let scope = judge.scope();
    let mut found = Vec::new();
    scope.upstream_cells_of(cell, concern, |up| {
        let mut versions = judge.facts().versions[scope.versions_of(up)].iter();
        let lacking = versions.any(|known| known.is_lacking());
        if lacking || decisions[up.index()].is_hindered() {
            found.push(up);
        }
    });
    found
}

/// The usual duration of each cell's command and of the longest chain from its start to a sink, in milliseconds.
#[derive(Clone, Debug)]
pub struct Costs {
    /// Of the cell itself: as it was last recorded, or what its asset usually takes; `None` where nothing is known.
    pub own: Vec<Option<u64>>,
    /// Of the cell and the longest chain below it.
    pub to_sink: Vec<u64>,
}

/// What is assumed of a command that never ran.
const UNKNOWN_MS: u64 = 1_000;

/// What commands of assets usually take besides those of a scope: the sum of milliseconds, and the number of commands.
pub type UsualDurations = HashMap<AssetId, (u64, u64)>;

/// The costs of all cells that run or may run. `usual` is known of partitions that are not in the scope.
pub fn costs(judge: &Judge<'_>, decisions: &[CellDecision], usual: &UsualDurations) -> Costs {
    let scope = judge.scope();
    let own = own_costs(judge, usual);
    let running = running_assets(scope, decisions);
    let mut to_sink = vec![0; own.len()];
    for row in scope.rows().iter().rev() {
        for cell in row.cells().rev() {
            if !decisions[cell.index()].may_run() {
                continue;
            }
            to_sink[cell.index()] += own[cell.index()].unwrap_or(UNKNOWN_MS);
            let cost: u64 = to_sink[cell.index()];
            let concern = |up: AssetId| running[up.index()];
            scope.upstream_cells_of(cell, concern, |up| {
                if up < cell && to_sink[up.index()] < cost {
                    to_sink[up.index()] = cost;
                }
            });
        }
    }
    Costs { own, to_sink }
}

/// Whether a partition of each asset runs or may run, by its id.
pub fn running_assets(scope: &Scope<'_>, decisions: &[CellDecision]) -> Vec<bool> {
    let mut running = vec![false; scope.graph().len()];
    for row in scope.rows() {
        let runs = |cell: Cell| decisions[cell.index()].may_run();
        running[row.asset.index()] = row.cells().any(runs);
    }
    running
}

fn own_costs(judge: &Judge<'_>, usual: &UsualDurations) -> Vec<Option<u64>> {
    let recorded = &judge.facts().recorded;
    let mut own = vec![None; recorded.len()];
    for row in judge.scope().rows() {
        let (mut sum, mut count) = usual.get(&row.asset).copied().unwrap_or_default();
        for cell in row.cells() {
            own[cell.index()] = duration_of(recorded, cell.index());
            if let Some(duration) = own[cell.index()] {
                (sum, count) = (sum + duration, count + 1);
            }
        }
        if let Some(mean) = u64::checked_div(sum, count) {
            for cell in row.cells() {
                own[cell.index()].get_or_insert(mean);
            }
        }
    }
    own
}

/// How long the command of a recorded partition took, in milliseconds, if it is the last that was tried and ran here.
pub fn duration_of(recorded: &CurrentColumns, at: usize) -> Option<u64> {
    let current = recorded.get(at)?;
    let last = current
        .materialized
        .filter(|_| current.attempt == LastAttempt::Succeeded)?;
    (last.provenance != Provenance::Locked).then_some(last.duration_ms)
}

/// The longest chain of cells that run, from first to last.
pub fn critical_path(scope: &Scope<'_>, decisions: &[CellDecision], costs: &Costs) -> Vec<Cell> {
    let runs = |cell: &Cell| decisions[cell.index()].may_run();
    let all = scope.rows().iter().flat_map(Row::cells).filter(runs);
    let longest = |best: Option<Cell>, cell: Cell| match best {
        Some(best) if costs.to_sink[best.index()] >= costs.to_sink[cell.index()] => Some(best),
        _ => Some(cell),
    };
    let mut path: Vec<Cell> = all.fold(None, longest).into_iter().collect();
    while let Some(last) = path.last().copied() {
        let mut next = None;
        scope.downstream_cells(last, |down| {
            if runs(&down) {
                next = longest(next, down);
            }
        });
        match next {
            Some(cell) => path.push(cell),
            None => break,
        }
    }
    path
}

#[cfg(test)]
mod tests;
