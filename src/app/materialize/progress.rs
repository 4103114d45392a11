//! What a run goes through: where it is shown, and what it needs of the world.

use std::path::Path;

use crate::answer::{EventSink, KeyPlaces};
use crate::app::notice::Notice;
use crate::engine::HookFunction;
use crate::executor::{Cancel, Executor};
use crate::look::Workspace;
use crate::plan::{CellDecision, Evaluation, Row};
use crate::sys::clock::Clock;

/// Where a run is shown: its events, and what is no event of it.
pub trait Progress: EventSink {
    /// Takes where a run is, before its first event.
    fn begins(&mut self, place: &RunPlace<'_>);

    /// Takes what the user should know besides.
    fn notice(&mut self, notice: &Notice);
}

/// Where a run is, and in which order its keys are.
pub struct RunPlace<'a> {
    /// The root of the project.
    pub root: &'a Path,
    /// The folder that the run works in: relative to the root, or absolute.
    pub own: &'a str,
    /// The keys of all assets of which something is to be told.
    pub keys: KeyPlaces,
}

impl<'a> RunPlace<'a> {
    /// That of a run with this evaluation.
    pub fn of(workspace: &Workspace<'a>, evaluation: &Evaluation<'_>) -> Self {
        Self {
            root: workspace.root,
            own: workspace.own,
            keys: places(evaluation),
        }
    }
}

/// The keys of all assets of which something is to be told.
fn places(evaluation: &Evaluation<'_>) -> KeyPlaces {
    let (scope, decisions) = (evaluation.scope(), &evaluation.decisions().of);
    let told = |row: &&Row| {
        let mut cells = row.cells();
        scope.keys(row.asset).is_partitioned()
            && cells.any(|cell| decisions[cell.index()] != CellDecision::Keep)
    };
    let rows = scope.rows().iter().filter(told);
    rows.map(|row| {
        let key = scope.graph().key(row.asset);
        (key.clone(), scope.keys(row.asset).clone())
    })
    .collect()
}

/// The doors that a run goes through.
pub struct RunContext<'a> {
    /// Where commands run.
    pub executor: &'a dyn Executor,
    /// Interrupts.
    pub cancel: &'a Cancel,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Hooks of the program.
    pub hooks: &'a [HookFunction],
    /// Where it is shown.
    pub progress: &'a mut dyn Progress,
}
