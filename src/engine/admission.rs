//! Whether a ready step starts, and with which neighbours: judged by what its upstreams have become, leased, ordered.

use std::fmt::Display;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::{EventKind, StepFailure};
use crate::command::Unrenderable;
use crate::engine::coordinator::{Coordinator, Ordered, POLL};
use crate::engine::made::inputs_read;
use crate::engine::order::batch_of;
use crate::engine::recover::take_over_from_elsewhere;
use crate::engine::step::{NotMade, StepEnd};
use crate::engine::step_locks::{StepLock, StepLocks};
use crate::executor::Usage;
use crate::look::{EngineError, Problems, StoreRecords, changed_outputs_of, unset_secrets};
use crate::model::{Current, History, OutputChange, Recipe, RunId, Staging, Status};
use crate::plan::{Cell, Demand};
use crate::store::{AssetPartition, Lease};

impl Coordinator<'_, '_> {
    /// Judges ready cells by what their upstreams have become, leases them together, each with the neighbours that its
    /// command makes too, and gives the steps that start now.
    ///
    /// Of cells whose command makes several there is at most one, the last.
    pub(super) fn admit(&mut self, cells: &[Cell]) -> Result<Vec<Ordered>, Problems> {
        let mut steps: Vec<Vec<Cell>> = Vec::with_capacity(cells.len());
        for cell in cells.iter().copied() {
            if self.turned_out_fresh(cell) {
                self.fresh(cell);
            } else if self.recipe(cell).is_none() {
                self.awaits_external(cell);
            } else {
                steps.push(self.with_neighbours(cell));
            }
        }
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let all = steps.iter().flatten();
        let partitions: Vec<AssetPartition> = all.map(|cell| self.asset_partition(*cell)).collect();
        let now = self.doors.clock.now();
        let taken = self.doors.store.lease(self.options.run, &partitions, now)?;
        self.clear(&taken.crashed)?;
        let mut leases = partitions.into_iter().zip(taken.leases);
        let mut ordered = Vec::with_capacity(steps.len());
        for cells in steps {
            let leases: Vec<_> = leases.by_ref().take(cells.len()).collect();
            if self.halted.is_some() {
                self.give_up(&cells, &leases)?;
                continue;
            }
            let cells = self.leased(&cells, leases)?;
            ordered.extend(self.order(&cells));
        }
        Ok(ordered)
    }

    /// Gives the leases of cells back that were to start when the run had to halt.
    fn give_up(
        &mut self,
        cells: &[Cell],
        leases: &[(AssetPartition, Lease)],
    ) -> Result<(), Problems> {
        let taken = leases
            .iter()
            .filter(|(_, lease)| matches!(lease, Lease::Leased { .. }));
        let taken: Vec<AssetPartition> = taken.map(|(at, _)| at.clone()).collect();
        self.doors.store.release(self.options.run, &taken)?;
        // The first one was popped; its neighbours are still ready.
        let below = self.scheduler.failed(cells[0]);
        self.counts.canceled += 1 + below.len() as u32;
        Ok(())
    }

