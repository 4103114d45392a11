//! Carries a plan out, from the beginning of a run to its end: a coordinator on this thread, commands on threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::answer::{
    Event, EventKind, EventSink, GivenConfiguration, KeyRange, Planned, RunCounts, RunOrigin,
    RunOutcome,
};
use crate::digest::Digest;
use crate::engine::coordinator::{Coordinator, Halt};
use crate::engine::hooks::{HookCall, HookFunction, event_folder};
use crate::engine::inputs::InputFiles;
use crate::engine::resources::ResourcePool;
use crate::engine::staging_pool::StagingPool;
use crate::engine::step::{StepDoors, StepEnd, StepOrder, StepReport, run_step};
use crate::engine::step_locks::end_left_behind;
use crate::executor::{Cancel, Listener};
use crate::hash::Ignore;
use crate::look::{EngineError, OWN_FOLDER, Problems, Workspace};
use crate::model::{MaterializeOptions, RetryPolicy, RunDetails, RunId, RunStatus, StepName};
use crate::plan::{Cell, Costs, Evaluation, obstacles};
use crate::store::{NewRun, RunEnd, RunGuard, Store};
use crate::sys::clock::Clock;
use crate::sys::file::remove_tree;

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
    let (workspace, ignore, cancel) = (doors.workspace, doors.ignore, doors.cancel);
    let resources = doors.resources;
    let files = Arc::new(InputFiles::default());
    let stop = Arc::new(AtomicBool::new(false));
    let pool = StagingPool::new(workspace.root, workspace.own, options.run);
    let pool = Arc::new(pool);
    let shared = (Arc::clone(&files), Arc::clone(&pool), Arc::clone(&stop));
    let mut coordinator = Coordinator::new(doors, evaluation, costs, options, shared);
    if coordinator.has_work() {
        coordinator.begin()?;
        coordinator.tell_blocked();
    }
    if coordinator.scheduler.open() > 0 {
        let (sender, receiver) = channel();
        let interrupted = sender.clone();
        let listener: Arc<Listener> =
            Arc::new(move || drop(interrupted.send(StepReport::Interrupted)));
        cancel.listen(&listener);
        let (orders, queue) = channel::<WorkerOrder>();
        let queue = Mutex::new(queue);
        let failures = AtomicU32::new(0);
        let work = |order: &StepOrder, sender: &Sender<StepReport>| {
            if stop.load(Ordering::Relaxed) {
                return StepEnd::not_started(order);
            }
            let doors = StepDoors {
                workspace,
                ignore,
                pool: &pool,
                files: &files,
                resources,
            };
            let end = run_step(doors, order, (cancel, sender));
            if end.has_failed()
                && order
                    .retry
                    .delay_after(end.attempt, end.exit(), 0.0)
                    .is_none()
            {
                let failures = failures.fetch_add(1, Ordering::Relaxed) + 1;
                let enough = options
                    .request
                    .max_failures
                    .is_some_and(|most| failures >= most.get());
                stop.fetch_or(enough, Ordering::Relaxed);
            }
            end
        };
        let hook_doors = coordinator.hook_doors();
        let hooks = |call: &HookCall, sender: &Sender<StepReport>| {
            let wake = || drop(sender.send(StepReport::Resource));
            let mut tell = |event| drop(sender.send(StepReport::Hook(Box::new(event))));
            hook_doors.run(call, &wake, &mut tell);
        };
        let coordinated = thread::scope(|scope| {
            // The queue ends with the only sender of orders, and so do the workers.
            let orders = orders;
            for index in 0..options.jobs.min(coordinator.scheduler.open() as usize) {
                let (queue, work, hooks, sender) = (&queue, &work, &hooks, sender.clone());
                thread::Builder::new()
                    .name(format!("command-{index}"))
                    .spawn_scoped(scope, move || {
                        while let Some(order) = next(queue) {
                            let done = || match &order {
                                WorkerOrder::Step(order) => StepReport::Ended(work(order, &sender)),
                                WorkerOrder::Hooks(call) => {
                                    hooks(call, &sender);
                                    StepReport::HooksEnded
                                }
                            };
                            let report = catch_unwind(AssertUnwindSafe(done));
                            let report = report.unwrap_or_else(|panic| {
                                let _ = sender.send(StepReport::Panicked);
                                resume_unwind(panic)
                            });
                            // The coordinator stays until the last worker has sent its message.
                            let _ = sender.send(report);
                        }
                    })
                    .map_err(|source| EngineError::Unwritable {
                        path: PathBuf::from("thread"),
                        source,
                    })?;
            }
            drop(sender);
            coordinator.coordinate(&orders, &receiver)
        });
        pool.remove();
        if let Err(problems) = coordinated {
            coordinator.tear_down();
            coordinator.fail(started.elapsed());
            return Err(problems);
        }
    }
    if !coordinator.hooks.hold_resources() {
        coordinator.tear_down();
    }
    coordinator.finish(started.elapsed())
}

