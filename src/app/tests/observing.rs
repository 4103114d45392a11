//! `observe`: the versions of sources, as they are now.

use crate::answer::{ObservedChange, ObservedSource};
use crate::app::tests::sandbox::{Sandbox, select, told};
use crate::app::{AppError, Observed, observe};
use crate::executor::Cancel;
use crate::model::{ObserveRequest, PartitionsSelection, Status};

const MANIFEST: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2"]

[source.raw]
path = "raw/{{partition}}.csv"
partitions = "day"

[source.orders]
observe = "cat count"

[source.notes]
path = "notes.txt"
optional = true

[asset.total]
deps = ["orders", "notes"]
command = "cp count {{output}}"
outputs = "total"
"#;

fn asked(sandbox: &Sandbox, words: &[&str]) -> Result<Observed, AppError> {
    let request = ObserveRequest {
        selection: select(words),
        partitions: PartitionsSelection::default(),
    };
    observe(
        &sandbox.project(),
        &request,
        &sandbox.clock(),
        &Cancel::default(),
    )
}

/// Each source with a `+` where it has a version, and a `!` where that has changed, a `*` where it is the first.
fn observed(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let report = asked(sandbox, words).expect("a report").report;
    let told = |it: &ObservedSource| {
        let key = it
            .partition
            .as_ref()
            .map_or(String::new(), |key| format!("@{key}"));
        let version = if it.data_version.is_some() { "+" } else { "" };
        let changed = match it.change {
            ObservedChange::Changed => "!",
            ObservedChange::First => "*",
            ObservedChange::Same => "",
        };
        format!("{}{key}{version}{changed}", it.source)
    };
    report.observations.iter().map(told).collect()
}

#[test]
fn what_is_new_is_told_and_recorded() {
    let sandbox = Sandbox::new(MANIFEST);
    sandbox.write("raw/d1.csv", "1");
    sandbox.write("count", "1");
    assert_eq!(
        observed(&sandbox, &[]),
        ["raw@d1+*", "raw@d2", "orders+*", "notes"]
    );
    assert_eq!(
        observed(&sandbox, &[]),
        ["raw@d1+", "raw@d2", "orders+", "notes"]
    );
    sandbox.write("raw/d1.csv", "2");
    sandbox.write("raw/d2.csv", "2");
    sandbox.write("notes.txt", "x");
    assert_eq!(
        observed(&sandbox, &["raw@d2", "notes"]),
        ["raw@d2+*", "notes+*"]
    );
    std::fs::remove_file(sandbox.path("notes.txt")).expect("removed");
    assert_eq!(
        observed(&sandbox, &[]),
        ["raw@d1+!", "raw@d2+", "orders+", "notes!"]
    );
}

#[test]
fn a_status_takes_what_was_observed() {
    let sandbox = Sandbox::new(MANIFEST);
    sandbox.write("count", "1");
    assert_eq!(sandbox.materialize(&["total"]), ["total"]);
    sandbox.write("count", "2");
    assert_eq!(sandbox.status("total"), [Status::Fresh]);
    assert_eq!(observed(&sandbox, &["orders"]), ["orders+!"]);
    assert_eq!(sandbox.status("total"), [Status::Stale]);
}

#[test]
fn what_cannot_be_observed_says_why() {
    let sandbox = Sandbox::new(MANIFEST);
    let observed = asked(&sandbox, &[]).expect("a report");
    assert_eq!(observed.problems.len(), 3, "{:?}", observed.problems);
    assert_eq!(observed.problems[0], "raw@d1: raw/d1.csv is missing");
    assert!(observed.problems[2].starts_with("orders: its observe command ended with"));
    // A failure is the last observation: nobody knows the version until another one succeeds.
    assert_eq!(sandbox.status("total"), [Status::Blocked]);
    let error = asked(&sandbox, &["total", "oders"]).expect_err("refused");
    assert_eq!(
        told(&error),
        [
            "asset_selected: `total` is an asset: assets are made, never observed",
            "unknown_asset: there is no asset or source `oders`",
        ]
    );
}
