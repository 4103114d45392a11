//! The nominal ticks of a schedule: local times, as if clocks never changed.
//!
//! Days repeat with the week or, where dates matter, with the calendar's 400 years. One period is counted when a
//! schedule is first used; from then on the number of ticks before a time, and the time of the nth tick, are arithmetic.

use std::collections::BTreeMap;

use crate::model::partition::time::cron::{
    CYCLE_DAYS, CYCLE_YEARS, CalendarDay, Cron, CycleDay, YearKind, day_of_week, week_and_weekday,
};

const DAY_MINUTES: i64 = 24 * 60;

/// The nominal ticks of a schedule, less those of its exclusions.
#[derive(Clone, Debug)]
pub(super) struct Ticks {
    /// The minutes of the day at which a day of each class ticks.
    classes: Vec<Box<[u16]>>,
    days: Days,
}

/// Which days are of which class, with the ticks before each of them.
#[derive(Clone, Debug)]
enum Days {
    Weekly(Span),
    Yearly(Box<Years>),
}

/// The days of a week or a year.
#[derive(Clone, Debug)]
struct Span {
    classes: Box<[u16]>,
    /// Ticks before each day; the last entry is the whole.
    before: Box<[u32]>,
}

#[derive(Clone, Debug)]
struct Years {
    /// By [`YearKind`].
    kinds: Vec<Span>,
    /// Ticks of a cycle before each of its years; the last entry is the whole.
    before: Vec<u32>,
}

/// A day that ticks: where a walk along the ticks stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct TickingDay<'a> {
    /// The first second of the day, local.
    pub second: i64,
    /// The minutes that are to come.
    pub minutes: &'a [u16],
}

impl Ticks {
    /// The ticks of `schedule` that are ticks of none of `exclusions`.
    pub(super) fn new(schedule: &Cron, exclusions: &[&Cron]) -> Self {
        let exclusions: Vec<&Cron> = exclusions
            .iter()
            .copied()
            .filter(|cron| {
                schedule
                    .minutes_of_day()
                    .any(|minute| cron.ticks_at(minute))
            })
            .collect();
        let mut classes = Classes::new(schedule, &exclusions);
        let weekly = schedule.is_weekly() && exclusions.iter().all(|cron| cron.is_weekly());
        let days = if weekly {
            // Any week does: the schedule asks for weekdays only.
            let week = (0..7).map(|weekday| CalendarDay {
                month: 1,
                day: 1,
                days_in_month: 31,
                weekday,
            });
            Days::Weekly(classes.span(week))
        } else {
            let kinds: Vec<Span> = YearKind::all()
                .map(|kind| classes.span(kind.days()))
                .collect();
            let mut before = vec![0];
            before.extend((0..CYCLE_YEARS).scan(0, |sum, year| {
                *sum += kinds[YearKind::of(year).index()].total();
                Some(*sum)
            }));
            Days::Yearly(Box::new(Years { kinds, before }))
        };
        Self {
            classes: classes.minutes,
            days,
        }
    }

    /// Whether the expression never ticks.
    pub(super) fn is_empty(&self) -> bool {
        self.days.total() == 0
    }

    /// The mean time between ticks, in seconds. There must be ticks.
    pub(super) fn mean_seconds(&self) -> i64 {
        let days = match &self.days {
            Days::Weekly(_) => 7,
            Days::Yearly(_) => CYCLE_DAYS,
        };
        days * 86_400 / self.days.total()
    }

    /// How many ticks come before a local second, counted from a fixed one: negative before that.
    pub(super) fn before(&self, second: i64) -> i64 {
        let minute = -(-second).div_euclid(60);
        let (ticks, class) = self.days.locate(minute.div_euclid(DAY_MINUTES));
        let within = minute.rem_euclid(DAY_MINUTES) as u16;
        let minutes = &self.classes[usize::from(class)];
        ticks + i64::from(minutes.partition_point(|tick| *tick < within) as u32)
    }

    /// The local second of the tick that `rank` ticks come before. There must be ticks.
    pub(super) fn second(&self, rank: i64) -> i64 {
        let day = self.day(rank);
        day.second + i64::from(day.minutes[0]) * 60
    }

    /// The day of that tick, from the tick on.
    pub(super) fn day(&self, rank: i64) -> TickingDay<'_> {
        let (day, class, within) = self.days.select(rank);
        TickingDay {
            second: day * DAY_MINUTES * 60,
            minutes: &self.classes[usize::from(class)][within..],
        }
    }
}

