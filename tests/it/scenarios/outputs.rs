//! Outputs: what becomes of them on disk, and what a hand does to them.

use assetctl::answer::EventKind;

use crate::scenario::Scenario;

const PAIR: &str = r#"
[asset.up]
deps = "./raw.txt"
command = "cp {{input}} {{output}}"
outputs = "build/up.txt"

[asset.down]
deps = "up"
command = "sed 's/$/!/' {{input}} > {{output}}"
outputs = "build/down.txt"
"#;

fn pair() -> Scenario {
    let project = Scenario::new(PAIR).with(&[("raw.txt", "raw\n")]);
    let _ = project.runs(&["up", "down"]);
    project
}

#[test]
fn an_output_altered_by_hand_is_rebuilt_and_never_consumed() {
    let project = pair();
    project.write("build/up.txt", "by hand\n");
    assert_eq!(
        project.status(),
        [
            "up stale (output build/up.txt altered)",
            "down pending (data up < output build/up.txt altered)"
        ]
    );
    let ran = project.runs(&["up"]);
    assert_eq!(ran.causes("up"), ["output build/up.txt altered"]);
    project.write("build/up.txt", "by hand\n");
    project.edit("s/$/!/", "s/$/?/");
    let _ = project.runs(&["up", "down"]);
    assert_eq!(project.read("build/down.txt"), "raw?\n");
}

#[test]
fn an_output_that_is_missing_or_of_another_kind_is_rebuilt() {
    let project = pair();
    project.remove("build/up.txt");
    project.remove("build/down.txt");
    let ran = project.runs(&["up", "down"]);
    assert_eq!(ran.causes("up"), ["output build/up.txt missing"]);
    assert_eq!(ran.causes("down"), ["output build/down.txt missing"]);
    project.remove("build");
    let _ = project.runs(&["up", "down"]);
    project.remove("build/down.txt");
    project.write("build/down.txt/inner", "a folder\n");
    let ran = project.attempt();
    ran.ran(&["down"]).failed(&["down"]);
    assert_eq!(ran.causes("down"), ["output build/down.txt kind"]);
    assert_eq!(
        ran.failure("down").code,
        "assetctl::engine::output_in_the_way"
    );
    assert_eq!(
        project.read("build/down.txt/inner"),
        "a folder\n",
        "it is not replaced"
    );
    project.remove("build/down.txt");
    let _ = project.runs(&["down"]);
}

#[test]
fn a_link_in_place_of_an_output_is_replaced_and_never_written_through() {
    let project = pair();
    project.write("precious.txt", "raw\n");
    project.link("../precious.txt", "build/up.txt");
    let _ = project.runs(&["up"]);
    project.link("../precious.txt", "build/up.txt");
    project.write("raw.txt", "new\n");
    let _ = project.runs(&["up", "down"]);
    assert_eq!(project.read("precious.txt"), "raw\n");
    assert!(
        project
            .path("build/up.txt")
            .symlink_metadata()
            .expect("it is there")
            .is_file()
    );
}

#[test]
fn directories_are_outputs_whole() {
    let project = Scenario::new(
        r#"
[asset.parts]
deps = "./raw.txt"
command = "cd {{output}} && split -l 1 ../../../../raw.txt part-"
outputs = "parts/"

[asset.count]
deps = "parts"
command = "ls {{input}} | wc -l | tr -d ' ' > {{output}}"
outputs = "count.txt"
"#,
    )
    .with(&[("raw.txt", "1\n2\n3\n")]);
    let _ = project.runs(&["parts", "count"]);
    assert_eq!(project.read("count.txt"), "3\n");
    project.write("raw.txt", "1\n2\n");
    let _ = project.runs(&["parts", "count"]);
    assert!(
        !project.holds("parts/part-ac"),
        "what was there is replaced, not mixed"
    );
    project.write("parts/extra", "by hand\n");
    assert_eq!(
        project.runs(&["parts"]).causes("parts"),
        ["output parts altered"]
    );
    assert!(!project.holds("parts/extra"));
    project.write("parts/__pycache__/x.pyc", "ignored");
    let _ = project.runs(&[]);
    project.remove("parts");
    project.write("parts", "a file\n");
    assert_eq!(
        project.runs(&["parts"]).causes("parts"),
        ["output parts kind"]
    );
}

