//! Why something is not fresh, and how the last attempt ended: by name, with old and new values.

use serde_json::Value;

use crate::sandbox::Sandbox;

fn json(sandbox: &Sandbox, words: &[&str], code: i32) -> Value {
    let words: Vec<&str> = words.iter().chain(&["--json"]).copied().collect();
    let outcome = sandbox.run(&words).exits(code);
    serde_json::from_str(outcome.stdout()).expect("a document")
}

#[test]
fn a_parameter_is_told_with_its_old_and_new_value() {
    let manifest = r#"
[source.rate]
path = "params.yaml"
key = "model.rate"

[asset.model]
deps = "rate"
command = "echo {{value.rate}} > {{output}}"
outputs = "model.txt"

[asset.report]
deps = "model"
command = "cp {{input}} {{output}}"
outputs = "report.txt"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("params.yaml", "model: {rate: 0.1}\n");
    sandbox.run(&["materialize"]).success();
    sandbox.write("params.yaml", "model: {rate: 0.2}\n");
    for words in [
        &["status"][..],
        &["plan"],
        &["explain", "model"],
        &["explain", "report"],
    ] {
        let said = sandbox.run(words).success();
        assert!(
            said.stdout().contains("rate changed: 0.1 → 0.2"),
            "{words:?} {}",
            said.stdout()
        );
    }
    let status = json(&sandbox, &["status", "model"], 0);
    let cause = &status["assets"][0]["partitions"][0]["causes"][0];
    assert_eq!(
        (&cause["old_value"], &cause["new_value"]),
        (&"0.1".into(), &"0.2".into())
    );
    let said = sandbox.run(&["materialize"]).success();
    assert!(
        said.stderr().contains("rate changed: 0.1 → 0.2"),
        "{}",
        said.stderr()
    );
}

#[test]
fn files_of_a_folder_and_of_a_glob_are_named() {
    let manifest = r#"
[source.folder]
path = "in/"

[source.glob]
path = "csv/**/*.csv"

[asset.all]
deps = ["folder", "glob"]
command = "cat {{input.folder}}/* > {{output}}"
outputs = "all.txt"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    for number in 0..2000 {
        sandbox.write(&format!("in/f{number:04}.txt"), "1\n");
    }
    sandbox.write("csv/a/b.csv", "1\n");
    sandbox.run(&["materialize"]).success();
    sandbox.write("in/f0017.txt", "2\n");
    sandbox.write("in/new.txt", "2\n");
    std::fs::remove_file(sandbox.path("in/f1999.txt")).expect("it is there");
    sandbox.write("csv/a/b.csv", "2\n");
    let explained = json(&sandbox, &["explain", "all"], 0);
    let files = |input: &str| {
        let causes = explained["causes"].as_array().expect("a list");
        let cause = causes.iter().find(|it| it["input"] == input);
        cause.expect("it changed")["files"].clone()
    };
    let names = serde_json::json!({
        "added": ["in/new.txt"], "removed": ["in/f1999.txt"], "changed": ["in/f0017.txt"], "more": 0
    });
    assert_eq!(files("folder"), names);
    assert_eq!(files("glob")["changed"], serde_json::json!(["csv/a/b.csv"]));
    let said = sandbox.run(&["explain", "all"]).success();
    for line in [
        "changed in/f0017.txt",
        "added in/new.txt",
        "removed in/f1999.txt",
    ] {
        assert!(said.stdout().contains(line), "{}", said.stdout());
    }
    assert!(
        !said.stdout().contains("not up to date"),
        "{}",
        said.stdout()
    );
}

