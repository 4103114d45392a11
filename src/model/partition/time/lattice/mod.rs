//! The ticks of a schedule as instants, numbered.
//!
//! Between two shifts of a zone local time is UTC and an offset, so a stretch of ticks is a stretch of nominal ticks. A
//! table of stretches, one or two per shift, holds how many ticks come before each; all else is arithmetic. Zones follow
//! their last rule for ever, and calendar and rule repeat after 400 years: the table ends with the first such period.
//!
//! The table of stretches: what each shift of a zone does to a schedule's ticks.
//!
//! A skipped time moves to the first instant after the gap. A repeated time counts once or twice, as the schedule's clock
//! says. An exclusion excludes the instants at which it would tick itself, by the same rules.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::model::partition::time::cron::Cron;
use crate::model::partition::time::ticks::{TickingDay, Ticks};
use crate::model::partition::time::zone::{Clock, PERIOD, PERIOD_START, Shift, Zone, clamped};

/// The numbered instants at which a schedule ticks.
#[derive(Clone, Debug)]
pub(super) struct Lattice {
    /// With all exclusions, and without those that hold once where clocks repeat, if that is not the same.
    ticks: (Ticks, Option<Ticks>),
    /// At least one; in order of `from` and of `base`.
    stretches: Vec<Stretch>,
    period: Option<Period>,
}

/// An instant at which a schedule ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    /// Seconds since 1970 in UTC.
    pub second: i64,
    /// Seconds by which the local clock is ahead of it.
    pub offset: i64,
    /// Which time it is that the clock shows this.
    pub showing: Showing,
}

impl Tick {
    /// What the clock shows.
    pub(super) fn local(self) -> DateTime {
        Offset::UTC.to_datetime(clamped(self.second + self.offset))
    }
}

/// Whether a clock that was set back shows a time again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    First,
    Again,
}

/// A stretch of ticks: as many as there are nominal ticks from `rank` on, and no more than the next one's `base` allows.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// The first second, UTC.
    from: i64,
    offset: i64,
    /// The number of its first tick.
    base: i64,
    kind: LatticeKind,
}

#[derive(Clone, Copy, Debug)]
enum LatticeKind {
    /// One tick, at `from`: nominal times in a gap.
    Point,
    /// Nominal ticks from the one of this rank on.
    Run {
        rank: i64,
        exclusions: Exclusions,
        showing: Showing,
    },
}

/// Which of the two sets of ticks a stretch follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exclusions {
    All,
    /// Those that count real hours.
    Real,
}

/// How ticks repeat after the table.
#[derive(Clone, Copy, Debug)]
struct Period {
    /// The number of the first tick of the period.
    base: i64,
    /// Ticks in a period.
    count: i64,
}

/// The place of a tick in the table.
#[derive(Clone, Copy, Debug)]
struct TickPlace {
    stretch: usize,
    /// Ticks of the stretch that come before it.
    within: i64,
    /// Seconds by which the period is later than the table's.
    later: i64,
}

impl Lattice {
    /// The ticks of `schedule` that are not ticks of `exclusions`, or nothing if none is left.
    pub(super) fn new(
        schedule: &Cron,
        exclusions: &[Cron],
        zone: &Zone,
        shifts: &[Shift],
    ) -> Option<Self> {
        let all: Vec<&Cron> = exclusions.iter().collect();
        let real: Vec<&Cron> = exclusions
            .iter()
            .filter(|cron| cron.clock() == Clock::Real)
            .collect();
        let kept = Ticks::new(schedule, &all);
        if kept.is_empty() {
            return None;
        }
        let twice = schedule.clock() == Clock::Real && real.len() < all.len();
        let ticks = (kept, twice.then(|| Ticks::new(schedule, &real)));
        let lattice = Self {
            ticks,
            stretches: Vec::new(),
            period: None,
        };
        Some(Table::new(lattice, schedule, exclusions).fill(zone, shifts))
    }

    /// The mean time between ticks, in seconds.
    pub(super) fn mean_seconds(&self) -> i64 {
        self.ticks.0.mean_seconds()
    }

    /// The number of the first tick after `second`.
    pub(super) fn after(&self, second: i64) -> i64 {
        let Some(period) = self.period.filter(|_| second >= PERIOD_START) else {
            return self.after_in_table(second);
        };
        let periods = (second - PERIOD_START).div_euclid(PERIOD);
        self.after_in_table(second - periods * PERIOD) + periods * period.count
    }

