//! What a run tells and stores. Each scenario besides looks that the instance holds the events as they were told.

use std::collections::HashMap;
use std::fs;

use assetctl::answer::{EventKind, Level, RunOutcome};
use assetctl::app;
use assetctl::app::OpenProject;
use assetctl::model::{AcceptRequest, MaterializeOptions, RunStatus, SelectionText};
use assetctl::store::{Access, Store};
use assetctl::sys::clock::FixedClock;

use crate::scenario::{Scenario, only};

const CHAIN: &str = r#"
[partitions.day]
type = "static"
keys = ["d1", "d2", "d3"]

[source.raw]
path = "raw/{{partition}}.csv"
partitions = "day"

[asset.clean]
partitions = "day"
deps = "raw"
command = "sort {{input}} > {{output}}"
outputs = "build/{{partition}}.csv"

[asset.all]
deps = "clean"
command = "cat {{input}} > {{output}}"
outputs = "build/all.csv"
"#;

fn chain() -> Scenario {
    let raw = [
        ("raw/d1.csv", "b\na\n"),
        ("raw/d2.csv", "c\n"),
        ("raw/d3.csv", "d\n"),
    ];
    Scenario::new(CHAIN).with(&raw)
}

#[test]
fn a_step_starts_after_what_it_reads_has_finished() {
    let ran = chain().runs(&["clean@d1", "clean@d2", "clean@d3", "all"]);
    let places: HashMap<(String, String), usize> = ran
        .events()
        .iter()
        .enumerate()
        .filter_map(|(place, event)| {
            let step = event.kind.step()?.to_string();
            Some(((event.kind.word().to_owned(), step), place))
        })
        .collect();
    let place = |word: &str, step: &str| places[&(word.to_owned(), step.to_owned())];
    for day in ["clean@d1", "clean@d2", "clean@d3"] {
        assert!(place("step_finished", day) < place("step_started", "all"));
    }
    let started = &ran.events()[place("step_started", "all")].kind;
    let EventKind::StepStarted { pid, inputs, .. } = started else {
        panic!("{started:?}")
    };
    assert!(pid.is_some());
    let [input] = inputs.as_slice() else {
        panic!("one range: {inputs:?}")
    };
    let ends = [&input.first, &input.last].map(|key| key.as_ref().map(ToString::to_string));
    assert_eq!(ends, [Some("d1".to_owned()), Some("d3".to_owned())]);
    assert_eq!(
        (&*input.input, input.count, input.data_version),
        ("clean", 3, None)
    );
    let finished = &ran.events()[place("step_finished", "all")].kind;
    let EventKind::StepFinished { outputs, usage, .. } = finished else {
        panic!("{finished:?}")
    };
    assert_eq!((&*outputs[0].path, outputs[0].bytes), ("build/all.csv", 8));
    assert!(usage.cpu_ms.is_some());
}

#[test]
fn what_the_plan_finds_fresh_is_told_in_ranges() {
    let project = chain();
    let _ = project.runs(&["clean@d1", "clean@d2", "clean@d3", "all"]);
    project.write("raw/d3.csv", "e\n");
    let ran = project.runs(&["clean@d3", "all"]);
    let EventKind::RunPlanned(planned) = &ran.events()[1].kind else {
        panic!("{:?}", ran.events()[1])
    };
    let fresh: Vec<_> = planned.fresh.iter().map(ToString::to_string).collect();
    assert_eq!(fresh, ["clean@d1...d2"]);
    let counts = planned.counts;
    assert_eq!((counts.run, counts.may_run, counts.fresh), (1, 1, 2));
    let of_fresh = ran
        .events()
        .iter()
        .filter(|it| it.kind.word() == "step_fresh");
    assert_eq!(of_fresh.count(), 0);
}

#[test]
fn a_run_in_which_everything_is_blocked_has_failed() {
    let project = chain();
    fs::remove_dir_all(project.path("raw")).expect("removed");
    let ran = project.attempt();
    let words: Vec<_> = ran.events().iter().map(|it| it.kind.word()).collect();
    let blocked = ["step_blocked"; 4];
    assert_eq!(words[2..6], blocked);
    assert_eq!(words.len(), 7);
    let last = &ran.events()[6];
    assert_eq!(last.kind.level(), Level::Error);
    let outcome = RunOutcome::Failed;
    assert!(matches!(&last.kind, EventKind::RunFinished { outcome: it, .. } if *it == outcome));
    let store = Store::open(&project.path(".assetctl"), Access::Read);
    let runs = store.expect("an instance").store.runs(9).expect("readable");
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (runs[0].status, runs[0].counts.blocked),
        (RunStatus::Failure, 4)
    );
}

/// Days from the year 1945 on.
const MANY: &str = r#"
[partitions.day]
type = "daily"
start = "1945-01-01"
end = "1974-01-01"

[source.raw]
path = "raw.csv"

[asset.many]
partitions = "day"
command = ["make", "{{partition}}"]
outputs = "many/{{partition}}"

[asset.one]
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "one.csv"
"#;

#[test]
fn partitions_that_are_fresh_store_no_row_each() {
    let project = Scenario::new(MANY).with(&[("raw.csv", "1\n")]);
    let surroundings = project.surroundings();
    let opened = OpenProject::open(&surroundings).expect("a project");
    let many = opened.graph().find("many").expect("declared");
    let keys = opened.keys().get(opened.graph().partitions(many));
    let many = keys.range().len();
    assert!(many > 10_000);
    fs::create_dir(project.path("many")).expect("a folder");
    for index in keys.range() {
        let key = keys.key(index).expect("a key");
        fs::write(project.path(&format!("many/{key}")), "1").expect("written");
    }
    let request = AcceptRequest {
        selection: SelectionText::from("many").into(),
        dry_run: false,
    };
    let clock = FixedClock(opened.now());
    app::accept(&opened, &request, &clock).expect("accepted");
    let ran = project.ask(&MaterializeOptions::default());
    ran.ran(&["one"]);
    assert_eq!(ran.events().len(), 6, "{:#?}", ran.events());
    let EventKind::RunPlanned(planned) = &ran.events()[1].kind else {
        panic!("{:?}", ran.events()[1])
    };
    assert_eq!(planned.counts.fresh as usize, many);
    assert_eq!(planned.fresh.len(), 1);
    let _ = project.runs_only(&only(&["one"]), &[]);
}
