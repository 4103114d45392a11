//! What becomes of a step whose attempt has failed: another attempt after a delay, or the end.
//!
//! While it waits a step holds its leases and nothing else. A batch waits as one, by the first of its cells: the others stay
//! running until the next attempt.

use std::time::Instant;

use crate::answer::{EventKind, FailedTry, StepFailure};
use crate::engine::coordinator::{Coordinator, Halt};
use crate::engine::outbox::Part;
use crate::engine::step::{NotMade, StepEnd};
use crate::look::Problems;
use crate::model::RetryRule;
use crate::plan::Cell;

impl Coordinator<'_, '_> {
    /// Takes a step of which an attempt has failed.
    pub(super) fn retry_or_fail(&mut self, end: StepEnd) {
        let (attempt, exit) = (end.attempt, end.exit());
        let rule = self.rule_of(end.cells[0]);
        let delay = rule.delay_after(attempt, exit, (self.options.chance)());
        let delay = delay.filter(|_| self.halted.is_none());
        let (Some(delay), Err(NotMade::Failed(failure))) = (delay, &end.result) else {
            self.failed(end);
            return;
        };
        for place in 0..end.cells.len() {
            let step = self.evaluation.step_name(end.cells[place]);
            let part = Part::settled(&end, place);
            let StepFailure {
                exit,
                signal,
                code,
                message,
                command,
                tail,
                help: _,
            } = (**failure).clone();
            let tried = FailedTry {
                step,
                batch: end.batch.clone(),
                attempt,
                max_attempts: rule.attempts(exit),
                exit,
                signal,
                code,
                reason: message,
                delay,
                duration: part.duration(),
                log: end.log.clone(),
                command,
                tail,
            };
            self.tell(EventKind::StepUpForRetry(Box::new(tried)));
        }
        let first = end.cells[0];
        self.scheduler.delay(first, Instant::now() + delay);
        self.retrying.insert(first, end);
    }

    fn rule_of(&self, cell: Cell) -> RetryRule {
        let recipe = self.recipe(cell).filter(|_| self.options.retries);
        recipe.map_or(RetryRule::Never, |recipe| {
            recipe.retry_rule(self.options.job_retries)
        })
    }

    /// Ends all steps that wait for an attempt that does not come: as canceled where the user has interrupted, as failed otherwise.
    pub(super) fn give_up_retries(&mut self) -> Result<(), Problems> {
        let is_interrupt = matches!(self.halted, Some(Halt::Interrupted));
        while let Some((_, mut end)) = self.retrying.pop_first() {
            if is_interrupt {
                end.result = Err(NotMade::Canceled);
                self.canceled(&end, true)?;
            } else {
                self.failed(end);
            }
        }
        Ok(())
    }
}
