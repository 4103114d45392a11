//! The steps of a run with their attempts, from its events.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::answer::{Event, EventKind, RunAttempt, RunStep, RunStepState, StepOutcome};
use crate::model::{Batch, RunStatus, StepName};

/// The steps that the events of a run tell of, in the order in which they began; `status` is that of the run.
pub fn run_steps(events: &[Event], status: RunStatus) -> Vec<RunStep> {
    let mut steps = Steps::default();
    for event in events {
        steps.take(event);
    }
    let last = events.last().map(|event| event.time);
    let mut steps = steps.list;
    for step in steps.iter_mut().filter(|_| status != RunStatus::Started) {
        let is_open = |state| matches!(state, RunStepState::Running | RunStepState::Waiting);
        if is_open(step.state) {
            step.state = RunStepState::Interrupted;
        }
        let open = step.attempts.iter_mut().filter(|it| is_open(it.state));
        for attempt in open {
            attempt.state = RunStepState::Interrupted;
            attempt.duration_ms = last.map_or(0, |last| between(attempt.started, last));
        }
    }
    steps
}

/// How many milliseconds lie between two times; 0 where the clock was put back.
pub(super) fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Default)]
struct Steps {
    list: Vec<RunStep>,
    places: HashMap<StepName, usize>,
}

impl Steps {
    fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepStarted {
                step,
                batch,
                attempt,
                ..
            }
            | EventKind::StepRestarted {
                step,
                batch,
                attempt,
                ..
            } => {
                let at = self.at(step, batch.as_deref());
                at.state = RunStepState::Running;
                at.attempts.push(running(*attempt, event.time));
            }
            EventKind::StepFinished {
                step,
                batch,
                attempt,
                outcome,
                duration,
                log,
                ..
            } => {
                let at = self.at(step, batch.as_deref());
                let (state, failure) = match outcome {
                    StepOutcome::Materialized { .. } => (RunStepState::Materialized, None),
                    StepOutcome::Unchanged { .. } => (RunStepState::Unchanged, None),
                    StepOutcome::Failed(failure) => (RunStepState::Failed, Some(failure.clone())),
                    StepOutcome::Canceled => (RunStepState::Canceled, None),
                };
                at.state = state;
                let is_its = |it: &RunAttempt| it.attempt == *attempt;
                if !at.attempts.last().is_some_and(is_its) {
                    // One that failed before its command could start.
                    at.attempts.push(running(*attempt, event.time));
                }
                if let Some(last) = at.attempts.last_mut() {
                    last.state = state;
                    last.failure = failure;
                    last.duration_ms = milliseconds(*duration);
                    last.log.clone_from(log);
                }
            }
            EventKind::StepUpForRetry(tried) => {
                let at = self.at(&tried.step, tried.batch.as_deref());
                at.state = RunStepState::Waiting;
                if let Some(last) = at.attempts.last_mut() {
                    last.state = RunStepState::Failed;
                    last.failure = Some(Box::new(tried.failure()));
                    last.duration_ms = milliseconds(tried.duration);
                    last.log.clone_from(&tried.log);
                }
            }
            EventKind::StepBlocked { step, reason, .. } => {
                let at = self.at(step, None);
                at.state = RunStepState::Blocked;
                at.reason = Some(reason.clone());
            }
            EventKind::StepFresh { step } => self.at(step, None).state = RunStepState::Fresh,
            _ => {}
        }
    }

    fn at(&mut self, step: &StepName, batch: Option<&Batch>) -> &mut RunStep {
        let place = *self.places.entry(step.clone()).or_insert_with(|| {
            self.list.push(RunStep {
                step: step.clone(),
                batch: None,
                state: RunStepState::Running,
                reason: None,
                attempts: Vec::new(),
            });
            self.list.len() - 1
        });
        let found = &mut self.list[place];
        if batch.is_some() {
            found.batch = batch.cloned();
        }
        found
    }
}

fn running(attempt: u32, started: Timestamp) -> RunAttempt {
    RunAttempt {
        attempt,
        state: RunStepState::Running,
        started,
        duration_ms: 0,
        failure: None,
        log: None,
    }
}
