//! `accept`, `lock` and `lock prune`.

use super::{chain, changed, line, lines, lock, repository};
use crate::sandbox::Sandbox;

#[test]
fn what_is_accepted_gets_the_line_that_a_run_would_have_left() {
    let made = chain();
    made.edit("Assets.toml", "sort {{input}}", "LC_ALL=C sort {{input}}");
    made.materialize(&[]).success();
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let before = lock(&sandbox);
    sandbox.edit("Assets.toml", "sort {{input}}", "LC_ALL=C sort {{input}}");
    sandbox.run(&["accept", "clean@d1", "-n"]).success();
    assert_eq!(lock(&sandbox), before);
    sandbox.run(&["accept", "clean@d1"]).success();
    assert_eq!(changed(&before, &lock(&sandbox)), ["clean d1"]);
    assert_eq!(line(&sandbox, "clean d1"), line(&made, "clean d1"));
    sandbox.run(&["accept"]).exits(2);
    sandbox.run(&["accept", "--all"]).success();
    assert_eq!(lock(&sandbox), lock(&made));
}

#[test]
fn a_record_replaces_a_line_that_is_wrong_and_none_that_is_right() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let ours = lock(&sandbox);
    // Somebody else has changed a source and run it; here it was not run.
    let theirs = chain();
    theirs.append("raw/d1.csv", "more\n");
    sandbox.append("raw/d1.csv", "more\n");
    theirs.materialize(&[]).success();
    sandbox.write("Assets.lock", lock(&theirs));
    let said = sandbox.run(&["lock"]).success();
    assert!(said.stdout().contains("up to date"), "{}", said.said());
    assert_eq!(lock(&sandbox), lock(&theirs));
    // A line that is wrong gives way to what was made here, stale as it is.
    let wrong = line(&theirs, "clean d1");
    sandbox.edit("Assets.lock", &wrong, &wrong.replace(" d=", " d=00000000,"));
    sandbox.run(&["lock", "clean"]).success();
    let mine = |about: &str| {
        let start = format!("{about} ");
        let mut lines = ours.lines();
        lines
            .find(|line| line.starts_with(&start))
            .map(str::to_owned)
    };
    assert_eq!(Some(line(&sandbox, "clean d1")), mine("clean d1"));
    assert_eq!(line(&sandbox, "all -"), line(&theirs, "all -"));
}

#[test]
fn an_instance_without_records_changes_no_line() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let clone = chain().with_file("Assets.lock", &lock(&sandbox));
    let said = clone.run(&["lock"]).success();
    assert!(said.stdout().contains("up to date"), "{}", said.said());
    assert_eq!(lock(&clone), lock(&sandbox));
    let nothing = chain();
    nothing.run(&["lock"]).success();
    nothing.run(&["lock", "prune"]).success();
    assert_eq!(lock(&nothing), "");
}

#[test]
fn lines_of_nothing_and_wrong_ones_are_pruned() {
    let sandbox = chain();
    sandbox.materialize(&[]).success();
    let whole = lock(&sandbox);
    let line_of = |about: &str| line(&sandbox, about);
    let orphans = [
        line_of("clean d1").replace("clean d1", "clean d9"),
        line_of("clean d1").replace("clean d1", "gone d1"),
        line_of("clean d1").replace("clean d1", "clean -"),
        "@gone - o=00000000000000000000000000000000".to_owned(),
        "+ gone key".to_owned(),
    ];
    sandbox.append("Assets.lock", &(orphans.join("\n") + "\n"));
    let dry = sandbox.run(&["lock", "prune", "-n", "--json"]).success();
    insta::assert_snapshot!("pruned_json", dry.stdout());
    let said = sandbox.run(&["lock", "prune"]).success();
    insta::assert_snapshot!("pruned", said.stdout());
    assert_eq!(lock(&sandbox), whole);
    // One source changed: what read it is wrong, and so is what stands on that.
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.run(&["lock", "prune"]).success();
    let left = lines(&sandbox);
    assert!(!left.contains(&"clean d2".to_owned()), "{left:?}");
    assert!(left.contains(&"clean d1".to_owned()), "{left:?}");
    // What cannot be judged stays.
    sandbox.remove("raw/d3.csv");
    sandbox.run(&["lock", "prune"]).success();
    assert!(lines(&sandbox).contains(&"clean d3".to_owned()));
}

#[test]
fn init_lets_git_merge_the_file() {
    let sandbox = repository(chain(), "");
    sandbox.remove("Assets.toml");
    sandbox.run(&["init"]).success();
    let said = sandbox
        .run_command(&["git", "check-attr", "merge", "Assets.lock"])
        .success();
    assert_eq!(said.stdout().trim(), "Assets.lock: merge: union");
}

/// As after a run that was killed before it wrote the lock file, an attempt with other inputs that failed, and these taken back.
#[test]
fn what_is_fresh_has_its_line_whatever_another_attempt_came_to() {
    let sandbox = Sandbox::new()
        .with_file(
            "Assets.toml",
            r#"
[asset.made]
deps = "./in.txt"
command = "grep good {{input}} > {{output}}"
outputs = "made.txt"
"#,
        )
        .with_file("in.txt", "good 1\n");
    sandbox.run(&["materialize"]).success();
    let first = sandbox.read("Assets.lock");
    sandbox.write("in.txt", "good 2\n");
    sandbox.run(&["materialize"]).success();
    sandbox.write("Assets.lock", &first);
    sandbox.write("in.txt", "bad\n");
    sandbox.run(&["materialize"]).exits(1);
    sandbox.write("in.txt", "good 2\n");
    sandbox.materialize(&[]).success().ran_nothing();
    sandbox.run(&["check", "--outputs", "required"]).success();
}
