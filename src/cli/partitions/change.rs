//! `partitions add` and `partitions remove`.

use std::collections::HashSet;

use clap::Args;

use crate::answer::{ChangedKeys, KeysReport};
use crate::app;
use crate::cli::args::single_key;
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::next::as_typed;
use crate::cli::session::Session;
use crate::cli::text::count;
use crate::model::{AssetKey, ChangeKeysRequest, KeyChange, Name, PartitionKey};

/// Words of `partitions add` and `partitions remove`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions add customers acme globex
  assetctl partitions remove customers acme")]
pub struct ChangeKeysArgs {
    /// The dynamic partitions definition
    #[arg(value_name = "NAME")]
    pub definition: String,
    /// The keys
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<String>,
}

/// Adds or removes keys.
pub fn run(
    args: &ChangeKeysArgs,
    change: KeyChange,
    session: &Session,
) -> Result<VerbExit, VerbError> {
    let request = request(args, change)?;
    let (report, notices) = app::change_keys(&session.project()?, &request)?;
    session.tell(&notices);
    session.answer(&report, || {
        as_typed(&changed_keys(&report), &session.next.program).into_owned()
    })
}

/// What `partitions add` or `partitions remove` is asked for; a key that is given twice counts once.
fn request(args: &ChangeKeysArgs, change: KeyChange) -> Result<ChangeKeysRequest, CliError> {
    let definition = Name::parse(&args.definition).map_err(|error| CliError::Definition {
        text: args.definition.clone(),
        reason: error.to_string(),
    })?;
    let (mut keys, mut problems) = (Vec::new(), Vec::new());
    let mut known = HashSet::new();
    for text in &args.keys {
        match single_key(text) {
            Ok(key) if known.insert(key.clone()) => keys.push(key),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(CliError::of(problems));
    }
    Ok(ChangeKeysRequest {
        definition,
        keys,
        change,
    })
}

/// How many keys are named.
const NAMED: usize = 5;

/// What changed.
fn changed_keys(report: &KeysReport) -> String {
    let definition = &report.definition;
    let (verb, from, changed, already, rest) = match &report.changed {
        ChangedKeys::Added { added, present } => ("Added", "to", added, "there already", present),
        ChangedKeys::Removed {
            removed, absent, ..
        } => ("Removed", "from", removed, "not there", absent),
    };
    let mut lines = Vec::new();
    if !changed.is_empty() {
        let keys = count(changed.len() as u64, "key");
        lines.push(format!(
            "{verb} {keys} {from} {definition}: {}.",
            named(changed)
        ));
    }
    if !rest.is_empty() {
        let were = if rest.len() == 1 { "was" } else { "were" };
        let keys = count(rest.len() as u64, "key");
        lines.push(format!("{keys} {were} {already}: {}.", named(rest)));
    }
    if let ChangedKeys::Removed { recorded, .. } = &report.changed
        && !recorded.is_empty()
    {
        let assets: Vec<_> = recorded.iter().map(AssetKey::as_str).collect();
        let assets = assets.join(", ");
        lines.push(format!(
            "Their records stay: `assetctl history` shows them for {assets}."
        ));
    }
    let keys = count(report.count, "key");
    lines.push(format!("{definition} has {keys} now.\n"));
    lines.join("\n")
}

fn named(keys: &[PartitionKey]) -> String {
    let named: Vec<_> = keys.iter().take(NAMED).map(PartitionKey::as_str).collect();
    match keys.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", named.join(", ")),
        _ => named.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::changed_keys;
    use crate::answer::{ChangedKeys, KeysReport};
    use crate::cli::fixtures::{asset, key};
    use crate::model::PartitionKey;
    use crate::testkit;

    fn keys(names: &str) -> Vec<PartitionKey> {
        names.split(' ').filter_map(key).collect()
    }

    #[test]
    fn what_changed_and_what_did_not() {
        let report = |changed| KeysReport {
            definition: testkit::name("uploads"),
            changed,
            count: 7,
        };
        let added = report(ChangedKeys::Added {
            added: keys("a b c d e f g"),
            present: keys("x"),
        });
        insta::assert_snapshot!(changed_keys(&added), @r"
        Added 7 keys to uploads: a, b, c, d, e and 2 more.
        1 key was there already: x.
        uploads has 7 keys now.
        ");
        let removed = report(ChangedKeys::Removed {
            removed: keys("a"),
            absent: keys("x y"),
            recorded: vec![asset("clean")],
        });
        insta::assert_snapshot!(changed_keys(&removed), @r"
        Removed 1 key from uploads: a.
        2 keys were not there: x, y.
        Their records stay: `assetctl history` shows them for clean.
        uploads has 7 keys now.
        ");
    }
}
