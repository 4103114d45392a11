//! The ticks of a schedule as instants, numbered.
//!
//! Between two shifts of a zone local time is UTC and an offset, so a stretch of ticks is a stretch of nominal ticks. A
//! table of stretches, one or two per shift, holds how many ticks come before each; all else is arithmetic. Zones follow
//! their last rule for ever, and calendar and rule repeat after 400 years: the table ends with the first such period.

mod table;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::model::partition::time::cron::Cron;
use crate::model::partition::time::lattice::table::Table;
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
