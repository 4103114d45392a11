//! Whether a ready step starts, and with which neighbours: it needs a job slot, a judgement by what its upstreams have become,
//! and the leases of its asset partitions. Without a slot it stays ready; while another run has its lease it is held.
//!
//! Where steps are short, the next ones are leased and ordered ahead, several in one transaction, so that a worker that
//! becomes free does not wait for the coordinator.

use std::slice;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crate::answer::{EventKind, StepFailure};
use crate::engine::coordinator::Coordinator;
use crate::engine::materialization::inputs_read;
use crate::engine::order::batch_of;
use crate::engine::recovery::take_over_from_elsewhere;
use crate::engine::run::WorkerOrder;
use crate::engine::scheduler::FIRST_ATTEMPT;
use crate::engine::step::{NotMade, StepEnd, StepOrder};
use crate::engine::step_locks::StepLock;
use crate::look::{EngineError, Problems, StoreRecords, changed_outputs_of, unset_secrets};
use crate::model::{Batch, Current, OutputChange, Recipe, RunId, Status};
use crate::plan::{Cell, Demand};
use crate::store::{AssetPartition, Lease};

/// After a step that took no longer, the next ones are ordered ahead.
const SHORT: Duration = Duration::from_millis(20);

/// The most steps that are ordered ahead of the workers.
const AHEAD: usize = 16;

/// How soon a lease that another run has is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The job slots of a run.
#[derive(Debug)]
pub(super) struct JobSlots {
    jobs: usize,
    /// How many steps workers have, or have before them.
    running: usize,
    /// Whether the step that ended last was short.
    is_short: bool,
}

impl JobSlots {
    pub const fn new(jobs: usize) -> Self {
        Self {
            jobs,
            running: 0,
            is_short: false,
        }
    }

    pub const fn running(&self) -> usize {
        self.running
    }

    /// Whether a worker would be free after `given` more steps were given to workers.
    pub const fn has_free(&self, given: usize) -> bool {
        self.running + given < self.jobs
    }

    /// How many steps can be given to workers now. Those that are ordered ahead come in bunches.
    fn room(&self) -> usize {
        let most = if self.is_short && self.running <= self.jobs + AHEAD / 2 {
            self.jobs + AHEAD
        } else {
            self.jobs
        };
        most.saturating_sub(self.running)
    }

    /// Takes a slot for what a worker is given besides steps.
    pub const fn take(&mut self) {
        self.running += 1;
    }

    /// Frees the slot of what was no step.
    pub const fn give_back(&mut self) {
        self.running -= 1;
    }

    /// Frees the slot of a step that took this long.
    pub fn free(&mut self, took: Duration) {
        self.running -= 1;
        self.is_short = took < SHORT;
    }
}

/// Whether an asset partition may be worked on.
enum Permit {
    /// The run has its lease, with its state at that moment.
    Granted(Option<Current>),
    /// Another run has its lease.
    Held {
        holder: RunId,
        /// What is known of the holder, in words.
        known: String,
    },
}

impl Coordinator<'_, '_> {
    /// Starts ready steps as far as there are job slots.
    pub(super) fn start_ready(&mut self, orders: &Sender<WorkerOrder>) -> Result<(), Problems> {
        self.scheduler.wake(Instant::now());
        while self.halted.is_none() {
            let room = self.slots.room();
            let mut cells = Vec::new();
            while cells.len() < room
                && let Some(cell) = self.next(cells.len())
            {
                cells.push(cell);
                if self.most_at_once(cell) > 1 {
                    // Its neighbours are not popped before it has taken them along.
                    break;
                }
            }
            if cells.is_empty() {
                break;
            }
            for order in self.admit(&cells)? {
                self.slots.running += 1;
                orders
                    .send(WorkerOrder::Step(Box::new(order)))
                    .expect("the queue of orders outlives the coordinator");
            }
        }
        Ok(())
    }

    /// The next ready cell, after `given` steps for the workers. One whose command makes several waits until a worker is
    /// free, and for the neighbours that a look makes ready.
    fn next(&mut self, given: usize) -> Option<Cell> {
        let cell = self.scheduler.peek()?;
        let is_free = self.slots.has_free(given);
        if self.most_at_once(cell) > 1 && (!is_free || !self.unlooked.is_empty()) {
            return None;
        }
        self.scheduler.pop()
    }

