//! Steps that are tried again: by which policy, what is recorded and shown of each attempt, what a wait holds.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Outcome, Sandbox, await_that};

fn project(manifest: &str) -> Sandbox {
    let manifest = format!("[project]\nshell = [\"sh\", \"-euc\"]\n{manifest}");
    Sandbox::new().with_file("Assets.toml", &manifest)
}

/// An asset that fails at its first `fails` attempts with this exit code.
fn flaky(name: &str, fails: u32, exit: i32, more: &str) -> String {
    format!(
        "[asset.{name}]\ncommand = \"echo {name} $ASSETCTL_ATTEMPT; echo {name} >> trace; \
         [ $ASSETCTL_ATTEMPT -ge {fails} ] || exit {exit}; echo x > {{{{output}}}}\"\noutputs = \"{name}.txt\"\n{more}\n"
    )
}

fn events(outcome: &Outcome) -> Vec<Value> {
    let lines = outcome.stdout().lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn of_type<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|it| it["type"] == kind).collect()
}

fn runs(project: &Sandbox, name: &str) -> usize {
    let trace = fs::read_to_string(project.path("trace")).unwrap_or_default();
    trace.lines().filter(|line| *line == name).count()
}

#[test]
fn each_attempt_is_told_and_recorded_with_its_log() {
    let retries = "retries = { max = 3, delay = \"20ms\", backoff = \"linear\" }";
    let project = project(&flaky("a", 2, 3, retries));
    let run = project.run(&["materialize", "--json"]).success();
    let events = events(&run);
    let tries = of_type(&events, "step_up_for_retry");
    assert_eq!(tries.len(), 2);
    for (number, tried) in tries.iter().enumerate() {
        assert_eq!(
            (&tried["attempt"], &tried["exit"]),
            (&json!(number), &json!(3))
        );
        assert_eq!(
            (&tried["max_attempts"], &tried["level"]),
            (&json!(4), &json!("warn"))
        );
        assert_eq!(tried["delay_ms"], json!(20 * (number + 1)));
        assert_eq!(tried["reason"], "exit code 3");
        let log = tried["log"].as_str().expect("it printed");
        let log = fs::read_to_string(project.path(log)).expect("the log is kept");
        assert_eq!(log, format!("a {number}\n"));
    }
    let finished = of_type(&events, "step_finished");
    assert_eq!((finished.len(), &finished[0]["attempt"]), (1, &json!(2)));
    assert_eq!(of_type(&events, "step_started").len(), 1);
    let restarted = of_type(&events, "step_restarted");
    assert!(restarted.iter().all(|it| it["pid"].is_u64()));
    assert_eq!(restarted.len(), 2);
    // Nothing has failed in the end.
    let history = project
        .run(&["history", "a", "--failed", "--json"])
        .success();
    assert!(history.stdout().contains("\"materializations\":[]"));
    let shown = project.run(&["runs", "show", "last", "--json"]).success();
    let shown: Value = serde_json::from_str(shown.stdout()).expect("JSON");
    let attempts = shown["runs"][0]["steps"][0]["attempts"]
        .as_array()
        .expect("a list");
    let outcomes: Vec<_> = attempts.iter().map(|it| it["outcome"].as_str()).collect();
    assert_eq!(
        outcomes,
        [Some("failed"), Some("failed"), Some("materialized")]
    );
    assert_eq!(attempts[1]["exit"], json!(3));
    let logs = project.run(&["runs", "logs", "last", "-q"]).success();
    assert_eq!(logs.stdout(), "a 0\na 1\na 2\n");
    let trace = project.run(&["runs", "trace", "last"]).success();
    assert_eq!(trace.stdout().matches("\"ph\":\"X\"").count(), 3);
    for (words, printed) in [
        (&["logs", "a", "-q"][..], "a 2\n"),
        (&["logs", "a", "-q", "--attempt", "1"], "a 1\n"),
        (&["logs", "a", "-q", "--attempt", "0"], "a 0\n"),
    ] {
        assert_eq!(project.run(words).success().stdout(), printed, "{words:?}");
    }
    project.run(&["logs", "a", "--attempt", "7"]).exits(2);
}

