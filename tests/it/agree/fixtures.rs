//! States of projects in which verbs have contradicted each other, asked through the binary: exit codes, text and JSON.

use super::answers::answers;
use crate::sandbox::Sandbox;

const EXTERNAL: &str = r#"
[source.raw]
path = "raw.txt"

[asset.elsewhere]
deps = "raw"
outputs = "elsewhere.txt"

[asset.reader]
deps = "elsewhere"
command = "cp {{input}} {{output}}"
outputs = "reader.txt"

[asset.apart]
command = "echo 1 > {{output}}"
outputs = "apart.txt"
"#;

#[test]
fn an_external_asset_that_is_not_fresh() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", EXTERNAL)
        .with_file("raw.txt", "1\n")
        .with_file("elsewhere.txt", "1\n");

    // Never accepted.
    sandbox.materialize(&[]).exits(1).ran(&["apart"]);
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "elsewhere missing", "reader missing"]
    );
    assert_eq!(asked.decisions(), ["elsewhere blocked", "reader blocked"]);
    let said = sandbox.run(&["materialize", "elsewhere"]).exits(1);
    let words = "elsewhere is external and was never accepted: accept it (`assetctl accept elsewhere`) or report it";
    assert!(said.said().contains(words), "{}", said.said());

    sandbox.run(&["accept", "elsewhere"]).success();
    sandbox.materialize(&[]).success().ran(&["reader"]);
    answers(&sandbox, [0, 0, 0]);

    // What it is made of changed.
    sandbox.write("raw.txt", "2\n");
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "elsewhere stale", "reader pending"]
    );
    assert_eq!(asked.decisions(), ["elsewhere blocked", "reader blocked"]);
    sandbox.materialize(&[]).exits(1).ran_nothing();
    let said = sandbox.run(&["plan"]).exits(1);
    let words =
        "elsewhere is external and is stale: accept it (`assetctl accept elsewhere`) or report it";
    assert!(said.said().contains(words), "{}", said.said());
    sandbox.run(&["accept", "elsewhere"]).success();
    sandbox.materialize(&[]).success().ran_nothing();
    answers(&sandbox, [0, 0, 0]);

    // It was altered.
    sandbox.write("elsewhere.txt", "2\n");
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "elsewhere stale", "reader pending"]
    );
    sandbox.materialize(&["--force"]).exits(1).ran(&["apart"]);
    sandbox.run(&["accept", "elsewhere"]).success();
    sandbox.materialize(&[]).success().ran(&["reader"]);
}

const READERS: &str = r#"
[source.raw]
SOURCE

[asset.reader]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "reader.txt"

[asset.below]
deps = "reader"
command = "cp {{input}} {{output}}"
outputs = "below.txt"

[asset.apart]
command = "echo 1 > {{output}}"
outputs = "apart.txt"
"#;

/// Sources that are there and cannot be read: how one is declared, and what puts it there.
const UNREADABLE: &[(&str, &str)] = &[
    ("path = \"raw\"", "mkfifo raw"),
    ("path = \"raw\"", "mkdir raw; mkfifo raw/inner"),
    ("path = \"raw/*\"", "mkdir raw; mkfifo raw/inner"),
    ("path = \"raw\"\noptional = true", "mkfifo raw"),
    ("path = \"raw\"", "ln -s /dev/zero raw"),
    ("path = \"raw.toml\"\nkey = \"a\"", "echo a = > raw.toml"),
    ("path = \"raw.json\"\nkey = \"a\"", "mkfifo raw.json"),
];

#[test]
fn a_source_that_cannot_be_read_blocks_only_what_reads_it() {
    for (source, put) in UNREADABLE {
        let sandbox = Sandbox::new().with_file("Assets.toml", &READERS.replace("SOURCE", source));
        sandbox.run_command(&["sh", "-ec", put]).success();
        sandbox.materialize(&[]).exits(1).ran(&["apart"]);
        let asked = answers(&sandbox, [1, 1, 1]);
        assert_eq!(
            asked.statuses(),
            ["apart fresh", "below blocked", "reader blocked"],
            "{put}"
        );
        assert_eq!(asked.decisions(), ["reader blocked", "below blocked"]);
        let listed = sandbox.run(&["list", "status:blocked"]).success();
        assert!(listed.stdout().contains("reader") && !listed.stdout().contains("apart"));
        for words in [&["materialize"][..], &["plan"], &["status"]] {
            let said = sandbox.run(words);
            let code = i32::from(words != ["status"]);
            let said = said.exits(code).said();
            assert!(said.contains("raw: "), "{put}: {words:?}\n{said}");
        }
        sandbox
            .run_command(&["sh", "-c", "rm -rf raw raw.toml raw.json"])
            .success();
    }
}

#[test]
fn code_that_cannot_be_read_blocks_only_its_asset() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        &READERS.replace("SOURCE", "path = \"raw\"").replace(
            "[asset.apart]",
            "[asset.scripted]\ncode = \"lib\"\ncommand = \"echo 1 > {{output}}\"\noutputs = \"s.txt\"\n\n[asset.apart]",
        ),
    );
    sandbox.write("raw", "1\n");
    sandbox.write("lib/a.py", "1\n");
    sandbox.materialize(&[]).success();
    sandbox.run_command(&["mkfifo", "lib/pipe"]).success();
    sandbox.materialize(&[]).exits(1).ran_nothing();
    let asked = answers(&sandbox, [1, 1, 1]);
    assert_eq!(
        asked.statuses(),
        [
            "apart fresh",
            "below fresh",
            "reader fresh",
            "scripted blocked"
        ]
    );
}

