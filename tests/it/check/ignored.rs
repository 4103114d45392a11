//! Files that git ignores within what is read: they count unless the declaration leaves them out, and a check names them.

use serde_json::json;

use crate::check::{cloned, commit, document, git};
use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"
[project]
[source.notes]
path = "notes"
[source.tables]
path = "tables/*.csv"
[asset.all]
deps = ["notes", "tables"]
code = "steps/**"
command = "cat notes/*.txt {{input_list.tables}} > {{output}}"
outputs = "build/all"
"#;

/// A repository of a project that reads a folder, a glob and code, with nothing ignored in them yet.
fn project(manifest: &str) -> Sandbox {
    let project = Sandbox::new()
        .with_env("GIT_CONFIG_GLOBAL", "/dev/null")
        .with_env("GIT_CONFIG_NOSYSTEM", "1")
        .with_file("Assets.toml", manifest)
        .with_file(".gitignore", "/build/\n.assetctl/\n*.tmp\n")
        .with_file("notes/a.txt", "a\n")
        .with_file("notes/deep/b.txt", "b\n")
        .with_file("notes/deep/.gitignore", "own/\n")
        .with_file("tables/1.csv", "1\n")
        .with_file("steps/clean.py", "print()\n");
    git(&project, &["init", "-q"]);
    project
}

fn left_out() -> String {
    let manifest = MANIFEST.replace("path = ", "gitignored = false\npath = ");
    manifest.replace("code = ", "gitignored = false\ncode = ")
}

/// Adds files that git ignores to all that is read.
fn litter(project: &Sandbox) {
    project.write("notes/deep/x.tmp", "x\n");
    project.write("notes/deep/own/y.txt", "y\n");
    project.write("tables/2.csv", "2\n");
    project.write("steps/__pycache__/clean.pyc", "p\n");
    project.write("steps/clean.tmp", "x\n");
    project.append(".git/info/exclude", "/tables/2.csv\n");
}

#[test]
fn they_count_and_are_named_with_the_key_that_leaves_them_out() {
    let project = project(MANIFEST);
    litter(&project);
    project.materialize(&[]).success();
    commit(&project);
    let said = document(&project, &[], 0);
    let found = json!([
        {"asset": "notes", "paths": ["notes/deep/own", "notes/deep/x.tmp"], "count": 2},
        {"asset": "tables", "paths": ["tables/2.csv"], "count": 1},
        {"asset": "all", "paths": ["steps/clean.tmp"], "count": 1},
    ]);
    let mut named = said["gitignored"].as_array().expect("a list").clone();
    named.sort_by_key(|it| it["asset"] == "all");
    assert_eq!(json!(named), found);
    let said = project.run(&["check"]).success();
    let told = "Ignored by git, and part of the version of tables: tables/2.csv. A clone does not have them; `gitignored = false` leaves them out.";
    assert!(said.stdout().contains(told), "{}", said.stdout());
    let said = project.run(&["validate"]).success();
    let told = "the version of `tables` contains files that git ignores: tables/2.csv";
    assert!(said.said().contains(told), "{}", said.said());
    document(&cloned(&project), &[], 1);
    document(&project, &["--staged"], 1);
}

#[test]
fn where_they_are_left_out_a_clone_says_the_same() {
    let project = project(&left_out());
    project.materialize(&[]).success();
    let before = project.read("Assets.lock");
    litter(&project);
    project.run(&["status", "--exit-code"]).success();
    project.materialize(&[]).success().ran_nothing();
    assert_eq!(project.read("Assets.lock"), before);
    commit(&project);
    let said = document(&project, &[], 0);
    assert!(said.get("gitignored").is_none(), "{said}");
    document(&cloned(&project), &[], 0);
    document(&project, &["--staged"], 0);
    // What is new and not ignored counts before it is added.
    project.write("notes/new.txt", "new\n");
    document(&project, &[], 1);
    project.materialize(&[]).success().ran(&["all"]);
    // So does what git tracks although it ignores it.
    git(&project, &["add", "-f", "notes/deep/x.tmp"]);
    document(&project, &[], 1);
    project.materialize(&[]).success().ran(&["all"]);
    commit(&project);
    document(&cloned(&project), &[], 0);
}

