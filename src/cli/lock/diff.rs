//! `lock diff`: what differs between two lock files.

use clap::{Args, ValueEnum};

use crate::answer::{ChangedParts, Document, LineChange, LineKind, LockDiffReport, LockDifference};
use crate::app;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::Session;
use crate::cli::text::{DIM, Keys, Look, Table, TableCell, count, keys, put};
use crate::model::LockDiffRequest;

/// Words of `lock diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl lock diff HEAD                       what is not committed yet
  assetctl lock diff v1.0 v1.1
  assetctl lock diff origin/main --format markdown")]
pub struct LockDiffArgs {
    /// The revision to compare with
    #[arg(value_name = "REF")]
    pub old: String,
    /// The revision to compare [default: the file in the work tree]
    #[arg(value_name = "REF2")]
    pub new: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: LockDiffFormat,
}

/// How to tell differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LockDiffFormat {
    /// A line for each range of keys
    #[default]
    Text,
    /// A table for a pull request
    Markdown,
    /// JSON, as --json
    Json,
}

/// Compares two lock files.
pub fn run(args: &LockDiffArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let request = LockDiffRequest {
        old: args.old.clone(),
        new: args.new.clone(),
    };
    let report = app::lock_diff(&project, &request)?;
    session.tell(project.notices());
    if args.format == LockDiffFormat::Json {
        output::answer_json(&Document::new(&report))?;
        return Ok(VerbExit::Yes);
    }
    session.answer(&report, || match args.format {
        LockDiffFormat::Text | LockDiffFormat::Json => lock_diff(&report, &session.look()),
        LockDiffFormat::Markdown => lock_diff_markdown(&report),
    })
}

/// How many rows a table for a pull request has at most.
const ROWS: usize = 50;

/// What differs, a line for each range of keys.
fn lock_diff(report: &LockDiffReport, look: &Look) -> String {
    if report.differences.is_empty() {
        return format!("No line differs {}.\n", between(report, ""));
    }
    let mut table = Table::default();
    for found in &report.differences {
        table.row([
            TableCell::plain(marked_name(found.kind, &found.name)),
            TableCell::plain(ranges(found)),
            TableCell::new(DIM, number(found)),
            TableCell::plain(match &found.change {
                LineChange::Added => "added".to_owned(),
                LineChange::Removed => "removed".to_owned(),
                LineChange::Changed(parts) if found.kind == LineKind::Asset => in_words(parts),
                LineChange::Changed(_) => "changed".to_owned(),
            }),
        ]);
    }
    let rows = table.lines(2, look.width);
    format!("{rows}{} {}.\n", summary(report), between(report, ""))
}

/// The same as a Markdown table, of at most 50 rows.
fn lock_diff_markdown(report: &LockDiffReport) -> String {
    let mut text = String::from("### Assets.lock\n\n");
    if report.differences.is_empty() {
        let between = between(report, "`");
        put!(&mut text, "No line differs {between}.\n");
        return text;
    }
    let between = between(report, "`");
    let summary = summary(report);
    put!(&mut text, "{summary} {between}.\n\n");
    text.push_str(
        "| Asset | Partitions | Change | Code | Inputs | Output |\n|---|---|---|---|---|---|\n",
    );
    for found in report.differences.iter().take(ROWS) {
        let (change, [code, inputs, output]) = match &found.change {
            LineChange::Added => ("added", Default::default()),
            LineChange::Removed => ("removed", Default::default()),
            LineChange::Changed(parts) if found.kind == LineKind::Asset => (
                "changed",
                [
                    if parts.code_changed { "changed" } else { "" }.to_owned(),
                    inputs(parts),
                    outputs(parts),
                ],
            ),
            LineChange::Changed(_) => ("changed", Default::default()),
        };
        let keys = match (ranges(found), number(found)) {
            (keys, number) if number.is_empty() => keys,
            (keys, number) => format!("{keys} ({number})"),
        };
        let cells = [
            marked_name(found.kind, &found.name),
            keys,
            change.to_owned(),
            code,
            inputs,
            output,
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        put!(&mut text, "| {} |\n", cells.join(" | "));
    }
    if let Some(more) = report.differences.len().checked_sub(ROWS + 1) {
        put!(&mut text, "\nand {} more\n", more + 1);
    }
    text
}

/// A name as a lock file marks it.
pub fn marked_name(kind: LineKind, name: &str) -> String {
    match kind {
        LineKind::Asset => name.to_owned(),
        LineKind::Source => format!("@{name}"),
        LineKind::Key => format!("+ {name}"),
    }
}

fn ranges(found: &LockDifference) -> String {
    let range = Keys {
        first: found.first.as_ref(),
        last: found.last.as_ref(),
    };
    keys([range], 1)
}

/// How many partitions, where that is not plain from the keys.
fn number(found: &LockDifference) -> String {
    if found.count == 1 {
        return String::new();
    }
    count(found.count, "partition")
}

/// What changed in a line, in words.
fn in_words(parts: &ChangedParts) -> String {
    let code = parts.code_changed.then(|| "code changed".to_owned());
    let inputs = match parts.changed_inputs.as_deref() {
        Some([]) => None,
        Some(names) => Some(format!("{} changed", names.join(", "))),
        None => Some("dependencies changed".to_owned()),
    };
    let output = match &parts.changed_outputs {
        Some(labels) => format!("output {} changed", labels.join(", ")),
        None if parts.output_changed => "output changed".to_owned(),
        None => "output unchanged".to_owned(),
    };
    let words: Vec<String> = code.into_iter().chain(inputs).chain([output]).collect();
    words.join("; ")
}

fn inputs(parts: &ChangedParts) -> String {
    let names = parts.changed_inputs.as_ref().map(|names| names.join(", "));
    names.unwrap_or_else(|| "other dependencies".to_owned())
}

fn outputs(parts: &ChangedParts) -> String {
    match &parts.changed_outputs {
        Some(labels) => labels.join(", "),
        None if parts.output_changed => "changed".to_owned(),
        None => "unchanged".to_owned(),
    }
}

/// `3 partitions added, 1 changed`: of assets, or of what else differs where no asset does.
fn summary(report: &LockDiffReport) -> String {
    let is_asset = |found: &&LockDifference| found.kind == LineKind::Asset;
    let of_assets: Vec<_> = report.differences.iter().filter(is_asset).collect();
    let (told, noun) = if of_assets.is_empty() {
        (report.differences.iter().collect(), "line")
    } else {
        (of_assets, "partition")
    };
    let number = |is: fn(&LineChange) -> bool| -> u64 {
        let found = told.iter().filter(|found| is(&found.change));
        found.map(|found| u64::from(found.count)).sum()
    };
    let parts = [
        (number(|it| matches!(it, LineChange::Added)), "added"),
        (number(|it| matches!(it, LineChange::Changed(_))), "changed"),
        (number(|it| matches!(it, LineChange::Removed)), "removed"),
    ];
    let mut told = parts.iter().filter(|(number, _)| *number > 0);
    let mut text = match told.next() {
        Some((number, word)) => format!("{} {word}", count(*number, noun)),
        None => String::new(),
    };
    for (number, word) in told {
        put!(&mut text, ", {number} {word}");
    }
    text
}

fn between(report: &LockDiffReport, quote: &str) -> String {
    let old = &report.old;
    match &report.new {
        None => format!("since {quote}{old}{quote}"),
        Some(new) => format!("from {quote}{old}{quote} to {quote}{new}{quote}"),
    }
}
