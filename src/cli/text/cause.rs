//! Causes in words.

use std::borrow::Cow;

use crate::cli::text::{DIM, count, cut, styled, visible};
use crate::model::{
    Cause, CodeChange, DataChange, DataDetail, DataVersion, DependencyChange, FileChanges,
    OutputChange, OutputKind, PartitionKey, Presence, RecordingRun,
};

/// The longest value that is told inside a sentence.
const SHORT: usize = 30;

/// How much of a variable's value is told.
const LONG: usize = 60;

/// How the name of a changed part of the code begins that is a variable.
const VARIABLE: &str = "env ";

/// A cause as part of a sentence, with the partition it is about: `clean@2013-07-04 changed`.
pub fn summary(cause: &Cause) -> String {
    match cause {
        Cause::Data(change) => data(change, change.partition.as_ref()),
        other => subject(other),
    }
}

/// A cause without the partition it is about, so that causes of many partitions can be told as one: `clean changed`.
pub fn subject(cause: &Cause) -> String {
    match cause {
        Cause::Code(change) => code(change),
        Cause::Dependency { input, change } => match change {
            DependencyChange::Added => format!("input {input} is new"),
            DependencyChange::Removed => format!("input {input} is gone"),
            DependencyChange::Remapped { old, new } => {
                format!("input {input} is mapped differently: {old}, now {new}")
            }
        },
        Cause::DependencyRemoved => "an input is gone".to_owned(),
        Cause::Data(change) => data(change, None),
        Cause::Output { path, change, .. } => {
            let path = path.as_deref().map_or(Cow::Borrowed("an output"), visible);
            match change {
                OutputChange::Missing => format!("{path} is missing"),
                OutputChange::Altered { .. } => format!("{path} was altered"),
                OutputChange::Unreadable => format!("{path} cannot be read"),
                OutputChange::Kind {
                    found: OutputKind::File,
                } => format!("{path} is a file now"),
                OutputChange::Kind {
                    found: OutputKind::Directory,
                } => format!("{path} is a directory now"),
            }
        }
        Cause::Rule { .. } => "it was recorded by an older assetctl".to_owned(),
        Cause::Forced => "forced".to_owned(),
        Cause::Volatile => "it is volatile".to_owned(),
        Cause::FailedBefore => "its last attempt failed".to_owned(),
    }
}

/// A cause and the chain to its roots, a line each, deeper ones further in; no line is wider than `width`.
pub fn chain(cause: &Cause, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    descend(cause, 0, width, &mut lines);
    lines
}

fn descend(cause: &Cause, depth: usize, width: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let because = if depth == 0 { "" } else { "because " };
    let room = width.saturating_sub(indent.len()).max(20);
    lines.push(format!(
        "{indent}{}",
        cut(&format!("{because}{}", summary(cause)), room)
    ));
    for (word, value) in details(cause) {
        let line = format!("{word} {}", value.replace('\n', "⏎"));
        let line = cut(&visible(&line), room - 2);
        lines.push(format!("{indent}  {}", styled(DIM, line)));
    }
    if let Cause::Data(change) = cause {
        for root in &change.root {
            descend(root, depth + 1, width, lines);
        }
    }
}

/// What is told below a cause: its values, where the sentence has no room for them, and files by name.
fn details(cause: &Cause) -> Vec<(&'static str, String)> {
    let both = |old: Option<String>, new: Option<String>| match (old, new) {
        (Some(old), Some(new)) => vec![("was", old), ("now", new)],
        _ => Vec::new(),
    };
    match cause {
        Cause::Code(change) if !is_short(change) => both(change.old.clone(), change.new.clone()),
        Cause::Data(change) => match &change.detail {
            None => {
                let text = |version: Option<DataVersion>| version.map(|it| it.to_string());
                both(text(change.old), text(change.new))
            }
            Some(DataDetail::Value { old, new }) if !is_short_value(old, new) => {
                both(Some(old.clone()), Some(new.clone()))
            }
            Some(DataDetail::Value { .. }) => Vec::new(),
            Some(DataDetail::Files(files)) => files_by_name(files),
            Some(DataDetail::TooManyFiles(files)) => {
                let files = count(*files, "file");
                vec![("of", format!("{files}, too many to list"))]
            }
        },
        _ => Vec::new(),
    }
}

