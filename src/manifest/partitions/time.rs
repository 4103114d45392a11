//! Definitions whose keys are time windows.

use jiff::civil::{Date, DateTime};

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partitions::keys;
use crate::manifest::partitions::keys::ReadDefinition;
use crate::model::{
    Cadence, Exclusion, InvalidTimePartitions, Location, PART_SEPARATOR, PartitionKey,
    PartitionsDefinition, TimePartitions, TimeSetting, TimeSettings,
};

const SETTINGS: [&str; 12] = [
    "type",
    "start",
    "end",
    "timezone",
    "format",
    "cron",
    "end_offset",
    "minute_offset",
    "hour_offset",
    "day_offset",
    "exclusions",
    "exists",
];

/// Reads a definition of time windows.
pub(super) fn read(
    table: &Table<'_>,
    cadence: Cadence,
    problems: &mut Problems,
) -> Option<ReadDefinition> {
    let before = problems.len();
    table.only(&SETTINGS, problems);
    let help = "name the first window: `start = \"2013-01-01\"`";
    table.required("start", "without `start`", help, problems);
    if cadence == Cadence::Cron {
        let help = "say when windows start: `cron = \"0 9 * * 1-5\"`";
        table.required("cron", "without `cron`", help, problems);
    }
    let start = table.get("start").map(|start| time_text(&start, problems));
    let end = table.get("end").map(|end| time_text(&end, problems));
    let cron = table.text("cron", problems);
    let timezone = table.text("timezone", problems);
    let format = table.text("format", problems);
    let end_offset = table.integer("end_offset", problems);
    let mut offset = |key| table.integer(key, problems).map(i64::from);
    let offsets = ["minute_offset", "hour_offset", "day_offset"].map(&mut offset);
    let exclusions = exclusions(table, problems);
    if problems.len() > before {
        return None;
    }
    let (places, excluded): (Vec<Location>, Vec<Exclusion<'_>>) = exclusions.into_iter().unzip();
    let start = start.flatten()?;
    let end = end.flatten();
    let [minute_offset, hour_offset, day_offset] = offsets;
    let settings = TimeSettings {
        cadence,
        cron: cron.map(|text| text.value),
        start: &start,
        end: end.as_deref(),
        timezone: timezone.map_or("UTC", |text| text.value),
        format: format.map(|text| text.value),
        end_offset: end_offset.unwrap_or(0),
        minute_offset,
        hour_offset,
        day_offset,
        exclusions: &excluded,
    };
    let windows = check(settings, &places, table, problems)?;
    check_key(&windows, table, problems)?;
    let bar = windows.format().contains(PART_SEPARATOR);
    let bar = table.get("format").filter(|_| bar);
    let definition = PartitionsDefinition::time(windows);
    let pattern = match table.get("exists") {
        None => None,
        Some(value) => Some(keys::read_exists(
            value.text(problems)?,
            &definition,
            problems,
        )?),
    };
    let definition = match definition {
        PartitionsDefinition::Time { windows, .. } => PartitionsDefinition::Time {
            windows,
            exists: pattern.as_ref().map(|pattern| pattern.path.clone()),
        },
        other => other,
    };
    Some(ReadDefinition {
        definition,
        pattern,
        bar: bar.map(|format| format.location()),
    })
}

/// Checks the settings. After one that is wrong the others are checked without it, so that all are reported.
fn check(
    settings: TimeSettings<'_>,
    places: &[Location],
    table: &Table<'_>,
    problems: &mut Problems,
) -> Option<TimePartitions> {
    let error = match TimePartitions::new(settings) {
        Ok(windows) => return Some(windows),
        Err(error) => error,
    };
    let setting = error.setting();
    let location = match (setting, key_of(setting)) {
        (TimeSetting::Exclusion(at), _) => places.get(at).copied(),
        (_, key) => table.get(key).map(|value| value.location()),
    };
    let (label, help) = advice(&error);
    let problem = Problem::InvalidPartitions {
        reason: error.to_string(),
        help,
    };
    problems.at(location.unwrap_or(table.location), label, problem);
    let mut rest = settings;
    let (mut others, mut other_places) = (settings.exclusions.to_vec(), places.to_vec());
    match setting {
        // The format comes last, and times may be written in it.
        TimeSetting::Start | TimeSetting::Cron | TimeSetting::Format => return None,
        TimeSetting::End => rest.end = None,
        TimeSetting::Timezone => rest.timezone = "UTC",
        TimeSetting::MinuteOffset => rest.minute_offset = None,
        TimeSetting::HourOffset => rest.hour_offset = None,
        TimeSetting::DayOffset => rest.day_offset = None,
        TimeSetting::Exclusions => others.clear(),
        TimeSetting::Exclusion(at) => {
            others.remove(at);
            other_places.remove(at);
        }
    }
    rest.exclusions = &others;
    check(rest, &other_places, table, problems);
    None
}

fn key_of(setting: TimeSetting) -> &'static str {
    match setting {
        TimeSetting::Cron => "cron",
        TimeSetting::Start => "start",
        TimeSetting::End => "end",
        TimeSetting::Timezone => "timezone",
        TimeSetting::Format => "format",
        TimeSetting::MinuteOffset => "minute_offset",
        TimeSetting::HourOffset => "hour_offset",
        TimeSetting::DayOffset => "day_offset",
        TimeSetting::Exclusions | TimeSetting::Exclusion(_) => "exclusions",
    }
}

