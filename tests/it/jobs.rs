//! `job` and its verbs, and `--job`, from outside.

use serde_json::Value;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-01-04"

[asset.other]
command = "echo x > {{output}}"
outputs = "other"

[asset.report]
deps = "clean"
command = "cat {{input}} > {{output}}"
outputs = "report"

[asset.clean]
partitions = "day"
command = "echo {{partition}} > {{output}}"
outputs = "clean/{{partition}}"

[asset.second]
command = "echo {{asset}} > {{output}}"
outputs = "second"

[asset.first]
command = "echo {{asset}} > {{output}}"
outputs = "first"
priority = 1

[job.days]
description = "All days"
selection = ["clean", "report"]
partitions = "day"
tags = { team = "data", level = 3 }
metadata = { page = "https://example.com" }
hooks = { on_run_failure = "true", on_success = { command = ["true"], timeout = "5s" } }
retries = { max = 2, delay = "1s", backoff = "exponential", jitter = "full" }
tag_limits = [{ key = "db", value = "main", limit = 2 }, { key = "region", per_value = true, limit = 1 }]
log = { level = "info", all = { path = "logs/all.json", format = "json" } }
priority = 3

[job.both]
selection = "job:days or first"

[job.ordered]
selection = ["first", "second", "other"]
executor = "in_process"

[job.all]
max_concurrent = 1

[job.page]
selection = "+report"
steps = ["report"]
"#;

/// The JSON that a command answers.
fn json(project: &Sandbox, words: &[&str]) -> Value {
    let answered = project.run(words).success();
    serde_json::from_str(answered.stdout()).expect("JSON")
}

/// The events of a type that a run prints.
fn events(project: &Sandbox, words: &[&str], kind: &str) -> Vec<Value> {
    let ran = project.run(words).success();
    let lines = ran.stdout().lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    events.filter(|event| event["type"] == kind).collect()
}

fn project() -> Sandbox {
    Sandbox::new().with_file("Assets.toml", MANIFEST)
}