    /// A cell with the ready neighbours after it that one command makes with it. They are not taken yet.
    fn with_neighbours(&mut self, cell: Cell) -> Vec<Cell> {
        let most = self.most_at_once(cell);
        let mut cells = vec![cell];
        let mut last = cell;
        while cells.len() < most
            && let Some(next) = self.scheduler.ready_neighbour(last)
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

    pub(super) fn most_at_once(&self, cell: Cell) -> usize {
        let most = self.recipe(cell).and_then(|recipe| recipe.batch);
        most.map_or(1, |most| most.get() as usize)
    }

    /// Of cells, the first of which runs already, with what became of asking for their leases: the neighbours that start, from
    /// the first on up to where another process has one, or has just run it, or one must not run. None if that is the first.
    ///
    /// The leases of the others are given back; they come again when it is their turn.
    fn leased(
        &mut self,
        cells: &[Cell],
        leases: Vec<(AssetPartition, Lease)>,
    ) -> Result<Vec<Cell>, Problems> {
        let run = self.options.run;
        let mut started: Vec<Cell> = Vec::with_capacity(cells.len());
        let mut given_back = Vec::new();
        let mut is_open = true;
        for (cell, (at, lease)) in cells.iter().copied().zip(leases) {
            let is_first = cell == cells[0];
            let current = match lease {
                Lease::Leased { current } => current,
                Lease::Held(holder) => {
                    if is_first {
                        self.held(cell, holder.run, &holder)?;
                    }
                    is_open = false;
                    continue;
                }
            };
            if let Some(holder) = self.locked(&at)? {
                is_open = false;
                self.doors.store.release(run, slice::from_ref(&at))?;
                if is_first {
                    let known = format!("run {holder} of another instance");
                    self.held(cell, holder, &known)?;
                }
                continue;
            }
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
            self.doors.store.release(run, &given_back)?;
            self.locks.release(&given_back);
        }
        Ok(started)
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
        let depends_on_outputs = self.recipe(cell).is_some_and(|recipe| {
            recipe.staging == Staging::InPlace || recipe.history == History::Incremental
        });
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

    fn recipe(&self, cell: Cell) -> Option<&Recipe> {
        let scope = self.evaluation.scope();
        let (id, _) = scope.at(cell);
        scope.graph().asset(id)?.recipe.as_ref()
    }

    /// Whether a cell is fresh by what is known now. A forced or volatile one never is.
    fn turned_out_fresh(&mut self, cell: Cell) -> bool {
        let records = StoreRecords(self.doors.store);
        let verdict = self.evaluation.judge_again(cell, &records);
        verdict.status == Status::Fresh && verdict.demand == Demand::None
    }

    /// The order for cells that have their leases; `None` if there is none, or their command cannot run.
    fn order(&mut self, cells: &[Cell]) -> Option<Ordered> {
        let first = *cells.first()?;
        let made = match self.refusal(first) {
            Some(failure) => Err(failure),
            None => self
                .orders
                .make(self.doors.workspace, &self.evaluation, cells)
                .map_err(unrenderable),
        };
        if made.is_ok() {
            self.watch.note(&self.evaluation, cells);
        }
        let batch = batch_of(&self.evaluation, cells).map(Arc::new);
        let mut events = Vec::with_capacity(cells.len());
        for cell in cells.iter().copied() {
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
                    attempt: 0,
                    pid: None,
                    causes,
                    usually,
                    inputs: inputs_read(self.evaluation.judge_mut(), cell),
                });
            }
        }
        match made {
            Ok(order) => Some(Ordered { order, events }),
            Err(failure) => {
                self.failed(StepEnd {
                    cells: cells.to_vec(),
                    batch,
                    result: Err(NotMade::Failed(Box::new(failure))),
                    usage: Usage::default(),
                    log: None,
                    warnings: Vec::new(),
                    set_aside: Vec::new(),
                });
                None
            }
        }
    }

    /// Why a step must not run: a secret that it requires is not set, or an output was altered by hand and is to be kept.
    fn refusal(&self, cell: Cell) -> Option<StepFailure> {
        let recipe = self.recipe(cell)?;
        if let Some((variable, _)) = unset_secrets(self.doors.workspace, recipe).next() {
            return Some(StepFailure {
                message: format!("the environment variable `{variable}` is not set"),
                help: Some("set it, or leave out `required = true`".to_owned()),
                exit: None,
                signal: None,
                command: String::new(),
                tail: Vec::new(),
                code: "assetctl::engine::unset_variable".into(),
            });
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
        let (id, partition) = self.evaluation.scope().at(cell);
        let asset = self.evaluation.scope().graph().asset(id)?;
        let path = asset.outputs.get(*output)?.path.path(partition);
        Some(StepFailure {
            message: format!("{path} {than}, and altered outputs are kept"),
            help: Some(
                "record it with `assetctl accept`, or leave out `--keep-altered`".to_owned(),
            ),
            exit: None,
            signal: None,
            command: String::new(),
            tail: Vec::new(),
            code: "assetctl::engine::altered_output".into(),
        })
    }

    fn held(&mut self, cell: Cell, run: RunId, known: &dyn Display) -> Result<(), Problems> {
        let step = self.evaluation.step_name(cell);
        // Of a run whose process died, what holds the step are commands.
        let holder = |locks: &StepLocks| match locks.orphans(run) {
            Some(orphans) => orphans,
            None => known.to_string(),
        };
        if self.options.request.no_wait {
            let holder = holder(&self.locks);
            return Err(EngineError::Held { step, holder }.into());
        }
        if self.outbox.first_wait(cell) {
            let holder = holder(&self.locks);
            self.tell(EventKind::StepWaiting { step, holder });
        }
        self.parked.push((cell, Instant::now() + POLL));
        Ok(())
    }

    fn fresh(&mut self, cell: Cell) {
        self.counts.fresh += 1;
        self.scheduler.done(cell);
        let step = self.evaluation.step_name(cell);
        self.tell(EventKind::StepFresh { step });
    }
}

fn unrenderable(error: Unrenderable) -> StepFailure {
    StepFailure {
        message: error.message,
        help: error.help,
        exit: None,
        signal: None,
        command: String::new(),
        tail: Vec::new(),
        code: error.code.into(),
    }
}
