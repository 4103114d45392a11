//! When the lock file is written, and what then stands in it.

use rustix::process::Signal;

use super::{CHAIN, chain, changed, commit, git, line, lines, lock, repository};
use crate::sandbox::{Sandbox, await_that};

const ALL: [&str; 5] = ["all -", "clean d1", "clean d2", "clean d3", "report -"];

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn the_bytes_depend_on_what_was_made_alone() {
    let at_once = chain();
    at_once.materialize(&["-j8"]).success();
    assert_eq!(sorted(lines(&at_once)), ALL);
    let one_by_one = chain();
    for step in ["clean@d3", "clean@d1", "all", "report", "clean@d2"] {
        one_by_one.materialize(&["-j1", step]).success();
    }
    assert_eq!(lock(&at_once), lock(&one_by_one));
    // Another machine, another time, and everything forced.
    let later = chain().at("2031-01-01T00:00:00Z");
    later.materialize(&["-j1"]).success();
    later.materialize(&["--force"]).success();
    assert_eq!(lock(&at_once), lock(&later));
}

#[test]
fn a_run_with_nothing_to_do_writes_only_what_is_lacking_or_wrong() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let before = lock(&sandbox);
    let stamp = || {
        let metadata = sandbox.path("Assets.lock").metadata();
        metadata.and_then(|it| it.modified()).expect("a time")
    };
    let written = stamp();
    for _ in 0..3 {
        sandbox.materialize(&[]).success().ran_nothing();
        assert_eq!(stamp(), written);
    }
    sandbox.remove("Assets.lock");
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), before);
    let (one, other) = (line(&sandbox, "clean d1"), line(&sandbox, "clean d2"));
    let hash = |line: &str, field: &str| {
        let from = line.find(field).expect("a field") + field.len();
        line[from..].split(' ').next().expect("a value").to_owned()
    };
    for field in [" c=", " i=", " o=", " d="] {
        let value = hash(&one, field);
        let last = if value.ends_with('0') { "1" } else { "0" };
        let edited = format!("{}{last}", &value[..value.len() - 1]);
        let line = one.replacen(&format!("{field}{value}"), &format!("{field}{edited}"), 1);
        sandbox.edit("Assets.lock", &one, &line);
        sandbox.materialize(&[]).success().ran_nothing();
        assert_eq!(lock(&sandbox), before, "{field}");
    }
    // Only the lines of what was asked for are looked at.
    sandbox.edit("Assets.lock", &format!("{other}\n"), "");
    sandbox.materialize(&["clean@d1"]).success().ran_nothing();
    assert!(!lock(&sandbox).contains(&other));
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), before);
}

#[test]
fn only_the_lines_of_what_ran_change_and_those_of_what_failed_stay() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let before = lock(&sandbox);
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.materialize(&["clean"]).success();
    assert_eq!(changed(&before, &lock(&sandbox)), ["clean d2"]);
    let before = lock(&sandbox);
    sandbox.edit("Assets.toml", "cat {{input}} > {{output}}", "false");
    sandbox.append("raw/d1.csv", "more\n");
    sandbox.materialize(&[]).exits(1);
    assert_eq!(changed(&before, &lock(&sandbox)), ["clean d1"]);
    let before = lock(&sandbox);
    sandbox.edit("Assets.toml", "\"false\"", "\"cat {{input}} > {{output}}\"");
    sandbox.materialize(&["all", "--only"]).success();
    assert_eq!(changed(&before, &lock(&sandbox)), ["all -"]);
    // What is to be forgotten has no lines any more.
    let before = lock(&sandbox);
    sandbox.run(&["wipe", "clean", "--dry-run"]).success();
    assert_eq!(lock(&sandbox), before);
    sandbox.run(&["wipe", "clean", "--yes"]).success();
    assert_eq!(lines(&sandbox), ["all -", "report -"]);
}