#[test]
fn without_a_repository_nothing_is_ignored() {
    let project = project(&left_out());
    project.remove(".git");
    project.materialize(&[]).success();
    project.write("notes/x.tmp", "x\n");
    project.run(&["status", "--exit-code"]).exits(1);
}

#[test]
fn folders_without_files_and_what_editors_leave_about_count_for_nothing() {
    let project = project(MANIFEST);
    project.materialize(&[]).success();
    commit(&project);
    for path in [
        "notes/.a.txt.swp",
        "notes/a.txt~",
        "notes/.DS_Store",
        "notes/.ipynb_checkpoints/a.txt",
        "tables/1.csv~",
        "steps/__pycache__/clean.pyc",
        "steps/deep/__pycache__/clean.pyc",
    ] {
        project.write(path, "litter\n");
    }
    for folder in ["notes/empty/deep", "steps/empty", "tables/empty.csv"] {
        std::fs::create_dir_all(project.path(folder)).expect("a folder");
    }
    project.run(&["status", "--exit-code"]).success();
    let said = document(&project, &[], 0);
    assert!(said.get("gitignored").is_none(), "{said}");
    document(&cloned(&project), &[], 0);
    project.materialize(&[]).success().ran_nothing();
    // A folder that an asset makes is part of its output, with a file or without.
    let outputs =
        "\n[asset.tree]\ncommand = \"mkdir {{output}}/empty\"\noutputs = \"build/tree/\"\n";
    project.append("Assets.toml", outputs);
    project.materialize(&[]).success();
    std::fs::create_dir(project.path("build/tree/more")).expect("a folder");
    project.run(&["status", "tree", "--exit-code"]).exits(1);
}

#[test]
fn where_all_of_it_is_ignored_nothing_is_told() {
    let project = project(MANIFEST);
    project.write(".gitignore", "/build/\n.assetctl/\nnotes/\ntables/\n");
    project.materialize(&[]).success();
    let said = document(&project, &[], 0);
    assert!(said.get("gitignored").is_none(), "{said}");
}

#[test]
fn links_of_git_annex_without_content_cannot_be_judged() {
    let project = project(MANIFEST);
    let content = ".git/annex/objects/aa/bb/KEY/KEY";
    project.write(content, "2\n");
    let to_content = std::path::Path::new("../").join(content);
    let link = |project: &Sandbox, path: &str| {
        std::os::unix::fs::symlink(&to_content, project.path(path)).expect("a link");
    };
    link(&project, "notes/big.txt");
    link(&project, "tables/2.csv");
    project.materialize(&[]).success();
    document(&project, &[], 0);
    project.remove(content);
    let said = document(&project, &["--outputs", "ignore"], 0);
    let unverifiable = &said["unverifiable"][0];
    assert_eq!(unverifiable["why"], "annex_link", "{said}");
    assert_eq!(unverifiable["path"], "notes/big.txt", "{said}");
    let said = project.run(&["check", "--outputs", "ignore"]).success();
    assert!(
        said.stdout().contains("`git annex get`"),
        "{}",
        said.stdout()
    );
}

#[test]
fn a_project_in_a_folder_that_git_ignores_is_checked() {
    let sandbox = Sandbox::new()
        .with_file(
            "Assets.toml",
            "[source.raw]\npath = \"in/raw.txt\"\n\n[asset.copy]\ndeps = \"raw\"\ncommand = \"cp {{input}} {{output}}\"\noutputs = \"out.txt\"\n",
        )
        .with_file("in/raw.txt", "1\n");
    let git = |words: &[&str]| {
        let folder = sandbox.project().join("..");
        let done = std::process::Command::new("git")
            .args(words)
            .current_dir(folder)
            .status();
        assert!(done.expect("git").success());
    };
    git(&["init", "-q"]);
    sandbox.write("../.gitignore", "*\n");
    sandbox.materialize(&[]).success();
    sandbox.run(&["check"]).success();
    sandbox.write("in/raw.txt", "2\n");
    let check = sandbox.run(&["check"]).exits(1);
    assert!(check.stdout().contains("stale"), "{}", check.stdout());
    sandbox.materialize(&[]).success().ran(&["copy"]);
    sandbox.run(&["check"]).success();
}
