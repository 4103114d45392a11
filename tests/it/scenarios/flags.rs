//! What a request may ask for: a selection, `--only`, `--force`, and assets with a will of their own.

use assetctl::answer::RunOutcome;
use assetctl::executor::{Cancel, LocalExecutor, Severity};
use assetctl::model::{Force, MaterializeOptions};

use crate::scenario::{Scenario, only, set};

const CHAIN: &str = r#"
[asset.a]
deps = "./raw.txt"
command = "cp {{input}} {{output}}"
outputs = "a.txt"

[asset.b]
deps = "a"
command = "cp {{input}} {{output}}"
outputs = "b.txt"

[asset.c]
deps = "b"
command = "cp {{input}} {{output}}"
outputs = "c.txt"
"#;

fn chain() -> Scenario {
    Scenario::new(CHAIN).with(&[("raw.txt", "1\n")])
}

fn just(words: &[&str]) -> MaterializeOptions {
    MaterializeOptions {
        only: true,
        ..only(words)
    }
}

fn force(words: &[&str]) -> MaterializeOptions {
    MaterializeOptions {
        force: Force::Selected,
        ..only(words)
    }
}

#[test]
fn a_selection_brings_what_it_needs() {
    let project = chain();
    let _ = project.runs_only(&only(&["b"]), &["a", "b"]);
    assert!(!project.holds("c.txt"));
    project.write("raw.txt", "2\n");
    let _ = project.runs_only(&only(&["a"]), &["a"]);
    let _ = project.runs(&["b", "c"]);
    assert_eq!(
        project.refused_only(&only(&["nothing"])),
        ["assetctl::app::unknown_asset"]
    );
    assert_eq!(
        project.refused_only(&only(&["a@x"])),
        ["assetctl::app::not_partitioned"]
    );
    assert_eq!(
        project.refused_only(&only(&["./raw.txt"])),
        ["assetctl::app::source_selected"]
    );
}

#[test]
fn only_reads_upstreams_as_they_are() {
    let project = chain();
    let unreadable = ["assetctl::engine::unreadable_upstream"];
    assert_eq!(project.refused_only(&just(&["b"])), unreadable);
    let _ = project.runs(&["a", "b", "c"]);
    project.write("raw.txt", "2\n");
    let _ = project.runs_only(&just(&["b"]), &[]);
    project.edit("[asset.c]", "[asset.c]\nenv = { X = \"1\" }");
    let _ = project.runs_only(&just(&["c"]), &["c"]);
    project.write("b.txt", "altered\n");
    assert_eq!(project.refused_only(&just(&["c"])), unreadable);
    project.remove("b.txt");
    assert_eq!(project.refused_only(&just(&["c"])), unreadable);
    let _ = project.runs_only(&just(&["b", "c"]), &["b"]);
    assert_eq!(project.read("c.txt"), "1\n");
    let _ = project.runs(&["a", "b", "c"]);
}

#[test]
fn force_runs_the_selection_and_never_what_it_needs() {
    let project = chain();
    let _ = project.runs(&["a", "b", "c"]);
    let ran = project.runs_only(&force(&["b"]), &["b"]);
    assert_eq!(ran.causes("b"), ["forced"]);
    assert!(ran.unchanged().contains("b"));
    project.write("raw.txt", "2\n");
    let ran = project.runs_only(&force(&["b"]), &["a", "b"]);
    assert_eq!(ran.causes("b"), ["data a", "forced"]);
    let forced = MaterializeOptions {
        only: true,
        ..force(&["c"])
    };
    let _ = project.runs_only(&forced, &["c"]);
}

#[test]
fn a_volatile_asset_runs_always_and_its_readers_when_it_changes() {
    let project = Scenario::new(
        r#"
[asset.now]
command = "cat state > {{output}}"
outputs = "now.txt"
volatile = true

[asset.reader]
deps = "now"
command = "cp {{input}} {{output}}"
outputs = "reader.txt"
"#,
    )
    .with(&[("state", "1\n")]);
    project.attempt().ran(&["now", "reader"]).failed(&[]);
    let ran = project.attempt();
    ran.ran(&["now"]).failed(&[]);
    assert_eq!(ran.causes("now"), ["volatile"]);
    project.write("state", "2\n");
    project.attempt().ran(&["now", "reader"]).failed(&[]);
    assert_eq!(project.read("reader.txt"), "2\n");
    assert_eq!(project.status(), ["now fresh", "reader fresh"]);
    project.ask(&just(&["reader"])).ran(&[]);
}