#[test]
fn an_interrupted_run_writes_and_one_that_was_killed_is_caught_up() {
    let manifest = CHAIN.replace(
        "cat {{input}} > {{output}}",
        "echo begun > ../begun; while [ ! -e ../go ]; do sleep 0.01; done; cat {{input}} > {{output}}",
    );
    for signal in [Signal::INT, Signal::KILL] {
        let sandbox = chain().with_file("Assets.toml", &manifest);
        let run = sandbox.start(&["materialize"]);
        await_that("the held step", || sandbox.path("../begun").exists());
        await_that("records", || {
            let status = sandbox.run(&["status", "clean", "--json"]).success();
            status.stdout().contains(r#""fresh":3"#)
        });
        assert_eq!(lock(&sandbox), "", "written once, at the end");
        if signal == Signal::INT {
            run.signal(signal);
            run.wait().exits(130);
        } else {
            run.kill_with_commands();
            assert!(run.was_killed());
            assert_eq!(lock(&sandbox), "");
            let said = sandbox.run(&["lock", "--dry-run"]).success();
            assert!(said.stdout().contains("3 added"), "{}", said.said());
            assert_eq!(lock(&sandbox), "");
            sandbox.run(&["lock"]).success();
        }
        let clean = ["clean d1", "clean d2", "clean d3"];
        assert_eq!(sorted(lines(&sandbox)), clean, "{signal:?}");
    }
}

#[test]
fn two_processes_lose_no_line() {
    let sandbox = chain();
    for round in 0..5 {
        for day in ["d1", "d2", "d3"] {
            sandbox.write(&format!("raw/{day}.csv"), format!("{round} {day}\n"));
        }
        let runs = ["d1", "d2", "d3"].map(|day| {
            let step = format!("clean@{day}");
            sandbox.start(&["materialize", &step])
        });
        for run in runs {
            run.wait().success();
        }
        let together = lock(&sandbox);
        sandbox.remove("Assets.lock");
        sandbox.run(&["lock"]).success();
        assert_eq!(lock(&sandbox), together, "round {round}");
    }
}

#[test]
fn what_was_damaged_is_told_and_written_anew() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let whole = lock(&sandbox);
    // Torn in the middle of a line, with a line that a run has no business with.
    let torn = format!(
        "{}gone - c=0011223344556677 i=00",
        &whole[..whole.len() - 20]
    );
    sandbox.write("Assets.lock", &torn);
    let said = sandbox.run(&["materialize"]).success();
    let told = said.stderr();
    assert!(told.contains("Assets.lock is damaged"), "{told}");
    assert!(told.contains("line 7"), "{told}");
    assert_eq!(lock(&sandbox), whole);
    let merged = whole.replacen("clean d1", "<<<<<<< ours\nclean d1", 1) + ">>>>>>> theirs\n";
    sandbox.write("Assets.lock", &merged);
    let said = sandbox.run(&["materialize"]).success();
    assert!(!said.stderr().contains("damaged"), "{}", said.said());
    assert_eq!(lock(&sandbox), whole);
}

#[test]
fn a_file_of_a_later_version_stops_everything_that_would_write_it() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    for header in ["format 3 rule 1", "format 1 rule 9"] {
        let text = lock(&sandbox).replace("format 1 rule 2", header);
        sandbox.write("Assets.lock", &text);
        sandbox.append("raw/d1.csv", "more\n");
        let output = sandbox.read("build/d1.csv");
        for words in [
            &["materialize"][..],
            &["accept", "--all"],
            &["observe"],
            &["lock"],
            &["lock", "prune"],
        ] {
            let said = sandbox.run(words).exits(2);
            assert!(
                said.said().contains("assetctl::lockfile::"),
                "{}",
                said.said()
            );
            assert_eq!(lock(&sandbox), text, "{words:?}");
        }
        assert_eq!(sandbox.read("build/d1.csv"), output);
        sandbox.remove("Assets.lock");
        sandbox.materialize(&[]).success();
    }
}

#[test]
fn where_it_cannot_be_written_the_results_stand() {
    let sandbox = chain();
    let manifest = sandbox.read("Assets.toml");
    // A folder that holds something cannot be replaced, whoever tries.
    let disturber = r#"
[asset.disturber]
command = "mkdir -p Assets.lock/x; echo > {{output}}"
outputs = "build/disturber"
"#;
    sandbox.write("Assets.toml", format!("{manifest}{disturber}"));
    let said = sandbox.run(&["materialize"]).exits(3);
    assert!(said.stderr().contains("Assets.lock"), "{}", said.said());
    sandbox.remove("Assets.lock");
    sandbox.materialize(&[]).success().ran_nothing();
    let lines = sorted(lines(&sandbox));
    for line in ALL {
        assert!(lines.iter().any(|it| it == line), "{line}: {lines:?}");
    }
}

#[test]
fn what_is_kept_out_has_no_lines() {
    let sandbox = chain();
    sandbox.edit(
        "Assets.toml",
        "[asset.report]",
        "[asset.report]\nlock = false",
    );
    sandbox.edit(
        "Assets.toml",
        "command = \"cat {{input}} > {{output}}\"",
        "command = \"cat {{input}} > {{output}}\"\ndata_version = \"inputs\"",
    );
    sandbox.materialize(&[]).success();
    assert_eq!(sorted(lines(&sandbox)), ALL[..4]);
    assert!(line(&sandbox, "all -").contains(" o=~ "));
    sandbox.edit(
        "Assets.toml",
        "[asset.clean]",
        "[asset.clean]\nlock = false",
    );
    let said = sandbox.run(&["materialize"]).exits(2);
    assert!(said.said().contains("unlocked_dep"), "{}", said.said());
}

