//! Runs as text.

use std::time::Duration;

use anstyle::Style;
use jiff::Timestamp;

use crate::answer::{
    DeletedRuns, Event, ExportedRun, Level, ListedRun, RunAttempt, RunMore, RunStep, RunStepState,
    RunsReport,
};
use crate::cli::next::Next;
use crate::cli::progress::{counted, put_details};
use crate::cli::terminal::Glyphs;
use crate::cli::text::{
    ACCENT, BAD, BOLD, DIM, Detail, GOOD, Look, Table, TableCell, WARN, ago, bytes, clock, count,
    cut, printed, put, span, styled, visible,
};
use crate::model::{RANGE_SIGN, RunStatus, RunVerb};

/// How many steps are drawn; with `-v` all.
const DRAWN: usize = 40;

/// How many failed steps are told.
const TOLD: usize = 5;

/// A row for each run.
pub fn list(report: &RunsReport, look: &Look) -> String {
    if report.runs.is_empty() {
        return "No runs.\n".to_owned();
    }
    let mut table = Table::default();
    for run in &report.runs {
        let sign = match (run.parent, look.glyphs) {
            (None, _) => "",
            (Some(_), Glyphs::Unicode) => "↳ ",
            (Some(_), Glyphs::Ascii) => "> ",
        };
        table.row([
            TableCell::new(BOLD, format!("{sign}{}", run.run)),
            TableCell::new(style_of(run.status), run.status.word()),
            TableCell::new(DIM, ago(look.now, run.started)),
            TableCell::plain(took(run).unwrap_or_default()).right(),
            TableCell::plain(asked(run)),
            TableCell::new(DIM, counted(run.counts)),
        ]);
    }
    table.lines(0, look.width)
}

/// One run: how it was asked for, its steps over time, what failed, how to go on.
pub fn show(report: &RunsReport, next: &Next, look: &Look) -> String {
    let mut text = String::new();
    for run in &report.runs {
        put_head(&mut text, run, look);
        if let Some(more) = &run.more {
            put_more(&mut text, run, more);
            put_timeline(&mut text, run, more, look);
            put_failures(&mut text, more, next, look);
            put_next(&mut text, run, more, &next.program);
        }
    }
    text
}

fn put_head(text: &mut String, run: &ListedRun, look: &Look) {
    let status = styled(style_of(run.status), run.status.word());
    put!(text, "{} {status}\n", styled(BOLD, run.run));
    let (when, took) = (ago(look.now, run.started), took(run));
    let took = took.map_or_else(String::new, |took| format!(", took {took}"));
    put!(text, "  {}\n", visible(&asked(run)));
    put!(text, "  began {} ({when}){took}\n", clock(run.started));
    let counts = counted(run.counts);
    if !counts.is_empty() {
        put!(text, "  {counts}\n");
    }
}

fn put_more(text: &mut String, run: &ListedRun, more: &RunMore) {
    if let Some(parent) = run.parent {
        put!(text, "  repeats run {parent}\n");
    }
    for (key, value) in &run.tags {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        put!(text, "  tag {}\n", visible(&format!("{key}={value}")));
    }
    if let Some(key) = &more.run_key {
        put!(text, "  key {}\n", visible(key));
    }
    let mut at = Vec::new();
    at.extend(more.host.clone());
    at.extend(more.user.as_ref().map(|user| format!("user {user}")));
    at.extend(
        more.tool_version
            .as_ref()
            .map(|it| format!("assetctl {it}")),
    );
    let commit = more.git_commit.as_ref().and_then(|it| it.get(..12));
    at.extend(commit.map(|commit| format!("commit {commit}")));
    if !at.is_empty() {
        put!(text, "  {}\n", styled(DIM, visible(&at.join(", "))));
    }
}

