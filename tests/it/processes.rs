//! Several processes on one project, and signals to one: what waits, what ends, and what stays recorded.
//!
//! Commands tell what they do in files beside the project. A command that is to go on until the test says so is `held`:
//! it waits for the file `go`.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{Sandbox, await_that};

/// Two quick steps around a held one.
const HELD: &str = r#"
[asset.first]
command = "echo first >> ../did; echo 1 > {{output}}"
outputs = "build/first"

[asset.held]
deps = "first"
command = """
trap 'echo asked >> ../did; exit 1' TERM
echo begun >> ../did
while [ ! -e ../go ]; do sleep 0.01; done
echo ended >> ../did
cp {{input}} {{output}}
"""
outputs = "build/held"

[asset.last]
deps = "held"
command = "echo last >> ../did; echo copying; cp {{input}} {{output}}"
outputs = "build/last"
"#;

/// A project whose command is held from the moment that it has begun.
fn held() -> Sandbox {
    Sandbox::new().with_file("Assets.toml", HELD)
}

/// What the commands told.
fn did(sandbox: &Sandbox) -> Vec<String> {
    let told = fs::read_to_string(sandbox.path("../did")).unwrap_or_default();
    told.lines().map(str::to_owned).collect()
}

fn await_words(sandbox: &Sandbox, words: &[&str]) {
    await_that(&format!("{words:?}"), || did(sandbox) == words);
}

/// Waits until the first step is recorded and the second is held.
fn await_held(sandbox: &Sandbox) {
    await_words(sandbox, &["first", "begun"]);
    await_that("the record of the first step", || {
        let status = sandbox.run(&["status", "first", "--json"]).success();
        status.stdout().contains(r#""fresh":1"#)
    });
}

/// The runs that live, by the files that they hold.
fn runs(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path(".assetctl/runs")).into_iter();
    let entries = entries.flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).collect()
}

/// The events of one type that a run has told.
fn events(stdout: &str, kind: &str) -> Vec<Value> {
    let events = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    events
        .filter(|event: &Value| event["type"] == kind)
        .collect()
}

#[test]
fn the_second_of_two_processes_takes_what_the_first_has_made() {
    let sandbox = held();
    let first = sandbox.start(&["materialize", "--json"]);
    await_held(&sandbox);
    let second = sandbox.start(&["materialize", "--json"]);
    await_that("two runs", || runs(&sandbox).len() == 2);
    sandbox.write("../go", "");
    first.wait().success().ran(&["first", "held", "last"]);
    let second = second.wait().success();
    // Whichever of the two comes first to the last step makes it; the other one takes it as it is.
    assert_eq!(did(&sandbox), ["first", "begun", "ended", "last"]);
    let waiting = events(second.stdout(), "step_waiting");
    assert_eq!(waiting[0]["step"], "held", "{waiting:?}");
    assert!(
        waiting[0]["holder"]
            .as_str()
            .is_some_and(|it| it.starts_with("run "))
    );
    sandbox.materialize(&[]).success().ran_nothing();
}

