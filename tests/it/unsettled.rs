//! Inputs that change while a command runs, and are what they were again when it ends.
//!
//! Nobody knows what such a command has read. Its result is recorded, is stale until it is made anew, has no line in the
//! lock file, and what reads it does not run.

use assetctl::answer::RunOutcome;
use assetctl::model::MaterializeOptions;

use crate::sandbox::Sandbox;
use crate::scenario::{Scenario, only};

/// `x` reads one input of each kind, does what the file `during` says, and is read by `down`.
const MANIFEST: &str = r#"
[project]
[source.one]
path = "one.txt"
[source.dir]
path = "dir/"
[source.raws]
path = "raw/*.csv"
[source.extra]
path = "conf/extra.txt"
optional = true
[source.several]
paths = ["several/a.txt", "several/*.csv"]
[source.depth]
path = "params.toml"
key = "depth"
[asset.up]
deps = "one"
command = "mkdir -p {{output}} && cp {{input}} {{output}}/file"
outputs = "out/up/"
[asset.x]
deps = ["one", "dir", "raws", "extra", "several", "depth", "up"]
after = "apart"
code = ["steps/*.sh", "lib/"]
command = "cat one.txt raw/*.csv dir/sub/* out/up/file > {{output}}; if [ -e during ]; then . ./during; fi"
outputs = "out/x"
[asset.down]
deps = "x"
command = "cat {{input}} > {{output}}"
outputs = "out/down"
[asset.apart]
command = "echo apart > {{output}}"
outputs = "raw/apart.txt"
"#;

const FILES: [(&str, &str); 10] = [
    ("one.txt", "1\n"),
    ("dir/sub/a", "a\n"),
    ("raw/a.csv", "a\n"),
    ("raw/b.csv", "b\n"),
    ("conf/other.txt", ""),
    ("several/a.txt", ""),
    ("several/b.csv", ""),
    ("params.toml", "depth = 1\n"),
    ("steps/step.sh", "true\n"),
    ("lib/x.sh", "true\n"),
];

/// What is done and undone, and the path that is named.
const EDITS: [(&str, &str); 16] = [
    (
        "cp one.txt kept; echo 2 > one.txt; cp kept one.txt",
        "one.txt",
    ),
    (
        "cp -p one.txt kept; echo 2 > one.txt; mv kept one.txt",
        "one.txt",
    ),
    ("touch dir/sub/b; rm dir/sub/b", "dir/sub/"),
    ("mkdir dir/more; touch dir/more/b; rm -r dir/more", "dir/"),
    (
        "mv dir kept; mkdir dir; rmdir dir; mv kept dir; touch dir/sub/a",
        "dir/sub/a",
    ),
    ("touch raw/c.csv; rm raw/c.csv", "raw/"),
    ("mv raw/a.csv kept; mv kept raw/a.csv", "raw/a.csv"),
    ("touch conf/extra.txt; rm conf/extra.txt", "conf/extra.txt"),
    ("echo 2 > several/a.txt; : > several/a.txt", "several/a.txt"),
    ("touch several/c.csv; rm several/c.csv", "several/"),
    (
        "cp params.toml kept; echo depth = 2 > params.toml; cp kept params.toml",
        "params.toml",
    ),
    (
        "cp steps/step.sh kept; echo false > steps/step.sh; cp kept steps/step.sh",
        "steps/step.sh",
    ),
    ("touch steps/new.sh; rm steps/new.sh", "steps/"),
    ("touch lib/new.sh; rm lib/new.sh", "lib/"),
    (
        "cp out/up/file kept; echo 2 > out/up/file; cp kept out/up/file",
        "out/up/file",
    ),
    ("touch out/up/new; rm out/up/new", "out/up/"),
];

/// Whether the lock file has a line of an asset.
fn is_locked(project: &Scenario, asset: &str) -> bool {
    let begins = format!("{asset} ");
    let lock = project.read("Assets.lock");
    lock.lines().any(|line| line.starts_with(&begins))
}

