//! What texts give, and what is written.

mod errors;
mod merges;
#[cfg(feature = "cli")]
mod rendered;
mod round_trip;
mod splicing;
mod texts;

use std::fmt::Write;

use crate::digest::Kind;
use crate::lockfile::print;
use crate::model::{
    AddedKey, AssetKey, CodePrefix, ContributionPrefix, DataVersion, Fingerprint, Lock, LockLine,
    LockedAsset, LockedOutput, LockedSource, PartitionKey,
};
use crate::testkit::{self, key};

const HEADER: &str = "# Assets.lock · written by assetctl · do not edit\nformat 1 rule 2\n";

/// The header and these lines.
fn file(lines: &[&str]) -> String {
    lines.iter().fold(HEADER.to_owned(), |mut text, line| {
        writeln!(text, "{line}").expect("a String takes everything");
        text
    })
}

/// A line with versions made from `seed`.
fn line(partition: Option<PartitionKey>, seed: &str) -> LockLine {
    let digest = Kind::Reported.digest(seed.as_bytes());
    LockLine {
        partition,
        code: CodePrefix(7),
        fingerprint: Fingerprint(digest),
        outputs: [LockedOutput {
            label: None,
            version: Some(DataVersion(digest)),
        }]
        .into(),
        contributions: [ContributionPrefix::from(digest)].into(),
        stand_in: None,
    }
}

/// The lock of one asset with a line for each key.
fn of_keys(asset: &str, keys: &[String]) -> Lock {
    let lines = keys.iter().map(|text| line(Some(key(text)), text));
    Lock {
        assets: vec![LockedAsset {
            asset: AssetKey::of_path(asset),
            lines: lines.collect(),
            blocks: Vec::new(),
        }],
        ..Lock::default()
    }
}

/// The lines of a lock, in an order of their own.
fn lines_of(lock: &Lock) -> Vec<String> {
    let text = print(lock);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn added(definition: &str, text: &str) -> AddedKey {
    AddedKey {
        definition: testkit::name(definition),
        key: key(text),
    }
}

fn source(name: &str, partition: Option<&str>) -> LockedSource {
    LockedSource {
        source: AssetKey::of_path(name),
        partition: partition.map(key),
        version: DataVersion(Kind::Reported.digest(name.as_bytes())),
    }
}
