//! Keys that the disk decides.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::hash::Ignore;
use crate::look::keys::{World, asking_definitions, existing_keys, look_for_foreign_files};
use crate::model::{
    AssetGraph, Cadence, Declaration, DeclaredPartitions, DefinitionId, GraphParts, KeyStyle,
    Location, PartitionPlaceholder, PartitionsDefinition, PathTemplate, Piece, TimeFormat,
    TimePartitions, TimeSettings,
};

/// A template with `{{partition}}` where `@` stands, and the month of the window's start where `#` does.
fn template(text: &str) -> PathTemplate {
    let piece = |c: char| match c {
        '@' => Piece::Placeholder(PartitionPlaceholder::Key),
        '#' => {
            let month = TimeFormat::Strftime("%Y-%m".into());
            Piece::Placeholder(PartitionPlaceholder::WindowStart(month))
        }
        c => Piece::Text(c.into()),
    };
    let template = PathTemplate::new(text.chars().map(piece).collect());
    template.with_keys(KeyStyle::Plain)
}

fn days(exists: &str) -> PartitionsDefinition {
    let days = TimePartitions::new(TimeSettings::new(Cadence::Daily, "2024-01-01"));
    PartitionsDefinition::Time {
        windows: days.expect("a definition").into(),
        exists: Some(template(exists)),
    }
}

fn graph(definition: PartitionsDefinition) -> AssetGraph {
    let parts = GraphParts {
        definitions: vec![DeclaredPartitions {
            name: None,
            definition,
            location: Location::default(),
        }],
        declarations: Vec::<Declaration>::new(),
        ..GraphParts::default()
    };
    AssetGraph::new(parts).expect("no cycle")
}

/// A folder with empty files; names that end in `/` are folders.
fn folder(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in names {
        let path = folder.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).expect("made");
        } else {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "").expect("written");
        }
    }
    folder
}

/// The keys that are found, or the problems.
fn found(root: &Path, definition: PartitionsDefinition) -> Result<Vec<String>, Vec<String>> {
    let graph = graph(definition);
    let ignore = Ignore::new(&["*.tmp", "in/old"]).expect("patterns");
    let world = World {
        root,
        graph: &graph,
        ignore: &ignore,
        added: &[],
        now: "2024-03-01T00:00:00Z".parse().expect("a time"),
    };
    let id = DefinitionId(0);
    let keys = existing_keys(world, &BTreeSet::from([id]), None).map_err(|problems| {
        problems
            .list()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    })?;
    let keys = keys.get(Some(id));
    let keys = keys.range().filter_map(|index| keys.key(index));
    Ok(keys.map(|key| key.to_string()).collect())
}

#[test]
fn files_are_keys() {
    let there = folder(&[
        "in/b.csv",
        "in/a%20b.csv",
        "in/%C3%A4.csv",
        "in/Größe 1 [x].csv",
        "in/.hidden.csv",
        "in/.csv",
        "in/b.csv.tmp",
        "in/deep/c.csv",
        "in/folder.csv/",
        "in/old/x.csv",
        "in/one/data/x.csv",
        "in/two/data/y.csv",
        "top-1.csv",
    ]);
    symlink("b.csv", there.path().join("in/link.csv")).expect("linked");
    symlink("nothing", there.path().join("in/dangling.csv")).expect("linked");
    symlink("one", there.path().join("in/three")).expect("linked");
    for (pattern, keys) in [
        (
            "in/@.csv",
            &["%C3%A4", ".hidden", "Größe 1 [x]", "a%20b", "b", "link"][..],
        ),
        ("in/@/data/x.csv", &["one", "three"]),
        ("in/@/x.csv", &[]),
        ("in/d@p/c.csv", &["ee"]),
        ("top-@.csv", &["1"]),
        ("@.csv", &["top-1"]),
        ("nowhere/@.csv", &[]),
        ("in/b.csv/@", &[]),
    ] {
        let definition = PartitionsDefinition::Files(template(pattern));
        let expected: Vec<_> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(found(there.path(), definition), Ok(expected), "{pattern}");
    }
}

#[test]
fn a_file_whose_name_is_not_a_key_is_a_fault_of_its_definition() {
    let there = folder(&["in/a b.csv", "in/x...y.csv", "in/good.csv"]);
    fs::write(there.path().join(OsStr::from_bytes(b"in/\xff.csv")), "").expect("written");
    let definition = PartitionsDefinition::Files(template("in/@.csv"));
    assert_eq!(
        found(there.path(), definition.clone()),
        Ok(vec!["a b".to_owned(), "good".to_owned()])
    );
    let graph = graph(definition);
    let ignore = Ignore::default();
    let world = World {
        root: there.path(),
        graph: &graph,
        ignore: &ignore,
        added: &[],
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    let problems = look_for_foreign_files(world, DefinitionId(0)).expect_err("two");
    let problems: Vec<_> = problems.list().iter().map(ToString::to_string).collect();
    let pattern = "matches `in/{{partition}}.csv`, and";
    assert_eq!(
        problems,
        [
            format!(
                "`in/x...y.csv` {pattern} a partition key does not contain `...`, which means a range of keys"
            ),
            format!("`in/\u{fffd}.csv` {pattern} its name is not UTF-8"),
        ]
    );
}

#[test]
fn windows_whose_file_is_there_are_keys() {
    let there = folder(&[
        "in/2024-01-02.csv",
        "in/2024-01-31.csv",
        "in/2024-1-5.csv",
        "in/a b.csv",
        "in/2024-03-05.csv",
        "in/2024-02-03/",
        "by/2024-02/2024-02-29.csv",
        "by/2024-01/2024-02-28.csv",
    ]);
    for (exists, keys) in [
        ("in/@.csv", &["2024-01-02", "2024-01-31"][..]),
        ("in/@", &["2024-02-03"]),
        ("by/#/@.csv", &["2024-02-29"]),
        ("nowhere/@.csv", &[]),
    ] {
        let expected: Vec<_> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(found(there.path(), days(exists)), Ok(expected), "{exists}");
    }
}

#[test]
fn what_nothing_uses_is_not_looked_for() {
    let graph = graph(PartitionsDefinition::Files(template("in/@.csv")));
    assert_eq!(asking_definitions(&graph), BTreeSet::new());
}