impl Days {
    fn total(&self) -> i64 {
        match self {
            Self::Weekly(week) => week.total().into(),
            Self::Yearly(years) => years.total().into(),
        }
    }

    /// The ticks before a day, and the day's class.
    fn locate(&self, day: i64) -> (i64, u16) {
        let (periods, before, class) = match self {
            Self::Weekly(week) => {
                let (weeks, weekday) = week_and_weekday(day);
                let (before, class) = week.locate(weekday);
                (weeks, before, class)
            }
            Self::Yearly(years) => {
                let place = CycleDay::of(day);
                let (before, class) = years.kind(place.year).locate(place.day);
                (
                    place.cycle,
                    years.before[place.year as usize] + before,
                    class,
                )
            }
        };
        (periods * self.total() + i64::from(before), class)
    }

    /// The day of the tick that `rank` ticks come before, the day's class, and the tick's place in the day.
    fn select(&self, rank: i64) -> (i64, u16, usize) {
        let periods = rank.div_euclid(self.total());
        let rest = rank.rem_euclid(self.total()) as u32;
        match self {
            Self::Weekly(week) => {
                let (weekday, class, within) = week.select(rest);
                (day_of_week(periods, weekday), class, within)
            }
            Self::Yearly(years) => {
                let year = years.before.partition_point(|before| *before <= rest) as u32 - 1;
                let kind = years.kind(year);
                let (day, class, within) = kind.select(rest - years.before[year as usize]);
                let cycle = periods;
                (CycleDay { cycle, year, day }.number(), class, within)
            }
        }
    }
}

impl Years {
    fn total(&self) -> u32 {
        self.before[CYCLE_YEARS as usize]
    }

    fn kind(&self, year: u32) -> &Span {
        &self.kinds[YearKind::of(year).index()]
    }
}

impl Span {
    fn total(&self) -> u32 {
        self.before[self.classes.len()]
    }

    fn locate(&self, day: u32) -> (u32, u16) {
        (self.before[day as usize], self.classes[day as usize])
    }

    fn select(&self, rank: u32) -> (u32, u16, usize) {
        let day = self.before.partition_point(|before| *before <= rank) - 1;
        (
            day as u32,
            self.classes[day],
            (rank - self.before[day]) as usize,
        )
    }
}

/// The classes of days found so far: days on which the same exclusions hold tick at the same minutes.
struct Classes<'a> {
    schedule: &'a Cron,
    exclusions: &'a [&'a Cron],
    minutes: Vec<Box<[u16]>>,
    by_exclusions: BTreeMap<Vec<usize>, u16>,
    /// The exclusions that hold on the day at hand.
    holding: Vec<usize>,
}

/// The class of days without ticks.
const SILENT: u16 = 0;

impl<'a> Classes<'a> {
    fn new(schedule: &'a Cron, exclusions: &'a [&'a Cron]) -> Self {
        Self {
            schedule,
            exclusions,
            minutes: vec![Box::default()],
            by_exclusions: BTreeMap::new(),
            holding: Vec::new(),
        }
    }

    fn span(&mut self, days: impl Iterator<Item = CalendarDay>) -> Span {
        let classes: Box<[u16]> = days.map(|day| self.class(day)).collect();
        let counts = classes
            .iter()
            .map(|class| self.minutes[usize::from(*class)].len() as u32);
        let before = std::iter::once(0).chain(counts.scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }));
        Span {
            before: before.collect(),
            classes,
        }
    }

    fn class(&mut self, day: CalendarDay) -> u16 {
        if !self.schedule.ticks_on(day) {
            return SILENT;
        }
        let ticking =
            (0..self.exclusions.len()).filter(|place| self.exclusions[*place].ticks_on(day));
        self.holding.clear();
        self.holding.extend(ticking);
        if let Some(class) = self.by_exclusions.get(self.holding.as_slice()) {
            return *class;
        }
        let holding = self.holding.clone();
        let excluded = |minute: &u16| {
            holding
                .iter()
                .any(|place| self.exclusions[*place].ticks_at(*minute))
        };
        let kept = self
            .schedule
            .minutes_of_day()
            .filter(|minute| !excluded(minute));
        self.minutes.push(kept.collect());
        let class = self.minutes.len() as u16 - 1;
        self.by_exclusions.insert(holding, class);
        class
    }
}
