//! The coordinator of a run.
//!
//! One thread, this one, owns all run state and is the only writer of the instance. Workers get owned orders and send one
//! messages back. Commands run on threads of their own. A step that is done releases what waits for it at once; what has
//! happened within 50 ms is recorded in one transaction, events as well, and then they are shown. A crash between any two of
//! these leaves steps stale, never fresh. The thread sleeps until the next message or the next instant at which something is
//! due; only whether another process asks the run to stop is looked at from time to time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::answer::{Event, EventKind, ResourcePhase, RunCounts, StepFailure, StepOutcome};
use crate::engine::admission::JobSlots;
use crate::engine::hooks::{DeclaredHooks, HookCall, HookDoors};
use crate::engine::inputs::{Changed, InputFiles, Unsettled, Watch};
use crate::engine::order::OrderMaker;
use crate::engine::outbox::{Outbox, Part};
use crate::engine::recovery::{clear_crashed, has_left, put_back_asides, remove_left};
use crate::engine::resources::resource_failed;
use crate::engine::run::{RunDoors, RunOptions, WorkerOrder};
use crate::engine::scheduler::Scheduler;
use crate::engine::staging_pool::StagingPool;
use crate::engine::step::{NotMade, SetAside, StepEnd, StepReport};
use crate::engine::step_locks::StepLocks;
use crate::executor::Severity;
use crate::look::{EngineError, OWN_FOLDER, OwnLife, Problems};
use crate::model::{Name, Outcome, RunId, Status};
use crate::plan::{Cell, Costs, Evaluation};
use crate::store::{AssetPartition, CrashedRun, RunGuard};

/// How long records wait for others to be written in one transaction.
const BATCH: Duration = Duration::from_millis(50);

/// How often it is looked whether another process asks the run to stop. It costs a query by a key.
const ASKED: Duration = Duration::from_millis(500);

/// Who is told to have asked, where it was another process.
pub const CANCELED_BY_VERB: &str = "runs cancel";

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
    pub(super) pool: Arc<StagingPool>,
    pub(super) scheduler: Scheduler<'d>,
    pub(super) counts: RunCounts,
    /// Keeps the run alive; there is none until the first step starts.
    pub(super) guard: Option<RunGuard>,
    pub(super) slots: JobSlots,
    /// What tells of the start of steps that workers have, or have before them, by the first of their cells.
    pub(super) starting: HashMap<Cell, Vec<EventKind>>,
    pub(super) watch: Watch<'d>,
    /// Steps that wait for their next attempt, by the first of their cells, with the end of the last one. They hold their leases.
    pub(super) retrying: BTreeMap<Cell, StepEnd>,
    /// Steps that have succeeded, and whose inputs were not looked at since.
    pub(super) unlooked: Vec<StepEnd>,
    /// Commands that have failed.
    pub(super) failures: u32,
    pub(super) halted: Option<Halt>,
    pub(super) hooks: DeclaredHooks<'d>,
    /// Hooks that no worker has been given.
    called: Vec<HookCall>,
    /// Whether workers start nothing more, for they may be the first to know.
    stop: Arc<AtomicBool>,
    /// When it is looked next whether another process asks the run to stop.
    asked: Instant,
}

impl<'a: 'd, 'd> Coordinator<'a, 'd> {
    pub(super) fn new(
        doors: RunDoors<'d>,
        evaluation: Evaluation<'a>,
        costs: &'d Costs,
        options: &'d RunOptions,
        (files, pool, stop): (Arc<InputFiles>, Arc<StagingPool>, Arc<AtomicBool>),
    ) -> Self {
        let scheduler = Scheduler::new(
            evaluation.scope(),
            &evaluation.decisions().of,
            costs,
            options.request.order,
        );
        let counts = RunCounts {
            // Also what is settled, and in no scope.
            fresh: options.planned.counts.fresh,
            ..RunCounts::default()
        };
        let job = options.request.job();
        let hooks = DeclaredHooks::new(doors.workspace.graph, job, options.hooks, doors.hooks);
        Self {
            orders: OrderMaker::new(options),
            locks: StepLocks::new(doors.workspace, options.run),
            left: doors.workspace.own_life == OwnLife::Kept && has_left(doors.workspace.root),
            outbox: Outbox::new(options.run, options.request.job(), doors.workspace.own),
            pool,
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
            retrying: BTreeMap::new(),
            unlooked: Vec::new(),
            failures: 0,
            halted: None,
            hooks,
            called: Vec::new(),
            stop,
            asked: Instant::now() + ASKED,
        }
    }
}

