//! Contents decide: what is touched, rewritten, cut off early.

use crate::scenario::Scenario;

const CHAIN: &str = r#"
[asset.upper]
deps = "./raw.txt"
command = "tr a-z A-Z < {{input}} > {{output}}"
outputs = "upper.txt"

[asset.head]
deps = "upper"
command = "head -n 1 {{input}} > {{output}}"
outputs = "head.txt"

[asset.report]
deps = "head"
command = "sed 's/^/> /' {{input}} > {{output}}"
outputs = "report.txt"
"#;

fn chain() -> Scenario {
    Scenario::new(CHAIN).with(&[("raw.txt", "one\ntwo\n")])
}

#[test]
fn a_chain_runs_in_order_and_then_is_fresh() {
    let project = chain();
    let ran = project.runs(&["upper", "head", "report"]);
    assert_eq!(ran.order(), ["upper", "head", "report"]);
    assert_eq!(project.read("report.txt"), "> ONE\n");
    assert_eq!(
        project.status(),
        ["upper fresh", "head fresh", "report fresh"]
    );
}

#[test]
fn touching_everything_runs_nothing() {
    let project = chain();
    let _ = project.runs(&["upper", "head", "report"]);
    for path in [
        "Assets.toml",
        "raw.txt",
        "upper.txt",
        "head.txt",
        "report.txt",
    ] {
        project.touch(path);
    }
    let _ = project.runs(&[]);
}

#[test]
fn the_same_bytes_stop_the_work_below() {
    let project = chain();
    let _ = project.runs(&["upper", "head", "report"]);
    project.write("raw.txt", "one\nthree\n");
    assert_eq!(
        project.status(),
        [
            "upper stale (data raw)",
            "head pending (data upper < data raw)",
            "report pending (data head < data upper < data raw)"
        ]
    );
    let ran = project.runs(&["upper", "head"]);
    assert_eq!(ran.causes("upper"), ["data raw"]);
    assert_eq!(ran.causes("head"), ["data upper"]);
    assert!(ran.unchanged().contains("head") && !ran.unchanged().contains("upper"));
    project.write("raw.txt", "ONE\nthree\n");
    let _ = project.runs(&["upper"]);
}

#[test]
fn a_change_that_is_returned_runs_nothing() {
    let project = chain();
    let _ = project.runs(&["upper", "head", "report"]);
    project.write("raw.txt", "changed\n");
    project.write("raw.txt", "one\ntwo\n");
    let _ = project.runs(&[]);
}

#[test]
fn other_bytes_of_the_same_size_and_time_are_noticed() {
    let project = chain();
    project.touch("raw.txt");
    let _ = project.runs(&["upper", "head", "report"]);
    project.write("raw.txt", "eno\ntwo\n");
    project.touch("raw.txt");
    let _ = project.runs(&["upper", "head", "report"]);
}

#[test]
fn each_output_stops_the_work_that_reads_it() {
    let project = Scenario::new(
        r#"
[asset.split]
deps = "./raw.txt"
command = "sed -n 1p {{input}} > {{output.first}}; sed -n 2p {{input}} > {{output.second}}"
outputs = { first = "first.txt", second = "second.txt" }

[asset.one]
deps = "split.first"
command = "cp {{input}} {{output}}"
outputs = "one.txt"

[asset.two]
deps = { asset = "split", output = "second" }
command = "cp {{input}} {{output}}"
outputs = "two.txt"

[asset.both]
deps = "split"
command = "cat {{input}} > {{output}}"
outputs = "both.txt"
"#,
    )
    .with(&[("raw.txt", "1\n2\n")]);
    let _ = project.runs(&["split", "one", "two", "both"]);
    assert_eq!(project.read("both.txt"), "1\n2\n");
    project.write("raw.txt", "1\n3\n");
    let ran = project.runs(&["split", "two", "both"]);
    assert_eq!(ran.causes("two"), ["data split"]);
    assert_eq!(project.read("two.txt"), "3\n");
    project.write("raw.txt", "1\n3\nmore\n");
    let _ = project.runs(&["split"]);
}

#[test]
fn the_executable_bit_is_content() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let project = chain();
    let _ = project.runs(&["upper", "head", "report"]);
    set_permissions(project.path("raw.txt"), Permissions::from_mode(0o755)).expect("permissions");
    let _ = project.runs(&["upper"]);
}

#[test]
fn versions_can_be_those_of_the_inputs() {
    let project = Scenario::new(
        r#"
[asset.huge]
deps = "./raw.txt"
command = "date +%s%N > {{output}}; cat {{input}} >> {{output}}"
outputs = "huge.txt"
data_version = "inputs"

[asset.after]
deps = "huge"
command = "cp {{input}} {{output}}"
outputs = "after.txt"
"#,
    )
    .with(&[("raw.txt", "1\n")]);
    let _ = project.runs(&["huge", "after"]);
    project.write("huge.txt", "other bytes are not looked at\n");
    let _ = project.runs(&[]);
    project.write("raw.txt", "2\n");
    let _ = project.runs(&["huge", "after"]);
    project.remove("huge.txt");
    let ran = project.runs(&["huge"]);
    assert_eq!(ran.causes("huge"), ["output huge.txt missing"]);
}
