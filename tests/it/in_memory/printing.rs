//! What is on standard output: one value with `--print`, lines about all of them with `--json`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{in_memory, outputs};
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[partitions.letter]
type = "static"
keys = ["a", "b", "x/y.z"]

[source.raw]
path = "raw.txt"

[asset.one]
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "build/one.txt"

[asset.pair]
partitions = "letter"
deps = "one"
command = "printf {{partition}}1 > {{output.left}}; printf {{partition}}2 > {{output.right}}"
outputs = { left = "build/left/{{partition}}", right = "build/right/{{partition}}" }

[asset.tree]
deps = "one"
command = "cp {{input}} {{output}}/copy; echo 1 > {{output}}/more"
outputs = "build/tree/"

[asset.piped]
deps = "pair.left"
stdout = true
command = "cat {{input}}"
outputs = "build/piped.txt"

[asset."group/binary"]
stdout = true
command = "printf '\\377\\000\\n\\376'"
outputs = "build/binary"

[asset.empty]
command = ": > {{output}}"
outputs = "build/empty"

[asset.noisy]
command = "echo said; echo complained >&2; printf value > {{output}}"
outputs = "build/noisy"

[asset.failing]
command = "echo half > {{output}}; exit 3"
outputs = "build/failing"
"#;

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.txt", "raw\n")
}

#[test]
fn one_value_is_printed_and_nothing_else() {
    let project = project();
    for (arguments, printed) in [
        (&["--print", "one"][..], "raw\n"),
        (&["--print", "pair.left@a"], "a1"),
        (&["--print", "pair.right@b"], "b2"),
        (&["--print", "pair.left@x/y.z"], "x/y.z1"),
        (&["--print", "pair.right", "--partition", "b"], "b2"),
        (&["--print", "pair.right@b", "pair"], "b2"),
        (&["--print", "one", "pair", "tree"], "raw\n"),
        (&["--print", "piped"], "a1b1x/y.z1"),
        (&["--print", "empty"], ""),
        (&["--print", "noisy", "-v"], "value"),
        (&["--print", "noisy", "-q"], "value"),
        (&["--io-manager", "memory", "--print", "one"], "raw\n"),
    ] {
        let ran = in_memory(&project, arguments).success();
        assert_eq!(ran.stdout(), printed, "{arguments:?}");
    }
    let failed = in_memory(&project, &["--print", "failing"]).exits(1);
    assert_eq!(failed.stdout(), "");
}

#[test]
fn without_a_selection_just_what_is_printed_is_materialized() {
    let project = project();
    for (printed, steps) in [
        ("pair.left@a", "2 materialized"),
        ("piped", "5 materialized"),
        ("empty", "1 materialized"),
    ] {
        let ran = in_memory(&project, &["--print", printed]).success();
        assert!(ran.stderr().contains(steps), "{printed}: {}", ran.stderr());
    }
}

#[test]
fn bytes_come_out_as_they_are_also_where_nobody_reads_to_the_end() {
    let project = project();
    let assetctl = env!("CARGO_BIN_EXE_assetctl");
    let print = |asset: &str, pipe: &str| {
        let script = format!("\"$0\" materialize --in-memory --print {asset} 2> /dev/null {pipe}");
        project
            .run_command(&["sh", "-c", &script, assetctl])
            .success()
    };
    let printed = print("group/binary", "| od -An -tx1");
    assert_eq!(
        printed.stdout().split_whitespace().collect::<String>(),
        "ff000afe"
    );
    assert_eq!(print("one", "| head -c 0").stdout(), "");
    let closed = print("one", ">&-");
    assert_eq!(closed.stdout(), "");
}

#[test]
fn every_output_is_listed_as_a_run_on_disk_records_it() {
    let project = project();
    let ran = in_memory(&project, &["--json"]).exits(1);
    let lines = outputs(ran.stdout());
    let on_disk = project.materialize(&[]).exits(1);
    let mut steps = BTreeMap::new();
    for line in on_disk.stdout().lines() {
        let line: Value = serde_json::from_str(line).expect("a document");
        if line["type"] == "step_finished" && line["outcome"] == "materialized" {
            steps.insert(line["step"].as_str().expect("a name").to_owned(), line);
        }
    }
    assert_eq!(steps.len(), 9);
    assert_eq!(
        lines.len(),
        9 + 3,
        "the pairs have two outputs, and what failed none"
    );
    for (path, line) in &lines {
        assert_eq!(line["schema"], 1);
        let step = &steps[line["step"].as_str().expect("a name")];
        for field in ["asset", "partition"] {
            assert_eq!(line[field], step[field], "{path}");
        }
        if line["output"].is_null() {
            for field in ["data_version", "output_bytes"] {
                assert_eq!(line[field], step[field], "{path}");
            }
        } else {
            let bytes = project.bytes(path);
            let version = assetctl::hash::version_of_bytes(&bytes).to_string();
            assert_eq!(line["data_version"], version, "{path}");
            assert_eq!(line["output_bytes"], bytes.len(), "{path}");
        }
    }
    assert_eq!(lines["build/left/x%2Fy.z"]["output"], "left");
    assert_eq!(lines["build/left/x%2Fy.z"]["partition"], "x/y.z");
}
