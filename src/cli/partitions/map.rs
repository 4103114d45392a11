//! `partitions map`: the partitions of the other side, in ranges.

use std::ops::Range;

use clap::Args;

use crate::answer::{KeySet, MapReport, MappedKeys};
use crate::app;
use crate::cli::args::{key_word, whole};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{BAD, BOLD, Detail, Look, count, styled};
use crate::model::{MapPartitionsRequest, PartitionKey, PartitionKeys, PartitionSet};

/// Words of `partitions map`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions map monthly --dep daily --partition 2013-07
  assetctl partitions map monthly --dep daily --downstream --partition 2013-07-04
  assetctl partitions map report --dep daily                  of an asset without partitions")]
pub struct MapPartitionsArgs {
    /// The asset that reads
    #[arg(value_name = "ASSET")]
    pub asset: String,
    /// The input: its name, or what it reads
    #[arg(long, value_name = "NAME")]
    pub dep: String,
    /// A partition of ASSET; with --downstream of the input
    #[arg(long, value_name = "K")]
    pub partition: Option<String>,
    /// The other way: which partitions of ASSET need a partition of the input
    #[arg(long)]
    pub downstream: bool,
}

/// Says which partitions belong together.
pub fn run(args: &MapPartitionsArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let request = MapPartitionsRequest {
        asset: whole(&args.asset)?,
        dep: whole(&args.dep)?,
        partition: args.partition.as_deref().map(key_word).transpose()?,
        downstream: args.downstream,
    };
    let (report, notices) = app::map_partitions(&session.project()?, &request)?;
    session.tell(&notices);
    session.answer(&report, || mapped(&report, &session.look()))
}

/// Which partitions belong together: a line that says so, and a line for each range.
fn mapped(report: &MapReport, look: &Look) -> String {
    let mut lines = match &report.mapped {
        MappedKeys::Upstream {
            upstream: KeySet { keys, set },
            nonexistent,
        } => {
            let mut lines = vec![needs(report, keys, set)];
            lines.extend(ranges(keys, set));
            if !nonexistent.is_empty() {
                let absent = count(nonexistent.len() as u64, "partition");
                let do_not = if nonexistent.len() == 1 { "does" } else { "do" };
                let told = format!("{absent} that {do_not} not exist:");
                lines.push(styled(BAD, told).to_string());
                lines.extend(names(nonexistent, look));
            }
            lines
        }
        MappedKeys::Downstream {
            downstream: KeySet { keys, set },
        } => {
            let mut lines = vec![needed(report, keys, set)];
            lines.extend(ranges(keys, set));
            lines
        }
    };
    lines.push(String::new());
    lines.join("\n")
}

/// `month@2013-07 needs 31 partitions of clean (time_window)`
fn needs(report: &MapReport, keys: &PartitionKeys, set: &PartitionSet) -> String {
    let upstream = report.upstream.as_str();
    let as_input = if report.input.as_str() == upstream {
        String::new()
    } else {
        format!(" as {}", report.input)
    };
    format!(
        "{} needs {} of {}{as_input} ({})",
        styled(BOLD, at(report.asset.as_str(), report.partition.as_ref())),
        number(keys, set),
        styled(BOLD, upstream),
        report.mapping
    )
}

/// `1 partition of month needs clean@2013-07-04 (time_window)`
fn needed(report: &MapReport, keys: &PartitionKeys, set: &PartitionSet) -> String {
    format!(
        "{} of {} need{} {} ({})",
        number(keys, set),
        styled(BOLD, &report.asset),
        if set.len() <= 1 { "s" } else { "" },
        styled(
            BOLD,
            at(report.upstream.as_str(), report.partition.as_ref())
        ),
        report.mapping
    )
}

fn at(asset: &str, key: Option<&PartitionKey>) -> String {
    match key {
        Some(key) => format!("{asset}@{key}"),
        None => asset.to_owned(),
    }
}

/// `3 partitions`, `no partition`, `all of it` where there are none to tell apart.
fn number(keys: &PartitionKeys, set: &PartitionSet) -> String {
    match set.len() {
        0 => "no partition".to_owned(),
        _ if !keys.is_partitioned() => "all".to_owned(),
        many => count(many, "partition"),
    }
}

/// A line for each range.
fn ranges(keys: &PartitionKeys, set: &PartitionSet) -> Vec<String> {
    let line = |range: Range<u32>| {
        let first = keys.key(range.start)?;
        Some(match keys.key(range.end - 1)? {
            last if range.len() > 1 => {
                let count = count(range.len() as u64, "key");
                format!("  {first}...{last}  ({count})")
            }
            _ => format!("  {first}"),
        })
    };
    set.ranges().filter_map(line).collect()
}

/// A line for each key; of many those at the beginning.
fn names(keys: &[PartitionKey], look: &Look) -> Vec<String> {
    const NAMED: usize = 20;
    let named = match look.detail {
        Detail::Full => keys.len(),
        Detail::Brief | Detail::Normal => NAMED,
    };
    let names = keys.iter().take(named).map(|key| format!("  {key}"));
    let mut lines: Vec<_> = names.collect();
    if let Some(more @ 1..) = keys.len().checked_sub(named) {
        lines.push(format!("  and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::mapped;
    use crate::answer::{KeySet, MapReport, MappedKeys};
    use crate::cli::fixtures::{asset, key, look, plain};
    use crate::model::{
        Cadence, Name, PartitionKeys, PartitionSet, TimeKeys, TimePartitions, TimeSettings,
    };
    use crate::testkit;

    fn days() -> PartitionKeys {
        let days = TimePartitions::new(TimeSettings {
            end: Some("2025-01-01"),
            ..TimeSettings::new(Cadence::Daily, "2024-01-01")
        });
        let days = Arc::new(days.expect("a definition"));
        PartitionKeys::Time(TimeKeys::at(&days, jiff::Timestamp::MAX))
    }

    #[test]
    fn both_ways() {
        let mut report = MapReport {
            asset: asset("month"),
            input: testkit::name("daily"),
            upstream: asset("clean"),
            mapping: "time_window",
            partition: key("2024-01"),
            mapped: MappedKeys::Upstream {
                upstream: KeySet {
                    keys: days(),
                    set: PartitionSet::from_ranges([0..3, 7..8]),
                },
                nonexistent: vec![key("2023-12-31").expect("a key")],
            },
        };
        insta::assert_snapshot!(plain(&mapped(&report, &look())), @r"
        month@2024-01 needs 4 partitions of clean as daily (time_window)
          2024-01-01...2024-01-03  (3 keys)
          2024-01-08
        1 partition that does not exist:
          2023-12-31
        ");
        report.mapped = MappedKeys::Downstream {
            downstream: KeySet {
                keys: days(),
                set: PartitionSet::single(3),
            },
        };
        insta::assert_snapshot!(plain(&mapped(&report, &look())), @r"
        1 partition of month needs clean@2024-01 (time_window)
          2024-01-04
        ");
        report.partition = None;
        report.input = Name::of_asset(&report.upstream);
        report.mapped = MappedKeys::Upstream {
            upstream: KeySet {
                keys: PartitionKeys::Unpartitioned,
                set: PartitionSet::single(0),
            },
            nonexistent: vec![],
        };
        insta::assert_snapshot!(plain(&mapped(&report, &look())), @"month needs all of clean (time_window)");
    }
}