#[test]
fn an_external_asset_is_never_run_and_blocks_until_it_is_recorded() {
    let project = Scenario::new(
        r#"
[asset.elsewhere]
outputs = "elsewhere.txt"

[asset.reader]
deps = "elsewhere"
command = "cp {{input}} {{output}}"
outputs = "reader.txt"
"#,
    )
    .with(&[("elsewhere.txt", "1\n")]);
    let ran = project.attempt();
    ran.ran(&[]).blocked(&["elsewhere", "reader"]);
    assert!(
        ran.obstacle("reader").contains("external"),
        "{}",
        ran.obstacle("reader")
    );
}

#[test]
fn an_altered_output_can_be_kept() {
    let project = chain();
    let _ = project.runs(&["a", "b", "c"]);
    project.write("b.txt", "by hand\n");
    let keep = MaterializeOptions {
        keep_altered: true,
        ..MaterializeOptions::default()
    };
    let ran = project.ask(&keep);
    ran.ran(&[]).failed(&["b"]).blocked(&["c"]);
    assert_eq!(ran.failure("b").code, "assetctl::engine::altered_output");
    assert_eq!(project.read("b.txt"), "by hand\n");
    let _ = project.runs(&["b"]);
}

#[test]
fn an_interrupt_before_the_first_step_starts_nothing() {
    let project = chain();
    let cancel = Cancel::new();
    cancel.interrupt(Severity::Ask);
    let ran = project.ask_with(&MaterializeOptions::default(), &LocalExecutor, &cancel);
    let ran = ran.expect("it can be planned");
    ran.ran(&[]);
    assert_eq!(ran.result().outcome, RunOutcome::Canceled);
    let _ = project.runs(&["a", "b", "c"]);
}

#[test]
fn an_interrupt_ends_what_runs_and_keeps_what_was_done() {
    for staging in [true, false] {
        let project = chain();
        let slow = "echo half > {{output}}; test ! -e gate || cat gate";
        project.edit("cp {{input}} {{output}}\"\noutputs = \"b.txt\"", &format!("{slow}; cp {{{{input}}}} {{{{output}}}}\"\nstaging = {staging}\noutputs = \"b.txt\""));
        let _ = project.runs(&["a", "b", "c"]);
        project.write("raw.txt", "2\n");
        let gate = project.path("gate");
        let made = std::process::Command::new("mkfifo").arg(&gate).status();
        assert!(made.expect("mkfifo can be run").success());
        let cancel = Cancel::new();
        let ran = std::thread::scope(|scope| {
            scope.spawn(|| {
                // Opening waits until the command opens the other end, so it runs by then.
                let _ = std::fs::File::options().write(true).open(&gate);
                cancel.interrupt(Severity::Ask);
            });
            project.ask_with(&MaterializeOptions::default(), &LocalExecutor, &cancel)
        });
        let ran = ran.expect("it can be planned");
        ran.ran(&["a", "b"]).failed(&[]).blocked(&[]);
        assert_eq!(ran.result().outcome, RunOutcome::Canceled);
        assert_eq!(ran.finished(), set(&["a"]));
        assert_eq!(project.read("b.txt"), "1\n", "staging = {staging}");
        project.remove("gate");
        let _ = project.runs(&["b", "c"]);
        assert_eq!(project.read("c.txt"), "2\n");
    }
}

#[test]
fn a_run_with_nothing_to_do_changes_no_file() {
    let project = chain();
    let _ = project.runs(&["a", "b", "c"]);
    let instance = |project: &Scenario| -> Vec<_> {
        let files = project.own_files().into_iter();
        files
            .filter(|(path, _)| path.extension().is_none_or(|it| it != "cache"))
            .collect()
    };
    let before = instance(&project);
    assert!(before.len() > 1, "{before:?}");
    let _ = project.runs(&[]);
    assert!(
        before == instance(&project),
        "nothing but caches is written"
    );
}
