//! What is known without an instance: what the lock file says, as far as the outputs are here.

use super::{CHAIN, chain, git, line, lock, repository};
use crate::sandbox::Sandbox;

const ALL: [&str; 5] = ["all", "clean@d1", "clean@d2", "clean@d3", "report"];

/// A project that was built, with nothing left of it but what is committed and its outputs.
fn forgetful() -> Sandbox {
    let sandbox = chain();
    sandbox.materialize(&[]).success().ran(&ALL);
    sandbox.remove(".assetctl");
    sandbox
}

/// `clean fresh fresh locked`: each asset that is asked for with the status of its partitions.
#[track_caller]
fn standing(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let arguments = [&["status", "--json", "--keys"], words].concat();
    let answer = sandbox.run(&arguments).success();
    let answer: serde_json::Value = serde_json::from_str(answer.stdout()).expect("JSON");
    let array = |value: &serde_json::Value| value.as_array().cloned().expect("an array");
    let mut counted = 0;
    let assets: Vec<String> = array(&answer["assets"])
        .iter()
        .map(|asset| {
            let mut words = vec![asset["key"].as_str().expect("a key").to_owned()];
            for run in array(&asset["partitions"]) {
                counted += u64::from(run["status"] == "locked");
                words.push(run["status"].as_str().expect("a status").to_owned());
            }
            words.join(" ")
        })
        .collect();
    assert_eq!(answer["summary"]["locked"], counted);
    assets
}