    /// Judges ready cells by what their upstreams have become, leases them together, each with the neighbours that its
    /// command makes too, and gives the steps that start now.
    ///
    /// Of cells whose command makes several there is at most one, the last.
    fn admit(&mut self, cells: &[Cell]) -> Result<Vec<StepOrder>, Problems> {
        let mut steps: Vec<Vec<Cell>> = Vec::with_capacity(cells.len());
        let mut ordered = Vec::with_capacity(cells.len());
        for cell in cells.iter().copied() {
            if let Some(before) = self.retrying.remove(&cell) {
                // It has its leases, and was judged before its first attempt.
                ordered.extend(self.order(&before.cells));
            } else if self.turned_out_fresh(cell) {
                self.fresh(cell);
            } else if self.recipe(cell).is_none() {
                self.awaits_external(cell);
            } else {
                steps.push(self.with_neighbours(cell));
            }
        }
        if steps.is_empty() {
            return Ok(ordered);
        }
        let all = steps.iter().flatten();
        let partitions: Vec<AssetPartition> = all.map(|cell| self.asset_partition(*cell)).collect();
        let permits = self.permits(&partitions)?;
        let mut permits = partitions.into_iter().zip(permits);
        for cells in steps {
            let permits: Vec<_> = permits.by_ref().take(cells.len()).collect();
            let cells = self.permitted(&cells, permits)?;
            ordered.extend(self.order(&cells));
        }
        Ok(ordered)
    }

    /// A cell with the ready neighbours after it that one command makes with it. They are not taken yet.
    fn with_neighbours(&mut self, cell: Cell) -> Vec<Cell> {
        let most = self.most_at_once(cell);
        let mut cells = vec![cell];
        let mut last = cell;
        while cells.len() < most
            && let Some(next) = self.scheduler.ready_neighbour(last)
            && self.evaluation.have_same_config(last, next)
        {
            if self.turned_out_fresh(next) {
                self.scheduler.take(next);
                self.fresh(next);
                break;
            }
            cells.push(next);
            last = next;
        }
        cells
    }

    fn most_at_once(&self, cell: Cell) -> usize {
        let most = self.recipe(cell).and_then(|recipe| recipe.batch);
        most.map_or(1, |most| most.get() as usize)
    }

    /// Asks for the leases of asset partitions: those of the instance in one transaction, then the project's locks.
    fn permits(&mut self, partitions: &[AssetPartition]) -> Result<Vec<Permit>, Problems> {
        let (run, now) = (self.options.run, self.doors.clock.now());
        let taken = self.doors.store.lease(run, partitions, now)?;
        self.clear(&taken.crashed)?;
        let mut permits = Vec::with_capacity(partitions.len());
        for (at, lease) in partitions.iter().zip(taken.leases) {
            let current = match lease {
                Lease::Leased { current } => current,
                Lease::Held(holder) => {
                    let (holder, known) = (holder.run, holder.to_string());
                    permits.push(Permit::Held { holder, known });
                    continue;
                }
            };
            permits.push(match self.locked(at)? {
                None => Permit::Granted(current),
                Some(holder) => {
                    self.doors.store.release(run, slice::from_ref(at))?;
                    let known = format!("run {holder} of another instance");
                    Permit::Held { holder, known }
                }
            });
        }
        Ok(permits)
    }

