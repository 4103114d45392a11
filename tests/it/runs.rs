//! Runs as they are recorded: lists, one run, its events, logs and trace; a run that is canceled, killed, deleted, exported.

use std::fs;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::sandbox::{Outcome, Sandbox, await_that};

const MANIFEST: &str = r#"
[project]
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-01-04"
[asset.raw]
partitions = "day"
command = "echo reading {{partition}}; echo {{partition}} > {{output}}"
outputs = "raw/{{partition}}.txt"
[asset.sum]
command = "echo adding; test ! -e broken || { echo it is broken; exit 3; }; cat {{input}} > {{output}}"
deps = ["raw"]
outputs = "sum.txt"
[asset.report]
command = "cp {{input}} {{output}}"
deps = ["sum"]
outputs = "report.txt"
[asset.other]
command = "echo x > {{output}}"
outputs = "other.txt"
[job.nightly]
selection = "other"
"#;

fn project() -> Sandbox {
    Sandbox::new().with_file("Assets.toml", MANIFEST)
}

fn json_of(outcome: &Outcome) -> Value {
    serde_json::from_str(outcome.stdout()).expect("a document")
}

/// The runs that a list names, newest first.
fn listed(project: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let words = [&["runs", "list", "--json"], arguments].concat();
    let answer = json_of(&project.run(&words).success());
    answer["runs"].as_array().expect("a list").clone()
}

fn shown(project: &Sandbox, run: &str) -> Value {
    let answer = json_of(&project.run(&["runs", "show", run, "--json"]).success());
    answer["runs"][0].clone()
}

fn id(run: &Value) -> &str {
    run["run"].as_str().expect("an id")
}

/// Three runs: one that failed, one that went on, one of a job.
fn three_runs(project: &Sandbox) -> [String; 3] {
    project.write("broken", "");
    let words = ["materialize", "report", "--json"];
    let failed = project.run(&words).exits(1).stdout().to_owned();
    project.remove("broken");
    let whole = project.run(&words).success().stdout().to_owned();
    let job = ["job", "run", "nightly", "--json"];
    let job = project.run(&job).success().stdout().to_owned();
    [failed, whole, job]
}

#[test]
fn runs_are_listed_and_found_by_what_they_did() {
    let project = project();
    three_runs(&project);
    let all = listed(&project, &[]);
    let statuses: Vec<_> = all.iter().map(|run| &run["status"]).collect();
    assert_eq!(statuses, ["success", "success", "failure"]);
    let [job, whole, failed] = [&all[0], &all[1], &all[2]];
    assert_eq!(
        (&job["job"], &job["verb"], &job["selection"]),
        (
            &json!("nightly"),
            &json!("job run"),
            &json!("'job:\"nightly\"'")
        )
    );
    assert_eq!(failed["counts"]["materialized"], json!(3));
    assert_eq!(failed["counts"]["failed"], json!(1));
    assert_eq!(failed["counts"]["blocked"], json!(1));
    assert_eq!(
        (failed.get("parent"), &failed["root"]),
        (None, &failed["run"])
    );
    assert_eq!(failed["tags"], json!({}));
    let expect = |arguments: &[&str], runs: &[&Value]| {
        let found = listed(&project, arguments);
        let found: Vec<_> = found.iter().map(id).collect();
        let runs: Vec<_> = runs.iter().map(|run| id(run)).collect();
        assert_eq!(found, runs, "{arguments:?}");
    };
    expect(&["--status", "failure"], &[failed]);
    expect(&["--status", "failure", "--status", "crashed"], &[failed]);
    expect(&["--status", "crashed"], &[]);
    expect(&["--job", "nightly"], &[job]);
    expect(&["--asset", "report"], &[whole]);
    expect(&["--asset", "sum"], &[whole, failed]);
    expect(
        &["--asset", "sum", "--asset", "other"],
        &[job, whole, failed],
    );
    expect(&["--partition", "2024-01-02"], &[failed]);
    expect(&["--asset", "sum", "--partition", "2024-01-02"], &[]);
    expect(&["--asset", "nothing"], &[]);
    expect(&["--limit", "2"], &[job, whole]);
    expect(&["--root", "last-failed"], &[failed]);
    expect(&["--tag", "team"], &[]);
    expect(&["--run-key", "x"], &[]);
    let started = whole["started"].as_str().expect("a time");
    expect(&["--since", started], &[job, whole]);
    expect(&["--until", started], &[whole, failed]);
    expect(&["--status", "success", "--until", started], &[whole]);
    // Accepting runs nothing.
    project.write("other.txt", "by hand");
    project.run(&["accept", "other"]).success();
    expect(&[], &[job, whole, failed]);
    for outcome in [
        project.run(&["runs", "list", "--status", "broken"]),
        project.run(&["runs", "list", "--since", "yesterday"]),
        project.run(&["runs", "list", "--asset", "a b"]),
    ] {
        outcome.exits(2);
    }
}

