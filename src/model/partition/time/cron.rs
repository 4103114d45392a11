//! Cron expressions: the times of day and the days on which a schedule ticks, as sets of bits.
//!
//! Five fields, minute to weekday, with lists, ranges, steps, names, `L` for a month's last day, and the `@` words.
//! Where both day fields are restricted a day has to match only one of them. A sixth field (seconds) is refused.
//!
//! The Gregorian calendar's cycle of 400 years, after which dates and weekdays repeat.
//!
//! Days are numbered from 1970-01-01 without a limit, so that arithmetic on them cannot fail.

use serde::{Deserialize, Serialize};

use crate::model::partition::time::zone::Clock;

/// A cron expression, parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    /// Bits 1 to 31; bit 0 is the last day of the month.
    days: u64,
    months: u64,
    /// Bit 0 is Sunday.
    weekdays: u64,
}

const LAST_DAY: u64 = 1;
const EVERY_HOUR: u64 = (1 << 24) - 1;
const EVERY_DAY: u64 = (1 << 32) - 2;
const EVERY_MONTH: u64 = (1 << 13) - 2;
const EVERY_WEEKDAY: u64 = (1 << 7) - 1;

impl Cron {
    /// Parses an expression; the error says what is wrong with which field.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let expanded = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            word if word.starts_with('@') => {
                return Err(format!(
                    "`{word}` is not one of @hourly, @daily, @weekly, @monthly, @yearly"
                ));
            }
            other => other,
        };
        let fields: Vec<&str> = expanded.split_whitespace().collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            let count = fields.len();
            return Err(format!("a cron expression has 5 fields, this has {count}"));
        };
        let weekdays = WEEKDAY.parse(weekdays)?;
        Ok(Self {
            minutes: MINUTE.parse(minutes)?,
            hours: HOUR.parse(hours)?,
            days: DAY.parse(days)?,
            months: MONTH.parse(months)?,
            weekdays: (weekdays | weekdays >> 7) & EVERY_WEEKDAY,
        })
    }

    /// What it makes of clocks that change: it counts real hours if it ticks in each.
    pub(super) fn clock(&self) -> Clock {
        if self.hours == EVERY_HOUR {
            Clock::Real
        } else {
            Clock::Nominal
        }
    }

    /// Whether weekdays alone decide on which days it ticks.
    pub(super) fn is_weekly(&self) -> bool {
        self.months == EVERY_MONTH && !self.restricts_days()
    }

    /// Whether it ticks at all on `day`.
    pub(super) fn ticks_on(&self, day: CalendarDay) -> bool {
        if self.months >> day.month & 1 == 0 {
            return false;
        }
        let of_month = self.days >> day.day & 1 == 1
            || (self.days & LAST_DAY != 0 && day.day == day.days_in_month);
        let of_week = self.weekdays >> day.weekday & 1 == 1;
        match (self.restricts_days(), self.weekdays != EVERY_WEEKDAY) {
            (true, true) => of_month || of_week,
            (true, false) => of_month,
            (false, _) => of_week,
        }
    }

    /// Whether it ticks at a minute of the days on which it ticks.
    pub(super) fn ticks_at(&self, minute_of_day: u16) -> bool {
        self.hours >> (minute_of_day / 60) & 1 == 1 && self.minutes >> (minute_of_day % 60) & 1 == 1
    }

    /// The minutes of the day at which it ticks, in order.
    pub(super) fn minutes_of_day(&self) -> impl Iterator<Item = u16> {
        bits(self.hours).flat_map(|hour| bits(self.minutes).map(move |minute| hour * 60 + minute))
    }

    /// Whether it ticks from one local second to another, both included; a look at every minute of those days.
    pub(super) fn ticks_within(&self, first: i64, last: i64) -> bool {
        let days = first.div_euclid(86_400)..=last.div_euclid(86_400);
        days.filter(|day| self.ticks_on(CycleDay::of(*day).calendar()))
            .any(|day| {
                let mut ticks = self
                    .minutes_of_day()
                    .map(|minute| day * 86_400 + i64::from(minute) * 60);
                ticks.any(|tick| (first..=last).contains(&tick))
            })
    }

    fn restricts_days(&self) -> bool {
        self.days & EVERY_DAY != EVERY_DAY
    }
}

/// The set bits of a word, in order.
fn bits(mut word: u64) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as u16;
        word &= word.checked_sub(1)?;
        Some(bit)
    })
}