/// What to say at the setting that is wrong, and what to do.
fn advice(error: &InvalidTimePartitions) -> (&'static str, &'static str) {
    match error {
        InvalidTimePartitions::UnknownZone(_) => (
            "unknown",
            "zones are named as `Europe/Berlin`, `America/New_York` or `UTC`",
        ),
        InvalidTimePartitions::NotInFormat { .. } => (
            "not such a time",
            "write it in the definition's format, or as a date like 2013-01-31",
        ),
        InvalidTimePartitions::BadFormat { .. } => (
            "this format",
            "formats are those of strftime, as `%Y-%m-%d`",
        ),
        InvalidTimePartitions::TooCoarse { .. } => (
            "does not tell windows apart",
            "hours need a year, a month, a day and an hour; days a year, a month and a day; months a year and a month",
        ),
        InvalidTimePartitions::EndBeforeStart { .. } => (
            "before the start",
            "the first window starts at `start`, the last ends at `end`",
        ),
        InvalidTimePartitions::BadCron {
            setting: TimeSetting::Exclusion(_),
            ..
        } => (
            "no cron expression",
            "exclude windows by a cron expression as `\"0 0 * * 6\"`, or one by its start as a date without quotes",
        ),
        InvalidTimePartitions::BadCron { .. } => (
            "no cron expression",
            "five fields: minute, hour, day of month, month, day of week; or `@hourly` to `@yearly`",
        ),
        InvalidTimePartitions::NeverTicks { .. } => (
            "never ticks",
            "name a day of month and a month that go together",
        ),
        InvalidTimePartitions::AllExcluded { .. } => (
            "all of them",
            "remove the exclusion that matches every window",
        ),
        InvalidTimePartitions::NoCron => ("without `cron`", "write when windows start as `cron`"),
        InvalidTimePartitions::NotForCadence { .. } => (
            "not for this type",
            "`minute_offset` is for hours and more, `hour_offset` for days and more, `day_offset` for weeks and months, \
             `cron` only for `type = \"cron\"`",
        ),
        InvalidTimePartitions::OffsetOutOfRange { .. } => (
            "out of range",
            "minutes are 0 to 59, hours 0 to 23, days of a week 0 (Sunday) to 6, days of a month 1 to 31",
        ),
    }
}

/// Whether what the format prints can be a key.
fn check_key(
    windows: &TimePartitions,
    table: &Table<'_>,
    problems: &mut Problems,
) -> Option<PartitionKey> {
    let key = PartitionKey::parse(&windows.key(0));
    if let Err(error) = &key {
        let problem = Problem::InvalidPartitions {
            reason: format!(
                "the format `{}` gives no keys: {error}",
                windows.format().escape_debug()
            ),
            help: "choose another format, as `%Y-%m-%d`",
        };
        let location = table
            .get("format")
            .map_or(table.location, |it| it.location());
        problems.at(location, "this format", problem);
    }
    key.ok()
}

/// The exclusions with their places: cron expressions, and starts of windows.
fn exclusions<'a>(table: &Table<'a>, problems: &mut Problems) -> Vec<(Location, Exclusion<'a>)> {
    let Some(value) = table.get("exclusions") else {
        return Vec::new();
    };
    let mut exclusions = Vec::new();
    for each in value.one_or_more() {
        let exclusion = match (each.as_text(), each.as_date()) {
            (Some(cron), _) => Some(Exclusion::Cron(cron.value)),
            (None, Some(date)) => local_time(&date).map(Exclusion::At),
            (None, None) => None,
        };
        match exclusion {
            Some(exclusion) => exclusions.push((each.location(), exclusion)),
            None if each.as_date().is_some() => each.invalid(
                "an exclusion is a local time in the definition's zone",
                "write a date, or a date and a time without an offset: 2013-01-31, 2013-01-31T05:00:00",
                problems,
            ),
            None => each.wrong_type("a cron expression, or a date without quotes", problems),
        }
    }
    exclusions
}

fn local_time(text: &str) -> Option<DateTime> {
    let date = |text: &str| {
        Some(
            text.parse::<Date>()
                .ok()?
                .to_datetime(jiff::civil::Time::midnight()),
        )
    };
    match text.contains(['T', 't', ' ']) {
        true if text.ends_with(['Z', 'z']) => None,
        true => text.parse().ok(),
        false => date(text),
    }
}

fn time_text(value: &Value<'_>, problems: &mut Problems) -> Option<String> {
    if let Some(date) = value.as_date() {
        return Some(date);
    }
    let text = value.as_text();
    if text.is_none() {
        value.wrong_type("a date, as `\"2013-01-01\"`", problems);
    }
    text.map(|text| text.value.to_owned())
}
