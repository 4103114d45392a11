//! `check --rebuild`: what is built in scratch, and what is said of it.

use std::fs;
use std::num::NonZeroU32;

use super::sandbox::Sandbox;
use crate::answer::{RebuildOutcome, Rebuilt, WhyDifferent};
use crate::app::{Rebuilding, check};
use crate::executor::{Cancel, LocalExecutor};
use crate::model::{CheckOptions, Rebuild};

const OUTPUTS: &str = r#"
[project]
name = "x"

[asset.clean]
deps = { path = "raw.csv", as = "raw" }
code = ["clean.sh"]
command = "sh clean.sh {{input}} {{output}}"
outputs = "build/clean.csv"

[asset.report]
deps = "clean"
command = "sort {{input}} > {{output}}"
outputs = "build/report.csv"
"#;

/// A project whose command is the script `clean.sh`, materialized.
fn with_script(script: &str) -> Sandbox {
    let sandbox = Sandbox::new(OUTPUTS);
    sandbox.write("raw.csv", "b\na\n");
    sandbox.write("extra.csv", "c\n");
    sandbox.write("clean.sh", script);
    assert_eq!(sandbox.materialize(&[]), ["clean", "report"]);
    sandbox
}

/// Builds at most `count` of the partitions that are fresh.
fn rebuilt(sandbox: &Sandbox, count: u32) -> Vec<Rebuilt> {
    let request = CheckOptions {
        rebuild: Some(Rebuild {
            count: NonZeroU32::new(count).expect("it is not zero"),
            seed: 0,
        }),
        ..CheckOptions::default()
    };
    let doors = Rebuilding {
        executor: &LocalExecutor,
        cancel: &Cancel::default(),
        clock: &sandbox.clock(),
    };
    let (report, _) = check(&sandbox.surroundings(), &request, doors).expect("checked");
    assert_eq!(
        report.is_good(),
        report.is_fresh() && report.rebuilt.iter().all(Rebuilt::is_same)
    );
    report.rebuilt
}

/// What came of each, sorted.
fn told(rebuilt: &[Rebuilt]) -> Vec<String> {
    let outcome = |it: &Rebuilt| match &it.outcome {
        RebuildOutcome::Same => "same".to_owned(),
        RebuildOutcome::Failed { message, tail } => format!("{message}: {}", tail.join("|")),
        RebuildOutcome::Different { outputs, why } => {
            let why = match why {
                WhyDifferent::Undeclared => "undeclared",
                WhyDifferent::Irreproducible => "irreproducible",
            };
            format!("{why}: {}", outputs.join(" "))
        }
    };
    let mut told: Vec<String> = rebuilt
        .iter()
        .map(|it| format!("{} {}", it.step, outcome(it)))
        .collect();
    told.sort();
    told
}

#[test]
fn what_declares_all_that_it_needs_comes_out_the_same() {
    let sandbox = with_script("cat $1 > $2");
    let rebuilt = rebuilt(&sandbox, 9);
    assert_eq!(told(&rebuilt), ["clean same", "report same"]);
    let clean = rebuilt.iter().find(|it| it.step.to_string() == "clean");
    let place = &clean.expect("it was built").place;
    assert_eq!((place.file.as_str(), place.line), ("Assets.toml", 5));
}

#[test]
fn inputs_that_are_not_declared_and_clocks_are_found() {
    let cases = [
        (
            "cat $1 extra.csv > $2",
            "clean exit code 1: cat: extra.csv: No such file or directory",
        ),
        (
            "cat $1 > $2; cat extra.csv >> $2 || true",
            "clean undeclared: build/clean.csv",
        ),
        (
            "cat $1 > $2; date +%N >> $2",
            "clean irreproducible: build/clean.csv",
        ),
        (
            "cat $1 > $2; if ! test -e extra.csv; then date +%N >> $2; fi",
            "clean irreproducible: build/clean.csv",
        ),
    ];
    for (script, found) in cases {
        let sandbox = with_script(script);
        let rebuilt = rebuilt(&sandbox, 9);
        assert_eq!(told(&rebuilt), [found, "report same"], "{script}");
    }
}

#[test]
fn a_build_in_scratch_changes_nothing_of_the_project() {
    // What is not declared is not there in scratch.
    let sandbox = with_script("test -e extra.csv || echo changed >> $1; cat $1 > $2");
    let list = || {
        let mut files: Vec<_> = walkdir::WalkDir::new(sandbox.root())
            .into_iter()
            .map(|entry| entry.expect("readable").into_path())
            .filter(|path| path.is_file() && !path.starts_with(sandbox.path(".assetctl")))
            .map(|path| (fs::read(&path).expect("readable"), path))
            .collect();
        files.sort();
        files
    };
    let before = list();
    let rebuilt = rebuilt(&sandbox, 9);
    let changed = "clean raw.csv changed while the command ran: the result is stale: ";
    let found = [changed, "report same"];
    assert_eq!(told(&rebuilt), found);
    assert_eq!(list(), before);
}

#[test]
fn a_greater_number_adds_and_what_is_not_here_is_left_out() {
    let sandbox = Sandbox::chain();
    assert_eq!(sandbox.materialize(&[]).len(), 4);
    let steps = |count| {
        let rebuilt = rebuilt(&sandbox, count);
        assert!(rebuilt.iter().all(Rebuilt::is_same), "{rebuilt:?}");
        let steps = rebuilt.iter().map(|it| it.step.to_string());
        steps.collect::<Vec<_>>()
    };
    let all = steps(9);
    assert_eq!(all.len(), 4);
    assert_eq!(steps(1), all[..1]);
    assert_eq!(steps(3), all[..3]);
    fs::remove_file(sandbox.path("raw/d2.csv")).expect("removed");
    fs::remove_file(sandbox.path("build/d3.csv")).expect("removed");
    let mut rest = steps(9);
    rest.sort();
    assert_eq!(rest, ["clean@d1", "clean@d3"]);
}

#[test]
fn paths_that_lead_out_and_links_are_there_too() {
    let sandbox = Sandbox::empty();
    sandbox.write("common/raw.csv", "1\n");
    sandbox.write("common/deep/more.csv", "2\n");
    sandbox.write("common/value.toml", "[a]\nb = 3\n");
    sandbox.write("code/run.sh", "cat \"$@\"");
    std::os::unix::fs::symlink("../code/run.sh", sandbox.path("common/run.sh")).expect("made");
    let manifest = r#"
[project]
name = "x"
[source.all]
path = ["../../common/raw.csv", "../../common/deep/*.csv"]
[source.linked]
path = "link.csv"
[source.value]
path = "../../common/value.toml"
key = "a.b"
[asset.out]
deps = ["all", "linked", "value"]
code = ["../../common/run.sh"]
command = "sh ../../common/run.sh {{input.all}} {{input.linked}} > {{output}}; echo {{value.value}} >> {{output}}"
outputs = "out.csv"
"#;
    sandbox.write("pipelines/in/Assets.toml", manifest);
    let link = sandbox.path("pipelines/in/link.csv");
    std::os::unix::fs::symlink("../../common/raw.csv", link).expect("made");
    let mut sandbox = sandbox;
    sandbox.folder_within = Some("pipelines/in");
    assert_eq!(sandbox.materialize(&[]), ["out"]);
    assert_eq!(told(&rebuilt(&sandbox, 1)), ["out same"]);
}