#[test]
fn status_says_what_runs_work_on() {
    let sandbox = held();
    let none = sandbox.run(&["list", "status:running", "--json"]).success();
    assert!(!none.stdout().contains("held"), "{}", none.stdout());
    let first = sandbox.start(&["materialize"]);
    await_held(&sandbox);
    let running = |arguments: &[&str], missing: u64| {
        let status = sandbox.run(&[&["status", "--json"], arguments].concat());
        let status: Value = serde_json::from_str(status.success().stdout()).expect("JSON");
        let assets = status["assets"].as_array().expect("assets").clone();
        let mut running = assets
            .into_iter()
            .filter(|asset| !asset["running"].is_null());
        let held = running.next().expect("an asset that is made");
        assert_eq!(running.next(), None);
        assert_eq!(
            (&held["key"], held["counts"]["missing"].as_u64()),
            (&"held".into(), Some(missing)),
            "it keeps its status"
        );
        held["running"].clone()
    };
    let own = running(&[], 1);
    assert_eq!(own[0]["partition"], Value::Null);
    assert_eq!(own[0]["pid"], first.id());
    assert!(own[0]["since"].is_string() && own[0]["run"].is_string());
    assert_eq!(running(&["--recorded"], 1), own);
    // Another instance knows by the locks that lie with the project.
    let other = running(&["--home", "../other"], 1);
    assert_eq!(
        (&other[0]["run"], &other[0]["pid"]),
        (&own[0]["run"], &own[0]["pid"])
    );
    assert_eq!(other[0]["since"], Value::Null);
    let text = sandbox.run(&["status"]).success();
    let said = format!(
        "running (process {}, began just now, run {}",
        first.id(),
        own[0]["run"].as_str().expect("a run")
    );
    assert!(text.stdout().contains(&said), "{}", text.stdout());
    assert!(text.stdout().contains(", 1 running."), "{}", text.stdout());
    let listed = sandbox.run(&["list", "status:running", "--json"]).success();
    let listed: Value = serde_json::from_str(listed.stdout()).expect("JSON");
    let keys = listed["assets"].as_array().expect("assets").iter();
    assert_eq!(keys.map(|it| &it["key"]).collect::<Vec<_>>(), ["held"]);
    sandbox.write("../go", "");
    first.wait().success();
    let after = sandbox.run(&["status", "--json"]).success();
    assert!(!after.stdout().contains("running"), "{}", after.stdout());
}

#[test]
fn whoever_does_not_want_to_wait_is_told_who_holds_the_step() {
    let sandbox = held();
    let first = sandbox.start(&["materialize"]);
    await_held(&sandbox);
    let second = sandbox.run(&["materialize", "--no-wait"]).exits(3);
    let _redacted = sandbox.redact();
    insta::assert_snapshot!(second.said());
    sandbox.run(&["status"]).success();
    sandbox.write("../go", "");
    first.wait().success();
}

#[test]
fn what_a_run_works_on_is_neither_accepted_nor_wiped() {
    let sandbox = held();
    sandbox.write("../go", "");
    sandbox.run(&["materialize"]).success();
    for home in [&[][..], &["--home", "../other"]] {
        fs::remove_file(sandbox.path("../go")).expect("it is there");
        fs::remove_file(sandbox.path("../did")).expect("it is there");
        let run = sandbox.start(&["materialize", "--json", "--only", "held", "--force"]);
        await_words(&sandbox, &["begun"]);
        let outputs = sandbox.read("build/held");
        for words in [
            &["wipe", "held", "--yes"][..],
            &["wipe", "--outputs", "*", "--yes"],
            &["accept", "held"],
        ] {
            if home.is_empty() && words[0] == "accept" {
                // It is fresh there: nothing is to be accepted.
                continue;
            }
            let refused = sandbox.run(&[words, home].concat()).exits(3);
            let said = refused.stderr();
            assert!(
                said.contains("held is being run by another process: run "),
                "{said}"
            );
        }
        assert_eq!(sandbox.read("build/held"), outputs);
        let first = ["wipe", "first", "--yes", "--dry-run"];
        sandbox.run(&first).success();
        sandbox.write("../go", "");
        run.wait().success().ran(&["held"]);
    }
    let wiped = ["wipe", "held", "--yes", "--home", "../other"];
    sandbox.run(&wiped).success();
    let accepted = ["accept", "held", "--home", "../other"];
    sandbox.run(&accepted).success();
}

#[test]
fn a_signal_asks_commands_to_end_and_keeps_what_has_finished() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let sandbox = held();
        let run = sandbox.start(&["materialize", "--json"]);
        await_held(&sandbox);
        run.signal(signal);
        let run = run.wait().exits(code);
        assert_eq!(did(&sandbox), ["first", "begun", "asked"], "{signal:?}");
        let outcomes: Vec<_> = events(run.stdout(), "step_finished")
            .into_iter()
            .map(|event| event["outcome"].clone())
            .collect();
        assert_eq!(outcomes, ["materialized", "canceled"], "{signal:?}");
        let canceled = &events(run.stdout(), "run_canceled")[0];
        let by = ["SIGINT", "SIGTERM", "SIGHUP"];
        assert!(
            by.contains(&canceled["by"].as_str().expect("a name")),
            "{canceled}"
        );
        let ended = &events(run.stdout(), "step_finished")[1];
        let seq = |event: &Value| event["seq"].as_u64();
        assert!(seq(canceled) < seq(ended), "{canceled} {ended}");
        let finished = &events(run.stdout(), "run_finished")[0];
        assert_eq!(finished["outcome"], "canceled");
        assert_eq!(finished["counts"]["canceled"], 2, "{signal:?}: {finished}");
        sandbox.write("../go", "");
        sandbox.materialize(&[]).success().ran(&["held", "last"]);
    }
}