#[test]
fn sources_that_a_clone_lacks_have_lines() {
    let manifest = CHAIN.to_owned()
        + r#"
[source.rows]
observe = "cat ../rows"

[source.alone]
observe = "cat ../rows"

[asset.total]
deps = "rows"
command = "echo total > {{output}}"
outputs = "build/total"

[asset.unlocked]
lock = false
deps = "alone"
command = "echo alone > {{output}}"
outputs = "build/alone"
"#;
    let sandbox = chain().with_file("Assets.toml", &manifest);
    sandbox.write("../rows", "7\n");
    // Without a repository files count as there.
    sandbox.materialize(&[]).success();
    let sources = |sandbox: &Sandbox| -> Vec<String> {
        let lines = lines(sandbox).into_iter();
        lines.filter(|line| line.starts_with('@')).collect()
    };
    assert_eq!(sources(&sandbox), ["@rows -"]);
    let sandbox = repository(sandbox, "raw/d2.csv\n");
    sandbox.run(&["lock"]).success();
    assert_eq!(sorted(sources(&sandbox)), ["@raw d2", "@rows -"]);
    let before = lock(&sandbox);
    sandbox.write("../rows", "8\n");
    sandbox.run(&["observe"]).success();
    assert_eq!(changed(&before, &lock(&sandbox)), ["@rows -"]);
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.run(&["observe"]).success();
    assert_eq!(changed(&before, &lock(&sandbox)).len(), 2);
    git(&sandbox, &["add", "--force", "raw/d2.csv"]);
    commit(&sandbox);
    sandbox.materialize(&[]).success();
    assert_eq!(sources(&sandbox), ["@rows -"]);
}

#[test]
fn a_clone_has_dynamic_keys() {
    let manifest = r#"
[partitions.model]
type = "dynamic"

[partitions.unused]
type = "dynamic"

[asset.train]
partitions = "model"
command = "echo {{partition}} > {{output}}"
outputs = "build/{{partition}}"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    sandbox
        .run(&["partitions", "add", "model", "b", "a"])
        .success();
    assert_eq!(lock(&sandbox), "", "there is no lock file to be kept up");
    sandbox.materialize(&[]).success();
    let keys = |sandbox: &Sandbox| -> Vec<String> {
        let lines = lines(sandbox).into_iter();
        lines.filter(|line| line.starts_with('+')).collect()
    };
    assert_eq!(keys(&sandbox), ["+ model b", "+ model a"]);
    sandbox.run(&["partitions", "add", "model", "c"]).success();
    sandbox.run(&["partitions", "add", "unused", "x"]).success();
    assert_eq!(keys(&sandbox), ["+ model b", "+ model a", "+ model c"]);
    let clone = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("Assets.lock", &lock(&sandbox));
    let listed = |sandbox: &Sandbox| {
        let listed = sandbox.run(&["partitions", "list", "model", "--keys"]);
        listed
            .success()
            .stdout()
            .lines()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(listed(&clone), "b a c");
    let said = clone
        .run(&["partitions", "add", "model", "d", "a"])
        .success();
    assert!(
        said.stdout().contains("model has 4 keys now"),
        "{}",
        said.said()
    );
    let said = clone.run(&["partitions", "remove", "model", "b"]).success();
    assert!(said.stdout().contains("Removed 1 key"), "{}", said.said());
    assert_eq!(listed(&clone), "a c d");
    assert_eq!(keys(&clone), ["+ model a", "+ model c", "+ model d"]);
    clone
        .materialize(&[])
        .success()
        .ran(&["train@a", "train@c", "train@d"]);
}

#[test]
fn a_file_of_an_older_rule_is_read_and_all_in_it_is_stale_by_the_rule() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let whole = lock(&sandbox);
    // By another rule all fingerprints and code versions are others.
    let old = whole
        .replace("format 1 rule 2", "format 1 rule 1")
        .replace(" c=", " c=0")
        .replace(" i=", " i=0");
    let shortened = |field: &str| -> String {
        let is_longer = |word: &str| word.starts_with("c=") || word.starts_with("i=");
        let end = field.len() - usize::from(is_longer(field));
        field[..end].to_owned()
    };
    let old: Vec<String> = old
        .lines()
        .map(|line| {
            let words: Vec<String> = line.split(' ').map(shortened).collect();
            words.join(" ") + "\n"
        })
        .collect();
    let old = old.concat();
    sandbox.write("Assets.lock", &old);
    let checked = sandbox.run(&["check", "--json"]).exits(1);
    let report: serde_json::Value =
        serde_json::from_str(checked.stdout()).expect("an answer in JSON");
    let text = report.to_string();
    assert!(text.contains(r#""kind":"rule""#), "{text}");
    assert!(!text.contains(r#""kind":"code""#), "{text}");
    // The instance knows better, and the file follows it.
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), whole);
    sandbox.run(&["check"]).success();
    // On a fresh clone with outputs a line of the older rule says nothing.
    sandbox.write("Assets.lock", &old);
    sandbox.remove(".assetctl");
    let all = ["all", "clean@d1", "clean@d2", "clean@d3", "report"];
    sandbox.materialize(&[]).success().ran(&all);
    assert_eq!(lock(&sandbox), whole);
    // The header alone is no reason to keep it.
    let header = whole.replace("format 1 rule 2", "format 1 rule 1");
    sandbox.write("Assets.lock", &header);
    sandbox.run(&["check"]).exits(1);
    sandbox.materialize(&["--force"]).success();
    assert_eq!(lock(&sandbox), whole);
    sandbox.run(&["check"]).success();
}
