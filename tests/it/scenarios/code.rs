//! The code version: commands, files, tools, environment.

use crate::scenario::{Scenario, codes, only};

const SCRIPT: &str = r#"
[asset.made]
deps = "./raw.txt"
code = "lib/*.txt"
command = "sh make.sh {{input}} > {{output}}"
outputs = "made.txt"
"#;

fn script() -> Scenario {
    Scenario::new(SCRIPT).with(&[
        ("raw.txt", "raw\n"),
        ("make.sh", "cat \"$1\"\n"),
        ("lib/a.txt", "a\n"),
    ])
}

#[test]
fn code_files_count_named_or_found_in_the_command() {
    let project = script();
    let _ = project.runs(&["made"]);
    project.write("make.sh", "# a comment\ncat \"$1\"\n");
    let ran = project.runs(&["made"]);
    assert_eq!(ran.causes("made"), ["code make.sh"]);
    assert!(ran.unchanged().contains("made"));
    project.write("lib/a.txt", "b\n");
    project.write("lib/b.txt", "b\n");
    assert_eq!(
        project.runs(&["made"]).causes("made"),
        ["code lib/a.txt", "code lib/b.txt"]
    );
    project.remove("lib/b.txt");
    assert_eq!(project.runs(&["made"]).causes("made"), ["code lib/b.txt"]);
    project.write("lib/unmatched.md", "not code\n");
    let _ = project.runs(&[]);
}

#[test]
fn automatic_code_can_be_turned_off() {
    let project = script();
    project.edit("outputs =", "auto_code = false\noutputs =");
    let _ = project.runs(&["made"]);
    project.write("make.sh", "cat \"$1\" \"$1\"\n");
    let _ = project.runs(&[]);
}

#[test]
fn a_code_version_stands_for_command_and_code() {
    let project = script();
    project.edit("outputs =", "code_version = \"1\"\noutputs =");
    let _ = project.runs(&["made"]);
    project.write("make.sh", "cat \"$1\" # other code\n");
    project.edit("sh make.sh", "sh  make.sh");
    let _ = project.runs(&[]);
    project.edit("code_version = \"1\"", "code_version = \"2\"");
    assert_eq!(
        project.runs(&["made"]).causes("made"),
        ["code code_version"]
    );
    project.edit("outputs =", "env = { LIMIT = \"1\" }\noutputs =");
    assert_eq!(project.runs(&["made"]).causes("made"), ["code env LIMIT"]);
    project.edit("outputs = \"made.txt\"", "outputs = \"other.txt\"");
    assert_eq!(
        project.runs(&["made"]).causes("made"),
        ["code output", "output other.txt missing"]
    );
}

#[test]
fn a_changed_command_is_one_cause() {
    let project = script();
    let _ = project.runs(&["made"]);
    project.edit("sh make.sh {{input}}", "sh ./make.sh {{input}}");
    assert_eq!(project.runs(&["made"]).causes("made"), ["code command"]);
    project.edit(
        "\"sh ./make.sh {{input}} > {{output}}\"",
        "[\"cp\", \"{{input}}\", \"{{output}}\"]",
    );
    let causes = project.runs(&["made"]).causes("made");
    assert!(causes.contains(&"code command".to_owned()), "{causes:?}");
}

#[test]
fn what_is_for_people_or_for_scheduling_is_no_code() {
    let project = script();
    let _ = project.runs(&["made"]);
    project.edit(
        "outputs =",
        r#"description = "d"
group = "g"
tags = { t = "1" }
owners = ["team:x"]
kinds = ["k"]
metadata = { m = 1 }
priority = 7
timeout = "1h"
inherit_env = ["X"]
outputs ="#,
    );
    let _ = project.runs(&[]);
}

#[test]
fn missing_code_is_refused_before_anything_runs() {
    let project = script();
    project.edit(
        "code = \"lib/*.txt\"",
        "code = [\"none/*.txt\", \"gone.txt\"]",
    );
    assert_eq!(
        project.refused(),
        [
            "assetctl::engine::empty_code_glob",
            "assetctl::engine::missing_code"
        ]
    );
    assert!(!project.holds("made.txt"));
}

#[test]
fn tools_count_by_the_file_that_is_found() {
    let mut project = Scenario::new(
        r#"
[asset.made]
tools = ["mytool"]
command = "mytool > {{output}}"
outputs = "made.txt"
"#,
    );
    assert_eq!(project.refused(), ["assetctl::engine::missing_tool"]);
    let tool = |project: &Scenario, text: &str| {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt;
        project.write("bin/mytool", &format!("#!/bin/sh\n{text}\n"));
        set_permissions(project.path("bin/mytool"), Permissions::from_mode(0o755)).expect("set");
    };
    tool(&project, "echo 1");
    let path = std::env::var("PATH").expect("tests have a PATH");
    let bin = project.path("bin");
    project.set("PATH", Some(&format!("{}:{path}", bin.display())));
    let _ = project.runs(&["made"]);
    tool(&project, "echo 2");
    assert_eq!(project.runs(&["made"]).causes("made"), ["code tool mytool"]);
    assert_eq!(project.read("made.txt"), "2\n");
}

