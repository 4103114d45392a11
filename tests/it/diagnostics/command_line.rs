//! Mistakes in the words of a command line.

use super::{Said, project};
use crate::sandbox::Sandbox;

#[test]
fn words_that_are_not_known() {
    let sandbox = project();
    let mut said = Said::default();
    for (case, arguments) in [
        ("a verb of others", &["make", "clean"][..]),
        ("a verb with a typo", &["materialise"]),
        ("no verb that is like it", &["frobnicate"]),
        ("a topic with a typo", &["help", "selektion"]),
        (
            "a verb of a verb with a typo",
            &["help", "partitions", "lsit"],
        ),
        ("a flag with a typo", &["materialize", "--forse"]),
        ("a flag of another verb", &["status", "--force"]),
        ("a value that is missing", &["materialize", "--partition"]),
        ("a value that is no number", &["materialize", "-j", "many"]),
        ("a time that is none", &["status", "--now", "yesterday"]),
        ("an argument that is missing", &["explain"]),
        ("an unknown shell", &["completions", "cmd"]),
        ("in JSON", &["status", "--forse", "--json"]),
    ] {
        said.of(case, &sandbox, arguments, 2);
    }
    said.compare("words");
}

#[test]
fn assets_and_partitions_that_are_not_there() {
    let sandbox = project();
    sandbox.run(&["materialize", "clean"]).success();
    let mut said = Said::default();
    for (case, arguments) in [
        ("a name with a typo", &["materialize", "claen"][..]),
        ("a name that is like nothing", &["status", "warehouse"]),
        ("several at once", &["plan", "claen", "dialy", "warehouse"]),
        ("a word that is no name", &["status", "a b"]),
        ("an empty word", &["status", ""]),
        ("an empty name", &["status", "@2024-01-05"]),
        ("an empty key", &["status", "daily@"]),
        (
            "a key that is outside",
            &["materialize", "daily@2024-03-05"],
        ),
        ("a key with a typo", &["materialize", "daily@2024-1-5"]),
        (
            "a key that nothing has",
            &["materialize", "--partition", "2024-03-05"],
        ),
        ("an empty partition", &["materialize", "--partition", ""]),
        (
            "a key of an unpartitioned asset",
            &["materialize", "clean@2024-01-05"],
        ),
        (
            "a key in two places",
            &["plan", "daily@2024-01-05", "--partition", "2024-01-06"],
        ),
        ("a source", &["materialize", "raw"]),
        ("an asset to be observed", &["observe", "clean"]),
        ("one of several partitions", &["explain", "daily"]),
        ("a log of nothing", &["logs", "clean"]),
        ("an output", &["materialize", "clean.csv"]),
        ("a path", &["materialize", "build/clean.csv"]),
        ("wiping without a terminal", &["wipe", "clean"]),
        ("in JSON", &["materialize", "--json", "claen", "dialy"]),
    ] {
        said.of(case, &sandbox, arguments, 2);
    }
    said.compare("names");
}

#[test]
fn selections_that_cannot_be_read() {
    let sandbox = project();
    let mut said = Said::default();
    for (case, arguments) in [
        ("nothing", &["list", ""][..]),
        ("white space", &["plan", "  "]),
        (
            "several at once",
            &[
                "plan",
                "group:core and",
                "(claen or dialy+",
                "claen or kind:sql",
                "daily@2024-03-05 or colour:red",
                "daily@2024-03-05",
            ],
        ),
        ("a clause of steps", &["materialize", "*daily"]),
        ("another clause of steps", &["materialize", "++daily"]),
        ("a glob that is no attribute", &["list", "da*y"]),
        ("an attribute with a typo", &["list", "gruop:core"]),
        (
            "a value outside of its set",
            &["list", "status:old", "is:odd"],
        ),
        ("other signs", &["list", "!daily", "clean|daily", "a, b"]),
        ("an owner", &["list", "owner:ann@example.com"]),
        ("no end", &["list", "key:\"da"]),
        ("a reserved word", &["list", "+not daily"]),
        ("a partition within", &["plan", "+daily@2024-01-02"]),
        ("a range", &["plan", "daily@2024-01-03...2024-01-01"]),
        (
            "beside a flag",
            &["plan", "clean or daily@2024-01-02", "--latest", "1"],
        ),
        ("in JSON", &["list", "claen+", "(daily", "--json"]),
    ] {
        said.of(case, &sandbox, arguments, 2);
    }
    said.compare("selections");
}

