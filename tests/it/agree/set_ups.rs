//! States of common set-ups: branches, files that git ignores, names that somebody else gave, disks of several kinds.

use super::answers::goes_through;

const TWO: &str = r#"
[source.raw]
path = "raw"

[asset.a]
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "out/a"

[asset.b]
deps = "a"
command = "cp {{input}} {{output}}"
outputs = "out/b"
"#;

#[test]
fn a_switch_of_branches() {
    let states = [
        (
            "git init -q -b main; echo .assetctl > .gitignore; echo 1 > raw; $A materialize; git add .; git commit -qm 1; \
             git checkout -qb other; echo 2 > raw; $A materialize; git add .; git commit -qm 2; git checkout -q main",
            [0, 0, 0],
            "a fresh, b fresh",
        ),
        ("git checkout -q other", [0, 0, 0], "a fresh, b fresh"),
        ("rm -r .assetctl", [0, 0, 0], "a fresh, b fresh"),
        (
            "git clone -q . clone; rm -r out",
            [1, 0, 0],
            "a locked, b locked",
        ),
    ];
    goes_through(TWO, &states);
}

#[test]
fn files_that_git_ignores_and_folders_without_files() {
    let manifest = TWO
        .replace("path = \"raw\"", "path = \"raw/\"GIT")
        .replace("cp {{input}}", "cat {{input}} >");
    let manifest = manifest.replacen("cat {{input}}", "cat {{input}}/*", 1);
    let begin = "git init -q -b main; printf '*.tmp\\n.assetctl\\n' > .gitignore; mkdir raw; echo 1 > raw/a; $A materialize";
    let litter = "mkdir -p raw/empty raw/.ipynb_checkpoints; touch raw/a~ raw/.ipynb_checkpoints/a";
    goes_through(
        &manifest.replace("GIT", ""),
        &[
            (begin, [0, 0, 0], "a fresh, b fresh"),
            (litter, [0, 0, 0], "a fresh, b fresh"),
            ("echo 1 > raw/x.tmp", [1, 0, 1], "a stale, b pending"),
        ],
    );
    goes_through(
        &manifest.replace("GIT", "\ngitignored = false"),
        &[
            (begin, [0, 0, 0], "a fresh, b fresh"),
            ("echo 1 > raw/x.tmp", [0, 0, 0], "a fresh, b fresh"),
            ("echo 1 > raw/new", [1, 0, 1], "a stale, b pending"),
        ],
    );
}

/// The keys are the names of files.
const FILES: &str = r#"
[partitions.ward]
type = "files"
pattern = "raw/{{partition}}.txt"

[source.raw]
partitions = "ward"
path = "raw/{{partition}}.txt"

[asset.a]
partitions = "ward"
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "out/{{partition}}"

[asset.apart]
command = "echo 1 > {{output}}"
outputs = "apart"
"#;

#[test]
fn names_that_somebody_else_gave() {
    goes_through(
        FILES,
        &[
            (
                "mkdir raw; echo 1 > 'raw/Ward 01.txt'; echo 1 > raw/Größe.txt; $A materialize",
                [0, 0, 0],
                "a fresh, apart fresh",
            ),
            (
                "echo 2 > raw/Größe.txt",
                [1, 0, 1],
                "a fresh, a stale, apart fresh",
            ),
            ("rm raw/Größe.txt", [0, 0, 0], "a fresh, apart fresh"),
        ],
    );
}

#[test]
fn a_file_whose_name_is_no_key() {
    goes_through(
        FILES,
        &[(
            "mkdir raw; echo 1 > raw/x.txt; echo 1 > \"raw/a\\\\nb...c.txt\"; $A materialize || true",
            [1, 1, 1],
            "a blocked, apart fresh",
        )],
    );
}

#[test]
fn a_value_file_that_is_broken() {
    let manifest = TWO.replace("path = \"raw\"", "path = \"raw.toml\"\nkey = \"x\"");
    let manifest = manifest.replacen("cp {{input}}", "echo {{value.raw}} >", 1);
    goes_through(
        &manifest,
        &[
            (
                "echo 'x = 1' > raw.toml; $A materialize",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            ("echo 'x = ' > raw.toml", [1, 1, 1], "a blocked, b blocked"),
            (
                "! $A materialize; echo 'x = 2' > raw.toml",
                [1, 0, 1],
                "a stale, b pending",
            ),
        ],
    );
}

#[test]
fn crlf_in_the_manifest() {
    goes_through(
        TWO,
        &[
            (
                "echo 1 > raw; $A materialize",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            (
                "sed -i 's/$/\\r/' Assets.toml",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
        ],
    );
}

#[test]
fn links_of_git_annex_without_content() {
    goes_through(
        &TWO.replace("path = \"raw\"", "path = \"raw*\""),
        &[
            (
                "git init -q -b main; mkdir -p .git/annex/objects/K; echo 1 > .git/annex/objects/K/K; \
                 ln -s .git/annex/objects/K/K raw; $A materialize",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            (
                "rm .git/annex/objects/K/K",
                [1, 1, 0],
                "a blocked, b blocked",
            ),
        ],
    );
}

#[test]
fn a_glob_with_exceptions() {
    let manifest = TWO.replace("path = \"raw\"", "paths = [\"raw/**\", \"!raw/made/**\"]");
    let manifest = manifest.replacen("cp {{input}}", "cat {{input}} >", 1);
    goes_through(
        &manifest,
        &[
            (
                "mkdir -p raw/made; echo 1 > raw/1; $A materialize",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            ("echo 1 > raw/made/1", [0, 0, 0], "a fresh, b fresh"),
            ("echo 2 > raw/2", [1, 0, 1], "a stale, b pending"),
        ],
    );
}

#[test]
fn a_step_in_place_on_another_file_system() {
    goes_through(
        &TWO.replace(
            "outputs = \"out/a\"",
            "outputs = \"out/a\"\nstaging = false",
        ),
        &[
            (
                "echo 1 > raw; if [ -d /dev/shm ]; then ln -s $(mktemp -d /dev/shm/XXXXXXXX) out; fi; $A materialize",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
            ("echo 2 > out/a", [1, 0, 1], "a stale, b pending"),
            (
                "$A materialize; cp -rL out k; rm -r $(realpath out); rm -f out; mv k out",
                [0, 0, 0],
                "a fresh, b fresh",
            ),
        ],
    );
}

#[test]
fn a_second_user_of_a_group() {
    goes_through(
        TWO,
        &[(
            "umask 002; echo 1 > raw; $A materialize; chmod -R a-w .assetctl",
            [0, 0, 0],
            "a fresh, b fresh",
        )],
    );
}

#[test]
fn files_of_our_own_that_are_special() {
    let special = "[ -e $file ] || continue; rm $file";
    let fifo = format!(
        "echo 1 > raw; $A materialize; for file in .assetctl/*.cache .assetctl/snapshots/*; do {special}; mkfifo $file; done"
    );
    goes_through(
        TWO,
        &[
            (&fifo, [0, 0, 0], "a fresh, b fresh"),
            (
                "rm Assets.lock; ln -s /dev/zero Assets.lock",
                [0, 0, 3],
                "a fresh, b fresh",
            ),
            (
                "rm Assets.lock; mkfifo Assets.lock",
                [0, 0, 3],
                "a fresh, b fresh",
            ),
        ],
    );
}

#[test]
fn a_glob_that_cannot_be_compiled() {
    goes_through(
        &TWO.replace("path = \"raw\"", "path = \"raw[9-0]\""),
        &[("true", [2, 2, 2], "assetctl::manifest::invalid_glob")],
    );
}