fn project() -> Scenario {
    Scenario::new(MANIFEST).with(&FILES)
}

#[test]
fn whatever_changes_and_goes_back_leaves_the_result_stale() {
    for (during, path) in EDITS {
        println!("{during}");
        let project = project();
        project.write("during", during);
        let ran = project.attempt();
        ran.ran(&["up", "x", "apart"])
            .failed(&[])
            .blocked(&["down"]);
        assert_eq!(ran.unsettled(), ["x"], "{during}");
        let warning = ran.warnings("x").swap_remove(0);
        assert!(
            warning.starts_with(&format!("{path} changed while the command ran")),
            "{warning}"
        );
        assert_eq!(
            ran.obstacle("down"),
            format!("x is stale: {path} changed while its command ran")
        );
        assert!(!is_locked(&project, "x"), "{during}");
        let status = project.status();
        assert!(
            status.iter().any(|line| line.starts_with("x stale (")),
            "{during}: {status:?}"
        );
        project.remove("during");
        let _ = project.runs(&["x", "down"]);
    }
}

#[test]
fn what_was_fresh_is_fresh_no_more() {
    let project = project();
    let _ = project.runs(&["up", "x", "down", "apart"]);
    assert!(is_locked(&project, "x"));
    project.write("one.txt", "2\n");
    project.write("during", "echo 1 > one.txt");
    assert_eq!(project.attempt().unsettled(), ["x"]);
    assert!(!is_locked(&project, "x"));
    project.remove("during");
    assert_eq!(project.read("one.txt"), "1\n");
    let _ = project.runs(&["up", "x"]);
}

#[test]
fn what_is_no_input_may_change() {
    let litter = "touch raw/notes.txt dir/.DS_Store steps/README; mkdir lib/__pycache__; touch lib/__pycache__/x";
    for during in [
        litter,
        "sleep 0.01; touch kept; rm kept",
        "cat one.txt > /dev/null",
    ] {
        let project = project();
        project.write("during", during);
        let request = MaterializeOptions {
            jobs: std::num::NonZeroUsize::new(4),
            ..MaterializeOptions::default()
        };
        let _ = project.runs_only(&request, &["up", "x", "down", "apart"]);
    }
}

#[test]
fn steps_in_place_batches_and_incremental_ones_are_no_exception() {
    let manifest = r#"
[project]
[partitions.day]
type = "static"
keys = ["a", "b", "c"]
[source.raw]
partitions = "day"
path = "raw/{{partition}}"
[asset.batched]
partitions = "day"
deps = "raw"
batch = { max = 3 }
command = "for key in a b c; do cp raw/$key $PLACE/$key; done"
outputs = "out/batched/{{partition}}"
staging = false
[asset.grown]
deps = { asset = "raw", mapping = "all" }
incremental = true
command = "cat raw/* >> {{output}}; . ./during"
outputs = "out/grown"
"#;
    let manifest = manifest
        .replace("$PLACE", "out/batched")
        .replace("command = \"for key", "command = \". ./during; for key");
    let project = Scenario::new(&manifest).with(&[
        ("raw/a", "a"),
        ("raw/b", "b"),
        ("raw/c", "c"),
        ("during", "echo x > raw/b; printf b > raw/b"),
    ]);
    let request = MaterializeOptions {
        jobs: std::num::NonZeroUsize::new(1),
        ..MaterializeOptions::default()
    };
    let ran = project.ask(&request);
    ran.ran(&["batched@a", "batched@b", "batched@c", "grown"]);
    assert_eq!(ran.unsettled(), ["batched@b", "grown"]);
    project.write("during", "");
    let _ = project.runs_only(&request, &["batched@b", "grown"]);
}