#[test]
fn a_tracked_variable_is_named_with_its_values() {
    let manifest = r#"
[asset.part]
command = "echo $REGION > {{output}}"
env = { REGION = { from_env = "REGION" }, TOKEN = { secret_env = "TOKEN" } }
outputs = "part.txt"
"#;
    let with = |region: &str| {
        let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
        sandbox.with_env("TOKEN", "hush").with_env("REGION", region)
    };
    let sandbox = with("eu");
    sandbox.run(&["materialize"]).success();
    let sandbox = sandbox.with_env("REGION", "us");
    let words = r#"variable REGION changed from "eu" to "us""#;
    for (verb, code) in [("status", 0), ("plan", 0), ("check", 1)] {
        let said = sandbox.run(&[verb]).exits(code);
        assert!(said.stdout().contains(words), "{verb}: {}", said.stdout());
    }
    let explained = sandbox.run(&["explain", "part", "-v"]).success();
    assert!(explained.stdout().contains(words), "{}", explained.stdout());
    assert!(!explained.said().contains("hush"));
    let checked = json(&sandbox, &["check"], 1);
    let cause = &checked["stale"][0]["causes"][0];
    assert_eq!(
        (&cause["kind"], &cause["what"], &cause["old"], &cause["new"]),
        (
            &"code".into(),
            &"env REGION".into(),
            &"eu".into(),
            &"us".into()
        )
    );
    // Without the instance only the lock file's digest is known.
    std::fs::remove_dir_all(sandbox.path(".assetctl")).expect("it is there");
    let said = sandbox.run(&["check"]).exits(1);
    assert!(
        said.stdout()
            .contains("its code or variable REGION changed"),
        "{}",
        said.stdout()
    );
}

#[test]
fn a_range_is_cut_where_reasons_differ_and_keeps_what_its_keys_have_in_common() {
    let manifest = r#"
[partitions.key]
type = "static"
keys = ["a", "b", "c", "d"]

[source.each]
partitions = "key"
path = "in/{{partition}}"

[source.rate]
path = "params.toml"
key = "rate"

[asset.part]
partitions = "key"
deps = ["each", "rate"]
env = { LIMIT = "1" }
command = "cat {{input.each}} > {{output}}"
outputs = "out/{{partition}}"

[asset.next]
partitions = "key"
deps = "part"
command = "cat {{input}} > {{output}}"
outputs = "next/{{partition}}"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("params.toml", "rate = 0.1\n");
    for key in ["a", "b", "c", "d"] {
        sandbox.write(&format!("in/{key}"), key);
    }
    sandbox.run(&["materialize"]).success();
    sandbox.write(
        "Assets.toml",
        manifest.replace("LIMIT = \"1\"", "LIMIT = \"2\""),
    );
    sandbox
        .run(&[
            "materialize",
            "+next",
            "--partition",
            "c",
            "--partition",
            "d",
        ])
        .success();
    sandbox.write(
        "Assets.toml",
        manifest.replace("LIMIT = \"1\"", "LIMIT = \"3\""),
    );
    let status = json(&sandbox, &["status", "part", "next"], 0);
    let plan = json(&sandbox, &["plan"], 0);
    for ranges in [
        status["assets"][0]["partitions"].as_array(),
        plan["steps"].as_array(),
    ] {
        let ranges = ranges.expect("a list");
        let told = |at: usize| {
            let range = &ranges[at];
            let cause = &range["causes"][0];
            ["first", "last"]
                .map(|it| range[it].clone())
                .into_iter()
                .chain([cause["old"].clone(), cause["new"].clone()])
        };
        let expected = |words: [&str; 4]| words.map(Value::from);
        assert_eq!(told(0).collect::<Vec<_>>(), expected(["a", "b", "1", "3"]));
        assert_eq!(told(1).collect::<Vec<_>>(), expected(["c", "d", "2", "3"]));
    }
    let next = &status["assets"][1]["partitions"];
    let root = |at: usize| next[at]["causes"][0]["root"][0]["old"].clone();
    assert_eq!((root(0), root(1)), ("1".into(), "2".into()));

    // What every key reads in its own way is one reason, without what is a key's own.
    sandbox.write(
        "Assets.toml",
        manifest.replace("LIMIT = \"1\"", "LIMIT = \"2\""),
    );
    sandbox.run(&["materialize"]).success();
    for key in ["a", "b", "c", "d"] {
        sandbox.write(&format!("in/{key}"), "new");
    }
    sandbox.write("params.toml", "rate = 0.2\n");
    let status = json(&sandbox, &["status", "part"], 0);
    let [range] = &status["assets"][0]["partitions"]
        .as_array()
        .expect("a list")[..]
    else {
        panic!("one range: {status}");
    };
    let [each, rate] = &range["causes"].as_array().expect("a list")[..] else {
        panic!("two causes: {range}");
    };
    assert_eq!(
        (&each["what"], &each["old"], &each["path"]),
        (&"each".into(), &Value::Null, &Value::Null)
    );
    assert!(
        rate["old"].is_string() && rate["old_value"] == "0.1",
        "{rate}"
    );
    let said = sandbox.run(&["status", "part"]).success();
    assert!(said.stdout().contains("each changed"), "{}", said.stdout());
}

