//! What a snapshot answers at once, and everything that makes it look.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::app::project::Surroundings;
use crate::app::snapshot::{FirstGlance, NothingToDo};
use crate::app::tests::sandbox::Sandbox;
use crate::model::{Force, MaterializeOptions};

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2026-01-01"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "day"
optional = true

[asset.copy]
deps = "raw"
partitions = "day"
code = "lib.sh"
env = { MODE = { from_env = "MODE" } }
command = "sh ./copy.sh $ASSETCTL_INPUT_RAW {{output}}"
outputs = "out/{{partition}}.txt"
"#;

/// A project of one day with everything fresh.
fn built() -> Sandbox {
    let sandbox = Sandbox::new(MANIFEST);
    sandbox.write("raw/2026-01-01.txt", "one\n");
    sandbox.write("lib.sh", "# nothing\n");
    sandbox.write("copy.sh", "cp \"$1\" \"$2\"\n");
    assert_eq!(sandbox.materialize(&[]), ["copy@2026-01-01"]);
    sandbox
}

/// Something that happens to a project.
type Change = fn(&Sandbox);

fn nothing_to_do(surroundings: &Surroundings, request: &MaterializeOptions) -> Option<NothingToDo> {
    match FirstGlance::at(surroundings, request) {
        FirstGlance::NothingToDo(found) => Some(found),
        FirstGlance::Changed(_) | FirstGlance::Unknown => None,
    }
}

fn holds(sandbox: &Sandbox) -> bool {
    nothing_to_do(&sandbox.surroundings(), &MaterializeOptions::default()).is_some()
}

#[test]
fn a_run_keeps_what_it_has_made() {
    let sandbox = built();
    let request = MaterializeOptions::default();
    let found = nothing_to_do(&sandbox.surroundings(), &request);
    let root = sandbox.root().to_owned();
    assert_eq!(
        found,
        Some(NothingToDo {
            root,
            assets: 1,
            partitions: 1
        })
    );
    let forced = MaterializeOptions {
        force: Force::Selected,
        ..MaterializeOptions::default()
    };
    assert_eq!(
        nothing_to_do(&sandbox.surroundings(), &forced),
        None,
        "force is no such request"
    );
}

#[test]
fn whatever_a_judgement_is_made_of_is_looked_at() {
    let changes: [(&str, Change); 8] = [
        ("a source", |it| _ = it.write("raw/2026-01-01.txt", "two\n")),
        ("an output", |it| {
            it.write("out/2026-01-01.txt", "by hand\n");
        }),
        ("a missing output", |it| {
            fs::remove_file(it.path("out/2026-01-01.txt")).expect("removed");
        }),
        ("a declared code file", |it| {
            _ = it.write("lib.sh", "# more\n");
        }),
        ("an automatic code file", |it| {
            it.write("copy.sh", "cat \"$1\" > \"$2\"\n");
        }),
        ("the manifest", |it| {
            it.edit("Assets.toml", "from_env = \"MODE\"", "from_env = \"TEMPO\"");
        }),
        ("the instance", |it| {
            let log = it.path(".assetctl/instance.db-wal");
            fs::write(log, "somebody writes").expect("written");
        }),
        ("the mark", |it| {
            it.write(".assetctl/instance.mark", "another");
        }),
    ];
    for (what, change) in changes {
        let sandbox = built();
        assert!(holds(&sandbox), "before {what}");
        change(&sandbox);
        assert!(!holds(&sandbox), "after {what}");
    }
}

#[test]
fn time_and_environment_are_looked_at() {
    let sandbox = built();
    let request = MaterializeOptions::default();
    let mut later = sandbox.surroundings();
    later.now = "2026-01-03T00:00:00Z".parse().expect("a time");
    assert_eq!(
        nothing_to_do(&later, &request),
        None,
        "another day has ended"
    );
    let mut with = sandbox.surroundings();
    with.environment.push(("MODE".into(), "fast".into()));
    assert_eq!(nothing_to_do(&with, &request), None, "the variable is set");
    assert!(holds(&sandbox), "and nothing else has changed");
}

#[test]
fn a_damaged_snapshot_is_none() {
    let sandbox = built();
    let folder = sandbox.path(".assetctl/snapshots");
    let file = fs::read_dir(folder)
        .expect("there")
        .next()
        .expect("a snapshot")
        .expect("readable")
        .path();
    let good = fs::read(&file).expect("readable");
    for len in 0..good.len() {
        fs::write(&file, &good[..len]).expect("written");
        assert!(!holds(&sandbox), "cut to {len}");
    }
    fs::write(&file, &good).expect("written");
    assert!(holds(&sandbox));
}

#[test]
fn one_flipped_bit_makes_a_snapshot_none() {
    let sandbox = built();
    let folder = sandbox.path(".assetctl/snapshots");
    let mut files = fs::read_dir(folder).expect("there");
    let file = files.next().expect("a snapshot").expect("readable").path();
    let good = fs::read(&file).expect("readable");
    // Three digests, in two lists, at its end are read after an edit of the manifest alone.
    for at in 0..good.len() - (3 * 16 + 2) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&file, &bad).expect("written");
        assert!(!holds(&sandbox), "flipped at {at}");
    }
    fs::write(&file, &good).expect("written");
    assert!(holds(&sandbox));
}