#[test]
fn an_output_that_cannot_be_read_is_made_again() {
    let sandbox =
        Sandbox::new().with_file("Assets.toml", &READERS.replace("SOURCE", "path = \"raw\""));
    sandbox.write("raw", "1\n");
    sandbox.materialize(&[]).success();
    sandbox.remove("reader.txt");
    sandbox.run_command(&["mkfifo", "reader.txt"]).success();
    let asked = answers(&sandbox, [1, 0, 1]);
    assert_eq!(
        asked.statuses(),
        ["apart fresh", "below pending", "reader stale"]
    );
    sandbox.materialize(&[]).success().ran(&["reader"]);
    answers(&sandbox, [0, 0, 0]);
}

const SECRET: &str = r#"
[asset.a]
env = { TOKEN = { secret_env = "SECRET_OF_A", required = true } }
command = "echo 1 > {{output}}"
outputs = "a.txt"

[asset.b]
deps = "a"
env = { TOKEN = { secret_env = "SECRET_OF_B", required = true } }
command = "echo 1 > {{output}}"
outputs = "b.txt"
"#;

#[test]
fn only_running_asks_for_secrets() {
    let sandbox = Sandbox::new().with_file("Assets.toml", SECRET);
    let with = |secrets: &[&str], code: i32| {
        let words = [
            &["env"],
            secrets,
            &[env!("CARGO_BIN_EXE_assetctl"), "materialize", "--json"],
        ];
        sandbox.run_command(&words.concat()).exits(code)
    };
    answers(&sandbox, [1, 0, 1]);
    sandbox.run(&["explain", "a"]).success();
    let refused = sandbox.materialize(&[]).exits(2);
    assert!(
        refused
            .stdout()
            .contains("assetctl::engine::unset_variable")
    );
    with(&["SECRET_OF_A=x", "SECRET_OF_B=y"], 0).ran(&["a", "b"]);
    answers(&sandbox, [0, 0, 0]);
    sandbox.materialize(&[]).success().ran_nothing();

    // What may run needs none if it turns out fresh, and fails if it does not.
    sandbox.edit(
        "Assets.toml",
        "echo 1 > {{output}}\"\noutputs = \"a.txt",
        "echo 1; echo 1 > {{output}}\"\noutputs = \"a.txt",
    );
    with(&["SECRET_OF_A=x"], 0).ran(&["a"]);
    sandbox.edit("Assets.toml", "echo 1; echo 1 >", "echo 2 >");
    let failed = with(&["SECRET_OF_A=x"], 1);
    assert!(failed.stdout().contains("assetctl::engine::unset_variable"));
    answers(&sandbox, [1, 0, 1]);
}

const OBSERVED: &str = r#"
[source.db]
observe = "cat version.txt"

[asset.made]
deps = "db"
command = "echo 1 > {{output}}"
outputs = "made.txt"
"#;

#[test]
fn a_failed_observation_is_the_last_one() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", OBSERVED)
        .with_file("version.txt", "1\n");
    sandbox.materialize(&[]).success().ran(&["made"]);
    answers(&sandbox, [0, 0, 0]);
    for verb in ["materialize", "observe"] {
        sandbox.remove("version.txt");
        sandbox.run(&[verb]).exits(1);
        // The lock file knows of no failure.
        let asked = answers(&sandbox, [1, 1, 0]);
        assert_eq!(asked.statuses(), ["made blocked"]);
        let said = sandbox.run(&["status"]).success();
        assert!(
            said.stdout().contains("db: its observe command"),
            "{}",
            said.said()
        );
        sandbox.write("version.txt", "1\n");
        sandbox.run(&[verb]).success();
        answers(&sandbox, [0, 0, 0]);
    }
}

const KEYS: &str = r#"
[partitions.region]
type = "static"
keys = ["a", "b"]

[asset.one]
partitions = "region"
command = "echo 1 > {{output}}"
outputs = "one/{{partition}}.txt"

[asset.all]
deps = "one"
command = "cat {{input}} > {{output}}"
outputs = "all.txt"
"#;

#[test]
fn keys_that_are_gone() {
    let sandbox = Sandbox::new().with_file("Assets.toml", KEYS);
    sandbox.materialize(&[]).success();

    sandbox.edit("Assets.toml", ", \"b\"", "");
    let asked = answers(&sandbox, [1, 0, 1]);
    assert_eq!(asked.statuses(), ["all stale", "one fresh"]);
    for words in [&["status"][..], &["plan"], &["explain", "all"]] {
        let said = sandbox.run(words).success();
        assert!(
            said.stdout().contains("is not read any more"),
            "{}",
            said.said()
        );
        assert!(!said.stdout().contains("not up to date"), "{}", said.said());
    }
    sandbox.materialize(&[]).success().ran(&["all"]);

    // None is left: the asset is told, and what its lines stand for is not fresh.
    sandbox.edit("Assets.toml", "keys = [\"a\"]", "keys = []");
    sandbox.materialize(&[]).success().ran(&["all"]);
    for words in [&["status"][..], &["plan"], &["materialize"]] {
        let said = sandbox.run(words).success();
        assert!(
            said.stderr().contains("`one` has no partitions"),
            "{}",
            said.said()
        );
    }
    let said = sandbox.run(&["status"]).success();
    assert!(said.stdout().contains("no partitions"), "{}", said.said());
    let said = sandbox.run(&["check"]).exits(1);
    assert!(said.stdout().contains("one"), "{}", said.said());
}

#[test]
fn accepting_needs_a_selection() {
    let sandbox = Sandbox::new().with_file("Assets.toml", KEYS);
    sandbox.run(&["accept"]).exits(2);
    sandbox.run(&["accept", "-n"]).exits(2);
    sandbox.run(&["accept", "--all", "all"]).exits(2);
    sandbox.materialize(&[]).success();
    sandbox.run(&["accept", "--all"]).success();
}