#[test]
fn the_first_policy_that_is_given_counts_whole() {
    let manifest = [
        "[defaults]\nretries = 4\n[job.j]\nretries = 2\n[job.plain]\n",
        &flaky("own", 9, 1, "retries = 1"),
        &flaky("none", 9, 1, "retries = 0"),
        &flaky("other", 9, 1, ""),
    ];
    let attempts = |words: &[&str]| {
        let project = project(&manifest.concat());
        project.run(words).exits(1);
        ["own", "none", "other"].map(|name| runs(&project, name))
    };
    assert_eq!(attempts(&["materialize", "-q"]), [2, 1, 5]);
    assert_eq!(attempts(&["job", "run", "j", "-q"]), [2, 1, 3]);
    assert_eq!(attempts(&["job", "run", "plain", "-q"]), [2, 1, 5]);
    assert_eq!(attempts(&["materialize", "-q", "--no-retries"]), [1, 1, 1]);
    let project = project(&manifest.concat());
    project.write("no.toml", "[execution]\nretries = false\n");
    let words = ["materialize", "-q", "--config", "no.toml"];
    project.run(&words).exits(1);
    assert_eq!(runs(&project, "other"), 1);
}

#[test]
fn exit_codes_ask_for_a_retry_or_forbid_it() {
    let manifest = [
        flaky("asks", 1, 75, ""),
        flaky("never", 9, 78, "retries = 5"),
        flaky("forbidden", 9, 75, "retries = 0"),
    ];
    let project = project(&manifest.concat());
    let run = project.run(&["materialize", "--json", "-j3"]).exits(1);
    let events = events(&run);
    let tries = of_type(&events, "step_up_for_retry");
    assert_eq!(tries.len(), 1, "{tries:?}");
    assert_eq!(
        (&tries[0]["step"], &tries[0]["delay_ms"]),
        (&json!("asks"), &json!(1000))
    );
    assert_eq!(tries[0]["max_attempts"], json!(11));
    assert_eq!(
        ["asks", "never", "forbidden"].map(|name| runs(&project, name)),
        [2, 1, 1]
    );
    assert!(project.path("asks.txt").exists());
}

#[test]
fn a_step_that_waits_holds_no_slot() {
    let retries = "retries = { max = 1, delay = \"1h\" }";
    let manifest = [
        flaky("first", 1, 1, &format!("priority = 1\n{retries}")),
        flaky("second", 0, 0, ""),
    ];
    let project = project(&manifest.concat());
    let running = project.start(&["materialize", "--json", "-j1"]);
    await_that("the other step runs", || {
        project.path("second.txt").exists()
    });
    assert_eq!(runs(&project, "first"), 1);
    // Its lease is held: another process waits for it.
    let held = || {
        let status = project.run(&["status", "first", "--json"]).success();
        status.stdout().contains("\"running\":[{")
    };
    await_that("it is held", held);
    project
        .run(&["materialize", "first", "--no-wait", "-q"])
        .exits(3);
    let live = project.run(&["runs", "list", "--status", "started", "--json"]);
    let live: Value = serde_json::from_str(live.success().stdout()).expect("JSON");
    let live = live["runs"][0]["run"].as_str().expect("it runs").to_owned();
    let shown = || {
        let shown = project.run(&["runs", "show", &live, "--json"]).success();
        shown.stdout().contains("\"outcome\":\"waiting\"")
    };
    await_that("it is shown to wait", shown);
    running.signal(rustix::process::Signal::INT);
    let run = running.wait().exits(130);
    let events = events(&run);
    let finished = of_type(&events, "step_finished");
    let first = finished.iter().find(|it| it["step"] == "first");
    assert_eq!(first.expect("it is told")["outcome"], "canceled");
    assert_eq!(
        events.last().expect("it ends")["counts"]["canceled"],
        json!(1)
    );
}

