//! `observe`: the versions of sources, as they are now.

use crate::answer::{ObservedChange, ObservedSource};
use crate::app::instance::InstanceAccess;
use crate::app::selection::{self, Range};
use crate::app::tests::sandbox::{Sandbox, select, told};
use crate::app::{AppError, ObserveOutcome, observe};
use crate::engine::{ResourcePool, observe_sources};
use crate::executor::{Cancel, LocalExecutor};
use crate::model::{ObserveRequest, PartitionKey, RunId, SelectionRequest, Status};
use crate::plan::{Scope, Upstream};
use crate::sys::clock::Clock;

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

fn asked(sandbox: &Sandbox, words: &[&str]) -> Result<ObserveOutcome, AppError> {
    let request = ObserveRequest {
        selection: select(words),
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
    assert!(
        observed.problems[2]
            .starts_with("orders: its observe command failed (exit code 1): cat: count")
    );
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

/// Commands run beside each other, within their time; what one printed that failed stays to be read.
#[test]
fn commands_run_at_once_and_not_for_ever() {
    let sandbox = Sandbox::new(
        r#"
[partitions.day]
type = "static"
keys = ["d1", "d2"]

[source.one]
observe = "touch one.seen; until [ -e two.seen ]; do sleep 0.01; done; echo 1"
timeout = "1m"

[source.two]
observe = "touch two.seen; until [ -e one.seen ]; do sleep 0.01; done; echo 2"
timeout = "1m"

[source.stuck]
observe = "echo begun >&2; sleep 600"
timeout = "50ms"

[source.daily]
observe = "echo $ASSETCTL_ASSET $ASSETCTL_PARTITION {{partition}}"
partitions = "day"

[source.all]
observe = "echo d1 ${ASSETCTL_PARTITION-none}; echo d2 ${ASSETCTL_PARTITION-none}"
partitions = "day"
"#,
    );
    let (project, cancel) = (sandbox.project(), Cancel::default());
    let versions = project.versions().expect("versions");
    let workspace = project.workspace(&versions, &LocalExecutor);
    let all = SelectionRequest::default();
    let selection = selection::select(&project, &all, Range::Sources).expect("sources");
    let mut instance = InstanceAccess::open(&project).expect("an instance");
    let goals = selection.narrowed(&project, &mut instance).expect("goals");
    let scope = Scope::new(project.graph(), project.keys(), &goals, Upstream::Given);
    let time = sandbox.clock().now();
    let resources = ResourcePool::new(&workspace, RunId(uuid::Uuid::nil()));
    let all = observe_sources((&workspace, &resources), &scope, 2, time, &cancel).expect("answers");
    let texts = all.news.iter().map(|(_, it)| {
        let key = it.partition.as_ref().map_or("", PartitionKey::as_str);
        format!("{}@{key}: {}", it.source, it.text)
    });
    assert_eq!(
        texts.collect::<Vec<_>>(),
        [
            "one@: 1",
            "two@: 2",
            "stuck@: failed (timed out after 0.05 s): begun",
            "daily@d1: daily d1 d1",
            "daily@d2: daily d2 d2",
            "all@d1: none",
            "all@d2: none",
        ]
    );
    assert_eq!(sandbox.read(".assetctl/observe/stuck/log"), "begun\n");
}
