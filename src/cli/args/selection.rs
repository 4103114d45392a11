//! Which asset partitions: the arguments that many verbs share, and what they mean. Selections are read where the graph is known.

use std::num::NonZeroU32;
use std::ops::Range;

use clap::Args;
use miette::SourceSpan;

use crate::app::{Quoted, RequestError};
use crate::cli::args::at_least_one;
use crate::cli::error::CliError;
use crate::model::{
    AssetKey, InvalidKeyWord, InvalidName, InvalidSelected, KeyChoice, KeyWord, PartitionKey,
    PartitionsSelection, RecordedState, Selected, SelectionRequest,
};

/// Which asset partitions.
#[derive(Debug, Default, Args)]
pub struct SelectionArgs {
    /// Names, `clean@2013-07-04`, or expressions such as '+clean and not group:core'; see `assetctl help selection`
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// At which keys.
    #[command(flatten)]
    pub partitions: PartitionsArgs,
}

impl SelectionArgs {
    /// What they mean.
    pub fn parsed(&self) -> Result<SelectionRequest, CliError> {
        self.narrowed(RecordedArgs::default())
    }

    /// What they mean together with what is recorded.
    pub fn narrowed(&self, recorded: RecordedArgs) -> Result<SelectionRequest, CliError> {
        words(&self.selection, &self.partitions, recorded)
    }

    /// The arguments that choose the same, one word each.
    pub fn as_words(&self, states: RecordedArgs) -> Vec<String> {
        let mut words = self.selection.clone();
        let PartitionsArgs {
            keys,
            ranges,
            all_partitions,
            latest,
        } = &self.partitions;
        for (flag, values) in [("--partition", keys), ("--partition-range", ranges)] {
            for value in values {
                words.extend([flag.to_owned(), value.clone()]);
            }
        }
        if let Some(count) = latest {
            words.extend(["--latest".to_owned(), count.to_string()]);
        }
        let flags = [
            (*all_partitions, "--all-partitions"),
            (states.missing, "--missing"),
            (states.failed, "--failed"),
        ];
        let given = flags.iter().filter(|(is_given, _)| *is_given);
        words.extend(given.map(|(_, flag)| (*flag).to_owned()));
        words
    }
}

/// At which keys; without any of these at every key that exists.
#[derive(Debug, Default, Args)]
pub struct PartitionsArgs {
    /// Only this partition: a key, or DEFINITION=KEY; repeatable
    #[arg(id = "partition", long = "partition", value_name = "K")]
    pub keys: Vec<String>,
    /// Only the partitions from A to B, both included; repeatable
    #[arg(id = "partition_range", long = "partition-range", value_name = "A...B")]
    pub ranges: Vec<String>,
    /// All partitions; the default
    #[arg(long)]
    pub all_partitions: bool,
    /// Only the newest N partitions of each partitions definition
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    pub latest: Option<NonZeroU32>,
}

/// Only partitions with these records.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct RecordedArgs {
    /// Only partitions that were never materialized
    #[arg(long)]
    pub missing: bool,
    /// Only partitions whose last attempt failed; with --missing either
    #[arg(long)]
    pub failed: bool,
}

/// A selection and which of its partitions, with all that is wrong with the flags.
pub fn words(
    arguments: &[String],
    args: &PartitionsArgs,
    recorded: RecordedArgs,
) -> Result<SelectionRequest, CliError> {
    let mut problems = Vec::new();
    let keys = key_choice(args, &mut problems);
    if !problems.is_empty() {
        return Err(CliError::of(problems));
    }
    let recorded = RecordedState {
        missing: recorded.missing,
        failed: recorded.failed,
    };
    Ok(SelectionRequest {
        partitions: PartitionsSelection { keys, recorded },
        ..selection(arguments)
    })
}

pub fn selection(arguments: &[String]) -> SelectionRequest {
    arguments.iter().map(String::as_str).collect()
}

/// One asset partition, given as `ASSET@K` or as `ASSET` and `--partition K`.
pub fn one(word: &str, key: Option<&str>) -> Result<Selected, CliError> {
    let mut problems = Vec::new();
    let mut take = |problem| problems.push(problem);
    let selected = selected(word).map_err(&mut take).ok();
    let key = key.and_then(|key| single_key(key).map_err(&mut take).ok());
    match (selected, key) {
        (Some(selected), Some(_)) if selected.partition.is_some() => Err(twice(&selected)),
        (Some(selected), key) if problems.is_empty() => Ok(Selected {
            partition: selected.partition.or(key),
            ..selected
        }),
        _ => Err(CliError::of(problems)),
    }
}

/// A whole asset or source.
pub fn whole(word: &str) -> Result<AssetKey, CliError> {
    let selected = selected(word)?;
    if selected.partition.is_some() {
        return Err(CliError::NeedlessPartition {
            selected: word.to_owned(),
            asset: selected.asset.to_string(),
        });
    }
    Ok(selected.asset)
}

fn selected(word: &str) -> Result<Selected, CliError> {
    word.parse().map_err(|error: InvalidSelected| {
        let (start, len) = match error {
            InvalidSelected::Asset(InvalidName::Character { found, at }) => (at, found.len_utf8()),
            InvalidSelected::Asset(InvalidName::Empty) => (0, 0),
            InvalidSelected::Partition(_) => {
                let start = word.find('@').map_or(0, |at| at + 1);
                (start, word.len() - start)
            }
        };
        let span = (start < word.len()).then(|| SourceSpan::from((start, len)));
        CliError::Selection {
            text: word.to_owned(),
            reason: error.to_string(),
            span,
        }
    })
}

const KEY: &str = "--partition";
const RANGE: &str = "--partition-range";
const ALL: &str = "--all-partitions";
const LATEST: &str = "--latest";

/// At which keys; what is wrong with the flags is added to `problems`.
fn key_choice(args: &PartitionsArgs, problems: &mut Vec<CliError>) -> KeyChoice {
    let mut take = |problem| problems.push(problem);
    let keys = args.keys.iter().map(|text| key_word(text));
    let ranges = args.ranges.iter().map(|text| key_range(text));
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

/// The key of a verb that is about one partition.
pub fn single_key(text: &str) -> Result<PartitionKey, CliError> {
    match key_word(text)? {
        KeyWord::One(key) | KeyWord::Range { first: key, .. } => Ok(key.whole().clone()),
    }
}

/// A word that names a partition beside a `--partition`.
fn twice(selected: &Selected) -> CliError {
    let start = selected.asset.as_str().len();
    let word = selected.to_string();
    CliError::Request(RequestError::PartitionTwice {
        argument: Quoted::part(&word, start..word.len()),
        word,
        flag: KEY,
    })
}

/// One key, as written.
pub fn key_word(text: &str) -> Result<KeyWord, CliError> {
    KeyWord::key(text).map_err(|InvalidKeyWord { why, at }| CliError::Partition {
        reason: why.to_string(),
        span: span(text, &at),
        text: text.to_owned(),
    })
}

/// A range of keys, as written.
pub fn key_range(text: &str) -> Result<KeyWord, CliError> {
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
