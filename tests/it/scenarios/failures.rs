//! What goes wrong: it is told, blocks just what needs it, is tried again, and nothing is lost.

use std::num::{NonZeroU32, NonZeroUsize};

use assetctl::answer::RunOutcome;
use assetctl::model::MaterializeOptions;

use crate::scenario::{Scenario, set};

/// One asset with this command and these outputs, and one that reads it.
fn one(command: &str, outputs: &str) -> Scenario {
    Scenario::new(&format!(
        "[asset.bad]\ncommand = '''{command}'''\noutputs = {outputs}\n\
         [asset.reader]\ndeps = \"bad\"\ncommand = \"ls -d {{{{input}}}} > {{{{output}}}}\"\noutputs = \"reader.txt\"\n\
         [asset.other]\ncommand = \"echo 1 > {{{{output}}}}\"\noutputs = \"other.txt\"\n"
    ))
}

#[test]
fn each_way_to_fail_has_its_code_and_blocks_its_reader_only() {
    let table = [
        ("exit 3", "'bad.txt'", "command_failed", "exit code 3"),
        (
            "no-such-program",
            "'bad.txt'",
            "command_failed",
            "command not found",
        ),
        (
            "kill -9 $$",
            "'bad.txt'",
            "command_failed",
            "killed by SIGKILL",
        ),
        (
            ": {{output}}",
            "'bad.txt'",
            "missing_output",
            "did not write bad.txt",
        ),
        (
            "mkdir {{output}}",
            "'bad.txt'",
            "output_kind",
            "as a directory",
        ),
        (
            "rmdir {{output}}; echo > {{output}}",
            "'bad/'",
            "output_kind",
            "as a file",
        ),
        (
            "echo > {{output}}; echo > $(dirname {{output}})/extra.txt",
            "'bad.txt'",
            "undeclared_output",
            "extra.txt",
        ),
        (
            ": {{output}}; echo > bad.txt",
            "'bad.txt'",
            "output_beside_staging",
            "bad.txt itself",
        ),
        (
            "echo > {{output.x}}",
            "{ x = 'x.txt', y = 'y.txt' }",
            "missing_output",
            "did not write y.txt",
        ),
        ("mkfifo {{output}}", "'bad.txt'", "unreadable_output", ""),
    ];
    for (command, outputs, code, words) in table {
        let project = one(command, outputs);
        let ran = project.attempt();
        ran.ran(&["bad", "other"])
            .failed(&["bad"])
            .blocked(&["reader"]);
        let failure = ran.failure("bad");
        assert_eq!(
            failure.code,
            format!("assetctl::engine::{code}"),
            "{command}"
        );
        assert!(
            failure.message.contains(words),
            "{command}: {}",
            failure.message
        );
        assert_eq!(ran.obstacle("reader"), "bad failed");
        assert_eq!(ran.result().outcome, RunOutcome::Failed);
        let again = project.attempt();
        again.ran(&["bad"]).failed(&["bad"]).blocked(&["reader"]);
        assert_eq!(again.causes("bad"), ["failed_before"], "{command}");
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let project = Scenario::new(
        "[asset.a]\ncommand = [\"no-such-program\", \"{{output}}\"]\noutputs = \"a.txt\"\n",
    );
    let ran = project.attempt();
    let failure = ran.failure("a");
    assert_eq!(failure.code, "assetctl::engine::not_started");
    assert!(
        failure.message.contains("no-such-program"),
        "{}",
        failure.message
    );
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let project = one(
        "echo half > {{output}}; exec sleep 600",
        "'bad.txt'\ntimeout = '50ms'",
    );
    let ran = project.attempt();
    ran.failed(&["bad"]).blocked(&["reader"]);
    assert_eq!(ran.failure("bad").code, "assetctl::engine::timed_out");
    assert!(!project.holds("bad.txt"));
}

#[test]
fn what_has_to_be_ended_in_the_background_fails_its_step() {
    let project = one("sleep 600 & echo 1 > {{output}}", "'bad.txt'");
    let ran = project.attempt();
    ran.failed(&["bad"]).blocked(&["reader"]);
    let failure = ran.failure("bad");
    assert_eq!(failure.code, "assetctl::engine::leftovers");
    assert!(
        failure.message.contains("`sleep` (process "),
        "{}",
        failure.message
    );
    assert!(!project.holds("bad.txt"));

    project.edit(
        "outputs = 'bad.txt'",
        "outputs = 'bad.txt'\nleftovers = 'end'",
    );
    let ran = project.runs(&["bad", "reader"]);
    assert_eq!(ran.warnings("bad"), [""; 0]);
    project.edit("\nleftovers = 'end'", "");
    assert!(project.runs(&[]).started().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_a_background_process_writes_is_waited_for() {
    let keys: Vec<String> = (0..100).map(|key| format!("'{key}'")).collect();
    let project = Scenario::new(&format!(
        "[partitions.round]\ntype = 'static'\nkeys = [{}]\n\
         [asset.split]\npartitions = 'round'\n\
         command = ['bash', '-c', 'tee >(sort > {{{{output.sorted}}}}) < in.txt > {{{{output.copy}}}}']\n\
         outputs = {{ sorted = 'sorted/{{{{partition}}}}', copy = 'copy/{{{{partition}}}}' }}\n",
        keys.join(", ")
    ));
    let lines: Vec<String> = (0..20_000)
        .rev()
        .map(|line| format!("{line:08}\n"))
        .collect();
    project.write("in.txt", &lines.concat());
    let sorted: String = lines.iter().rev().map(String::as_str).collect();
    let ran = project.attempt();
    assert_eq!(ran.result().outcome, RunOutcome::Success);
    for key in 0..100 {
        assert!(project.read(&format!("sorted/{key}")) == sorted, "{key}");
    }
}

#[test]
fn a_failure_shows_the_end_of_its_log() {
    let project = one("seq 100; echo oops >&2; exit 1", "'bad.txt'");
    let ran = project.attempt();
    let failure = ran.failure("bad");
    assert_eq!(failure.tail.last().map(String::as_str), Some("oops"));
    assert_eq!(failure.exit, Some(1));
    assert!(
        failure.command.starts_with("bash -euo pipefail -c"),
        "{}",
        failure.command
    );
}

#[test]
fn a_pipe_fails_where_any_program_of_it_does() {
    let project = one("exit 3 | cat > {{output}}", "'bad.txt'");
    let ran = project.attempt();
    ran.failed(&["bad"]).blocked(&["reader"]);
    assert_eq!(ran.failure("bad").exit, Some(3));
    assert!(!project.holds("bad.txt"));
    project.edit(
        "[asset.bad]",
        "[project]\nshell = ['sh', '-euc']\n[asset.bad]",
    );
    let _ = project.runs(&["bad", "reader", "other"]);
}

#[test]
fn failures_of_pipes_that_mean_none_are_explained_and_the_form_accepts_them() {
    let help = |command: &str| {
        let project = one(command, "'bad.txt'");
        let ran = project.attempt();
        ran.failed(&["bad"]);
        ran.failure("bad").help.clone()
    };
    let said = help("seq 1000000 | head -1 > {{output}}").expect("explained");
    assert!(said.contains("|| [ $? = 141 ]; } | head"), "{said}");
    let said = help("seq 3 | grep 7 | sort > {{output}}").expect("explained");
    assert!(
        said.contains("{ grep PATTERN FILE || [ $? = 1 ]; }"),
        "{said}"
    );
    assert_eq!(help("echo no; seq 3 | grep 7 > {{output}}"), None);
    assert_eq!(help("exit 2"), None);
    let accepted = one(
        "{ seq 1000000 || [ $? = 141 ]; } | head -1 > {{output}}; { seq 3 | grep 7 || [ $? = 1 ]; } | sort >> {{output}}",
        "'bad.txt'",
    );
    let _ = accepted.runs(&["bad", "reader", "other"]);
    assert_eq!(accepted.read("bad.txt"), "1\n");
}

#[test]
fn where_the_shell_is_not_there_the_choice_is_told() {
    let mut project = one("echo 1 > {{output}}", "'bad.txt'");
    std::fs::create_dir(project.path("empty")).expect("a folder");
    let path = project.path("empty").display().to_string();
    project.set("PATH", Some(&path));
    let ran = project.attempt();
    let failure = ran.failure("bad");
    assert_eq!(failure.code, "assetctl::engine::not_started");
    let help = failure.help.as_deref().unwrap_or_default();
    assert!(
        help.contains("[project] shell = [\"sh\", \"-euc\"]"),
        "{help}"
    );
}

const TRIED: &str = r#"
[asset.a]
deps = "./raw.txt"
command = "cp {{input}} {{output}}; test ! -e broken"
outputs = "a.txt"

[asset.b]
deps = "a"
command = "cp {{input}} {{output}}"
outputs = "b.txt"

[asset.c]
deps = "a"
command = "cp {{input}} {{output}}"
outputs = "c.txt"

[asset.d]
deps = ["b", "c"]
command = "cat {{input.b}} {{input.c}} > {{output}}"
outputs = "d.txt"
"#;

#[test]
fn a_failure_blocks_all_that_needs_it_and_is_tried_again() {
    let project = Scenario::new(TRIED).with(&[("raw.txt", "1\n")]);
    let _ = project.runs(&["a", "b", "c", "d"]);
    project.write("raw.txt", "2\n");
    project.write("broken", "");
    for _ in 0..2 {
        project
            .attempt()
            .ran(&["a"])
            .failed(&["a"])
            .blocked(&["b", "c", "d"]);
        assert_eq!(project.read("a.txt"), "1\n");
        assert_eq!(project.status()[0], "a failed (data raw, failed_before)");
    }
    project.remove("broken");
    let _ = project.runs(&["a", "b", "c", "d"]);
    assert_eq!(project.read("d.txt"), "2\n2\n");
}

#[test]
fn after_a_failure_the_last_good_declaration_is_fresh() {
    let project = Scenario::new(TRIED).with(&[("raw.txt", "1\n")]);
    let _ = project.runs(&["a", "b", "c", "d"]);
    project.edit("test ! -e broken", "exit 9");
    project
        .attempt()
        .ran(&["a"])
        .failed(&["a"])
        .blocked(&["b", "c", "d"]);
    project.edit("exit 9", "test ! -e broken");
    assert_eq!(
        project.status(),
        ["a fresh", "b fresh", "c fresh", "d fresh"]
    );
    let _ = project.runs(&[]);
}

#[test]
fn what_is_not_downstream_goes_on_unless_told_otherwise() {
    let manifest = ["a", "b", "c"].map(|name| format!("[asset.{name}]\ncommand = \"exit 1\"\n"));
    let project = Scenario::new(&manifest.concat());
    project
        .attempt()
        .ran(&["a", "b", "c"])
        .failed(&["a", "b", "c"]);
    let most = |most| MaterializeOptions {
        max_failures: Some(NonZeroU32::new(most).expect("not zero")),
        jobs: NonZeroUsize::new(1),
        ..MaterializeOptions::default()
    };
    project.ask(&most(1)).ran(&["a"]).failed(&["a"]);
    let ran = project.ask(&most(2));
    ran.ran(&["a", "b"]).failed(&["a", "b"]);
    assert_eq!(ran.result().counts.canceled, 1);
    assert_eq!(ran.result().outcome, RunOutcome::Failed);
}

#[test]
fn a_missing_source_blocks_exactly_what_needs_it() {
    let project = Scenario::new(TRIED).with(&[("raw.txt", "1\n")]);
    let more = "[asset.e]\ndeps = [\"./gone.txt\", \"b\"]\ncommand = \"cat {{input.gone}} > {{output}}\"\n";
    project.manifest(&format!("{TRIED}\n{more}"));
    let ran = project.attempt();
    ran.ran(&["a", "b", "c", "d"]).failed(&[]).blocked(&["e"]);
    assert!(
        ran.obstacle("e").contains("gone.txt"),
        "{}",
        ran.obstacle("e")
    );
    assert_eq!(ran.result().outcome, RunOutcome::Failed);
    project.write("gone.txt", "there\n");
    let _ = project.runs(&["e"]);
    project.remove("raw.txt");
    let ran = project.attempt();
    ran.ran(&[]).blocked(&["a", "b", "c", "d", "e"]);
    assert_eq!(project.status()[0], "a blocked (data raw)");
    project.write("raw.txt", "1\n");
    let _ = project.runs(&[]);
}

#[test]
fn an_input_that_changes_while_a_command_runs_leaves_it_stale() {
    let project = Scenario::new(
        "[asset.a]\ndeps = \"./raw.txt\"\n\
         command = \"cp {{input}} {{output}}; if test -e meddle; then echo 2 > raw.txt; fi\"\noutputs = \"a.txt\"\n",
    )
    .with(&[("raw.txt", "1\n"), ("meddle", "")]);
    let ran = project.attempt();
    ran.ran(&["a"]).failed(&[]);
    assert!(
        ran.warnings("a")[0].contains("raw.txt changed"),
        "{:?}",
        ran.warnings("a")
    );
    project.remove("meddle");
    assert_eq!(project.runs(&["a"]).causes("a"), ["data raw"]);
    assert_eq!(project.read("a.txt"), "2\n");
}

#[test]
fn the_staging_of_a_failure_is_kept_and_emptied_for_the_next_attempt() {
    let project = one(
        "echo half > {{output}}; ls $(dirname {{output}}); exit 1",
        "'bad.txt'",
    );
    project.attempt().failed(&["bad"]);
    assert_eq!(project.read(".assetctl/staging/bad/bad.txt"), "half\n");
    let ran = project.attempt();
    assert_eq!(ran.failure("bad").tail, ["bad.txt"]);
    project.edit("; exit 1", "");
    let _ = project.runs(&["bad", "reader"]);
    assert!(!project.holds(".assetctl/staging/bad"));
    assert_eq!(set(&[]), project.attempt().started());
}

#[test]
fn a_file_size_limit_is_a_failure_that_loses_nothing() {
    let project = one("echo good > {{output}}", "'bad.txt'");
    let _ = project.runs(&["bad", "reader", "other"]);
    project.edit("echo good >", "ulimit -f 1; head -c 100000 /dev/zero >");
    let ran = project.attempt();
    ran.failed(&["bad"]).blocked(&["reader"]);
    assert_eq!(project.read("bad.txt"), "good\n");
}

#[test]
fn steps_that_are_ordered_ahead_do_not_start_after_the_last_failure() {
    let keys: Vec<String> = (0..60).map(|key| format!("\"k{key:02}\"")).collect();
    let project = Scenario::new(&format!(
        "[partitions.k]\ntype = \"static\"\nkeys = [{}]\n\
         [asset.a]\npartitions = \"k\"\noutputs = \"out/{{{{partition}}}}\"\n\
         command = \"echo $ASSETCTL_PARTITION >> ran; [ $ASSETCTL_PARTITION != k20 ]; echo > {{{{output}}}}\"\n\
         [asset.reader]\ndeps = \"a\"\noutputs = \"all\"\ncommand = \"cat {{{{input}}}} > {{{{output}}}}\"\n",
        keys.join(", ")
    ));
    let request = |max_failures| MaterializeOptions {
        jobs: NonZeroUsize::new(1),
        max_failures,
        ..MaterializeOptions::default()
    };
    let first = NonZeroU32::MIN;
    let ran = project.ask(&request(Some(first)));
    ran.failed(&["a@k20"]).blocked(&["reader"]);
    let commands = || project.read("ran").lines().count();
    assert_eq!(commands(), 21, "the failed one is the last");
    assert_eq!(ran.started().len(), 21);
    assert_eq!(ran.result().counts.canceled, 39);
    let ran = project.ask(&request(None));
    ran.failed(&["a@k20"]).blocked(&["reader"]);
    assert_eq!(ran.started().len(), 40);
    assert_eq!(ran.finished().len(), 39);
    assert_eq!(commands(), 61, "none ran twice, and all could be had");
}