#[test]
fn a_second_signal_kills_what_does_not_want_to_end() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        r#"
[asset.deaf]
command = "trap '' TERM; echo begun >> ../did; while :; do sleep 0.01; done; echo > {{output}}"
outputs = "build/deaf"
"#,
    );
    let assetctl = env!("CARGO_BIN_EXE_assetctl");
    let script = format!("exec {assetctl} materialize --json > ../told");
    let run = sandbox.start_command(&["sh", "-c", &script]);
    await_words(&sandbox, &["begun"]);
    run.signal(Signal::INT);
    await_that("that the run is canceled while the command goes on", || {
        sandbox.read("../told").contains("run_canceled")
    });
    await_that("its end", || {
        run.signal(Signal::INT);
        runs(&sandbox).is_empty()
    });
    run.wait().exits(130);
}

#[test]
fn commands_that_outlive_their_process_keep_its_run_alive() {
    let sandbox = held();
    let first = sandbox.start(&["materialize"]);
    await_held(&sandbox);
    first.signal(Signal::KILL);
    assert!(first.was_killed());
    let second = sandbox.run(&["materialize", "--no-wait"]).exits(3);
    assert!(
        second.stderr().contains("held is being run"),
        "{}",
        second.said()
    );
    let third = sandbox.start(&["materialize", "--json"]);
    await_that("two runs", || runs(&sandbox).len() == 2);
    sandbox.write("../go", "");
    third.wait().success().ran(&["held", "last"]);
    assert_eq!(
        did(&sandbox),
        ["first", "begun", "ended", "begun", "ended", "last"]
    );
    assert!(runs(&sandbox).is_empty());
}

#[test]
fn a_step_may_ask_but_not_materialize() {
    let sandbox = Sandbox::new()
        .with_env("BINARY", env!("CARGO_BIN_EXE_assetctl"))
        .with_file(
            "Assets.toml",
            r#"
[asset.nested]
command = """
code=0; $BINARY materialize other || code=$?
echo $code > ../code
$BINARY status > {{output}}
"""
outputs = "build/nested"

[asset.other]
command = "echo > {{output}}"
outputs = "build/other"
"#,
        );
    sandbox.run(&["materialize", "nested"]).success();
    assert_eq!(sandbox.read("../code"), "2\n");
    assert!(sandbox.read("build/nested").contains("other"));
    assert!(!sandbox.path("build/other").exists());
    let _redacted = sandbox.redact();
    insta::assert_snapshot!(sandbox.run(&["logs", "nested", "-q"]).success().said());
}

