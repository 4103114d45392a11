//! `partitions list`: which partitions a definition has.

use clap::Args;
use jiff::Timestamp;

use crate::answer::{ListedKeys, PartitionsReport};
use crate::app;
use crate::cli::args::{instant, key_range, key_word, whole};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{BOLD, DIM, Look, Table, TableCell, count, styled};
use crate::model::{Grouping, ListPartitionsRequest, PartitionKey, WantedKeys};

/// Words of `partitions list`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions list day
  assetctl partitions list clean --keys | tail -3
  assetctl partitions list day --at 2013-07-04T12:00:00Z      the key of its window
  assetctl partitions list day --partition 2013-07-04         its window and its neighbours
  assetctl partitions list day --partition-range 2013-07-01...2013-07-31")]
pub struct ListPartitionsArgs {
    /// A partitions definition, or an asset or source that has one
    #[arg(value_name = "ASSET|DEFINITION")]
    pub name: String,
    /// Print only keys, one a line; all of them by default
    #[arg(long)]
    pub keys: bool,
    /// Only this key, with its window and its neighbours
    #[arg(long, value_name = "K", conflicts_with_all = ["range", "at"])]
    pub partition: Option<String>,
    /// The keys from A to B, both included, one a line
    #[arg(
        id = "range",
        long = "partition-range",
        value_name = "A...B",
        conflicts_with = "at"
    )]
    pub range: Option<String>,
    /// Only the key whose window contains this instant: `2013-07-04`, `2013-07-04T12:00:00Z`
    #[arg(long, value_name = "T", value_parser = instant)]
    pub at: Option<Timestamp>,
}

/// Lists the keys of a definition.
pub fn run(args: &ListPartitionsArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let keys = match (&args.partition, &args.range, args.at) {
        (Some(key), ..) => WantedKeys::Word(key_word(key)?),
        (None, Some(text), _) => WantedKeys::Word(key_range(text)?),
        (None, None, Some(instant)) => WantedKeys::At(instant),
        (None, None, None) if args.keys => WantedKeys::All,
        (None, None, None) => WantedKeys::Ends,
    };
    let request = ListPartitionsRequest {
        name: whole(&args.name)?,
        keys,
    };
    let (report, notices) = app::list_partitions(&session.project()?, &request)?;
    session.tell(&notices);
    let grouping = Grouping::of_keys(args.keys);
    session.answer(&report, || partitions(&report, grouping, &session.look()))
}

/// How many keys are named at either end.
const NAMED: u32 = 3;

/// The definition; with [`Grouping::Keys`] and for a range only its keys, so that they can be piped.
fn partitions(report: &PartitionsReport, grouping: Grouping, look: &Look) -> String {
    match (&report.listed, grouping) {
        (ListedKeys::One(index), Grouping::Ranges) => one(report, *index, look),
        (ListedKeys::Ends, _) => definition(report, look),
        _ => {
            let mut text = String::new();
            for (_, key) in report.listed() {
                text.push_str(key.as_str());
                text.push('\n');
            }
            text
        }
    }
}

fn definition(report: &PartitionsReport, look: &Look) -> String {
    let mut table = Table::default();
    let mut entry = |label: &str, text: String| {
        table.row([TableCell::new(DIM, label), TableCell::plain(text)]);
    };
    entry("keys", keys(report));
    if let Some(schedule) = &report.schedule {
        entry("cron", schedule.cron.clone());
        entry("format", schedule.format.clone());
        entry("zone", schedule.timezone.clone());
    }
    for dimension in &report.dimensions {
        let keys = count(dimension.count, "key");
        let kind = if dimension.definition == dimension.type_name {
            dimension.type_name.to_owned()
        } else {
            format!("{}, {}", dimension.definition, dimension.type_name)
        };
        entry("dimension", format!("{} ({kind}): {keys}", dimension.name));
    }
    format!(
        "{}{}",
        heading(report),
        table.lines(2, look.width.map(|width| width.max(60)))
    )
}

/// `day (daily): 365 partitions`
fn heading(report: &PartitionsReport) -> String {
    let name = match &report.asset {
        Some(asset) => asset.as_str(),
        None => &report.definition,
    };
    let kind = if report.asset.is_some() && report.definition != report.type_name {
        format!("({}, {})", report.definition, report.type_name)
    } else {
        format!("({})", report.type_name)
    };
    let partitions = count(report.keys.len(), "partition");
    format!(
        "{} {}: {partitions}\n",
        styled(BOLD, name),
        styled(DIM, kind)
    )
}

