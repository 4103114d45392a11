//! A failure, whole: what failed, how, what it wrote, and how to go on.

use std::borrow::Cow;
use std::time::Duration;

use crate::answer::{EventKind, KeyPlaces, KeyRange, StepFailure, StepOutcome};
use crate::cli::next::{Next, as_typed};
use crate::cli::progress::board::{Blocked, Failed};
use crate::cli::progress::line::{neighbours, range_name};
use crate::cli::text::{BAD, BOLD, DIM, WARN, count, printed, put, styled, visible};
use crate::model::{Batch, StepName};

/// How many groups of blocked steps are named.
const BLOCKED: usize = 10;

/// How many failures are told again at the end.
const AGAIN: usize = 20;

/// A failure as a block of lines; to materialize what failed goes on.
pub fn block(failed: &Failed, next: &Next) -> String {
    let (asset, key) = (failed.step.asset.clone(), failed.step.partition.clone());
    let keys = match failed.batch.as_deref() {
        Some(Batch { first, last, len }) => KeyRange {
            asset,
            first: Some(first.clone()),
            last: Some(last.clone()),
            count: *len,
        },
        None => KeyRange {
            asset,
            first: key.clone(),
            last: key,
            count: 1,
        },
    };
    block_of(&keys, failed, next)
}

/// A failure that is told in full above: what failed and how, and where its log is.
fn line_of(keys: &KeyRange, first: &Failed) -> String {
    let log = first.log.as_deref();
    let log = log.map_or_else(String::new, |log| {
        styled(DIM, format!("  {}", visible(log))).to_string()
    });
    format!(
        "{} {}: {}{log}\n",
        styled(BAD, format!("{:>12}", "Failed")),
        styled(BOLD, range_name(keys)),
        visible(&first.failure.message)
    )
}

/// A command that failed beside steps: of a resource, or a hook.
pub fn block_besides(
    is_error: bool,
    (failure, log): (&StepFailure, Option<&str>),
    next: &Next,
) -> String {
    let (style, word) = if is_error {
        (BAD, "Error")
    } else {
        (WARN, "Warning")
    };
    let word = styled(style, format!("{word:>12}"));
    let mut text = format!("\n{word} {}\n", visible(&failure.message));
    put_details(&mut text, failure, log, next);
    text.push('\n');
    text
}

/// A labelled value, each of its lines below the other.
fn put_labelled(text: &mut String, label: &str, value: &str) {
    for (index, part) in value.lines().enumerate() {
        let label = if index == 0 { label } else { "" };
        put!(text, "{} {part}\n", styled(DIM, format!("{label:>12}")));
    }
}

/// The command, what it wrote last, where all of that is, and what to do.
pub fn put_details(text: &mut String, failure: &StepFailure, log: Option<&str>, next: &Next) {
    put_labelled(text, "command", &failure.command);
    for (index, tail) in failure.tail.iter().enumerate() {
        put_labelled(text, if index == 0 { "output" } else { "" }, &printed(tail));
    }
    if let Some(log) = log {
        put_labelled(text, "whole log", log);
    }
    if let Some(help) = &failure.help {
        put_labelled(text, "help", &as_typed(help, &next.program));
    }
}

/// Failures of neighbours that failed alike: as the first of them did.
fn block_of(keys: &KeyRange, first: &Failed, next: &Next) -> String {
    let Failed {
        step,
        batch,
        failure,
        log,
        line: _,
    } = first;
    let mut text = format!(
        "\n{} {}: {}\n",
        styled(BAD, format!("{:>12}", "Failed")),
        styled(BOLD, range_name(keys)),
        visible(&failure.message)
    );
    if keys.count > 1 && batch.is_none() {
        put_labelled(&mut text, "first", &step.to_string());
    }
    put_details(&mut text, failure, log.as_deref(), next);
    let command = format!("{} {}", next.materialize, arguments(keys));
    put_labelled(&mut text, "go on", &command);
    text.push('\n');
    text
}

