//! Hooks of steps and runs, from outside: which run, when, with what, and that they change nothing of what they follow.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox, await_that};

const MANIFEST: &str = r#"
[project]
name = "hooked"

[project.hooks]
on_success = "echo project {{asset}} {{partition}} >> trace"
on_failure = ["sh", "-c", "echo failed $ASSETCTL_ASSET >> trace; cp $ASSETCTL_EVENT_FILE failure.json"]
on_run_success = "echo run success $ASSETCTL_EVENT ${ASSETCTL_JOB-none} >> trace"
on_run_failure = "echo run failure {{run_id}} {{project}} >> trace; cp $ASSETCTL_EVENT_FILE run.json"
on_run_canceled = "echo run canceled >> trace"

[defaults.hooks]
on_success = "echo defaults $ASSETCTL_ASSET ${ASSETCTL_PARTITION-} >> trace"

[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-01-03"

[asset.day]
partitions = "day"
command = "cp in {{output}}"
outputs = "day/{{partition}}"
hooks.on_success = { command = "echo asset $WHO >> trace", env = { WHO = "me" }, timeout = "5s" }

[asset.report]
command = "cat {{input}} > {{output}}"
deps = ["day"]
outputs = "report"
tags = { size = 3, team = "core" }

[asset.broken]
command = "echo no room >&2; exit 3 > {{output}}"
outputs = "broken"

[job.nightly]
selection = "report"
tags = { team = "data" }

[job.nightly.hooks]
on_success = "echo job {{asset}} $ASSETCTL_JOB $ASSETCTL_TAG_TEAM $ASSETCTL_TAGS >> trace"
on_run_success = "echo run of job >> trace"
"#;

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("in", "1\n")
}

/// What hooks have written since the last call.
fn trace(project: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(project.path("trace")).unwrap_or_default();
    let _ = fs::remove_file(project.path("trace"));
    text.lines().map(str::to_owned).collect()
}

fn events(answer: &Outcome) -> Vec<Value> {
    let lines = answer.stdout().lines();
    let events = lines.map(|line| serde_json::from_str(line).expect("JSON"));
    events.collect()
}

fn of_type<'e>(events: &'e [Value], wanted: &str) -> Vec<&'e Value> {
    events.iter().filter(|it| it["type"] == wanted).collect()
}

#[test]
fn hooks_of_steps_follow_their_end_from_the_outside_to_the_inside() {
    let project = project();
    let ran = project.materialize(&["report", "-j", "1"]).success();
    let expected = [
        "project day 2024-01-01",
        "defaults day 2024-01-01",
        "asset me",
        "project day 2024-01-02",
        "defaults day 2024-01-02",
        "asset me",
        "project report ",
        "defaults report",
        "run success run_finished none",
    ];
    let mut traced = trace(&project);
    // One step's hooks are in order; with those of others they may be mixed.
    for step in [&traced[..], &expected.map(str::to_owned)] {
        let of = |owner: &str| step.iter().position(|it| it.starts_with(owner));
        assert!(
            of("project") < of("defaults") && of("defaults") < of("asset"),
            "{step:?}"
        );
    }
    assert_eq!(traced.last().map(String::as_str), expected.last().copied());
    let mut sorted = expected.map(str::to_owned);
    sorted.sort();
    traced.sort();
    assert_eq!(traced, sorted);

    // Each is an event of its step, and those of the run follow its end.
    let events = events(&ran);
    let seqs: Vec<u64> = events.iter().filter_map(|it| it["seq"].as_u64()).collect();
    assert_eq!(seqs, (0..events.len() as u64).collect::<Vec<_>>());
    let completed = of_type(&events, "hook_completed");
    assert_eq!(completed.len(), 9);
    let last = events.last().expect("there are some");
    assert_eq!(
        (&last["hook"], &last["declared"]),
        (&"on_run_success".into(), &"project".into())
    );
    assert_eq!((last.get("step"), last.get("step_kind")), (None, None));
    assert_eq!(events[events.len() - 2]["type"], "run_finished");
    let of_asset: Vec<_> = completed
        .iter()
        .filter(|it| it["declared"] == "asset")
        .collect();
    assert_eq!(of_asset.len(), 2);
    assert_eq!(
        (&of_asset[0]["asset"], &of_asset[0]["step_kind"]),
        (&"day".into(), &"hook".into())
    );
    let finished = |step: &str| {
        events
            .iter()
            .position(|it| it["type"] == "step_finished" && it["step"] == step)
    };
    let hooked = |step: &str| {
        events
            .iter()
            .position(|it| it["type"] == "hook_completed" && it["step"] == step)
    };
    for step in ["day@2024-01-01", "day@2024-01-02", "report"] {
        assert!(finished(step) < hooked(step), "{step}");
    }

    // Nothing to do, and what turns out unchanged: none, and one of the step.
    project.materialize(&["report"]).success().ran_nothing();
    assert_eq!(trace(&project), [""; 0]);
    let forced = ["day", "--partition", "2024-01-01", "--force"];
    let ran = project.materialize(&forced).success();
    assert!(ran.stdout().contains("\"unchanged\":1"), "{}", ran.said());
    assert_eq!(trace(&project).len(), 4);
}