impl<'d> Coordinator<'_, 'd> {
    /// What hooks share.
    pub(super) fn hook_doors(&self) -> HookDoors<'d> {
        HookDoors {
            workspace: self.doors.workspace,
            run: self.options.run,
            job: self.options.request.job(),
            tags: &self.options.details.tags,
            resources: self.doors.resources,
            groups: Arc::clone(self.locks.groups()),
            second: self.doors.cancel.second(),
        }
    }
}

impl Coordinator<'_, '_> {
    pub(super) fn coordinate(
        &mut self,
        orders: &Sender<WorkerOrder>,
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
            if self.halted.is_some() {
                self.give_up_retries()?;
            }
            let runs = self.slots.running() > 0;
            if !runs || self.outbox.is_due(BATCH) {
                let flushed = self.flush();
                flushed.unwrap_or_else(|problems| self.break_off(problems));
            }
            for call in std::mem::take(&mut self.called) {
                self.slots.take();
                let given = orders.send(WorkerOrder::Hooks(Box::new(call)));
                given.expect("the queue of orders outlives the coordinator");
            }
            let runs = self.slots.running() > 0;
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
                Ok(StepReport::Resource) => self.tell_resources(),
                Ok(StepReport::Hook(event)) => {
                    self.tell_resources();
                    self.tell(*event);
                }
                Ok(StepReport::HooksEnded) => self.slots.give_back(),
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
            if let EventKind::StepStarted { pid, .. } | EventKind::StepRestarted { pid, .. } =
                &mut event
            {
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
        if self.halted.is_none() && self.asked <= Instant::now() {
            self.asked = Instant::now() + ASKED;
            // An instance that cannot be read now is met again when something is recorded.
            let is_asked = self.doors.store.is_asked_to_cancel(self.options.run);
            if is_asked.unwrap_or(false) {
                self.doors
                    .cancel
                    .interrupt_by(Severity::Ask, CANCELED_BY_VERB);
            }
        }
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
            self.doors.cancel.interrupt(Severity::Ask);
        }
    }

    /// The next instant at which something is due that no message tells of.
    fn due(&self) -> Option<Instant> {
        let look = (!self.unlooked.is_empty()).then(|| self.watch.rested());
        let asked = self.halted.is_none().then_some(self.asked);
        let due = [
            self.outbox.due(BATCH),
            look,
            self.scheduler.wakes_at(),
            asked,
        ];
        due.into_iter().flatten().min()
    }

    /// Puts right what crashed runs have left.
    pub(super) fn clear(&mut self, crashed: &[CrashedRun]) -> Result<(), Problems> {
        if crashed.is_empty() {
            return Ok(());
        }
        for run in crashed {
            clear_crashed(self.doors.workspace.root, run);
            for resource in &run.open_resources {
                self.tell_missing_teardown(run.id, resource);
            }
        }
        self.left = true;
        put_back_asides(self.doors.workspace, self.doors.store)?;
        Ok(())
    }

    /// Tells that a run was killed before it tore a resource down.
    fn tell_missing_teardown(&mut self, run: RunId, resource: &str) {
        let Ok(resource) = Name::parse(resource) else {
            return;
        };
        let code = "assetctl::engine::missing_teardown";
        let message = format!("run {run} was killed before it ran");
        let help = "undo by hand what its setup has left";
        let failure = StepFailure::new(code, message, Some(help));
        let failed = (failure, None);
        self.tell(resource_failed(&resource, ResourcePhase::Teardown, failed));
    }