#[test]
fn the_events_of_a_run_are_the_lines_that_it_printed() {
    let project = project();
    let printed = three_runs(&project);
    let runs = listed(&project, &[]);
    for (printed, run) in printed.iter().rev().zip(&runs) {
        let words = ["runs", "events", id(run), "--json"];
        assert_eq!(project.run(&words).success().stdout(), printed);
    }
    let events = printed[2].lines().map(serde_json::from_str::<Value>);
    for event in events {
        assert_eq!(event.expect("JSON")["job"], json!("nightly"));
    }
    assert!(!printed[1].contains("\"job\""));
    let text = project.run(&["runs", "events", "last"]).success();
    assert!(text.stdout().contains("step_finished"), "{}", text.stdout());
}

#[test]
fn a_run_is_shown_with_its_steps_and_what_failed() {
    let project = project().with_env("USER", "ada");
    project.run_command(&["git", "init", "-q"]).success();
    let commit = "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one";
    let commit: Vec<_> = commit.split(' ').collect();
    project.run_command(&commit).success();
    let commit = project.run_command(&["git", "rev-parse", "HEAD"]).success();
    three_runs(&project);
    let run = shown(&project, "last-failed");
    assert_eq!(run["git_commit"], json!(commit.stdout().trim()));
    assert_eq!(run["user"], json!("ada"));
    assert_eq!(run["declared_in"], json!("file"));
    assert_eq!(run["config"], Value::Null);
    let planned = run["planned"].as_array().expect("ranges");
    let counts: u64 = planned.iter().filter_map(|it| it["count"].as_u64()).sum();
    assert_eq!(counts, 5, "{planned:?}");
    let steps = run["steps"].as_array().expect("steps");
    let outcome = |name: &str| {
        let step = steps.iter().find(|step| step["step"] == name);
        step.expect("it is told")["outcome"].clone()
    };
    assert_eq!(outcome("raw@2024-01-02"), "materialized");
    assert_eq!(
        (outcome("sum"), outcome("report")),
        (json!("failed"), json!("blocked"))
    );
    let sum = steps
        .iter()
        .find(|step| step["step"] == "sum")
        .expect("it failed");
    let attempt = &sum["attempts"][0];
    assert_eq!(
        (&attempt["attempt"], &attempt["exit"]),
        (&json!(0), &json!(3))
    );
    assert!(
        attempt["log"]
            .as_str()
            .expect("it printed")
            .ends_with("sum.log")
    );
    let text = project.run(&["runs", "show", "last-failed"]).success();
    for part in [
        "failure",
        "exit code 3",
        "it is broken",
        "1 step blocked",
        "materialize report",
    ] {
        assert!(text.stdout().contains(part), "{part}: {}", text.stdout());
    }
    let logs = project.run(&["runs", "logs", "last-failed"]).success();
    for part in ["reading 2024-01-03", "adding", "it is broken"] {
        assert!(logs.stdout().contains(part), "{part}: {}", logs.stdout());
    }
    let logs = json_of(
        &project
            .run(&["runs", "logs", "last-failed", "--json"])
            .success(),
    );
    let logs = logs["logs"].as_array().expect("logs");
    assert_eq!(logs.len(), 4);
    assert!(
        logs.iter()
            .all(|log| log["attempt"] == 0 && log["run"] == run["run"])
    );
}

