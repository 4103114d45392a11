//! Small projects of every kind, run in memory and then on disk: the same files with the same permissions come out.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assetctl::answer::RunOutcome;
use assetctl::app::KeptValue;
use assetctl::model::MaterializeOptions;
use walkdir::WalkDir;

use crate::scenario::{Scenario, only};

/// What is declared, the files, and the folder with the outputs.
struct Both {
    name: &'static str,
    manifest: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const PROJECTS: &[Both] = &[
    Both {
        name: "directories, links and permissions",
        manifest: r#"
[asset.tree]
command = "cd {{output}}; mkdir -p a/empty b; echo 1 > a/run; chmod 755 a/run; ln -s a/run link; echo 2 > b/x"
outputs = "out/tree/"
[asset.copy]
deps = "tree"
command = "cp -R {{input}}/. {{output}}; ls -R {{input}} | grep -v : > {{output}}/listing; test -x {{input}}/a/run; cat {{input}}/link >> {{output}}/listing"
outputs = "out/copy/"
[asset.script]
command = "printf '#!/bin/sh\necho ran\n' > {{output}}; chmod 750 {{output}}"
outputs = "out/script"
[asset.runs]
deps = "script"
stdout = true
command = "{{input}}"
outputs = "out/runs"
"#,
        files: &[],
    },
    Both {
        name: "named outputs",
        manifest: r#"
[asset.pair]
command = "echo x > {{output.x}}; echo y > {{output.y}}"
outputs = { x = "out/x.txt", y = "out/deep/er/y.txt" }
[asset.reads_y]
deps = "pair.y"
command = "cat {{input}} > {{output}}"
outputs = "out/reads_y.txt"
[asset.reads_both]
deps = "pair"
command = "cat {{input.pair.y}} {{input.pair.x}} > {{output}}; for file in {{input}}; do basename $file; done >> {{output}}"
outputs = "out/reads_both.txt"
[asset.piped]
deps = "pair.x"
stdin = "pair"
stdout = true
command = "cat"
outputs = "out/piped.txt"
[asset.list]
command = "for file in {{output}}; do basename $file > $file; done"
outputs = ["out/1.txt", "out/2.txt"]
"#,
        files: &[],
    },
    Both {
        name: "fan-ins, windows and windows on itself",
        manifest: r#"
[partitions.day]
type = "daily"
start = "2020-02-20"
end = "2020-03-05"
[partitions.month]
type = "monthly"
start = "2020-02-01"
end = "2020-04-01"
format = "%Y-%m"
[source.raw]
partitions = "day"
path = "raw/{{partition}}.txt"
optional = true
[asset.clean]
partitions = "day"
deps = "raw"
command = "test -z {{input}} || cat {{input}} > {{output}}; echo {{partition}} >> {{output}}"
outputs = "out/clean/{{partition}}.txt"
[asset.sum]
partitions = "day"
deps = ["clean", { asset = "sum", as = "before", start_offset = -1, end_offset = -1 }]
command = "cat {{input.clean}} > {{output}}; test -z {{input.before}} || wc -l < {{input.before}} >> {{output}}"
outputs = "out/sum/{{partition}}.txt"
[asset.rolling]
partitions = "day"
deps = [{ asset = "clean", start_offset = -2 }]
command = "cat {{input_list.clean}} | while read -r path; do cat $path; done > {{output}}"
outputs = "out/rolling/{{partition}}.txt"
[asset.monthly]
partitions = "month"
deps = [{ asset = "sum", allow_missing = true }]
command = "cat {{input}} > {{output}}"
outputs = "out/monthly/{{partition}}.txt"
[asset.all]
deps = ["monthly", "rolling"]
command = "cat {{input.rolling}} {{input.monthly}} > {{output}}"
outputs = "out/all.txt"
"#,
        files: &[
            ("raw/2020-02-21.txt", "one\n"),
            ("raw/2020-02-28.txt", "two\n"),
        ],
    },
    Both {
        name: "batches",
        manifest: r#"
[partitions.day]
type = "daily"
start = "2020-02-01"
end = "2020-02-11"
[asset.batched]
partitions = "day"
batch = { max = 4 }
command = "for file in {{output}}; do basename $file > $file; done"
outputs = "out/batched/{{partition}}.txt"
[asset.again]
partitions = "day"
batch = { max = 3 }
deps = [{ asset = "batched", start_offset = -1 }]
command = "for file in {{output}}; do cat {{input}} > /dev/null; basename $file | cat > $file; done"
outputs = "out/again/{{partition}}.txt"
"#,
        files: &[],
    },
    Both {
        name: "incremental and ordered",
        manifest: r#"
[asset.adding]
incremental = true
command = "echo $ASSETCTL_PREVIOUS >> {{output}}"
outputs = "out/adding.txt"
[asset.later]
after = ["adding"]
command = "echo later > {{output}}"
outputs = "out/later.txt"
"#,
        files: &[],
    },
    Both {
        name: "versions of inputs",
        manifest: r#"
[asset.by_inputs]
data_version = "inputs"
deps = "./raw.txt"
command = "cat {{input}} > {{output}}"
outputs = "out/by_inputs.txt"
[asset.tree]
data_version = "inputs"
deps = "by_inputs"
command = "cp {{input}} {{output}}/copy"
outputs = "out/tree/"
[asset.piped]
data_version = "inputs"
stdin = "by_inputs"
stdout = true
deps = "by_inputs"
command = "cat"
outputs = "out/piped.txt"
[asset.reads]
deps = ["tree", "piped"]
command = "cat {{input.tree}}/copy {{input.piped}} > {{output}}"
outputs = "out/reads.txt"
"#,
        files: &[("raw.txt", "raw\n")],
    },
    Both {
        name: "folders of included manifests",
        manifest: r#"
[project]
name = "folders"
include = ["sub/folder/Assets.toml"]
[asset.top]
deps = "inner"
command = "cat {{input}} > {{output}}"
outputs = "out/top.txt"
"#,
        files: &[
            (
                "sub/folder/Assets.toml",
                r#"
[asset.inner]
deps = ["./raw.txt", "other"]
command = "sh ./step.sh {{input.raw}} $ASSETCTL_INPUT_OTHER {{output}}"
outputs = "../../out/inner.txt"
[asset.other]
stdout = true
command = "basename $PWD"
outputs = "../../out/other.txt"
[asset.fed]
stdin = "raw"
stdout = true
deps = "./raw.txt"
command = "cat"
outputs = "../../out/fed.txt"
[asset.listed]
deps = ["other", "inner"]
command = "cat $(cat $ASSETCTL_INPUT_OTHER_LIST) $(cat {{input_list.inner}}) > {{output}}"
outputs = "../../out/listed.txt"
"#,
            ),
            ("sub/folder/raw.txt", "raw\n"),
            ("sub/folder/step.sh", "cat \"$1\" \"$2\" > \"$3\"\n"),
        ],
    },
    Both {
        name: "names and keys with signs",
        manifest: r#"
[partitions.odd]
type = "static"
keys = ["a b", "c/d", "'\"", "..", "-e", "%41", "*"]
[asset."group/with-sign"]
partitions = "odd"
command = "printf %s {{partition}} > {{output}}"
outputs = "out/a b/{{partition}}.txt"
[asset.all]
deps = "group/with-sign"
command = "cat {{input}} > {{output}}"
outputs = "out/it's all"
"#,
        files: &[],
    },
];

#[test]
fn the_same_files_come_out_in_memory_and_on_disk() {
    for Both {
        name,
        manifest,
        files,
    } in PROJECTS
    {
        let project = Scenario::new(manifest).with(files);
        let request = MaterializeOptions::default();
        let left = project.in_memory(&request);
        assert_eq!(
            left.result.outcome,
            RunOutcome::Success,
            "{name}: {:?}",
            left.result
        );
        assert!(
            !project.holds("out") && !project.holds(".assetctl"),
            "{name}"
        );
        let apart = Scenario::new("");
        for value in &left.values {
            let written = value.value.write(&apart.path(&value.path));
            written.expect("nothing is at its path");
        }
        let ran = project.attempt();
        assert!(!ran.started().is_empty(), "{name}");
        ran.failed(&[]).blocked(&[]);
        assert_eq!(
            files_below(&apart.path("out")),
            files_below(&project.path("out")),
            "{name}"
        );
        // Built as it is now, it is all made once more.
        let again = project.in_memory(&request);
        let step = |value: &KeptValue| (value.path.clone(), value.version);
        let first: Vec<_> = left.values.iter().map(step).collect();
        let second: Vec<_> = again.values.iter().map(step).collect();
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn what_is_not_made_is_read_from_disk() {
    let project = Scenario::new(PROJECTS[1].manifest);
    let _ = project.attempt().failed(&[]);
    project.write("out/deep/er/y.txt", "altered\n");
    let run = MaterializeOptions {
        only: true,
        ..only(&["reads_y", "reads_both", "piped"])
    };
    let left = project.in_memory(&run);
    assert_eq!(left.result.outcome, RunOutcome::Success);
    let values: Vec<_> = left.values.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(
        values,
        ["out/reads_y.txt", "out/reads_both.txt", "out/piped.txt"]
    );
    let apart = Scenario::new("");
    for value in &left.values {
        value
            .value
            .write(&apart.path(&value.path))
            .expect("nothing is at its path");
    }
    assert_eq!(apart.read("out/reads_y.txt"), "altered\n");
    assert_eq!(
        apart.read("out/reads_both.txt"),
        "altered\nx\nx.txt\ny.txt\n"
    );
    assert_eq!(apart.read("out/piped.txt"), "x\n");
}

/// Each file, folder and link with its permissions and what it holds, in order.
fn files_below(folder: &Path) -> Vec<(String, u32, String)> {
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    let entries = walk.map(|entry| entry.expect("the folder can be read"));
    entries
        .map(|entry| {
            let metadata = entry.metadata().expect("it is there");
            let held = if metadata.is_file() {
                fs::read_to_string(entry.path()).expect("a text")
            } else {
                fs::read_link(entry.path())
                    .map_or_else(|_| String::new(), |to| to.display().to_string())
            };
            let below = entry
                .path()
                .strip_prefix(folder)
                .expect("the walk stays below");
            let mode = if metadata.is_dir() {
                0
            } else {
                metadata.permissions().mode()
            };
            (below.display().to_string(), mode, held)
        })
        .collect()
}