#[test]
fn without_a_folder_of_the_user_nothing_is_kept() {
    let mut sandbox = Sandbox::new(MANIFEST);
    sandbox.environment.push(("HOME", "/nowhere/at all"));
    sandbox.write("raw/2026-01-01.txt", "one\n");
    sandbox.write("lib.sh", "# nothing\n");
    sandbox.write("copy.sh", "cp \"$1\" \"$2\"\n");
    assert_eq!(sandbox.materialize(&[]), ["copy@2026-01-01"]);
    assert!(sandbox.materialize(&[]).is_empty());
    for file in [
        "snapshots",
        "stat.cache",
        "manifest.cache",
        "lockfile.written",
    ] {
        assert!(!sandbox.exists(format!(".assetctl/{file}")), "{file}");
    }
}

#[test]
fn keys_that_come_are_looked_at() {
    let command = "command = \"touch {{output}}\"";
    for (what, definition, change) in [
        ("a window", "type = \"daily\"\nstart = \"2025-12-30\"", None),
        (
            "a window of a dimension",
            "type = \"multi\"\ndimensions = { d = { type = \"daily\", start = \"2025-12-30\" }, r = [\"eu\"] }",
            None,
        ),
        ("a key of a set", "type = \"dynamic\"", Some("k")),
    ] {
        let sandbox = Sandbox::new(&format!(
            "[partitions.p]\n{definition}\n[asset.one]\n{command}\n[asset.each]\npartitions = \"p\"\n{command}\n"
        ));
        if change.is_some() {
            sandbox.add_key("p", "first");
        }
        sandbox.materialize(&[]);
        sandbox.materialize(&[]);
        assert!(holds(&sandbox), "before {what}");
        let mut later = sandbox.surroundings();
        match change {
            None => later.now = "2026-01-04T00:00:00Z".parse().expect("a time"),
            Some(key) => sandbox.add_key("p", key),
        }
        let found = nothing_to_do(&later, &MaterializeOptions::default());
        assert_eq!(found, None, "after {what}");
    }
}

#[test]
fn keys_that_are_found_on_disk_are_looked_for() {
    let sandbox = Sandbox::new(
        "[partitions.p]\ntype = \"files\"\npattern = \"in/{{partition}}.txt\"\n\
         [asset.each]\npartitions = \"p\"\ncommand = \"touch {{output}}\"\n",
    );
    sandbox.write("in/a.txt", "");
    assert_eq!(sandbox.materialize(&[]), ["each@a"]);
    assert!(!holds(&sandbox));
}

#[test]
fn of_a_large_folder_each_change_is_seen() {
    let manifest = "[source.data]\npath = \"data/\"\n[asset.first]\ndeps = \"data\"\ncommand = \"ls {{input}} > {{output}}\"\noutputs = \"out\"\n";
    let sandbox = Sandbox::new(manifest);
    for number in 0..1_100 {
        sandbox.write(format!("data/{}/{number}", number % 2), "old\n");
    }
    let settle = || sleep(Duration::from_millis(13));
    settle();
    assert_eq!(sandbox.materialize(&[]), ["first"]);
    let changes: [(&str, Change); 6] = [
        ("nothing", |_| ()),
        ("one file", |it| _ = it.write("data/1/3", "new\n")),
        ("files of several records", |it| {
            it.write("data/0/2", "new\n").write("data/1/1099", "new\n");
        }),
        ("a file that is replaced", |it| {
            it.remove("data/0/4");
            it.write("data/0/4", "new\n");
        }),
        ("a file that is gone, and another", |it| {
            it.remove("data/0/6");
            it.write("data/1/5", "new\n");
        }),
        ("a new file", |it| _ = it.write("data/new", "new\n")),
    ];
    for (what, change) in changes {
        settle();
        change(&sandbox);
        settle();
        let expected: &[&str] = if what == "nothing" { &[] } else { &["first"] };
        assert_eq!(sandbox.materialize(&[]), expected, "{what}");
        settle();
        sandbox.materialize(&[]);
        assert!(holds(&sandbox), "after {what}");
        sandbox.remove(".assetctl/snapshots");
        assert!(
            sandbox.materialize(&[]).is_empty(),
            "the version of {what} is right"
        );
    }
}

#[test]
fn a_link_that_a_glob_does_not_match_yet_is_looked_at() {
    let manifest = "[source.found]\npath = \"raw/**/*.csv\"\n[asset.first]\ndeps = \"found\"\ncommand = \"cat {{input}} > {{output}}\"\noutputs = \"out\"\n";
    let sandbox = Sandbox::new(manifest);
    sandbox.write("raw/one.csv", "1\n");
    sandbox.link("raw/two.csv", "../later");
    sleep(Duration::from_millis(13));
    assert_eq!(sandbox.materialize(&[]), ["first"]);
    sandbox.materialize(&[]);
    assert!(holds(&sandbox), "a link that leads nowhere is no match");
    sandbox.write("later", "2\n");
    assert!(!holds(&sandbox), "it is one by now");
    assert_eq!(sandbox.materialize(&[]), ["first"]);
    assert_eq!(sandbox.read("out"), "1\n2\n");
}
