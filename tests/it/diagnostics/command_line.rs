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
        ("a flag with a typo", &["materialize", "--forse"]),
        ("a flag of another verb", &["status", "--force"]),
        ("a value that is missing", &["materialize", "--partition"]),
        ("a value that is no number", &["materialize", "-j", "many"]),
        ("no commands at once", &["materialize", "-j", "0"]),
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
        ("a project on top of another", &["init"]),
        ("wiping without a terminal", &["wipe", "clean"]),
        ("in JSON", &["materialize", "--json", "claen", "dialy"]),
    ] {
        said.of(case, &sandbox, arguments, 2);
    }
    said.compare("names");
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