#[test]
fn fail_fast_ends_what_waits_as_failed() {
    let retries = "retries = { max = 1, delay = \"1h\" }";
    let manifest = [
        flaky("waits", 1, 1, &format!("priority = 1\n{retries}")),
        flaky("fails", 9, 1, ""),
    ];
    let project = project(&manifest.concat());
    let run = project
        .run(&["materialize", "--json", "-j1", "--fail-fast"])
        .exits(1);
    let events = events(&run);
    let counts = &events.last().expect("it ends")["counts"];
    assert_eq!(
        (&counts["failed"], &counts["canceled"]),
        (&json!(2), &json!(0))
    );
    // A failure that is tried again is none yet.
    let manifest = [
        flaky("again", 1, 1, "priority = 1\nretries = 1"),
        flaky("good", 0, 0, ""),
    ];
    let project = self::project(&manifest.concat());
    project
        .run(&["materialize", "-q", "-j1", "--fail-fast"])
        .success();
}

#[test]
fn a_batch_is_tried_again_as_a_whole() {
    let manifest = "[partitions.p]\ntype = \"static\"\nkeys = [\"a\", \"b\", \"c\"]\n[asset.x]\npartitions = \"p\"\n\
        batch = { max = 9 }\ncommand = \"echo run >> trace; for out in {{output}}; do echo $ASSETCTL_ATTEMPT > $out; done; \
        [ $ASSETCTL_ATTEMPT -ge 1 ]\"\noutputs = \"x/{{partition}}\"\n\
        retries = { max = 1, delay = \"10ms\", jitter = \"full\" }\n";
    let project = project(manifest);
    let run = project.run(&["materialize", "--json"]).success();
    assert_eq!(runs(&project, "run"), 2);
    let events = events(&run);
    let tries = of_type(&events, "step_up_for_retry");
    let delays: Vec<_> = tries.iter().map(|it| it["delay_ms"].as_u64()).collect();
    assert_eq!(delays.len(), 3);
    assert!(
        delays.iter().all(|it| *it == delays[0] && *it <= Some(10)),
        "{delays:?}"
    );
    assert_eq!(of_type(&events, "step_restarted").len(), 3);
    assert_eq!(of_type(&events, "step_finished").len(), 3);
}

#[test]
fn other_failures_are_tried_again_too() {
    let manifest = "[asset.late]\ncommand = \"[ $ASSETCTL_ATTEMPT -ge 1 ] || sleep 60; echo x > {{output}}\"\n\
        outputs = \"late\"\ntimeout = \"300ms\"\nretries = 1\n\
        [asset.silent]\ncommand = \"[ $ASSETCTL_ATTEMPT -lt 1 ] || echo x > {{output}}\"\noutputs = \"silent\"\nretries = 1\n\
        [asset.killed]\ncommand = \"[ $ASSETCTL_ATTEMPT -ge 1 ] || kill -9 $$; echo x > {{output}}\"\noutputs = \"killed\"\nretries = 1\n\
        [asset.placed]\ncommand = \"echo new > placed; [ $ASSETCTL_ATTEMPT -ge 1 ]\"\noutputs = \"placed\"\nretries = 1\nstaging = false\n";
    let project = project(manifest);
    let run = project.run(&["materialize", "--json"]).success();
    let events = events(&run);
    let tries = of_type(&events, "step_up_for_retry");
    assert_eq!(tries.len(), 4);
    let signal = tries
        .iter()
        .find(|it| it["step"] == "killed")
        .expect("it was killed");
    assert_eq!(signal["signal"], "SIGKILL");
}

#[test]
fn a_terminal_and_a_log_say_when_the_next_attempt_comes() {
    let project = project(&flaky("a", 1, 3, "retries = { max = 2, delay = \"10ms\" }"));
    let run = project.run(&["materialize"]).success();
    let said = run.stderr();
    assert!(said.contains("Retry [1/1] a"), "{said}");
    assert!(
        said.contains("exit code 3, attempt 2 of 3 in 10ms"),
        "{said}"
    );
    let shown = project.run(&["show", "a", "--json"]).success();
    assert!(
        shown
            .stdout()
            .contains("\"retries\":{\"max\":2,\"delays_ms\":[[10,10],[10,10]]}")
    );
}
