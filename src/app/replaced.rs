//! An instance that turned out to be damaged, and was replaced, before a run began: the run begins anew with the new one.

use crate::answer::{Event, EventKind, EventSink};
use crate::app::error::AppError;
use crate::app::materialize::progress::{Progress, RunPlace};
use crate::app::notice::Notice;
use crate::look::EngineError;
use crate::store::StoreError;

/// A display, and whether a run has begun to be shown on it.
pub(super) struct Watched<'a> {
    pub progress: &'a mut dyn Progress,
    pub has_begun: bool,
}

impl EventSink for Watched<'_> {
    fn emit(&mut self, event: &Event) {
        let is_of_a_run = matches!(
            event.kind,
            EventKind::RunStarted { .. } | EventKind::RunFinished { .. }
        );
        self.has_begun |= is_of_a_run;
        self.progress.emit(event);
    }
}

impl Progress for Watched<'_> {
    fn begins(&mut self, place: &RunPlace<'_>) {
        self.progress.begins(place);
    }

    fn notice(&mut self, notice: &Notice) {
        self.progress.notice(notice);
    }
}

/// Whether another instance is in the place of the one that was used.
pub(super) fn was_replaced(error: &AppError) -> bool {
    let is_of_it = |error: &StoreError| {
        matches!(
            error,
            StoreError::Replaced { .. } | StoreError::ReplacedByAnother { .. }
        )
    };
    match error {
        AppError::Store(error) => is_of_it(error),
        AppError::Plan(problems) => problems
            .list()
            .iter()
            .any(|problem| matches!(problem, EngineError::Store(error) if is_of_it(error))),
        _ => false,
    }
}

/// What is to be told of an instance that was replaced, where the command goes on with the new one.
pub(super) fn told_of(error: AppError) -> Option<Notice> {
    let replaced = match error {
        AppError::Store(error) => Some(error),
        AppError::Plan(problems) => problems.into_list().into_iter().find_map(|it| match it {
            EngineError::Store(error) => Some(error),
            _ => None,
        }),
        _ => None,
    };
    match replaced? {
        StoreError::Replaced { notice } => Some((*notice).into()),
        _ => None,
    }
}
