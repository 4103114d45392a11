//! Caches and an instance that came with a checkout or an archive.

use std::fs;
use std::process::Command;

use super::{Said, project};
use crate::sandbox::Sandbox;

/// Replaces the folder of assetctl's own in `to` by a copy of that in `from`, as an archive would bring it.
fn bring(from: &Sandbox, to: &Sandbox) {
    let _ = fs::remove_dir_all(to.path(".assetctl"));
    let copied = Command::new("cp")
        .arg("-a")
        .arg(from.path(".assetctl"))
        .arg(to.path(".assetctl"))
        .status();
    assert!(copied.expect("every system has it").success());
}

#[test]
fn a_compiled_manifest_that_was_brought_along_is_not_run() {
    let other = project();
    let outputs = "\"\noutputs = \"build/clean.csv\"";
    let command = format!("; echo FORGED >> {{{{output}}}}{outputs}");
    other.edit("Assets.toml", outputs, &command);
    other.run(&["materialize", "clean"]).success();
    // The cache says of the text of the one that it is the graph of the other.
    let here = project();
    here.run(&["materialize", "clean"]).success();
    let own = here.bytes(".assetctl/manifest.cache");
    let mut forged = other.bytes(".assetctl/manifest.cache");
    forged[..32].copy_from_slice(&own[..32]);
    let forged_anew = |bytes: &[u8]| {
        fs::write(here.path(".assetctl/manifest.cache"), bytes).expect("written");
        here.write("raw.csv", "3\n");
        here.run(&["materialize", "clean"]).success();
        assert_eq!(here.read("build/clean.csv"), "3\n");
        here.write("raw.csv", "4\n");
        here.run(&["materialize", "clean"]).success();
    };
    forged_anew(&forged);
    forged_anew(&other.bytes(".assetctl/manifest.cache"));
}

#[test]
fn an_instance_that_was_brought_along_is_moved_aside() {
    let other = project();
    other.run(&["materialize", "clean"]).success();
    let here = project();
    bring(&other, &here);
    let mut said = Said::default();
    said.of("read", &here, &["status", "clean"], 0);
    said.of("written", &here, &["materialize", "clean"], 0);
    assert!(here.path(".assetctl/instance.db.foreign-1").exists());
    here.materialize(&["clean"]).success().ran_nothing();
    said.compare("foreign");
}

#[test]
fn a_folder_that_was_moved_and_a_copy_of_ones_own_keep_their_instance() {
    let sandbox = project();
    sandbox.run(&["materialize", "clean"]).success();
    fs::remove_file(sandbox.path("Assets.lock")).expect("there is one");
    let away = sandbox.project().with_file_name("away");
    fs::rename(sandbox.project(), &away).expect("moved");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(&away)
        .arg(sandbox.project())
        .status();
    assert!(copied.expect("every system has it").success());
    sandbox.materialize(&["clean"]).success().ran_nothing();

    // Without the user's secret the copy is one of anybody, and the folder itself is known.
    let sandbox = sandbox.with_env("HOME", "/nowhere");
    fs::remove_dir_all(sandbox.project()).expect("ours");
    fs::rename(&away, sandbox.project()).expect("moved back");
    sandbox.run(&["partitions", "list", "daily"]).success();
    let said = sandbox.run(&["status", "clean"]).success().said();
    assert!(!said.contains("elsewhere"), "{said}");
}