fn put_timeline(text: &mut String, run: &ListedRun, more: &RunMore, look: &Look) {
    let ran = |step: &&RunStep| step.is_first() && !step.attempts.is_empty();
    let steps: Vec<_> = more.steps.iter().filter(ran).collect();
    if steps.is_empty() {
        return;
    }
    text.push('\n');
    let all = look.detail == Detail::Full;
    let drawn = if all {
        steps.len()
    } else {
        steps.len().min(DRAWN)
    };
    let last = steps
        .iter()
        .filter_map(|step| Some(end(step, step.attempts.last()?)));
    let last = last.max().unwrap_or(run.started);
    let scale = Scale {
        from: run.started,
        to: last,
        width: look.width.unwrap_or(100).saturating_sub(64).clamp(10, 60),
        glyphs: look.glyphs,
    };
    let mut table = Table::default();
    for step in &steps[..drawn] {
        for attempt in &step.attempts {
            let number = match attempt.attempt {
                0 => String::new(),
                number => format!(" attempt {}", number + 1),
            };
            let style = style_of_step(attempt.state);
            let duration = attempt.duration_ms.saturating_mul(step.share());
            table.row([
                TableCell::new(BOLD, cut(&format!("{}{number}", step.name()), 40)),
                TableCell::new(style, scale.bar(step, attempt)),
                TableCell::plain(span(Duration::from_millis(duration))).right(),
                TableCell::new(style, attempt.state.word()),
            ]);
        }
    }
    text.push_str(&table.lines(2, look.width));
    if steps.len() > drawn {
        put!(
            text,
            "  and {}; `-v` shows all\n",
            count((steps.len() - drawn) as u64, "step")
        );
    }
}

fn put_failures(text: &mut String, more: &RunMore, next: &Next, look: &Look) {
    let failed = |step: &&RunStep| step.is_first() && step.state == RunStepState::Failed;
    let failed: Vec<_> = more.steps.iter().filter(failed).collect();
    let told = match look.detail {
        Detail::Full => failed.len(),
        _ => failed.len().min(TOLD),
    };
    for step in &failed[..told] {
        let Some(attempt) = step.attempts.last() else {
            continue;
        };
        let Some(failure) = &attempt.failure else {
            continue;
        };
        put!(
            text,
            "\n{} {}: {}\n",
            styled(BAD, "Failed"),
            styled(BOLD, visible(&step.name())),
            printed(&failure.message)
        );
        put_details(text, failure, attempt.log.as_deref(), next);
    }
    if failed.len() > told {
        put!(
            text,
            "and {}; `-v` shows all\n",
            count((failed.len() - told) as u64, "failed step")
        );
    }
    let blocked = |step: &&RunStep| step.state == RunStepState::Blocked;
    let blocked = more.steps.iter().filter(blocked).count();
    if blocked > 0 {
        let blocked = count(blocked as u64, "step");
        put!(text, "\n{}\n", styled(WARN, format!("{blocked} blocked")));
    }
}

/// What to type to go on.
fn put_next(text: &mut String, run: &ListedRun, more: &RunMore, program: &str) {
    let is_whole = matches!(run.status, RunStatus::Success | RunStatus::Started);
    let go_on = match (run.status, run.verb) {
        (RunStatus::Started, _) => format!("{program} runs cancel {}", run.run),
        (_, RunVerb::JobRun) => {
            let job = run.job.as_ref().map_or("", |job| job.as_str());
            format!("{program} job run {job}")
        }
        _ => format!(
            "{program} materialize {}{}",
            run.selection,
            keys(&run.partitions)
        ),
    };
    let has_logs = more
        .steps
        .iter()
        .any(|step| step.attempts.iter().any(|it| it.log.is_some()));
    if has_logs {
        put!(text, "\nLogs: {program} runs logs {}\n", run.run);
    }
    match run.status {
        RunStatus::Started => put!(text, "To end it: {go_on}\n"),
        _ if !is_whole => put!(text, "To go on: {}\n", go_on.trim_end()),
        _ => {}
    }
}

/// The flags that choose partitions as they were chosen.
fn keys(partitions: &str) -> String {
    let words = partitions.split_whitespace().map(|word| {
        let flag = match word {
            word if word.starts_with("--") || word.parse::<u32>().is_ok() => "",
            word if word.contains(RANGE_SIGN) => "--partition-range ",
            _ => "--partition ",
        };
        let word = shlex::try_quote(word).unwrap_or(word.into());
        format!(" {flag}{word}")
    });
    words.collect()
}