#[test]
fn partitions_that_cannot_be_meant() {
    let manifest = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-03-01"

[partitions.month]
type = "monthly"
start = "2024-01"
format = "%Y-%m"

[partitions.region]
type = "static"
keys = ["eu", "us", "asia"]

[partitions.unused]
type = "static"
keys = ["x"]

[asset.daily]
partitions = "day"
command = "echo > {{output}}"
outputs = "build/daily/{{partition}}"

[asset.monthly]
partitions = "month"
command = "echo > {{output}}"
outputs = "build/monthly/{{partition}}"

[asset.sales]
partitions = "region"
command = "echo > {{output}}"
outputs = "build/sales/{{partition}}"
"#;
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .at("2024-03-05T12:00:00Z");
    let (key, range) = ("--partition", "--partition-range");
    let mut said = Said::default();
    for (case, arguments) in [
        ("the window of it", &["monthly", key, "2024-02-03"][..]),
        ("a key of another", &["daily", key, "2024-01"]),
        ("in no window", &["monthly", key, "2024-03-04"]),
        ("of names", &["sales", key, "asla"]),
        (
            "the window of it, of nothing named",
            &[key, "2024-02-29T10:00"],
        ),
        ("a range without an end", &["daily", range, "2024-01-01"]),
        (
            "a range with an empty end",
            &["daily", range, "2024-01-01..."],
        ),
        (
            "an end that is outside",
            &["daily", range, "2024-01-01...2024-03-05"],
        ),
        ("an end of another", &[range, "2024-01-01...2024-02"]),
        (
            "a reversed range",
            &["daily", range, "2024-01-02...2024-01-01"],
        ),
        ("a reversed range of names", &[range, "asia...eu"]),
        ("a definition with a typo", &[key, "dya=2024-01-01"]),
        ("a definition that is like none", &["sales", key, "week=eu"]),
        ("a definition of no asset", &[key, "unused=x"]),
        ("a key outside of its definition", &[key, "month=2024-09"]),
        ("no key for one", &["sales", "daily", key, "region=eu"]),
        (
            "keys in two ways",
            &["daily", key, "2024-01-01", "--latest", "2"],
        ),
        ("all and some", &["--all-partitions", range, "eu...us"]),
        (
            "a partition of a word and the newest",
            &["sales@eu", "--latest", "2"],
        ),
        ("no newest at all", &["sales", "--latest", "0"]),
        (
            "several at once",
            &["monthly", "sales", key, "2024-02-03", key, "moon"],
        ),
        (
            "in JSON",
            &["daily", range, "2024-01-01...2024-03-05", "--json"],
        ),
    ] {
        said.of(case, &sandbox, &[&["plan"], arguments].concat(), 2);
    }
    said.of(
        "a key of two",
        &sandbox,
        &["plan", "daily", "monthly", key, "day=2024-01-31"],
        2,
    );
    said.compare("selected_partitions");
}

#[test]
fn no_project() {
    let sandbox = Sandbox::new();
    let mut said = Said::default();
    for (case, arguments) in [
        ("none here", &["status"][..]),
        ("none there", &["-C", "nowhere", "materialize"]),
        ("in JSON", &["status", "--json"]),
    ] {
        said.of(case, &sandbox, arguments, 2);
    }
    said.compare("no_project");
}

#[test]
fn steps_that_are_not_there() {
    let sandbox = project();
    let mut said = Said::default();
    for (case, arguments) in [
        ("a step with a typo", &["plan", "--steps", "claen"][..]),
        (
            "a step that is like nothing",
            &["plan", "--steps", "warehouse"],
        ),
        ("a key with a typo", &["plan", "--steps", "daily@2024-1-5"]),
        ("a source", &["plan", "--steps", "raw"]),
        (
            "a step that is not in the plan",
            &["materialize", "clean", "--steps", "daily"],
        ),
        (
            "several at once",
            &[
                "materialize",
                "--steps",
                "claen+",
                "--steps",
                "*dialy",
                "--steps",
                "clean",
            ],
        ),
        ("a sign too many", &["plan", "--steps", "+*clean"]),
        ("nothing", &["plan", "--steps", ""]),
        (
            "in JSON",
            &["plan", "--json", "--steps", "claen", "--steps", "dialy"],
        ),
    ] {
        said.of(case, &sandbox, arguments, 2);
    }
    said.compare("steps");
}
