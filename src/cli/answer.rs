//! Answers: a report as JSON or as text, on standard output.

use std::io;

use serde::Serialize;

use crate::answer::{
    AffectedReport, CheckReport, Document, ExplainReport, GraphReport, HistoryReport, ImpactReport,
    InitReport, KeysReport, ListReport, LockDiffReport, LockReport, MapReport, ObserveReport,
    PartitionsReport, PlanReport, Problem, ShowReport, ShownPartitions, StatusReport,
    ValidateReport,
};
use crate::cli::args::{CheckFormat, GraphFormat, LockDiffFormat};
use crate::cli::ci;
use crate::cli::diagnostics;
use crate::cli::exit::Exit;
use crate::cli::next::{Next, as_typed};
use crate::cli::output;
use crate::cli::render;
use crate::cli::session::{Format, Session};
use crate::cli::text::count;
use crate::model::Grouping;

/// A report in the format of the session.
fn answer<R: Serialize>(
    session: &Session,
    report: &R,
    text: impl FnOnce() -> String,
) -> io::Result<()> {
    match session.format {
        Format::Json => output::answer_json(&Document::new(report)),
        Format::Text => output::answer(session.terminal.stdout, text()),
    }
}

/// Answers `status`.
pub fn status(session: &Session, report: &StatusReport, grouping: Grouping) -> io::Result<()> {
    answer(session, report, || {
        render::status(report, grouping, &session.look(), &session.next)
    })
}

/// Answers `check`.
pub fn check(
    session: &Session,
    report: &CheckReport,
    format: CheckFormat,
    next: &Next,
) -> io::Result<()> {
    let stdout = session.terminal.stdout;
    match format {
        CheckFormat::Text => output::answer(stdout, render::check(report, &session.look(), next)),
        CheckFormat::Json => output::answer_json(&Document::new(report)),
        CheckFormat::Github => {
            let mut text = ci::annotations(report) + &render::verdict(report);
            if !report.rebuilt.is_empty() {
                text = text + &render::rebuilding(report) + "\n";
            }
            output::answer(stdout, text)
        }
        CheckFormat::Gitlab => output::answer_json(&ci::CodeQuality::from(report)),
        CheckFormat::Junit => output::answer_bytes(ci::junit(report).as_bytes()),
        CheckFormat::Sarif => output::answer_json(&ci::SarifLog::from(report)),
    }
}

/// How `check` ends: 1 if anything is not fresh.
pub fn check_exit(report: &CheckReport) -> Exit {
    if report.is_good() {
        Exit::Yes
    } else {
        Exit::No
    }
}

/// How `status --exit-code` ends: 1 if anything is not fresh.
pub fn status_exit(report: &StatusReport) -> Exit {
    if report.summary.fresh == report.summary.total() {
        Exit::Yes
    } else {
        Exit::No
    }
}

/// How `plan` and `materialize --dry-run` end: as the run would, 1 if anything is blocked.
pub fn plan_exit(report: &PlanReport) -> Exit {
    if report.counts.blocked == 0 {
        Exit::Yes
    } else {
        Exit::No
    }
}

/// Answers `plan`.
pub fn plan(session: &Session, report: &PlanReport) -> io::Result<()> {
    answer(session, report, || {
        render::plan(report, &session.look(), &session.next)
    })
}

/// Answers `explain`.
pub fn explain(session: &Session, report: &ExplainReport) -> io::Result<()> {
    answer(session, report, || {
        render::explain(report, &session.look(), &session.next)
    })
}

/// Answers `observe`.
pub fn observe(session: &Session, report: &ObserveReport) -> io::Result<()> {
    answer(session, report, || render::observe(report, &session.look()))
}

/// The answer of `list`, as it is written.
pub fn list(session: &Session, report: &ListReport) -> io::Result<Vec<u8>> {
    match session.format {
        Format::Json => {
            let mut line = Vec::new();
            output::json_line(&mut line, &Document::new(report))?;
            Ok(line)
        }
        Format::Text => {
            let text = render::list(report, &session.look());
            Ok(session.terminal.stdout.paint.apply(text).into_bytes())
        }
    }
}

/// Answers `show`.
pub fn show(session: &Session, report: &ShowReport) -> io::Result<()> {
    answer(session, report, || {
        render::show(&report.asset, &session.look())
    })
}

