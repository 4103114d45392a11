//! `materialize`: bring asset partitions up to date, on disk.

use std::time::{Duration, Instant};

use crate::answer::{Event, EventKind, PlanCounts, Planned, RunCounts, RunOutcome};
use crate::app::error::AppError;
use crate::app::materialize::carry_out::{Medium, carry_out};
use crate::app::materialize::progress::{Progress as _, RunContext};
use crate::app::project::OpenProject;
use crate::app::replaced::{Watched, told_of, was_replaced};
use crate::app::seal;
use crate::app::seal::NothingToDo;
use crate::app::surroundings::Surroundings;
use crate::engine::RunSummary;
use crate::model::MaterializeOptions;
use crate::plan::Evaluation;

/// Brings what is selected, and what it needs, up to date.
///
/// # Errors
///
/// If it cannot be planned, or the run cannot go on. A step that fails is no error: the result says so.
pub(super) fn materialize_on_disk(
    surroundings: &Surroundings,
    request: &MaterializeOptions,
    running: RunContext<'_>,
) -> Result<RunSummary, AppError> {
    let started = Instant::now();
    if let Some(nothing) = seal::check(surroundings, request) {
        return Ok(tell_nothing_to_do(&nothing, running, started));
    }
    let project = &mut OpenProject::open(surroundings)?;
    let opened = OpenedProject { project, started };
    Ok(materialize_opened(opened, request, running, |_| ())?.0)
}

/// A project that a run is to begin with.
pub struct OpenedProject<'a> {
    /// The project; it is opened anew if its instance turns out to be damaged.
    pub project: &'a mut OpenProject,
    /// When it began to be looked at.
    pub started: Instant,
}

/// [`materialize`] for a project that was opened already, and for what it is asked no seal is looked for. Gives, too, what
/// `look` sees in the evaluation as it stands in the end, where what is fresh has run or did not have to.
///
/// # Errors
///
/// As [`materialize`].
pub fn materialize_opened<T>(
    OpenedProject { project, started }: OpenedProject<'_>,
    request: &MaterializeOptions,
    running: RunContext<'_>,
    look: impl Fn(&Evaluation<'_>) -> T,
) -> Result<(RunSummary, T), AppError> {
    let RunContext {
        executor,
        cancel,
        clock,
        progress,
    } = running;
    let mut progress = Watched {
        progress,
        has_begun: false,
    };
    // One attempt: it ends with `StoreError::Replaced` where the instance turns out to be damaged, and nothing has run.
    let attempt = |project: &OpenProject, progress: &mut Watched<'_>, is_whole| {
        let running = RunContext {
            executor,
            cancel,
            clock,
            progress,
        };
        let medium = Medium::Disk { is_whole };
        carry_out((project, started), request, running, &medium, &look)
    };
    let first = attempt(project, &mut progress, true);
    match first {
        Err(error) if !progress.has_begun && was_replaced(&error) => {
            if let Some(notice) = told_of(error) {
                progress.notice(&notice);
            }
            *project = project.reopened()?;
            attempt(project, &mut progress, false)
        }
        ended => ended,
    }
}

/// Tells what a run with nothing to do would have told.
fn tell_nothing_to_do(
    nothing: &NothingToDo,
    running: RunContext<'_>,
    started: Instant,
) -> RunSummary {
    let RunContext {
        clock, progress, ..
    } = running;
    let counts = RunCounts {
        fresh: nothing.partitions,
        ..RunCounts::default()
    };
    let planned = Planned {
        counts: PlanCounts {
            fresh: nothing.partitions,
            ..PlanCounts::default()
        },
        assets: nothing.assets,
        partitions: nothing.partitions,
        elapsed: started.elapsed(),
        expected: Some(Duration::ZERO),
        ..Planned::default()
    };
    let (run, outcome, duration) = (None, RunOutcome::Success, started.elapsed());
    let finished = EventKind::RunFinished {
        outcome,
        counts,
        duration,
    };
    let kinds = [EventKind::RunPlanned(Box::new(planned)), finished];
    for (seq, kind) in (0..).zip(kinds) {
        let time = clock.now();
        progress.emit(&Event {
            run,
            seq,
            time,
            kind,
        });
    }
    RunSummary {
        run,
        outcome,
        counts,
    }
}
