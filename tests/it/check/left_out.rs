//! What a check leaves out, and what it knows besides: by what is staged since a revision, of what is not rebuilt, of what
//! was observed.

use serde_json::{Value, json};

use crate::check::{built, cloned, document, git, line_of, unfresh};
use crate::sandbox::Sandbox;

#[test]
fn what_is_staged_is_narrowed_to_what_changed_since_a_revision() {
    let clone = cloned(&built());
    document(&clone, &["--staged", "--since", "HEAD"], 0);
    clone.append("data/2024-01-02.csv", "more\n");
    git(&clone, &["add", "data"]);
    // Neither staged nor since then.
    clone.append("data/2024-01-03.csv", "more\n");
    let staged = [
        "clean@2024-01-02 stale data",
        "window@2024-01-02...2024-01-03 pending data",
        "report pending data",
    ];
    let said = document(&clone, &["--staged", "--since", "HEAD"], 1);
    assert_eq!(unfresh(&said), staged);
    assert_eq!(said["counts"]["all"], 4, "{said}");
    // A line that was taken away is a change of its own; one that is stale already at the revision is none.
    super::commit(&clone);
    document(&clone, &["--staged", "--since", "HEAD"], 0);
    let line = line_of(&clone, "other - ");
    clone.edit("Assets.lock", &format!("{line}\n"), "");
    document(&clone, &["--staged", "--since", "HEAD"], 0);
    git(&clone, &["add", "Assets.lock"]);
    let said = document(&clone, &["--staged", "--since", "HEAD"], 1);
    assert_eq!(unfresh(&said), ["other missing"]);
}

#[test]
fn where_only_the_lock_file_is_not_staged_that_is_what_to_do() {
    let project = built();
    project.append("data/2024-01-02.csv", "more\n");
    project.materialize(&[]).success();
    git(&project, &["add", "data"]);
    let said = project.run(&["check", "--staged"]).exits(1);
    let told = "Only Assets.lock is not staged: `git add Assets.lock`.";
    assert!(
        said.stdout().ends_with(&format!("{told}\n")),
        "{}",
        said.stdout()
    );
    assert_eq!(document(&project, &["--staged"], 1)["lock_not_added"], true);
    // It would not be enough.
    project.append("names.txt", "eve\n");
    git(&project, &["add", "names.txt"]);
    let said = project.run(&["check", "--staged"]).exits(1);
    assert!(!said.stdout().contains("git add"), "{}", said.stdout());
    project.materialize(&[]).success();
    git(&project, &["add", "Assets.lock"]);
    project.run(&["check", "--staged"]).success();
}

#[test]
fn what_cannot_be_rebuilt_is_told_with_the_reason() {
    let manifest = r#"
[project]
[source.seen]
observe = "echo 7"
[asset.always]
volatile = true
command = "echo x > {{output}}"
outputs = "build/always"
[asset.grows]
incremental = true
command = "echo x >> {{output}}"
outputs = "build/grows"
[asset.reads]
deps = "seen"
command = "echo x > {{output}}"
outputs = "build/reads"
[asset.plain]
command = "echo x > {{output}}"
outputs = "build/plain"
"#;
    let project = Sandbox::new().with_file("Assets.toml", manifest);
    project.materialize(&[]).success();
    let said = document(&project, &["--rebuild", "9"], 0);
    let left_out = json!([
        {"asset": "always", "count": 1, "why": "volatile"},
        {"asset": "grows", "count": 1, "why": "incremental"},
        {"asset": "reads", "count": 1, "why": "observed_input"},
    ]);
    let mut told = said["not_rebuilt"].as_array().expect("a list").clone();
    told.sort_by_key(|it| it["asset"].to_string());
    assert_eq!(Value::from(told), left_out);
    assert_eq!(said["rebuilt"].as_array().map(Vec::len), Some(1));
    let said = project.run(&["check", "--rebuild", "9"]).success();
    assert!(
        said.stdout()
            .contains("Left out: grows (1 partition), as it starts from its previous output."),
        "{}",
        said.stdout()
    );
}

#[test]
fn an_observation_is_dated_where_the_instance_knows_it() {
    let manifest = r#"
[project]
[source.seen]
observe = "echo 7"
[asset.reads]
deps = "seen"
command = "echo x > {{output}}"
outputs = "build/reads"
"#;
    let project = Sandbox::new()
        .at("2024-01-04T12:00:00Z")
        .with_file("Assets.toml", manifest);
    project.materialize(&[]).success();
    let later = ["--now", "2024-01-09T12:00:00Z"];
    let said = document(&project, &later, 0);
    assert!(said["locked_sources"][0]["observed"].is_string(), "{said}");
    // The clock of a run is the machine's own.
    let said = project.run(&["check"]).success();
    assert!(
        said.stdout().contains("seen (observed "),
        "{}",
        said.stdout()
    );
    project.remove(".assetctl");
    let said = document(&project, &later, 0);
    assert_eq!(
        said["locked_sources"],
        json!([{"asset": "seen", "first": null, "last": null, "count": 1}])
    );
}

#[test]
fn a_command_that_is_not_reproducible_is_told_in_every_format() {
    let project = built();
    let line = line_of(&project, "clean 2024-01-02 ");
    let other = super::with_other(&line, " o=");
    project.edit("Assets.lock", &line, &format!("{line}\n{other}"));
    for (format, told) in [
        ("github", "::warning file=Assets.toml"),
        ("gitlab", "assetctl/irreproducible"),
        ("junit", "<system-out>"),
        ("sarif", "\"ruleId\":\"assetctl/irreproducible\""),
    ] {
        let outcome = project.run(&["check", "--format", format]).success();
        let said = outcome.stdout();
        assert!(said.contains(told), "{format}: {said}");
        assert!(said.contains("2024-01-02 locked twice"), "{format}: {said}");
        assert!(!said.contains("<skipped"), "{said}");
    }
}