const FAILING: &str = r#"
[asset.once]
command = "echo first words; if test -e broken; then echo last words; exit 3; fi; date +%N > {{output}}"
outputs = "once.txt"

[asset.silent]
command = "if test -e broken; then exit 4; fi; echo said; echo 1 > {{output}}"
outputs = "silent.txt"
"#;

#[test]
fn the_last_attempt_is_known_also_where_an_older_success_stands() {
    let sandbox = Sandbox::new().with_file("Assets.toml", FAILING);
    sandbox.run(&["materialize"]).success();
    sandbox.write("broken", "");
    sandbox.run(&["materialize", "--force"]).exits(1);

    let status = json(&sandbox, &["status", "once"], 0);
    assert_eq!(status["assets"][0]["counts"]["fresh"], 1);
    let listed = sandbox.run(&["list", "status:failed"]).success();
    assert!(listed.stdout().contains("once") && listed.stdout().contains("silent"));
    // Choosing does not force.
    for words in [
        &["materialize", "--failed"][..],
        &["materialize", "status:failed"],
    ] {
        let said = sandbox.run(words).success();
        assert!(said.stderr().contains("Nothing to do"), "{}", said.stderr());
    }

    let history = json(&sandbox, &["history", "once"], 0);
    let entries = history["materializations"].as_array().expect("a list");
    let outcomes: Vec<_> = entries.iter().map(|it| it["outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "materialized"].map(Value::from));
    let failed = &entries[0];
    assert_eq!(
        (&failed["exit"], &failed["attempt"]),
        (&3.into(), &0.into())
    );
    assert!(
        failed["run"].is_string() && failed["log"].is_string(),
        "{failed}"
    );
    let failed = json(&sandbox, &["history", "once", "--failed"], 0);
    assert_eq!(failed["materializations"].as_array().map(Vec::len), Some(1));

    let explained = json(&sandbox, &["explain", "once"], 0);
    let last = &explained["last_attempt"];
    assert_eq!(
        (&last["exit"], &last["outcome"]),
        (&3.into(), &"failed".into())
    );
    assert_eq!(
        last["tail"],
        serde_json::json!(["first words", "last words"])
    );
    let said = sandbox.run(&["explain", "once"]).success();
    for words in [
        "Last attempt",
        "failed: exit code 3 after",
        "| last words",
        "whole log .assetctl/logs",
    ] {
        assert!(said.stdout().contains(words), "{words}: {}", said.stdout());
    }

    let said = sandbox.run(&["logs", "once"]).success();
    let (heading, rest) = said.stdout().split_once('\n').expect("a heading");
    assert!(
        heading.starts_with("once failed: exit code 3 after "),
        "{heading}"
    );
    assert!(rest.ends_with("first words\nlast words\n"), "{rest}");
    let quiet = sandbox.run(&["logs", "once", "-q"]).success();
    assert_eq!(quiet.stdout(), "first words\nlast words\n");
    let logs = json(&sandbox, &["logs", "once"], 0);
    assert_eq!(
        (&logs["logs"][0]["outcome"], &logs["logs"][0]["exit"]),
        (&"failed".into(), &3.into())
    );
    // An older log is not taken for that of an attempt that printed nothing.
    let silent = sandbox.run(&["logs", "silent"]).success();
    assert!(
        silent.stdout().contains("exit code 4") && !silent.stdout().contains("said"),
        "{}",
        silent.stdout()
    );

    std::fs::remove_file(sandbox.path("broken")).expect("it is there");
    sandbox.run(&["materialize", "--force"]).success();
    let listed = sandbox.run(&["list", "status:failed"]).success();
    assert!(!listed.stdout().contains("once"), "{}", listed.stdout());
    let explained = json(&sandbox, &["explain", "once"], 0);
    assert_eq!(explained["last_attempt"], Value::Null);
    let said = sandbox.run(&["logs", "once"]).success();
    assert!(
        said.stdout().starts_with("once materialized in "),
        "{}",
        said.stdout()
    );
}

#[test]
fn every_event_has_its_run() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", FAILING)
        .with_file("broken", "");
    let said = sandbox.run(&["materialize", "--json"]).exits(1);
    let lines: Vec<Value> = said
        .stdout()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(lines.len() > 4);
    assert!(
        lines
            .iter()
            .all(|it| it["run"].is_string() && it["run"] == lines[0]["run"])
    );
}

#[test]
fn commands_in_reasons_and_help_are_those_that_can_be_typed_here() {
    let manifest = r#"
[source.price]
observe = "cat price"

[asset.external]
outputs = "external.txt"

[asset.reads]
deps = "external"
command = "cp {{input}} {{output}}"
outputs = "build/reads"

[asset.prices]
deps = "price"
command = "date > {{output}}"
outputs = "build/prices"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", "")
        .with_file("models/Assets.toml", manifest)
        .with_file("models/build/prices", "1");
    let said = |words: &[&str], code| {
        let words = [&["-C", "models"], words].concat();
        sandbox.run(&words).exits(code).said()
    };
    let accept = "`assetctl -C models accept external`";
    let observe = "`assetctl -C models observe price`";
    for (words, code, hints) in [
        (&["status"][..], 0, &[observe][..]),
        (&["plan"], 1, &[accept]),
        (&["explain", "prices"], 0, &[observe]),
        (&["materialize", "reads"], 1, &[accept]),
        (&["accept", "prices"], 2, &[observe, "price is a source"]),
        (&["show", "exter"], 2, &["`assetctl -C models list`"]),
    ] {
        let said = said(words, code);
        for hint in hints {
            assert!(said.contains(hint), "{words:?}: {said}");
        }
        let bare = said.replace("`assetctl -C models ", "");
        assert!(!bare.contains("`assetctl "), "{words:?}: {said}");
    }
}

#[test]
fn what_was_accepted_is_compared_by_the_files_that_its_sources_had() {
    let manifest = r#"
[source.rate]
path = "params.toml"
key = "rate"

[asset.made]
deps = ["./raw/", "rate"]
command = "true"
outputs = "made.txt"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("params.toml", "rate = 1\n")
        .with_file("raw/a.csv", "1\n")
        .with_file("raw/b.csv", "1\n")
        .with_file("made.txt", "by hand\n");
    sandbox.run(&["accept", "made"]).success();
    sandbox.write("raw/b.csv", "2\n");
    sandbox.write("params.toml", "rate = 2\n");
    let said = sandbox.run(&["explain", "made"]).success();
    for text in ["b.csv", "1 → 2"] {
        assert!(said.stdout().contains(text), "{}", said.stdout());
    }
}

#[test]
fn of_an_altered_directory_the_newer_files_are_named() {
    let manifest = r#"
[asset.parts]
command = "mkdir -p {{output}} && for i in 1 2 3 4 5 6; do echo $i > {{output}}/p$i; done"
outputs = "parts/"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    sandbox.materialize(&[]).success();
    let newer = |words: &[&str]| json(&sandbox, words, 0)["outputs"][0]["newer"].clone();
    assert_eq!(newer(&["explain", "parts"]), Value::Null);
    let later = std::time::SystemTime::now() + std::time::Duration::from_hours(1);
    for (path, names) in [
        ("parts/p2", &["parts/p2"][..]),
        ("parts/new", &["parts/new", "parts/p2"]),
        ("parts/p4", &["parts/new", "parts/p2", "parts/p4"]),
        (
            "parts/p5",
            &["parts/new", "parts/p2", "parts/p4", "parts/p5"],
        ),
    ] {
        sandbox.write(path, "altered\n");
        let file = std::fs::File::open(sandbox.path(path)).expect("it was written");
        file.set_modified(later).expect("it is ours");
        assert_eq!(newer(&["explain", "parts"]), serde_json::json!(names));
    }
    let said = sandbox.run(&["explain", "parts"]).success();
    let line = "not what was recorded; newer: parts/new, parts/p2, parts/p4 and 1 more file";
    assert!(said.stdout().contains(line), "{}", said.stdout());
}

#[test]
fn a_source_that_cannot_be_observed_has_no_version_and_is_not_gone() {
    let manifest = r#"
[source.db]
observe = "cat version"

[asset.a]
deps = "db"
command = "cp version {{output}}"
outputs = "a"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("version", "1\n");
    sandbox.run(&["materialize"]).success();
    sandbox.remove("version");
    let said = sandbox.run(&["observe"]).exits(1);
    let told = "1 source observed, 0 changed, 1 without a version.";
    assert!(said.stdout().contains(told), "{}", said.said());
    let said = sandbox.run(&["explain", "a"]).success();
    assert!(
        said.stdout().contains("db has no version now"),
        "{}",
        said.said()
    );
    assert!(said.stdout().contains("exit code 1"), "{}", said.said());
}