    pub(super) fn unlockable(&self, source: std::io::Error) -> EngineError {
        let path = self.doors.workspace.resolve(OWN_FOLDER).join("locks");
        EngineError::Unwritable { path, source }
    }

    /// Records what has finished, then shows its events.
    pub(super) fn flush(&mut self) -> Result<(), Problems> {
        let root = self.doors.workspace.root;
        let pool = Arc::clone(&self.pool);
        let mut events = self
            .outbox
            .flush(self.doors.store, &mut self.locks, (root, &pool));
        if let Err(problems) = &events
            && problems.is_disk_full()
        {
            // What a failed step has left is of less use than its record.
            self.outbox.drop_failed_staging(root);
            events = self
                .outbox
                .flush(self.doors.store, &mut self.locks, (root, &pool));
        }
        let events = events?;
        self.show(&events);
        if self.hooks.are_there() {
            let called = events.iter().filter_map(|event| self.hooks.called(event));
            self.called.extend(called);
        }
        Ok(())
    }

    pub(super) fn show(&mut self, events: &[Event]) {
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

    /// Takes a worker's message. What has succeeded waits for a look at its inputs.
    pub(super) fn ended(&mut self, mut end: StepEnd) -> Result<(), Problems> {
        // Where a step fails for itself or because of a resource, the resource comes first.
        self.tell_resources();
        if let Err(NotMade::Blocked(reason)) = &end.result {
            self.never_started(end.cells[0]);
            return self.lacks_resource(&end.cells, reason);
        }
        let was_started = !end.is_canceled() || !self.never_started(end.cells[0]);
        if was_started {
            // One that failed before its command began counts, too.
            self.started(end.cells[0], None);
        }
        for SetAside { part, path, kept } in end.set_aside.drain(..) {
            let step = self.evaluation.step_name(end.cells[part]);
            self.tell(EventKind::OutputSetAside { step, path, kept });
        }
        match &end.result {
            Ok(_) => self.unlooked.push(end),
            Err(NotMade::Failed(_)) => self.retry_or_fail(end),
            Err(NotMade::Canceled) => self.canceled(&end, was_started)?,
            Err(NotMade::Blocked(_)) => unreachable!("its command was not started"),
        }
        Ok(())
    }

    /// Blocks a step whose resources cannot be set up, and all that needs it.
    fn lacks_resource(&mut self, cells: &[Cell], reason: &str) -> Result<(), Problems> {
        let partitions: Vec<_> = cells.iter().map(|it| self.asset_partition(*it)).collect();
        self.give_back(&partitions)?;
        self.counts.blocked += cells.len() as u32;
        for cell in cells {
            let step = self.evaluation.step_name(*cell);
            let name = step.to_string();
            self.tell(EventKind::StepBlocked {
                step,
                needs: Vec::new(),
                reason: reason.to_owned(),
            });
            self.block_below(*cell, &format!("{name} is blocked: {reason}"));
        }
        Ok(())
    }

    /// Tells what has happened to resources. A setup that fails counts as a failed command.
    pub(super) fn tell_resources(&mut self) {
        for event in self.doors.resources.take_told() {
            let has_failed = matches!(
                event,
                EventKind::ResourceFailed {
                    phase: ResourcePhase::Setup,
                    ..
                }
            );
            self.tell(event);
            if has_failed {
                self.note_failure();
            }
        }
    }

    /// Counts a command that has failed; after enough of them nothing more starts.
    fn note_failure(&mut self) {
        self.failures += 1;
        let most = self.options.request.max_failures;
        let enough = most.is_some_and(|most| self.failures >= most.get());
        if enough && self.halted.is_none() {
            self.halt(Halt::EnoughFailures);
        }
    }

    /// Looks at the inputs of all steps that have succeeded until now.
    pub(super) fn look(&mut self) {
        let ends = std::mem::take(&mut self.unlooked);
        if ends.is_empty() {
            return;
        }
        let steps = ends.iter().map(|end| end.cells.as_slice());
        let changed = self.watch.look(&self.evaluation, steps);
        for end in &ends {
            self.succeeded(end, &changed);
        }
    }

    fn succeeded(&mut self, end: &StepEnd, changed: &Changed) {
        let time = self.doors.clock.now();
        let mut settled = Vec::with_capacity(end.cells.len());
        for (place, cell) in end.cells.iter().copied().enumerate() {
            let unsettled = changed.of(&self.evaluation, cell);
            let at = self.asset_partition(cell);
            if self.left {
                remove_left(self.doors.workspace.root, &at);
            }
            let part = Part {
                end,
                place,
                unsettled: &unsettled,
            };
            let outcome = self.outbox.succeeded(at, part, &mut self.evaluation, time);
            if !unsettled.is_empty() {
                self.block_readers(cell, &unsettled);
                self.evaluation.note_made(cell, Status::Stale);
                self.counts.stale += 1;
                continue;
            }
            self.evaluation.note_made(cell, Status::Fresh);
            match outcome {
                Outcome::Materialized => self.counts.materialized += 1,
                Outcome::Unchanged => self.counts.unchanged += 1,
            }
            settled.push(cell);
        }
        for cell in settled {
            self.scheduler.done(cell);
        }
    }

    /// Blocks an external asset that is not fresh by what its upstreams have become, and all that needs it.
    pub(super) fn awaits_external(&mut self, cell: Cell) {
        let reason = self.evaluation.obstacle(cell);
        let blocked = self.scheduler.failed(cell).into_iter();
        let blocked = blocked.map(|(down, up)| (down, Some(up)));
        for (cell, needs) in std::iter::once((cell, None)).chain(blocked) {
            self.counts.blocked += 1;
            let needs = needs.map(|up| self.evaluation.step_name(up));
            self.tell(EventKind::StepBlocked {
                step: self.evaluation.step_name(cell),
                needs: needs.into_iter().collect(),
                reason: reason.clone(),
            });
        }
    }

    /// What reads a result that was made of changed inputs does not run.
    fn block_readers(&mut self, cell: Cell, unsettled: &Unsettled) {
        let name = self.evaluation.step_name(cell);
        let path = unsettled.paths().first().copied().unwrap_or_default();
        self.block_below(
            cell,
            &format!("{name} is stale: {path} changed while its command ran"),
        );
    }

    /// Blocks all that does not run because of a cell.
    fn block_below(&mut self, cell: Cell, reason: &str) {
        let blocked = self.scheduler.failed(cell);
        self.counts.blocked += blocked.len() as u32;
        for (down, needs) in blocked {
            self.tell(EventKind::StepBlocked {
                step: self.evaluation.step_name(down),
                needs: vec![self.evaluation.step_name(needs)],
                reason: reason.to_owned(),
            });
        }
    }

    pub(super) fn failed(&mut self, end: StepEnd) {
        let time = self.doors.clock.now();
        let cells = end.cells.clone();
        let partitions = cells
            .iter()
            .map(|cell| self.asset_partition(*cell))
            .collect();
        self.counts.failed += cells.len() as u32;
        self.outbox.failed(partitions, end, time);
        for cell in cells {
            let name = self.evaluation.step_name(cell);
            self.block_below(cell, &format!("{name} failed"));
        }
        self.note_failure();
    }

    pub(super) fn canceled(&mut self, end: &StepEnd, was_started: bool) -> Result<(), Problems> {
        let partitions: Vec<_> = end
            .cells
            .iter()
            .map(|cell| self.asset_partition(*cell))
            .collect();
        self.give_back(&partitions)?;
        for (place, at) in partitions.iter().enumerate() {
            let part = Part::settled(end, place);
            let outcome = StepOutcome::Canceled;
            let finished = self.outbox.finished(part, at, (outcome, Vec::new()));
            if was_started {
                self.tell(finished);
            }
            // What needs it does not run either.
            let below = self.scheduler.failed(end.cells[place]);
            self.counts.canceled += 1 + below.len() as u32;
        }
        Ok(())
    }
}
