//! Where verbs differ on purpose: a test for each row of the table in `docs/json.md`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::answers::{document, project};
use crate::sandbox::Sandbox;

/// How each row begins, and its test.
const ROWS: [(&str, fn()); 10] = [
    (
        "`check` | judges by `Assets.lock`",
        check_judges_by_the_lock_file,
    ),
    (
        "`check` | does not fail for `unverifiable` partitions",
        check_does_not_fail_for_what_is_unverifiable,
    ),
    (
        "`check` without `--due` | lists windows",
        check_without_due_lists_windows_as_due,
    ),
    (
        "`plan`, `materialize` | run volatile assets",
        plan_runs_volatile_assets,
    ),
    (
        "`plan`, `materialize`, `observe` | ask the `observe` commands",
        plan_and_observe_ask_the_commands_of_sources,
    ),
    (
        "`plan`, `materialize` | block a step whose command is too long",
        plan_blocks_a_step_whose_command_is_too_long,
    ),
    (
        "`check` | finds an asset not fresh",
        check_finds_an_asset_without_keys_not_fresh,
    ),
    (
        "`status --recorded` | takes the records",
        status_recorded_takes_the_records_as_they_are,
    ),
    (
        "`list 'status:missing'` | lists `locked`",
        list_missing_lists_what_is_locked,
    ),
    (
        "`list 'status:failed'` | looks at the last attempt",
        list_failed_goes_by_the_last_attempt,
    ),
];

#[test]
fn each_row_has_a_test_of_its_own() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let (_, table) = page
        .split_once("| verb | differs |\n|---|---|\n")
        .expect("the table");
    let rows = table.lines().map_while(|line| line.strip_prefix("| "));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), ROWS.len(), "{rows:#?}");
    for (row, (begins, _)) in rows.iter().zip(ROWS) {
        assert!(row.starts_with(begins), "{row}");
    }
}

const COPY: &str = r#"
[source.raw]
path = "raw"

[asset.a]
deps = "raw"
command = "test ! -e no && cp {{input}} {{output}}"
outputs = "out/a"
"#;

fn copied() -> Sandbox {
    let sandbox = project(COPY).with_file("raw", "1\n");
    sandbox.materialize(&[]).success().ran(&["a"]);
    sandbox
}

/// The status of the first partitions of the first asset.
fn status(sandbox: &Sandbox) -> String {
    let document = document(sandbox, &["status"], 0);
    let status = &document["assets"][0]["partitions"][0]["status"];
    status.as_str().expect("a word").to_owned()
}

/// The names that `list` gives.
fn listed(sandbox: &Sandbox, selection: &str) -> Vec<String> {
    let document = document(sandbox, &["list", selection], 0);
    let assets = document["assets"].as_array().expect("a list").iter();
    let names = assets.map(|it| it["key"].as_str().expect("a name").to_owned());
    names.collect()
}

/// `NAME DECISION` of each step that `plan` lists.
fn planned(sandbox: &Sandbox, code: i32) -> Vec<String> {
    let document = document(sandbox, &["plan"], code);
    let steps = document["steps"].as_array().expect("a list").iter();
    let told = |step: &Value| format!("{} {}", step["asset"], step["decision"]).replace('"', "");
    steps.map(told).collect()
}

#[test]
fn check_judges_by_the_lock_file() {
    let sandbox = copied();
    for path in [".assetctl", "out"] {
        sandbox.remove(path);
    }
    assert_eq!(status(&sandbox), "locked");
    document(&sandbox, &["check"], 0);

    // The record is right, and the line is not.
    sandbox.materialize(&[]).success().ran(&["a"]);
    let lock = sandbox.read("Assets.lock");
    sandbox.write("raw", "2\n");
    sandbox.materialize(&[]).success().ran(&["a"]);
    sandbox.write("Assets.lock", &lock);
    assert_eq!(status(&sandbox), "fresh");
    let checked = document(&sandbox, &["check"], 1);
    assert_eq!(checked["stale"][0]["status"], "stale");

    // A failed attempt is known to the instance alone.
    sandbox.write("raw", "3\n");
    sandbox.write("no", "");
    sandbox.materialize(&[]).exits(1);
    assert_eq!(status(&sandbox), "failed");
    let checked = document(&sandbox, &["check"], 1);
    assert_eq!(checked["stale"][0]["status"], "stale");

    sandbox.write("Assets.lock", "what is this\n");
    assert_eq!(status(&sandbox), "failed");
    document(&sandbox, &["check"], 2);
}

