//! `accept`: the outputs on disk stand.

use std::fs;

use crate::answer::{AffectedReport, HistoryEntry, KeyRange};
use crate::app::tests::sandbox::{Sandbox, one, select, told};
use crate::app::{AppError, accept, history};
use crate::digest::Kind;
use crate::model::{
    AcceptRequest, Grouping, HistoryRequest, Origin, Outcome, PartitionSlot, RunDetails, RunId,
    Status, StepName,
};
use crate::store::{Access, AssetPartition, NewRun, Store};
use crate::sys::clock::Clock;
use crate::testkit;

fn asked(sandbox: &Sandbox, words: &[&str], dry_run: bool) -> Result<AffectedReport, AppError> {
    let request = AcceptRequest {
        selection: select(words),
        dry_run,
    };
    accept(&sandbox.project(), &request, &sandbox.clock()).map(|(report, _)| report)
}

fn accepted(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let report = asked(sandbox, words, false).expect("accepted");
    report.affected.iter().map(KeyRange::to_string).collect()
}

fn refused(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    told(&asked(sandbox, words, false).expect_err("refused"))
}

fn last(sandbox: &Sandbox, word: &str) -> HistoryEntry {
    let request = HistoryRequest {
        selected: one(word),
        limit: None,
        grouping: Grouping::Ranges,
        failed: false,
    };
    let (report, _) = history(&sandbox.project(), &request).expect("a history");
    report.materializations().next().expect("one").clone()
}

#[test]
fn after_outputs_were_copied_by_hand_nothing_runs() {
    let built = Sandbox::chain();
    built.materialize(&[]);
    let sandbox = Sandbox::chain();
    for file in ["d1.csv", "d2.csv", "d3.csv", "all.csv"] {
        let path = format!("build/{file}");
        sandbox.write(&path, built.read(&path));
    }
    let dry = asked(&sandbox, &[], true).expect("a report");
    assert!(!sandbox.exists(".assetctl/instance.db"));
    let done = asked(&sandbox, &[], false).expect("a report");
    let names: Vec<String> = done.affected.iter().map(KeyRange::to_string).collect();
    assert_eq!(names, ["clean@d1...d3", "all"]);
    assert_eq!(
        (&dry.affected, &dry.files, dry.bytes),
        (&done.affected, &done.files, done.bytes)
    );
    assert_eq!(
        done.files,
        [
            "build/all.csv",
            "build/d1.csv",
            "build/d2.csv",
            "build/d3.csv"
        ]
    );
    assert_eq!(done.bytes, 60);
    assert_eq!(sandbox.materialize(&[]), [""; 0]);
    assert_eq!(
        accepted(&sandbox, &[]),
        [""; 0],
        "what is fresh is left alone"
    );
    let (entry, made) = (last(&sandbox, "all"), last(&built, "all"));
    assert_eq!(
        (entry.origin, entry.outcome),
        (Origin::Accepted, Outcome::Materialized)
    );
    assert_eq!(
        (entry.fingerprint, entry.data_version),
        (made.fingerprint, made.data_version)
    );
    assert_eq!(entry.inputs, made.inputs);
}

#[test]
fn a_refactored_command_is_accepted_without_running() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    sandbox.edit("Assets.toml", "sort {{input}}", "sort -s {{input}}");
    assert_eq!(sandbox.status("all"), [Status::Pending]);
    assert_eq!(accepted(&sandbox, &["clean", "all"]), ["clean@d1...d3"]);
    assert_eq!(last(&sandbox, "clean@d1").outcome, Outcome::Unchanged);
    assert_eq!(sandbox.materialize(&[]), [""; 0]);
}

#[test]
fn a_stale_input_is_taken_at_its_recorded_version() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    sandbox.write("raw/d2.csv", "z\n");
    sandbox.write("build/all.csv", "by hand\n");
    assert_eq!(accepted(&sandbox, &["all"]), ["all"]);
    assert_eq!(sandbox.status("all"), [Status::Pending]);
    assert_eq!(sandbox.materialize(&[]), ["all", "clean@d2"]);
}

