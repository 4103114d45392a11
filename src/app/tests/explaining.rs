//! `explain`: why something is fresh, or is not.

use std::fs;

use crate::answer::{ComparedField, ExplainReport, KeyRange};
use crate::app::explain;
use crate::app::tests::sandbox::{Sandbox, one, told};
use crate::model::{Cause, ExplainRequest, Outcome, Status};

fn explained(sandbox: &Sandbox, word: &str) -> ExplainReport {
    let selected = one(word);
    let report = explain(&sandbox.project(), &ExplainRequest { selected });
    report.expect("a report").0
}

fn names(ranges: &[KeyRange]) -> Vec<String> {
    ranges.iter().map(KeyRange::to_string).collect()
}

/// The fields that differ, `-` where they are gone or unknown, `+` where they are new.
fn differing(report: &ExplainReport) -> Vec<String> {
    let told = |it: &ComparedField| match (&it.recorded, &it.now) {
        (Some(_), None) => format!("-{}", it.field),
        (None, Some(_)) => format!("+{}", it.field),
        _ => it.field.clone(),
    };
    let fields = report.record.iter().filter(|it| !it.equal);
    fields.map(told).collect()
}

fn kinds(causes: &[Cause]) -> Vec<&str> {
    causes.iter().map(|cause| cause.kind().word()).collect()
}

#[test]
fn what_is_fresh_is_explained_too() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    let report = explained(&sandbox, "clean@d2");
    assert_eq!((report.status, report.causes.len()), (Status::Fresh, 0));
    let fields: Vec<&str> = report.record.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "rule",
            "code.folder",
            "code.shell",
            "code.command",
            "code.stdout",
            "code.incremental",
            "output",
            "output.kind",
            "mapping.raw",
            "partition",
            "input.raw",
        ]
    );
    assert_eq!(differing(&report), [""; 0]);
    assert!(report.outputs.iter().all(|it| it.equal && it.now.is_some()));
    assert_eq!(report.outputs[0].path, "build/d2.csv");
    assert_eq!(names(&report.reads), ["raw@d2"]);
    assert_eq!(names(&report.feeds), ["all"]);
    assert_eq!(report.command[..4], ["bash", "-euo", "pipefail", "-c"]);
    assert_eq!(
        report.command[4],
        "sort raw/d2.csv > .assetctl/staging/clean/@d2/build/d2.csv; echo sorted d2"
    );
    assert!(report.expected.is_some());
    let last = report.last.expect("a materialization");
    assert_eq!(last.outcome, Outcome::Materialized);
}

#[test]
fn what_is_missing_has_nothing_recorded() {
    let sandbox = Sandbox::chain();
    let report = explained(&sandbox, "all");
    assert_eq!((report.status, report.causes.len()), (Status::Missing, 0));
    assert!(report.record.iter().all(|it| it.recorded.is_none()));
    assert_eq!((report.last, report.expected), (None, None));
    assert_eq!(
        (report.outputs[0].recorded, report.outputs[0].now),
        (None, None)
    );
    assert_eq!(names(&report.reads), ["clean@d1...d3"]);
}

#[test]
fn each_difference_has_its_field_and_its_cause() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    sandbox.write("raw/d2.csv", "c\n");
    sandbox.edit("Assets.toml", "sort {{input}}", "sort -r {{input}}");
    fs::remove_file(sandbox.path("build/d2.csv")).expect("removed");
    let report = explained(&sandbox, "clean@d2");
    assert_eq!(report.status, Status::Stale);
    assert_eq!(differing(&report), ["code.command", "input.raw"]);
    assert_eq!(kinds(&report.causes), ["code", "data", "output"]);
    assert!(report.outputs[0].recorded.is_some() && report.outputs[0].now.is_none());
    let command = report.record.iter().find(|it| it.field == "code.command");
    let now = command.and_then(|it| it.now.as_deref());
    assert_eq!(
        now,
        Some("sort -r {{input}} > {{output}}; echo sorted {{partition}}")
    );
}

#[test]
fn a_pending_one_tells_the_chain_and_which_key_is_open() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    sandbox.write("raw/d2.csv", "c\n");
    let report = explained(&sandbox, "all");
    assert_eq!(report.status, Status::Pending);
    assert_eq!(differing(&report), ["-input.clean", "-input.clean@d2"]);
    let [Cause::Data(change)] = report.causes.as_slice() else {
        panic!("one cause: {:?}", report.causes);
    };
    let [Cause::Data(root)] = change.root.as_slice() else {
        panic!("one root: {:?}", change.root);
    };
    assert_eq!(root.path.as_deref(), Some("raw/d2.csv"));
    sandbox.materialize(&["clean"]);
    let report = explained(&sandbox, "all");
    assert_eq!(report.status, Status::Stale);
    assert_eq!(differing(&report), ["input.clean", "input.clean@d2"]);
}

#[test]
fn a_changed_dependency_shows_as_gone_and_new() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    let old = "deps = \"clean\"";
    sandbox.edit(
        "Assets.toml",
        old,
        "deps = [{ asset = \"clean\", as = \"days\" }]",
    );
    let report = explained(&sandbox, "all");
    assert_eq!(
        differing(&report),
        [
            "+mapping.days",
            "-mapping.clean",
            "+input.days",
            "-input.clean"
        ]
    );
    assert_eq!(kinds(&report.causes), ["dependency", "dependency"]);
}

#[test]
fn a_failed_one_says_so() {
    let sandbox = Sandbox::chain();
    sandbox.edit("Assets.toml", "cat {{input}} > {{output}}", "exit 3");
    sandbox.materialize(&[]);
    let report = explained(&sandbox, "all");
    assert_eq!(report.status, Status::Failed);
    assert_eq!(kinds(&report.causes), ["failed_before"]);
}

#[test]
fn nothing_would_run_without_a_source() {
    let sandbox = Sandbox::chain();
    fs::remove_file(sandbox.path("raw/d1.csv")).expect("removed");
    let report = explained(&sandbox, "clean@d1");
    assert_eq!((report.status, report.command.len()), (Status::Blocked, 0));
    assert_eq!(report.record.last().map(|it| it.now.clone()), Some(None));
}

#[test]
fn external_assets_and_sources_have_no_command() {
    let sandbox = Sandbox::new(concat!(
        "[source.raw]\npath = \"raw.csv\"\n",
        "[asset.made]\ndeps = \"raw\"\noutputs = \"made.csv\"\n",
    ));
    let readers = vec!["made".to_owned()];
    for (word, status, feeds) in [
        ("made", Status::Blocked, vec![]),
        ("raw", Status::Missing, readers),
    ] {
        let report = explained(&sandbox, word);
        assert_eq!((report.status, report.command.len()), (status, 0), "{word}");
        assert_eq!(names(&report.feeds), feeds, "{word}");
    }
    sandbox.write("raw.csv", "1");
    let report = explained(&sandbox, "raw");
    assert_eq!(report.status, Status::Fresh);
    assert_eq!(report.outputs[0].path, "raw.csv");
    assert!(report.outputs[0].now.is_some());
}

#[test]
fn one_partition_is_named() {
    let sandbox = Sandbox::chain();
    for (word, error) in [
        (
            "clean",
            "partition_needed: `clean` is partitioned: say which partition",
        ),
        (
            "clean@d4",
            "unknown_partition: `clean` has no partition `d4`",
        ),
        (
            "cleam@d1",
            "unknown_asset: there is no asset or source `cleam`",
        ),
    ] {
        let selected = one(word);
        let refused = explain(&sandbox.project(), &ExplainRequest { selected });
        assert_eq!(told(&refused.expect_err("refused")), [error]);
    }
}
