//! States that were taken for fresh ones: what changed during a run, ended half-way, or was brought along.

use super::answers::goes_through;

/// `a` reads `raw` and does what the file `during` says; `b` reads `a`.
const CHAIN: &str = r#"
[source.raw]
path = "raw"

[asset.a]
deps = "raw"
command = "cp {{input}} {{output}}; if [ -e during ]; then . ./during; fi"
outputs = "out/a"

[asset.b]
deps = "a"
command = "cp {{input}} {{output}}"
outputs = "out/b"
"#;

#[test]
fn an_input_that_changed_and_went_back() {
    goes_through(
        CHAIN,
        &[
            (
                "echo 1 > raw; echo 'cp raw k; echo 2 > raw; cp k raw' > during; ! $A materialize",
                [1, 0, 1],
                "a stale, b missing",
            ),
            ("$A accept a", [1, 0, 1], "a fresh, b missing"),
            ("$A materialize", [0, 0, 0], "a fresh, b fresh"),
            (
                "echo 3 > raw; echo 'cp raw k; echo 2 > raw; cp k raw' > during; ! $A materialize",
                [1, 0, 1],
                "a stale, b pending",
            ),
            ("rm during; $A materialize", [0, 0, 0], "a fresh, b fresh"),
        ],
    );
}