/// The keys where they are few, else those at the ends.
fn keys(report: &PartitionsReport) -> String {
    let len = report.keys.len();
    let at = |places: std::ops::Range<u32>| {
        let keys: Vec<_> = places.filter_map(|place| report.key_at(place)).collect();
        let keys: Vec<_> = keys.iter().map(PartitionKey::as_str).collect();
        keys.join(", ")
    };
    if len == 0 {
        "none".to_owned()
    } else if len <= 2 * NAMED + 1 {
        at(0..len)
    } else {
        format!("{} … {}", at(0..NAMED), at(len - NAMED..len))
    }
}

/// A key with its window and its neighbours.
fn one(report: &PartitionsReport, index: u32, look: &Look) -> String {
    let key = report.keys.key(index);
    let key = key.map_or_else(String::new, |key| key.to_string());
    let mut table = Table::default();
    let mut entry = |label: &str, text: String| {
        table.row([TableCell::new(DIM, label), TableCell::plain(text)]);
    };
    if let Some(window) = report.keys.window(index) {
        entry("window", format!("{} to {}", window.start, window.end));
    }
    let (previous, next) = report.neighbours(index);
    for (label, neighbour) in [("previous", previous), ("next", next)] {
        let text = neighbour.map_or_else(|| "none".to_owned(), |key| key.to_string());
        entry(label, text);
    }
    format!("{}\n{}", styled(BOLD, key), table.lines(2, look.width))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::partitions;
    use crate::answer::{ListedDimension, ListedKeys, ListedSchedule, PartitionsReport};
    use crate::cli::fixtures::{asset, look, plain};
    use crate::model::{
        Cadence, Grouping, MultiKeys, NamedKeys, PartitionKeys, PartitionSet, TimeKeys,
        TimePartitions, TimeSettings,
    };
    use crate::testkit;

    fn days() -> PartitionsReport {
        let days = TimePartitions::new(TimeSettings {
            end: Some("2025-01-01"),
            ..TimeSettings::new(Cadence::Daily, "2024-01-01")
        });
        let days = Arc::new(days.expect("a definition"));
        PartitionsReport {
            definition: "day".into(),
            type_name: "daily",
            asset: None,
            schedule: Some(ListedSchedule {
                cron: "0 0 * * *".into(),
                format: "%Y-%m-%d".into(),
                timezone: "UTC".into(),
            }),
            dimensions: vec![],
            keys: PartitionKeys::Time(TimeKeys::at(&days, jiff::Timestamp::MAX)),
            listed: ListedKeys::Ends,
        }
    }

    fn text(report: &PartitionsReport, grouping: Grouping) -> String {
        plain(&partitions(report, grouping, &look()))
    }

    #[test]
    fn windows() {
        let mut report = days();
        insta::assert_snapshot!(text(&report, Grouping::Ranges), @r"
        day (daily): 366 partitions
          keys    2024-01-01, 2024-01-02, 2024-01-03 … 2024-12-29, 2024-12-30, 2024-12-31
          cron    0 0 * * *
          format  %Y-%m-%d
          zone    UTC
        ");
        report.asset = Some(asset("clean"));
        report.listed = ListedKeys::One(0);
        insta::assert_snapshot!(text(&report, Grouping::Ranges), @r"
        2024-01-01
          window    2024-01-01T00:00:00Z to 2024-01-02T00:00:00Z
          previous  none
          next      2024-01-02
        ");
        assert_eq!(text(&report, Grouping::Keys), "2024-01-01\n");
        report.listed = ListedKeys::Some(PartitionSet::from_range(30..32));
        assert_eq!(text(&report, Grouping::Ranges), "2024-01-31\n2024-02-01\n");
    }

    #[test]
    fn dimensions() {
        let names = ["eu", "us"].map(testkit::key);
        let names = PartitionKeys::Named(NamedKeys::declared(&names.into()));
        let name = |text: &str| testkit::name(text);
        let multi = MultiKeys::new(vec![(name("date"), days().keys), (name("region"), names)]);
        let dimension = |text: &str, definition: &str, type_name, count| ListedDimension {
            name: name(text),
            definition: definition.into(),
            type_name,
            count,
        };
        let report = PartitionsReport {
            definition: "by".into(),
            type_name: "multi",
            asset: Some(asset("clean")),
            schedule: None,
            dimensions: vec![
                dimension("date", "day", "daily", 366),
                dimension("region", "static", "static", 2),
            ],
            keys: PartitionKeys::Multi(multi.expect("few keys")),
            listed: ListedKeys::Ends,
        };
        insta::assert_snapshot!(text(&report, Grouping::Ranges), @r"
        clean (by, multi): 732 partitions
          keys       2024-01-01|eu, 2024-01-01|us, 2024-01-02|eu … 2024-12-30|us, 2024-12-31|eu, 2024-12-31…
          dimension  date (day, daily): 366 keys
          dimension  region (static): 2 keys
        ");
    }
}