#[test]
fn standard_output_can_be_the_output() {
    let project = Scenario::new(
        r#"
[asset.told]
command = ["sh", "-c", "echo out; echo log >&2"]
stdout = true
outputs = "told.txt"
"#,
    );
    let _ = project.runs(&["told"]);
    assert_eq!(project.read("told.txt"), "out\n");
    project.edit("echo out;", "echo half; exit 3;");
    project.attempt().failed(&["told"]);
    assert_eq!(project.read("told.txt"), "out\n");
}

#[test]
fn without_a_path_an_output_lies_in_the_storage() {
    let project = Scenario::new(
        r#"
[project]
storage = "kept"

[asset."stg/one"]
command = "echo 1 > {{output}}"

[asset.two]
deps = "stg/one"
command = "cp {{input}} {{output}}"
"#,
    );
    let _ = project.runs(&["stg/one", "two"]);
    assert_eq!(project.read("kept/two"), "1\n");
}

const IN_PLACE: &str = r#"
[asset.report]
deps = "./raw.txt"
command = "cat raw.txt > build/report.txt; test ! -e broken"
outputs = "build/report.txt"
"#;

#[test]
fn a_step_in_place_puts_its_previous_output_back() {
    let project = Scenario::new(IN_PLACE).with(&[("raw.txt", "one\n"), ("build/.keep", "")]);
    let _ = project.runs(&["report"]);
    project.write("raw.txt", "two\n");
    project.write("broken", "");
    let ran = project.attempt();
    ran.ran(&["report"]).failed(&["report"]);
    assert_eq!(project.read("build/report.txt"), "one\n");
    assert!(!project.holds(".assetctl/aside/report"));
    project.remove("broken");
    assert_eq!(
        project.runs(&["report"]).causes("report"),
        ["data raw", "failed_before"]
    );
    assert_eq!(project.read("build/report.txt"), "two\n");
    assert!(!project.holds(".assetctl/aside/report"));
}

/// What a process leaves that died while a step in place was running: its note says which materialization it moved.
fn crash(project: &Scenario, materialization: &str) {
    let note = format!(
        r#"{{"run":"","asset":"report","partition":null,"materialization":{materialization},"paths":["build/report.txt"],"absent":[]}}"#
    );
    project.write(".assetctl/aside/report/note.json", &note);
    project.write(".assetctl/aside/report/0", "one\n");
}

#[test]
fn after_a_crash_in_place_the_next_run_puts_the_previous_output_back() {
    let project = Scenario::new(IN_PLACE).with(&[("raw.txt", "one\n"), ("build/.keep", "")]);
    let _ = project.runs(&["report"]);
    crash(&project, "1");
    project.write("build/report.txt", "half");
    let ran = project.attempt();
    ran.ran(&[]);
    assert_eq!(ran.put_back(), ["build/report.txt"]);
    assert_eq!(project.read("build/report.txt"), "one\n");
    assert!(!project.holds(".assetctl/aside/report"));
}

#[test]
fn after_a_crash_behind_the_record_the_new_output_stays() {
    let project = Scenario::new(IN_PLACE).with(&[("raw.txt", "two\n"), ("build/.keep", "")]);
    let _ = project.runs(&["report"]);
    crash(&project, "null");
    let ran = project.runs(&[]);
    assert_eq!(ran.put_back(), [""; 0]);
    assert_eq!(project.read("build/report.txt"), "two\n");
    assert!(!project.holds(".assetctl/aside/report"));
}

#[test]
fn a_first_failure_in_place_leaves_nothing() {
    let project = Scenario::new(IN_PLACE).with(&[("raw.txt", "one\n"), ("broken", "")]);
    project.attempt().failed(&["report"]);
    assert!(!project.holds("build/report.txt"));
    assert_eq!(project.status(), ["report failed (failed_before)"]);
}

