//! The table of stretches: what each shift of a zone does to a schedule's ticks.
//!
//! A skipped time moves to the first instant after the gap. A repeated time counts once or twice, as the schedule's clock
//! says. An exclusion excludes the instants at which it would tick itself, by the same rules.

use crate::model::partition::time::cron::Cron;
use crate::model::partition::time::lattice::{
    Exclusions, Lattice, LatticeKind, Period, Showing, Stretch,
};
use crate::model::partition::time::zone::{Clock, PERIOD, PERIOD_START, Shift, Zone};

/// A lattice whose table is being written.
pub(super) struct Table<'a> {
    lattice: Lattice,
    schedule: &'a Cron,
    exclusions: &'a [Cron],
}

/// Before every instant there is.
const BEGINNING: i64 = -400_000_000_000;

impl<'a> Table<'a> {
    /// A table for a schedule; the lattice has its ticks and no stretches yet.
    pub(super) fn new(lattice: Lattice, schedule: &'a Cron, exclusions: &'a [Cron]) -> Self {
        Self {
            lattice,
            schedule,
            exclusions,
        }
    }

    /// The lattice with its table written.
    pub(super) fn fill(mut self, zone: &Zone, shifts: &[Shift]) -> Lattice {
        let offset = zone.first_offset();
        let rank = self.lattice.ticks.0.before(BEGINNING + offset);
        self.lattice.stretches.push(Stretch {
            from: BEGINNING,
            offset,
            base: rank,
            kind: LatticeKind::Run {
                rank,
                exclusions: Exclusions::All,
                showing: Showing::First,
            },
        });
        for shift in shifts {
            match (self.schedule.clock(), shift.before < shift.after) {
                (_, true) => self.skip(*shift),
                (Clock::Nominal, false) => self.repeat_once(*shift),
                (Clock::Real, false) => self.repeat_twice(*shift),
            }
        }
        let repeats = shifts.last().is_some_and(|shift| shift.at >= PERIOD_START);
        self.lattice.period = repeats.then(|| {
            let base = self.lattice.after_in_table(PERIOD_START - 1);
            let end = self.lattice.after_in_table(PERIOD_START + PERIOD - 1);
            Period {
                base,
                count: end - base,
            }
        });
        self.lattice
    }

    /// Clocks are set forward: the nominal ticks of the gap, and one at its end, are one tick or none.
    fn skip(&mut self, shift: Shift) {
        let (gap, end) = (shift.at + shift.before, shift.at + shift.after);
        let kept = &self.lattice.ticks.0;
        let quiet = self.schedule.clock() == Clock::Real || kept.before(gap) == kept.before(end);
        if self.exclusions.is_empty() && quiet {
            self.push(shift.at, shift.at, shift.after, self.run(end));
            return;
        }
        let ticks = |cron: &Cron| match cron.clock() {
            Clock::Nominal => cron.ticks_within(gap, end),
            Clock::Real => cron.ticks_within(end, end),
        };
        let mut until = shift.at;
        if ticks(self.schedule) && !self.exclusions.iter().any(ticks) {
            self.push(shift.at, shift.at, shift.after, LatticeKind::Point);
            until += 1;
        }
        self.push(until, shift.at + 1, shift.after, self.run(end + 1));
    }

    /// Clocks are set back, and a time that comes twice counts once.
    fn repeat_once(&mut self, shift: Shift) {
        let width = shift.before - shift.after;
        if shift.repeats_later() {
            let run = self.run(shift.at + shift.after);
            self.push(shift.at - width, shift.at, shift.after, run);
        } else {
            let run = self.run(shift.at + shift.before);
            self.push(shift.at, shift.at + width, shift.after, run);
        }
    }

    /// Clocks are set back, and a time that comes twice counts twice; an exclusion may hold for one of them only.
    fn repeat_twice(&mut self, shift: Shift) {
        let width = shift.before - shift.after;
        let start = shift.at + shift.after;
        let mut again = Exclusions::Real;
        if shift.repeats_later() {
            again = Exclusions::All;
            let differ = self
                .exclusions
                .iter()
                .any(|cron| cron.clock() == Clock::Nominal);
            if differ {
                let first = self.run_with(start, Exclusions::Real, Showing::First);
                self.push(shift.at - width, shift.at - width, shift.before, first);
            }
        }
        let again = self.run_with(start, again, Showing::Again);
        self.push(shift.at, shift.at, shift.after, again);
        let then = self.run(start + width);
        self.push(shift.at + width, shift.at + width, shift.after, then);
    }

    fn run(&self, local: i64) -> LatticeKind {
        self.run_with(local, Exclusions::All, Showing::First)
    }

    fn run_with(&self, local: i64, exclusions: Exclusions, showing: Showing) -> LatticeKind {
        LatticeKind::Run {
            rank: self.lattice.ticks(exclusions).before(local),
            exclusions,
            showing,
        }
    }

    /// Ends the last stretch before the second `until` and begins one at `from`.
    fn push(&mut self, until: i64, from: i64, offset: i64, kind: LatticeKind) {
        let stretches = &mut self.lattice.stretches;
        // A shift soon after another leaves no room for what the first one asked for.
        while stretches.len() > 1 && stretches.last().is_some_and(|last| last.from > from) {
            stretches.pop();
        }
        let base = self
            .lattice
            .stretches
            .last()
            .map_or(0, |last| last.base + self.lattice.count(last, until));
        self.lattice.stretches.push(Stretch {
            from,
            offset,
            base,
            kind,
        });
    }
}