/// Waits for the next order; `None` once the coordinator gives no more.
fn next(queue: &Mutex<Receiver<WorkerOrder>>) -> Option<WorkerOrder> {
    // Orders are received whole or not at all: a panic elsewhere leaves the queue as it should be.
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}

/// What a worker is to do.
pub(super) enum WorkerOrder {
    /// An attempt at a step.
    Step(Box<StepOrder>),
    /// The hooks of a step that has ended.
    Hooks(Box<HookCall>),
}

/// The request of a run, and what is known of it before it begins.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The run's id.
    pub run: RunId,
    /// How many commands run at once.
    pub jobs: usize,
    /// Whether steps that fail may be tried again.
    pub retries: bool,
    /// How often steps are tried again that have no policy of their own, by the job that is run.
    pub job_retries: Option<RetryPolicy>,
    /// What decides about the length of waits.
    pub chance: fn() -> f64,
    /// The request. Its selection has been read already.
    pub request: MaterializeOptions,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The selection as it can be typed.
    pub selection: String,
    /// What is to be done, to be told before the first step.
    pub planned: Arc<Planned>,
    /// The configuration that it was given, if one was.
    pub configuration: Option<GivenConfiguration>,
    /// How the run was asked for, and where it takes place.
    pub details: RunDetails,
    /// What tells its configuration from any other; `None` where none was given.
    pub config_digest: Option<Digest>,
    /// The steps of the plan, those that cannot run as well.
    pub steps: Vec<KeyRange>,
    /// Whether hooks run.
    pub hooks: bool,
}

/// The doors that a run goes through.
pub struct RunDoors<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// What is never part of outputs.
    pub ignore: &'a Ignore,
    /// Hooks of the program.
    pub hooks: &'a [HookFunction],
    /// The resources, some of which may be set up already.
    pub resources: &'a ResourcePool<'a>,
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
    pub result: RunSummary,
    /// The evaluation as it stands now: what has run is fresh in it.
    pub evaluation: Evaluation<'a>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Its id; `None` if there was nothing to do, in which case nothing was recorded.
    pub run: Option<RunId>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// How many steps ended how.
    pub counts: RunCounts,
}

