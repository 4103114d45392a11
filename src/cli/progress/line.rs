//! The line that is left of a step.

use std::time::Duration;

use anstyle::Style;

use crate::answer::{EventKind, FailedTry, KeyPlaces, KeyRange, Planned, RunOutcome, StepOutcome};
use crate::cli::progress::board::{Board, counted};
use crate::cli::text::{
    ACCENT, BAD, DIM, GOOD, WARN, bytes, count, number, printed, span, styled, subject, visible,
};
use crate::model::{Batch, Cause, Name, StepName};

/// How wide the names of steps are at least, so that durations stand below each other.
const NAME: usize = 24;

/// A verb, right-aligned to 12 columns as the others.
pub fn verb(style: Style, word: &str) -> String {
    styled(style, format!("{word:>12}")).to_string()
}

/// `Planning 5 assets, 1,097 partitions in 38ms`
pub fn planning(planned: &Planned) -> String {
    format!(
        "{} {} in {}",
        verb(ACCENT, "Planning"),
        extent(planned),
        span(planned.elapsed)
    )
}

/// `Running 12,345 steps, which usually takes 2h 10m`
pub fn many(steps: u32, expected: Option<Duration>) -> String {
    let time = expected.map_or_else(
        || "for the first time, so its duration is not known".to_owned(),
        |expected| format!("which usually takes {}", span(expected)),
    );
    format!(
        "{} {}, {time}",
        verb(ACCENT, "Running"),
        count(steps, "step")
    )
}

/// `Nothing to do: 5 assets, 1,097 partitions are fresh (checked in 38ms)`
pub fn nothing_to_do(planned: &Planned) -> String {
    let are = match planned.partitions {
        1 => "is",
        _ => "are",
    };
    format!(
        "{}: {} {are} fresh (checked in {})",
        styled(GOOD, "Nothing to do"),
        extent(planned),
        span(planned.elapsed)
    )
}

/// `5 assets, 1,097 partitions`; the latter only where they are not the same number.
fn extent(planned: &Planned) -> String {
    let assets = count(planned.assets, "asset");
    if planned.assets == planned.partitions {
        return assets;
    }
    format!("{assets}, {}", count(planned.partitions, "partition"))
}

/// `clean@2013-07-04`, or `clean@2013-07-01...2013-07-30 (30)`.
pub fn name(step: &StepName, batch: Option<&Batch>) -> String {
    match batch {
        Some(batch) => format!("{}@{batch}", step.asset),
        None => step.to_string(),
    }
}

/// The line of a step that has ended, but for one that failed; `spared` steps directly after it stay fresh.
pub fn finished(event: &EventKind, board: &Board, spared: u32) -> Option<String> {
    let EventKind::StepFinished {
        step,
        batch,
        outcome,
        duration,
        causes,
        warnings,
        ..
    } = event
    else {
        return None;
    };
    let (style, word, rest) = match outcome {
        StepOutcome::Materialized { bytes: size, .. } => (GOOD, "Done", bytes(*size)),
        StepOutcome::Unchanged { .. } => (GOOD, "Unchanged", same_bytes(spared)),
        StepOutcome::Canceled => (WARN, "Canceled", String::new()),
        StepOutcome::Failed(failure) => (BAD, "Failed", failure.message.clone()),
    };
    let because = reason(causes);
    let name = name(step, batch.as_deref());
    let mut text = row(style, word, board, &name, *duration, &rest);
    if !because.is_empty() {
        text.push_str(&styled(DIM, format!("  {because}")).to_string());
    }
    for warning in warnings {
        text.push('\n');
        text.push_str(&format_warning(warning));
    }
    Some(text)
}

/// `Started clean@2013-07-04`, where no live region shows it.
pub fn started(step: &StepName, batch: Option<&Batch>, causes: &[Cause]) -> String {
    let line = format!("{} {}", verb(ACCENT, "Started"), name(step, batch));
    match causes {
        [] => line,
        causes => format!("{line}  {}", styled(DIM, reason(causes))),
    }
}

/// `Retry [ 3/14] features@2013-07-04  killed by SIGKILL, attempt 2 of 3 in 5s`
pub fn retry(tried: &FailedTry, board: &Board) -> String {
    let name = name(&tried.step, tried.batch.as_deref());
    let (next, of) = (tried.attempt.saturating_add(2), tried.max_attempts);
    let when = match tried.delay {
        Duration::ZERO => "now".to_owned(),
        delay => format!("in {}", span(delay)),
    };
    let reason = visible(&tried.reason);
    format!(
        "{} {} {name:<NAME$}  {reason}, attempt {next} of {of} {when}",
        verb(WARN, "Retry"),
        board.counter_of_next()
    )
}

