//! Which task comes next: a data structure without threads and without a clock.
//!
//! A task is the step of one cell. Every cell that runs or may run has one state, and every transition goes through
//! [`Scheduler::set`]. A cell is *waiting* until the last upstream cell that was to run is final, then *ready*, *running*
//! once it was popped, and *final* at last. On the way it may be *delayed* until an instant, or *held* because another run
//! has its lease; [`Scheduler::wake`] makes it ready again. Ready cells leave in order of priority, then of the longest chain below them, then older partitions
//! first; ties go by order of declaration. Cells of an asset whose command makes several leave in the order of keys, as
//! late as the least urgent of them, so that neighbours can be taken along. What one step costs here does not grow with
//! the project.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Instant;

use crate::model::{AssetId, RunId, StepOrdering};
use crate::plan::{Cell, CellDecision, Costs, Scope, running_assets};

/// The number of a step's first attempt.
pub const FIRST_ATTEMPT: u32 = 0;

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
    /// Its next attempt waits for an instant.
    Delayed,
    /// Another run has its lease, which is asked for again at an instant.
    Held,
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
    /// Delayed and held cells, by the instant at which they are ready again.
    asleep: BinaryHeap<Reverse<(Instant, Cell)>>,
    /// The run that held a cell last.
    holders: HashMap<Cell, RunId>,
    /// The attempts of cells that are not at their first.
    attempts: HashMap<Cell, u32>,
    costs: &'a Costs,
    ordering: StepOrdering,
    /// The cost that stands for all cells of a row, by row; `None` where each has its own.
    shared_costs: Vec<Option<u64>>,
    /// Cells that are neither outside nor final.
    open: u32,
}

impl<'a> Scheduler<'a> {
    /// A scheduler of the cells that run or may run.
    pub fn new(
        scope: &'a Scope<'a>,
        decisions: &[CellDecision],
        costs: &'a Costs,
        ordering: StepOrdering,
    ) -> Self {
        let cells = decisions.len();
        let mut scheduler = Self {
            scope,
            states: vec![State::Outside; cells],
            waiting_for: vec![0; cells],
            ready: BinaryHeap::new(),
            asleep: BinaryHeap::new(),
            holders: HashMap::new(),
            attempts: HashMap::new(),
            costs,
            ordering,
            shared_costs: Vec::new(),
            open: 0,
        };
        let runs = |cell: Cell| {
            matches!(
                decisions[cell.index()],
                CellDecision::Run | CellDecision::MayRun
            )
        };
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

    /// Holds a running cell until `again`, because another run has its lease. Says whether that is news.
    pub fn hold(&mut self, cell: Cell, holder: RunId, again: Instant) -> bool {
        self.set(cell, State::Held);
        self.asleep.push(Reverse((again, cell)));
        self.holders.insert(cell, holder) != Some(holder)
    }

    /// Delays the next attempt of a running cell until then.
    pub fn delay(&mut self, cell: Cell, until: Instant) {
        self.set(cell, State::Delayed);
        self.asleep.push(Reverse((until, cell)));
        *self.attempts.entry(cell).or_insert(FIRST_ATTEMPT) += 1;
    }

    /// The number of a cell's attempt, from 0.
    pub fn attempt(&self, cell: Cell) -> u32 {
        self.attempts.get(&cell).copied().unwrap_or(FIRST_ATTEMPT)
    }

    /// Makes the delayed and held cells ready whose instant has come.
    pub fn wake(&mut self, now: Instant) {
        while self.wakes_at().is_some_and(|at| at <= now)
            && let Some(Reverse((_, cell))) = self.asleep.pop()
        {
            // One that was given up meanwhile is final.
            if matches!(self.state(cell), State::Delayed | State::Held) {
                self.set(cell, State::Ready);
            }
        }
    }

    /// The next instant at which a cell is to be woken.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.asleep.peek().map(|Reverse((at, _))| *at)
    }

    /// Whether no cell starts before a running one is final.
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.asleep.is_empty()
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

    /// A running or delayed cell has failed; what needs it will not run and is returned, upstream first, each with the cell through
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
        let left = |cell: &Cell| {
            let state = self.state(*cell);
            matches!(
                state,
                State::Waiting | State::Ready | State::Delayed | State::Held
            )
        };
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
            (State::Waiting | State::Delayed | State::Held, State::Ready) => self.push(cell),
            (State::Ready, State::Running) | (State::Running, State::Delayed | State::Held) => {}
            (State::Running, State::Done | State::Failed)
            | (State::Waiting | State::Delayed, State::Failed) => {
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
        let (cost, index) = match self.ordering {
            StepOrdering::LongestFirst => {
                let shared = self.shared_costs[self.scope.number_of(id)];
                let own = self.costs.to_sink[cell.index()];
                (shared.unwrap_or(own), partition.index)
            }
            StepOrdering::Declared => (0, 0),
        };
        self.ready
            .push((priority, cost, Reverse(index), Reverse(cell)));
    }
}

#[cfg(test)]
mod tests;
