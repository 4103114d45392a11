//! Switches between branches: the instance knows what was made last, the lock file what the branch has, and whichever of
//! them is right makes what is here fresh. So nothing runs, and nothing is written but what the instance then knows.

use super::{CHAIN, chain, commit, git, line, lock};
use crate::sandbox::Sandbox;

/// A repository of a project, with outputs that are tracked.
fn tracked(sandbox: Sandbox) -> Sandbox {
    let sandbox = super::repository(sandbox, "");
    sandbox.write(".gitignore", ".assetctl/\n");
    sandbox.write(".gitattributes", "Assets.lock merge=union\n");
    sandbox.materialize(&[]).success();
    commit(&sandbox);
    sandbox
}

/// How many runs the instance knows.
fn runs(sandbox: &Sandbox) -> i64 {
    let path = sandbox.path(".assetctl/instance.db");
    let instance = rusqlite::Connection::open(path).expect("an instance");
    let count = "SELECT count(*) FROM run";
    instance
        .query_row(count, [], |row| row.get(0))
        .expect("it can be read")
}

/// All verbs say that all is fresh, nothing runs, and no run and no other lock file comes of it.
#[track_caller]
fn is_settled(sandbox: &Sandbox) {
    let (runs_before, lock_before) = (runs(sandbox), lock(sandbox));
    for _ in 0..2 {
        sandbox.run(&["status", "--exit-code"]).success();
        let plan = sandbox.run(&["plan", "--json"]).success();
        assert!(plan.stdout().contains(r#""steps":[]"#), "{}", plan.stdout());
        sandbox.run(&["check"]).success();
        let stale = sandbox
            .run(&["list", "not status:fresh", "--json"])
            .success();
        assert!(!stale.stdout().contains(r#""key":"clean""#));
        let why = sandbox.run(&["explain", "report", "--json"]).success();
        let fresh = r#""status":"fresh","causes":[]"#;
        assert!(why.stdout().contains(fresh), "{}", why.stdout());
        sandbox.materialize(&[]).success().ran_nothing();
        assert_eq!(lock(sandbox), lock_before);
        assert_eq!(runs(sandbox), runs_before);
    }
    // The second call was told by a seal, and so is this.
    let quiet = sandbox.materialize(&[]).success();
    assert_eq!(quiet.stderr(), "");
}

#[test]
fn outputs_that_are_tracked_come_and_go_with_their_branch() {
    let sandbox = tracked(chain());
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.edit("Assets.toml", "cp {{input}}", "cat {{input}} {{input}} >");
    sandbox
        .materialize(&[])
        .success()
        .ran(&["clean@d2", "all", "report"]);
    commit(&sandbox);
    for branch in ["main", "other", "main", "other"] {
        git(&sandbox, &["checkout", "-q", branch]);
        is_settled(&sandbox);
    }
    // The instance follows: without the lock file it knows as much.
    sandbox.remove("Assets.lock");
    sandbox.run(&["status", "--exit-code"]).success();
    let history = sandbox.run(&["history", "report", "--json"]).success();
    let adopted = r#""run":null"#;
    assert!(history.stdout().contains(adopted), "{}", history.stdout());
}

#[test]
fn outputs_that_git_ignores_can_be_kept_aside() {
    let sandbox = super::repository(chain(), "");
    sandbox.materialize(&[]).success();
    commit(&sandbox);
    let keep = |from: &str, to: &str| sandbox.run_command(&["cp", "-a", from, to]).success();
    keep("build", "../build.main");
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.append("raw/d1.csv", "more\n");
    sandbox.materialize(&[]).success();
    commit(&sandbox);
    keep("build", "../build.other");
    for branch in ["main", "other", "main"] {
        git(&sandbox, &["checkout", "-q", branch]);
        // As git leaves it, the outputs are those of the other branch.
        sandbox.run(&["status", "--exit-code"]).exits(1);
        sandbox.remove("build");
        keep(&format!("../build.{branch}"), "build");
        is_settled(&sandbox);
    }
}

#[test]
fn an_output_that_was_altered_is_no_witness() {
    let sandbox = tracked(chain());
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.materialize(&[]).success();
    commit(&sandbox);
    git(&sandbox, &["checkout", "-q", "main"]);
    sandbox.append("build/d2.csv", "by hand\n");
    sandbox.run(&["status", "--exit-code"]).exits(1);
    sandbox.run(&["check"]).exits(1);
    // What reads it is as it was, once the output is.
    sandbox.materialize(&[]).success().ran(&["clean@d2"]);
    is_settled(&sandbox);
}

/// Like [`CHAIN`], and each run of the command makes something else.
fn irreproducible() -> Sandbox {
    let manifest = CHAIN.replace("sort {{input}}", "cat {{input}} ../nonce");
    let sandbox = chain().with_file("Assets.toml", &manifest);
    sandbox.write("../nonce", "1\n");
    sandbox
}

#[test]
fn two_results_of_the_same_do_not_push_each_other_out() {
    let sandbox = tracked(irreproducible());
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.write("../nonce", "2\n");
    sandbox.materialize(&["--force"]).success();
    commit(&sandbox);
    for branch in ["main", "other", "main"] {
        git(&sandbox, &["checkout", "-q", branch]);
        is_settled(&sandbox);
    }
}

#[test]
fn what_the_instance_has_made_leaves_another_right_line() {
    // The outputs are not tracked: here is one result, and the lock file that was pulled has another.
    let theirs = irreproducible();
    theirs.write("../nonce", "2\n");
    theirs.materialize(&[]).success();
    let ours = super::repository(irreproducible(), "");
    ours.materialize(&[]).success();
    let own = lock(&ours);
    ours.write("Assets.lock", lock(&theirs));
    ours.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&ours), lock(&theirs));
    // What is made anew gets its line, and with it what it was made of: lines have to fit together.
    ours.edit("Assets.toml", "cp {{input}}", "cat {{input}} >");
    ours.materialize(&[]).success().ran(&["report"]);
    assert_eq!(line(&ours, "all -"), {
        let mut lines = own.lines();
        lines.find(|line| line.starts_with("all ")).expect("a line")
    });
    sandbox_is_fresh_in_a_clone(&ours);
}

/// What is committed is right by itself.
fn sandbox_is_fresh_in_a_clone(sandbox: &Sandbox) {
    commit(sandbox);
    let clone = Sandbox::new();
    let to = clone.project();
    let to = to.to_str().expect("a path");
    git(sandbox, &["clone", "-q", ".", to]);
    clone.run(&["check"]).success();
}

#[test]
fn of_two_right_lines_the_one_counts_that_is_here_and_both_stay() {
    let sandbox = tracked(irreproducible());
    let main = lock(&sandbox);
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.write("../nonce", "2\n");
    sandbox.materialize(&["--force"]).success();
    commit(&sandbox);
    // As a merge leaves it: the lines of both, and the outputs of one.
    let other = lock(&sandbox);
    let both = other.lines().flat_map(|line| {
        let about = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let theirs = main.lines().find(|it| about(it) == about(line));
        let mut lines = vec![line];
        lines.extend(theirs.filter(|it| *it != line));
        lines.sort_unstable();
        lines
    });
    let both = both.collect::<Vec<_>>().join("\n") + "\n";
    sandbox.write("Assets.lock", &both);
    let check = sandbox.run(&["check"]).success();
    assert!(check.stdout().contains("not reproducible"));
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), both);
    git(&sandbox, &["checkout", "-q", "main", "--", "build"]);
    sandbox.materialize(&[]).success().ran_nothing();
    assert_eq!(lock(&sandbox), both);
}

