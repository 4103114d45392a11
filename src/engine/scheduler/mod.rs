//! Which step comes next: a data structure without threads.
//!
//! Every cell that runs or may run has one state, and every transition goes through [`Scheduler::set`]. A cell is
//! *waiting* until the last upstream cell that was to run is final, then *ready*, *running* once it was popped, and
//! *final* at last. Ready cells leave in order of priority, then of the longest chain below them, then older partitions
//! first; ties go by order of declaration. Cells of an asset whose command makes several leave in the order of keys, as
//! late as the least urgent of them, so that neighbours can be taken along. What one step costs here does not grow with
//! the project.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::AssetId;
use crate::plan::{Cell, Costs, Decision, Scope, running_assets};

/// Where a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not part of the run.
    Outside,
    /// An upstream is not final yet.
    Waiting,
    /// It can be popped.
    Ready,
    /// It was popped.
    Running,
    /// It is done, and its outputs can be read.
    Done,
    /// It failed, or something that it needs did.
    Failed,
}

/// The order in which ready cells leave.
type Rank = (i32, u64, Reverse<u32>, Reverse<Cell>);

/// Which step comes next.
#[derive(Debug)]
pub struct Scheduler<'a> {
    scope: &'a Scope<'a>,
    states: Vec<State>,
    /// Upstream cells of each cell that are not final, each counted once for each way in which the cell waits for it.
    waiting_for: Vec<u32>,
    ready: BinaryHeap<Rank>,
    costs: &'a Costs,
    /// The cost that stands for all cells of a row, by row; `None` where each has its own.
    shared_costs: Vec<Option<u64>>,
    /// Cells that are neither outside nor final.
    open: u32,
}

impl<'a> Scheduler<'a> {
    /// A scheduler of the cells that run or may run.
    pub fn new(scope: &'a Scope<'a>, decisions: &[Decision], costs: &'a Costs) -> Self {
        let cells = decisions.len();
        let mut scheduler = Self {
            scope,
            states: vec![State::Outside; cells],
            waiting_for: vec![0; cells],
            ready: BinaryHeap::new(),
            costs,
            shared_costs: Vec::new(),
            open: 0,
        };
        let runs = |cell: Cell| matches!(decisions[cell.index()], Decision::Run | Decision::MayRun);
        scheduler.shared_costs = scope
            .rows()
            .iter()
            .map(|row| {
                let recipe = scope.graph().asset(row.asset)?.recipe.as_ref()?;
                recipe.batch?;
                let cells = row.cells().filter(|cell| runs(*cell));
                cells.map(|cell| costs.to_sink[cell.index()]).min()
            })
            .collect();
        let running = running_assets(scope, decisions);
        for cell in (0..cells as u32).map(Cell).filter(|cell| runs(*cell)) {
            let mut count = 0;
            let concern = |up: AssetId| running[up.index()];
            scope.upstream_cells_of(cell, concern, |up| count += u32::from(runs(up)));
            scheduler.waiting_for[cell.index()] = count;
            scheduler.set(
                cell,
                if count == 0 {
                    State::Ready
                } else {
                    State::Waiting
                },
            );
        }
        scheduler
    }

    /// The next cell to run, which is running from now on.
    pub fn pop(&mut self) -> Option<Cell> {
        let cell = self.peek()?;
        self.ready.pop();
        self.set(cell, State::Running);
        Some(cell)
    }

    /// The cell that would be popped.
    pub fn peek(&mut self) -> Option<Cell> {
        while let Some((.., Reverse(cell))) = self.ready.peek() {
            if self.states[cell.index()] == State::Ready {
                return Some(*cell);
            }
            self.ready.pop();
        }
        None
    }

    /// The next partition of the same asset, if it is ready too: it stays so until it is taken.
    pub fn ready_neighbour(&self, cell: Cell) -> Option<Cell> {
        let row = self.scope.row_of_cell(cell);
        let next = row.cell(row.index_of(cell) + 1)?;
        (self.states[next.index()] == State::Ready).then_some(next)
    }

    /// Takes a ready cell out of its turn: it is running from now on.
    pub fn take(&mut self, cell: Cell) {
        self.set(cell, State::Running);
    }

    /// Whether a cell can be popped.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many cells are not final.
    pub fn open(&self) -> u32 {
        self.open
    }

    /// Where a cell stands.
    pub fn state(&self, cell: Cell) -> State {
        self.states[cell.index()]
    }

    /// A running cell is done; what waited only for it becomes ready.
    pub fn done(&mut self, cell: Cell) {
        self.set(cell, State::Done);
        let mut released = Vec::new();
        self.scope
            .downstream_cells(cell, |down| released.push(down));
        for down in released {
            if self.states[down.index()] != State::Waiting {
                continue;
            }
            self.waiting_for[down.index()] -= 1;
            if self.waiting_for[down.index()] == 0 {
                self.set(down, State::Ready);
            }
        }
    }

    /// A running cell has failed; what needs it will not run and is returned, upstream first, each with the cell through
    /// which it was reached.
    pub fn failed(&mut self, cell: Cell) -> Vec<(Cell, Cell)> {
        self.set(cell, State::Failed);
        let mut blocked = Vec::new();
        let mut reached = vec![cell];
        let mut next = 0;
        while let Some(up) = reached.get(next).copied() {
            next += 1;
            let mut downs = Vec::new();
            self.scope.downstream_cells(up, |down| downs.push(down));
            for down in downs {
                if self.states[down.index()] == State::Waiting {
                    self.set(down, State::Failed);
                    blocked.push((down, up));
                    reached.push(down);
                }
            }
        }
        blocked
    }

    /// Cells that never started: what is left after an interrupt.
    pub fn unstarted(&self) -> Vec<Cell> {
        let left = |cell: &Cell| matches!(self.state(*cell), State::Waiting | State::Ready);
        (0..self.states.len() as u32)
            .map(Cell)
            .filter(left)
            .collect()
    }

    /// The only place where a state changes, with what each change presupposes.
    fn set(&mut self, cell: Cell, state: State) {
        let before = std::mem::replace(&mut self.states[cell.index()], state);
        match (before, state) {
            (State::Outside, State::Waiting) => self.open += 1,
            (State::Outside, State::Ready) => {
                self.open += 1;
                self.push(cell);
            }
            (State::Waiting, State::Ready) => self.push(cell),
            (State::Ready, State::Running) => {}
            (State::Running, State::Done | State::Failed) | (State::Waiting, State::Failed) => {
                self.open -= 1;
            }
            _ => unreachable!("a step does not go from {before:?} to {state:?}"),
        }
    }

    fn push(&mut self, cell: Cell) {
        let (id, partition) = self.scope.at(cell);
        let priority = self
            .scope
            .graph()
            .asset(id)
            .map_or(0, |asset| asset.priority);
        let shared = self.shared_costs[self.scope.number_of(id)];
        let cost = shared.unwrap_or(self.costs.to_sink[cell.index()]);
        self.ready
            .push((priority, cost, Reverse(partition.index), Reverse(cell)));
    }
}

#[cfg(test)]
mod tests;