const ENV: &str = r#"
[asset.made]
command = "printf %s \"$A,${B-unset},${C-unset}\" > {{output}}"
env = { A = "1", B = { from_env = "OUTER" }, C = { secret_env = "TOKEN" } }
outputs = "made.txt"
"#;

#[test]
fn variables_count_by_value_or_absence_and_secrets_by_name_only() {
    let mut project = Scenario::new(ENV);
    let _ = project.runs(&["made"]);
    assert_eq!(project.read("made.txt"), "1,unset,unset");
    project.set("OUTER", Some("o"));
    assert_eq!(project.runs(&["made"]).causes("made"), ["code env B"]);
    project.set("OUTER", Some(""));
    assert_eq!(project.runs(&["made"]).causes("made"), ["code env B"]);
    project.set("OUTER", None);
    assert_eq!(project.runs(&["made"]).causes("made"), ["code env B"]);
    project.set("TOKEN", Some("hunter22"));
    project.set("UNRELATED", Some("x"));
    let _ = project.runs(&[]);
    project.edit("A = \"1\"", "A = \"2\"");
    assert_eq!(project.runs(&["made"]).causes("made"), ["code env A"]);
    assert_eq!(project.read("made.txt"), "2,unset,hunter22");
    project.edit(
        "secret_env = \"TOKEN\"",
        "secret_env = \"NEVER\", required = true",
    );
    // It counts by its name, so it is to run, which asks for it.
    project.edit("A = \"2\"", "A = \"3\"");
    assert_eq!(project.refused(), ["assetctl::engine::unset_variable"]);
}

#[test]
fn secrets_are_neither_recorded_nor_logged() {
    let mut project = Scenario::new(
        r#"
[asset.made]
command = "echo \"token: $C\"; echo \"$C\" >&2; echo public > {{output}}; test -e ok"
env = { C = { secret_env = "TOKEN" } }
outputs = "made.txt"
"#,
    );
    project.set("TOKEN", Some("hunter22-and-more"));
    let failed = project.attempt();
    assert!(
        failed
            .failure("made")
            .tail
            .iter()
            .any(|line| line.contains("token: ***"))
    );
    project.write("ok", "");
    let _ = project.runs(&["made"]);
    let files = project.own_files();
    assert!(
        files
            .iter()
            .any(|(path, _)| path.extension().is_some_and(|it| it == "log"))
    );
    let secret = b"hunter22-and-more";
    for (path, bytes) in files {
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{} holds the secret", path.display());
    }
}

#[test]
fn a_code_file_outside_the_project_counts_by_content() {
    let outside = tempfile::tempdir().expect("a folder");
    let file = outside.path().join("lib.txt");
    std::fs::write(&file, "1").expect("written");
    let project = Scenario::new(&format!(
        "[asset.made]\ncode = \"{}\"\ncommand = \"echo 1 > {{{{output}}}}\"\noutputs = \"made.txt\"\n",
        file.display()
    ));
    let _ = project.runs(&["made"]);
    std::fs::write(&file, "2").expect("written");
    assert_eq!(project.runs(&["made"]).causes("made"), ["code …/lib.txt"]);
}

#[test]
fn a_file_sets_variables_that_the_caller_does_not() {
    let mut project = Scenario::new(
        r#"
[project]
dotenv = true

[source.all]
path = "./[.s]e*"

[asset.made]
deps = "all"
command = "echo \"${A-unset} ${C-unset} ${B-unset}\" | tee {{output}}"
env = { A = { from_env = "OUTER" }, C = { secret_env = "TOKEN" } }
outputs = "out/made.txt"
"#,
    );
    project.write("seen.txt", "seen");
    project.write(
        ".env",
        "OUTER=one # a comment\nexport TOKEN='hunter22-and-more'\nB=2\n",
    );
    let _ = project.runs(&["made"]);
    let made = || std::fs::read_to_string(project.path("out/made.txt")).expect("it is made");
    assert_eq!(made(), "one hunter22-and-more unset\n");
    project.write(".env", "OUTER=one\nTOKEN='another-secret'\n");
    let _ = project.runs(&[]);
    project.write(".env", "OUTER=two\nTOKEN='another-secret'\n");
    let ran = project.runs(&["made"]);
    assert_eq!(ran.causes("made"), ["code env A"]);
    project.set("OUTER", Some("two"));
    project.write(".env", "OUTER=three\nTOKEN='another-secret'\n");
    let _ = project.runs(&[]);
    project.set("OUTER", None);
    let _ = project.runs(&["made"]);
    project.remove(".env");
    let _ = project.runs(&["made"]);
    for (path, bytes) in project.own_files() {
        for secret in [&b"hunter22-and-more"[..], b"another-secret"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} holds the secret", path.display());
        }
    }
    project.write(".env", "hunter22-and-more\n");
    let error = project.try_ask(&only(&["made"])).expect_err("refused");
    assert_eq!(codes(&error), ["assetctl::engine::dotenv"]);
    assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
}
