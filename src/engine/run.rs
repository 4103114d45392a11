//! Carries a plan out: a coordinator on this thread, commands on a pool.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use rayon::ThreadPoolBuilder;

use crate::engine::coordinator::Coordinator;
use crate::engine::doors::RunDoors;
use crate::engine::error::{EngineError, Problems};
use crate::engine::evaluate::Evaluation;
use crate::engine::finished::Finished;
use crate::engine::options::RunOptions;
use crate::engine::spares::Spares;
use crate::engine::step::{StepEnd, StepOrder, StepReport, run_step};
use crate::engine::watch::InputFiles;
use crate::plan::Costs;

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
        let failures = AtomicU32::new(0);
        let spares = Spares::new(workspace.root, workspace.own, options.run);
        let coordinated = pool.in_place_scope(|scope| {
            let (spares, files, stop, failures) = (&spares, &*files, &*stop, &failures);
            let start = |order: StepOrder, sender: Sender<StepReport>| {
                scope.spawn(move |_| {
                    if stop.load(Ordering::Relaxed) {
                        let _ = sender.send(StepReport::Ended(StepEnd::not_started(&order)));
                        return;
                    }
                    let end = run_step(
                        workspace,
                        ignore,
                        (spares, files),
                        &order,
                        (cancel, &sender),
                    );
                    if end.has_failed() {
                        let failures = failures.fetch_add(1, Ordering::Relaxed) + 1;
                        let enough = options
                            .stop_after
                            .is_some_and(|most| failures >= most.get());
                        stop.fetch_or(enough, Ordering::Relaxed);
                    }
                    // The coordinator stays until the last worker has sent its message.
                    let _ = sender.send(StepReport::Ended(end));
                });
            };
            coordinator.coordinate(&sender, &receiver, &start)
        });
        spares.remove();
        coordinated?;
    }
    coordinator.finish(started.elapsed())
}