#[test]
fn staging_is_overridden() {
    let project = Scenario::new(IN_PLACE).with(&[("raw.txt", "one\n"), ("build/.keep", "")]);
    project.edit("outputs =", "staging = true\noutputs =");
    let ran = project.attempt();
    assert_eq!(
        ran.failure("report").code,
        "assetctl::engine::output_beside_staging"
    );
    project.edit("staging = true", "staging = false");
    project.edit("build/report.txt; test", "{{output}}; test");
    let _ = project.runs(&["report"]);
    assert_eq!(project.read("build/report.txt"), "one\n");
}

#[test]
fn several_outputs_in_place_are_put_back_together() {
    let project = Scenario::new(
        r#"
[asset.two]
deps = "./raw.txt"
command = "mkdir -p d; cp raw.txt a.txt; cp raw.txt d/inner; test ! -e broken"
outputs = ["a.txt", "d/"]
staging = false
"#,
    )
    .with(&[("raw.txt", "1\n")]);
    let _ = project.runs(&["two"]);
    project.write("raw.txt", "2\n");
    project.write("broken", "");
    project.attempt().failed(&["two"]);
    assert_eq!(
        (project.read("a.txt"), project.read("d/inner")),
        ("1\n".into(), "1\n".into())
    );
    project.write("raw.txt", "1\n");
    let _ = project.runs(&[]);
}

#[test]
fn no_output_of_a_step_that_fails_is_put_into_place() {
    let project = Scenario::new(
        r#"
[asset.two]
deps = "./raw.txt"
command = "cp {{input}} {{output.a}}; cp {{input}} {{output.b}}"
outputs = { a = "a.txt", b = "b.txt" }
"#,
    )
    .with(&[("raw.txt", "1\n")]);
    let _ = project.runs(&["two"]);
    project.remove("b.txt");
    project.write("b.txt/inner", "in the way\n");
    project.write("raw.txt", "2\n");
    project.attempt().failed(&["two"]);
    assert_eq!(
        project.read("a.txt"),
        "1\n",
        "previous outputs stay as they were"
    );
}

const INCREMENTAL: &str = r#"
[asset.log]
deps = "./raw.txt"
command = "cat {{input}} >> {{output}}; echo $ASSETCTL_PREVIOUS >> trace; test ! -e broken"
outputs = "log.txt"
incremental = true
"#;

#[test]
fn an_incremental_asset_finds_its_previous_output() {
    use crate::scenario::only;
    use assetctl::model::{Force, MaterializeOptions};
    for staging in ["true", "false"] {
        let project = Scenario::new(INCREMENTAL).with(&[("raw.txt", "1\n")]);
        project.edit("incremental", &format!("staging = {staging}\nincremental"));
        let _ = project.runs(&["log"]);
        project.write("raw.txt", "2\n");
        let _ = project.runs(&["log"]);
        assert_eq!(project.read("log.txt"), "1\n2\n");
        project.write("raw.txt", "3\n");
        project.write("broken", "");
        for _ in 0..2 {
            project.attempt().failed(&["log"]);
            assert_eq!(
                project.read("log.txt"),
                "1\n2\n",
                "a failure leaves the previous output"
            );
        }
        project.remove("broken");
        let _ = project.runs(&["log"]);
        assert_eq!(project.read("log.txt"), "1\n2\n3\n");
        project.write("log.txt", "by hand\n");
        let _ = project.runs(&["log"]);
        assert_eq!(
            project.read("log.txt"),
            "3\n",
            "an altered output is not built upon"
        );
        let force = |force| MaterializeOptions {
            force,
            ..only(&["log"])
        };
        let _ = project.runs_only(&force(Force::Selected), &["log"]);
        assert_eq!(project.read("log.txt"), "3\n3\n");
        let _ = project.runs_only(&force(Force::FullRefresh), &["log"]);
        assert_eq!(project.read("log.txt"), "3\n");
        assert_eq!(
            project.read("trace"),
            "0\n1\n1\n1\n1\n0\n1\n0\n",
            "staging = {staging}"
        );
    }
}

#[test]
fn a_moved_output_is_made_anew() {
    let project = pair();
    project.edit("build/up.txt", "build/moved.txt");
    let ran = project.runs(&["up"]);
    assert_eq!(
        ran.causes("up"),
        ["code output", "output build/moved.txt missing"]
    );
}

