//! Carries a plan out: the coordinator.
//!
//! One thread, this one, owns all run state and is the only writer of the instance. Workers get owned orders and send one
//! message back each. Commands run on a pool of their own with leaf jobs. A step that is done releases what waits for it
//! at once; its record joins those of the steps that finish within 50 ms in one transaction, after which their events are
//! shown. A crash between any two of these leaves steps stale, never fresh.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;

use crate::digest::Digest;
use crate::engine::error::{EngineError, Problems};
use crate::engine::evaluate::Evaluation;
use crate::engine::gather::changed_outputs_of;
use crate::engine::order::OrderMaker;
use crate::engine::outbox::{Outbox, Recorded};
use crate::engine::records::StoreRecords;
use crate::engine::recover::{clear_crashed, put_back_asides};
use crate::engine::scheduler::Scheduler;
use crate::engine::spares::Spares;
use crate::engine::step::{NotMade, StepEnd, StepOrder, Sync, run_step};
use crate::engine::workspace::Workspace;
use crate::executor::Cancel;
use crate::hash::Ignore;
use crate::model::{
    Cause, Event, EventKind, EventSink, OutputChange, RunCounts, RunId, RunOutcome, RunStatus,
    Staging, Status, StepFailure, StepOutcome,
};
use crate::plan::{Cell, Costs, Decision, Demand, obstacles};
use crate::store::{AssetPartition, CrashedRun, Lease, NewRun, RunEnd, RunGuard, Store};
use crate::sys::clock::Clock;

/// How long records wait for others to be written in one transaction.
const BATCH: Duration = Duration::from_millis(50);

/// How often a step that another process runs is asked for again.
const POLL: Duration = Duration::from_millis(50);

/// What a run is asked to be like.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Its id.
    pub run: RunId,
    /// How many commands run at once; at least 1.
    pub jobs: usize,
    /// Nothing new starts after so many failures.
    pub stop_after: Option<NonZeroU32>,
    /// Whether a step that another process runs is waited for.
    pub waiting: Waiting,
    /// Whether outputs are synced before they are recorded.
    pub sync: Sync,
    /// What becomes of outputs that were altered by hand.
    pub altered: AlteredOutputs,
    /// Whether incremental assets find their previous output.
    pub previous: PreviousOutputs,
    /// The digest of the declarations.
    pub manifest: Digest,
    /// The selection, as the user wrote it.
    pub selection: String,
    /// The partitions, as the user wrote them.
    pub partitions: String,
}

/// Whether a step that another process runs is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It is.
    Wait,
    /// It is an error that names the holder.
    Refuse,
}

/// What becomes of outputs that were altered by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlteredOutputs {
    /// They are made anew.
    Replace,
    /// They stay, and their step fails.
    Keep,
}

/// Whether incremental assets find their previous output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousOutputs {
    /// They do.
    Offered,
    /// They do not: `--full-refresh`.
    Withheld,
}

/// The doors that a run goes through.
pub struct RunDoors<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// What is never part of outputs.
    pub ignore: &'a Ignore,
    /// The instance.
    pub store: &'a mut Store,
    /// Interrupts.
    pub cancel: &'a Cancel,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Where events go.
    pub sink: &'a mut dyn EventSink,
}

/// A run that has ended.
pub struct Finished<'a> {
    /// What came of it.
    pub result: RunResult,
    /// The evaluation as it stands now: what has run is fresh in it.
    pub evaluation: Evaluation<'a>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// Its id; `None` if there was nothing to do, in which case nothing was recorded.
    pub run: Option<RunId>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How many steps ended how.
    pub counts: RunCounts,
}

