//! What a check is about: windows that are due, changes since a revision, and how it says that it cannot answer.

use serde_json::Value;

use crate::check::{built, cloned, document, git, line_of, unfresh, with_other};
use crate::sandbox::Sandbox;

const GRID: &str = r#"
[project]
name = "grid"
[partitions.day]
type = "daily"
start = "2024-01-01"
[partitions.region]
type = "static"
keys = ["eu", "us"]
[partitions.grid]
type = "multi"
dimensions = { day = "day", region = "region" }
[asset.cells]
partitions = "grid"
command = "echo {{partition}} > {{output}}"
outputs = "build/cells/{{partition.day}}-{{partition.region}}"
[asset.sums]
partitions = "region"
deps = "cells"
command = "cat {{input}} > {{output}}"
outputs = "build/sums/{{partition}}"
"#;

#[test]
fn windows_of_several_dimensions_are_due_too() {
    let project = Sandbox::new()
        .at("2024-01-04T12:00:00Z")
        .with_file("Assets.toml", GRID);
    project.materialize(&[]).success();
    let later = ["--now", "2024-01-06T12:00:00Z"];
    let apart = document(&project, &later, 0);
    assert_eq!(apart["counts"]["due"], 4);
    assert_eq!(apart["counts"]["fresh"], 8);
    let counted = document(&project, &[&later[..], &["--due"]].concat(), 1);
    // What reads all of them is judged without those that are due.
    let missing = "cells@2024-01-04|eu...2024-01-05|us missing";
    assert_eq!(unfresh(&counted), [missing]);
    // A clock that is behind makes no line one of nothing.
    let earlier = document(&project, &["--now", "2024-01-03T12:00:00Z"], 0);
    assert_eq!(earlier["orphans"].as_array().map(Vec::len), Some(0));
    assert_eq!(earlier["counts"]["fresh"], 8);
    assert_eq!(earlier.get("ahead"), None);
    // One that is behind by more than a week is not believed to be: what reads all windows is stale then, and it is told
    // that the clock may be why.
    let long_before = ["--now", "2023-12-20T12:00:00Z"];
    let told = document(&project, &long_before, 1);
    assert_eq!(unfresh(&told), ["sums@eu...us stale data"]);
    let ahead = serde_json::json!([{"asset": "cells", "window": "2024-01-01|eu", "lines": 6}]);
    assert_eq!(told["ahead"], ahead);
    let said = project
        .run(&[&["check"], &long_before[..]].concat())
        .exits(1);
    assert!(
        said.stdout().contains("the clock here is behind"),
        "{}",
        said.stdout()
    );
    project
        .run(&["lock", "prune", "--now", "2024-01-03T12:00:00Z", "-n"])
        .success();
    // A region that is new lacks the days that the others have.
    project.edit(
        "Assets.toml",
        "[\"eu\", \"us\"]",
        "[\"eu\", \"us\", \"zz\"]",
    );
    let missing = document(&project, &later, 1);
    assert_eq!(missing["counts"]["missing"], 4, "{missing}");
    assert_eq!(missing["counts"]["due"], 6);
}

#[test]
fn whatever_changes_in_the_lock_file_is_asked_about() {
    let project = built();
    let key = "+ tenant acme\n";
    project.edit("Assets.lock", key, &format!("{key}+ tenant bolt\n"));
    let since = document(&project, &["--since", "HEAD"], 1);
    assert_eq!(unfresh(&since), ["invoice@bolt missing"]);
    git(&project, &["checkout", "-q", "Assets.lock"]);

    // What is not tracked any more is known by its line alone.
    git(&project, &["rm", "-q", "--cached", "names.txt"]);
    project.write(".gitignore", "/build/\n/.assetctl/\nnames.txt\n");
    project
        .run(&["lock", "other", "invoice", "report"])
        .success();
    git(&project, &["add", "-A"]);
    super::commit(&project);
    let clone = cloned(&project);
    document(&clone, &["--since", "HEAD"], 0);
    let line = line_of(&clone, "@names - ");
    clone.edit("Assets.lock", &line, &with_other(&line, " o="));
    let since = unfresh(&document(&clone, &["--since", "HEAD"], 1));
    assert_eq!(since, unfresh(&document(&clone, &[], 1)));
    assert!(since.contains(&"other stale data".to_owned()), "{since:?}");

    clone.remove("Assets.lock");
    document(&clone, &["--since", "HEAD"], 1);
}

#[test]
fn errors_are_told_in_the_format_that_was_asked_for() {
    let clone = cloned(&built());
    let text = clone.read("Assets.lock");
    clone.write("Assets.lock", &text[..text.len() - 20]);
    let code = |arguments: &[&str], exit: i32| {
        let outcome = clone.run(arguments).exits(exit);
        assert_eq!(outcome.stderr(), "");
        let document: Value = serde_json::from_str(outcome.stdout()).expect("JSON");
        document["errors"][0]["code"].clone()
    };
    assert_eq!(
        code(&["check", "--format", "json"], 2),
        "assetctl::lockfile::damaged"
    );
    assert_eq!(code(&["check", "--json"], 2), "assetctl::lockfile::damaged");
    assert_eq!(
        code(&["check", "--format=json", "--nope"], 2),
        "assetctl::cli::usage"
    );
    let diff = ["lock", "diff", "nowhere", "--format", "json"];
    assert_eq!(code(&diff, 2), "assetctl::git::unknown_revision");
}