#[test]
fn a_right_line_waits_for_what_it_was_made_of() {
    let sandbox = tracked(chain());
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.append("raw/d2.csv", "more\n");
    sandbox.materialize(&[]).success();
    commit(&sandbox);
    git(&sandbox, &["checkout", "-q", "main"]);
    // One of the outputs above is gone, the others are as the branch has them.
    sandbox.remove("build/d1.csv");
    let status = sandbox.run(&["status", "report", "--json"]).success();
    assert!(
        status.stdout().contains(r#""status":"pending""#),
        "{}",
        status.stdout()
    );
    sandbox.materialize(&[]).success().ran(&["clean@d1"]);
    is_settled(&sandbox);
}

#[test]
fn a_failed_attempt_elsewhere_is_forgotten() {
    let sandbox = tracked(chain());
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.edit("Assets.toml", "sort {{input}}", "false {{input}}");
    sandbox.materialize(&[]).exits(1);
    commit(&sandbox);
    git(&sandbox, &["checkout", "-q", "main"]);
    is_settled(&sandbox);
}

#[test]
fn a_line_alone_does_not_say_which_outputs_it_means_where_they_are_not_the_version() {
    let manifest = CHAIN.replace(
        "outputs = \"build/all.csv\"",
        "outputs = \"build/all.csv\"\ndata_version = \"inputs\"",
    );
    let sandbox = tracked(chain().with_file("Assets.toml", &manifest));
    sandbox.run(&["status", "--exit-code"]).success();
    sandbox.run(&["check"]).success();
    sandbox.remove(".assetctl");
    let check = sandbox.run(&["check", "--json"]).success();
    let unverifiable = r#""unverifiable":[{"asset":"all","first":null,"last":null,"count":1,"why":"no_record","path":"build/all.csv""#;
    assert!(check.stdout().contains(unverifiable), "{}", check.stdout());
    sandbox.run(&["check", "--strict"]).exits(1);
    sandbox.run(&["check", "--outputs", "ignore"]).success();
    sandbox.run(&["status", "--exit-code"]).exits(1);
    sandbox.run(&["accept", "all"]).success();
    sandbox.run(&["check", "--strict"]).success();
    is_settled(&sandbox);
    // Without outputs there is nothing to be mistaken for another, as in a clone.
    sandbox.remove(".assetctl");
    sandbox.remove("build");
    sandbox.run(&["check", "--strict"]).success();
}

#[test]
fn where_outputs_are_not_the_version_the_record_decides_on_each_branch() {
    let manifest = CHAIN.replace(
        "outputs = \"build/all.csv\"",
        "outputs = \"build/all.csv\"\ndata_version = \"inputs\"",
    );
    let sandbox = tracked(chain().with_file("Assets.toml", &manifest));
    let main = lock(&sandbox);
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.append("raw/d2.csv", "more\n");
    sandbox
        .materialize(&[])
        .success()
        .ran(&["clean@d2", "all", "report"]);
    commit(&sandbox);
    git(&sandbox, &["checkout", "-q", "main"]);
    sandbox.run(&["status", "--exit-code"]).exits(1);
    let check = sandbox.run(&["check"]).exits(1);
    assert!(check.stdout().contains("all"), "{}", check.stdout());
    // What it reads and what reads it are fresh by their lines.
    sandbox.materialize(&[]).success().ran(&["all"]);
    assert_eq!(lock(&sandbox), main);
    is_settled(&sandbox);
}

/// More days than the lock file has lines for.
const MANY: &str = r#"
[partitions.day]
type = "daily"
start = "1990-01-01"
end = "2020-01-01"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.clean]
partitions = "day"
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "build/{{partition}}"