/// Runs all that was decided to run.
///
/// # Errors
///
/// If the instance cannot be written, or a step is held by another process and waiting was ruled out. Commands that run
/// are ended first; what has finished is recorded.
pub fn run<'a: 'd, 'd>(
    doors: RunDoors<'d>,
    evaluation: Evaluation<'a>,
    costs: &'d Costs,
    options: &'d RunOptions,
) -> Result<Finished<'a>, Problems> {
    let started = Instant::now();
    let scheduler = Scheduler::new(evaluation.scope(), &evaluation.decisions.of, costs);
    let counts = RunCounts {
        fresh: evaluation.decisions.fresh,
        ..RunCounts::default()
    };
    let (workspace, ignore, cancel) = (doors.workspace, doors.ignore, doors.cancel);
    let mut coordinator = Coordinator {
        orders: OrderMaker::new(options),
        outbox: Outbox::new(options.run),
        doors,
        evaluation,
        options,
        costs,
        scheduler,
        counts,
        guard: None,
        parked: Vec::new(),
        running: 0,
        halted: None,
    };
    coordinator.tell_blocked();
    if coordinator.scheduler.open() > 0 {
        let pool = ThreadPoolBuilder::new()
            .num_threads(options.jobs)
            .thread_name(|index| format!("command-{index}"))
            .build()
            .map_err(|error| EngineError::Unwritable {
                path: PathBuf::from("thread"),
                source: std::io::Error::other(error),
            })?;
        let (sender, receiver) = channel();
        let spares = Spares::new(workspace.root, options.run);
        let coordinated = pool.in_place_scope(|scope| {
            let spares = &spares;
            let start = |order: StepOrder, sender: Sender<StepEnd>| {
                scope.spawn(move |_| {
                    // The coordinator stays until the last worker has sent its message.
                    let _ = sender.send(run_step(workspace, ignore, spares, &order, cancel));
                });
            };
            coordinator.coordinate(&sender, &receiver, &start)
        });
        spares.remove();
        coordinated?;
    }
    coordinator.finish(started.elapsed())
}

/// Why nothing new starts.
enum Halt {
    /// The user interrupted.
    Interrupted,
    /// Enough steps have failed.
    EnoughFailures,
    /// The run cannot go on.
    Broken(Problems),
}

struct Coordinator<'a, 'd> {
    doors: RunDoors<'d>,
    evaluation: Evaluation<'a>,
    options: &'d RunOptions,
    costs: &'d Costs,
    orders: OrderMaker,
    outbox: Outbox,
    scheduler: Scheduler<'d>,
    counts: RunCounts,
    /// Keeps the run alive; there is none until the first step starts.
    guard: Option<RunGuard>,
    /// Steps that another process runs, with when to ask again.
    parked: Vec<(Cell, Instant)>,
    running: usize,
    halted: Option<Halt>,
}

type Start<'s> = dyn Fn(StepOrder, Sender<StepEnd>) + 's;

