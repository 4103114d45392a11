//! How a command line selects partitions: which steps run for each flag, and for flags that stand together.

use std::num::NonZeroU32;

use assetctl::model::{KeyChoice, MaterializeOptions, PartitionsSelection, RecordedState};

use crate::sandbox::{Sandbox, await_that};
use crate::scenario::{Scenario, keys, only, set};

/// Two definitions that share a key, one of names, and an asset without partitions.
const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-30"
end = "2020-02-03"

[partitions.month]
type = "monthly"
start = "2020-01-01"
end = "2020-03-01"

[partitions.region]
type = "static"
keys = ["eu", "us", "asia"]

[asset.clean]
partitions = "day"
command = "test ! -e broken/{{partition}} && echo {{partition}} > {{output}}"
outputs = "clean/{{partition}}"

[asset.rolling]
partitions = "day"
deps = [{ asset = "clean", mapping = "time_window", start_offset = -1 }]
command = "cat {{input.clean}} > {{output}}"
outputs = "rolling/{{partition}}"

[asset.billing]
partitions = "month"
command = "echo {{partition}} > {{output}}"
outputs = "billing/{{partition}}"

[asset.sales]
partitions = "region"
command = "echo {{partition}} > {{output}}"
outputs = "sales/{{partition}}"

[asset.whole]
command = "echo whole > {{output}}"
outputs = "whole"
"#;

fn ask(words: &[&str], partitions: PartitionsSelection) -> MaterializeOptions {
    let mut options = only(words);
    options.selection.partitions = partitions;
    options
}

fn choice(keys: KeyChoice) -> PartitionsSelection {
    PartitionsSelection {
        keys,
        ..PartitionsSelection::default()
    }
}

fn latest(count: u32) -> PartitionsSelection {
    choice(KeyChoice::Latest(
        NonZeroU32::new(count).expect("at least one"),
    ))
}

fn recorded(recorded: RecordedState) -> PartitionsSelection {
    PartitionsSelection {
        recorded,
        ..PartitionsSelection::default()
    }
}

#[test]
fn each_flag_runs_its_keys_and_what_they_need() {
    let all = || choice(KeyChoice::All);
    for (words, partitions, steps) in [
        (
            &["sales"][..],
            choice(KeyChoice::Every),
            &["sales@eu", "sales@us", "sales@asia"][..],
        ),
        (&["sales"], all(), &["sales@eu", "sales@us", "sales@asia"]),
        (&["sales"], keys(&["us"]), &["sales@us"]),
        (&["sales"], keys(&["us", "eu"]), &["sales@us", "sales@eu"]),
        (&[], keys(&["us"]), &["sales@us"]),
        (
            &[],
            keys(&["us", "2020-01-01"]),
            &["sales@us", "billing@2020-01-01"],
        ),
        (
            &[],
            keys(&["2020-01-31"]),
            &["clean@2020-01-30", "clean@2020-01-31", "rolling@2020-01-31"],
        ),
        (
            &["clean"],
            keys(&["2020-01-31...2020-02-01"]),
            &["clean@2020-01-31", "clean@2020-02-01"],
        ),
        (
            &["clean"],
            keys(&["2020-01-30...2020-01-30", "2020-02-02"]),
            &["clean@2020-01-30", "clean@2020-02-02"],
        ),
        (&[], keys(&["us...asia"]), &["sales@us", "sales@asia"]),
        (
            &["rolling"],
            keys(&["2020-02-02...2020-02-02"]),
            &["clean@2020-02-01", "clean@2020-02-02", "rolling@2020-02-02"],
        ),
        (&["sales", "whole"], keys(&["us"]), &["sales@us", "whole"]),
        (
            &["sales@us", "whole"],
            choice(KeyChoice::Every),
            &["sales@us", "whole"],
        ),
        (
            &["sales", "billing", "whole"],
            latest(1),
            &["sales@asia", "billing@2020-02-01", "whole"],
        ),
        (
            &["clean"],
            latest(3),
            &["clean@2020-01-31", "clean@2020-02-01", "clean@2020-02-02"],
        ),
        (
            &["billing"],
            latest(9),
            &["billing@2020-01-01", "billing@2020-02-01"],
        ),
        (
            &[],
            latest(1),
            &[
                "sales@asia",
                "billing@2020-02-01",
                "clean@2020-02-01",
                "clean@2020-02-02",
                "rolling@2020-02-02",
            ],
        ),
    ] {
        let request = ask(words, partitions);
        println!("{words:?} {}", request.selection.partitions);
        let ran = Scenario::new(MANIFEST).runs_only(&request, steps);
        assert!(ran.said().is_empty(), "{:?}", ran.said());
    }
}