#[test]
fn failures_call_hooks_with_the_event() {
    let project = project();
    project.materialize(&["broken"]).exits(1);
    let traced = trace(&project);
    assert_eq!(traced[0], "failed broken");
    let event: Value = serde_json::from_str(&project.read("failure.json")).expect("JSON");
    assert_eq!(
        (&event["type"], &event["exit"]),
        (&"step_finished".into(), &3.into())
    );
    assert_eq!(event["tail"][0], "no room");
    let run = event["run"].as_str().expect("an id");
    assert_eq!(traced[1], format!("run failure {run} hooked"));
    let event: Value = serde_json::from_str(&project.read("run.json")).expect("JSON");
    assert_eq!(
        (&event["type"], &event["outcome"]),
        (&"run_finished".into(), &"failed".into())
    );
    // The event files are gone, and the step is as stale as without hooks.
    let left = fs::read_dir(project.path(".assetctl/hooks")).expect("there were some");
    assert_eq!(left.count(), 0);
    project.run(&["status", "broken", "--exit-code"]).exits(1);
}

#[test]
fn a_hook_that_fails_is_a_warning_and_changes_nothing() {
    let project = project();
    project.edit(
        "Assets.toml",
        "echo asset $WHO >> trace",
        "echo said $WHO; exit 4",
    );
    let ran = project.materialize(&["report"]).success();
    let errored: Vec<Value> = of_type(&events(&ran), "hook_errored")
        .into_iter()
        .cloned()
        .collect();
    assert_eq!(errored.len(), 2);
    assert_eq!(
        (&errored[0]["exit"], &errored[0]["level"]),
        (&4.into(), &"warn".into())
    );
    assert_eq!(errored[0]["tail"][0], "said me");
    let log = errored[0]["log"].as_str().expect("it wrote something");
    assert_eq!(project.read(log), "said me\n");
    // It is no log of the asset, which printed nothing.
    let logs = project.run(&["logs", "day"]).exits_with_one_of(&[0, 1, 2]);
    assert!(!logs.said().contains("said me"), "{}", logs.said());
    // What comes after it in its row ran, and all is fresh.
    assert_eq!(trace(&project).len(), 7);
    project.materialize(&[]).exits(1);
    let told = project
        .run(&["materialize", "day", "report", "--force"])
        .success();
    let last = told.stderr().lines().last().expect("a line");
    assert!(
        last.contains("Finished") && last.ends_with(", 2 hooks failed"),
        "{}",
        told.said()
    );
    assert!(
        told.stderr()
            .contains("the hook on_success (asset) of day@2024-01-01 failed: exit code 4")
    );
    let history = project.run(&["history", "report", "--json"]).success();
    assert!(!history.stdout().contains("hook"), "{}", history.stdout());
}