#[test]
fn an_output_that_becomes_a_directory_is_made_anew() {
    let project = Scenario::new(PAIR).with(&[("raw.txt", "raw\n")]);
    let _ = project.runs(&["up", "down"]);
    project.edit(
        "sed 's/$/!/' {{input}} > {{output}}",
        "cp {{input}} {{output}}/x",
    );
    project.edit("build/down.txt", "build/down.txt/");
    let _ = project.runs(&["down"]);
    assert_eq!(project.read("build/down.txt/x"), "raw\n");
}

#[test]
fn an_output_may_be_a_link_or_hold_links() {
    let project = Scenario::new(
        r#"
[asset.link]
deps = "./raw.txt"
command = "ln -s \"$PWD\"/{{input}} {{output}}"
outputs = "link.txt"

[asset.tree]
command = "echo 1 > {{output}}/one; ln -s one {{output}}/two; ln -s nowhere {{output}}/three; mkdir {{output}}/empty"
outputs = "tree/"

[asset.reader]
deps = ["link", "tree"]
command = "cat {{input.link}} {{input.tree}}/two > {{output}}"
outputs = "reader.txt"
"#,
    )
    .with(&[("raw.txt", "raw\n")]);
    let _ = project.runs(&["link", "tree", "reader"]);
    assert_eq!(project.read("reader.txt"), "raw\n1\n");
    project.write("raw.txt", "new\n");
    let _ = project.runs(&["link", "reader"]);
    assert_eq!(project.read("reader.txt"), "new\n1\n");
}

#[test]
fn a_link_that_leads_nowhere_from_its_place_is_a_failure() {
    let project = Scenario::new(
        "[asset.link]\ndeps = \"./raw.txt\"\ncommand = \"ln -s ../../../raw.txt {{output}}\"\noutputs = \"link.txt\"\n",
    )
    .with(&[("raw.txt", "raw\n")]);
    project.attempt().ran(&["link"]).failed(&["link"]);
    assert!(!project.holds("link.txt"));
}

#[test]
fn what_is_in_the_way_stays_and_is_told() {
    for staging in [true, false] {
        let manifest = format!(
            "[asset.made]\ncommand = \"mkdir -p sub; echo 1 > {{{{output}}}}\"\noutputs = \"sub/made.txt\"\nstaging = {staging}\n"
        );
        let project = Scenario::new(&manifest);
        let _ = project.runs(&["made"]);
        project.remove("sub/made.txt");
        project.write("sub/made.txt/inner", "precious\n");
        let ran = project.attempt();
        ran.failed(&["made"]);
        assert_eq!(
            ran.failure("made").code,
            "assetctl::engine::output_in_the_way"
        );
        assert_eq!(project.read("sub/made.txt/inner"), "precious\n");
        project.remove("sub");
        project.write("sub", "a file\n");
        project.attempt().failed(&["made"]);
        assert_eq!(project.read("sub"), "a file\n");
        project.remove("sub");
        let _ = project.runs(&["made"]);
    }
}

#[test]
fn an_altered_output_of_an_incremental_step_is_kept_aside() {
    let project = Scenario::new(
        "[source.day]\npath = 'day.txt'\n\
         [asset.log]\ndeps = 'day'\nincremental = true\ncommand = 'cat {{input}} >> {{output}}'\noutputs = 'log.txt'\n",
    )
    .with(&[("day.txt", "1\n")]);
    let _ = project.runs(&["log"]);
    project.write("day.txt", "2\n");
    let _ = project.runs(&["log"]);
    assert_eq!(project.read("log.txt"), "1\n2\n");

    let by_hand = "1\n2\nby hand\n";
    project.write("log.txt", by_hand);
    project.write("day.txt", "3\n");
    let ran = project.runs(&["log"]);
    assert_eq!(project.read("log.txt"), "3\n");
    let kept = ran.events().iter().find_map(|event| match &event.kind {
        EventKind::OutputSetAside { path, kept, .. } if path == "log.txt" => Some(kept),
        _ => None,
    });
    let kept = kept.expect("what was altered is kept");
    assert_eq!(project.read(kept), by_hand);
}
