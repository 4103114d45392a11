//! `retries`: how often a step is tried again, and how long it waits before.

use std::time::Duration;

use crate::manifest::common_keys;
use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::policies::{check_count, check_word};
use crate::model::{Backoff, Jitter, RetryPolicy};

/// Reads `retries` of a table; `None` where it is not given.
pub(super) fn read(table: &Table<'_>, problems: &mut Problems) -> Option<RetryPolicy> {
    let value = table.get("retries")?;
    let before = problems.len();
    let policy = policy(&value, problems);
    (problems.len() == before).then_some(policy)
}

fn policy(retries: &Value<'_>, problems: &mut Problems) -> RetryPolicy {
    let Some(table) = retries.as_table(Heading::Inline("the retries")) else {
        check_count(retries, "retries", 0, problems);
        // A number that was refused is told, and no policy is made of it.
        return RetryPolicy::of(retries.integer(&mut Problems::default()).map_or(0, count));
    };
    table.only(
        &["max", "delay", "max_delay", "backoff", "jitter"],
        problems,
    );
    let max = table.get("max").map_or(1, |max| {
        check_count(&max, "max", 0, problems);
        max.integer(&mut Problems::default()).map_or(0, count)
    });
    let delay = common_keys::duration(&table, "delay", problems);
    let max_delay = common_keys::duration(&table, "max_delay", problems);
    check_word(&table, "backoff", &["linear", "exponential"], problems);
    check_word(&table, "jitter", &["full", "plus_minus"], problems);
    for key in ["backoff", "jitter", "max_delay"] {
        if let (Some(value), None) = (table.get(key), table.get("delay")) {
            problems.conflict(
                format!("`{key}` changes a delay, and there is none"),
                "add `delay = \"10s\"`",
                [value.key_location],
            );
        }
    }
    let word = |key: &str| table.text(key, &mut Problems::default()).map(|it| it.value);
    RetryPolicy {
        max,
        delay: delay.unwrap_or(Duration::ZERO),
        max_delay,
        backoff: match word("backoff") {
            Some("linear") => Backoff::Linear,
            Some("exponential") => Backoff::Exponential,
            _ => Backoff::Constant,
        },
        jitter: match word("jitter") {
            Some("full") => Some(Jitter::Full),
            Some("plus_minus") => Some(Jitter::PlusMinus),
            _ => None,
        },
    }
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
