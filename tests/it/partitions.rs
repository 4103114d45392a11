//! The verbs of `partitions`, from outside.

use std::fmt::Write as _;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-03-01"

[partitions.month]
type = "monthly"
start = "2024-01-01"
format = "%Y-%m"

[partitions.customers]
type = "dynamic"

[partitions.uploads]
type = "files"
pattern = "in/{{partition}}.csv"

[partitions.arrived]
type = "daily"
start = "2024-01-01"
exists = "arrived/{{partition}}.csv"

[partitions.cells]
type = "multi"
dimensions = { date = "day", region = ["eu", "us"] }

[source.raw]
partitions = "day"
path = "raw/{{partition}}.csv"

[asset.clean]
partitions = "day"
deps = ["raw"]
command = "cat {{input}} > {{output}}"
outputs = "build/clean/{{partition}}.csv"

[asset.monthly]
partitions = "month"
deps = [{ asset = "clean", as = "days" }]
command = "cat {{input}} > {{output}}"
outputs = "build/monthly/{{partition}}.csv"

[asset.each]
partitions = "customers"
command = "echo {{partition}} > {{output}}"
outputs = "build/each/{{partition}}"

[asset.upload]
partitions = "uploads"
command = "echo {{partition}} > {{output}}"
outputs = "build/upload/{{partition}}"

[asset.cell]
partitions = "cells"
command = "echo {{partition}} > {{output}}"
outputs = "build/cell/{{partition}}"

[asset.total]
deps = [{ asset = "each", mapping = "all" }]
command = "cat {{input}} /dev/null > {{output}}"
outputs = "build/total"
"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("in/b.csv", "")
        .with_file("in/a b.csv", "")
        .with_file("arrived/2024-01-05.csv", "")
        .with_file("arrived/2024-01-02.csv", "")
        .at("2024-01-04T12:00:00Z");
    for day in ["2024-01-01", "2024-01-02", "2024-01-03"] {
        sandbox.write(&format!("raw/{day}.csv"), format!("{day}\n"));
    }
    sandbox
}

/// What command lines say, one after the other.
fn said(sandbox: &Sandbox, lines: &[&[&str]]) -> String {
    let mut said = String::new();
    for words in lines {
        let outcome = sandbox.run(&[&["partitions"], *words].concat()).success();
        assert_eq!(outcome.stderr(), "", "{words:?}");
        let line = words.join(" ");
        writeln!(said, "━━━ {line}\n{}", outcome.stdout())
            .expect("writing to a String cannot fail");
    }
    said
}