    /// The tick of a number.
    pub(super) fn tick(&self, number: i64) -> Tick {
        let place = self.place(number);
        let stretch = &self.stretches[place.stretch];
        let LatticeKind::Run {
            rank,
            exclusions,
            showing,
        } = stretch.kind
        else {
            return stretch.at(stretch.from + place.later, Showing::First);
        };
        let local = self.ticks(exclusions).second(rank + place.within);
        stretch.at(local - stretch.offset + place.later, showing)
    }

    /// The ticks from a number on.
    pub(super) fn ticks_from(&self, number: i64) -> impl Iterator<Item = Tick> {
        Walk {
            lattice: self,
            number,
            left: 0,
            place: self.place(number),
            day: TickingDay {
                second: 0,
                minutes: &[],
            },
        }
    }

    fn after_in_table(&self, second: i64) -> i64 {
        let next = self
            .stretches
            .partition_point(|stretch| stretch.from <= second);
        let index = next.saturating_sub(1);
        let count = self.count(&self.stretches[index], second + 1);
        let count = match self.stretches.get(next.max(1)) {
            Some(next) => count.min(next.base - self.stretches[index].base),
            None => count,
        };
        self.stretches[index].base + count
    }

    fn place(&self, number: i64) -> TickPlace {
        let periods = match self.period {
            Some(period) if number >= period.base => (number - period.base) / period.count,
            _ => 0,
        };
        let number = number - self.period.map_or(0, |period| periods * period.count);
        let next = self
            .stretches
            .partition_point(|stretch| stretch.base <= number);
        let stretch = next.saturating_sub(1);
        TickPlace {
            stretch,
            within: number - self.stretches[stretch].base,
            later: periods * PERIOD,
        }
    }

    fn ticks(&self, exclusions: Exclusions) -> &Ticks {
        match (exclusions, &self.ticks) {
            (Exclusions::Real, (_, Some(ticks))) | (_, (ticks, _)) => ticks,
        }
    }

    /// How many ticks a stretch has before a second.
    fn count(&self, stretch: &Stretch, second: i64) -> i64 {
        match stretch.kind {
            LatticeKind::Point => i64::from(second > stretch.from),
            LatticeKind::Run {
                rank, exclusions, ..
            } => (self.ticks(exclusions).before(second + stretch.offset) - rank).max(0),
        }
    }
}

impl Stretch {
    fn at(&self, second: i64, showing: Showing) -> Tick {
        Tick {
            second,
            offset: self.offset,
            showing,
        }
    }
}

/// A walk along the ticks, which looks up a day once and a stretch once.
struct Walk<'a> {
    lattice: &'a Lattice,
    /// The number of the next tick.
    number: i64,
    /// Ticks of this day and stretch that are to come.
    left: i64,
    place: TickPlace,
    day: TickingDay<'a>,
}

impl Iterator for Walk<'_> {
    type Item = Tick;

    fn next(&mut self) -> Option<Tick> {
        if self.left == 0 {
            self.enter();
        }
        let stretch = &self.lattice.stretches[self.place.stretch];
        self.number += 1;
        self.left -= 1;
        let LatticeKind::Run { showing, .. } = stretch.kind else {
            return Some(stretch.at(stretch.from + self.place.later, Showing::First));
        };
        let (minute, rest) = self.day.minutes.split_first()?;
        self.day.minutes = rest;
        let local = self.day.second + i64::from(*minute) * 60;
        Some(stretch.at(local - stretch.offset + self.place.later, showing))
    }
}

impl Walk<'_> {
    fn enter(&mut self) {
        let lattice = self.lattice;
        self.place = lattice.place(self.number);
        let stretch = &lattice.stretches[self.place.stretch];
        let ahead = lattice.stretches.get(self.place.stretch + 1);
        let in_stretch = ahead.map_or(i64::MAX, |next| {
            next.base - stretch.base - self.place.within
        });
        self.left = match stretch.kind {
            LatticeKind::Point => 1,
            LatticeKind::Run {
                rank, exclusions, ..
            } => {
                self.day = lattice.ticks(exclusions).day(rank + self.place.within);
                in_stretch.min(i64::from(self.day.minutes.len() as u32))
            }
        };
    }
}

/// A lattice whose table is being written.
struct Table<'a> {
    lattice: Lattice,
    schedule: &'a Cron,
    exclusions: &'a [Cron],
}

/// Before every instant there is.
const BEGINNING: i64 = -400_000_000_000;

impl<'a> Table<'a> {
    /// A table for a schedule; the lattice has its ticks and no stretches yet.
    fn new(lattice: Lattice, schedule: &'a Cron, exclusions: &'a [Cron]) -> Self {
        Self {
            lattice,
            schedule,
            exclusions,
        }
    }

    /// The lattice with its table written.
    fn fill(mut self, zone: &Zone, shifts: &[Shift]) -> Lattice {
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
