//! What the end of a step means for the others: what is released, blocked, counted and told.

use crate::engine::coordinator::{Coordinator, Halt};
use crate::engine::error::Problems;
use crate::engine::outbox::{Part, Recorded};
use crate::engine::recover::remove_left;
use crate::engine::step::{NotMade, SetAside, StepEnd};
use crate::model::{Event, EventKind, Status, StepOutcome};
use crate::plan::{Cell, Demand, obstacles};

impl Coordinator<'_, '_> {
    /// Takes a worker's message.
    pub(super) fn ended(&mut self, mut end: StepEnd) -> Result<(), Problems> {
        for SetAside { part, path, kept } in end.set_aside.drain(..) {
            let step = self.evaluation.step_name(end.cells[part]);
            self.tell(EventKind::OutputSetAside { step, path, kept });
        }
        match &end.result {
            Ok(_) => self.succeeded(&end),
            Err(NotMade::Failed(_)) => self.failed(end),
            Err(NotMade::Canceled) => self.canceled(&end)?,
        }
        Ok(())
    }

    fn succeeded(&mut self, end: &StepEnd) {
        let time = self.doors.clock.now();
        for (place, cell) in end.cells.iter().copied().enumerate() {
            let at = self.asset_partition(cell);
            if self.left {
                remove_left(self.doors.workspace.root, &at);
            }
            let part = Part { end, place };
            match self.outbox.succeeded(at, part, &mut self.evaluation, time) {
                Recorded::Materialized => self.counts.materialized += 1,
                Recorded::Unchanged => self.counts.unchanged += 1,
            }
            self.evaluation.verdicts[cell.index()].status = Status::Fresh;
            self.evaluation.verdicts[cell.index()].demand = Demand::None;
        }
        for cell in &end.cells {
            self.scheduler.done(*cell);
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

    pub(super) fn failed(&mut self, end: StepEnd) {
        let time = self.doors.clock.now();
        let cells = end.cells.clone();
        let partitions = cells
            .iter()
            .map(|cell| self.asset_partition(*cell))
            .collect();
        self.counts.failed += cells.len() as u32;
        self.failures += 1;
        let mut blocked = Vec::new();
        for cell in cells {
            let name = self.evaluation.step_name(cell);
            for (down, needs) in self.scheduler.failed(cell) {
                self.counts.blocked += 1;
                let kind = EventKind::StepBlocked {
                    step: self.evaluation.step_name(down),
                    needs: vec![self.evaluation.step_name(needs)],
                    reason: format!("{name} failed"),
                };
                let run = Some(self.options.run);
                blocked.push(Event { run, time, kind });
            }
        }
        self.outbox.failed(partitions, end, blocked, time);
        let enough = self
            .options
            .stop_after
            .is_some_and(|most| self.failures >= most.get());
        if enough && self.halted.is_none() {
            self.halted = Some(Halt::EnoughFailures);
        }
    }

    fn canceled(&mut self, end: &StepEnd) -> Result<(), Problems> {
        // What has finished before it is told before it.
        self.flush()?;
        let partitions: Vec<_> = end
            .cells
            .iter()
            .map(|cell| self.asset_partition(*cell))
            .collect();
        self.doors.store.release(self.options.run, &partitions)?;
        self.locks.release(&partitions);
        for (place, at) in partitions.iter().enumerate() {
            let part = Part { end, place };
            let finished = self.outbox.finished(part, at, StepOutcome::Canceled);
            self.tell(finished);
            // What needs it does not run either.
            let below = self.scheduler.failed(end.cells[place]);
            self.counts.canceled += 1 + below.len() as u32;
        }
        Ok(())
    }

    /// Tells what cannot run, before anything starts.
    pub(super) fn tell_blocked(&mut self) {
        let blocked: Vec<Cell> = (0..self.evaluation.scope().cells())
            .map(Cell)
            .filter(|cell| self.evaluation.decisions.of[cell.index()].is_hindered())
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