fn files_by_name(files: &FileChanges) -> Vec<(&'static str, String)> {
    let kinds = [
        ("changed", &files.changed),
        ("added", &files.added),
        ("removed", &files.removed),
    ];
    let named = kinds.into_iter().flat_map(|(word, names)| {
        let name = move |name: &String| (word, name.clone());
        names.iter().map(name)
    });
    let more = match files.more {
        0 => None,
        more => Some(("and", count(more, "more file"))),
    };
    named.chain(more).collect()
}

/// Whether the values of a code change are told in its sentence.
fn is_short(change: &CodeChange) -> bool {
    let length = |value: &Option<String>| value.as_deref().unwrap_or_default().len();
    let longest = length(&change.old).max(length(&change.new));
    change.path.is_none() && (longest <= SHORT || change.what.starts_with(VARIABLE))
}

fn is_short_value(old: &str, new: &str) -> bool {
    old.len().max(new.len()) <= SHORT
}

fn code(change: &CodeChange) -> String {
    let CodeChange {
        what,
        path,
        old,
        new,
        origin,
        recorded_by,
    } = change;
    let origin = origin
        .as_deref()
        .map_or_else(String::new, |it| format!(" ({it})"));
    if let Some(variable) = what.strip_prefix(VARIABLE) {
        let quoted = |value: &str| format!("\"{}\"", cut(&visible(value), LONG));
        return match (old, new) {
            (Some(old), Some(new)) => {
                let (old, new) = (quoted(old), quoted(new));
                format!("variable {variable} changed from {old} to {new}{origin}")
            }
            (None, Some(new)) => {
                let new = quoted(new);
                format!("variable {variable} is {new}{origin} and was not set")
            }
            (Some(old), None) => format!("variable {variable} is not set and was {}", quoted(old)),
            (None, None) => format!("variable {variable} is new"),
        };
    }
    let subject = path.as_deref().map_or_else(
        || match what {
            value if value.starts_with("config.") => visible(value).into_owned(),
            what => format!("the {what}"),
        },
        |path| visible(path).into_owned(),
    );
    match (old, new) {
        (None, _) => format!("{subject} is new"),
        (_, None) => format!("{subject} is gone"),
        (Some(old), Some(new)) if is_short(change) => {
            let recorded = recorded_by
                .as_ref()
                .map_or_else(String::new, recorded_in_words);
            format!(
                "{subject} changed: {}{recorded} → {}{origin}",
                visible(old),
                visible(new)
            )
        }
        (Some(_), Some(_)) => format!("{subject} changed"),
    }
}

/// ` in run 0190a1b2-c3d4…`, the millisecond of its beginning, with the job of the run.
fn recorded_in_words(recorded: &RecordingRun) -> String {
    let run = recorded.run.to_string();
    let run = run.get(..13).unwrap_or(&run);
    match &recorded.job {
        Some(job) => format!(" in run {run}… (job {job})"),
        None => format!(" in run {run}…"),
    }
}

fn data(change: &DataChange, partition: Option<&PartitionKey>) -> String {
    let subject = match (&change.path, partition) {
        (Some(path), Some(_)) => visible(path).into_owned(),
        (_, Some(partition)) => format!("{}@{partition}", change.asset),
        (_, None) => change.asset.to_string(),
    };
    if change.presence == Presence::Removed {
        return match partition {
            Some(_) => format!("{subject} is not read any more"),
            None => format!("a partition of {subject} is not read any more"),
        };
    }
    if let (Some(path), Some(old)) = (&change.path, &change.old_path) {
        let (path, old) = (visible(path), visible(old));
        return format!("{} is read from {path}, and was from {old}", change.asset);
    }
    let verb = match (change.presence, change.old, change.new) {
        (Presence::Missing, Some(_), _) if change.path.is_none() => "has no version now",
        (Presence::Missing, Some(_), _) => "is gone",
        (Presence::Missing, None, _) => "is missing",
        (Presence::Unreadable, _, _) => "cannot be read",
        (Presence::ToBeMade, _, _) => "is not up to date",
        (Presence::There, None, Some(_)) => "is new",
        (Presence::There | Presence::Removed, _, _) => "changed",
    };
    let detail = match &change.detail {
        Some(DataDetail::Value { old, new }) if is_short_value(old, new) => {
            format!(": {} → {}", visible(old), visible(new))
        }
        Some(DataDetail::Files(files)) => format!(": {}", files_in_words(files)),
        _ => String::new(),
    };
    format!("{subject} {verb}{detail}")
}

