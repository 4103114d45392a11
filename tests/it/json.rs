//! The documents of `--json`, one of each verb, as json.md describes them.

use std::fmt::Write as _;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-02-01"

[source.raw]
description = "One file"
path = "raw.csv"

[source.daily]
partitions = "day"
path = "daily/{{partition}}.csv"

[asset.clean]
deps = ["raw", "daily"]
partitions = "day"
group = "stage"
kinds = ["csv"]
owners = ["team"]
tags = { tier = "one" }
env = { MODE = "fast" }
timeout = "30s"
command = "cat {{input.raw}} {{input.daily}} > {{output}}"
outputs = "build/clean/{{partition}}.csv"

[asset.sum]
deps = "clean"
command = "cat {{input}} > {{output.total}}; echo log; cp {{input.clean}} {{output.all}}/"
outputs = { total = "build/sum.csv", all = "build/all/" }

[asset.broken]
deps = "sum.total"
command = "echo why; exit 3; : {{output}}"
outputs = "build/broken"

[asset.blocked]
deps = "broken"
command = "cp {{input}} {{output}}"
outputs = "build/blocked"
"#;

/// A project of three days, of which one asset cannot be made.
fn project() -> Sandbox {
    let sandbox = Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.csv", "1\n")
        .at("2024-01-04T12:00:00Z");
    for day in ["2024-01-01", "2024-01-02", "2024-01-03"] {
        sandbox.write(&format!("daily/{day}.csv"), format!("{day}\n"));
    }
    sandbox
}

#[test]
fn every_verb_answers_in_json() {
    let sandbox = project();
    let mut said = String::new();
    let mut note = |case: &str, arguments: &[&str], code: i32| {
        let words = [arguments, &["--json"]].concat();
        let outcome = sandbox.run(&words).exits(code);
        assert_eq!(outcome.stderr(), "", "{case}");
        // Events of steps that finish within a moment of each other are told together.
        let mut lines: Vec<&str> = outcome.stdout().lines().collect();
        lines.sort_unstable();
        writeln!(
            said,
            "━━━ {case}: {}\n{}",
            arguments.join(" "),
            lines.join("\n")
        )
        .expect("writing to a String cannot fail");
    };
    note("before", &["status"], 0);
    note("first", &["materialize", "-j1"], 1);
    note("nothing to do", &["materialize", "sum"], 0);
    sandbox.write("daily/2024-01-02.csv", "new\n");
    sandbox.write("build/clean/2024-01-03.csv", "by hand\n");
    sandbox.remove("build/all");
    sandbox.edit("Assets.toml", "fast", "slow");
    note("changed", &["status"], 0);
    note(
        "with sources and keys",
        &["status", "clean", "--keys", "--sources"],
        0,
    );
    note("by records", &["status", "--recorded"], 0);
    note("what would run", &["plan"], 0);
    note("explained", &["explain", "clean@2024-01-03"], 0);
    note("down to the root", &["explain", "sum"], 0);
    note("observed", &["observe"], 0);
    note("accepted", &["accept", "clean", "--dry-run"], 0);
    note("again", &["materialize", "sum", "-j1"], 0);
    note("history", &["history", "clean@2024-01-02"], 0);
    note("log", &["logs", "broken"], 0);
    note("list", &["list"], 0);
    note("show", &["show", "clean"], 0);
    note("show a source", &["show", "daily"], 0);
    note("graph", &["graph"], 0);
    let files = ["affected", "daily/2024-01-02.csv", "build/sum.csv"];
    note("what files can touch", &files, 0);
    note("validate", &["validate"], 0);
    note("checked", &["check"], 1);
    note(
        "rebuilt",
        &["check", "clean@2024-01-01", "--rebuild", "1"],
        0,
    );
    note("locked", &["lock", "--dry-run"], 0);
    for words in [
        &["init", "-q"][..],
        &["add", "Assets.toml", "Assets.lock"],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "commit",
            "-qm",
            "a",
        ],
    ] {
        sandbox.run_command(&[&["git"], words].concat()).success();
    }
    let lock = sandbox.read("Assets.lock");
    let lines = lock.lines().filter(|line| !line.starts_with("clean "));
    let lines: Vec<&str> = lines.collect();
    sandbox.write("Assets.lock", &(lines.join("\n") + "\n"));
    note("differences of lock files", &["lock", "diff", "HEAD"], 0);
    note("pruned", &["lock", "prune"], 0);
    note("wiped", &["wipe", "sum", "--outputs", "--yes"], 0);
    note("init", &["init", "-C", "../tmp"], 0);
    note("an error", &["explain", "clan"], 2);
    let _redacted = sandbox.redact();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    // Which of several equal chains is the longest is for the clock to say.
    settings.add_filter(
        r#""critical_path":\["[^"]*""#,
        r#""critical_path":["[FIRST]""#,
    );
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!(said);
}