    /// Of cells, the first of which runs already, the neighbours that start: from the first on up to where another run has
    /// the lease, or has just made the partition, or one must not run. None if that is the first, or the run has halted.
    ///
    /// The leases of the others are given back; they come again when it is their turn.
    fn permitted(
        &mut self,
        cells: &[Cell],
        permits: Vec<(AssetPartition, Permit)>,
    ) -> Result<Vec<Cell>, Problems> {
        let mut started: Vec<Cell> = Vec::with_capacity(cells.len());
        let mut given_back = Vec::new();
        let mut is_open = self.halted.is_none();
        if !is_open {
            let below = self.scheduler.failed(cells[0]);
            self.counts.canceled += 1 + below.len() as u32;
        }
        for (cell, (at, permit)) in cells.iter().copied().zip(permits) {
            let is_first = cell == cells[0];
            let current = match permit {
                Permit::Granted(current) => current,
                Permit::Held { holder, known } => {
                    if is_first && is_open {
                        self.hold(cell, holder, known)?;
                    }
                    is_open = false;
                    continue;
                }
            };
            // What must not run fails for itself.
            let is_refused = self.refusal(cell).is_some();
            if !is_open || (is_refused && !is_first) {
                given_back.push(at);
                is_open = false;
                continue;
            }
            if !is_first {
                self.scheduler.take(cell);
            }
            if self.was_run_elsewhere(cell, current.as_ref())? {
                self.fresh(cell);
                given_back.push(at);
                is_open = false;
            } else {
                started.push(cell);
                is_open = !is_refused;
            }
        }
        if !given_back.is_empty() {
            self.give_back(&given_back)?;
        }
        Ok(started)
    }

    /// Gives leases back without recording anything.
    pub(super) fn give_back(&mut self, partitions: &[AssetPartition]) -> Result<(), Problems> {
        self.doors.store.release(self.options.run, partitions)?;
        self.locks.release(partitions);
        Ok(())
    }

    /// Takes the project's lock on an asset partition, or gives the run of another instance that has it.
    fn locked(&mut self, at: &AssetPartition) -> Result<Option<RunId>, Problems> {
        loop {
            let taken = self.locks.take(at);
            match taken.map_err(|source| self.unlockable(source))? {
                StepLock::Taken => return Ok(None),
                StepLock::Held(holder) => return Ok(Some(holder)),
                StepLock::Abandoned(dead) => {
                    let taken = take_over_from_elsewhere(self.doors.workspace, at, dead);
                    taken.map_err(|source| self.unlockable(source))?;
                    self.left = true;
                }
            }
        }
    }

    /// Whether a cell is fresh by its state at the moment of its lease.
    fn was_run_elsewhere(
        &mut self,
        cell: Cell,
        current: Option<&Current>,
    ) -> Result<bool, Problems> {
        let judged = &self.evaluation.facts().recorded;
        let judged = judged
            .materialized(cell.index())
            .map(|last| last.provenance);
        let last = current.and_then(|it| it.materialized.as_ref());
        // What a step in place writes is moved aside and put back by whoever else works on it, and what an incremental one
        // starts from may be another instance's by now.
        let depends_on_outputs = self
            .recipe(cell)
            .is_some_and(|recipe| recipe.in_place || recipe.incremental);
        if last.map(|last| last.provenance) == judged && !depends_on_outputs {
            return Ok(false);
        }
        let scope = self.evaluation.scope();
        let changed = changed_outputs_of(self.doors.workspace, scope, cell, current)?;
        self.evaluation.judge_mut().replace(cell, current, changed);
        if last.is_some() {
            self.evaluation.note_recorded(cell);
        }
        Ok(self.turned_out_fresh(cell))
    }

    pub(super) fn recipe(&self, cell: Cell) -> Option<&Recipe> {
        self.evaluation.scope().asset_at(cell)?.recipe.as_ref()
    }

    /// Whether a cell is fresh by what is known now. A forced or volatile one never is.
    fn turned_out_fresh(&mut self, cell: Cell) -> bool {
        let records = StoreRecords(self.doors.store);
        let verdict = self.evaluation.judge_again(cell, &records);
        verdict.status == Status::Fresh && verdict.demand == Demand::None
    }

