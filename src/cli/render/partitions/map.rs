//! `partitions map`: the partitions of the other side, in ranges.

use crate::cli::text::{BAD, BOLD, Look, count, styled};
use crate::model::{MapReport, MappedKeys, PartitionKey, PartitionKeys, PartitionSet};

/// Which partitions belong together: a line that says so, and a line for each range.
pub fn mapped(report: &MapReport, look: &Look) -> String {
    let at = |asset: &str, key: Option<&PartitionKey>| match key {
        Some(key) => format!("{asset}@{key}"),
        None => asset.to_owned(),
    };
    let partition = report.partition.as_ref();
    let (asset, upstream) = (report.asset.as_str(), report.upstream.as_str());
    match &report.mapped {
        MappedKeys::Upstream {
            keys,
            existing,
            nonexistent,
        } => {
            let (step, input) = (at(asset, partition), &report.input);
            let as_input = if input.as_str() == upstream {
                String::new()
            } else {
                format!(" as {input}")
            };
            let needed = number(keys, existing);
            let mut text = format!(
                "{} needs {needed} of {}{as_input} ({})\n",
                styled(BOLD, step),
                styled(BOLD, upstream),
                report.mapping
            );
            text.push_str(&ranges(keys, existing));
            if !nonexistent.is_empty() {
                let absent = count(nonexistent.len() as u64, "partition");
                let do_not = if nonexistent.len() == 1 { "does" } else { "do" };
                let told = format!("{absent} that {do_not} not exist:");
                text.push_str(&format!("{}\n", styled(BAD, told)));
                text.push_str(&names(nonexistent, look));
            }
            text
        }
        MappedKeys::Downstream { keys, set } => format!(
            "{} of {} need{} {} ({})\n{}",
            number(keys, set),
            styled(BOLD, asset),
            if set.len() == 1 { "s" } else { "" },
            styled(BOLD, at(upstream, partition)),
            report.mapping,
            ranges(keys, set)
        ),
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
fn ranges(keys: &PartitionKeys, set: &PartitionSet) -> String {
    let line = |range: std::ops::Range<u32>| {
        let first = keys.key(range.start)?;
        let len = range.len();
        Some(match keys.key(range.end - 1)? {
            last if len > 1 => format!("  {first}...{last}  ({})\n", count(len as u64, "key")),
            _ => format!("  {first}\n"),
        })
    };
    set.ranges().filter_map(line).collect()
}

/// A line for each key; of many those at the beginning.
fn names(keys: &[PartitionKey], look: &Look) -> String {
    const NAMED: usize = 20;
    let named = if look.detail == crate::cli::text::Detail::Full {
        keys.len()
    } else {
        NAMED
    };
    let mut text: String = keys
        .iter()
        .take(named)
        .map(|key| format!("  {key}\n"))
        .collect();
    if let Some(more @ 1..) = keys.len().checked_sub(named) {
        text.push_str(&format!("  and {more} more\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::mapped;
    use crate::cli::fixtures::{asset, key, look, plain};
    use crate::model::{
        Cadence, MapReport, MappedKeys, Name, PartitionKeys, PartitionSet, TimeKeys,
        TimePartitions, TimeSettings,
    };

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
            input: Name::parse("daily").expect("a name"),
            upstream: asset("clean"),
            mapping: "time_window",
            partition: key("2024-01"),
            mapped: MappedKeys::Upstream {
                keys: days(),
                existing: PartitionSet::from_ranges([0..3, 7..8]),
                nonexistent: vec![key("2023-12-31").expect("a key")],
            },
        };
        insta::assert_snapshot!(plain(&mapped(&report, &look())), @"");
        report.mapped = MappedKeys::Downstream {
            keys: days(),
            set: PartitionSet::single(3),
        };
        insta::assert_snapshot!(plain(&mapped(&report, &look())), @"");
        report.partition = None;
        report.input = Name::of_asset(&report.upstream);
        report.mapped = MappedKeys::Upstream {
            keys: PartitionKeys::Unpartitioned,
            existing: PartitionSet::single(0),
            nonexistent: vec![],
        };
        insta::assert_snapshot!(plain(&mapped(&report, &look())), @"");
    }
}
