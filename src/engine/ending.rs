//! What the end of a step means for the others: what is released, blocked, counted and told.

use crate::answer::{EventKind, StepOutcome};
use crate::engine::coordinator::{Coordinator, Halt};
use crate::engine::outbox::{Part, Recorded};
use crate::engine::recover::remove_left;
use crate::engine::step::{NotMade, SetAside, StepEnd};
use crate::engine::unsettled::{Changed, Unsettled};
use crate::look::Problems;
use crate::model::Status;
use crate::plan::{Cell, obstacles};

impl Coordinator<'_, '_> {
    /// Takes a worker's message. What has succeeded waits for a look at its inputs.
    pub(super) fn ended(&mut self, mut end: StepEnd) -> Result<(), Problems> {
        let was_started = !end.is_canceled() || !self.never_started(end.cells[0]);
        if was_started {
            // One that failed before its command began counts, too.
            self.started(end.cells[0], None);
        }
        for SetAside { part, path, kept } in end.set_aside.drain(..) {
            let step = self.evaluation.step_name(end.cells[part]);
            self.tell(EventKind::OutputSetAside { step, path, kept });
        }
        match &end.result {
            Ok(_) => self.unlooked.push(end),
            Err(NotMade::Failed(_)) => self.failed(end),
            Err(NotMade::Canceled) => self.canceled(&end, was_started)?,
        }
        Ok(())
    }

    /// Looks at the inputs of all steps that have succeeded until now.
    pub(super) fn look(&mut self) {
        let ends = std::mem::take(&mut self.unlooked);
        if ends.is_empty() {
            return;
        }
        let steps = ends.iter().map(|end| end.cells.as_slice());
        let changed = self.watch.look(&self.evaluation, steps);
        for end in &ends {
            self.succeeded(end, &changed);
        }
    }

    fn succeeded(&mut self, end: &StepEnd, changed: &Changed) {
        let time = self.doors.clock.now();
        let mut settled = Vec::with_capacity(end.cells.len());
        for (place, cell) in end.cells.iter().copied().enumerate() {
            let unsettled = changed.of(&self.evaluation, cell);
            let at = self.asset_partition(cell);
            if self.left {
                remove_left(self.doors.workspace.root, &at);
            }
            let part = Part {
                end,
                place,
                unsettled: &unsettled,
            };
            let recorded = self.outbox.succeeded(at, part, &mut self.evaluation, time);
            if !unsettled.is_empty() {
                self.block_readers(cell, &unsettled);
                self.evaluation.note_made(cell, Status::Stale);
                self.counts.stale += 1;
                continue;
            }
            self.evaluation.note_made(cell, Status::Fresh);
            match recorded {
                Recorded::Materialized => self.counts.materialized += 1,
                Recorded::Unchanged => self.counts.unchanged += 1,
            }
            settled.push(cell);
        }
        for cell in settled {
            self.scheduler.done(cell);
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

    /// What reads a result that was made of changed inputs does not run.
    fn block_readers(&mut self, cell: Cell, unsettled: &Unsettled) {
        let name = self.evaluation.step_name(cell);
        let path = unsettled.paths().first().copied().unwrap_or_default();
        self.block_below(
            cell,
            &format!("{name} is stale: {path} changed while its command ran"),
        );
    }

    /// Blocks all that does not run because of a cell.
    fn block_below(&mut self, cell: Cell, reason: &str) {
        let blocked = self.scheduler.failed(cell);
        self.counts.blocked += blocked.len() as u32;
        for (down, needs) in blocked {
            self.tell(EventKind::StepBlocked {
                step: self.evaluation.step_name(down),
                needs: vec![self.evaluation.step_name(needs)],
                reason: reason.to_owned(),
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
        self.outbox.failed(partitions, end, time);
        for cell in cells {
            let name = self.evaluation.step_name(cell);
            self.block_below(cell, &format!("{name} failed"));
        }
        let enough = self
            .options
            .request
            .max_failures
            .is_some_and(|most| self.failures >= most.get());
        if enough && self.halted.is_none() {
            self.halt(Halt::EnoughFailures);
        }
    }

    fn canceled(&mut self, end: &StepEnd, was_started: bool) -> Result<(), Problems> {
        let partitions: Vec<_> = end
            .cells
            .iter()
            .map(|cell| self.asset_partition(*cell))
            .collect();
        self.give_back(&partitions)?;
        for (place, at) in partitions.iter().enumerate() {
            let part = Part::settled(end, place);
            let outcome = StepOutcome::Canceled;
            let finished = self.outbox.finished(part, at, (outcome, Vec::new()));
            if was_started {
                self.tell(finished);
            }
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
}