#[test]
fn check_does_not_fail_for_what_is_unverifiable() {
    let manifest = COPY.replace("[asset.a]", "[asset.a]\ndata_version = \"inputs\"");
    let sandbox = project(&manifest).with_file("raw", "1\n");
    sandbox.materialize(&[]).success().ran(&["a"]);
    sandbox.remove(".assetctl");
    assert_eq!(status(&sandbox), "unverifiable");
    document(&sandbox, &["status", "--exit-code"], 1);
    assert_eq!(planned(&sandbox, 0), ["a run"]);
    let plan = document(&sandbox, &["plan"], 0);
    assert_eq!(plan["steps"][0]["status"], "unverifiable");
    let explained = document(&sandbox, &["explain", "a"], 0);
    assert_eq!(explained["status"], "unverifiable");
    assert_eq!(listed(&sandbox, "status:missing"), ["a"]);
    for verb in [&["status"][..], &["plan"], &["explain", "a"], &["check"]] {
        let said = sandbox.run(verb).success().said();
        assert!(said.contains("only a record could say"), "{said}");
        assert!(!said.contains("not here"), "{said}");
    }
    let checked = document(&sandbox, &["check"], 0);
    assert_eq!(checked["unverifiable"][0]["why"], "no_record");
    document(&sandbox, &["check", "--strict"], 1);
    sandbox.run(&["accept", "a"]).success();
    assert_eq!(status(&sandbox), "fresh");
}

#[test]
fn check_without_due_lists_windows_as_due() {
    let manifest = "[partitions.day]\ntype = \"daily\"\nstart = \"2024-01-01\"\n[asset.a]\npartitions = \"day\"\n\
                    command = \"echo 1 > {{output}}\"\noutputs = \"out/{{partition}}\"\n";
    let sandbox = project(manifest).at("2024-01-03T00:00:00Z");
    sandbox.materialize(&[]).success();
    let sandbox = sandbox.at("2024-01-04T00:00:00Z");
    document(&sandbox, &["status", "--exit-code"], 1);
    assert_eq!(planned(&sandbox, 0), ["a run"]);
    let checked = document(&sandbox, &["check"], 0);
    assert_eq!(checked["due"][0]["first"], "2024-01-03");
    let checked = document(&sandbox, &["check", "--due"], 1);
    assert_eq!(checked["stale"][0]["status"], "missing");
}

#[test]
fn plan_runs_volatile_assets() {
    let manifest = COPY.replace("[asset.a]", "[asset.a]\nvolatile = true");
    let below = "[asset.b]\ndeps = \"a\"\ncommand = \"cp {{input}} {{output}}\"\noutputs = \"b\"\n";
    let sandbox = project(&(manifest + below)).with_file("raw", "1\n");
    sandbox.materialize(&[]).success().ran(&["a", "b"]);
    document(&sandbox, &["status", "--exit-code"], 0);
    document(&sandbox, &["check"], 0);
    assert_eq!(planned(&sandbox, 0), ["a run", "b may_run"]);
    sandbox.materialize(&[]).success().ran(&["a"]);
}

#[test]
fn plan_and_observe_ask_the_commands_of_sources() {
    let manifest = COPY.replace("path = \"raw\"", "observe = \"cat raw\"");
    let manifest = manifest.replace("cp {{input}}", "cp raw");
    let sandbox = project(&manifest).with_file("raw", "1\n");
    sandbox.materialize(&[]).success().ran(&["a"]);
    sandbox.write("raw", "2\n");
    assert_eq!(status(&sandbox), "fresh");
    document(&sandbox, &["check"], 0);
    assert_eq!(planned(&sandbox, 0), ["a run"]);
    assert_eq!(status(&sandbox), "fresh", "a plan records nothing");
    let observed = document(&sandbox, &["observe"], 0);
    assert_eq!(observed["observations"][0]["changed"], true);
    assert_eq!(status(&sandbox), "stale");
}

