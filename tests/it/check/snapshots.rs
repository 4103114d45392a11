//! A check keeps a snapshot of what it found fresh, and the snapshot stands for nothing else.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
[asset.copy]
deps = "./raw.csv"
env = { LIMIT = { from_env = "LIMIT" } }
command = "sh steps/copy.sh {{input}} {{output}}"
outputs = "build/copy.csv"
[asset.count]
deps = "copy"
command = "wc -l < {{input}} > {{output}}"
outputs = "build/count.txt"
"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::new()
        .with_env("LIMIT", "10")
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.csv", "a\nb\n")
        .with_file("steps/copy.sh", "head -n $LIMIT < $1 > $2\n");
    sandbox.materialize(&[]).success();
    sandbox
}

/// How many snapshots there are, that of runs among them.
fn snapshots(sandbox: &Sandbox) -> usize {
    let folder = fs::read_dir(sandbox.path(".assetctl/snapshots"));
    let files = folder.into_iter().flatten().flatten();
    let is_base = |file: &fs::DirEntry| file.path().extension().is_some_and(|it| it == "base");
    files.filter(is_base).count()
}

/// Checks some time after the last change: what was written within the last tick of the clock is not trusted yet.
#[track_caller]
fn check_settled(sandbox: &Sandbox, words: &[&str], expected: usize) {
    sleep(Duration::from_millis(20));
    for _ in 0..2 {
        sandbox.run(&[&["check"], words].concat()).success();
    }
    assert_eq!(snapshots(sandbox), expected, "{words:?}");
}

#[test]
fn no_change_hides_behind_a_snapshot() {
    type Change = fn(&Sandbox);
    let sandbox = project();
    let of_runs = snapshots(&sandbox);
    let table: [(&str, &str, Change); 7] = [
        ("a source", "raw.csv", |it| it.append("raw.csv", "c\n")),
        ("a source of the same size", "raw.csv", |it| {
            it.write("raw.csv", "a\nx\n");
        }),
        ("a source that is gone", "raw.csv", |it| {
            it.remove("raw.csv");
        }),
        ("a script", "steps/copy.sh", |it| {
            it.append("steps/copy.sh", "# more\n");
        }),
        ("the manifest", "Assets.toml", |it| {
            it.edit("Assets.toml", "wc -l", "wc -c");
        }),
        ("an output", "build/copy.csv", |it| {
            it.write("build/copy.csv", "other\n");
        }),
        ("a line of the lock file", "Assets.lock", |it| {
            let lock = it.read("Assets.lock");
            let kept: Vec<&str> = lock.lines().filter(|it| !it.starts_with("count")).collect();
            it.write("Assets.lock", &(kept.join("\n") + "\n"));
        }),
    ];
    for (_, file, change) in table {
        let before = sandbox.read(file);
        check_settled(&sandbox, &[], of_runs + 1);
        change(&sandbox);
        sandbox.run(&["check"]).exits(1);
        sandbox.run(&["check"]).exits(1);
        sandbox.write(file, &before);
        sandbox.run(&["check"]).success();
    }
}

#[test]
fn a_snapshot_is_for_its_question_alone() {
    let sandbox = project();
    let of_runs = snapshots(&sandbox);
    check_settled(&sandbox, &[], of_runs + 1);
    check_settled(&sandbox, &["--outputs", "required"], of_runs + 2);
    sandbox.remove("build/count.txt");
    sandbox.run(&["check"]).success();
    sandbox.run(&["check"]).success();
    sandbox.run(&["check", "--outputs", "required"]).exits(1);
    sandbox.run(&["check", "--outputs", "ignore"]).success();
    let sandbox = sandbox.with_env("LIMIT", "1");
    sandbox.run(&["check"]).exits(1);
    let sandbox = sandbox.with_env("LIMIT", "10");
    sandbox.run(&["check"]).success();
}
