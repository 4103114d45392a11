//! Carries a plan out: a coordinator on this thread, commands on threads of their own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::engine::coordinator::Coordinator;
use crate::engine::doors::RunDoors;
use crate::engine::finished::Finished;
use crate::engine::options::RunOptions;
use crate::engine::spares::Spares;
use crate::engine::step::{StepEnd, StepOrder, StepReport, run_step};
use crate::engine::watch::InputFiles;
use crate::executor::Listener;
use crate::look::{EngineError, Problems};
use crate::plan::{Costs, Evaluation};

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
    let files = Arc::new(InputFiles::default());
    let stop = Arc::new(AtomicBool::new(false));
    let shared = (Arc::clone(&files), Arc::clone(&stop));
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
        let (orders, queue) = channel::<StepOrder>();
        let queue = Mutex::new(queue);
        let failures = AtomicU32::new(0);
        let spares = Spares::new(workspace.root, workspace.own, options.run);
        let work = |order: &StepOrder, sender: &Sender<StepReport>| {
            if stop.load(Ordering::Relaxed) {
                return StepEnd::not_started(order);
            }
            let end = run_step(
                workspace,
                ignore,
                (&spares, &files),
                order,
                (cancel, sender),
            );
            if end.has_failed() {
                let failures = failures.fetch_add(1, Ordering::Relaxed) + 1;
                let enough = options
                    .request
                    .max_failures
                    .is_some_and(|most| failures >= most.get());
                stop.fetch_or(enough, Ordering::Relaxed);
            }
            end
        };
        let coordinated = thread::scope(|scope| {
            // The queue ends with the only sender of orders, and so do the workers.
            let orders = orders;
            for index in 0..options.jobs.min(coordinator.scheduler.open() as usize) {
                let (queue, work, sender) = (&queue, &work, sender.clone());
                thread::Builder::new()
                    .name(format!("command-{index}"))
                    .spawn_scoped(scope, move || {
                        while let Some(order) = next(queue) {
                            let end = catch_unwind(AssertUnwindSafe(|| work(&order, &sender)));
                            let end = end.unwrap_or_else(|panic| {
                                let _ = sender.send(StepReport::Panicked);
                                resume_unwind(panic)
                            });
                            // The coordinator stays until the last worker has sent its message.
                            let _ = sender.send(StepReport::Ended(end));
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
        spares.remove();
        if let Err(problems) = coordinated {
            coordinator.fail(started.elapsed());
            return Err(problems);
        }
    }
    coordinator.finish(started.elapsed())
}

/// Waits for the next order; `None` once the coordinator gives no more.
fn next(queue: &Mutex<Receiver<StepOrder>>) -> Option<StepOrder> {
    // Orders are received whole or not at all: a panic elsewhere leaves the queue as it should be.
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}
