//! Commands that print manifests.

use std::time::Duration;

use crate::app::tests::sandbox::Sandbox;
use crate::engine::print_manifest;
use crate::executor::{Cancel, LocalExecutor};

#[test]
fn a_command_has_a_time_limit() {
    let manifest = "[project]\ninclude = { command = \"echo begun >&2; sleep 1000\", to = \"gen/Assets.toml\" }\n";
    let sandbox = Sandbox::new(manifest);
    let project = sandbox.project();
    let versions = project.versions().expect("versions");
    let workspace = project.workspace(&versions, &LocalExecutor);
    let generator = &project.graph().settings().generators[0];
    let limit = Duration::from_millis(1);
    let printed = print_manifest(&workspace, generator, limit, &Cancel::default());
    let said = format!("{:?}", printed.expect_err("it takes longer"));
    assert!(
        said.contains("timed out") || said.contains("time limit"),
        "{said}"
    );
    assert!(!sandbox.path("gen/Assets.toml").exists());
    assert!(
        crate::engine::PRINTING_LIMIT == Duration::from_mins(1),
        "as documented"
    );
}