#[test]
fn a_key_of_several_definitions_is_taken_in_each_unless_it_is_limited() {
    let both =
        "`2020-02-01` is a key of `day` and `month`; `--partition day=2020-02-01` limits it to one";
    let shared = [
        "clean@2020-01-31",
        "clean@2020-02-01",
        "rolling@2020-02-01",
        "billing@2020-02-01",
    ];
    for (words, partitions, steps, said) in [
        (&[][..], keys(&["2020-02-01"]), &shared[..], &[both][..]),
        (
            &["clean", "billing"],
            keys(&["2020-02-01"]),
            &[shared[1], shared[3]],
            &[both],
        ),
        (&["billing"], keys(&["2020-02-01"]), &[shared[3]], &[]),
        (&[], keys(&["month=2020-02-01"]), &[shared[3]], &[]),
        (&[], keys(&["day=2020-02-01"]), &shared[..3], &[]),
        (
            &[],
            keys(&["month=2020-01-01...2020-02-01"]),
            &["billing@2020-01-01", shared[3]],
            &[],
        ),
        (
            &[],
            keys(&["month=2020-01-01...month=2020-02-01"]),
            &["billing@2020-01-01", shared[3]],
            &[],
        ),
        (
            &["clean", "billing"],
            keys(&["month=2020-01-01", "day=2020-01-30"]),
            &["billing@2020-01-01", "clean@2020-01-30"],
            &[],
        ),
    ] {
        let request = ask(words, partitions);
        println!("{words:?} {}", request.selection.partitions);
        let ran = Scenario::new(MANIFEST).runs_only(&request, steps);
        assert_eq!(ran.said(), said);
    }
}

