//! The example: a year of flights, in memory.

use assetctl::hash::version_of_bytes;

use super::{in_memory, outputs};
use crate::flights::{built, digest, example, expected};
use crate::sandbox::Sandbox;

#[test]
fn the_whole_year_comes_out_as_on_disk_and_the_built_project_stays_as_it_is() {
    let project = built();
    let mut right = Vec::new();
    for (sha256, path) in expected() {
        let bytes = project.bytes(&path);
        assert_eq!(digest(&bytes), sha256, "{path}");
        right.push((path.clone(), version_of_bytes(&bytes), bytes.len()));
        // What lies on disk is not read.
        project.append(&path, "altered\n");
    }
    let ran = in_memory(&project, &["--json"]).success();
    assert_eq!(ran.steps().len(), 1120);
    let made = outputs(ran.stdout());
    assert_eq!(made.len(), 1121);
    for (path, version, bytes) in right {
        assert_eq!(made[&path]["data_version"], version.to_string(), "{path}");
        assert_eq!(made[&path]["output_bytes"], bytes, "{path}");
    }
}

#[test]
fn a_day_of_a_fresh_clone_is_printed_and_nothing_is_left_in_it() {
    let project = example(Sandbox::new());
    let printed = in_memory(&project, &["--print", "rolling@2013-01-02", "-q"]).success();
    let path = "build/rolling/2013-01-02.json".to_owned();
    let printed = digest(printed.stdout().as_bytes());
    assert!(expected().contains(&(printed, path)));
    assert!(!project.path(".assetctl").exists());
}
