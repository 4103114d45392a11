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
    ] {
        assert_eq!(events(&project, words, "run_planned")[0]["jobs"], jobs);
    }
    let page = ["job", "run", "page", "--force", "--json"];
    project.run(&page).success().ran(&["report"]);
}
