//! What cannot be done in memory, as a person is told.

use std::fmt::Write as _;

use super::in_memory;
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[partitions.letter]
type = "static"
keys = ["a", "b"]

[source.raw]
path = "raw.txt"

[asset.external]
outputs = "elsewhere/external.txt"

[asset.nowhere]

[asset.one]
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "build/one.txt"

[asset.pair]
partitions = "letter"
command = "echo 1 > {{output.left}}; echo 2 > {{output.right}}"
outputs = { left = "build/left/{{partition}}", right = "build/right/{{partition}}" }

[asset.tree]
command = "echo 1 > {{output}}/file"
outputs = "build/tree/"

[asset.reads]
deps = ["external", "raw"]
command = "cat {{input.external}} {{input.raw}} > {{output}}"
outputs = "build/reads.txt"

[asset.reads_nowhere]
deps = "nowhere"
command = "date > {{output}}"
outputs = "build/reads_nowhere.txt"

[asset.in_place]
command = "date > build/in_place.txt"
outputs = "build/in_place.txt"

[asset.in_place_too]
deps = "in_place"
staging = false
command = "date > {{output}}"
outputs = "build/in_place_too.txt"

[asset.junk]
command = "echo 1 > {{output}}; echo 2 > {{output}}.bak"
outputs = "build/junk.txt"

[asset.failing]
command = "echo no such column >&2; exit 3; : {{output}}"
outputs = "build/failing.txt"
"#;

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.txt", "raw\n")
        .at("2024-01-05T12:00:00Z")
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_starts() {
    let mut told = String::new();
    for arguments in [
        &["one", "--io-manager", "filesystem"][..],
        &["one", "--home", "elsewhere"],
        &["one", "--dry-run"],
        &["one", "--durable"],
        &["one", "--memory-limit", "much"],
        &["one", "--memory-limit", "-1"],
        &["one", "--print", "one", "--json"],
        &["--print", "pair"],
        &["--print", "pair@a"],
        &["--print", "pair.middle@a"],
        &["--print", "one.middle"],
        &["--print", "pair.left"],
        &["--print", "pair.left@c"],
        &["--print", "tree"],
        &["--print", "raw"],
        &["--print", "external"],
        &["--print", "nothing"],
        &["--print", "@a"],
        &["--print", "tree", "one"],
        &["--print", "raw", "one"],
        &["--print", "pair.left@a", "one"],
        &["--print", "one@a"],
        &["in_place"],
        &["in_place_too", "one"],
        &["reads"],
        &["reads_nowhere"],
        &["--only", "in_place_too"],
        &["one", "--input", "raw"],
        &["one", "--input", "row=raw.txt"],
    ] {
        let project = project();
        let ran = in_memory(&project, arguments).exits(2);
        assert!(
            !ran.stderr().contains("Done"),
            "{arguments:?}: {}",
            ran.stderr()
        );
        let _redacted = project.redact();
        tell(&mut told, arguments, &ran.said());
    }
    compare("refused", &told);
}

#[test]
fn a_path_that_cannot_be_read_is_refused() {
    for (arguments, code) in [
        (["one", "--input", "one=raw.txt"], "made_by_command"),
        (
            ["one", "--input", "raw={{partition}}.txt"],
            "misplaced_placeholder",
        ),
        (["one", "--input", "raw={{"], "unclosed_placeholder"),
        (
            ["reads", "--input", "external=absent.txt"],
            "unsupplied_upstream",
        ),
    ] {
        let ran = in_memory(&project(), &arguments).exits(2);
        assert!(ran.stderr().contains(code), "{}", ran.stderr());
    }
}

#[test]
fn flags_of_a_run_in_memory_ask_for_one() {
    let project = project();
    for flag in [
        &["--print", "one"][..],
        &["--test-sources"],
        &["--memory-limit", "1GB"],
    ] {
        for command in [
            &["materialize"][..],
            &["materialize", "--io-manager", "filesystem"],
        ] {
            let ran = project.run(&[command, flag].concat()).exits(2);
            assert!(
                ran.stderr().contains("add `--in-memory`"),
                "{}",
                ran.stderr()
            );
            assert!(ran.stderr().contains(flag[0]), "{}", ran.stderr());
        }
    }
    assert!(!project.path(".assetctl").exists());
    let _ = project
        .run(&["materialize", "one", "--io-manager", "filesystem"])
        .success();
    assert!(project.path("build/one.txt").exists());
}

#[test]
fn a_variable_for_all_calls_is_no_other_instance() {
    let project = project().with_env("ASSETCTL_HOME", "elsewhere");
    let _ = in_memory(&project, &["one"]).success();
}

#[test]
fn what_is_supplied_is_read() {
    let project = project()
        .with_file("tests/external.txt", "external\n")
        .with_file("tests/raw.txt", "other\n");
    for (arguments, printed) in [
        (
            &["--input", "external=tests/external.txt"][..],
            "external\nraw\n",
        ),
        (
            &[
                "--input",
                "external=tests/external.txt",
                "--input",
                "raw=tests/raw.txt",
            ],
            "external\nother\n",
        ),
    ] {
        let arguments = [&["--print", "reads"], arguments].concat();
        assert_eq!(in_memory(&project, &arguments).success().stdout(), printed);
    }
    let supplied = ["reads_nowhere", "--input", "nowhere=raw.txt"];
    let _ = in_memory(&project, &supplied).success();
}

#[test]
fn nobody_is_sent_to_what_is_gone() {
    let project = project();
    let mut told = String::new();
    for arguments in [
        &["failing", "-j1"][..],
        &[
            "junk",
            "failing",
            "one",
            "--input",
            "raw=tests/a b.txt",
            "-j1",
        ],
    ] {
        project.write("tests/a b.txt", "");
        let ran = in_memory(&project, arguments).exits(1);
        let said = ran.said();
        let said = said.replace(&project.project().display().to_string(), "[PROJECT]");
        tell(&mut told, arguments, &said);
    }
    let json = in_memory(&project, &["failing", "--json"]).exits(1);
    assert!(json.stdout().contains(r#""outcome":"failed""#));
    assert!(!json.stdout().contains(r#""log":""#), "{}", json.stdout());
    compare("failed", &told);
}

fn tell(told: &mut String, arguments: &[&str], said: &str) {
    let arguments = arguments.join(" ");
    writeln!(told, "━━━ {arguments}\n{}\n", said.trim_end())
        .expect("writing to a String cannot fail");
}

fn compare(name: &str, told: &str) {
    let _redacted = Sandbox::new().redact();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\S*/assetctl-[0-9A-Za-z]{22}", "[FOLDER]");
    settings.add_filter(r"\d+(\.\d+)?ms\b", "[DURATION]");
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    insta::assert_snapshot!(name, told);
}