#[test]
fn a_word_names_one_run() {
    let project = project();
    project.run(&["runs", "show", "last"]).exits(2);
    project.run(&["runs", "show", "last-failed"]).exits(2);
    three_runs(&project);
    let runs = listed(&project, &[]);
    assert_eq!(shown(&project, "last")["run"], runs[0]["run"]);
    assert_eq!(shown(&project, "last-failed")["run"], runs[2]["run"]);
    let whole = id(&runs[1]);
    assert_eq!(shown(&project, whole)["run"], whole);
    let others: Vec<_> = [&runs[0], &runs[2]].map(id).to_vec();
    let unique =
        (1..=whole.len()).find(|len| !others.iter().any(|it| it.starts_with(&whole[..*len])));
    let unique = &whole[..unique.expect("ids differ")];
    assert_eq!(shown(&project, unique)["run"], whole, "{unique}");
    assert_eq!(
        shown(&project, &whole.replace('-', "").to_uppercase())["run"],
        whole
    );
    let common = whole.bytes().zip(others[0].bytes()).zip(others[1].bytes());
    let common = common.take_while(|((a, b), c)| a == b && a == c).count();
    let code = |word: &str| {
        let outcome = project.run(&["runs", "show", word, "--json"]).exits(2);
        json_of(&outcome)["errors"][0]["code"].clone()
    };
    assert_eq!(code(&whole[..common]), "assetctl::app::ambiguous_run");
    assert_eq!(code("ffff"), "assetctl::app::unknown_run");
    assert_eq!(code("lasst"), "assetctl::cli::invalid_run");
    let words = ["logs", "sum", "--run", "last-failed"];
    assert!(
        project
            .run(&words)
            .success()
            .stdout()
            .contains("it is broken")
    );
}