    /// The order for cells that have their leases; `None` if there is none, or their command cannot run.
    fn order(&mut self, cells: &[Cell]) -> Option<StepOrder> {
        let first = *cells.first()?;
        let attempt = self.scheduler.attempt(first);
        let made = match self.refusal(first) {
            Some(failure) => Err(failure),
            None => self
                .orders
                .make(self.doors.workspace, &self.evaluation, cells, attempt)
                .map_err(|error| {
                    StepFailure::new(error.code, error.message, error.help.as_deref())
                }),
        };
        if made.is_ok() {
            self.watch.note(&self.evaluation, cells);
        }
        let batch = batch_of(&self.evaluation, cells).map(Arc::new);
        let mut events = Vec::with_capacity(cells.len());
        if made.is_ok() && attempt > FIRST_ATTEMPT {
            events = self.restarted(cells, batch.as_ref(), attempt);
        }
        for cell in cells.iter().copied().filter(|_| attempt == FIRST_ATTEMPT) {
            let causes = self
                .evaluation
                .causes(&StoreRecords(self.doors.store), cell);
            self.outbox.causes(cell, causes.clone());
            if made.is_ok() {
                let step = self.evaluation.step_name(cell);
                let usually = self.costs.own[cell.index()].map(Duration::from_millis);
                events.push(EventKind::StepStarted {
                    step,
                    batch: batch.clone(),
                    attempt,
                    pid: None,
                    causes,
                    usually,
                    inputs: inputs_read(self.evaluation.judge_mut(), cell),
                });
            }
        }
        match made {
            Ok(order) => {
                self.starting.insert(first, events);
                Some(order)
            }
            Err(failure) => {
                let failed = NotMade::Failed(Box::new(failure));
                self.failed(StepEnd::without_command(
                    cells.to_vec(),
                    batch,
                    attempt,
                    failed,
                ));
                None
            }
        }
    }

    /// What tells of the start of another attempt.
    fn restarted(
        &self,
        cells: &[Cell],
        batch: Option<&Arc<Batch>>,
        attempt: u32,
    ) -> Vec<EventKind> {
        let restarted = |cell: &Cell| EventKind::StepRestarted {
            step: self.evaluation.step_name(*cell),
            batch: batch.cloned(),
            attempt,
            pid: None,
        };
        cells.iter().map(restarted).collect()
    }

    /// Why a step must not run: a secret that it requires is not set, or an output was altered by hand and is to be kept.
    fn refusal(&self, cell: Cell) -> Option<StepFailure> {
        let recipe = self.recipe(cell)?;
        if let Some((variable, _)) =
            unset_secrets(self.doors.workspace, &recipe.env, &recipe.resources).next()
        {
            let message = format!("the environment variable `{variable}` is not set");
            let help = Some("set it, or leave out `required = true`");
            let code = "assetctl::engine::unset_variable";
            return Some(StepFailure::new(code, message, help));
        }
        if !self.options.request.keep_altered {
            return None;
        }
        let recorded = &self.evaluation.facts().changed_outputs;
        let locked = &self.evaluation.locked().unlike;
        let (changed, than) = match recorded.get(&cell) {
            Some(changed) => (changed, "was altered by hand"),
            None => (locked.get(&cell)?, "differs from the lock file"),
        };
        let (output, _) = changed
            .iter()
            .find(|(_, change)| matches!(change, OutputChange::Altered { .. }))?;
        let (_, partition) = self.evaluation.scope().at(cell);
        let asset = self.evaluation.scope().asset_at(cell)?;
        let path = asset.outputs.get(*output)?.path.path(partition);
        let message = format!("{path} {than}, and altered outputs are kept");
        let help = "record it with `assetctl accept`, or leave out `--keep-altered`";
        let code = "assetctl::engine::altered_output";
        Some(StepFailure::new(code, message, Some(help)))
    }

    /// Holds a cell whose lease another run has.
    fn hold(&mut self, cell: Cell, holder: RunId, known: String) -> Result<(), Problems> {
        let step = self.evaluation.step_name(cell);
        let resources = &self.doors.workspace.graph.settings().resources;
        self.locks.end_resources(holder, resources);
        let is_news = self
            .scheduler
            .hold(cell, holder, Instant::now() + ASK_AGAIN);
        if !is_news {
            return Ok(());
        }
        // Of a run whose process died, what holds the step are commands.
        let holder = self.locks.orphans(holder).unwrap_or(known);
        if self.options.request.no_wait {
            return Err(EngineError::Held { step, holder }.into());
        }
        self.tell(EventKind::StepWaiting { step, holder });
        Ok(())
    }

    fn fresh(&mut self, cell: Cell) {
        self.counts.fresh += 1;
        self.scheduler.done(cell);
        let step = self.evaluation.step_name(cell);
        self.tell(EventKind::StepFresh { step });
    }
}