#[test]
fn what_is_not_there_is_refused_and_nothing_is_recorded() {
    let sandbox = Sandbox::chain();
    for (words, errors) in [
        (
            vec![],
            vec![
                "clean@d1 and 2 more partitions cannot be accepted: its output build/d1.csv is missing",
                "all cannot be accepted: its output build/all.csv is missing",
            ],
        ),
        (
            vec!["clean@d2"],
            vec!["clean@d2 cannot be accepted: its output build/d2.csv is missing"],
        ),
    ] {
        let expected: Vec<String> = errors
            .iter()
            .map(|it| format!("unacceptable: {it}"))
            .collect();
        assert_eq!(refused(&sandbox, &words), expected);
    }
    sandbox.write("build/all.csv", "1\n");
    assert_eq!(
        refused(&sandbox, &["all"]),
        [
            "unacceptable: all cannot be accepted: its input `clean` has no version yet: clean@d1 was never materialized"
        ]
    );
    fs::remove_file(sandbox.path("raw/d1.csv")).expect("removed");
    fs::create_dir_all(sandbox.path("build/d2.csv")).expect("made");
    sandbox.write("build/d1.csv", "1\n");
    sandbox.write("build/d3.csv", "1\n");
    assert_eq!(
        refused(&sandbox, &["clean"]),
        [
            "unacceptable: clean@d1 cannot be accepted: its input `raw` has no version yet: raw@d1: raw/d1.csv is missing",
            "unacceptable: clean@d2 cannot be accepted: build/d2.csv is a directory, and a file is declared",
        ]
    );
    assert_eq!(
        sandbox.status("clean"),
        [Status::Blocked, Status::Missing, Status::Missing]
    );
    assert!(!sandbox.exists(".assetctl/instance.db"));
}

#[test]
fn an_external_asset_is_accepted_and_read() {
    let sandbox = Sandbox::new(concat!(
        "[asset.made]\noutputs = \"elsewhere.csv\"\n",
        "[asset.copy]\ndeps = \"made\"\ncommand = \"cp {{input}} {{output}}\"\noutputs = \"copy.csv\"\n",
    ));
    sandbox.write("elsewhere.csv", "1\n");
    assert_eq!(accepted(&sandbox, &["made"]), ["made"]);
    assert_eq!(sandbox.materialize(&[]), ["copy"]);
    sandbox.write("elsewhere.csv", "2\n");
    assert_eq!(sandbox.status("made"), [Status::Stale]);
    assert_eq!(accepted(&sandbox, &["made"]), ["made"]);
    assert_eq!(sandbox.materialize(&[]), ["copy"]);
    assert_eq!(sandbox.read("copy.csv"), "2\n");
}

#[test]
fn a_data_version_that_is_not_the_content_is_kept() {
    let sandbox = Sandbox::new(concat!(
        "[asset.model]\ncommand = \"date > {{output}}\"\noutputs = \"model\"\ndata_version = \"inputs\"\n",
        "[asset.score]\ndeps = \"model\"\ncommand = \"wc -l < {{input}} > {{output}}\"\noutputs = \"score\"\n",
    ));
    sandbox.materialize(&[]);
    let before = last(&sandbox, "model");
    sandbox.edit("Assets.toml", "date > {{output}}", "date -u > {{output}}");
    assert_eq!(accepted(&sandbox, &["model"]), ["model"]);
    let after = last(&sandbox, "model");
    assert_ne!(after.fingerprint, before.fingerprint);
    assert_eq!(after.data_version, before.data_version);
    assert_eq!(sandbox.materialize(&[]), [""; 0]);
}

#[test]
fn what_another_run_works_on_is_not_accepted() {
    let mut sandbox = Sandbox::chain();
    sandbox.materialize(&["clean"]);
    sandbox.write("build/d2.csv", "by hand\n");
    let mut store = Store::open(&sandbox.path(".assetctl"), Access::Write)
        .expect("an instance")
        .store;
    let time = sandbox.clock().now();
    let run = NewRun {
        id: RunId(uuid::Uuid::now_v7()),
        selection: String::new(),
        partitions: String::new(),
        manifest: Kind::Manifest.digest(b""),
        time,
        pid: None,
        details: RunDetails::default(),
        steps: Vec::new(),
        events: Vec::new(),
    };
    let begun = store.begin_run(&run).expect("begun");
    let key = testkit::key("d2");
    let held = AssetPartition {
        step: StepName {
            asset: testkit::asset("clean"),
            partition: Some(key.clone()),
        },
        slot: PartitionSlot::Named(key),
    };
    store.lease(run.id, &[held], time).expect("leased");
    let [error] = refused(&sandbox, &["clean"]).try_into().expect("one error");
    assert!(
        error.contains("clean@d2") && error.contains(&run.id.to_string()),
        "{error}"
    );
    let nested = run.id.to_string().leak();
    sandbox.environment.push(("ASSETCTL_RUN_ID", nested));
    let refusal = format!(
        "nested_run: run {} is running this command, and would wait for itself",
        run.id
    );
    assert_eq!(refused(&sandbox, &["clean"]), [refusal]);
    drop(begun);
    assert_eq!(
        accepted(&sandbox, &["clean"]),
        ["clean@d2"],
        "the other run is dead"
    );
}

#[test]
fn a_damaged_instance_is_replaced_by_what_is_on_disk() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    sandbox.write(".assetctl/instance.db", "no database".repeat(1000));
    assert_eq!(accepted(&sandbox, &[]), ["clean@d1...d3", "all"]);
    assert_eq!(sandbox.materialize(&[]), [""; 0]);
}
