//! From the flags that choose partitions to what they choose.

use std::ops::Range;

use miette::SourceSpan;

use crate::app::{Quoted, RequestError};
use crate::cli::args::{PartitionsArgs, RecordedArgs};
use crate::cli::error::CliError;
use crate::model::{InvalidKeyWord, KeyChoice, KeyWord, PartitionKey, RecordedState, Selected};

const KEY: &str = "--partition";
const RANGE: &str = "--partition-range";
const ALL: &str = "--all-partitions";
const LATEST: &str = "--latest";

/// At which keys; what is wrong with the flags is added to `problems`.
pub fn key_choice(args: &PartitionsArgs, problems: &mut Vec<CliError>) -> KeyChoice {
    let mut take = |problem| problems.push(problem);
    let keys = args.keys.iter().map(|text| one(text));
    let ranges = args.ranges.iter().map(|text| range(text));
    let words: Vec<_> = keys
        .chain(ranges)
        .filter_map(|word| word.map_err(&mut take).ok())
        .collect();
    for (one, other) in conflicts(&flags(args)) {
        take(CliError::PartitionFlags { one, other });
    }
    match (args.latest, args.all_partitions) {
        (Some(count), _) => KeyChoice::Latest(count),
        (None, true) => KeyChoice::All,
        (None, false) if words.is_empty() => KeyChoice::Every,
        (None, false) => KeyChoice::Named(words),
    }
}

/// The flags that choose keys, as far as they are given.
fn flags(args: &PartitionsArgs) -> Vec<&'static str> {
    let given = [
        (KEY, !args.keys.is_empty()),
        (RANGE, !args.ranges.is_empty()),
        (ALL, args.all_partitions),
        (LATEST, args.latest.is_some()),
    ];
    let given = given.into_iter().filter(|(_, is_given)| *is_given);
    given.map(|(flag, _)| flag).collect()
}

/// What has to be recorded.
pub fn recorded(args: RecordedArgs) -> RecordedState {
    match (args.missing, args.failed) {
        (false, false) => RecordedState::Any,
        (true, false) => RecordedState::Missing,
        (false, true) => RecordedState::Failed,
        (true, true) => RecordedState::MissingOrFailed,
    }
}

/// The key of a verb that is about one partition.
pub fn key(text: &str) -> Result<PartitionKey, CliError> {
    match one(text)? {
        KeyWord::One(key) | KeyWord::Range { first: key, .. } => Ok(key.whole().clone()),
    }
}

/// A word that names a partition beside a `--partition`.
pub fn twice(selected: &Selected) -> CliError {
    let start = selected.asset.as_str().len();
    let word = selected.to_string();
    CliError::Request(RequestError::PartitionTwice {
        argument: Quoted::part(&word, start..word.len()),
        word,
        flag: KEY,
    })
}

/// One key, as written.
pub fn one(text: &str) -> Result<KeyWord, CliError> {
    KeyWord::key(text).map_err(|InvalidKeyWord { why, at }| CliError::Partition {
        reason: why.to_string(),
        span: span(text, &at),
        text: text.to_owned(),
    })
}

/// A range of keys, as written.
pub fn range(text: &str) -> Result<KeyWord, CliError> {
    KeyWord::range(text).map_err(|InvalidKeyWord { why, at }| CliError::PartitionRange {
        reason: why.to_string(),
        span: span(text, &at),
        text: text.to_owned(),
    })
}

/// `None` where there is nothing to point at.
fn span(text: &str, at: &Range<usize>) -> Option<SourceSpan> {
    (at.start < text.len()).then(|| (at.start, at.len()).into())
}

/// Flags of which the second says something else than the first.
fn conflicts(flags: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    let alone = |flag: &str| flag == ALL || flag == LATEST;
    let pairs = flags.iter().enumerate().flat_map(|(at, one)| {
        let others = flags[at + 1..].iter();
        others.map(|other| (*one, *other)).collect::<Vec<_>>()
    });
    pairs.filter(|(_, other)| alone(other)).collect()
}