/// All failures of a run once more, neighbours that failed alike as one: a line each, and in full where it was told before
/// the line number `seen`, so that it has left the screen.
pub fn again(failures: &[Failed], places: &KeyPlaces, next: &Next, seen: usize) -> String {
    let has_gone = |failed: &Failed| failed.line < seen;
    let groups = neighbours(
        failures,
        places,
        |failed| &failed.step,
        |failed| {
            let failure = &failed.failure;
            (&failure.message, &failure.help, has_gone(failed))
        },
    );
    let shown = groups.iter().take(AGAIN);
    let mut text: String = shown
        .map(|group| {
            if has_gone(group.first) {
                block_of(&group.keys, group.first, next)
            } else {
                line_of(&group.keys, group.first)
            }
        })
        .collect();
    if groups.len() > AGAIN {
        let more = (groups.len() - AGAIN) as u64;
        put!(
            &mut text,
            "{:>12} and {}\n\n",
            "",
            count(more, "more failure")
        );
    }
    text
}

/// What failures and missing sources blocked, neighbours that were blocked alike as one.
pub fn blocked(blocked: &[Blocked], places: &KeyPlaces, next: &Next) -> String {
    let groups = neighbours(
        blocked,
        places,
        |blocked| &blocked.step,
        |blocked| (&blocked.needs, culprit(&blocked.reason)),
    );
    let mut text = String::new();
    for group in groups.iter().take(BLOCKED) {
        let keys = range_name(&group.keys);
        let reason = as_typed(&group.first.reason, &next.program);
        let more = if group.keys.count > 1 {
            ", and so on"
        } else {
            ""
        };
        put!(
            &mut text,
            "{} {keys}: {reason}{more}\n",
            styled(BAD, format!("{:>12}", "Blocked"))
        );
    }
    if groups.len() > BLOCKED {
        let rest = groups.iter().skip(BLOCKED);
        let more: u64 = rest.map(|group| u64::from(group.keys.count)).sum();
        put!(&mut text, "{:>12} and {}\n", "", count(more, "more step"));
    }
    text
}

/// What a reason is about, without its key: `clean` of `clean@2013-07-04 failed`.
fn culprit(reason: &str) -> &str {
    let end = reason.find(['@', ':', ' ']).unwrap_or(reason.len());
    &reason[..end]
}

/// Neighbouring steps as arguments of a command line.
fn arguments(keys: &KeyRange) -> String {
    let quoted =
        |text: &str| shlex::try_quote(text).map_or_else(|_| text.to_owned(), Cow::into_owned);
    match (&keys.first, &keys.last) {
        (Some(first), Some(last)) if first != last => {
            let range = quoted(&format!("{first}...{last}"));
            format!("{} --partition-range {range}", quoted(keys.asset.as_str()))
        }
        _ => quoted(&keys.to_string()),
    }
}

/// What has ended of a batch so far.
#[derive(Debug, Default)]
pub struct FailureSummary {
    took: Duration,
    written: u64,
    materialized: bool,
}

impl FailureSummary {
    /// Takes an event in, and gives what is to be told: the event itself, or, with the last one of a batch, an event of
    /// its last partition that says how all of it ended.
    pub fn take<'a>(&mut self, event: &'a EventKind) -> Option<Cow<'a, EventKind>> {
        let EventKind::StepFinished {
            step,
            batch: Some(batch),
            outcome,
            duration,
            ..
        } = event
        else {
            return Some(Cow::Borrowed(event));
        };
        self.took += *duration;
        if let StepOutcome::Materialized { bytes, .. } = outcome {
            self.written += bytes;
            self.materialized = true;
        }
        if !is_last(step, Some(batch)) {
            return None;
        }
        let all = std::mem::take(self);
        let mut told = event.clone();
        if let EventKind::StepFinished {
            outcome, duration, ..
        } = &mut told
        {
            *duration = all.took;
            match outcome {
                StepOutcome::Materialized { version, .. } | StepOutcome::Unchanged { version }
                    if all.materialized =>
                {
                    *outcome = StepOutcome::Materialized {
                        version: *version,
                        bytes: all.written,
                    };
                }
                _ => {}
            }
        }
        Some(Cow::Owned(told))
    }
}

/// Whether a step is the first that its command makes.
pub fn is_first(step: &StepName, batch: Option<&Batch>) -> bool {
    batch.is_none_or(|batch| batch.starts_with(step.partition.as_ref()))
}

/// Whether a step is the last that its command makes.
pub fn is_last(step: &StepName, batch: Option<&Batch>) -> bool {
    batch.is_none_or(|batch| batch.ends_with(step.partition.as_ref()))
}