impl<'a> Coordinator<'a, '_> {
    /// Whether there is anything to do, or that cannot be done.
    fn has_work(&self) -> bool {
        self.scheduler.open() > 0 || self.evaluation.decisions().blocked > 0
    }

    /// Begins the run.
    fn begin(&mut self) -> Result<(), Problems> {
        let (options, time) = (self.options, self.doors.clock.now());
        self.tell(EventKind::RunStarted {
            steps: self.evaluation.decisions().run + self.evaluation.decisions().may_run,
            selection: options.selection.clone(),
            partitions: options.request.selection.partitions.to_string(),
            configuration: options.configuration.clone().map(Box::new),
            origin: Box::new(RunOrigin {
                tags: options.details.tags.clone(),
                config_digest: options.config_digest,
                parent: options.details.parent,
                root: options.details.root,
            }),
        });
        self.tell(EventKind::RunPlanned(options.planned.clone()));
        self.tell_resources();
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
            details: options.details.clone(),
            steps: options.steps.clone(),
            events,
        };
        let begun = self.doors.store.begin_run(&new)?;
        self.guard = Some(begun.guard);
        self.show(&new.events);
        self.clear(&begun.crashed)?;
        let dead = self.locks.begin();
        for dead in dead.map_err(|source| self.unlockable(source))? {
            // One of another instance, or whose hooks ran: the locks that it had are taken over with their steps.
            let root = self.doors.workspace.root;
            let _ = remove_tree(&root.join(event_folder(OWN_FOLDER, dead)));
            end_left_behind(root, dead);
        }
        self.orders.note_groups(self.locks.groups());
        Ok(())
    }

    /// Tells what cannot run, before anything starts.
    fn tell_blocked(&mut self) {
        let blocked: Vec<Cell> = (0..self.evaluation.scope().cells())
            .map(Cell)
            .filter(|cell| self.evaluation.decision(*cell).is_hindered())
            .collect();
        for cell in blocked {
            self.counts.blocked += 1;
            let needs = obstacles(
                self.evaluation.judge(),
                &self.evaluation.decisions().of,
                cell,
            );
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

    /// Tears all resources down, and tells so.
    fn tear_down(&mut self) {
        self.doors.resources.tear_down(self.doors.cancel);
        self.tell_resources();
    }

    /// Ends a run that cannot go on, as far as that can be recorded.
    fn fail(mut self, duration: Duration) {
        if self.guard.is_some() {
            // Whoever broke it off has the first problem, which is the one to tell.
            drop(self.end(RunOutcome::Failed, duration));
        }
    }

    fn finish(mut self, duration: Duration) -> Result<Finished<'a>, Problems> {
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
        let guard = self.guard.take();
        if guard.is_some() {
            if !self.hooks.are_there() {
                // Of a run that is recorded as ended nobody would look for the file.
                self.locks.end();
            }
        } else {
            self.tell(EventKind::RunPlanned(self.options.planned.clone()));
        }
        self.tell(EventKind::RunFinished {
            outcome,
            counts,
            duration,
            configuration: self.options.configuration.clone().map(Box::new),
        });
        let mut events = self.outbox.take_told();
        let Some(guard) = guard else {
            for event in &mut events {
                event.run = None;
            }
            self.show(&events);
            return Ok(());
        };
        let end = RunEnd {
            status: match outcome {
                RunOutcome::Success => RunStatus::Success,
                RunOutcome::Failed => RunStatus::Failure,
                RunOutcome::Canceled => RunStatus::Canceled,
            },
            counts,
            time: self.doors.clock.now(),
            events,
        };
        let ended = self.doors.store.finish_run(guard, &end);
        self.show(&end.events);
        ended?;
        let followed = self.follow_up(&end.events);
        if self.hooks.are_there() {
            let workspace = self.doors.workspace;
            let folder = event_folder(workspace.own, self.options.run);
            let _ = remove_tree(&workspace.resolve(&folder));
        }
        self.locks.end();
        followed
    }

    /// Runs the hooks of a run that has ended, and records what they have come to.
    fn follow_up(&mut self, events: &[Event]) -> Result<(), Problems> {
        let called = events.iter().rev().find_map(|it| self.hooks.called(it));
        if let Some(call) = called {
            let doors = self.hook_doors();
            let mut told = Vec::new();
            doors.run(&call, &|| {}, &mut |event| told.push(event));
            self.tell_resources();
            for event in told {
                self.tell(event);
            }
        }
        // Where no hook had to have them, they are down already.
        self.tear_down();
        let events = self.outbox.take_told();
        if !events.is_empty() {
            self.doors.store.follow_run(self.options.run, &events)?;
            self.show(&events);
        }
        Ok(())
    }
}