#[test]
fn verbs_in_text_and_json() {
    let sandbox = project();
    sandbox.run(&["materialize", "clean@2024-01-01"]).success();
    let lines: [&[&str]; 17] = [
        &["add", "customers", "b", "a", "b"],
        &["add", "customers", "a", "c"],
        &["remove", "customers", "c", "d"],
        &["list", "day"],
        &["list", "clean", "--keys"],
        &["list", "day", "--at", "2024-01-02T12:00:00Z"],
        &["list", "day", "--partition", "2024-01-03"],
        &[
            "list",
            "cells",
            "--partition-range",
            "date=2024-01-02,region=eu...date=2024-01-03,region=eu",
        ],
        &["list", "customers", "--keys"],
        &["list", "upload", "--keys"],
        &["list", "arrived", "--keys"],
        &["list", "cell"],
        &[
            "map",
            "monthly",
            "--dep",
            "days",
            "--downstream",
            "--partition",
            "2024-01-03",
        ],
        &["map", "clean", "--dep", "raw", "--partition", "2024-01-03"],
        &["map", "total", "--dep", "each"],
        &["show", "clean"],
        &["show", "cell"],
    ];
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.add_filter(r"last made [^\n]*", "last made [AGO]");
    settings.add_filter(r#""last":"20[^"]*Z""#, r#""last":"[INSTANT]""#);
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!("text", said(&sandbox, &lines));
    sandbox
        .run(&["partitions", "remove", "customers", "a", "b"])
        .success();
    let with_json: Vec<Vec<&str>> = lines
        .iter()
        .map(|line| [*line, &["--json"]].concat())
        .collect();
    let with_json: Vec<&[&str]> = with_json.iter().map(Vec::as_slice).collect();
    insta::assert_snapshot!("json", said(&sandbox, &with_json));
}

#[test]
fn keys_come_and_go_and_their_records_stay() {
    let sandbox = project();
    sandbox
        .run(&["partitions", "add", "customers", "acme", "globex"])
        .success();
    sandbox
        .materialize(&["each"])
        .success()
        .ran(&["each@acme", "each@globex"]);
    let removed = sandbox
        .run(&["partitions", "remove", "customers", "acme"])
        .success();
    assert!(
        removed
            .stdout()
            .contains("stay: `assetctl history` shows them for each")
    );
    sandbox.materialize(&["each"]).success().ran_nothing();
    sandbox
        .run(&["partitions", "add", "customers", "acme"])
        .success();
    sandbox.materialize(&["each"]).success().ran_nothing();
    assert_eq!(
        sandbox
            .run(&["partitions", "list", "each", "--keys"])
            .success()
            .stdout(),
        "globex\nacme\n"
    );
}

#[test]
fn a_file_that_appears_is_a_partition() {
    let sandbox = project();
    sandbox
        .materialize(&["upload"])
        .success()
        .ran(&["upload@a b", "upload@b"]);
    sandbox.write("in/c.csv", "");
    sandbox
        .materialize(&["upload"])
        .success()
        .ran(&["upload@c"]);
    sandbox.write("in/d...e.csv", "");
    let told = sandbox.run(&["materialize", "upload"]).success();
    assert!(
        told.stderr().contains("`in/d...e.csv` matches"),
        "{}",
        told.stderr()
    );
    sandbox.run(&["partitions", "list", "upload"]).exits(2);
    sandbox.edit(
        "Assets.toml",
        "[partitions.day]",
        "[project]\nignore = [\"*...*\"]\n[partitions.day]",
    );
    sandbox.materialize(&["upload"]).success().ran_nothing();
}

#[test]
fn a_command_adds_keys_to_the_instance_of_its_run() {
    let manifest = format!(
        "[partitions.found]\ntype = \"dynamic\"\n[asset.find]\ncommand = \"{} partitions add found k1 k2 > {{{{output}}}}\"\n\
         [asset.each]\npartitions = \"found\"\nafter = [\"find\"]\ncommand = \"echo {{{{partition}}}} > {{{{output}}}}\"\n",
        env!("CARGO_BIN_EXE_assetctl")
    );
    let sandbox = Sandbox::new().with_file("Assets.toml", &manifest);
    sandbox
        .materialize(&["--home", "../home/x"])
        .success()
        .ran(&["find"]);
    sandbox
        .materialize(&["--home", "../home/x"])
        .success()
        .ran(&["each@k1", "each@k2"]);
}

#[test]
fn what_cannot_be_answered() {
    let sandbox = project();
    let mut said = String::new();
    for words in [
        &["list", "dya"][..],
        &["list", "total"],
        &["list", "day", "--partition", "2024-02-01"],
        &["list", "day", "--partition", "2024"],
        &[
            "list",
            "day",
            "--partition-range",
            "2024-01-03...2024-01-01",
        ],
        &[
            "list",
            "day",
            "--partition-range",
            "2024-01-01...2024-01-09",
        ],
        &["list", "day", "--at", "2024-01-04T12:00:00Z"],
        &["list", "customers", "--at", "2024-01-04"],
        &["map", "clean", "--dep", "rwa", "--partition", "2024-01-01"],
        &["map", "clean", "--dep", "raw"],
        &["map", "total", "--dep", "each", "--partition", "x"],
        &["show", "total"],
        &["add", "day", "2024-01-09"],
        &["add", "cells", "x"],
        &["add", "uploads", "x"],
        &["add", "each", "x"],
        &["add", "customers", "a...b", ""],
        &["add", "a b", "x"],
        &["lst", "day"],
    ] {
        let outcome = sandbox.run(&[&["partitions"], words].concat()).exits(2);
        assert_eq!(outcome.stdout(), "", "{words:?}");
        let line = words.join(" ");
        writeln!(said, "━━━ {line}\n{}", outcome.stderr())
            .expect("writing to a String cannot fail");
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!("refused", said);
}
