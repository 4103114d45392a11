//! `wipe`: what is forgotten, and what stays.

use crate::answer::{AffectedReport, KeyRange};
use crate::app::tests::sandbox::{Sandbox, select, told};
use crate::app::wipe;
use crate::model::{Status, WipeRequest};

fn request(words: &[&str], outputs: bool, dry_run: bool) -> WipeRequest {
    WipeRequest {
        selection: select(words),
        outputs,
        dry_run,
    }
}

fn wiped(sandbox: &Sandbox, request: &WipeRequest) -> AffectedReport {
    wipe(&sandbox.project(), request).expect("a report").0
}

fn names(report: &AffectedReport) -> Vec<String> {
    report.affected.iter().map(KeyRange::to_string).collect()
}

#[test]
fn records_go_and_outputs_stay() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&["clean@d1", "clean@d2"]);
    let report = wiped(&sandbox, &request(&["clean"], false, false));
    assert_eq!(names(&report), ["clean@d1...d2"]);
    assert_eq!((report.files.len(), report.bytes), (0, 0));
    assert_eq!(sandbox.status("clean"), [Status::Missing; 3]);
    assert!(sandbox.exists("build/d1.csv"));
    let again = wiped(&sandbox, &request(&["clean"], false, false));
    assert_eq!(names(&again), [""; 0]);
}

#[test]
fn outputs_go_where_that_is_asked_for_and_sources_never() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    let asked = |dry_run| request(&["clean@d2", "all"], true, dry_run);
    let dry = wiped(&sandbox, &asked(true));
    assert_eq!(names(&dry), ["clean@d2", "all"]);
    assert_eq!(dry.files, ["build/all.csv", "build/d2.csv"]);
    assert_eq!(dry.bytes, 30 + 10);
    assert!(sandbox.exists("build/d2.csv"));
    assert_eq!(sandbox.status("all"), [Status::Fresh]);
    let done = wiped(&sandbox, &asked(false));
    assert_eq!((done.files, done.bytes), (dry.files, dry.bytes));
    assert!(!sandbox.exists("build/d2.csv") && sandbox.exists("build/d1.csv"));
    assert!(sandbox.exists("raw/d2.csv"));
    assert_eq!(sandbox.materialize(&[]), ["all", "clean@d2"]);
}

#[test]
fn what_an_external_asset_has_stays_on_disk() {
    let sandbox = Sandbox::new("[asset.made]\noutputs = \"elsewhere.csv\"\n");
    sandbox.write("elsewhere.csv", "1\n");
    let report = wiped(&sandbox, &request(&["made"], true, false));
    assert_eq!(report.files, [""; 0]);
    assert!(sandbox.exists("elsewhere.csv"));
}

#[test]
fn a_source_is_not_wiped() {
    let sandbox = Sandbox::chain();
    let asked = request(&["raw"], true, false);
    let error = wipe(&sandbox.project(), &asked).expect_err("refused");
    assert_eq!(
        told(&error),
        ["source_selected: `raw` is a source: sources are observed, never made"]
    );
    assert!(sandbox.exists("raw/d1.csv") && !sandbox.exists(".assetctl"));
}