/// A stretch of time, drawn.
struct Scale {
    from: Timestamp,
    to: Timestamp,
    width: usize,
    glyphs: Glyphs,
}

impl Scale {
    fn bar(&self, step: &RunStep, attempt: &RunAttempt) -> String {
        let (full, empty) = match self.glyphs {
            Glyphs::Unicode => ('█', '·'),
            Glyphs::Ascii => ('#', '.'),
        };
        let (from, to) = (
            self.column(attempt.started),
            self.column(end(step, attempt)),
        );
        let from = from.min(self.width - 1);
        let column = |at| {
            if at >= from && at <= to.max(from) {
                full
            } else {
                empty
            }
        };
        (0..self.width).map(column).collect()
    }

    fn column(&self, time: Timestamp) -> usize {
        let whole = (self.to.as_millisecond() - self.from.as_millisecond()).max(1);
        let part = (time.as_millisecond() - self.from.as_millisecond()).clamp(0, whole);
        let last = i64::try_from(self.width - 1).unwrap_or(0);
        usize::try_from(part * last / whole).unwrap_or(0)
    }
}

fn end(step: &RunStep, attempt: &RunAttempt) -> Timestamp {
    let took = Duration::from_millis(attempt.duration_ms.saturating_mul(step.share()));
    attempt.started.checked_add(took).unwrap_or(attempt.started)
}

/// How long a run took, where it has ended.
fn took(run: &ListedRun) -> Option<String> {
    let took = run.ended?.as_millisecond() - run.started.as_millisecond();
    let took = u64::try_from(took).unwrap_or(0);
    Some(span(Duration::from_millis(took)))
}

/// The words that a run was asked for with.
fn asked(run: &ListedRun) -> String {
    let mut words = vec![run.verb.word().to_owned()];
    if let (RunVerb::JobRun, Some(job)) = (run.verb, &run.job) {
        words.push(job.to_string());
    } else if !run.selection.is_empty() {
        words.push(run.selection.clone());
    }
    if !run.partitions.is_empty() {
        words.push(run.partitions.clone());
    }
    words.join(" ")
}

fn style_of(status: RunStatus) -> Style {
    match status {
        RunStatus::Started => ACCENT,
        RunStatus::Success => GOOD,
        RunStatus::Failure | RunStatus::Crashed => BAD,
        RunStatus::Canceled => WARN,
    }
}

fn style_of_step(state: RunStepState) -> Style {
    match state {
        RunStepState::Running | RunStepState::Waiting => ACCENT,
        RunStepState::Materialized => GOOD,
        RunStepState::Unchanged | RunStepState::Fresh => DIM,
        RunStepState::Failed | RunStepState::Interrupted => BAD,
        RunStepState::Canceled | RunStepState::Blocked => WARN,
    }
}

/// A line for each event.
pub fn events(events: &[Event], look: &Look) -> String {
    let mut table = Table::default();
    for event in events {
        let (style, level) = match event.kind.level() {
            Level::Debug => (DIM, "debug"),
            Level::Info => (DIM, "info"),
            Level::Warn => (WARN, "warn"),
            Level::Error => (BAD, "error"),
        };
        table.row([
            TableCell::new(DIM, clock(event.time)),
            TableCell::new(style, level),
            TableCell::plain(event.kind.word()),
            TableCell::plain(event.kind.message()),
        ]);
    }
    table.lines(0, look.width)
}

/// What was deleted.
pub fn deleted(report: &DeletedRuns) -> String {
    format!("Deleted {}.\n", count(report.runs.len() as u64, "run"))
}

/// What was written.
pub fn exported(report: &ExportedRun) -> String {
    let (path, size) = (visible(&report.path), bytes(report.bytes));
    let files = count(report.files.len() as u64, "file");
    format!("Wrote {path}: {files}, {size}.\n")
}
