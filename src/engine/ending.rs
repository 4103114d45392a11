//! What the end of a step means for the others: what is released, blocked, counted and told.

use crate::engine::coordinator::{Coordinator, Halt};
use crate::engine::error::Problems;
use crate::engine::outbox::Recorded;
use crate::engine::step::{NotMade, StepEnd};
use crate::model::{Event, EventKind, Status, StepOutcome};
use crate::plan::{Cell, Decision, Demand, obstacles};
use crate::store::AssetPartition;

impl Coordinator<'_, '_> {
    /// Takes a worker's message.
    pub(super) fn ended(&mut self, end: StepEnd) -> Result<(), Problems> {
        let at = self.asset_partition(end.cell);
        match &end.result {
            Ok(_) => self.succeeded(at, &end),
            Err(NotMade::Failed(_)) => self.failed(at, end),
            Err(NotMade::Canceled) => {
                // What has finished before it is told before it.
                self.flush()?;
                self.doors.store.release(self.options.run, &[at])?;
                let step = self.evaluation.step_name(end.cell);
                let finished = self.outbox.finished(&end, step, StepOutcome::Canceled);
                self.tell(finished);
                self.counts.canceled += 1;
                self.scheduler.failed(end.cell);
            }
        }
        Ok(())
    }

    fn succeeded(&mut self, at: AssetPartition, end: &StepEnd) {
        let cell = end.cell;
        let now = self.doors.clock.now();
        let recorded = self.outbox.succeeded(at, end, &mut self.evaluation, now);
        match recorded {
            Recorded::Materialized => self.counts.materialized += 1,
            Recorded::Unchanged => self.counts.unchanged += 1,
        }
        self.evaluation.verdicts[cell.index()].status = Status::Fresh;
        self.evaluation.verdicts[cell.index()].demand = Demand::None;
        self.scheduler.done(cell);
    }

    pub(super) fn failed(&mut self, at: AssetPartition, end: StepEnd) {
        let cell = end.cell;
        let time = self.doors.clock.now();
        self.counts.failed += 1;
        let name = self.evaluation.step_name(cell);
        let mut blocked = Vec::new();
        for (down, needs) in self.scheduler.failed(cell) {
            self.counts.blocked += 1;
            let needs = self.evaluation.step_name(needs);
            let reason = format!("{name} failed");
            let step = self.evaluation.step_name(down);
            let kind = EventKind::StepBlocked {
                step,
                needs: vec![needs],
                reason,
            };
            blocked.push(Event { time, kind });
        }
        self.outbox.failed(at, end, blocked, time);
        let enough = self
            .options
            .stop_after
            .is_some_and(|most| self.counts.failed >= most.get());
        if enough && self.halted.is_none() {
            self.halted = Some(Halt::EnoughFailures);
        }
    }

    /// Tells what cannot run, before anything starts.
    pub(super) fn tell_blocked(&mut self) {
        let blocked: Vec<Cell> = (0..self.evaluation.scope().cells())
            .map(Cell)
            .filter(|cell| self.evaluation.decisions.of[cell.index()] == Decision::Blocked)
            .collect();
        for cell in blocked {
            self.counts.blocked += 1;
            let needs = obstacles(&self.evaluation.judge, &self.evaluation.decisions.of, cell);
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
}
