//! `explain`: why an asset partition is fresh or not.

use clap::Args;

use crate::answer::{
    ComparedField, ComparedOutput, ExplainReport, FailedAttempt, HistoryEntry, KeyRange,
};
use crate::app;
use crate::cli::args::{ConfigurationArgs, one};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::next::{Next, as_typed};
use crate::cli::session::Session;
use crate::cli::text::{
    BOLD, DIM, Detail, GOOD, Keys, Look, Table, TableCell, UNVERIFIABLE, WARN, ago, and_more,
    chain, clock, count, declared_in, keys, printed, put, span, status_style, styled, visible,
};
use crate::model::{ExplainRequest, Origin, Outcome, Status};

/// Words of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl explain report
  assetctl explain clean@2013-07-04
  assetctl explain clean@2013-07-04 -v          also what is equal")]
pub struct ExplainArgs {
    /// The asset partition: `report`, `clean@2013-07-04`
    #[arg(value_name = "ASSET[@K]")]
    pub selected: String,
    /// Its partition, instead of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Explains one asset partition.
pub fn run(args: &ExplainArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let selected = one(&args.selected, args.partition.as_deref())?;
    let (report, notices) = app::explain(&project, &ExplainRequest { selected })?;
    session.tell(&notices);
    session.answer(&report, || explain(&report, &session.look(), &session.next))
}

/// How wide lines are where the terminal does not say.
const WIDTH: usize = 120;

/// How the names of inputs begin among the fields of a record.
const INPUT: &str = "input.";

/// How many ranges of neighbours are written out.
const RANGES: usize = 8;

/// How many newer files of an output are named.
const NEWER: usize = 3;

/// Why an asset partition is fresh, or is not.
pub fn explain(report: &ExplainReport, look: &Look, next: &Next) -> String {
    let width = look.width.unwrap_or(WIDTH);
    let mut text = format!(
        "{} is {}\n",
        styled(BOLD, &report.step),
        styled(status_style(report.status), report.status.word())
    );
    if report.status == Status::Fresh {
        text.push_str(&why_fresh(report));
    }
    for cause in &report.causes {
        for line in chain(cause, width.saturating_sub(2)) {
            put!(&mut text, "  {line}\n");
        }
    }
    if report.status == Status::Missing && report.last.is_none() && !report.record.is_empty() {
        text.push_str("  it was never materialized\n");
    }
    if report.status == Status::Locked {
        text.push_str("  its line in Assets.lock is right, but its outputs are not here\n");
    }
    if report.status == Status::Unverifiable {
        put!(
            &mut text,
            "  its line in Assets.lock is right, and {UNVERIFIABLE}: `{} accept {}` makes one\n",
            next.program,
            report.step
        );
    }
    if let Some(reason) = &report.blocked {
        let reason = as_typed(reason, &next.program);
        put!(&mut text, "  it cannot be made now: {reason}\n");
    }
    let declared = &report.declared_in;
    if declared.each.is_some() || declared.printed_by.is_some() {
        put!(&mut text, "  it is declared in {}\n", declared_in(declared));
    }
    if let Some(diff) = command_diff(&report.record) {
        put!(&mut text, "\n{}\n{diff}", heading("Command"));
    }
    if report.last.is_some() || look.detail == Detail::Full {
        text.push_str(&record(report, width, look.detail));
    }
    text.push_str(&outputs(report, width));
    text.push_str(&what_runs(report));
    if let Some(last) = &report.last {
        put!(
            &mut text,
            "\n{}\n  {}\n",
            heading("Last materialization"),
            last_line(last, look)
        );
    }
    if let Some(failed) = &report.failed {
        text.push_str(&last_attempt(failed, look));
    }
    text.push_str(&ranges("Reads", &report.reads, width));
    text.push_str(&ranges("Feeds", &report.feeds, width));
    text
}

fn heading(words: &str) -> String {
    styled(BOLD, words).to_string()
}

fn why_fresh(report: &ExplainReport) -> String {
    if report.last.is_none() && !report.record.is_empty() {
        return "  its line in Assets.lock is right, and its outputs match it\n".to_owned();
    }
    let outputs = match report.outputs.len() {
        1 => "so does its output".to_owned(),
        many => format!("so do its {}", count(many as u64, "output")),
    };
    format!(
        "  its record ({}) matches, and {outputs}\n",
        count(report.record.len() as u64, "field"),
    )
}

/// The fields that differ; with `-v` those that are equal, too.
fn record(report: &ExplainReport, width: usize, detail: Detail) -> String {
    let mut table = Table::default();
    let mut equal = 0_u64;
    // Of an input that is not known before its upstream ran, no key is.
    let mut unknown: Option<String> = None;
    for field in &report.record {
        let is_of_unknown = unknown
            .as_ref()
            .is_some_and(|it| field.field.starts_with(it));
        if field.equal && detail < Detail::Full {
            equal += 1;
        } else if !is_of_unknown {
            field_rows(field, &mut table);
        }
        if !is_of_unknown {
            let is_unknown = field.now.is_none() && field.field.starts_with(INPUT);
            unknown = is_unknown.then(|| format!("{}@", field.field));
        }
    }
    if report.record.is_empty() {
        return String::new();
    }
    let rows = table.lines(2, Some(width));
    let rest = match equal {
        0 => String::new(),
        equal => format!(
            "  {}\n",
            styled(
                DIM,
                format!("{} equal (-v shows them)", count(equal, "field"))
            )
        ),
    };
    format!("\n{}\n{rows}{rest}", heading("Recorded against now"))
}

fn field_rows(field: &ComparedField, table: &mut Table) {
    let value = |value: &Option<String>| {
        value
            .as_deref()
            .map_or_else(|| "(none)".to_owned(), |text| text.replace('\n', "⏎"))
    };
    if field.equal {
        table.row([
            TableCell::new(GOOD, "="),
            TableCell::plain(field.field.clone()),
            TableCell::new(DIM, value(&field.now)),
        ]);
        return;
    }
    table.row([
        TableCell::new(WARN, "≠"),
        TableCell::plain(field.field.clone()),
        TableCell::plain(format!("was {}", value(&field.recorded))),
    ]);
    let now = match &field.now {
        None if field.field.starts_with(INPUT) => "not known, or not read any more".to_owned(),
        now => value(now),
    };
    table.row([
        TableCell::plain(""),
        TableCell::plain(""),
        TableCell::plain(format!("now {now}")),
    ]);
}

/// The lines of the command that changed, where it has several or is long.
fn command_diff(record: &[ComparedField]) -> Option<String> {
    let field = record
        .iter()
        .find(|field| field.field.ends_with("command") && !field.equal)?;
    let (old, new) = (field.recorded.as_deref()?, field.now.as_deref()?);
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let head = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let mut text = String::new();
    for line in &old[head..old.len() - tail] {
        put!(&mut text, "  {}\n", styled(WARN, format!("- {line}")));
    }
    for line in &new[head..new.len() - tail] {
        put!(&mut text, "  {}\n", styled(GOOD, format!("+ {line}")));
    }
    Some(text)
}

fn outputs(report: &ExplainReport, width: usize) -> String {
    if report.outputs.is_empty() {
        return String::new();
    }
    let mut table = Table::default();
    for output in &report.outputs {
        let (sign, style, state) = match (&output.recorded, &output.now) {
            (None, None) if report.status != Status::Unverifiable => {
                ("≠", WARN, "absent, and never recorded")
            }
            (None, _) => ("≠", WARN, "exists, but was never recorded"),
            (Some(_), None) => ("≠", WARN, "missing"),
            (Some(_), Some(_)) if output.equal => ("=", GOOD, "as recorded"),
            (Some(_), Some(_)) => ("≠", WARN, "not what was recorded"),
        };
        table.row([
            TableCell::new(style, sign),
            TableCell::plain(output.name.clone().unwrap_or_default()),
            TableCell::plain(output.path.clone()),
            TableCell::plain(format!("{state}{}", newer(output))),
        ]);
    }
    format!("\n{}\n{}", heading("Outputs"), table.lines(2, Some(width)))
}

/// `; newer: data/x.csv and 3 more files`
fn newer(output: &ComparedOutput) -> String {
    let files = &output.newer;
    if files.is_empty() {
        return String::new();
    }
    let named: Vec<_> = files.iter().take(NEWER).map(|it| visible(it)).collect();
    let more = files.len().saturating_sub(NEWER) + output.more as usize;
    format!("; newer: {}", and_more(named.join(", "), more, "more file"))
}

fn what_runs(report: &ExplainReport) -> String {
    if report.blocked.is_some() {
        return String::new();
    }
    if report.command.is_empty() {
        return "\nIt has no command: it is made elsewhere and reported.\n".to_owned();
    }
    let words = report.command.iter().map(String::as_str);
    let command = shlex::try_join(words).unwrap_or_else(|_| report.command.join(" "));
    let usually = report
        .expected
        .map_or_else(String::new, |time| format!(", usually {}", span(time)));
    let heading = heading(match report.status {
        Status::Fresh => "Would run if stale",
        _ => "Would run",
    });
    let mut text = format!("\n{heading}{usually}\n");
    for line in command.lines() {
        put!(&mut text, "  {}\n", visible(line));
    }
    text
}

fn last_line(last: &HistoryEntry, look: &Look) -> String {
    let how = match (last.origin, last.outcome) {
        (Origin::Accepted, _) => "accepted",
        (Origin::Locked, _) => "known from Assets.lock",
        (Origin::Command, Outcome::Materialized) => "materialized",
        (Origin::Command, Outcome::Unchanged) => "materialized, with the same bytes as before",
    };
    let took = match last.origin {
        Origin::Accepted | Origin::Locked => String::new(),
        Origin::Command => {
            let took = std::time::Duration::from_millis(last.duration_ms);
            format!(" in {}", span(took))
        }
    };
    let run = last
        .run
        .map_or_else(String::new, |run| format!(", run {run}"));
    format!(
        "{} ({}), {how}{took}{run}",
        clock(last.time),
        ago(look.now, last.time),
    )
}

/// The last attempt, which failed: how, when, and what it printed last.
fn last_attempt(failed: &FailedAttempt, look: &Look) -> String {
    let took = span(std::time::Duration::from_millis(failed.duration_ms));
    let mut text = format!(
        "\n{}\n  {} ({}), failed: {} after {took}, run {}\n",
        heading("Last attempt"),
        clock(failed.time),
        ago(look.now, failed.time),
        visible(&failed.message),
        failed.run
    );
    for line in &failed.tail {
        put!(&mut text, "  | {}\n", printed(line));
    }
    if let Some(log) = &failed.log {
        put!(&mut text, "  whole log {}\n", visible(log));
    }
    if let Some(help) = &failed.help {
        put!(&mut text, "  help {}\n", visible(help));
    }
    text
}

fn ranges(words: &str, ranges: &[KeyRange], width: usize) -> String {
    if ranges.is_empty() {
        return String::new();
    }
    let mut table = Table::default();
    for range in ranges.iter().take(RANGES) {
        let keys = keys([Keys::from(range)], 1);
        let count = match range.count {
            0 | 1 => String::new(),
            many => count(many, "partition"),
        };
        table.row([
            TableCell::plain(range.asset.to_string()),
            TableCell::plain(keys),
            TableCell::new(DIM, count),
        ]);
    }
    let more = match ranges.len().saturating_sub(RANGES) {
        0 => String::new(),
        more => format!("  and {}\n", count(more as u64, "more range")),
    };
    format!(
        "\n{}\n{}{more}",
        heading(words),
        table.lines(2, Some(width))
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::explain;
    use crate::answer::{
        ComparedField, ComparedOutput, DeclaredIn, ExplainReport, HistoryEntry, ListedPlace,
    };
    use crate::cli::fixtures::{code, data, digest, look, next, plain, range, run, step, time};
    use crate::model::{
        CodeVersion, DataVersion, Fingerprint, Origin, Outcome, PartitionKey, ResourceUsage, Status,
    };

    fn field(field: &str, recorded: &str, now: &str) -> ComparedField {
        ComparedField::new(field.into(), Some(recorded.into()), Some(now.into()))
    }

    fn report() -> ExplainReport {
        ExplainReport {
            step: step("daily", "2013-07-04"),
            declared_in: DeclaredIn {
                place: ListedPlace {
                    file: "Assets.toml".into(),
                    line: 8,
                },
                each: None,
                printed_by: None,
            },
            status: Status::Stale,
            causes: vec![
                code("steps/daily.py"),
                data("clean", "2013-07-04", vec![code("steps/clean.py")]),
            ],
            blocked: None,
            record: vec![
                field("code.command", "set -e\na.py", "set -e\na.py --fast"),
                field(
                    "code.file steps/daily.py",
                    &"0a".repeat(16),
                    &"0b".repeat(16),
                ),
                field("input.airports", "1", "1"),
                ComparedField::new("input.clean".into(), Some("2".into()), None),
            ],
            outputs: vec![ComparedOutput {
                name: None,
                path: "build/daily/2013-07-04.json".into(),
                recorded: Some(DataVersion(digest("01"))),
                now: None,
                newer: vec![],
                more: 0,
                equal: false,
            }],
            command: vec!["sh".into(), "-euc".into(), "a.py --fast".into()],
            expected: Some(Duration::from_millis(2100)),
            last: Some(HistoryEntry {
                partition: PartitionKey::parse("2013-07-04").ok(),
                run: Some(run()),
                time: time("2013-07-05T01:02:03Z"),
                duration_ms: 2087,
                usage: ResourceUsage::default(),
                outputs: vec![],
                fingerprint: Fingerprint(digest("01")),
                code_version: CodeVersion(digest("02")),
                data_version: DataVersion(digest("03")),
                outcome: Outcome::Unchanged,
                origin: Origin::Command,
                inputs: vec![],
            }),
            failed: None,
            reads: vec![range("clean", "2013-07-04", "2013-07-04", 1)],
            feeds: vec![
                range("rolling", "2013-07-04", "2013-07-10", 7),
                range("year", "", "", 1),
            ],
        }
    }

    #[test]
    fn stale_with_the_chain_to_its_root() {
        insta::assert_snapshot!(plain(&explain(&report(), &look(), &next())), @r"
        daily@2013-07-04 is stale
          steps/daily.py changed
            was 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
            now 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b
          clean@2013-07-04 is not up to date
            because steps/clean.py changed
              was 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
              now 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b

        Command
          - a.py
          + a.py --fast

        Recorded against now
          ≠  code.command              was set -e⏎a.py
                                       now set -e⏎a.py --fast
          ≠  code.file steps/daily.py  was 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
                                       now 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b
          ≠  input.clean               was 2
                                       now not known, or not read any more
          1 field equal (-v shows them)

        Outputs
          ≠  build/daily/2013-07-04.json  missing

        Would run, usually 2.1s
          sh -euc 'a.py --fast'

        Last materialization
          2013-07-05 01:02:03Z (1 day ago), materialized, with the same bytes as before in 2.0s, run 0190a6e0-0000-7000-8000-000000000001

        Reads
          clean  2013-07-04

        Feeds
          rolling  2013-07-04...2013-07-10  7 partitions
          year
        ");
    }

    #[test]
    fn fresh_says_why_too() {
        let mut report = report();
        report.status = Status::Fresh;
        report.causes.clear();
        report.record = vec![field("code.command", "a.py", "a.py")];
        report.outputs[0].now = report.outputs[0].recorded;
        report.outputs[0].equal = true;
        report.feeds.clear();
        insta::assert_snapshot!(plain(&explain(&report, &look(), &next())), @r"
        daily@2013-07-04 is fresh
          its record (1 field) matches, and so does its output

        Recorded against now
          1 field equal (-v shows them)

        Outputs
          =  build/daily/2013-07-04.json  as recorded

        Would run if stale, usually 2.1s
          sh -euc 'a.py --fast'

        Last materialization
          2013-07-05 01:02:03Z (1 day ago), materialized, with the same bytes as before in 2.0s, run 0190a6e0-0000-7000-8000-000000000001

        Reads
          clean  2013-07-04
        ");
    }

    #[test]
    fn what_cannot_be_made_says_so() {
        let mut report = report();
        report.status = Status::Missing;
        report.causes.clear();
        report.last = None;
        report.blocked = Some("flights: flights.csv is missing".into());
        let text = plain(&explain(&report, &look(), &next()));
        assert!(text.contains("  it was never materialized\n  it cannot be made now: flights: flights.csv is missing\n"));
        assert!(!text.contains("Would run") && !text.contains("Recorded against now"));
    }
}
