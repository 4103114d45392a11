//! The Gregorian calendar's cycle of 400 years, after which dates and weekdays repeat.
//!
//! Days are numbered from 1970-01-01 without a limit, so that arithmetic on them cannot fail.

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