#[test]
fn plan_blocks_a_step_whose_command_is_too_long() {
    let manifest = r#"
[source.many]
path = "many/*"

[asset.long]
deps = "many"
command = "echo {{input}} > {{output}}"
outputs = "out/long"

[asset.below]
deps = "long"
command = "cp {{input}} {{output}}"
outputs = "out/below"

[asset.apart]
deps = "many"
command = "cp {{input_list.many}} {{output}}"
outputs = "out/apart"
"#;
    let sandbox = project(manifest);
    for number in 0..700 {
        sandbox.write(&format!("many/{number:0>200}"), "");
    }
    document(&sandbox, &["status"], 0);
    assert_eq!(status(&sandbox), "missing");
    let plan = ["long blocked", "apart run", "below blocked"];
    assert_eq!(planned(&sandbox, 1), plan);
    let said = sandbox.run(&["plan"]).exits(1);
    let why = "read them from the file `{{input_list.many}}`";
    assert!(said.stdout().contains(why), "{}", said.said());
    sandbox.materialize(&[]).exits(1).ran(&["apart"]);
    assert_eq!(planned(&sandbox, 1), [plan[0], plan[2]]);
    // Fewer files, and it fits.
    sandbox.edit("Assets.toml", "many/*", "many/*1");
    sandbox
        .materialize(&[])
        .success()
        .ran(&["long", "below", "apart"]);
}

#[test]
fn check_finds_an_asset_without_keys_not_fresh() {
    let manifest = "[partitions.x]\ntype = \"static\"\nkeys = [\"1\"]\n[asset.a]\npartitions = \"x\"\n\
                    command = \"echo 1 > {{output}}\"\noutputs = \"out/{{partition}}\"\n";
    let sandbox = project(manifest);
    sandbox.materialize(&[]).success();
    sandbox.edit("Assets.toml", "[\"1\"]", "[]");
    let told = document(&sandbox, &["status", "--exit-code"], 0);
    assert_eq!(told["assets"][0]["partitions"], Value::Array(Vec::new()));
    for verb in ["status", "plan", "materialize"] {
        let said = sandbox.run(&[verb]).success();
        let words = "`a` has no partitions";
        assert!(said.stderr().contains(words), "{}", said.said());
    }
    let checked = document(&sandbox, &["check"], 1);
    assert_eq!(checked["stale"][0]["status"], "blocked");
    assert_eq!(checked["stale"][0]["count"], 1);
    assert_eq!(checked["stale"][0]["first"], Value::Null);
}

#[test]
fn status_recorded_takes_the_records_as_they_are() {
    let sandbox = copied();
    sandbox.write("out/a", "2\n");
    assert_eq!(status(&sandbox), "stale");
    let recorded = document(&sandbox, &["status", "--recorded"], 0);
    let run = &recorded["assets"][0]["partitions"][0];
    assert_eq!(
        (&recorded["recorded"], &run["status"]),
        (&true.into(), &"fresh".into())
    );
}

#[test]
fn list_missing_lists_what_is_locked() {
    let sandbox = copied();
    for path in [".assetctl", "out"] {
        sandbox.remove(path);
    }
    assert_eq!(status(&sandbox), "locked");
    assert_eq!(listed(&sandbox, "status:missing"), ["a"]);
}

#[test]
fn list_failed_goes_by_the_last_attempt() {
    let sandbox = copied();
    sandbox.write("no", "");
    sandbox.materialize(&["--force"]).exits(1);
    assert_eq!(status(&sandbox), "fresh");
    assert_eq!(listed(&sandbox, "status:failed"), ["a"]);
    document(&sandbox, &["status", "--exit-code"], 0);
}
