//! `history`: the materializations and failed attempts of an asset.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;

use crate::answer::{FailedAttempt, HistoryEntry, HistoryReport, InputRange, PastAttempt};
use crate::app;
use crate::cli::args::{at_least_one, one};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{
    BAD, BOLD, DIM, Detail, GOOD, Keys, Look, Table, TableCell, bytes, clock, keys, printed, span,
};
use crate::model::{
    DataVersion, Grouping, HistoryRequest, Origin, Outcome, ResourceUsage, StepName,
};

/// Words of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl history report
  assetctl history clean@2013-07-04 --limit 3")]
pub struct HistoryArgs {
    /// The asset, or one partition of it
    #[arg(value_name = "ASSET[@K]")]
    pub selected: String,
    /// Its partition, instead of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
    /// At most N, newest first
    #[arg(long, value_name = "N", default_value = "50", value_parser = at_least_one::<NonZeroU32>)]
    pub limit: NonZeroU32,
    /// List each key of an input instead of ranges
    #[arg(long)]
    pub keys: bool,
    /// List failed attempts only
    #[arg(long)]
    pub failed: bool,
}

/// Lists what is recorded of an asset or of one partition.
pub fn run(args: &HistoryArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let request = HistoryRequest {
        selected: one(&args.selected, args.partition.as_deref())?,
        limit: Some(args.limit),
        grouping: Grouping::of_keys(args.keys),
        failed: args.failed,
    };
    let (report, notices) = app::history(&session.project()?, &request)?;
    session.tell(&notices);
    session.answer(&report, || history(&report, &session.look()))
}

/// A row per materialization, newest first; with `-v` what each read.
fn history(report: &HistoryReport, look: &Look) -> String {
    if report.entries.is_empty() {
        return format!("{} was never materialized.\n", report.asset);
    }
    let mut table = Table::default();
    for entry in &report.entries {
        match entry {
            PastAttempt::Made(made) => {
                table.row(row(report, made));
                if look.detail == Detail::Full {
                    let bytes = made.outputs.iter().map(|it| it.bytes).sum();
                    if let Some(row) = usage_row(&made.usage, Some(bytes)) {
                        table.row(row);
                    }
                    for input in &made.inputs {
                        table.row(input_row(input));
                    }
                }
            }
            PastAttempt::Failed(failed) => {
                table.row(failed_row(report, failed));
                if look.detail == Detail::Full {
                    if let Some(row) = usage_row(&failed.usage, None) {
                        table.row(row);
                    }
                    for line in failed.log.iter().chain(&failed.tail) {
                        let line = format!("  {}", printed(line));
                        table.row([TableCell::plain(""), TableCell::new(DIM, line)]);
                    }
                }
            }
        }
    }
    table.lines(0, look.width)
}

fn failed_row(report: &HistoryReport, failed: &FailedAttempt) -> Vec<TableCell> {
    let name = StepName {
        asset: report.asset.clone(),
        partition: failed.partition.clone(),
    };
    vec![
        TableCell::new(DIM, clock(failed.time)),
        TableCell::new(BOLD, name.to_string()),
        TableCell::new(BAD, "failed"),
        TableCell::plain(span(Duration::from_millis(failed.duration_ms))).right(),
        TableCell::plain(failed.message.clone()),
        TableCell::new(DIM, format!("run {}", failed.run)),
    ]
}

fn row(report: &HistoryReport, entry: &HistoryEntry) -> Vec<TableCell> {
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
        TableCell::new(DIM, clock(entry.time)),
        TableCell::new(BOLD, name),
        TableCell::new(style, word),
        TableCell::plain(took).right(),
        TableCell::plain(short(&entry.data_version)),
        TableCell::new(
            DIM,
            entry
                .run
                .map_or_else(String::new, |run| format!("run {run}")),
        ),
    ]
}

/// `1.9s processor time, 42 MB memory, 120 kB written`, as far as it is known.
fn usage_row(usage: &ResourceUsage, written: Option<u64>) -> Option<Vec<TableCell>> {
    let cpu = usage.cpu_ms.map(Duration::from_millis);
    let parts = [
        cpu.map(|cpu| format!("{} processor time", span(cpu))),
        usage
            .peak_bytes
            .map(|peak| format!("{} memory", bytes(peak))),
        written.map(|written| format!("{} written", bytes(written))),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let mut row = vec![TableCell::plain(""); 5];
    row.push(TableCell::new(DIM, parts.join(", ")));
    (!parts.is_empty()).then_some(row)
}

fn input_row(input: &InputRange) -> Vec<TableCell> {
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
        TableCell::plain(""),
        TableCell::new(DIM, format!("  ← {name}")),
        TableCell::plain(""),
        TableCell::plain(""),
        TableCell::new(
            DIM,
            input.data_version.as_ref().map_or_else(String::new, short),
        ),
    ]
}

/// The first digits of a version, by which people tell them apart.
fn short(version: &DataVersion) -> String {
    version.to_string().chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::history;
    use crate::answer::{FailedAttempt, HistoryEntry, HistoryReport, InputRange, PastAttempt};
    use crate::cli::fixtures::{asset, digest, key, look, plain, run, time};
    use crate::cli::text::Detail;
    use crate::model::{CodeVersion, DataVersion, Fingerprint, Origin, Outcome, ResourceUsage};

    #[test]
    fn rows_with_what_was_read() {
        let entry = |origin, outcome| HistoryEntry {
            partition: key("2013-07"),
            run: Some(run()),
            time: time("2013-08-01T00:00:00Z"),
            duration_ms: 2087,
            usage: ResourceUsage {
                cpu_ms: Some(1900),
                peak_bytes: Some(42_000_000),
            },
            outputs: vec![],
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
        let failed = PastAttempt::Failed(Box::new(FailedAttempt {
            partition: key("2013-07"),
            run: run(),
            attempt: 0,
            time: time("2013-08-02T00:00:00Z"),
            duration_ms: 2087,
            usage: ResourceUsage::default(),
            exit: Some(3),
            signal: None,
            code: "assetctl::engine::command_failed".into(),
            message: "exit code 3".into(),
            help: None,
            command: "false".into(),
            log: Some(".assetctl/logs/x.log".into()),
            tail: vec!["why".into()],
        }));
        let report = HistoryReport {
            asset: asset("month"),
            entries: vec![
                failed,
                PastAttempt::Made(Box::new(entry(Origin::Accepted, Outcome::Materialized))),
                PastAttempt::Made(Box::new(entry(Origin::Command, Outcome::Unchanged))),
            ],
        };
        let mut full = look();
        full.detail = Detail::Full;
        full.width = None;
        insta::assert_snapshot!(plain(&history(&report, &full)), @r"
        2013-08-02 00:00:00Z  month@2013-07                      failed     2.0s  exit code 3   run 0190a6e0-0000-7000-8000-000000000001
                                .assetctl/logs/x.log
                                why
        2013-08-01 00:00:00Z  month@2013-07                      accepted         030303030303  run 0190a6e0-0000-7000-8000-000000000001
                                                                                                1.9s processor time, 42 MB memory, 0 B written
                                ← daily@2013-07-01...2013-07-31
        2013-08-01 00:00:00Z  month@2013-07                      unchanged  2.0s  030303030303  run 0190a6e0-0000-7000-8000-000000000001
                                                                                                1.9s processor time, 42 MB memory, 0 B written
                                ← daily@2013-07-01...2013-07-31
        ");
    }
}