/// The log of a running step grows until the step ends; that of a step that does not run is shown as it is.
#[test]
fn a_log_is_followed_until_its_step_ends() {
    let sandbox = Sandbox::new()
        .with_env("BINARY", env!("CARGO_BIN_EXE_assetctl"))
        .with_file(
            "Assets.toml",
            r#"
[asset.talks]
command = """
echo one
until [ -e ../shown ]; do sleep 0.01; done
printf 'two, and no end of a line'
echo > {{output}}
"""
outputs = "talks"
"#,
        );
    let run = sandbox.start(&["materialize"]);
    await_that("a log", || {
        let logs = sandbox.run(&["logs", "talks", "-q"]);
        logs.exits_with_one_of(&[0, 2]).stdout() == "one\n"
    });
    let followed = sandbox.project().with_file_name("followed");
    let follow = format!("$BINARY logs talks -f > {}", followed.display());
    let following = sandbox.start_command(&["sh", "-c", &follow]);
    let shown = || fs::read_to_string(&followed).unwrap_or_default();
    await_that("the first line", || shown().contains("\none\n"));
    assert!(shown().starts_with("talks running, "));
    sandbox.write("../shown", "");
    run.wait().success();
    following.wait().success();
    assert!(
        shown().ends_with("\none\ntwo, and no end of a line\n"),
        "{}",
        shown()
    );

    let said = sandbox.run(&["logs", "talks", "--follow"]).success();
    assert!(said.stdout().starts_with("talks materialized in "));
    let said = sandbox.run(&["logs", "talks", "-f", "--json"]).success();
    assert!(said.stdout().contains("one\\ntwo, and"));
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let sandbox = held();
    sandbox.write("../go", "");
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["materialize", "--json"],
        &["status"],
        &["graph", "--format", "dot"],
        &["logs", "last"],
        &["help"],
        &["completions", "bash"],
        &["man"],
    ] {
        let outcome = sandbox.start_unheard(arguments).wait().success();
        assert_eq!(outcome.stderr(), "", "{arguments:?}");
    }
    sandbox.materialize(&[]).success().ran_nothing();
}

/// One held step.
const ONE: &str = r#"
[asset.held]
command = """
echo begun >> ../did
echo half > {{output}}
while [ ! -e ../go ]; do sleep 0.01; done
echo ended >> ../did
echo 1 > {{output}}
"""
outputs = "build/held"
"#;

/// The runs that work in the project, in whatever instance.
fn working(sandbox: &Sandbox) -> usize {
    let entries = fs::read_dir(sandbox.path(".assetctl/locks/@runs")).into_iter();
    entries.flatten().count()
}

#[test]
fn two_instances_do_not_make_one_step_at_once() {
    let sandbox = Sandbox::new().with_file("Assets.toml", ONE);
    let first = sandbox.start(&["materialize", "--home", "../a"]);
    await_words(&sandbox, &["begun"]);
    let refused = sandbox
        .run(&["materialize", "--home", "../b", "--no-wait"])
        .exits(3);
    assert!(
        refused.stderr().contains(" of another"),
        "{}",
        refused.said()
    );
    let second = sandbox.start(&["materialize", "--home", "../b", "--json"]);
    await_that("two runs", || working(&sandbox) == 2);
    sandbox.write("../go", "");
    first.wait().success();
    let second = second.wait().success();
    assert_eq!(did(&sandbox), ["begun", "ended", "begun", "ended"]);
    assert_eq!(events(second.stdout(), "step_waiting").len(), 1);
    for home in ["../a", "../b"] {
        sandbox.run(&["materialize", "--home", home]).success();
    }
    assert_eq!(did(&sandbox).len(), 4);
    assert_eq!(working(&sandbox), 0);
}

#[test]
fn a_command_whose_process_was_killed_is_named_to_who_waits_for_it() {
    let sandbox = Sandbox::new().with_file("Assets.toml", ONE);
    let first = sandbox.start(&["materialize", "--home", "../a"]);
    await_words(&sandbox, &["begun"]);
    first.signal(Signal::KILL);
    assert!(first.was_killed());
    for home in ["../a", "../b"] {
        let refused = sandbox
            .run(&["materialize", "--home", home, "--no-wait"])
            .exits(3);
        if cfg!(target_os = "linux") {
            assert!(
                refused.stderr().contains("of process group "),
                "{}",
                refused.said()
            );
        }
    }
    let second = sandbox.start(&["materialize", "--home", "../b"]);
    sandbox.write("../go", "");
    second.wait().success();
    assert_eq!(did(&sandbox), ["begun", "ended", "begun", "ended"]);
}

/// A command that leaves a process behind which holds nothing of its run: `HOW` starts it.
#[cfg(target_os = "linux")]
const LEAKY: &str = r#"
[asset.leaky]
command = ["bash", "-c", """
if [ -e ../go ]; then echo 1 > $0; exit $(cat ../go); fi
HOW bash -c 'for fd in $(seq 0 63); do eval "exec $fd>&-"; done
    echo $$ > ../left; while :; do sleep 0.01; done' &
while [ ! -s ../left ]; do sleep 0.01; done
echo half > $0
echo $$ > ../leader
while :; do sleep 0.01; done
""", "{{output}}"]
outputs = "build/leaky"
"#;

