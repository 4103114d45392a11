//! What a command can do wrong.

use super::Said;
use crate::sandbox::Sandbox;

/// A project with one asset whose command does what it should not, and one that needs it.
fn with_command(keys: &str) -> Sandbox {
    let manifest = format!(
        "[asset.bad]\noutputs = \"build/bad.csv\"\n{keys}\n\n[asset.after]\ndeps = \"bad\"\ncommand = \"cp {{{{input}}}} {{{{output}}}}\"\noutputs = \"build/after.csv\"\n"
    );
    Sandbox::new()
        .with_file("Assets.toml", &manifest)
        .at("2024-01-05T12:00:00Z")
}

#[test]
fn failures() {
    let mut said = Said::default();
    for (case, keys) in [
        ("not found", r#"command = ["frobnicate", "{{output}}"]"#),
        (
            "not found by the shell",
            r#"command = "frobnicate {{output}}""#,
        ),
        (
            "not executable",
            r#"command = ["./Assets.toml", "{{output}}"]"#,
        ),
        (
            "exits with 3",
            r#"command = "echo reading; echo 'no such column: late' >&2; exit 3; : {{output}}""#,
        ),
        ("is killed", r#"command = "kill -9 $$; : {{output}}""#),
        ("crashes", r#"command = "kill -SEGV $$; : {{output}}""#),
        (
            "takes too long",
            "command = \"sleep 100; : {{output}}\"\ntimeout = \"100ms\"",
        ),
        ("forgets an output", r#"command = "true {{output}}""#),
        (
            "writes what is not declared",
            r#"command = "echo 1 > {{output}}; echo 2 > {{output}}.bak""#,
        ),
        (
            "writes beside its staging",
            r#"command = "echo 1 > build/bad.csv; : {{output}}""#,
        ),
        ("writes a directory", r#"command = "mkdir {{output}}""#),
        (
            "grows beyond the limit",
            r#"command = "ulimit -f 1; exec head -c 1000000 /dev/zero > {{output}}""#,
        ),
    ] {
        let sandbox = with_command(keys);
        sandbox.write("build/bad.csv", "as it was\n");
        said.of(case, &sandbox, &["materialize", "-j1"], 1);
        if case != "writes beside its staging" {
            assert_eq!(sandbox.read("build/bad.csv"), "as it was\n", "{case}");
        }
        assert!(!sandbox.path("build/after.csv").exists(), "{case}");
    }
    said.compare("failures");
}

#[test]
fn a_command_that_is_too_long() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        r#"
[source.many]
path = "many/*"

[asset.all]
deps = "many"
command = "cat {{input}} > {{output}}"
outputs = "build/all"
"#,
    );
    for number in 0..700 {
        sandbox.write(&format!("many/{number:0>200}"), "");
    }
    let mut said = Said::default();
    said.of("planned", &sandbox, &["plan"], 1);
    said.of("run", &sandbox, &["materialize"], 1);
    said.of("explained", &sandbox, &["explain", "all"], 0);
    said.compare("too_long");
}

#[test]
fn a_file_where_a_directory_is_declared() {
    let sandbox = Sandbox::new().with_file(
        "Assets.toml",
        r#"
[asset.bad]
command = "rmdir {{output}}; echo 1 > {{output}}"
outputs = "build/bad/"
"#,
    );
    let mut said = Said::default();
    said.of("a file", &sandbox, &["materialize"], 1);
    sandbox.edit("Assets.toml", "build/bad/", "build/bad");
    sandbox.edit("Assets.toml", "rmdir {{output}}; ", "");
    sandbox.write("build/bad/of_a_person.txt", "kept\n");
    said.of("a directory in the way", &sandbox, &["materialize"], 2);
    sandbox.run(&["plan"]).exits(2);
    assert_eq!(sandbox.read("build/bad/of_a_person.txt"), "kept\n");
    said.compare("kinds");
    sandbox.remove("build/bad");
}

#[test]
fn warnings() {
    let mut said = Said::default();
    let sandbox = with_command(r#"command = "sleep 1000 & echo $! > ../pid; echo 1 > {{output}}""#);
    said.of("leaves a process", &sandbox, &["materialize", "-j1"], 1);
    let left = sandbox.read("../pid");
    // Where nobody collects what has ended, it is still listed, as a zombie.
    let script = "case $(ps -o stat= -p $0) in ''|Z*) ;; *) exit 1 ;; esac";
    sandbox
        .run_command(&["sh", "-c", script, left.trim()])
        .success();
    said.compare("leftovers");
}

#[test]
fn a_failure_keeps_what_was_there_and_is_told_again() {
    let sandbox = with_command(r#"command = "cat raw.csv; cp raw.csv {{output}}""#);
    let mut said = Said::default();
    sandbox.write("raw.csv", "1\n");
    sandbox.run(&["materialize"]).success();
    sandbox.edit("Assets.toml", "cat raw.csv;", "cat raw.csv; exit 7;");
    said.of("fails", &sandbox, &["materialize"], 1);
    assert_eq!(sandbox.read("build/bad.csv"), "1\n");
    said.of("status", &sandbox, &["status"], 0);
    said.of(
        "as an exit code",
        &sandbox,
        &["status", "--exit-code", "-q"],
        1,
    );
    said.of("explained", &sandbox, &["explain", "bad"], 0);
    said.of("its log", &sandbox, &["logs", "bad"], 0);
    said.of("quietly", &sandbox, &["materialize", "-q"], 1);
    said.of(
        "with --keep-altered",
        &sandbox,
        &["materialize", "--keep-altered", "-q"],
        1,
    );
    said.compare("failed_again");
}