/// Lines that a step wrote, each prefixed by its name.
pub fn output(step: &str, lines: &str) -> String {
    let prefix = styled(DIM, format!("{step} |")).to_string();
    let lines = printed(lines);
    let prefixed = lines.lines().map(|line| format!("{prefix} {line}"));
    prefixed.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// `Waiting clean@2013-07-04  run 0190… holds it`
pub fn waiting(step: &StepName, holder: &str) -> String {
    format!("{} {step}  for {holder}", verb(WARN, "Waiting"))
}

/// `Setting up warehouse`
pub fn setting_up(resource: &Name) -> String {
    format!("{} {resource}", verb(ACCENT, "Setting up"))
}

/// `Skipped 4 steps that are already fresh; 10 in total`
pub fn spared(steps: u32, board: &Board) -> String {
    let are = if steps == 1 { "is" } else { "are" };
    format!(
        "{} {} that {are} already fresh; {} in total",
        verb(GOOD, "Skipped"),
        count(steps, "step"),
        number(board.total.max(board.done))
    )
}

/// `Finished 10 materialized, 4 unchanged, 1,083 fresh in 1m 02s`
pub fn run_finished(event: &EventKind, failed_hooks: u32) -> Option<String> {
    let EventKind::RunFinished {
        outcome,
        counts,
        duration,
        ..
    } = event
    else {
        return None;
    };
    let verb = match outcome {
        RunOutcome::Success => verb(GOOD, "Finished"),
        RunOutcome::Failed => verb(BAD, "Failed"),
        RunOutcome::Canceled => verb(WARN, "Interrupted"),
    };
    let hooks = match failed_hooks {
        0 => String::new(),
        some => format!(", {} failed", count(u64::from(some), "hook")),
    };
    let (counts, took) = (counted(*counts), span(*duration));
    Some(format!("{verb} {counts} in {took}{hooks}"))
}

fn row(
    style: Style,
    word: &str,
    board: &Board,
    name: &str,
    duration: Duration,
    rest: &str,
) -> String {
    let line = format!(
        "{} {} {name:<NAME$} {:>7}  {rest}",
        verb(style, word),
        board.counter(),
        span(duration)
    );
    line.trim_end().to_owned()
}

fn same_bytes(spared: u32) -> String {
    match spared {
        0 => "same bytes".to_owned(),
        1 => "same bytes: 1 downstream stays fresh".to_owned(),
        many => format!("same bytes: {} downstream stay fresh", number(many)),
    }
}

fn reason(causes: &[Cause]) -> String {
    match causes {
        [] => String::new(),
        [only] => subject(only),
        [first, rest @ ..] => {
            format!(
                "{}, and {}",
                subject(first),
                count(rest.len() as u64, "more cause")
            )
        }
    }
}

fn format_warning(warning: &str) -> String {
    format!("{} {warning}", verb(WARN, "Warning"))
}

/// Steps of neighbouring partitions that end alike.
#[derive(Debug)]
pub struct AdjacentSteps<'a, T> {
    /// Which.
    pub keys: KeyRange,
    /// The first of them.
    pub first: &'a T,
}

/// `clean@2013-01-01...2013-03-01 (60)`
pub fn range_name(keys: &KeyRange) -> String {
    match keys.count {
        1 => keys.to_string(),
        many => format!("{keys} ({many})"),
    }
}

/// Groups what happened to steps: asset by asset as they came, in each by key.
pub fn neighbours<'a, T, K: PartialEq>(
    all: &'a [T],
    places: &KeyPlaces,
    step: impl Fn(&'a T) -> &'a StepName,
    alike: impl Fn(&'a T) -> K,
) -> Vec<AdjacentSteps<'a, T>> {
    let mut assets = Vec::new();
    let mut placed: Vec<(usize, Option<u32>, &T)> = Vec::new();
    for each in all {
        let name = step(each);
        let known = assets.iter().position(|asset| *asset == &name.asset);
        let asset = known.unwrap_or_else(|| {
            assets.push(&name.asset);
            assets.len() - 1
        });
        placed.push((asset, places.place(name), each));
    }
    placed.sort_by_key(|(asset, place, _)| (*asset, *place));
    let mut groups: Vec<AdjacentSteps<'a, T>> = Vec::new();
    let mut last: Option<(usize, Option<u32>)> = None;
    for (asset, place, each) in placed {
        let next = last.filter(|(known, before)| {
            *known == asset && place.is_some() && before.map(|it| it + 1) == place
        });
        last = Some((asset, place));
        let name = step(each);
        match groups.last_mut() {
            Some(group) if next.is_some() && alike(group.first) == alike(each) => {
                group.keys.last.clone_from(&name.partition);
                group.keys.count += 1;
            }
            _ => groups.push(AdjacentSteps {
                keys: KeyRange {
                    asset: name.asset.clone(),
                    first: name.partition.clone(),
                    last: name.partition.clone(),
                    count: 1,
                },
                first: each,
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{neighbours, range_name};
    use crate::answer::KeyPlaces;
    use crate::cli::fixtures::{asset, key, step};
    use crate::model::{NamedKeys, PartitionKeys};

    #[test]
    fn neighbours_of_which_the_same_is_to_say_are_one() {
        let keys = ["a", "b", "c", "d", "e"].map(|text| key(text).expect("a key"));
        let keys = PartitionKeys::Named(NamedKeys::declared(&Arc::from(keys)));
        let places: KeyPlaces = [(asset("x"), keys)].into_iter().collect();
        let all = [
            (step("x", "c"), 1),
            (step("y", ""), 1),
            (step("x", "a"), 1),
            (step("x", "b"), 1),
            (step("x", "e"), 1),
            (step("z", "b"), 1),
            (step("z", "c"), 1),
            (step("x", "d"), 2),
        ];
        let groups = neighbours(&all, &places, |it| &it.0, |it| it.1);
        let names: Vec<_> = groups.iter().map(|group| range_name(&group.keys)).collect();
        assert_eq!(names, ["x@a...c (3)", "x@d", "x@e", "y", "z@b", "z@c"]);
        assert_eq!(groups[0].first.0, step("x", "a"));
    }
}
