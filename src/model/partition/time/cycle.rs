//! The Gregorian calendar's cycle of 400 years, after which dates and weekdays repeat.
//!
//! Days are numbered from 1970-01-01 without a limit, so that arithmetic on them cannot fail.

/// Days in 400 years, a whole number of weeks.
pub(super) const CYCLE_DAYS: i64 = 146_097;
/// Years in a cycle.
pub(super) const CYCLE_YEARS: usize = 400;
/// 2000-01-01, the first day of a cycle.
const CYCLE_START: i64 = 10_957;
/// The weekday of that day, a Saturday.
const CYCLE_WEEKDAY: i64 = 6;
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
    pub year: usize,
    /// 0 to 365.
    pub day: usize,
}

/// One of the 14 calendars a year can have: by the weekday of its first day, and leap or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearKind(u8);

impl CycleDay {
    /// The place of a day counted from 1970-01-01.
    pub(super) fn of(day: i64) -> Self {
        let since = day - CYCLE_START;
        let within = since.rem_euclid(CYCLE_DAYS);
        let mut year = within / 366;
        while first_day(year + 1) <= within {
            year += 1;
        }
        Self {
            cycle: since.div_euclid(CYCLE_DAYS),
            year: year as usize,
            day: (within - first_day(year)) as usize,
        }
    }

    /// Its date and weekday, by a walk through its year; every day has them.
    pub(super) fn calendar(self) -> Option<CalendarDay> {
        YearKind::of(self.year).days().nth(self.day)
    }

    /// The day, counted from 1970-01-01.
    pub(super) fn number(self) -> i64 {
        CYCLE_START + self.cycle * CYCLE_DAYS + first_day(self.year as i64) + self.day as i64
    }
}

impl YearKind {
    /// All of them, in the order of `index`.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..14).map(Self)
    }

    /// That of the year at a place of the cycle.
    pub(super) fn of(year: usize) -> Self {
        let first = (CYCLE_WEEKDAY + first_day(year as i64)).rem_euclid(7) as u8;
        let leap = u8::from(year.is_multiple_of(4) && (!year.is_multiple_of(100) || year == 0));
        Self(first * 2 + leap)
    }

    /// From 0 to 13.
    pub(super) fn index(self) -> usize {
        self.0.into()
    }

    /// The days of such a year, in order.
    pub(super) fn days(self) -> impl Iterator<Item = CalendarDay> {
        let february = 28 + self.0 % 2;
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let dates = (1..).zip(lengths).flat_map(|(month, days_in_month)| {
            (1..=days_in_month).map(move |day| (month, day, days_in_month))
        });
        let weekdays = (0..7).cycle().skip(usize::from(self.0 / 2));
        dates
            .zip(weekdays)
            .map(|((month, day, days_in_month), weekday)| CalendarDay {
                month,
                day,
                days_in_month,
                weekday,
            })
    }
}

/// Weeks since the week of 1970-01-01, and the weekday: 0 is Sunday.
pub(super) fn week_and_weekday(day: i64) -> (i64, usize) {
    let since = day + EPOCH_WEEKDAY;
    (since.div_euclid(7), since.rem_euclid(7) as usize)
}

/// The inverse of `week_and_weekday`.
pub(super) fn day_of_week(week: i64, weekday: usize) -> i64 {
    week * 7 + weekday as i64 - EPOCH_WEEKDAY
}

/// The first day of a year of the cycle, counted from the cycle's first.
fn first_day(year: i64) -> i64 {
    365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
}
