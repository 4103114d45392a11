//! The coordinator of a run.
//!
//! One thread, this one, owns all run state and is the only writer of the instance. Workers get owned orders and send one
//! messages back. Commands run on threads of their own. A step that is done releases what waits for it at once; what has
//! happened within 50 ms is recorded in one transaction, events as well, and then they are shown. A crash between any two of
//! these leaves steps stale, never fresh. Nothing is polled: the thread sleeps until the next message or the next instant at
//! which something is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::answer::{Event, EventKind, RunCounts, RunOutcome};
use crate::engine::admission::JobSlots;
use crate::engine::doors::RunDoors;
use crate::engine::finished::{Finished, RunSummary};
use crate::engine::options::RunOptions;
use crate::engine::order::OrderMaker;
use crate::engine::outbox::Outbox;
use crate::engine::recover::{clear_crashed, has_left, put_back_asides};
use crate::engine::scheduler::Scheduler;
use crate::engine::step::{StepEnd, StepOrder, StepReport};
use crate::engine::step_locks::{StepLocks, end_left_behind};
use crate::engine::watch::{InputFiles, Watch};
use crate::look::{EngineError, OWN_FOLDER, OwnLife, Problems};
use crate::model::{RunStatus, StepName};
use crate::plan::{Cell, Costs, Evaluation};
use crate::store::{AssetPartition, CrashedRun, NewRun, RunEnd, RunGuard};

/// How long records wait for others to be written in one transaction.
const BATCH: Duration = Duration::from_millis(50);

/// Why nothing new starts.
pub(super) enum Halt {
    /// The user interrupted.
    Interrupted,
    /// Enough steps have failed.
    EnoughFailures,
    /// The run cannot go on.
    Broken(Problems),
}

/// All state of a run.
pub(super) struct Coordinator<'a, 'd> {
    pub(super) doors: RunDoors<'d>,
    pub(super) evaluation: Evaluation<'a>,
    pub(super) options: &'d RunOptions,
    pub(super) costs: &'d Costs,
    pub(super) orders: OrderMaker,
    pub(super) locks: StepLocks,
    /// Whether what dead runs had begun lies aside, to go with the next success of its step.
    pub(super) left: bool,
    pub(super) outbox: Outbox,
    pub(super) scheduler: Scheduler<'d>,
    pub(super) counts: RunCounts,
    /// Keeps the run alive; there is none until the first step starts.
    guard: Option<RunGuard>,
    pub(super) slots: JobSlots,
    /// What tells of the start of steps that workers have, or have before them, by the first of their cells.
    pub(super) starting: HashMap<Cell, Vec<EventKind>>,
    pub(super) watch: Watch<'d>,
    /// Steps that have succeeded, and whose inputs were not looked at since.
    pub(super) unlooked: Vec<StepEnd>,
    /// Commands that have failed.
    pub(super) failures: u32,
    pub(super) halted: Option<Halt>,
    /// Whether workers start nothing more, for they may be the first to know.
    stop: Arc<AtomicBool>,
}

impl<'a: 'd, 'd> Coordinator<'a, 'd> {
    pub(super) fn new(
        doors: RunDoors<'d>,
        evaluation: Evaluation<'a>,
        costs: &'d Costs,
        options: &'d RunOptions,
        (files, stop): (Arc<InputFiles>, Arc<AtomicBool>),
    ) -> Self {
        let scheduler = Scheduler::new(evaluation.scope(), &evaluation.decisions().of, costs);
        let counts = RunCounts {
            fresh: evaluation.decisions().fresh,
            ..RunCounts::default()
        };
        Self {
            orders: OrderMaker::new(options),
            locks: StepLocks::new(doors.workspace, options.run),
            left: doors.workspace.own_life == OwnLife::Kept && has_left(doors.workspace.root),
            outbox: Outbox::new(options.run, doors.workspace.own),
            watch: Watch::new(doors.workspace, files),
            doors,
            evaluation,
            options,
            costs,
            scheduler,
            counts,
            guard: None,
            slots: JobSlots::new(options.jobs),
            starting: HashMap::new(),
            unlooked: Vec::new(),
            failures: 0,
            halted: None,
            stop,
        }
    }
}