#[cfg(target_os = "linux")]
#[test]
fn whoever_takes_over_from_a_dead_run_ends_what_lives_of_its_step() {
    // In the group, but without a trace of the run; out of the group, but with its variables.
    for how in ["env -i PATH=$PATH", "setsid"] {
        for home in ["../a", "../b"] {
            let manifest = LEAKY.replace("HOW", how);
            let sandbox = Sandbox::new().with_file("Assets.toml", &manifest);
            let first = sandbox.start(&["materialize", "--home", "../a"]);
            let written =
                |path: &str| fs::metadata(sandbox.path(path)).is_ok_and(|it| it.len() > 0);
            await_that("the leader", || written("../leader"));
            first.signal(Signal::KILL);
            assert!(first.was_killed());
            let kill = "kill -9 $(cat ../leader)";
            sandbox.run_command(&["sh", "-c", kill]).success();
            let alive = "kill -0 $(cat ../left)";
            sandbox.run_command(&["sh", "-c", alive]).success();

            sandbox.write("../go", "3");
            sandbox.run(&["materialize", "--home", home]).exits(1);
            // Where nobody collects what has ended, it is still listed, as a zombie.
            let gone = "case $(ps -o stat= -p $(cat ../left)) in ''|Z*) ;; *) exit 1 ;; esac";
            sandbox.run_command(&["sh", "-c", gone]).success();
            let left = ".assetctl/left/leaky/build/leaky";
            assert_eq!(sandbox.read(left), "half\n", "{how} {home}");
            sandbox.write("../go", "0");
            sandbox.run(&["materialize", "--home", home]).success();
            assert!(!sandbox.path(".assetctl/left").exists(), "{how} {home}");
        }
    }
}

#[test]
fn the_first_signal_is_acknowledged() {
    let sandbox = held();
    let run = sandbox.start(&["materialize"]);
    await_held(&sandbox);
    run.signal(Signal::INT);
    let run = run.wait().exits(130);
    let said = run.stderr();
    assert!(said.contains("1 running step asked to end"), "{said}");
    assert!(said.contains("2 not run"), "{said}");
}

#[test]
fn signals_that_the_caller_ignores_stay_ignored_in_commands_too() {
    let sandbox = Sandbox::new()
        .with_env("BINARY", env!("CARGO_BIN_EXE_assetctl"))
        .with_file(
            "Assets.toml",
            r#"
[asset.deaf]
command = "kill -HUP $$; echo begun >> ../did; while [ ! -e ../go ]; do sleep 0.01; done; echo > {{output}}"
outputs = "build/deaf"
"#,
        );
    let script = "trap '' HUP; exec $BINARY materialize";
    let run = sandbox.start_command(&["sh", "-c", script]);
    await_words(&sandbox, &["begun"]);
    run.signal(Signal::HUP);
    sandbox.write("../go", "");
    run.wait().success();
}

#[test]
fn two_signals_end_a_run_that_hashes() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        r#"
[asset.large]
command = "truncate -s 1T {{output}}; echo begun >> ../did"
outputs = "build/large"
"#,
    );
    let run = sandbox.start(&["materialize"]);
    await_words(&sandbox, &["begun"]);
    // Two of one kind that come at once may be one.
    run.signal(Signal::INT);
    run.signal(Signal::TERM);
    run.wait().exits(130);
    assert!(!sandbox.path("build/large").exists());
}

#[test]
fn a_file_past_the_limit_of_its_size_is_an_error() {
    let sandbox = Sandbox::new()
        .with_env("BINARY", env!("CARGO_BIN_EXE_assetctl"))
        .with_file("Assets.toml", ONE);
    sandbox.write("../go", "");
    let script = "ulimit -f 8; exec $BINARY materialize";
    let run = sandbox.run_command(&["sh", "-c", script]).exits(3);
    assert!(run.stderr().contains("ulimit -f"), "{}", run.said());
    sandbox.run(&["materialize"]).success();
}