#[test]
fn a_hard_link_to_an_input_becomes_a_copy() {
    let manifest = r#"
[project]
[source.raw]
path = "raw/"
[asset.file]
deps = "raw"
command = "ln {{input}}/a {{output}}"
outputs = "out/file"
[asset.folder]
deps = "raw"
command = "cp -rl {{input}}/. {{output}}"
outputs = "out/folder/"
[asset.place]
deps = "raw"
command = "ln {{input}}/a out/place"
outputs = "out/place"
"#;
    let project = Scenario::new(manifest).with(&[("raw/a", "a"), ("raw/b", "b")]);
    let _ = project.runs(&["file", "folder", "place"]);
    project.write("raw/a", "changed");
    assert_eq!(project.read("out/file"), "a");
    assert_eq!(project.read("out/folder/a"), "a");
    assert_eq!(project.read("out/place"), "a");
}

#[test]
fn an_unchanged_output_is_left_as_it_is() {
    use std::os::unix::fs::MetadataExt;
    let manifest = r#"
[project]
[source.raw]
path = "raw"
[asset.file]
deps = "raw"
command = "wc -l < {{input}} > {{output}}"
outputs = "out/file"
[asset.folder]
deps = "raw"
command = "wc -l < {{input}} > {{output}}/lines"
outputs = "out/folder/"
"#;
    let project = Scenario::new(manifest).with(&[("raw", "a\n")]);
    let _ = project.runs(&["file", "folder"]);
    let inodes = || {
        ["out/file", "out/folder", "out/folder/lines"]
            .map(|path| project.path(path).metadata().expect("it is there").ino())
    };
    let before = inodes();
    project.write("raw", "b\n");
    let _ = project.runs(&["file", "folder"]);
    assert_eq!(inodes(), before);
    project.write("raw", "b\nc\n");
    let _ = project.runs(&["file", "folder"]);
    assert_ne!(inodes()[0], before[0]);
}

#[test]
fn a_run_in_memory_says_so() {
    let project = project();
    // The value is in memory, and not where it would be.
    project.edit(" out/up/file", "");
    project.write("during", "touch raw/c.csv; rm raw/c.csv");
    let left = project.in_memory(&only(&["down"]));
    assert_eq!(left.result.outcome, RunOutcome::Failed);
    assert_eq!(
        (left.result.counts.stale, left.result.counts.blocked),
        (1, 1)
    );
}

#[test]
fn it_is_told_and_accepted() {
    let mut sandbox = Sandbox::new().with_file("Assets.toml", MANIFEST);
    for (path, text) in FILES {
        sandbox = sandbox.with_file(path, text);
    }
    sandbox.write("during", "touch raw/c.csv; rm raw/c.csv");
    let run = sandbox.run(&["materialize", "x"]).exits(1);
    let told = "raw/ changed while the command ran";
    assert!(run.stderr().contains(told), "{}", run.stderr());
    assert!(run.stderr().contains("1 stale"), "{}", run.stderr());
    sandbox.run(&["check", "x"]).exits(1);
    sandbox.run(&["accept", "x"]).success();
    sandbox.run(&["check", "x"]).success();
    sandbox.remove("during");
    sandbox
        .run(&["materialize", "x", "--json"])
        .success()
        .ran_nothing();
    sandbox
        .run(&["materialize", "down", "--json"])
        .success()
        .ran(&["down"]);
}

#[test]
fn a_rebuild_says_so() {
    let manifest = r#"
[project]
[source.raw]
path = "raw"
[asset.x]
deps = "raw"
command = "cat {{input}} > {{output}}; touch {{input}}"
outputs = "out/x"
[asset.y]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "out/y"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", &manifest.replace("; touch {{input}}", ""))
        .with_file("raw", "1\n");
    sandbox.run(&["materialize"]).success();
    sandbox.write("Assets.toml", manifest);
    sandbox.run(&["accept", "x"]).success();
    let run = sandbox.run(&["check", "--rebuild", "2"]).exits(1);
    let told = "raw changed while the command ran";
    assert!(run.stdout().contains(told), "{}", run.stdout());
}