[asset.report]
deps = { asset = "clean", mapping = "specific", keys = ["1990-01-05", "1990-01-06"] }
command = "cat {{input}} > {{output}}"
outputs = "made/report"
"#;

#[test]
fn partitions_that_stand_in_blocks_come_and_go_with_their_branch() {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", MANY)
        .at("2024-01-01T00:00:00Z");
    let keys = sandbox
        .run(&["partitions", "list", "day", "--keys"])
        .success();
    for folder in ["raw", "build"] {
        for key in keys.stdout().lines() {
            sandbox.write(&format!("{folder}/{key}"), format!("{key}\n"));
        }
    }
    sandbox.run(&["accept", "clean"]).success();
    let sandbox = tracked(sandbox);
    assert!(lock(&sandbox).contains("..."), "there are blocks");
    git(&sandbox, &["checkout", "-q", "-b", "other"]);
    sandbox.append("raw/1990-01-05", "more\n");
    sandbox
        .materialize(&[])
        .success()
        .ran(&["clean@1990-01-05", "report"]);
    commit(&sandbox);
    for branch in ["main", "other"] {
        git(&sandbox, &["checkout", "-q", branch]);
        is_settled(&sandbox);
    }
}

/// An asset of so many days that old years are blocks.
const YEARS: &str = r#"
[partitions.day]
type = "daily"
start = "1990-01-01"
end = "2019-01-01"