impl<'a> Coordinator<'a, '_> {
    fn coordinate(
        &mut self,
        sender: &Sender<StepEnd>,
        receiver: &Receiver<StepEnd>,
        start: &Start<'_>,
    ) -> Result<(), Problems> {
        loop {
            if let Err(problems) = self
                .start_ready(sender, start)
                .and_then(|()| self.flush_if_due())
            {
                self.break_off(problems);
            }
            if self.running == 0 && (self.halted.is_some() || self.nothing_left()) {
                break;
            }
            let patience = self.patience();
            match receiver.recv_timeout(patience) {
                Ok(end) => {
                    self.running -= 1;
                    if let Err(problems) = self.ended(end) {
                        self.break_off(problems);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match self.halted.take() {
            Some(Halt::Broken(problems)) => {
                // What can still be recorded is; the first problem is the one to tell.
                if self.flush().is_err() {
                    for event in self.outbox.take_failures() {
                        self.doors.sink.emit(&event);
                    }
                }
                Err(problems)
            }
            halted => {
                self.halted = halted;
                self.flush()
            }
        }
    }

    fn nothing_left(&self) -> bool {
        self.parked.is_empty() && !self.scheduler.has_ready()
    }

    fn break_off(&mut self, problems: Problems) {
        if !matches!(self.halted, Some(Halt::Broken(_))) {
            self.halted = Some(Halt::Broken(problems));
        }
        self.doors.cancel.interrupt(crate::executor::Severity::Ask);
    }

    /// How long to wait for the next message before something else is due.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let due = self
            .outbox
            .due(BATCH)
            .into_iter()
            .chain(self.parked.iter().map(|(_, at)| *at));
        due.min().map_or(Duration::from_millis(500), |at| {
            at.saturating_duration_since(now)
        })
    }

    /// Starts ready steps while there are free workers.
    fn start_ready(&mut self, sender: &Sender<StepEnd>, start: &Start<'_>) -> Result<(), Problems> {
        if self.doors.cancel.severity().is_some() && self.halted.is_none() {
            self.halted = Some(Halt::Interrupted);
        }
        let mut retry = self.unpark();
        while self.halted.is_none() && self.running < self.options.jobs {
            let Some(cell) = retry.pop().or_else(|| self.scheduler.pop()) else {
                break;
            };
            if let Some(order) = self.admit(cell)? {
                self.running += 1;
                start(order, sender.clone());
            }
        }
        let again = Instant::now() + POLL;
        self.parked
            .extend(retry.into_iter().map(|cell| (cell, again)));
        Ok(())
    }

    /// Parked cells that are due, the first one last.
    fn unpark(&mut self) -> Vec<Cell> {
        let now = Instant::now();
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.parked)
            .into_iter()
            .partition(|(_, at)| *at <= now);
        self.parked = later;
        due.into_iter().rev().map(|(cell, _)| cell).collect()
    }

    /// Judges a ready cell by what its upstreams have become, and takes its lease; `None` if it does not start now.
    fn admit(&mut self, cell: Cell) -> Result<Option<StepOrder>, Problems> {
        if self.turned_out_fresh(cell) {
            self.fresh(cell);
            return Ok(None);
        }
        self.begin()?;
        let at = self.asset_partition(cell);
        let now = self.doors.clock.now();
        let taken = self
            .doors
            .store
            .lease(self.options.run, std::slice::from_ref(&at), now)?;
        self.clear(&taken.crashed)?;
        match taken.leases.into_iter().next() {
            Some(Lease::Held(holder)) => {
                self.held(cell, &holder.to_string())?;
                return Ok(None);
            }
            Some(Lease::Leased { current }) => {
                let judged = &self.evaluation.judge.facts().recorded[cell.index()];
                let id = |it: &Option<crate::model::Current>| {
                    it.as_ref()
                        .and_then(|it| it.materialized.as_ref())
                        .map(|last| last.id)
                };
                // What a step in place writes is moved aside and put back by whoever else works on it.
                let in_place = self.is_in_place(cell);
                if id(&current) != id(judged) || in_place {
                    let scope = self.evaluation.scope();
                    let workspace = self.doors.workspace;
                    let changed = changed_outputs_of(workspace, scope, cell, current.as_ref())?;
                    self.evaluation.judge.replace(cell, current, changed);
                    if self.turned_out_fresh(cell) {
                        self.doors.store.release(self.options.run, &[at])?;
                        self.fresh(cell);
                        return Ok(None);
                    }
                }
            }
            None => {}
        }
        Ok(self.order(cell, at))
    }

    /// Puts right what crashed runs have left.
    fn clear(&self, crashed: &[CrashedRun]) -> Result<(), Problems> {
        if crashed.is_empty() {
            return Ok(());
        }
        for run in crashed {
            clear_crashed(self.doors.workspace.root, run);
        }
        put_back_asides(self.doors.workspace, self.doors.store)?;
        Ok(())
    }

    fn is_in_place(&self, cell: Cell) -> bool {
        let scope = self.evaluation.scope();
        let (id, _) = scope.at(cell);
        let recipe = scope.graph().asset(id).and_then(|it| it.recipe.as_ref());
        recipe.is_some_and(|recipe| recipe.staging == Staging::InPlace)
    }

    /// Whether a cell is fresh by what is known now. A forced or volatile one never is.
    fn turned_out_fresh(&mut self, cell: Cell) -> bool {
        let verdict = self
            .evaluation
            .judge
            .judge(cell, &StoreRecords(self.doors.store));
        self.evaluation.verdicts[cell.index()] = verdict;
        verdict.status == Status::Fresh && verdict.demand == Demand::None
    }

    fn order(&mut self, cell: Cell, at: AssetPartition) -> Option<StepOrder> {
        let causes = self.evaluation.causes(self.doors.store, cell);
        let refused = self.refusal(&causes);
        let made = match refused {
            Some(failure) => Err(failure),
            None => self
                .orders
                .make(self.doors.workspace, &self.evaluation, cell),
        };
        self.outbox.causes(cell, causes.clone());
        match made {
            Ok(order) => {
                let step = self.evaluation.step_name(cell);
                let usually = self.costs.own[cell.index()].map(Duration::from_millis);
                self.tell(EventKind::StepStarted {
                    step,
                    attempt: 0,
                    causes,
                    usually,
                });
                Some(order)
            }
            Err(failure) => {
                let end = StepEnd {
                    cell,
                    result: Err(NotMade::Failed(Box::new(failure))),
                    duration: Duration::ZERO,
                    log: None,
                    warnings: Vec::new(),
                };
                self.failed(at, end);
                None
            }
        }
    }

    /// Why a step must not run: an output was altered by hand and is to be kept.
    fn refusal(&self, causes: &[Cause]) -> Option<StepFailure> {
        if self.options.altered == AlteredOutputs::Replace {
            return None;
        }
        let path = causes.iter().find_map(|cause| match cause {
            Cause::Output {
                path,
                change: OutputChange::Altered { .. },
                ..
            } => Some(path),
            _ => None,
        })?;
        Some(StepFailure {
            message: format!("{path} was altered by hand, and altered outputs are kept"),
            help: Some(
                "take it as it is with `assetctl accept`, or leave out `--keep-altered`".to_owned(),
            ),
            exit: None,
            signal: None,
            command: String::new(),
            tail: Vec::new(),
            code: "assetctl::engine::altered_output",
        })
    }

    fn held(&mut self, cell: Cell, holder: &str) -> Result<(), Problems> {
        let step = self.evaluation.step_name(cell);
        let holder = holder.to_owned();
        if self.options.waiting == Waiting::Refuse {
            return Err(EngineError::Held { step, holder }.into());
        }
        if self.outbox.first_wait(cell) {
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

    /// Takes a worker's message.
    fn ended(&mut self, end: StepEnd) -> Result<(), Problems> {
        let at = self.asset_partition(end.cell);
        match &end.result {
            Ok(_) => self.succeeded(at, &end),
            Err(NotMade::Failed(_)) => self.failed(at, end),
            Err(NotMade::Canceled) => {
                // What has finished before it is told before it.
                self.flush()?;
                self.doors.store.release(self.options.run, &[at])?;
                let step = self.evaluation.step_name(end.cell);
                let finished = self.outbox.finished(&end, step, StepOutcome::Canceled);
                self.tell(finished);
                self.counts.canceled += 1;
                self.scheduler.failed(end.cell);
            }
        }
        Ok(())
    }

    fn succeeded(&mut self, at: AssetPartition, end: &StepEnd) {
        let cell = end.cell;
        let now = self.doors.clock.now();
        let recorded = self.outbox.succeeded(at, end, &mut self.evaluation, now);
        match recorded {
            Recorded::Materialized => self.counts.materialized += 1,
            Recorded::Unchanged => self.counts.unchanged += 1,
        }
        self.evaluation.verdicts[cell.index()].status = Status::Fresh;
        self.evaluation.verdicts[cell.index()].demand = Demand::None;
        self.scheduler.done(cell);
    }

    fn failed(&mut self, at: AssetPartition, end: StepEnd) {
        let cell = end.cell;
        let time = self.doors.clock.now();
        self.counts.failed += 1;
        let name = self.evaluation.step_name(cell);
        let mut blocked = Vec::new();
        for (down, needs) in self.scheduler.failed(cell) {
            self.counts.blocked += 1;
            let needs = self.evaluation.step_name(needs);
            let reason = format!("{name} failed");
            let step = self.evaluation.step_name(down);
            let kind = EventKind::StepBlocked {
                step,
                needs: vec![needs],
                reason,
            };
            blocked.push(Event { time, kind });
        }
        self.outbox.failed(at, end, blocked, time);
        let enough = self
            .options
            .stop_after
            .is_some_and(|most| self.counts.failed >= most.get());
        if enough && self.halted.is_none() {
            self.halted = Some(Halt::EnoughFailures);
        }
    }

    /// Tells what cannot run, before anything starts.
    fn tell_blocked(&mut self) {
        let blocked: Vec<Cell> = (0..self.evaluation.scope().cells())
            .map(Cell)
            .filter(|cell| self.evaluation.decisions.of[cell.index()] == Decision::Blocked)
            .collect();
        for cell in blocked {
            self.counts.blocked += 1;
            let needs = obstacles(&self.evaluation.judge, &self.evaluation.decisions.of, cell);
            let reason = self.evaluation.why_blocked(cell);
            let needs = needs
                .into_iter()
                .map(|up| self.evaluation.step_name(up))
                .collect();
            let step = self.evaluation.step_name(cell);
            self.tell(EventKind::StepBlocked {
                step,
                needs,
                reason,
            });
        }
    }

    /// Begins the run, once.
    fn begin(&mut self) -> Result<(), Problems> {
        if self.guard.is_some() {
            return Ok(());
        }
        let options = self.options;
        let begun = self.doors.store.begin_run(&NewRun {
            id: options.run,
            selection: options.selection.clone(),
            partitions: options.partitions.clone(),
            manifest: options.manifest,
            time: self.doors.clock.now(),
            pid: Some(std::process::id()),
        })?;
        self.clear(&begun.crashed)?;
        self.guard = Some(begun.guard);
        let steps = self.evaluation.decisions.run + self.evaluation.decisions.may_run;
        self.tell(EventKind::RunStarted {
            run: options.run,
            steps,
        });
        Ok(())
    }

    fn flush_if_due(&mut self) -> Result<(), Problems> {
        let idle = self.running == 0;
        if self.outbox.is_due(BATCH) || idle {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Records what has finished, then shows its events.
    fn flush(&mut self) -> Result<(), Problems> {
        let root = self.doors.workspace.root;
        let mut events = self.outbox.flush(self.doors.store, root);
        if let Err(problems) = &events
            && problems.is_disk_full()
        {
            // What a failed step has left is of less use than its record.
            self.outbox.drop_failed_staging(root);
            events = self.outbox.flush(self.doors.store, root);
        }
        for event in events? {
            self.doors.sink.emit(&event);
        }
        Ok(())
    }

    fn tell(&mut self, kind: EventKind) {
        let event = Event {
            time: self.doors.clock.now(),
            kind,
        };
        self.doors.sink.emit(&event);
    }

    fn asset_partition(&self, cell: Cell) -> AssetPartition {
        let (id, partition) = self.evaluation.scope().at(cell);
        let graph = self.evaluation.scope().graph();
        AssetPartition::at(graph.key(id), partition.keys, partition.index)
    }

    fn finish(mut self, duration: Duration) -> Result<Finished<'a>, Problems> {
        self.counts.canceled += self.scheduler.unstarted().len() as u32;
        self.counts.canceled += self.parked.len() as u32;
        let outcome = match self.halted {
            Some(Halt::Interrupted) => RunOutcome::Canceled,
            _ if self.counts.failed + self.counts.blocked > 0 => RunOutcome::Failed,
            _ if self.doors.cancel.severity().is_some() => RunOutcome::Canceled,
            _ => RunOutcome::Success,
        };
        let run = self.guard.as_ref().map(RunGuard::run);
        if let Some(guard) = self.guard.take() {
            let status = match outcome {
                RunOutcome::Success => RunStatus::Success,
                RunOutcome::Failed => RunStatus::Failure,
                RunOutcome::Canceled => RunStatus::Canceled,
            };
            let end = RunEnd {
                status,
                counts: self.counts,
                time: self.doors.clock.now(),
            };
            self.doors.store.finish_run(guard, end)?;
        }
        let counts = self.counts;
        self.tell(EventKind::RunFinished {
            run,
            outcome,
            counts,
            duration,
        });
        let result = RunResult {
            run,
            outcome,
            counts,
        };
        let evaluation = self.evaluation;
        Ok(Finished { result, evaluation })
    }
}
