//! `history`, and the headings of `logs`.

use std::time::Duration;

use crate::cli::text::{
    BOLD, Cell, DIM, Detail, GOOD, Keys, Look, Table, ago, clock, keys, span, styled,
};
use crate::model::{
    DataVersion, HistoryEntry, HistoryReport, InputRange, Origin, Outcome, StepLog,
};

/// A row per materialization, newest first; with `-v` what each read.
pub fn history(report: &HistoryReport, look: &Look) -> String {
    if report.materializations.is_empty() {
        return format!("{} was never materialized.\n", report.asset);
    }
    let mut table = Table::default();
    for entry in &report.materializations {
        table.row(row(report, entry));
        if look.detail == Detail::Full {
            for input in &entry.inputs {
                table.row(input_row(input));
            }
        }
    }
    table.lines(0, look.width)
}

fn row(report: &HistoryReport, entry: &HistoryEntry) -> Vec<Cell> {
    let name = match &entry.partition {
        Some(partition) => format!("{}@{partition}", report.asset),
        None => report.asset.to_string(),
    };
    let (word, style) = match (entry.origin, entry.outcome) {
        (Origin::Accepted, _) => ("accepted", DIM),
        (Origin::Locked, _) => ("from lock", DIM),
        (Origin::Command, Outcome::Materialized) => ("materialized", GOOD),
        (Origin::Command, Outcome::Unchanged) => ("unchanged", DIM),
    };
    let took = match entry.origin {
        Origin::Command => span(Duration::from_millis(entry.duration_ms)),
        Origin::Accepted | Origin::Locked => String::new(),
    };
    vec![
        Cell::new(DIM, clock(entry.time)),
        Cell::new(BOLD, name),
        Cell::new(style, word),
        Cell::plain(took).right(),
        Cell::plain(short(&entry.data_version)),
        Cell::new(
            DIM,
            entry
                .run
                .map_or_else(String::new, |run| format!("run {run}")),
        ),
    ]
}

fn input_row(input: &InputRange) -> Vec<Cell> {
    let range = Keys {
        first: input.first.as_ref(),
        last: input.last.as_ref(),
    };
    let keys = keys([range], 1);
    let name = if keys.is_empty() {
        input.input.clone()
    } else {
        format!("{}@{keys}", input.input)
    };
    vec![
        Cell::plain(""),
        Cell::new(DIM, format!("  ← {name}")),
        Cell::plain(""),
        Cell::plain(""),
        Cell::new(
            DIM,
            input.data_version.as_ref().map_or_else(String::new, short),
        ),
    ]
}

/// The first digits of a version, by which people tell them apart.
fn short(version: &DataVersion) -> String {
    version.to_string().chars().take(12).collect()
}

/// What stands above the log of a step where there are several.
pub fn log_heading(log: &StepLog, look: &Look) -> String {
    let step = match &log.last {
        Some(last) => format!("{}...{last}", log.step),
        None => log.step.to_string(),
    };
    format!(
        "{} {}\n",
        styled(BOLD, step),
        styled(
            DIM,
            format!(
                "{} ({}) {}",
                clock(log.time),
                ago(look.now, log.time),
                log.path
            )
        )
    )
}

#[cfg(test)]
mod tests {
    use super::history;
    use crate::cli::fixtures::{asset, digest, key, look, plain, run, time};
    use crate::cli::text::Detail;
    use crate::model::{
        CodeVersion, DataVersion, Fingerprint, HistoryEntry, HistoryReport, InputRange, Origin,
        Outcome,
    };

    #[test]
    fn rows_with_what_was_read() {
        let entry = |origin, outcome| HistoryEntry {
            partition: key("2013-07"),
            run: Some(run()),
            time: time("2013-08-01T00:00:00Z"),
            duration_ms: 2087,
            fingerprint: Fingerprint(digest("01")),
            code_version: CodeVersion(digest("02")),
            data_version: DataVersion(digest("03")),
            outcome,
            origin,
            inputs: vec![InputRange {
                input: "daily".into(),
                first: key("2013-07-01"),
                last: key("2013-07-31"),
                count: 31,
                data_version: None,
            }],
        };
        let report = HistoryReport {
            asset: asset("month"),
            materializations: vec![
                entry(Origin::Accepted, Outcome::Materialized),
                entry(Origin::Command, Outcome::Unchanged),
            ],
        };
        let mut full = look();
        full.detail = Detail::Full;
        full.width = None;
        insta::assert_snapshot!(plain(&history(&report, &full)), @r"
        2013-08-01 00:00:00Z  month@2013-07                      accepted         030303030303  run 0190a6e0-0000-7000-8000-000000000001
                                ← daily@2013-07-01...2013-07-31
        2013-08-01 00:00:00Z  month@2013-07                      unchanged  2.0s  030303030303  run 0190a6e0-0000-7000-8000-000000000001
                                ← daily@2013-07-01...2013-07-31
        ");
    }
}