[partitions.month]
type = "monthly"
start = "1990-01-01"
end = "2019-01-01"
format = "%Y-%m"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "month"

[asset.day]
partitions = "day"
deps = { asset = "raw", mapping = "time_window" }
command = "wc -l < {{input}} > {{output}}"
outputs = "day/{{partition}}"
"#;

/// A month in a block.
const MONTH: &str = "raw/1995-03.txt";

#[test]
fn blocks_are_asked_where_somebody_else_wrote_them() {
    let sandbox = Sandbox::new().with_file("Assets.toml", YEARS);
    let months = sandbox
        .run(&["partitions", "list", "month", "--keys"])
        .success();
    let days = sandbox
        .run(&["partitions", "list", "day", "--keys"])
        .success();
    for month in months.stdout().lines() {
        sandbox.write(&format!("raw/{month}.txt"), "old\n");
    }
    for day in days.stdout().lines() {
        sandbox.write(&format!("day/{day}"), "1\n");
    }
    sandbox.run(&["accept", "day"]).success();
    let old = lock(&sandbox);
    assert!(old.contains(" x="), "it has blocks");
    // Elsewhere one month of a block became another, of which the same is made.
    let elsewhere = Sandbox::new().with_file("Assets.toml", YEARS);
    let from = sandbox.project();
    for path in ["raw", "day", "Assets.lock"] {
        let path = from.join(path);
        elsewhere
            .run_command(&["cp", "-a", path.to_str().expect("plain"), "."])
            .success();
    }
    elsewhere.write(MONTH, "new\n");
    elsewhere.run(&["accept", "day"]).success();
    let new = lock(&elsewhere);
    assert!(new != old && new.contains(" x="), "its block is another");
    sandbox.materialize(&[]).success().ran_nothing();
    // The files of elsewhere are right by the lock file of elsewhere, and both come and go together. Nothing was judged in between, so
    // that what is known of the lock file is known of another one.
    for (text, lines) in [("new\n", &new), ("old\n", &old)] {
        sandbox.write("Assets.lock", lines);
        sandbox.write(MONTH, text);
        sandbox.run(&["status", "--exit-code"]).success();
        sandbox.run(&["check"]).success();
        sandbox.materialize(&[]).success().ran_nothing();
        assert_eq!(&lock(&sandbox), lines, "{text}");
    }
    // What nobody has made runs: neither the record nor a block is right.
    sandbox.write(MONTH, "third\n");
    let ran = sandbox.materialize(&[]).success().steps();
    assert_eq!(ran.len(), 31, "{ran:?}");
    sandbox.run(&["check"]).success();
    // A file that changes back by itself is as the record of before says no more, but as the block does.
    sandbox.write(MONTH, "new\n");
    sandbox.write("Assets.lock", &new);
    sandbox.materialize(&[]).success().ran_nothing();
}
