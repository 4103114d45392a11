use std::fs;
use std::path::Path;

use crate::hash::Found;
use crate::hash::tests::{Project, stamp};

const STAGED: &str = ".assetctl/staging/asset/build/out";

/// Whether the cache knows the file at `path` as it is now.
fn is_known(project: &Project, path: &str) -> bool {
    let stamp = stamp(&project.path(path));
    project.cache.get(Path::new(path), &stamp).is_some()
}

fn publish(project: &Project) {
    if project.exists("build/out") {
        project.remove("build/out");
    }
    project.folder("build");
    fs::rename(project.path(STAGED), project.path("build/out")).unwrap();
}

#[test]
fn a_published_file_is_known_at_once_and_a_later_write_is_seen() {
    let project = Project::new();
    project.write(STAGED, "one");
    let versions = project.versions();
    let settled = versions.settle(STAGED, "build/out").unwrap();
    publish(&project);
    assert!(!is_known(&project, "build/out"));
    versions.adopt("build/out", &settled);
    assert!(is_known(&project, "build/out"));
    assert_eq!(versions.of_path("build/out").unwrap(), settled.found());
    project.write("build/out", "two");
    assert!(!is_known(&project, "build/out"));
    assert_ne!(versions.of_path("build/out").unwrap(), settled.found());
}

#[test]
fn what_was_written_after_it_was_hashed_is_not_adopted() {
    let project = Project::new();
    project.write(STAGED, "one");
    let versions = project.versions();
    let settled = versions.settle(STAGED, "build/out").unwrap();
    project.write(STAGED, "two");
    publish(&project);
    versions.adopt("build/out", &settled);
    assert!(!is_known(&project, "build/out"));
    project.remove("build/out");
    versions.adopt("build/out", &settled);
}

#[test]
fn a_published_directory_is_known_file_by_file() {
    let project = Project::new();
    project
        .write(format!("{STAGED}/a"), "one")
        .write(format!("{STAGED}/sub/script"), "two")
        .mode(format!("{STAGED}/sub/script"), 0o555)
        .folder(format!("{STAGED}/empty"))
        .write(format!("{STAGED}/noise.tmp"), "x")
        .link(format!("{STAGED}/link"), "a");
    let versions = project.versions();
    let settled = versions
        .settle(&format!("{STAGED}/"), "build/out/")
        .unwrap();
    publish(&project);
    versions.adopt("build/out/", &settled);
    for file in ["build/out/a", "build/out/sub/script"] {
        assert!(is_known(&project, file), "{file}");
    }
    assert_eq!(versions.of_path("build/out").unwrap(), settled.found());
    assert!(matches!(settled.found(), Found::Directory { bytes: 9, .. }));
    project.write("build/out/a", "ONE");
    assert_ne!(versions.of_path("build/out").unwrap(), settled.found());
}

/// `tree/left/out` is ignored by its path, which is that of the output and not that of its staging.
#[test]
fn what_is_ignored_goes_by_where_the_output_will_be() {
    let project = Project::new();
    project
        .write("staging/left/out/file", "x")
        .write("staging/kept", "x");
    let versions = project.versions();
    let settled = versions.settle("staging", "tree").unwrap();
    let staged = versions.settle("staging", "staging").unwrap();
    assert_ne!(settled.found(), staged.found());
    fs::rename(project.path("staging"), project.path("tree")).unwrap();
    assert_eq!(versions.of_path("tree").unwrap(), settled.found());
}

#[test]
fn in_place_links_and_absent_outputs_settle_too() {
    let project = Project::new();
    project.write("in-place", "x").link("link", "in-place");
    let versions = project.versions();
    let settled = versions.settle("in-place", "in-place").unwrap();
    versions.adopt("in-place", &settled);
    assert!(is_known(&project, "in-place"));
    let link = versions.settle("link", "link").unwrap();
    assert_eq!(link.found(), versions.of_path("link").unwrap());
    assert_eq!(
        versions.settle("none", "none").unwrap().found(),
        Found::Absent
    );
}
