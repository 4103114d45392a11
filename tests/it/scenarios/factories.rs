//! Lists of values: what a declaration makes of them runs, and is judged, as what is written out.

use crate::sandbox::Sandbox;
use crate::scenario::Scenario;

const MADE: &str = r#"
[each.table]
file = "tables.yaml"
key = "tables"
default = { limit = 2 }

[source."in/{{each.name}}"]
each = "table"
path = "in/{{each.name}}.csv"

[asset."head/{{each.name}}"]
each = "table"
deps = "in/{{each.name}}"
command = "head -n {{each.limit}} {{input}} > {{output}}"
outputs = "head/{{each.name}}.csv"

[asset.all]
deps = { each = "table", asset = "head/{{each.name}}", as = "{{each.name}}" }
command = "cat head/*.csv > {{output}}"
outputs = "all.csv"
"#;

const WRITTEN: &str = r#"
[source."in/a"]
path = "in/a.csv"

[source."in/b"]
path = "in/b.csv"

[asset."head/a"]
deps = "in/a"
command = "head -n 2 {{input}} > {{output}}"
outputs = "head/a.csv"

[asset."head/b"]
deps = "in/b"
command = "head -n 1 {{input}} > {{output}}"
outputs = "head/b.csv"

[asset.all]
deps = [{ asset = "head/a", as = "a" }, { asset = "head/b", as = "b" }]
command = "cat head/*.csv > {{output}}"
outputs = "all.csv"
"#;

const TABLES: &str = "tables: [a, {name: b, limit: 1}]\n";

const FILES: [(&str, &str); 4] = [
    ("tables.yaml", TABLES),
    ("in/a.csv", "1\n2\n3\n"),
    ("in/b.csv", "4\n5\n6\n"),
    ("in/c.csv", "7\n8\n9\n"),
];

#[test]
fn a_changed_list_runs_what_it_changes() {
    let project = Scenario::new(MADE).with(&FILES);
    let _ = project.runs(&["head/a", "head/b", "all"]);
    let _ = project.runs(&[]);
    project.write("tables.yaml", "tables: [a, {name: b, limit: 2}]\n");
    let ran = project.runs(&["head/b", "all"]);
    assert_eq!(ran.causes("head/b"), ["code command"]);
    project.write("tables.yaml", "tables: [c, a, {name: b, limit: 2}]\n");
    let _ = project.runs(&["head/c", "all"]);
    // Another text of the same list.
    project.write("tables.yaml", "tables:\n- name: c\n- a\n- b\n");
    let _ = project.runs(&[]);
}

#[test]
fn lines_are_those_of_what_is_written_out() {
    let lock = |manifest: &str| {
        let mut sandbox = Sandbox::new().with_file("Assets.toml", manifest);
        for (path, text) in FILES {
            sandbox = sandbox.with_file(path, text);
        }
        sandbox.run(&["materialize"]).success();
        std::fs::read_to_string(sandbox.project().join("Assets.lock")).expect("it is written")
    };
    assert_eq!(lock(MADE), lock(WRITTEN));
}

#[test]
fn other_verbs_know_what_a_declaration_makes() {
    let mut sandbox = Sandbox::new().with_file("Assets.toml", MADE);
    for (path, text) in FILES {
        sandbox = sandbox.with_file(path, text);
    }
    sandbox.run_command(&["git", "init", "-q"]).success();
    sandbox.run_command(&["git", "add", "."]).success();
    sandbox.run(&["materialize"]).success();
    sandbox.run_command(&["git", "add", "."]).success();
    sandbox
        .run_command(&[
            "git",
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@x",
            "commit",
            "-qm",
            "x",
        ])
        .success();
    sandbox.run(&["check"]).success();
    sandbox.run(&["check", "--staged"]).success();
    let listed = sandbox.run(&["list"]).success();
    assert!(listed.stdout().contains("head/b"), "{}", listed.stdout());
    let shown = sandbox.run(&["show", "head/b"]).success();
    assert!(shown.stdout().contains("head -n 1"), "{}", shown.stdout());
    let of_file = sandbox.run(&["affected", "tables.yaml"]).success();
    for name in ["head/a", "head/b", "all"] {
        assert!(of_file.stdout().contains(name), "{}", of_file.stdout());
    }
    sandbox.write("tables.yaml", "tables: [a, {name: b, limit: 2}]\n");
    let since = sandbox.run(&["affected", "--since", "HEAD"]).success();
    assert!(since.stdout().contains("head/b"), "{}", since.stdout());
    assert!(!since.stdout().contains("head/a"), "{}", since.stdout());
    sandbox.run(&["check"]).exits(1);
    sandbox.run(&["check", "--staged"]).success();
    sandbox.run_command(&["git", "add", "."]).success();
    sandbox.run(&["check", "--staged"]).exits(1);
}
