//! Nothing of the project is touched, whatever is asked for and whatever state it is in.

use super::in_memory;
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
name = "alone"

[project.test]
sources = { raw = "test/raw.txt" }

[partitions.kind]
type = "dynamic"

[source.raw]
path = "raw.txt"

[asset.up]
deps = "raw"
command = "sort {{input}} > {{output}}"
outputs = "build/up.txt"

[asset.piped]
deps = "up"
stdin = "up"
stdout = true
command = "tr a-z A-Z"
outputs = "build/piped.txt"

[asset.tree]
deps = "up"
command = "cp {{input}} {{output}}/copy && mkdir {{output}}/sub"
outputs = "build/tree/"

[asset.each]
partitions = "kind"
deps = "up"
command = "echo {{partition}} | cat - {{input}} > {{output}}"
outputs = "build/each/{{partition}}.txt"

[asset.broken]
deps = "up"
command = "echo half > {{output}}; echo no >&2; exit 3"
outputs = "build/broken.txt"

[asset.below]
deps = "broken"
command = "cp {{input}} {{output}}"
outputs = "build/below.txt"
"#;

/// What is asked for, the exit code, what runs in a project that was never built, and in one that was built, where the
/// keys `a` and `b` are known.
type Case = (
    &'static [&'static str],
    (i32, &'static [&'static str]),
    (i32, &'static [&'static str]),
);

const CASES: &[Case] = &[
    (
        &[],
        (1, &["up", "piped", "tree", "broken"]),
        (1, &["up", "piped", "tree", "each@a", "each@b", "broken"]),
    ),
    (
        &["piped", "tree"],
        (0, &["up", "piped", "tree"]),
        (0, &["up", "piped", "tree"]),
    ),
    (&["below"], (1, &["up", "broken"]), (1, &["up", "broken"])),
    (
        &["--test-sources", "piped"],
        (0, &["up", "piped"]),
        (0, &["up", "piped"]),
    ),
    (
        &["--input", "raw=test/raw.txt", "up"],
        (0, &["up"]),
        (0, &["up"]),
    ),
    (
        &["--force", "piped"],
        (0, &["up", "piped"]),
        (0, &["up", "piped"]),
    ),
    (
        &["--only", "tree", "piped"],
        (2, &[]),
        (0, &["tree", "piped"]),
    ),
    (
        &["--only", "up", "piped"],
        (0, &["up", "piped"]),
        (0, &["up", "piped"]),
    ),
    (
        &["each", "--partition", "b"],
        (2, &[]),
        (0, &["up", "each@b"]),
    ),
    // Of the instance it is asked what is selected, and nothing else.
    (
        &["status:failed or status:stale"],
        (0, &[]),
        (1, &["up", "tree", "broken"]),
    ),
    (
        &["piped and status:missing"],
        (0, &["up", "piped"]),
        (0, &[]),
    ),
];

#[test]
fn a_project_that_was_never_built_stays_so() {
    for (arguments, (code, steps), _) in CASES {
        let ran = in_memory(&project(), &[&["--json"], *arguments].concat()).exits(*code);
        if *code != 2 {
            ran.ran(steps);
        }
    }
}

#[test]
fn a_built_project_keeps_outputs_records_lock_file_and_keys() {
    let project = project();
    let added = project.run(&["partitions", "add", "kind", "a", "b"]);
    let _ = added.success();
    let _ = project.materialize(&[]).exits(1);
    let _ = project.run(&["lock"]).success();
    project.append("build/tree/copy", "altered\n");
    for (arguments, _, (code, steps)) in CASES {
        let ran = in_memory(&project, &[&["--json"], *arguments].concat()).exits(*code);
        ran.ran(steps);
    }
    assert!(project.path("Assets.lock").exists());
    // As the source is, with what tests read, and as it is on disk.
    for (arguments, printed) in [
        (&["--print", "piped"][..], "A\nB\n"),
        (&["--print", "piped", "--test-sources"], "T\n"),
        (
            &[
                "--print",
                "piped",
                "--test-sources",
                "--input",
                "raw=more.txt",
            ],
            "M\n",
        ),
        (&["--print", "each@b"], "b\na\nb\n"),
        (&["--print", "each@b", "--only"], "b\nup on disk\n"),
    ] {
        project.write("build/up.txt", "up on disk\n");
        let ran = in_memory(&project, arguments).success();
        assert_eq!(ran.stdout(), printed, "{arguments:?}");
    }
}

#[test]
fn a_source_in_place_is_called_as_it_is_written_or_without_the_dot() {
    let manifest = r#"
[asset.up]
deps = "./in/raw.txt"
command = "tr a-z A-Z < {{input}} > {{output}}"
outputs = "build/up.txt"
"#;
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_file("in/raw.txt", "raw\n")
        .with_file("test/other.txt", "other\n");
    for input in [
        "in/raw.txt=test/other.txt",
        "./in/raw.txt=test/other.txt",
        "in/raw.txt=./test/other.txt",
        "./in/raw.txt=./test/other.txt",
    ] {
        let ran = in_memory(&project, &["--print", "up", "--input", input]).success();
        assert_eq!(ran.stdout(), "OTHER\n", "{input}");
    }
}

#[test]
fn keys_that_a_command_adds_go_with_the_run() {
    let manifest = r#"
[partitions.kind]
type = "dynamic"
[asset.adds]
command = "$PROGRAM partitions add kind c > {{output}}; $PROGRAM partitions list kind --keys >> {{output}}"
outputs = "build/adds.txt"
[asset.each]
partitions = "kind"
command = "echo {{partition}} > {{output}}"
outputs = "build/each/{{partition}}.txt"
"#;
    let project = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_env("PROGRAM", env!("CARGO_BIN_EXE_assetctl"));
    let _ = project.run(&["partitions", "add", "kind", "a"]).success();
    let _ = project.run(&["materialize", "each"]).success();
    let ran = in_memory(&project, &["--print", "adds"]).success();
    assert!(
        ran.stdout().contains("Added 1 key to kind: c."),
        "{}",
        ran.stdout()
    );
    let listed = project
        .run(&["partitions", "list", "kind", "--keys"])
        .success();
    assert_eq!(listed.stdout(), "a\n");
}

#[test]
fn what_a_command_starts_changes_nothing_either() {
    let verbs = [
        "materialize other",
        "accept other",
        "wipe other --yes",
        "lock",
        "lock prune",
        "status",
        "materialize other --in-memory",
    ];
    let calls = verbs.map(|verb| {
        format!("code=0; $PROGRAM {verb} >/dev/null 2>&1 || code=$?; echo $code >> {{{{output}}}}")
    });
    let manifest = format!(
        "[asset.calls]\ncommand = '''{}'''\noutputs = \"build/calls.txt\"\n[asset.other]\n\
         command = \"echo other > {{{{output}}}}\"\noutputs = \"build/other.txt\"\n",
        calls.join("; ")
    );
    let project = Sandbox::new()
        .with_file("Assets.toml", &manifest)
        .with_env("PROGRAM", env!("CARGO_BIN_EXE_assetctl"));
    let _ = project.run(&["materialize", "other"]).success();
    let ran = in_memory(&project, &["--print", "calls"]).success();
    assert_eq!(ran.stdout(), "2\n2\n2\n2\n2\n0\n0\n");
}

fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.txt", "b\na\n")
        .with_file("test/raw.txt", "t\n")
        .with_file("more.txt", "m\n")
}
