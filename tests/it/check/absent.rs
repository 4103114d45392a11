//! What is not there: sources that were removed, outputs that are elsewhere, and a lock file that cannot be read.

use crate::check::{built, cloned, commit, document, git, unfresh};
use crate::sandbox::Sandbox;

#[test]
fn a_source_that_is_not_there_is_told_as_missing() {
    let clone = cloned(&built());
    for file in ["cities/us.txt", "data/2024-01-02.csv", "names.txt"] {
        clone.remove(file);
    }
    clone.append("data/2024-01-03.csv", "more\n");
    let said = clone.run(&["check"]).exits(1);
    let lines: Vec<&str> = said.stdout().lines().collect();
    let why = |name: &str| {
        let mut found = lines.iter().filter(|it| it.contains(name));
        found.next().map_or("", |line| *line).to_owned()
    };
    assert!(
        why(" world ").ends_with("cities/us.txt is missing"),
        "{lines:#?}"
    );
    assert!(
        why(" other ").ends_with("names.txt is missing"),
        "{lines:#?}"
    );
    assert!(why(" invoice ").ends_with("names is missing"), "{lines:#?}");
    // A day that is gone and one that changed are two reasons.
    let said = said.stdout();
    assert!(
        said.contains("2024-01-02  data/2024-01-02.csv is missing"),
        "{said}"
    );
    assert!(
        said.contains("2024-01-03  data/2024-01-03.csv changed"),
        "{said}"
    );
    let document = document(&clone, &["world"], 1);
    let cause = &document["stale"][0]["causes"][0];
    assert_eq!(
        (&cause["path"], &cause["missing"]),
        (&"cities/us.txt".into(), &true.into())
    );
    for format in ["github", "gitlab", "junit", "sarif"] {
        let said = clone.run(&["check", "--format", format]).exits(1);
        assert!(
            said.stdout().contains("cities/us.txt is missing"),
            "{format}"
        );
    }
}

#[test]
fn of_several_keys_that_are_read_the_missing_one_is_told() {
    let manifest = r#"
[project]
[partitions.letter]
type = "static"
keys = ["a", "b", "c"]
[source.raw]
partitions = "letter"
path = "raw/{{partition}}"
[asset.all]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "build/all"
"#;
    let mut project = Sandbox::new().with_file("Assets.toml", manifest);
    for letter in ["a", "b", "c"] {
        project = project.with_file(&format!("raw/{letter}"), "x\n");
    }
    git(&project, &["init", "-q"]);
    git(&project, &["add", "-A"]);
    project.materialize(&[]).success();
    project.remove("raw/b");
    let said = project.run(&["check"]).exits(1);
    assert!(
        said.stdout().contains("raw/b is missing"),
        "{}",
        said.stdout()
    );
}

/// A project whose names were not added to git when its lock file was written, all of it committed, and cloned.
fn added_late() -> Sandbox {
    let project = built();
    git(&project, &["rm", "-q", "--cached", "names.txt"]);
    project
        .run(&["lock", "other", "invoice", "report"])
        .success();
    assert!(project.read("Assets.lock").contains("@names - "));
    git(&project, &["add", "-A"]);
    commit(&project);
    let clone = cloned(&project);
    document(&clone, &[], 0);
    clone
}

#[test]
fn a_line_from_before_a_source_was_added_hides_no_removal() {
    let clone = added_late();
    let readers = [
        "invoice@acme...zoo stale data",
        "other stale data",
        "report stale data",
    ];
    git(&clone, &["rm", "-q", "names.txt"]);
    assert_eq!(unfresh(&document(&clone, &[], 1)), readers);
    assert_eq!(unfresh(&document(&clone, &["--staged"], 1)), readers);
    commit(&clone);
    assert_eq!(unfresh(&document(&clone, &[], 1)), readers);
    // A source that is ignored from then on is kept elsewhere.
    clone.write(".gitignore", "/build/\n/.assetctl/\n/names.txt\n");
    let kept = document(&clone, &[], 0);
    assert_eq!(kept["locked_sources"][0]["asset"], "names");
}