/// One of the five fields: its name, its smallest and greatest number, and the names of its numbers.
struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field {
    name: "minute",
    first: 0,
    last: 59,
    names: &[],
};
const HOUR: Field = Field {
    name: "hour",
    first: 0,
    last: 23,
    names: &[],
};
const DAY: Field = Field {
    name: "day of month",
    first: 1,
    last: 31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    first: 1,
    last: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAY: Field = Field {
    name: "weekday",
    first: 0,
    last: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Field {
    fn parse(&self, text: &str) -> Result<u64, String> {
        text.split(',')
            .try_fold(0, |set, part| Ok(set | self.part(part)?))
    }

    /// One part of a list: `*`, `5`, `MON-FRI`, each with or without a step, or `L`.
    fn part(&self, text: &str) -> Result<u64, String> {
        if self.name == DAY.name && text.eq_ignore_ascii_case("l") {
            return Ok(LAST_DAY);
        }
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (text, None),
        };
        let (first, last) = if range == "*" {
            // 7 is another name of Sunday, not an eighth day.
            (self.first, self.last.min(self.first + self.count() - 1))
        } else if let Some((first, last)) = range.split_once('-') {
            self.range(first, last)?
        } else {
            let number = self.number(range)?;
            (number, if step.is_some() { self.last } else { number })
        };
        let step = step.unwrap_or(1);
        Ok((first..=last)
            .step_by(step)
            .fold(0, |set, number| set | 1 << number))
    }

    fn range(&self, first: &str, last: &str) -> Result<(u32, u32), String> {
        let (from, to) = (self.number(first)?, self.number(last)?);
        // `SAT-SUN` ends with the other Sunday.
        let to = if to == 0 && self.name == WEEKDAY.name && from > 0 {
            7
        } else {
            to
        };
        if from > to {
            let name = self.name;
            return Err(format!("the {name} range `{first}-{last}` runs backwards"));
        }
        Ok((from, to))
    }

    fn step(&self, text: &str) -> Result<usize, String> {
        let step = text.parse().ok().filter(|step| (1..=1000).contains(step));
        step.ok_or_else(|| format!("the {} step `{text}` is not a number from 1 on", self.name))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let number = named.map(|place| place as u32 + self.first);
        let digits = || text.bytes().all(|byte| byte.is_ascii_digit());
        number
            .or_else(|| text.parse().ok().filter(|_| digits()))
            .filter(|number| (self.first..=self.last).contains(number))
            .ok_or_else(|| {
                let Self {
                    name, first, last, ..
                } = self;
                format!("the {name} `{text}` is not a number from {first} to {last}")
            })
    }

    fn count(&self) -> u32 {
        let sundays = u32::from(self.name == WEEKDAY.name);
        self.last - self.first + 1 - sundays
    }
}

/// Days in 400 years, a whole number of weeks.
pub(super) const CYCLE_DAYS: i64 = 146_097;
/// Years in a cycle.
pub(super) const CYCLE_YEARS: u32 = 400;
/// 2000-01-01, the first day of a cycle.
const CYCLE_START: i64 = 10_957;
/// The weekday of that day, a Saturday.
const CYCLE_WEEKDAY: u32 = 6;
/// The weekday of 1970-01-01, a Thursday.
const EPOCH_WEEKDAY: i64 = 4;

/// What a cron expression asks about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CalendarDay {
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 28 to 31.
    pub days_in_month: u8,
    /// 0 is Sunday.
    pub weekday: u8,
}

/// A day as the place of its year in a cycle and its place in the year, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CycleDay {
    /// Cycles since the year 2000.
    pub cycle: i64,
    /// 0 to 399.
    pub year: u32,
    /// 0 to 365.
    pub day: u32,
}

/// One of the 14 calendars a year can have: by the weekday of its first day, and leap or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearKind(u8);

impl CycleDay {
    /// The place of a day counted from 1970-01-01.
    pub(super) fn of(day: i64) -> Self {
        let since = day - CYCLE_START;
        let within = since.rem_euclid(CYCLE_DAYS) as u32;
        let mut year = within / 366;
        while first_day(year + 1) <= within {
            year += 1;
        }
        Self {
            cycle: since.div_euclid(CYCLE_DAYS),
            year,
            day: within - first_day(year),
        }
    }

    /// Its date and weekday.
    pub(super) fn calendar(self) -> CalendarDay {
        YearKind::of(self.year).day(self.day)
    }

    /// The day, counted from 1970-01-01.
    pub(super) fn number(self) -> i64 {
        CYCLE_START + self.cycle * CYCLE_DAYS + i64::from(first_day(self.year) + self.day)
    }
}

impl YearKind {
    /// All of them, in the order of `index`.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..14).map(Self)
    }

    /// That of the year at a place of the cycle.
    pub(super) fn of(year: u32) -> Self {
        let first = ((CYCLE_WEEKDAY + first_day(year)) % 7) as u8;
        let leap = u8::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year == 0));
        Self(first * 2 + leap)
    }

    /// From 0 to 13.
    pub(super) fn index(self) -> usize {
        self.0.into()
    }

    /// The days of such a year, in order.
    pub(super) fn days(self) -> impl Iterator<Item = CalendarDay> {
        let leap = u32::from(self.0 % 2);
        (0..365 + leap).map(move |day| self.day(day))
    }

    /// The day at a place of such a year, from 0.
    fn day(self, place: u32) -> CalendarDay {
        let february = 28 + self.0 % 2;
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let (mut month, mut rest) = (0, place);
        while rest >= u32::from(lengths[month]) {
            rest -= u32::from(lengths[month]);
            month += 1;
        }
        CalendarDay {
            month: month as u8 + 1,
            day: rest as u8 + 1,
            days_in_month: lengths[month],
            weekday: ((u32::from(self.0 / 2) + place) % 7) as u8,
        }
    }
}

/// Weeks since the week of 1970-01-01, and the weekday: 0 is Sunday.
pub(super) fn week_and_weekday(day: i64) -> (i64, u32) {
    let since = day + EPOCH_WEEKDAY;
    (since.div_euclid(7), since.rem_euclid(7) as u32)
}

/// The inverse of `week_and_weekday`.
pub(super) fn day_of_week(week: i64, weekday: u32) -> i64 {
    week * 7 + i64::from(weekday) - EPOCH_WEEKDAY
}

/// The first day of a year of the cycle, counted from the cycle's first.
fn first_day(year: u32) -> u32 {
    365 * year + year.div_ceil(4) - year.div_ceil(100) + year.div_ceil(400)
}