/// `a.csv`, or `3 files`, with what has become of them.
fn files_in_words(files: &FileChanges) -> String {
    let (changed, added, removed) = (&files.changed[..], &files.added[..], &files.removed[..]);
    match (changed, added, removed) {
        ([only], [], []) if files.more == 0 => visible(only).into_owned(),
        ([], [only], []) if files.more == 0 => format!("{} is new", visible(only)),
        ([], [], [only]) if files.more == 0 => format!("{} is gone", visible(only)),
        _ => count(files.count(), "file"),
    }
}

#[cfg(test)]
mod tests {
    use super::{chain, subject, summary};
    use crate::digest::Digest;
    use crate::model::{
        Cause, CodeChange, DataChange, DataVersion, Name, OutputChange, PartitionKey, Presence,
    };
    use crate::testkit;

    fn code(what: &str, old: &str, new: &str) -> Cause {
        Cause::Code(CodeChange {
            what: what.into(),
            path: what.strip_prefix("file ").map(str::to_owned),
            old: Some(old.into()),
            new: Some(new.into()),
            origin: None,
            recorded_by: None,
        })
    }

    fn data(asset: &str, partition: &str, root: Vec<Cause>) -> Cause {
        let version = |byte: &str| Digest::from_hex(&byte.repeat(16)).map(DataVersion);
        let asset = testkit::asset(asset);
        Cause::Data(DataChange {
            input: Name::of_asset(&asset),
            asset,
            partition: PartitionKey::parse(partition).ok(),
            path: None,
            old: version("0a"),
            new: if root.is_empty() { version("0b") } else { None },
            presence: if root.is_empty() {
                Presence::There
            } else {
                Presence::ToBeMade
            },
            detail: None,
            root,
            old_path: None,
        })
    }

    #[test]
    fn words() {
        for (cause, with, without) in [
            (
                data("clean", "2013-07-04", vec![]),
                "clean@2013-07-04 changed",
                "clean changed",
            ),
            (
                code("file steps/a.py", "0a", "0b"),
                "steps/a.py changed",
                "steps/a.py changed",
            ),
            (
                code("env LIMIT", "3", "4"),
                "variable LIMIT changed from \"3\" to \"4\"",
                "variable LIMIT changed from \"3\" to \"4\"",
            ),
            (
                code("command", &"x".repeat(40), "y"),
                "the command changed",
                "the command changed",
            ),
            (
                Cause::Output {
                    output: None,
                    path: Some("build/a.csv".into()),
                    change: OutputChange::Missing,
                },
                "build/a.csv is missing",
                "build/a.csv is missing",
            ),
            (
                Cause::Output {
                    output: None,
                    path: None,
                    change: OutputChange::Missing,
                },
                "an output is missing",
                "an output is missing",
            ),
        ] {
            assert_eq!(
                (summary(&cause).as_str(), subject(&cause).as_str()),
                (with, without)
            );
        }
    }

    #[test]
    fn the_chain_goes_down_to_the_root() {
        let root = code("file steps/clean.py", "0a", "0b");
        let cause = data(
            "daily",
            "2013-07-04",
            vec![data("clean", "2013-07-04", vec![root])],
        );
        let lines = chain(&cause, 80).join("\n");
        insta::assert_snapshot!(crate::cli::text::uncolored(&lines), @r"
        daily@2013-07-04 is not up to date
          because clean@2013-07-04 is not up to date
            because steps/clean.py changed
              was 0a
              now 0b
        ");
    }
}