#[test]
fn nor_does_it_of_what_a_glob_matched() {
    let manifest = r#"
[project]
[partitions.letter]
type = "static"
keys = ["a", "b"]
[source.raw]
partitions = "letter"
paths = ["raw/{{partition}}/*.csv", "!raw/*/draft.csv"]
[asset.all]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "all"
"#;
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file(".gitignore", "/.assetctl/\nkept.csv\n")
        .with_file("raw/a/x.csv", "x\n")
        .with_file("raw/b/x.csv", "x\n")
        .with_file("raw/b/draft.csv", "x\n");
    git(&project, &["init", "-q"]);
    project.materialize(&[]).success();
    assert!(project.read("Assets.lock").contains("@raw b "));
    git(&project, &["add", "-A"]);
    commit(&project);
    project.run(&["check"]).success();
    // What is taken out of the glob may go.
    git(&project, &["rm", "-q", "raw/b/draft.csv"]);
    project.run(&["check"]).success();
    git(&project, &["rm", "-q", "raw/b/x.csv"]);
    let blocked = project.run(&["status", "--exit-code"]).exits(1);
    assert!(
        blocked.stdout().contains("is missing"),
        "{}",
        blocked.said()
    );
    project.run(&["check"]).exits(1);
    commit(&project);
    project.run(&["check"]).exits(1);
    // Files that are ignored from then on are kept elsewhere.
    project.write(".gitignore", "/.assetctl/\n*.csv\n");
    project.run(&["check"]).success();
}

#[test]
fn nor_does_it_of_what_a_glob_matched_beside_the_manifest() {
    let manifest = r#"
[project]
[source.raw]
path = "*.csv"
[asset.all]
deps = "raw"
command = "cat {{input}} > {{output}}"
outputs = "all"
"#;
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file(".gitignore", "/.assetctl/\n")
        .with_file("x.csv", "x\n");
    git(&project, &["init", "-q"]);
    project.materialize(&[]).success();
    git(&project, &["add", "-A"]);
    commit(&project);
    project.run(&["check"]).success();
    git(&project, &["rm", "-q", "x.csv"]);
    commit(&project);
    project.run(&["check"]).exits(1);
}

#[test]
fn a_lock_file_that_cannot_be_read_is_told_once_and_left() {
    let clone = cloned(&built());
    // Which dynamic keys there are could not be told without the file.
    clone.edit(
        "Assets.toml",
        "type = \"dynamic\"",
        "type = \"static\"\nkeys = [\"acme\", \"zoo\"]",
    );
    let text = clone.read("Assets.lock");
    let torn = text[..text.len() - 20].to_owned();
    let newer = text.replacen("format 1", "format 9", 1);
    for (lock, why) in [(torn, "Assets.lock"), (newer, "of format 9")] {
        clone.write("Assets.lock", &lock);
        for words in [
            &["status", "world"][..],
            &["plan", "world"],
            &["explain", "world@eu"],
        ] {
            let outcome = clone.run(words).success();
            let said = outcome.stderr();
            assert_eq!(
                said.matches("judged without it").count(),
                1,
                "{words:?}: {said}"
            );
            assert!(said.contains(why), "{said}");
            assert!(outcome.stdout().contains("missing") || outcome.stdout().contains("never"));
        }
    }
    // Both sides of a conflict are read: nothing is wrong with the file.
    let (first, rest) = text.split_once("\nworld ").expect("it has lines");
    let conflict = format!("{first}\n<<<<<<< a\n=======\n>>>>>>> b\nworld {rest}");
    clone.write("Assets.lock", &conflict);
    assert_eq!(clone.run(&["status", "world"]).success().stderr(), "");
}

#[test]
fn what_only_the_lock_file_knows_was_made_elsewhere() {
    let clone = cloned(&built());
    let told = "in Assets.lock, but its outputs are not here";
    for words in [["status", "world"], ["plan", "world"]] {
        let outcome = clone.run(&words).success();
        let said = outcome.stdout();
        assert!(said.contains(told) && !said.contains("never"), "{said}");
    }
    let plan = clone.run(&["plan", "world", "--json"]).success();
    let plan: serde_json::Value = serde_json::from_str(plan.stdout()).expect("JSON");
    assert_eq!(plan["steps"][0]["status"], "locked");
    let status = clone.run(&["status", "world", "--json"]).success();
    let status: serde_json::Value = serde_json::from_str(status.stdout()).expect("JSON");
    assert_eq!(status["assets"][0]["partitions"][0]["status"], "locked");
    // What has no line was made nowhere.
    clone.remove("Assets.lock");
    let plan = clone.run(&["plan", "world"]).success();
    assert!(plan.stdout().contains("never materialized"));
}
