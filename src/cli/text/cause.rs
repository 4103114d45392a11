//! Causes in words.

use crate::cli::text::{DIM, cut, styled};
use crate::model::{
    Cause, CodeChange, DataChange, DependencyChange, OutputChange, OutputKind, PartitionKey,
    Presence,
};

/// The longest value that is told inside a sentence.
const SHORT: usize = 30;

/// A cause as part of a sentence, with the partition it is about: `clean@2013-07-04 changed`.
pub fn summary(cause: &Cause) -> String {
    match cause {
        Cause::Data(change) => data(change, change.partition.as_ref()),
        Cause::Output {
            path,
            change: OutputChange::Missing,
            ..
        } => format!("{path} is missing"),
        Cause::Output {
            path,
            change: OutputChange::Altered { .. },
            ..
        } => format!("{path} was altered"),
        Cause::Output {
            path,
            change: OutputChange::Kind { found },
            ..
        } => match found {
            OutputKind::File => format!("{path} is a file now"),
            OutputKind::Directory => format!("{path} is a directory now"),
        },
        Cause::Output {
            path,
            change: OutputChange::Unreadable,
            ..
        } => format!("{path} cannot be read"),
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
                format!("input {input} is mapped otherwise: {old}, now {new}")
            }
        },
        Cause::DependencyRemoved => "an input is gone".to_owned(),
        Cause::Data(change) => data(change, None),
        Cause::Output { change, .. } => match change {
            OutputChange::Missing => "an output is missing".to_owned(),
            OutputChange::Altered { .. } => "an output was altered".to_owned(),
            OutputChange::Kind { found } => match found {
                OutputKind::File => "an output is a file now".to_owned(),
                OutputKind::Directory => "an output is a directory now".to_owned(),
            },
            OutputChange::Unreadable => "an output cannot be read".to_owned(),
        },
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
    let values = match cause {
        Cause::Code(CodeChange { old, new, .. }) => (old.clone(), new.clone()),
        Cause::Data(DataChange { old, new, .. }) => (
            old.map(|version| version.to_string()),
            new.map(|version| version.to_string()),
        ),
        _ => (None, None),
    };
    if let (Some(old), Some(new)) = values
        && !lines.last().is_some_and(|line| line.contains(&new))
    {
        for (word, value) in [("was", old), ("now", new)] {
            let line = cut(&format!("{word} {}", value.replace('\n', "⏎")), room - 2);
            lines.push(format!("{indent}  {}", styled(DIM, line)));
        }
    }
    if let Cause::Data(change) = cause {
        for root in &change.root {
            descend(root, depth + 1, width, lines);
        }
    }
}

fn code(change: &CodeChange) -> String {
    let CodeChange {
        what,
        path,
        old,
        new,
    } = change;
    let subject = path
        .clone()
        .unwrap_or_else(|| match what.strip_prefix("env ") {
            Some(variable) => format!("variable {variable}"),
            None => format!("the {what}"),
        });
    match (old, new) {
        (None, _) => format!("{subject} is new"),
        (_, None) => format!("{subject} is gone"),
        (Some(old), Some(new)) if path.is_none() && old.len().max(new.len()) <= SHORT => {
            format!("{subject} changed: {old}, now {new}")
        }
        (Some(_), Some(_)) => format!("{subject} changed"),
    }
}

fn data(change: &DataChange, partition: Option<&PartitionKey>) -> String {
    let subject = match (&change.path, partition) {
        (Some(path), Some(_)) => path.clone(),
        (_, Some(partition)) => format!("{}@{partition}", change.asset),
        (_, None) => change.asset.to_string(),
    };
    match (&change.old, &change.new) {
        (Some(_), _) if change.presence == Presence::Missing => format!("{subject} is gone"),
        (None, _) if change.presence == Presence::Missing => format!("{subject} is missing"),
        (..) if change.presence == Presence::Removed => match partition {
            Some(_) => format!("{subject} is not read any more"),
            None => format!("a partition of {subject} is not read any more"),
        },
        (..) if change.presence == Presence::Unreadable => format!("{subject} cannot be read"),
        (None, Some(_)) => format!("{subject} is new"),
        (Some(_), Some(_)) => format!("{subject} changed"),
        (_, None) => format!("{subject} is not up to date"),
    }
}

#[cfg(test)]
mod tests {
    use super::{chain, subject, summary};
    use crate::digest::Digest;
    use crate::model::{
        AssetKey, Cause, CodeChange, DataChange, DataVersion, Name, OutputChange, PartitionKey,
        Presence,
    };

    fn code(what: &str, old: &str, new: &str) -> Cause {
        Cause::Code(CodeChange {
            what: what.into(),
            path: what.strip_prefix("file ").map(str::to_owned),
            old: Some(old.into()),
            new: Some(new.into()),
        })
    }

    fn data(asset: &str, partition: &str, root: Vec<Cause>) -> Cause {
        let version = |byte: &str| Digest::from_hex(&byte.repeat(16)).map(DataVersion);
        let asset = AssetKey::parse(asset).expect("a key");
        Cause::Data(DataChange {
            input: Name::of_asset(&asset),
            asset,
            partition: PartitionKey::parse(partition).ok(),
            path: None,
            old: version("0a"),
            new: if root.is_empty() { version("0b") } else { None },
            presence: Presence::There,
            root,
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
                "variable LIMIT changed: 3, now 4",
                "variable LIMIT changed: 3, now 4",
            ),
            (
                code("command", &"x".repeat(40), "y"),
                "the command changed",
                "the command changed",
            ),
            (
                Cause::Output {
                    output: None,
                    path: "build/a.csv".into(),
                    change: OutputChange::Missing,
                },
                "build/a.csv is missing",
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