#[test]
fn hooks_of_a_job_are_for_its_runs_alone() {
    let project = project();
    project.run(&["job", "run", "nightly"]).success();
    let traced = trace(&project);
    assert!(
        traced.contains(&"job report nightly data {\"size\":3,\"team\":\"data\"}".to_owned()),
        "{traced:?}"
    );
    let end = ["run success run_finished nightly", "run of job"];
    assert_eq!(traced[traced.len() - 2..], end);
    project
        .materialize(&["--job", "nightly", "--force"])
        .success();
    assert!(trace(&project).iter().all(|it| !it.contains("job")));
    let shown = project
        .run(&["show", "report", "--json", "--job", "nightly"])
        .success();
    let shown: Value = serde_json::from_str(shown.stdout()).expect("JSON");
    let owners: Vec<_> = shown["asset"]["hooks"]
        .as_array()
        .expect("hooks")
        .iter()
        .collect();
    let owners: Vec<_> = owners
        .iter()
        .map(|it| it["declared"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(owners, ["project", "job", "defaults", "project"]);
}

#[test]
fn in_memory_they_run_where_that_is_asked_for() {
    let project = project();
    project.materialize(&["report", "--in-memory"]).success();
    assert_eq!(trace(&project), [""; 0]);
    project
        .materialize(&["report", "--in-memory", "--hooks"])
        .success();
    assert_eq!(trace(&project).len(), 9);
    assert!(!project.path(".assetctl/hooks").exists());
    let refused = project.materialize(&["report", "--hooks"]).exits(2);
    assert!(refused.said().contains("--in-memory"), "{}", refused.said());
}

#[test]
fn hooks_have_a_time_limit_and_an_interrupt() {
    let project = project();
    let slow = "{ command = \"sleep 600\", timeout = \"100ms\" }";
    project.edit(
        "Assets.toml",
        "on_run_success = \"echo run of job >> trace\"",
        &format!("on_run_success = {slow}"),
    );
    let started = Instant::now();
    let ran = project.run(&["job", "run", "nightly", "--json"]).success();
    assert!(started.elapsed() < Duration::from_mins(1));
    let events = events(&ran);
    let errored = of_type(&events, "hook_errored");
    let message = errored[0]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("the hook on_run_success (job) failed: "),
        "{message}"
    );

    // The first interrupt ends steps, the hooks that run go on, and a second one ends them.
    project.edit(
        "Assets.toml",
        "cp in {{output}}",
        "cp in {{output}}; touch running; sleep 600",
    );
    project.edit(
        "Assets.toml",
        "echo run canceled >> trace",
        "echo run canceled >> trace; sleep 600",
    );
    let _ = trace(&project);
    let run = project.start(&["materialize", "day", "--json"]);
    await_that("a step runs", || project.path("running").exists());
    run.signal(Signal::INT);
    await_that("the hook runs", || project.path("trace").exists());
    run.signal(Signal::INT);
    let ended = run.wait().exits(130);
    assert_eq!(trace(&project), ["run canceled"]);
    assert!(
        ended
            .stdout()
            .contains("\"code\":\"assetctl::engine::hook_interrupted\""),
        "{}",
        ended.said()
    );
}

#[test]
fn a_batch_calls_its_hooks_once() {
    let project = project();
    project.edit(
        "Assets.toml",
        "command = \"cp in {{output}}\"",
        "batch = { max = 10 }\ncommand = \"for out in $ASSETCTL_OUTPUT; do cp in $out; done\"\nstaging = true",
    );
    project.edit(
        "Assets.toml",
        "echo asset $WHO >> trace",
        "echo $ASSETCTL_PARTITION_START $ASSETCTL_PARTITION_END >> trace",
    );
    let ran = project.materialize(&["day"]).success();
    assert_eq!(
        trace(&project),
        [
            "project day 2024-01-01...2024-01-02",
            "defaults day",
            "2024-01-01 2024-01-02",
            "run success run_finished none",
        ]
    );
    let events = events(&ran);
    let batch = &of_type(&events, "hook_completed")[0]["batch"];
    assert_eq!(batch["count"], 2);
}

#[test]
fn hooks_have_resources_and_secrets() {
    let project = Sandbox::new().with_env("TOKEN", "geheim-1").with_file(
        "Assets.toml",
        r#"
[project.hooks]
on_run_success = { command = "echo $CHANNEL $PORT $TOKEN; echo hook >> trace; exit 1", resources = ["chat"], env = { TOKEN = { secret_env = "TOKEN", required = true } } }

[resource.chat]
env = { CHANNEL = "data" }
setup = "echo up >> trace; echo PORT=81 >> $ASSETCTL_RESOURCE_ENV"
teardown = "echo down >> trace"

[asset.a]
command = "echo a > {{output}}"
outputs = "a"
"#,
    );
    let ran = project.materialize(&[]).success();
    assert_eq!(trace(&project), ["up", "hook", "down"]);
    let events = events(&ran);
    let types: Vec<_> = events.iter().filter_map(|it| it["type"].as_str()).collect();
    let tail = [
        "run_finished",
        "resource_started",
        "hook_errored",
        "resource_stopped",
    ];
    assert_eq!(types[types.len() - 4..], tail);
    assert_eq!(
        of_type(&events, "hook_errored")[0]["tail"][0],
        "data 81 ***"
    );
    // What it asks for and is not there is told, and no reason not to run.
    let project = project.with_env("TOKEN", "");
    project.edit(
        "Assets.toml",
        "secret_env = \"TOKEN\"",
        "secret_env = \"UNSET_TOKEN\"",
    );
    let ran = project.materialize(&["--force"]).success();
    assert!(
        ran.stdout()
            .contains("the environment variable `UNSET_TOKEN` is not set"),
        "{}",
        ran.said()
    );
}

#[test]
fn a_hook_is_part_of_no_version() {
    let project = project();
    project.materialize(&["report"]).success();
    let lock = project.read("Assets.lock");
    project.edit("Assets.toml", "echo asset $WHO", "echo another $WHO");
    project.edit(
        "Assets.toml",
        "on_run_canceled = \"echo run canceled >> trace\"\n",
        "",
    );
    project.run(&["status", "report", "--exit-code"]).success();
    project.materialize(&["report"]).success().ran_nothing();
    assert_eq!(project.read("Assets.lock"), lock);
    // The hooks are those of the edited manifest.
    let _ = trace(&project);
    project.write("in", "2\n");
    project.materialize(&["day", "--force"]).success();
    assert_eq!(
        trace(&project)
            .iter()
            .filter(|it| *it == "another me")
            .count(),
        2
    );
}

#[test]
fn what_a_hook_may_not_say_is_refused_at_its_place() {
    for (hooks, told) in [
        (
            "[project.hooks]\non_run_success = 'echo {{asset}}'",
            "asset",
        ),
        (
            "[project.hooks]\non_run_failure = 'echo {{partition}}'",
            "partition",
        ),
        (
            "[project.hooks]\non_success = 'echo {{partition:%Y}}'",
            "partition:%Y",
        ),
        ("[project.hooks]\non_success = 'echo {{output}}'", "output"),
        (
            "[defaults.hooks]\non_run_success = 'true'",
            "on_run_success",
        ),
        (
            "[project.hooks]\non_succes = 'true'",
            "did you mean `on_success`?",
        ),
        ("[project.hooks]\non_success = ''", "empty"),
        (
            "[project.hooks]\non_success = { timeout = '5s' }",
            "command",
        ),
        (
            "[project.hooks]\non_success = { command = 'true', resources = 'warehouse' }",
            "warehouse",
        ),
        (
            "[project.hooks]\non_run_failure = { command = 'true', env = { T = { secret_env = 'T' } } }\n[asset.c]\ncommand = 'true > {{output}}'\noutputs = 'c'\nconfig.t = { from_env = 'T' }",
            "`T` is both a secret and a value of a configuration",
        ),
        (
            "[resource.r]\nenv = { X = '1' }\n[project.hooks]\non_success = { command = 'true', env = { X = '2' }, resources = 'r' }",
            "the variable `X` to two values",
        ),
        ("[source.s]\npath = 's'\nhooks.on_success = 'true'", "hooks"),
        (
            "[asset.e]\noutputs = 'e'\nhooks.on_success = 'true'",
            "hooks",
        ),
    ] {
        let manifest =
            format!("[asset.a]\ncommand = 'true > {{{{output}}}}'\noutputs = 'a'\n{hooks}\n");
        let project = Sandbox::new().with_file("Assets.toml", &manifest);
        let refused = project.run(&["validate"]).exits(2);
        let (stderr, line) = (refused.stderr(), hooks.lines().last().expect("a line"));
        assert!(
            stderr.contains(told) && stderr.contains(line),
            "{hooks}: {stderr}"
        );
    }
}