#[test]
fn a_text_that_is_a_key_is_that_key() {
    let project = Scenario::new(
        r#"
[partitions.day]
type = "daily"
start = "2020-02-28"

[partitions.odd]
type = "static"
keys = ["day=2020-02-28", "a=b"]

[asset.daily]
partitions = "day"
command = "echo > {{output}}"
outputs = "daily/{{partition}}"

[asset.odd]
partitions = "odd"
command = "echo > {{output}}"
outputs = "odd/{{partition}}"
"#,
    );
    let _ = project.runs_only(
        &ask(&[], keys(&["day=2020-02-28"])),
        &["odd@day=2020-02-28"],
    );
    let _ = project.runs_only(&ask(&[], keys(&["day=2020-02-29"])), &["daily@2020-02-29"]);
    let _ = project.runs_only(&ask(&[], keys(&["odd=a=b"])), &["odd@a=b"]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let project = Scenario::new(MANIFEST);
    for (words, partitions, codes) in [
        (&[][..], keys(&["2021-01-01"]), &["unknown_key"][..]),
        (
            &[],
            keys(&["2021-01-01", "us", "mars"]),
            &["unknown_key", "unknown_key"],
        ),
        (&[], keys(&["2020-01-30...2021-01-01"]), &["unknown_key"]),
        (&[], keys(&["2020-02-02...2020-01-30"]), &["reversed_range"]),
        (&[], keys(&["asia...eu"]), &["reversed_range"]),
        (&[], keys(&["eu...2020-01-30"]), &["unknown_key"]),
        (&[], keys(&["week=2020-01-30"]), &["unknown_definition"]),
        (&[], keys(&["day=2020-01-01"]), &["unknown_key"]),
        (&["billing"], keys(&["2020-01-31"]), &["unknown_partition"]),
        (
            &["billing"],
            keys(&["week=2020-02-01"]),
            &["unknown_definition"],
        ),
        (
            &["clean", "billing"],
            keys(&["2020-01-31"]),
            &["unknown_partition"],
        ),
        (
            &["clean"],
            keys(&["2020-01-31...2020-01-30"]),
            &["reversed_range"],
        ),
        (&["clean"], keys(&["month=2020-02-01"]), &["no_key_for"]),
        (
            &["clean", "billing"],
            keys(&["month=2020-02-01"]),
            &["no_key_for"],
        ),
        (
            &["clean@2020-01-31"],
            keys(&["2020-01-31"]),
            &["partition_twice"],
        ),
        (&["clean@2020-01-31"], latest(2), &["partition_twice"]),
    ] {
        let request = ask(words, partitions);
        let codes: Vec<_> = codes
            .iter()
            .map(|it| format!("assetctl::app::{it}"))
            .collect();
        assert_eq!(
            project.refused_only(&request),
            codes,
            "{words:?} {}",
            request.selection.partitions
        );
    }
    assert!(!project.holds(".assetctl/instance.db"), "nothing ran");
}

#[test]
fn missing_and_failed_are_exact_for_each_asset_and_key() {
    let project = Scenario::new(MANIFEST).with(&[("broken/2020-01-31", "")]);
    project.ask(&only(&["clean"])).failed(&["clean@2020-01-31"]);
    let _ = project.runs_only(&only(&["billing@2020-01-01"]), &["billing@2020-01-01"]);
    project.remove("broken");
    project.edit(
        "echo {{partition}} > {{output}}\"\noutputs = \"billing",
        "echo x > {{output}}\"\noutputs = \"billing",
    );

    let both = |words: &[&str], partitions: PartitionsSelection, state| {
        let recorded = state;
        ask(
            words,
            PartitionsSelection {
                recorded,
                ..partitions
            },
        )
    };
    let range = || keys(&["2020-01-30...2020-02-01"]);
    let state = |missing, failed| RecordedState { missing, failed };
    let (missing, failed) = (state(true, false), state(false, true));
    for (request, steps) in [
        (both(&["clean"], range(), failed), &["clean@2020-01-31"][..]),
        (both(&["clean"], range(), missing), &["clean@2020-01-31"]),
        (both(&["clean"], latest(2), missing), &[]),
        (
            both(
                &["clean@2020-01-31", "billing"],
                PartitionsSelection::default(),
                missing,
            ),
            &["clean@2020-01-31", "billing@2020-02-01"],
        ),
        (
            ask(&["billing", "sales"], recorded(missing)),
            &["billing@2020-02-01", "sales@eu", "sales@us", "sales@asia"],
        ),
        (ask(&["billing"], recorded(failed)), &[]),
        (ask(&[], recorded(failed)), &["clean@2020-01-31"]),
    ] {
        let plan = project.plan(&request);
        assert_eq!(plan, set(steps), "{:?}", request.selection);
    }

    let _ = project.runs_only(&ask(&[], recorded(failed)), &["clean@2020-01-31"]);
    let _ = project.runs_only(
        &ask(&[], recorded(missing)),
        &[
            "billing@2020-02-01",
            "sales@eu",
            "sales@us",
            "sales@asia",
            "whole",
            "rolling@2020-01-30",
            "rolling@2020-01-31",
            "rolling@2020-02-01",
            "rolling@2020-02-02",
        ],
    );
    // What is stale is neither missing nor failed: the changed command of `billing` waits for a request without filters.
    let _ = project.runs(&["billing@2020-01-01"]);
}

#[test]
fn nothing_to_do_is_said_of_the_same_keys_only() {
    let project = Scenario::new(MANIFEST);
    let _ = project.runs_only(&ask(&["sales"], keys(&["eu"])), &["sales@eu"]);
    let _ = project.runs_only(&ask(&["sales"], keys(&["eu...us"])), &["sales@us"]);
    let _ = project.runs_only(&ask(&["sales"], latest(1)), &["sales@asia"]);
    let _ = project.runs_only(&ask(&["sales"], latest(2)), &[]);
    project.remove("sales/us");
    let _ = project.runs_only(
        &ask(
            &["sales"],
            recorded(RecordedState {
                missing: true,
                failed: false,
            }),
        ),
        &[],
    );
    let _ = project.runs_only(&ask(&["sales"], latest(2)), &["sales@us"]);
}

#[test]
fn the_newest_keys_are_those_of_the_moment() {
    let project = Scenario::new(
        r#"
[partitions.day]
type = "daily"
start = "2020-03-01"

[asset.daily]
partitions = "day"
command = "echo {{partition}} > {{output}}"
outputs = "daily/{{partition}}"

[asset.whole]
command = "echo > {{output}}"
outputs = "whole"
"#,
    );
    // There is no day yet; the seal of a run that found everything fresh ends when there is one.
    let _ = project.runs_only(&ask(&[], latest(1)), &[]);
    let _ = project.runs(&["whole"]);
    let project = project.at("2020-03-02T00:00:00Z");
    let _ = project.runs(&["daily@2020-03-01"]);
    let _ = project.runs_only(&ask(&[], latest(1)), &[]);
    let project = project.at("2020-03-03T00:00:00Z");
    let _ = project.runs_only(&ask(&[], latest(1)), &["daily@2020-03-02"]);
}

#[test]
fn an_interrupted_backfill_goes_on_where_it_was() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        r#"
[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2020-01-07"

[asset.a]
partitions = "day"
command = "echo {{partition}} >> ran; test ! -e gates/{{partition}} || cat gates/{{partition}}; echo > {{output}}"
outputs = "build/{{partition}}"
"#,
    );
    let backfill = ["a", "--partition-range", "2020-01-02...2020-01-05", "-j1"];
    for filter in [&["--missing"][..], &[]] {
        let arguments = [&["materialize"], &backfill[..], filter].concat();
        sandbox.write("gates/2020-01-04/none", "");
        sandbox.remove("gates/2020-01-04");
        let gate = sandbox.path("gates/2020-01-04");
        let made = std::process::Command::new("mkfifo").arg(&gate).status();
        assert!(made.expect("mkfifo can be run").success());
        let started = sandbox.start(&arguments);
        await_that("two records and a third step", || {
            let status = sandbox
                .run(&["status", "a", "--recorded", "--json"])
                .success();
            status.stdout().contains(r#""fresh":2"#) && sandbox.read("ran").lines().count() == 3
        });
        started.kill_with_commands();
        assert!(started.was_killed());
        sandbox.remove("gates");
        let rest = [&backfill[..], filter].concat();
        sandbox
            .materialize(&rest)
            .success()
            .ran(&["a@2020-01-04", "a@2020-01-05"]);
        sandbox.materialize(&rest).success().ran_nothing();
        sandbox.run(&["wipe", "a", "--outputs", "--yes"]).success();
        sandbox.remove("ran");
    }
}

#[test]
fn keys_that_a_command_adds_are_left_to_the_next_run() {
    let manifest = r#"
[partitions.uploads]
type = "files"
pattern = "data/{{partition}}.csv"

[asset.fetch]
command = "mkdir -p data; : > data/a.csv; : > data/b.csv; echo > {{output}}"
outputs = "fetched"

[asset.each]
partitions = "uploads"
command = "echo {{partition}} > {{output}}"
outputs = "build/{{partition}}"
"#;
    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    let first = sandbox.materialize(&[]).success();
    first.ran(&["fetch"]);
    let last = first.stderr().lines().last().map(str::to_owned);
    assert_eq!(
        last.as_deref(),
        Some("2 keys were added to uploads: run again")
    );
    sandbox
        .materialize(&[])
        .success()
        .ran(&["each@a", "each@b"]);
    sandbox.materialize(&[]).success().ran_nothing();

    let sandbox = Sandbox::new().with_file("Assets.toml", manifest);
    let all = sandbox.materialize(&["--until-done"]).success();
    all.ran(&["fetch", "each@a", "each@b"]);
    assert!(!all.stderr().contains("run again"), "{}", all.stderr());
}

#[test]
fn a_range_as_it_is_printed_is_a_word_of_each_verb_that_speaks_of_one() {
    let sandbox = Sandbox::new();
    sandbox.write("Assets.toml", MANIFEST);
    // One at a time, so that the newest key is made last.
    sandbox.run(&["materialize", "clean", "-j1"]).success();
    let range = "clean@2020-01-31...2020-02-01";
    let explained = sandbox.run(&["explain", range]).success();
    let said = explained.stdout();
    assert!(said.starts_with("clean@2020-01-31 is fresh"), "{said}");
    let history = sandbox.run(&["history", range, "--json"]).success();
    let history: serde_json::Value =
        serde_json::from_str(history.stdout()).expect("an answer in JSON");
    let made = history["materializations"].as_array().expect("entries");
    assert_eq!(made.len(), 2, "{history}");
    let first = sandbox
        .run(&["history", range, "--json", "--limit", "1"])
        .success();
    assert!(first.stdout().contains("2020-02-01"), "{}", first.stdout());
    sandbox.run(&["accept", range]).success();
    sandbox
        .run(&["explain", "clean@2020-02-01...2020-01-31"])
        .exits(2);
    let loud = "echo hello {{partition}} >&2; echo {{partition}} > {{output}}";
    let quiet = "test ! -e broken/{{partition}} && echo {{partition}} > {{output}}";
    sandbox.write("Assets.toml", MANIFEST.replace(quiet, loud));
    sandbox.run(&["materialize", "clean"]).success();
    let logs = sandbox.run(&["logs", range]).success();
    let said = logs.stdout();
    assert!(said.contains("hello 2020-02-01"), "{said}");
    assert!(!said.contains("hello 2020-01-30"), "{said}");
}
