//! Command lines and what they mean.

use std::num::NonZeroU32;
use std::path::Path;

use clap::Parser as _;

use crate::cli::args::{one, whole};
use crate::cli::error::CliError;
use crate::cli::materialize::options;
use crate::cli::verb::{Cli, Verb};
use crate::model::{
    Force, KeyChoice, KeyWord, MaterializeOptions, PartitionsSelection, RecordedState,
    SelectionRequest,
};

fn parse(line: &str) -> Cli {
    Cli::try_parse_from(format!("assetctl {line}").split(' ')).expect("a valid command line")
}

fn materialize(line: &str) -> Result<MaterializeOptions, CliError> {
    let cli = parse(line);
    let Verb::Materialize(args) = &cli.verb else {
        panic!("{line} is another verb")
    };
    options((args, false), &cli.globals, Path::new("/"))
}

fn named(words: &[&str]) -> KeyChoice {
    let word = |text: &&str| KeyWord::range(text).or_else(|_| KeyWord::key(text));
    let words: Result<_, _> = words.iter().map(word).collect();
    KeyChoice::Named(words.expect("keys and ranges"))
}

/// All assets at these keys, as far as they are missing or failed.
fn partitions(keys: KeyChoice, missing: bool, failed: bool) -> SelectionRequest {
    let recorded = RecordedState { missing, failed };
    SelectionRequest {
        partitions: PartitionsSelection { keys, recorded },
        ..SelectionRequest::default()
    }
}

#[test]
fn flags_of_materialize() {
    let default = MaterializeOptions::default;
    let three = NonZeroU32::new(3).expect("not zero");
    for (line, expected) in [
        ("materialize", default()),
        ("build -k", default()),
        (
            "run clean stg/a@2013-07-04",
            MaterializeOptions {
                selection: ["clean", "stg/a@2013-07-04"].into_iter().collect(),
                ..default()
            },
        ),
        (
            "materialize --partition 2013-07-04 --partition b -j 4 --only",
            MaterializeOptions {
                selection: partitions(named(&["2013-07-04", "b"]), false, false),
                jobs: 4.try_into().ok(),
                only: true,
                ..default()
            },
        ),
        (
            "materialize --partition-range a...c --partition day=k --missing --failed",
            MaterializeOptions {
                selection: partitions(named(&["day=k", "a...c"]), true, true),
                ..default()
            },
        ),
        (
            "materialize --latest 3 --failed",
            MaterializeOptions {
                selection: partitions(KeyChoice::Latest(three), false, true),
                ..default()
            },
        ),
        (
            "materialize --all-partitions --missing",
            MaterializeOptions {
                selection: partitions(KeyChoice::All, true, false),
                ..default()
            },
        ),
        (
            "materialize -B --fail-fast --no-wait -v",
            MaterializeOptions {
                force: Force::Selected,
                max_failures: Some(NonZeroU32::MIN),
                no_wait: true,
                ..default()
            },
        ),
        (
            "materialize --full-refresh --max-failures 3 --keep-altered --durable",
            MaterializeOptions {
                force: Force::FullRefresh,
                max_failures: Some(three),
                keep_altered: true,
                durable: true,
                ..default()
            },
        ),
    ] {
        assert_eq!(materialize(line).expect(line), expected, "{line}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let error = materialize(
        "materialize a@ --partition f...g --partition-range h --latest 2 --all-partitions",
    )
    .expect_err("bad words");
    let CliError::Several(problems) = &error else {
        panic!("one problem only: {error}")
    };
    let messages: Vec<_> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    `f...g` is not a partition key: a partition key does not contain `...`, which means a range of keys
    `h` is not a range of partition keys: `...` separates the first and the last key of a range
    `--partition` and `--all-partitions` exclude each other
    `--partition` and `--latest` exclude each other
    `--partition-range` and `--all-partitions` exclude each other
    `--partition-range` and `--latest` exclude each other
    `--all-partitions` and `--latest` exclude each other
    ");
}

#[test]
fn one_partition_given_either_way() {
    for (line, expected) in [
        ("explain clean", Ok("clean")),
        ("explain clean@k", Ok("clean@k")),
        ("explain clean --partition k", Ok("clean@k")),
        (
            "explain clean@k --partition k",
            Err("`clean@k` names a partition, and so does `--partition`"),
        ),
    ] {
        let Verb::Explain(args) = parse(line).verb else {
            panic!("{line} is another verb")
        };
        let found = one(&args.selected, args.partition.as_deref())
            .map(|selected| selected.to_string())
            .map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{line}");
    }
}

#[test]
fn a_whole_asset_has_no_partition() {
    let Verb::Show(args) = parse("show clean@k").verb else {
        panic!("another verb")
    };
    let error = whole(&args.asset).expect_err("a partition");
    assert!(matches!(error, CliError::NeedlessPartition { asset, .. } if asset == "clean"));
}

#[test]
fn contradictions_are_refused() {
    for line in [
        "materialize --fail-fast --max-failures 2",
        "materialize -k --fail-fast",
        "materialize --max-failures 0",
        "materialize -j many",
        "materialize --latest 0",
        "wipe",
        "logs",
    ] {
        let words = format!("assetctl {line}");
        let error = Cli::try_parse_from(words.split(' ')).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}