#[test]
fn jobs_are_listed_and_shown_with_all_that_they_declare() {
    let project = project();
    let listed = json(&project, &["job", "list", "--json"]);
    let names: Vec<_> = listed["jobs"].as_array().expect("a list").iter().collect();
    let names: Vec<_> = names
        .iter()
        .map(|job| job["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["days", "both", "ordered", "all", "page"]);
    let shown = json(&project, &["job", "show", "days", "--json"]);
    let job = &shown["job"];
    assert_eq!(job["assets"], serde_json::json!(["report", "clean"]));
    assert_eq!(
        job["tags"],
        serde_json::json!({ "team": "data", "level": 3 })
    );
    assert_eq!(job["partitions"], "day");
    assert_eq!(job["retries"]["jitter"], "full");
    assert_eq!(job["hooks"]["on_success"]["timeout"], "5s");
    assert_eq!(job["tag_limits"][1]["per_value"], true);
    assert_eq!(job["log"]["all"]["format"], "json");
    assert_eq!(job["priority"], 3);
    let text = project.run(&["job", "show", "all"]).success();
    assert!(text.stdout().contains("everything"), "{}", text.stdout());
    let quiet = project.run(&["job", "list", "-q"]).success();
    assert_eq!(quiet.stdout(), "days\nboth\nordered\nall\npage\n");
}

#[test]
fn a_job_runs_what_it_selects_and_a_selection_narrows_it() {
    let project = project();
    let one = [
        "job",
        "run",
        "days",
        "clean",
        "--partition",
        "2024-01-02",
        "--json",
    ];
    project.run(&one).success().ran(&["clean@2024-01-02"]);
    // Without partitions, `report` runs with any key, and needs the others.
    let keyed = ["job", "run", "days", "--partition", "2024-01-02", "--json"];
    let all = ["clean@2024-01-01", "clean@2024-01-03", "report"];
    project.run(&keyed).success().ran(&all);
    project
        .run(&["job", "run", "days", "--json"])
        .success()
        .ran_nothing();
    let refused = project.run(&["job", "run", "days", "other"]).exits(2);
    assert!(
        refused
            .stderr()
            .contains("`other` is not part of the job `days`")
    );
    let missed = project.run(&["job", "run", "dais"]).exits(2);
    assert!(missed.stderr().contains("did you mean `days`?"));
    let unknown = ["job", "run", "days", "--partition", "2024-02-01"];
    project.run(&unknown).exits(2);
}

#[test]
fn a_job_is_a_set_of_assets_in_every_selection() {
    let project = project();
    let listed = |selection: &str| {
        let listed = project.run(&["list", "-q", selection]).success();
        listed
            .stdout()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("job:both"), ["report", "clean", "first"]);
    assert_eq!(listed("job:both and not job:days"), ["first"]);
    assert_eq!(
        listed("job:all"),
        ["other", "report", "clean", "second", "first"]
    );
    let missed = project.run(&["list", "job:bth"]).exits(2);
    assert!(missed.stderr().contains("did you mean `both`?"));
}

#[test]
fn the_executor_and_the_steps_of_a_job_count_for_its_runs_alone() {
    let project = project();
    let order = |words: &[&str]| {
        let started = events(&project, words, "step_started").into_iter();
        let asset = |event: Value| event["asset"].as_str().expect("an asset").to_owned();
        started.map(asset).collect::<Vec<_>>()
    };
    let ordered = ["first", "other", "second"];
    assert_eq!(
        order(&["job", "run", "ordered", "--force", "--json"]),
        ordered
    );
    assert_eq!(
        order(&["job", "run", "ordered", "--in-process", "--json"]),
        ordered
    );
    project.run(&["materialize", "--json"]).success();
    for (words, jobs) in [
        (
            ["job", "run", "all", "--force", "-j5", "--json"].as_slice(),
            1,
        ),
        (&["materialize", "--force", "-j5", "--json"], 5),
        (&["job", "run", "ordered", "--force", "-j5", "--json"], 1),
        (
            &[
                "job",
                "run",
                "ordered",
                "--force",
                "-j5",
                "--json",
                "--set",
                "execution.executor=multiprocess",
            ],
            5,
        ),
        (
            &[
                "job",
                "run",
                "all",
                "--force",
                "-j5",
                "--json",
                "--set",
                "execution.max_concurrent=3",
            ],
            3,
        ),
    ] {
        assert_eq!(events(&project, words, "run_planned")[0]["jobs"], jobs);
    }
    let page = ["job", "run", "page", "--force", "--json"];
    project.run(&page).success().ran(&["report"]);
}

const CONFIGURED: &str = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-01-03"

[source.flights]
path = "data/a.csv"

[asset.clean]
partitions = "day"
deps = "flights"
config = { limit = 100, mode = "fast", deep = { on = true, by = "x" } }
command = "echo {{config.limit}} {{config.mode}} {{config.deep.by}} ${ASSETCTL_JOB-none} > {{output}}; cat {{input}} >> {{output}}"
outputs = "clean/{{partition}}"

[asset.other]
command = "echo > {{output}}"
outputs = "other"

[job.nightly]
selection = "clean"
partitions = "day"
config.clean = { limit = 10, deep.by = "y" }
partition_config."2024-01-02".clean = { mode = "exact" }

[job.mapped]
selection = "clean"
params = { limit = { type = "integer", default = 7, min = 1 }, file = { type = "string" } }
config.clean = { limit = "{{param.limit}}", mode = "m-{{param.limit}}" }
inputs = { "clean.flights" = "data/{{ param.file }}.csv" }
"#;

fn configured() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", CONFIGURED)
        .with_file("data/a.csv", "a\n")
        .with_file("data/b.csv", "b\n")
}

#[test]
fn a_job_sets_values_for_all_partitions_and_for_one_and_every_verb_can_judge_by_it() {
    let project = configured();
    project.run(&["job", "run", "nightly"]).success();
    assert_eq!(project.read("clean/2024-01-01"), "10 fast y nightly\na\n");
    assert_eq!(project.read("clean/2024-01-02"), "10 exact y nightly\na\n");
    for verb in ["status", "plan", "check"] {
        let judged = json(&project, &[verb, "--job", "nightly", "--json"]);
        assert_eq!(judged["configuration"]["job"], "nightly", "{verb}");
        let stale = project.run(&["status", "clean", "--exit-code"]).exits(1);
        assert!(
            stale.stdout().contains("config.limit"),
            "{}",
            stale.stdout()
        );
    }
    project
        .run(&["status", "--job", "nightly", "--exit-code"])
        .success();
    project.run(&["check", "--job", "nightly"]).success();
    project.run(&["check", "clean"]).exits(1);
    // Without a selection also its selection counts: `other` was never made.
    let planned = json(&project, &["plan", "--job", "nightly", "--json"]);
    assert_eq!(planned["steps"], serde_json::json!([]));
    project
        .run(&["job", "run", "nightly", "--json"])
        .success()
        .ran_nothing();
    let set = ["job", "run", "nightly", "--set", "clean.limit=3", "--json"];
    project
        .run(&set)
        .success()
        .ran(&["clean@2024-01-01", "clean@2024-01-02"]);
    project.run(&["materialize", "--job", "nihtly"]).exits(2);
}

#[test]
fn a_cause_names_the_run_and_the_job_of_the_old_value() {
    let project = configured();
    let lines = events(
        &project,
        &["job", "run", "nightly", "--json"],
        "run_started",
    );
    let run = lines[0]["run"].as_str().expect("an id").to_owned();
    assert_eq!(lines[0]["configuration"]["job"], "nightly");
    let whole = json(&project, &["explain", "clean@2024-01-01", "--json"]);
    let planned = json(&project, &["plan", "clean", "--json"]);
    let checked = project.run(&["check", "clean", "--json"]).exits(1);
    let checked: Value = serde_json::from_str(checked.stdout()).expect("JSON");
    let status = json(&project, &["status", "clean", "--json"]);
    for causes in [
        &whole["causes"],
        &planned["steps"][0]["causes"],
        &checked["stale"][0]["causes"],
        &status["assets"][0]["partitions"][0]["causes"],
    ] {
        let causes = causes.as_array().expect("a list").iter();
        let limit = causes.clone().find(|it| it["what"] == "config.limit");
        let limit = limit.unwrap_or_else(|| panic!("{causes:?}"));
        assert_eq!(
            (&limit["old_run"], &limit["old_job"]),
            (&run.clone().into(), &"nightly".into())
        );
    }
    let words = format!("in run {}… (job nightly)", &run[..13]);
    for verb in ["status", "plan", "check", "explain"] {
        let said = project
            .run(&[verb, "clean@2024-01-01"])
            .exits_with_one_of(&[0, 1]);
        assert!(said.stdout().contains(&words), "{}", said.stdout());
    }
    // Two runs have made the partitions of one range: it has neither.
    let set = [
        "materialize",
        "clean@2024-01-02",
        "--json",
        "--job",
        "nightly",
        "--set",
        "clean.mode=fast",
    ];
    let lines = events(&project, &set, "run_finished");
    assert_eq!(lines[0]["configuration"]["job"], "nightly");
    let status = json(
        &project,
        &[
            "status",
            "clean",
            "--json",
            "--set",
            "clean.limit=20",
            "--set",
            "clean.mode=slow",
        ],
    );
    let runs = status["assets"][0]["partitions"]
        .as_array()
        .expect("a list");
    let causes = runs[0]["causes"].as_array().expect("a list").iter();
    let limit = causes
        .clone()
        .find(|it| it["what"] == "config.limit")
        .expect("it differs");
    assert_eq!(
        (runs[0]["count"].clone(), limit.get("old_run")),
        (2.into(), None),
        "{status}"
    );
    // With nothing to do a run says what it was given, too.
    project.materialize(&["--job", "nightly"]).success();
    let nothing = ["materialize", "--job", "nightly", "--json"];
    let lines = events(&project, &nothing, "run_finished");
    assert_eq!(
        (lines[0].get("run"), &lines[0]["configuration"]["job"]),
        (None, &"nightly".into())
    );
    // Without an instance nobody knows.
    std::fs::remove_dir_all(project.path(".assetctl")).expect("removed");
    let checked = project.run(&["check", "clean", "--json"]).exits(1);
    assert!(
        !checked.stdout().contains("old_run"),
        "{}",
        checked.stdout()
    );
}

#[test]
fn params_are_all_that_can_be_set_of_a_job_that_has_some() {
    let project = configured();
    let missing = project.run(&["job", "run", "mapped"]).exits(2);
    assert!(
        missing.stderr().contains("params.file"),
        "{}",
        missing.stderr()
    );
    let wrong = [
        "job", "run", "mapped", "--set", "file=b", "--set", "limit=0",
    ];
    let wrong = project.run(&wrong).exits(2);
    assert!(
        wrong.stderr().contains("wanted at least 1"),
        "{}",
        wrong.stderr()
    );
    let help = "correct the value, or `params`";
    assert!(wrong.stderr().contains(help), "{}", wrong.stderr());
    let closed = [
        "job",
        "run",
        "mapped",
        "--set",
        "file=b",
        "--set",
        "clean.limit=3",
    ];
    let closed = project.run(&closed).exits(2);
    assert!(
        closed.stderr().contains("`limit`, `file`"),
        "{}",
        closed.stderr()
    );
    let unknown = ["job", "run", "mapped", "--set", "file=b", "--set", "limt=3"];
    let unknown = project.run(&unknown).exits(2);
    assert!(unknown.stderr().contains("limit"), "{}", unknown.stderr());
    let jobless = project.run(&["status", "--set", "limit=3"]).exits(2);
    assert!(
        jobless.stderr().contains("no job is named"),
        "{}",
        jobless.stderr()
    );
    project.write("run.toml", "[params]\nlimit = 9\nfile = 'a'\n");
    let run = [
        "job",
        "run",
        "mapped",
        "--config",
        "run.toml",
        "--set",
        "params.file=b",
    ];
    project.run(&run).success();
    assert_eq!(project.read("clean/2024-01-01"), "9 m-9 x mapped\nb\n");
    let check = ["config", "check", "--job", "mapped", "--config"];
    let resolved = project.run(&[&check[..], &["run.toml"]].concat()).success();
    assert!(
        resolved
            .stdout()
            .contains("[params]\nlimit = 9\nfile = \"a\"\n"),
        "{}",
        resolved.stdout()
    );
    project.write("again.toml", resolved.stdout());
    let again = project
        .run(&[&check[..], &["again.toml"]].concat())
        .success();
    assert_eq!(again.stdout(), resolved.stdout());
    let scaffold = project
        .run(&["config", "scaffold", "--job", "mapped"])
        .success();
    assert!(
        scaffold
            .stdout()
            .contains("\n# limit = 7  # integer, at least 1\n"),
        "{}",
        scaffold.stdout()
    );
    assert!(
        scaffold.stdout().contains("\nfile = "),
        "{}",
        scaffold.stdout()
    );
    // What is given is the present value.
    let given = [
        "config",
        "scaffold",
        "--job",
        "mapped",
        "--config",
        "again.toml",
    ];
    let scaffold = project.run(&given).success();
    for line in ["\n# limit = 9  # integer", "\n# file = \"a\"  #"] {
        assert!(scaffold.stdout().contains(line), "{}", scaffold.stdout());
    }
    let shown = json(&project, &["job", "show", "mapped", "--json"]);
    assert_eq!(shown["job"]["config"]["clean"]["limit"], "{{param.limit}}");
    assert_eq!(shown["job"]["params"]["limit"]["default"], 7);
}

#[test]
fn what_a_job_sets_is_checked_with_the_manifest() {
    let project = configured();
    let text = "[asset.a]\nconfig = { limit = 1 }\ncommand = 'echo {{config.limit}} > {{output}}'\noutputs = 'a'\n\
                [job.j]\nconfig.a = { limt = 2 }\nconfig.b = { x = 1 }\npartition_config.k.a = { limit = 3 }\n\
                inputs = { nothing = 'x' }\n[job.k]\nparams = { p = { type = 'integer' }, r = { type = 'integer', default = 'x' } }\nconfig.a.limit = '{{param.q}}'\n";
    project.write("Assets.toml", text);
    let said = project.run(&["validate"]).exits(2).said();
    for part in [
        "limt",
        "there is no asset `b`",
        "`partition_config` is for keys",
        "nothing",
        "no such param",
        "params.r.default: wanted an integer",
        "correct the value, or `params`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    project.write(
        "Assets.toml",
        CONFIGURED.replace("limit = 10, deep", "limit = 10, mode = 'x', deep"),
    );
    let said = project.run(&["validate"]).exits(2).said();
    assert!(said.contains("for all partitions and for one"), "{said}");
}

#[test]
fn there_is_one_executor_and_in_process_has_no_limit() {
    let project = project();
    for (execution, why) in [
        (
            "executor = [\"in_process\", \"multiprocess\"]",
            "exactly one executor",
        ),
        (
            "executor = { in_process = {}, multiprocess = {} }",
            "exactly one executor",
        ),
        ("executor = \"docker\"", "there is no executor `docker`"),
        (
            "executor = \"in_process\"\nmax_concurrent = 4",
            "`in_process` runs one step at a time",
        ),
        ("max_concurrent = -1", "0 is the number of cores"),
    ] {
        project.write("run.toml", format!("[execution]\n{execution}\n"));
        let of_call = project.run(&["plan", "--config", "run.toml"]).exits(2);
        project.write("run.toml", "");
        let text =
            format!("[job.j]\n{execution}\n[asset.a]\ncommand = \"echo > {{{{output}}}}\"\n");
        let of_job = Sandbox::new().with_file("Assets.toml", &text);
        let of_job = of_job.run(&["validate"]).exits(2);
        for said in [of_call.said(), of_job.said()] {
            assert!(said.contains(why), "{execution}: {said}");
            assert!(said.contains(".toml:"), "{execution}: {said}");
        }
    }
}

#[test]
fn the_test_of_a_job_is_recorded_where_a_home_is_named() {
    let project = project();
    let test = ["job", "run", "ordered", "--in-process", "--json"];
    let recorded = [&test[..], &["--home", "records"]].concat();
    for _ in 0..2 {
        // All of it runs, whatever the instance knows.
        project
            .run(&recorded)
            .success()
            .ran(&["first", "other", "second"]);
        assert!(!project.exists(".assetctl") && !project.exists("Assets.lock"));
        assert!(!project.exists("first"));
    }
    project.run(&test).success();
    let history = json(
        &project,
        &["history", "first", "--json", "--home", "records"],
    );
    let made = history["materializations"].as_array().expect("a list");
    assert_eq!(made.len(), 2, "the ephemeral run left no record");
    // An output that was only in memory is not fresh.
    let status = json(
        &project,
        &["status", "first", "--json", "--home", "records"],
    );
    assert_eq!(status["assets"][0]["counts"]["fresh"], 0);
    let refused = project
        .run(&["materialize", "--in-memory", "--home", "records"])
        .exits(2);
    assert!(
        refused.stderr().contains("its own instance"),
        "{}",
        refused.stderr()
    );
}

#[test]
fn a_failed_step_tells_how_the_job_goes_on() {
    let project = Sandbox::new().with_file(
        "Assets.toml",
        "[asset.a]\ncommand = 'exit 3 > {{output}}'\noutputs = 'a'\n[job.nightly]\nselection = 'a'\n[env.prod]\n",
    );
    for (words, again) in [
        (&["job", "run", "nightly"][..], "assetctl job run nightly a"),
        (
            &["job", "run", "nightly", "--in-process"],
            "assetctl job run nightly --in-process a",
        ),
        (
            &["job", "run", "nightly", "--env", "prod"],
            "assetctl --env prod job run nightly a",
        ),
    ] {
        let said = project.run(words).exits(1);
        assert!(said.stderr().contains(again), "{again}: {}", said.stderr());
    }
}
