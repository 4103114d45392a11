//! How a definition is made of its settings: all that can be wrong with them is found here.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};

use crate::model::partition::time::cron::Cron;
use crate::model::partition::time::format::Format;
use crate::model::partition::time::windows::Derived;
use crate::model::partition::time::windows::{Empty, Windows};
use crate::model::partition::time::zone::{Written, Zone, clamped};
use crate::model::partition::time::{
    Cadence, Exclusion, InvalidTimePartitions, TimePartitions, TimeSetting, TimeSettings,
};

impl TimePartitions {
    /// Checks a definition; the error knows which setting is at fault.
    pub fn new(settings: TimeSettings<'_>) -> Result<Self, InvalidTimePartitions> {
        let timezone = Zone::get(settings.timezone)?;
        let cron = settings.equivalent_cron()?;
        let schedule = parse_cron(&cron, TimeSetting::Cron)?;
        let format = Format::new(
            settings
                .format
                .unwrap_or_else(|| default_format(settings.cadence, &schedule)),
        );
        let second = |written: Written| timezone.second_written(written, schedule.clock());
        let written = |setting, text: &str| {
            let not_in_format = || InvalidTimePartitions::NotInFormat {
                setting,
                text: text.to_owned(),
                format: format.as_str().to_owned(),
            };
            format.parse_loosely(text).ok_or_else(not_in_format)
        };
        let start = written(TimeSetting::Start, settings.start)?;
        let end = settings
            .end
            .map(|end| written(TimeSetting::End, end))
            .transpose()?;
        if let Some(end) = end.filter(|end| second(*end) < second(start)) {
            let (start, end) = (start.local, end.local);
            return Err(InvalidTimePartitions::EndBeforeStart { start, end });
        }
        let excluded_start = |exclusion: &Exclusion<'_>| match exclusion {
            Exclusion::Cron(_) => None,
            Exclusion::At(local) => Some(timezone.second(*local, schedule.clock())),
        };
        let partitions = Self {
            cadence: settings.cadence,
            start: second(start),
            end: end.map(second),
            end_offset: settings.end_offset,
            windows: Derived::default(),
            excluded_crons: excluded_crons(settings.exclusions)?,
            excluded_starts: settings
                .exclusions
                .iter()
                .filter_map(excluded_start)
                .collect(),
            schedule,
            timezone,
            format,
            cron,
        };
        partitions.check_windows()?;
        partitions.check_format()?;
        Ok(partitions)
    }

    fn check_windows(&self) -> Result<(), InvalidTimePartitions> {
        let cron = || self.cron.clone();
        let windows = Windows::new(self.pattern()).map_err(|empty| match empty {
            Empty::NeverTicks => InvalidTimePartitions::NeverTicks { cron: cron() },
            Empty::AllExcluded => InvalidTimePartitions::AllExcluded { cron: cron() },
        })?;
        self.windows.get_or_init(|| windows);
        Ok(())
    }

    /// Checks that keys lead back to their windows: on the first ones, on neighbours ever further away, up to ten years
    /// on, and where clocks change.
    fn check_format(&self) -> Result<(), InvalidTimePartitions> {
        const TEN_YEARS: i64 = 3660 * 86_400;
        let reach = TEN_YEARS / self.typical_seconds();
        let doubled = std::iter::successors(Some(32), |index| Some(index * 2));
        let far = doubled
            .take_while(|index| *index < reach)
            .flat_map(|index| index..index + 3);
        let shifts = self.timezone().following(clamped(self.start)).take(4);
        let changes = shifts.flat_map(|shift| {
            let index = self.index_at(shift.timestamp());
            index - 2..index + 3
        });
        for index in (0..32).chain(far).chain(changes) {
            let tick = self.windows().tick(index);
            let key = self.format.try_print(tick, &self.timezone)?;
            let reachable = clamped(tick.second) < Timestamp::MAX;
            if reachable && self.index_of_key(&key) != Some(index) {
                return Err(InvalidTimePartitions::TooCoarse {
                    format: self.format().to_owned(),
                    first: start_in_words(tick.local()),
                    key,
                });
            }
        }
        Ok(())
    }
}

fn excluded_crons(exclusions: &[Exclusion<'_>]) -> Result<Vec<Cron>, InvalidTimePartitions> {
    let crons = exclusions
        .iter()
        .enumerate()
        .filter_map(|(place, exclusion)| match exclusion {
            Exclusion::Cron(cron) => Some(parse_cron(cron, TimeSetting::Exclusion(place))),
            Exclusion::At(_) => None,
        });
    crons.collect()
}

fn parse_cron(cron: &str, setting: TimeSetting) -> Result<Cron, InvalidTimePartitions> {
    Cron::parse(cron).map_err(|reason| InvalidTimePartitions::BadCron {
        setting,
        cron: cron.to_owned(),
        reason,
    })
}

fn start_in_words(start: DateTime) -> String {
    if start.time() == Time::midnight() {
        start.date().to_string()
    } else {
        start.to_string()
    }
}

/// A date, and the time too for hours and for cron expressions that tick at other times than midnight.
fn default_format(cadence: Cadence, schedule: &Cron) -> &'static str {
    match cadence {
        Cadence::Daily | Cadence::Weekly | Cadence::Monthly => "%Y-%m-%d",
        Cadence::Cron if schedule.minutes_of_day().eq([0]) => "%Y-%m-%d",
        Cadence::Hourly | Cadence::Cron => "%Y-%m-%d-%H:%M",
    }
}
