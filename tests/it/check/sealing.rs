//! A check that found everything fresh is sealed, and the seal stands for nothing else.

use std::fs;

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

/// How many seals there are, those of runs among them.
fn seals(sandbox: &Sandbox) -> usize {
    let folder = fs::read_dir(sandbox.path(".assetctl/seals"));
    folder.map_or(0, Iterator::count)
}

/// Checks until there are so many seals: what was written within the last tick of the clock is not sealed yet.
#[track_caller]
fn check_until_sealed(sandbox: &Sandbox, words: &[&str], expected: usize) {
    for _ in 0..100 {
        sandbox.run(&[&["check"], words].concat()).success();
        if seals(sandbox) == expected {
            return;
        }
    }
    panic!("{words:?}: {} of {expected} seals", seals(sandbox));
}

#[test]
fn no_change_hides_behind_a_seal() {
    type Change = fn(&Sandbox);
    let sandbox = project();
    let of_runs = seals(&sandbox);
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
    for (name, file, change) in table {
        let before = sandbox.read(file);
        check_until_sealed(&sandbox, &[], of_runs + 1);
        sandbox.run(&["check"]).success();
        assert_eq!(seals(&sandbox), of_runs + 1, "before {name}");
        change(&sandbox);
        sandbox.run(&["check"]).exits(1);
        sandbox.run(&["check"]).exits(1);
        sandbox.write(file, &before);
        sandbox.run(&["check"]).success();
    }
}

#[test]
fn a_seal_is_for_its_question_alone() {
    let sandbox = project();
    let of_runs = seals(&sandbox);
    check_until_sealed(&sandbox, &[], of_runs + 1);
    check_until_sealed(&sandbox, &["--outputs", "required"], of_runs + 2);
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