#[test]
fn outputs_that_are_here_are_fresh_and_become_known_to_the_instance() {
    let sandbox = forgetful();
    let before = lock(&sandbox);
    let fresh = ["clean fresh fresh fresh", "all fresh", "report fresh"];
    assert_eq!(standing(&sandbox, &[]), fresh);
    sandbox.run(&["status", "--exit-code"]).success();
    let plan = sandbox.run(&["plan", "--json"]).success();
    assert!(plan.stdout().contains(r#""steps":[]"#), "{}", plan.stdout());
    let why = sandbox.run(&["explain", "report", "--json"]).success();
    assert!(
        !why.stdout().contains(r#""equal":false"#),
        "{}",
        why.stdout()
    );
    assert!(!why.stdout().contains(r#""last":{"#), "{}", why.stdout());
    let history = sandbox.run(&["history", "report", "--json"]).success();
    assert!(history.stdout().contains(r#""materializations":[]"#));

    let told = "the outputs of 5 asset partitions are already here and match Assets.lock";
    let run = sandbox.materialize(&[]).success();
    run.ran_nothing();
    assert!(run.stderr().contains(told), "{}", run.stderr());
    assert_eq!(lock(&sandbox), before);
    let history = sandbox.run(&["history", "report", "--json"]).success();
    let origin = r#""outcome":"materialized","accepted":false,"origin":"locked","#;
    assert!(history.stdout().contains(origin), "{}", history.stdout());
    let history = sandbox.run(&["history", "report"]).success();
    assert!(
        history.stdout().contains("from lock"),
        "{}",
        history.stdout()
    );

    // From now on the instance knows it.
    let run = sandbox.materialize(&[]).success();
    run.ran_nothing();
    assert_eq!(run.stderr(), "");
    sandbox.remove("Assets.lock");
    assert_eq!(standing(&sandbox, &[]), fresh);
    sandbox.append("raw/d2.csv", "more\n");
    let run = sandbox.materialize(&[]).success();
    run.ran(&["clean@d2", "all", "report"]);
}

#[test]
fn only_what_is_not_here_is_made() {
    let sandbox = forgetful();
    let before = lock(&sandbox);
    sandbox.remove("build/d2.csv");
    sandbox.write("build/d3.csv", "altered\n");
    let expected = ["clean fresh locked locked", "all pending", "report pending"];
    assert_eq!(standing(&sandbox, &[]), expected);
    let text = sandbox.run(&["status", "--exit-code"]).exits(1);
    let row = "locked   clean   1 fresh · 2 locked  in Assets.lock, but its outputs are not here: d2...d3";
    assert!(text.stdout().contains(row), "{}", text.stdout());
    let selected = sandbox.run(&["list", "status:missing", "--json"]).success();
    assert!(selected.stdout().contains(r#""key":"clean""#));
    assert!(!selected.stdout().contains(r#""key":"all""#));
    let plan = sandbox.run(&["plan", "--json"]).success();
    let counts = r#""counts":{"run":2,"may_run":2,"fresh":1,"blocked":0}"#;
    assert!(plan.stdout().contains(counts), "{}", plan.stdout());
    assert!(!plan.stdout().contains("added"), "{}", plan.stdout());

    let run = sandbox.materialize(&[]).success();
    run.ran(&["clean@d2", "clean@d3"]);
    assert!(!run.stderr().contains("reproducible"), "{}", run.stderr());
    assert_eq!(lock(&sandbox), before);
    let fresh = ["clean fresh fresh fresh", "all fresh", "report fresh"];
    assert_eq!(standing(&sandbox, &[]), fresh);
    sandbox.remove("Assets.lock");
    sandbox.materialize(&[]).success().ran_nothing();
}

#[test]
fn what_only_the_lock_file_knows_can_be_altered_too() {
    let sandbox = forgetful();
    let path = "build/d2.csv";
    sandbox.write(path, "by hand\n");
    let kept = sandbox.run(&["materialize", "--keep-altered"]).exits(1);
    assert!(
        kept.stderr().contains("differs from the lock file"),
        "{}",
        kept.stderr()
    );
    assert_eq!(sandbox.read(path), "by hand\n");
    sandbox.materialize(&[]).success().ran(&["clean@d2"]);
}

#[test]
fn a_clone_without_outputs_is_locked() {
    let sandbox = repository(forgetful(), "");
    let clone = Sandbox::new();
    let to = clone.project();
    git(
        &sandbox,
        &["clone", "-q", ".", to.to_str().expect("a path")],
    );
    let locked = ["clean locked locked locked", "all locked", "report locked"];
    assert_eq!(standing(&clone, &[]), locked);
    clone.run(&["check"]).success();
    clone.run(&["status", "--exit-code"]).exits(1);
    assert_eq!(standing(&clone, &["--recorded"])[1], "all missing");
    let why = clone.run(&["explain", "report"]).success();
    let reason =
        "report is locked\n  its line in Assets.lock is right, but its outputs are not here";
    assert!(why.stdout().starts_with(reason), "{}", why.stdout());
    clone.materialize(&[]).success().ran(&ALL);
    assert_eq!(lock(&clone), lock(&sandbox));
    clone.materialize(&[]).success().ran_nothing();
}

#[test]
fn a_wrong_line_or_none_says_nothing() {
    let sandbox = forgetful();
    let before = lock(&sandbox);
    let one = line(&sandbox, "clean d1");
    let at = one.find(" i=").expect("a fingerprint") + 3;
    let digit = if one[at..].starts_with('0') { "1" } else { "0" };
    let wrong = format!("{}{digit}{}", &one[..at], &one[at + 1..]);
    sandbox.edit("Assets.lock", &one, &wrong);
    sandbox.edit(
        "Assets.lock",
        &format!("{}\n", line(&sandbox, "clean d2")),
        "",
    );
    assert_eq!(
        standing(&sandbox, &["clean"]),
        ["clean missing missing fresh"]
    );
    sandbox
        .materialize(&["clean"])
        .success()
        .ran(&["clean@d1", "clean@d2"]);
    // What they read was changed since.
    sandbox.remove(".assetctl");
    sandbox.append("raw/d3.csv", "more\n");
    let expected = ["clean fresh fresh missing", "all missing", "report missing"];
    assert_eq!(standing(&sandbox, &[])[0], expected[0]);
    sandbox
        .materialize(&[])
        .success()
        .ran(&["clean@d3", "all", "report"]);
    // What is damaged is as good as none.
    sandbox.write("Assets.lock", format!("{before}nonsense\n"));
    sandbox.remove(".assetctl");
    assert_eq!(
        standing(&sandbox, &["clean"]),
        ["clean missing missing missing"]
    );
    let run = sandbox.materialize(&[]).success();
    run.ran(&ALL);
    assert!(run.stderr().contains("Assets.lock is damaged"));
}

#[test]
fn a_right_line_counts_where_the_record_is_another() {
    let theirs = chain();
    theirs.append("raw/d1.csv", "more\n");
    theirs.materialize(&[]).success();
    let ours = chain();
    ours.materialize(&["clean"]).success();
    // Pulled, with the outputs restored from somewhere.
    let ours = ["raw", "build", "Assets.lock"]
        .into_iter()
        .fold(ours, |ours, path| ours.with_copy(&theirs.path(path), path));
    let expected = ["clean fresh fresh fresh", "all fresh", "report fresh"];
    assert_eq!(standing(&ours, &[]), expected);
    ours.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&ours), lock(&theirs));
    // What is recorded and not here as the line says is made.
    ours.append("raw/d2.csv", "more\n");
    let expected = ["clean fresh stale fresh", "all pending", "report pending"];
    assert_eq!(standing(&ours, &[]), expected);
    ours.materialize(&[])
        .success()
        .ran(&["clean@d2", "all", "report"]);
}

#[test]
fn what_is_read_as_it_is_may_be_known_from_the_lock_file_too() {
    let sandbox = forgetful();
    sandbox
        .materialize(&["all", "--only", "--force"])
        .success()
        .ran(&["all"]);
    let sandbox = forgetful();
    sandbox.remove("build/d2.csv");
    let refused = sandbox
        .run(&["materialize", "all", "--only", "--force"])
        .exits(2);
    assert!(
        refused.stderr().contains("clean@d2"),
        "{}",
        refused.stderr()
    );
    assert!(
        !refused.stderr().contains("clean@d1"),
        "{}",
        refused.stderr()
    );
}

#[test]
fn a_command_that_makes_something_else_of_the_same_is_named() {
    let manifest = CHAIN.replace("sort {{input}}", "cat {{input}} ../nonce");
    let sandbox = chain().with_file("Assets.toml", &manifest);
    sandbox.write("../nonce", "1\n");
    sandbox.materialize(&[]).success();
    sandbox.remove(".assetctl");
    sandbox.remove("build/d1.csv");
    sandbox.write("../nonce", "2\n");
    let run = sandbox.materialize(&[]).success();
    run.ran(&["clean@d1", "all", "report"]);
    let told = "clean@d1: differs from Assets.lock, although the inputs are the same";
    assert!(run.stderr().contains(told), "{}", run.stderr());
    assert!(!run.stderr().contains("report"), "{}", run.stderr());
    sandbox.run(&["check"]).success();
}