#[test]
fn a_trace_has_a_slice_for_each_attempt() {
    let project = project();
    project.write("broken", "");
    let words = ["materialize", "report", "--trace", "trace.json", "-j2"];
    project.run(&words).exits(1);
    let written = fs::read_to_string(project.path("trace.json")).expect("it is written");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    let told = json_of(&project.run(&["runs", "trace", "last"]).success());
    assert_eq!(written, told);
    let events = told["traceEvents"].as_array().expect("events");
    let slices: Vec<_> = events.iter().filter(|it| it["ph"] == "X").collect();
    let names: Vec<_> = slices
        .iter()
        .map(|it| it["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names[3], "sum");
    assert_eq!(slices[3]["args"]["outcome"], "failed");
    for slice in &slices {
        assert!(slice["ts"].is_i64() && slice["dur"].is_i64() && slice["tid"].as_i64() >= Some(1));
    }
    // On a lane nothing overlaps.
    for (index, slice) in slices.iter().enumerate() {
        let end = |it: &Value| {
            it["ts"]
                .as_i64()
                .zip(it["dur"].as_i64())
                .map(|(ts, dur)| ts + dur)
        };
        let mut before = slices[..index]
            .iter()
            .filter(|it| it["tid"] == slice["tid"]);
        assert!(before.all(|it| end(it) <= slice["ts"].as_i64()));
    }
}

#[test]
fn a_canceled_run_ends_as_by_an_interrupt() {
    let manifest = "[project]\n[asset.slow]\ncommand = \"touch began; sleep 600 > {{output}}\"\noutputs = \"slow.txt\"\n";
    let project = Sandbox::new().with_file("Assets.toml", manifest);
    let running = project.start(&["materialize", "--json"]);
    await_that("the command starts", || project.path("began").exists());
    await_that("it is recorded", || !listed(&project, &[]).is_empty());
    assert_eq!(listed(&project, &[])[0]["status"], "started");
    let refused = project
        .run(&["runs", "delete", "last", "--yes", "--json"])
        .exits(2);
    assert_eq!(
        json_of(&refused)["errors"][0]["code"],
        "assetctl::app::run_lives"
    );
    let canceled = json_of(&project.run(&["runs", "cancel", "last", "--json"]).success());
    assert_eq!(canceled["runs"][0]["status"], "canceled");
    let printed = running.wait().exits(130);
    let asked = printed
        .stdout()
        .lines()
        .find(|line| line.contains("run_canceled"));
    let asked: Value = serde_json::from_str(asked.expect("it is told")).expect("JSON");
    assert_eq!(asked["by"], "runs cancel");
    let again = project.run(&["runs", "cancel", "last", "--json"]).exits(2);
    let error = &json_of(&again)["errors"][0];
    assert_eq!(error["code"], "assetctl::app::run_ended");
    assert!(
        error["message"]
            .as_str()
            .expect("a text")
            .ends_with("canceled")
    );
}

#[test]
fn a_killed_run_is_crashed_with_what_it_had_done() {
    let manifest = "[project]\n[asset.a]\ncommand = \"echo a > {{output}}\"\noutputs = \"a.txt\"\n\
        [asset.b]\ncommand = \"touch began; sleep 600 > {{output}}\"\ndeps = [\"a\"]\noutputs = \"b.txt\"\n\
        [asset.c]\ncommand = \"cp {{input}} {{output}}\"\ndeps = [\"b\"]\noutputs = \"c.txt\"\n";
    let project = Sandbox::new().with_file("Assets.toml", manifest);
    let running = project.start(&["materialize"]);
    await_that("the command starts", || project.path("began").exists());
    let is_recorded = || {
        let events = project
            .run(&["runs", "events", "last", "--json"])
            .exits_with_one_of(&[0, 2]);
        events
            .stdout()
            .lines()
            .any(|line| line.contains("\"step_started\",\"step\":\"b\""))
    };
    await_that("the start is recorded", is_recorded);
    running.kill_with_commands();
    assert!(running.was_killed());
    let look = || {
        let run = shown(&project, "last-failed");
        assert_eq!(
            (&run["status"], run.get("ended")),
            (&json!("crashed"), None)
        );
        assert_eq!(run["counts"]["materialized"], json!(1));
        let steps = run["steps"].as_array().expect("steps").iter();
        let steps: Vec<_> = steps
            .map(|it| (it["step"].clone(), it["outcome"].clone()))
            .collect();
        assert_eq!(
            steps,
            [
                (json!("a"), json!("materialized")),
                (json!("b"), json!("interrupted"))
            ]
        );
        let planned = run["planned"].as_array().expect("ranges");
        assert_eq!(planned.len(), 3, "also what never started: {planned:?}");
        assert_eq!(listed(&project, &["--status", "crashed"]).len(), 1);
        assert_eq!(listed(&project, &["--status", "started"]).len(), 0);
    };
    look();
    // The next run marks it.
    project.run(&["materialize", "a", "--force"]).success();
    look();
}

#[test]
fn a_deleted_run_leaves_what_it_made() {
    let project = project();
    three_runs(&project);
    let runs = listed(&project, &[]);
    let whole = id(&runs[1]).to_owned();
    let logs = project.path(".assetctl/logs").join(&whole);
    assert!(logs.exists());
    project.run(&["runs", "delete", &whole]).exits(2);
    project
        .run(&["runs", "delete", &whole, "last-failed", "--yes"])
        .success();
    assert!(!logs.exists());
    assert_eq!(listed(&project, &[]).len(), 1);
    project.run(&["runs", "show", &whole]).exits(2);
    let history = json_of(&project.run(&["history", "sum", "--json"]).success());
    let history = history["materializations"].as_array().expect("a list");
    assert_eq!(history.len(), 1, "the failed attempt is gone: {history:?}");
    assert_eq!(history[0]["run"], json!(whole));
    project
        .run(&["materialize", "--json", "report"])
        .success()
        .ran_nothing();
    // A run that begins later is no other.
    project.run(&["materialize", "sum", "--force"]).success();
    let history = json_of(&project.run(&["history", "sum", "--json"]).success());
    assert_eq!(history["materializations"][1]["run"], json!(whole));
}

#[test]
fn an_exported_run_holds_no_secret() {
    let manifest = "[project]\n[asset.a]\ncommand = \"echo $KEY; echo a > {{output}}\"\noutputs = \"a.txt\"\n\
        env = { KEY = { secret_env = \"SECRET\" } }\n";
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_env("SECRET", "hunter2-a");
    project
        .run(&["materialize", "a", "--set", "nothing.x=hunter2-a"])
        .exits(2);
    project.run(&["materialize", "a"]).success();
    let export = ["runs", "export", "last", "--output", "run.tar.gz", "--json"];
    let answer = json_of(&project.run(&export).success());
    assert_eq!(
        answer["files"],
        json!(["run.json", "events.jsonl", "logs/a.log"])
    );
    project.run(&export).exits(2);
    project.run_command(&["tar", "xzf", "run.tar.gz"]).success();
    let run = answer["run"].as_str().expect("an id");
    let file = |name: &str| {
        let path = project.path(format!("run-{run}/{name}"));
        fs::read_to_string(path).expect("it is in the archive")
    };
    let shown: Value = serde_json::from_str(&file("run.json")).expect("JSON");
    assert_eq!(shown["runs"][0]["run"], answer["run"]);
    let events = project.run(&["runs", "events", "last", "--json"]).success();
    assert_eq!(file("events.jsonl"), events.stdout());
    assert_eq!(file("logs/a.log"), "***\n");
}

#[test]
fn ids_and_times_are_those_of_the_clock() {
    let project = project().at("2024-01-02T12:00:00Z");
    let printed = project.run(&["materialize", "other", "--json"]).success();
    let since = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    let now = u64::try_from(since.as_millis()).expect("before the year 5000");
    let run = shown(&project, "last");
    let digits = id(&run).replace('-', "");
    let began = u64::from_str_radix(&digits[..12], 16).expect("digits");
    assert!(now - began < 600_000, "{began} is not now, {now}");
    for line in printed.stdout().lines() {
        assert!(!line.contains("\"time\":\"2024"), "{line}");
    }
    // Which partitions there are is judged by the time that was given.
    let status = json_of(&project.run(&["status", "raw", "--json"]).success());
    assert_eq!(status["now"], "2024-01-02T12:00:00Z");
    assert_eq!(status["assets"][0]["counts"]["missing"], json!(1));
}

#[test]
fn tags_are_recorded_and_reach_commands() {
    let manifest = "[project]\n[partitions.p]\ntype = \"static\"\nkeys = [\"a\", \"b\"]\n[asset.x]\npartitions = \"p\"\n\
        command = \"env | grep ^ASSETCTL_TAG | sort > {{output}}\"\noutputs = \"x/{{partition}}\"\n\
        tags = { layer = \"core\", team = \"asset\", rank = 7, of = { a = [1.5] } }\n\
        [job.nightly]\nselection = \"x\"\ntags = { team = \"job\", level = 3, \"of day\" = [1, true] }\n";
    let project = Sandbox::new().with_file("Assets.toml", manifest);
    let words = [
        "job",
        "run",
        "nightly",
        "--tag",
        "team=x",
        "--tag",
        "team=core=1",
        "--partition",
        "a",
        "--json",
    ];
    let run = project.run(&words).success();
    let tags =
        json!({"team": "core=1", "level": 3, "of day": [1, true], "assetctl/partition": "a"});
    let started: Value =
        serde_json::from_str(run.stdout().lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&started["type"], &started["tags"]),
        (&json!("run_started"), &tags)
    );
    assert_eq!(listed(&project, &[])[0]["tags"], tags);
    let seen = fs::read_to_string(project.path("x/a")).expect("it is made");
    let (first, others) = seen.split_once('\n').expect("lines");
    let all = first.strip_prefix("ASSETCTL_TAGS=").expect("all tags");
    let all: Value = serde_json::from_str(all).expect("JSON");
    let mut expected = tags.clone();
    expected["layer"] = json!("core");
    expected["rank"] = json!(7);
    expected["of"] = json!({"a": [1.5]});
    assert_eq!(all, expected);
    let expected = "ASSETCTL_TAG_ASSETCTL_PARTITION=a\nASSETCTL_TAG_LAYER=core\nASSETCTL_TAG_LEVEL=3\n\
        ASSETCTL_TAG_OF={\"a\":[1.5]}\nASSETCTL_TAG_OF_DAY=[1,true]\nASSETCTL_TAG_RANK=7\nASSETCTL_TAG_TEAM=core=1\n";
    assert_eq!(others, expected);
    let shown = json_of(&project.run(&["show", "x", "--json"]).success());
    let own = json!({"layer": "core", "team": "asset", "rank": 7, "of": {"a": [1.5]}});
    assert_eq!(shown["asset"]["tags"], own, "{shown}");
    let selected = project.run(&["list", "tag:rank=7", "--json"]).success();
    assert_eq!(json_of(&selected)["assets"][0]["tags"], own);
    // Tags of a run change nothing of what is fresh.
    project
        .run(&["materialize", "x@a", "--tag", "other=1", "--json"])
        .success()
        .ran_nothing();
    project
        .run(&["materialize", "x@b", "--tag", "team=other"])
        .success();
    assert_eq!(
        listed(&project, &[])[0]["tags"],
        json!({"team": "other", "assetctl/partition": "b"})
    );
    for (filter, count) in [
        (&["--tag", "team"][..], 2),
        (&["--tag", "team=other"], 1),
        (&["--tag", "level=3"], 1),
        (&["--tag", "level=4"], 0),
        (&["--tag", "of day=[1,true]"], 1),
        (&["--tag", "level=3", "--tag", "team=other"], 2),
        (&["--tag", "assetctl/partition=b"], 1),
    ] {
        assert_eq!(listed(&project, filter).len(), count, "{filter:?}");
    }
    for tag in ["team", "=x", "assetctl/x=1"] {
        project.run(&["materialize", "--tag", tag]).exits(2);
    }
    let twice = project
        .run(&[
            "materialize",
            "x@a",
            "--force",
            "--tag",
            "LAYER=x",
            "--json",
        ])
        .exits(1);
    assert!(
        twice.stdout().contains("assetctl::engine::tag_variables"),
        "{}",
        twice.stdout()
    );
    project.run(&["materialize", "x", "--force"]).success();
    assert_eq!(listed(&project, &[])[0]["tags"], json!({}));
}
