//! `--steps`: exactly the selected steps of a plan run, and what they need is read as it is.

use assetctl::model::{Force, MaterializeOptions};

use crate::sandbox::Sandbox;
use crate::scenario::{Scenario, only, set};

/// `raw → day (3 keys) → sum → left, right → end`.
const MANIFEST: &str = r#"
[partitions.key]
type = "static"
keys = ["a", "b", "x+"]

[source.raw]
path = "raw.txt"

[asset.day]
partitions = "key"
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "day/{{partition}}"

[asset.sum]
deps = "day"
command = "cat {{input}} > {{output}}"
outputs = "sum"

[asset.left]
deps = "sum"
command = "cat {{input}} > {{output}}"
outputs = "left"

[asset.right]
deps = "sum"
command = "cat {{input}} > {{output}}"
outputs = "right"

[asset.end]
deps = ["left", "right"]
command = "cat {{input.left}} {{input.right}} > {{output}}"
outputs = "end"
"#;

const ALL: [&str; 7] = ["day@a", "day@b", "day@x+", "sum", "left", "right", "end"];

fn project() -> Scenario {
    Scenario::new(MANIFEST).with(&[("raw.txt", "1\n")])
}

fn steps(words: &[&str], clauses: &[&str]) -> MaterializeOptions {
    MaterializeOptions {
        steps: clauses.iter().map(|clause| (*clause).to_owned()).collect(),
        ..only(words)
    }
}

#[test]
fn each_clause_runs_exactly_its_steps() {
    for (clauses, expected) in [
        (&["*"][..], &ALL[..]),
        (&["day"], &["day@a", "day@b", "day@x+"]),
        (&["day@b"], &["day@b"]),
        (&["day@x+"], &["day@x+"]),
        (&["day@a", " day@b "], &["day@a", "day@b"]),
        (&["*sum"], &["day@a", "day@b", "day@x+", "sum"]),
        (&["*left"], &["day@a", "day@b", "day@x+", "sum", "left"]),
        (&["day*"], &ALL),
        (&["*end"], &ALL),
        (&["day", "day+"], &["day@a", "day@b", "day@x+", "sum"]),
        (
            &["day", "day@x+++"],
            &["day@a", "day@b", "day@x+", "sum", "left", "right"],
        ),
        (&["++left", "*+right"], &ALL[..6]),
    ] {
        let _ = project().runs_only(&steps(&[], clauses), expected);
    }
}

#[test]
fn what_is_not_selected_is_read_as_it_is() {
    let project = project();
    assert_eq!(
        project.refused_only(&steps(&[], &["sum"])),
        vec!["assetctl::engine::unreadable_upstream"; 3],
        "nothing is stored of what it reads"
    );
    let _ = project.runs(&ALL);
    project.write("raw.txt", "2\n");
    let _ = project.runs_only(&steps(&[], &["sum*"]), &[]);
    let _ = project.runs_only(&steps(&[], &["day@a"]), &["day@a"]);
    let _ = project.runs_only(&steps(&[], &["sum+"]), &["sum", "left", "right"]);
    assert_eq!(project.read("left"), "2\n1\n1\n");
    assert_eq!(project.read("end").lines().count(), 6);
    assert_eq!(
        project.plan(&steps(&[], &["day"])),
        set(&["day@b", "day@x+"]),
        "a step that is fresh is selected and has nothing to do"
    );
    let _ = project.runs(&["day@b", "day@x+", "sum", "left", "right", "end"]);
}

#[test]
fn steps_are_those_of_the_selection() {
    let project = project();
    let _ = project.runs_only(&steps(&["sum"], &["*"]), &ALL[..4]);
    assert_eq!(
        project.refused_only(&steps(&["sum"], &["left"])),
        ["assetctl::app::no_step"]
    );
    let just = MaterializeOptions {
        only: true,
        ..steps(&["sum", "left"], &["*left"])
    };
    let _ = project.runs_only(&just, &["left"]);
    let of_given = MaterializeOptions {
        steps: vec!["day@a".to_owned()],
        ..just
    };
    assert_eq!(
        project.refused_only(&of_given),
        ["assetctl::app::no_step"],
        "what is only read is no step"
    );
    let _ = project.runs_only(&steps(&["end"], &["+end"]), &["right", "end"]);
}

#[test]
fn force_runs_the_selected_steps_and_no_other() {
    let project = project();
    let _ = project.runs(&ALL);
    let forced = MaterializeOptions {
        force: Force::Selected,
        ..steps(&[], &["day@b", "left+"])
    };
    let ran = project.runs_only(&forced, &["day@b", "left", "end"]);
    assert_eq!(ran.causes("left"), ["forced"]);
}

#[test]
fn a_run_of_some_steps_never_stands_for_one_of_all() {
    let project = project();
    let _ = project.runs(&ALL);
    let some = steps(&[], &["left"]);
    project.write("raw.txt", "2\n");
    for _ in 0..3 {
        project.ask(&some).ran(&[]).failed(&[]);
    }
    let _ = project.runs(&ALL);
}

#[test]
fn clauses_that_select_nothing_are_told_together_and_nothing_runs() {
    let project = project();
    let wrong = ["lefd", "raw", "day@c", "left@a", "*+", "sum", "", "+*sum"];
    assert_eq!(
        project.refused_only(&steps(&[], &wrong)),
        ["assetctl::app::no_step"; 7]
    );
    assert!(!project.holds("day/a"));
}

#[test]
fn steps_of_events_are_taken_as_they_are_told() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.txt", "1\n");
    let stdout = |words: &[&str]| sandbox.run(words).exits(0).stdout().to_owned();
    let ran = |said: &str| -> Vec<String> {
        let events = said.lines().map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            event
        });
        let started = events.filter(|event| event["type"] == "step_started");
        let named = started.map(|event| event["step"].as_str().expect("a name").to_owned());
        named.collect()
    };
    let mut all = ran(&stdout(&["materialize", "--json"]));
    all.sort_unstable();
    let mut expected: Vec<_> = ALL.map(str::to_owned).to_vec();
    expected.sort_unstable();
    assert_eq!(all, expected);
    for step in &all {
        let words = ["materialize", "--json", "--force", "--steps", step];
        assert_eq!(ran(&stdout(&words)), [step.as_str()]);
    }
    let words = ["plan", "--json", "--force", "--steps", "day@x++"];
    let plan: serde_json::Value = serde_json::from_str(&stdout(&words)).expect("JSON");
    assert_eq!(plan["counts"]["run"], 2, "{plan}");
    let refused = ["materialize", "--steps", "lefd", "--steps", "raw"];
    let outcome = sandbox.run(&refused).exits(2);
    let said = outcome.stderr();
    for part in [
        "`lefd` selects no step",
        "did you mean `left`",
        "is a source",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
    assert_eq!(
        stdout(&["materialize", "--dry-run", "--steps", "left"]),
        stdout(&["plan", "--steps", "left"])
    );
}