/// Answers `graph`.
pub fn graph(session: &Session, report: &GraphReport, format: GraphFormat) -> io::Result<()> {
    if format == GraphFormat::Json {
        return output::answer_json(&Document::new(report));
    }
    answer(session, report, || match format {
        GraphFormat::Text | GraphFormat::Json => render::graph(report),
        GraphFormat::Dot => render::dot(report),
        GraphFormat::Mermaid => render::mermaid(report),
    })
}

/// Answers `partitions list`.
pub fn partitions(
    session: &Session,
    report: &PartitionsReport,
    grouping: Grouping,
) -> io::Result<()> {
    answer(session, report, || {
        render::partitions(report, grouping, &session.look())
    })
}

/// Answers `partitions show`.
pub fn shown_partitions(session: &Session, shown: &ShownPartitions) -> io::Result<()> {
    answer(session, shown, || {
        render::shown_partitions(shown, &session.look())
    })
}

/// Answers `partitions map`.
pub fn mapped(session: &Session, report: &MapReport) -> io::Result<()> {
    answer(session, report, || render::mapped(report, &session.look()))
}

/// Answers `partitions add` and `partitions remove`.
pub fn keys(session: &Session, report: &KeysReport) -> io::Result<()> {
    answer(session, report, || {
        as_typed(&render::changed_keys(report), &session.next.program).into_owned()
    })
}

/// Answers `history`.
pub fn history(session: &Session, report: &HistoryReport) -> io::Result<()> {
    answer(session, report, || render::history(report, &session.look()))
}

/// Answers `validate`: problems go to standard error, the last line to standard output.
pub fn validate(session: &Session, report: &ValidateReport) -> io::Result<()> {
    if session.format == Format::Text {
        let problems = report.errors.iter().chain(&report.warnings);
        let problems = problems.map(|it: &Problem| -> &dyn miette::Diagnostic { &**it });
        let text = diagnostics::report_all(problems, &session.terminal, &session.next.program);
        output::say(session.terminal.stderr, text);
    }
    answer(session, report, || render::validate(report))
}

/// How `validate` ends.
pub fn validate_exit(report: &ValidateReport) -> Exit {
    if report.errors.is_empty() {
        Exit::Yes
    } else {
        Exit::Input
    }
}

/// Answers `accept`.
pub fn accept(session: &Session, report: &AffectedReport) -> io::Result<()> {
    answer(session, report, || {
        render::accepted(report, &session.look())
    })
}

/// What to ask before a wipe; `None` where nothing would be lost.
pub fn wipe_question(report: &AffectedReport) -> Option<String> {
    let partitions: u32 = report.affected.iter().map(|range| range.count).sum();
    let records = count(partitions, "record");
    match (partitions, report.files.len()) {
        (0, 0) => None,
        (_, 0) => Some(format!("Forget {records}?")),
        (_, files) => {
            let files = count(files as u64, "file");
            Some(format!("Forget {records} and remove {files}?"))
        }
    }
}

/// Answers `wipe`.
pub fn wipe(session: &Session, report: &AffectedReport) -> io::Result<()> {
    answer(session, report, || render::wiped(report, &session.look()))
}

/// Answers `affected`.
pub fn affected(session: &Session, report: &ImpactReport) -> io::Result<()> {
    answer(session, report, || {
        render::affected(report, &session.look())
    })
}

/// Answers `lock` and `lock prune`.
pub fn locked(session: &Session, report: &LockReport) -> io::Result<()> {
    answer(session, report, || render::locked(report, &session.look()))
}

/// Answers `lock diff`.
pub fn lock_diff(
    session: &Session,
    report: &LockDiffReport,
    format: LockDiffFormat,
) -> io::Result<()> {
    if format == LockDiffFormat::Json {
        return output::answer_json(&Document::new(report));
    }
    answer(session, report, || match format {
        LockDiffFormat::Text | LockDiffFormat::Json => render::lock_diff(report, &session.look()),
        LockDiffFormat::Markdown => render::lock_diff_markdown(report),
    })
}

/// Answers `init`.
pub fn init(session: &Session, report: &InitReport) -> io::Result<()> {
    answer(session, report, || {
        render::init(report, &session.look(), &session.next)
    })
}