#[test]
fn two_instances_of_one_project() {
    goes_through(
        CHAIN,
        &[
            (
                "echo 1 > raw; $A materialize --home x",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            (
                "echo 2 > raw; $A materialize a; echo 3 > raw; $A materialize --home x",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            (
                "echo 2 > raw; $A materialize --home x a",
                [1, 0, 1],
                "a fresh, b missing",
            ),
        ],
    );
}

/// Processes that a killed step leaves end with the next run that takes over: none is waited for here.
#[cfg(target_os = "linux")]
#[test]
fn what_outlives_a_killed_step() {
    goes_through(
        CHAIN,
        &[
            (
                "echo 1 > raw; echo '(for fd in {0..63}; do eval exec \"$fd>&-\"; done; exec sleep 600) & kill -9 $PPID' > during; ! $A materialize",
                [1, 0, 1],
                "a missing, b missing",
            ),
            ("rm during; $A materialize", [0, 0, 0], "a fresh, b fresh"),
        ],
    );
}

#[test]
fn a_step_that_leaves_a_process_behind() {
    goes_through(
        CHAIN,
        &[
            (
                "echo 1 > raw; echo 'sleep 600 &' > during; ! $A materialize",
                [1, 0, 1],
                "a failed, b missing",
            ),
            ("rm during; $A materialize", [0, 0, 0], "a fresh, b fresh"),
        ],
    );
}

#[test]
fn a_pipe_whose_first_program_fails() {
    let manifest = CHAIN.replace(
        "cp {{input}} {{output}};",
        "sort {{input}} - < no | uniq > {{output}};",
    );
    goes_through(
        &manifest,
        &[
            (
                "echo 1 > raw; ! $A materialize",
                [1, 0, 1],
                "a failed, b missing",
            ),
            ("echo 1 > no; $A materialize", [0, 0, 0], "a fresh, b fresh"),
        ],
    );
}

#[test]
fn an_output_that_was_altered_without_a_new_time() {
    goes_through(
        CHAIN,
        &[
            (
                "echo 1 > raw; $A materialize",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            (
                "touch -r out/a k; echo 2 > out/a; touch -r k out/a",
                [1, 0, 1],
                "a stale, b pending",
            ),
        ],
    );
}

/// A dynamic definition, whose keys only the instance and the lock file know.
const DYNAMIC: &str = r#"
[source.raw]
path = "raw"

[partitions.customer]
type = "dynamic"

[asset.a]
partitions = "customer"
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "out/{{partition}}"
"#;

#[test]
fn caches_and_an_instance_that_are_damaged() {
    goes_through(
        DYNAMIC,
        &[
            (
                "echo 1 > raw; $A partitions add customer x y; $A materialize; $A materialize; $A check",
                [0, 0, 0],
                "a fresh",
            ),
            (
                "for file in .assetctl/*.cache .assetctl/snapshots/*; do printf x | dd of=$file bs=1 seek=40 conv=notrunc; done",
                [0, 0, 0],
                "a fresh",
            ),
            (
                "$A partitions add customer z",
                [1, 0, 1],
                "a fresh, a missing",
            ),
            ("$A materialize; echo 2 > raw", [1, 0, 1], "a stale"),
            (
                "$A materialize; printf damaged | dd of=.assetctl/instance.db conv=notrunc",
                [0, 0, 0],
                "a fresh",
            ),
        ],
    );
}

#[test]
fn caches_and_an_instance_that_were_brought_along() {
    goes_through(
        CHAIN,
        &[
            (
                "echo 1 > raw; $A materialize; cp .assetctl/manifest.cache k; sed -i s/out.b/out\\\\/c/ Assets.toml; $A validate; \
                 cp k .assetctl/manifest.cache",
                [1, 0, 1],
                "a fresh, b stale",
            ),
            (
                "mkdir x; cp Assets.toml raw x; (cd x; HOME=$PWD/home $A materialize); rm -r .assetctl; cp -r x/.assetctl .",
                [1, 0, 1],
                "a fresh, b missing",
            ),
            ("rm Assets.lock", [1, 0, 1], "a missing, b missing"),
        ],
    );
}

#[test]
fn a_list_as_a_parameter() {
    let manifest = r#"
[source.cols]
path = "params.json"
key = "cols"

[asset.a]
deps = "cols"
command = "echo {{value.cols}} > {{output}}"
outputs = "out/a"
"#;
    goes_through(
        manifest,
        &[
            (
                "echo '{\"cols\": [1, 2]}' > params.json; $A materialize",
                [0, 0, 0],
                "a fresh",
            ),
            (
                "echo '{\"cols\": []}' > params.json; ! $A materialize",
                [1, 0, 1],
                "a failed",
            ),
            (
                "echo '{\"cols\": {}}' > params.json; ! $A materialize",
                [1, 0, 1],
                "a failed",
            ),
            ("echo '{}' > params.json", [1, 1, 1], "a blocked"),
        ],
    );
}

#[test]
fn a_version_that_nothing_reports() {
    let manifest = CHAIN.replace(
        "outputs = \"out/a\"",
        "outputs = \"out/a\"\ndata_version = \"reported\"",
    );
    goes_through(
        &manifest,
        &[(
            "echo 1 > raw",
            [2, 2, 2],
            "assetctl::manifest::invalid_value",
        )],
    );
}

/// A window reads the one before it, and the definition that it reads begins as late.
const WINDOWS: &str = r#"
[partitions.month]
type = "monthly"
start = "2024-02-01"
end = "2024-04-01"

[partitions.day]
type = "daily"
start = "2024-02-28"
end = "END"

[asset.a]
partitions = "day"
command = "echo 1 > {{output}}"
outputs = "a/{{partition}}"

[asset.b]
partitions = "month"
deps = "a"
command = "cat {{input}} > {{output}}"
outputs = "b/{{partition}}"

[asset.c]
partitions = "day"
deps = { asset = "b" }
command = "echo 1 > {{output}}"
outputs = "c/{{partition}}"
"#;

#[test]
fn a_window_that_does_not_exist_upstream() {
    goes_through(
        &WINDOWS.replace("END", "2024-04-02"),
        &[(
            "! $A materialize",
            [1, 1, 1],
            "a fresh, b blocked, b fresh, c blocked, c blocked, c fresh",
        )],
    );
    let two = r#"
[partitions.x]
type = "multi"
dimensions = { a = { type = "static", keys = ["1"] }, b = { type = "static", keys = ["1"] } }

[partitions.y]
type = "multi"
dimensions = { c = { type = "static", keys = ["1"] }, d = { type = "static", keys = ["1"] } }

[asset.a]
partitions = "x"
command = "echo 1 > {{output}}"
outputs = "a/{{partition}}"

[asset.b]
partitions = "y"
deps = "a"
command = "echo 1 > {{output}}"
outputs = "b/{{partition}}"
"#;
    goes_through(two, &[("true", [2, 2, 2], "assetctl::manifest::mapping")]);
}