impl<'a> Coordinator<'a, '_> {
    pub(super) fn coordinate(
        &mut self,
        orders: &Sender<StepOrder>,
        receiver: &Receiver<StepReport>,
    ) -> Result<(), Problems> {
        loop {
            self.heed_interrupt();
            if self.watch.is_rested() {
                self.look();
            }
            if let Err(problems) = self.start_ready(orders) {
                self.break_off(problems);
            }
            if self.slots.has_free(0) && !self.unlooked.is_empty() {
                // There is nothing else to do, and what waits for these may start then.
                self.look();
                continue;
            }
            let runs = self.slots.running() > 0;
            if !runs || self.outbox.is_due(BATCH) {
                let flushed = self.flush();
                flushed.unwrap_or_else(|problems| self.break_off(problems));
            }
            if !runs && (self.halted.is_some() || self.scheduler.is_idle()) {
                break;
            }
            let report = match self.due() {
                Some(at) => receiver.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => receiver.recv().map_err(RecvTimeoutError::from),
            };
            // A step that the interrupt has ended may report before the interrupt does.
            self.heed_interrupt();
            match report {
                Ok(StepReport::Interrupted) | Err(RecvTimeoutError::Timeout) => {}
                Ok(StepReport::Waiting { cell, holder }) => {
                    let step = self.evaluation.step_name(cell);
                    self.tell(EventKind::StepWaiting { step, holder });
                }
                Ok(StepReport::Started { cell, pid }) => self.started(cell, pid),
                Ok(StepReport::Ended(end)) => {
                    self.slots.free(end.usage.duration);
                    if let Err(problems) = self.ended(end) {
                        self.break_off(problems);
                    }
                }
                Ok(StepReport::Panicked) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match self.halted.take() {
            Some(Halt::Broken(problems)) => {
                // What can still be recorded is; the first problem is the one to tell.
                if self.flush().is_err() {
                    let events = self.outbox.take_unrecorded();
                    self.show(&events);
                }
                Err(problems)
            }
            halted => {
                self.halted = halted;
                self.flush()
            }
        }
    }

    /// Tells that a step has started, where that was not told yet.
    pub(super) fn started(&mut self, first: Cell, process: Option<u32>) {
        for mut event in self.starting.remove(&first).into_iter().flatten() {
            if let EventKind::StepStarted { pid, .. } = &mut event {
                *pid = process;
            }
            self.tell(event);
        }
    }

    /// Forgets what was to be told of a step's start, and says whether there was anything.
    pub(super) fn never_started(&mut self, first: Cell) -> bool {
        self.starting.remove(&first).is_some()
    }

    pub(super) fn halt(&mut self, why: Halt) {
        self.stop.store(true, Ordering::Relaxed);
        self.halted = Some(why);
    }

    /// Halts once the run was asked to stop, and tells so.
    fn heed_interrupt(&mut self) {
        if self.doors.cancel.severity().is_some() && self.halted.is_none() {
            let by = self.doors.cancel.reason();
            self.tell(EventKind::RunCanceled { by });
            self.halt(Halt::Interrupted);
        }
    }

    fn break_off(&mut self, problems: Problems) {
        if !matches!(self.halted, Some(Halt::Broken(_))) {
            self.halt(Halt::Broken(problems));
        }
        // Where nothing runs, nothing has to end, and whoever begins anew is not interrupted.
        if self.slots.running() > 0 {
            self.doors.cancel.interrupt(crate::executor::Severity::Ask);
        }
    }

    /// The next instant at which something is due that no message tells of.
    fn due(&self) -> Option<Instant> {
        let look = (!self.unlooked.is_empty()).then(|| self.watch.rested());
        let due = [self.outbox.due(BATCH), look, self.scheduler.wakes_at()];
        due.into_iter().flatten().min()
    }

    /// Puts right what crashed runs have left.
    pub(super) fn clear(&mut self, crashed: &[CrashedRun]) -> Result<(), Problems> {
        if crashed.is_empty() {
            return Ok(());
        }
        for run in crashed {
            clear_crashed(self.doors.workspace.root, run);
        }
        self.left = true;
        put_back_asides(self.doors.workspace, self.doors.store)?;
        Ok(())
    }

    pub(super) fn unlockable(&self, source: std::io::Error) -> EngineError {
        let path = self.doors.workspace.resolve(OWN_FOLDER).join("locks");
        EngineError::Unwritable { path, source }
    }

    /// Whether there is anything to do, or that cannot be done.
    pub(super) fn has_work(&self) -> bool {
        self.scheduler.open() > 0 || self.evaluation.decisions().blocked > 0
    }

    /// Begins the run.
    pub(super) fn begin(&mut self) -> Result<(), Problems> {
        let (options, time) = (self.options, self.doors.clock.now());
        self.tell(EventKind::RunStarted {
            steps: self.evaluation.decisions().run + self.evaluation.decisions().may_run,
            selection: options.selection.clone(),
            partitions: options.request.selection.partitions.to_string(),
        });
        self.tell(EventKind::RunPlanned(options.planned.clone()));
        for (_, observation) in self.evaluation.take_observations() {
            let step = StepName {
                asset: observation.source,
                partition: observation.partition,
            };
            let version = observation.version;
            self.outbox
                .told(observation.time, EventKind::Observation { step, version });
        }
        let events = self.outbox.take_told();
        let new = NewRun {
            id: options.run,
            selection: options.selection.clone(),
            partitions: options.request.selection.partitions.to_string(),
            manifest: options.manifest,
            time,
            pid: Some(std::process::id()),
            events,
        };
        let begun = self.doors.store.begin_run(&new)?;
        self.guard = Some(begun.guard);
        self.show(&new.events);
        self.clear(&begun.crashed)?;
        let dead = self.locks.begin();
        for dead in dead.map_err(|source| self.unlockable(source))? {
            // One of another instance: the locks that it had are taken over with their steps.
            end_left_behind(self.doors.workspace.root, dead);
        }
        self.orders.note_groups(self.locks.groups());
        Ok(())
    }

    /// Records what has finished, then shows its events.
    pub(super) fn flush(&mut self) -> Result<(), Problems> {
        let root = self.doors.workspace.root;
        let mut events = self.outbox.flush(self.doors.store, &mut self.locks, root);
        if let Err(problems) = &events
            && problems.is_disk_full()
        {
            // What a failed step has left is of less use than its record.
            self.outbox.drop_failed_staging(root);
            events = self.outbox.flush(self.doors.store, &mut self.locks, root);
        }
        self.show(&events?);
        Ok(())
    }

    fn show(&mut self, events: &[Event]) {
        for event in events {
            self.doors.sink.emit(event);
        }
    }

    /// Lets something be recorded and shown soon.
    pub(super) fn tell(&mut self, kind: EventKind) {
        self.outbox.told(self.doors.clock.now(), kind);
    }

    pub(super) fn asset_partition(&self, cell: Cell) -> AssetPartition {
        let (id, partition) = self.evaluation.scope().at(cell);
        let graph = self.evaluation.scope().graph();
        AssetPartition::at(graph.key(id), partition.keys, partition.index)
    }

    /// Ends a run that cannot go on, as far as that can be recorded.
    pub(super) fn fail(mut self, duration: Duration) {
        if self.guard.is_some() {
            // Whoever broke it off has the first problem, which is the one to tell.
            drop(self.end(RunOutcome::Failed, duration));
        }
    }

    pub(super) fn finish(mut self, duration: Duration) -> Result<Finished<'a>, Problems> {
        self.counts.canceled += self.scheduler.unstarted().len() as u32;
        let outcome = match self.halted {
            Some(Halt::Interrupted) => RunOutcome::Canceled,
            _ if self.counts.failed + self.counts.blocked + self.counts.stale > 0 => {
                RunOutcome::Failed
            }
            _ if self.doors.cancel.severity().is_some() => RunOutcome::Canceled,
            _ => RunOutcome::Success,
        };
        let result = RunSummary {
            run: self.guard.as_ref().map(RunGuard::run),
            outcome,
            counts: self.counts,
        };
        self.end(outcome, duration)?;
        let evaluation = self.evaluation;
        Ok(Finished { result, evaluation })
    }

    /// Records how the run has ended, and shows it. Where there was nothing to do nothing is recorded.
    fn end(&mut self, outcome: RunOutcome, duration: Duration) -> Result<(), Problems> {
        let counts = self.counts;
        let Some(guard) = self.guard.take() else {
            let planned = EventKind::RunPlanned(self.options.planned.clone());
            self.tell(planned);
            self.tell(EventKind::RunFinished {
                outcome,
                counts,
                duration,
            });
            let mut events = self.outbox.take_told();
            for event in &mut events {
                event.run = None;
            }
            self.show(&events);
            return Ok(());
        };
        // Of a run that is recorded as ended nobody would look for the file.
        self.locks.end();
        self.tell(EventKind::RunFinished {
            outcome,
            counts,
            duration,
        });
        let end = RunEnd {
            status: match outcome {
                RunOutcome::Success => RunStatus::Success,
                RunOutcome::Failed => RunStatus::Failure,
                RunOutcome::Canceled => RunStatus::Canceled,
            },
            counts,
            time: self.doors.clock.now(),
            events: self.outbox.take_told(),
        };
        let ended = self.doors.store.finish_run(guard, &end);
        self.show(&end.events);
        Ok(ended?)
    }
}
