//! The process's environment, current directory, clock and standard streams are no matter of the library.
//!
//! The test runs itself again as a child process, in which nothing that could be used is right.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use assetctl::{
    CheckRequest, Clock, EventKind, FixedClock, MaterializeRequest, PlanRequest, Project,
    RaiseOnError, StatusRequest, check, materialize, materialize_to_memory, plan, status,
};

use crate::project::Folder;

/// Names the project to the child; that the child reads it is the test's doing, not the library's.
const PROJECT: &str = "LIBRARY_TEST_PROJECT";

const MANIFEST: &str = "[project]\n[asset.environment]\ncommand = \"env > {{output}}; pwd >> {{output}}; echo to the log\"\noutputs = \"environment.txt\"\n";

#[test]
fn environment_directory_and_streams_stay_untouched() {
    let folder = Folder::with(MANIFEST);
    let closed = tempfile::tempdir().expect("a folder");
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "purity::in_the_child", "--nocapture", "--quiet"])
        .current_dir(closed.path())
        .env_clear()
        .env(PROJECT, folder.root())
        .env("PATH", "/nowhere")
        .env("TMPDIR", "/nowhere")
        .env("HOME", "/nowhere")
        .env("LEAKED", "from the process")
        .env("ASSETCTL_HOME", "/nowhere")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // These are the test harness's.
    assert!(
        lines.iter().all(|line| line.starts_with("running 1")
            || line.starts_with("test result")
            || *line == "."),
        "{said}"
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(
        std::fs::read_dir(closed.path())
            .expect("it is there")
            .count(),
        0
    );
}

/// Does all that the library can, where it is the child; else nothing.
#[test]
fn in_the_child() {
    let Some(root) = std::env::var_os(PROJECT) else {
        return;
    };
    let before: Vec<_> = std::env::vars_os().collect();
    let directory = std::env::current_dir().expect("there is one");
    everything(Path::new(&root));
    assert_eq!(std::env::vars_os().collect::<Vec<_>>(), before);
    assert_eq!(std::env::current_dir().expect("there is one"), directory);
}

fn everything(root: &Path) {
    let clock = FixedClock("2001-02-03T04:05:06Z".parse().expect("an instant"));
    let project = Project::load(root)
        .expect("a project")
        .with_clock(Arc::new(clock));
    let in_memory = materialize_to_memory(&project, MaterializeRequest::new()).expect("it runs");
    let value = in_memory.output("environment", None, None).expect("made");
    let seen = String::from_utf8(value.bytes().expect("a file").to_vec()).expect("a text");
    assert!(
        !seen.contains("LEAKED") && !seen.contains("/nowhere"),
        "{seen}"
    );
    assert!(seen.contains("PATH=/usr/local/bin:"), "{seen}");
    let request = MaterializeRequest::new().raise_on_error(RaiseOnError::No);
    let on_disk = materialize(&project, request).expect("it runs");
    for result in [&in_memory, &on_disk] {
        assert!(result.success());
        assert!(
            result
                .events()
                .iter()
                .all(|event| event.time == clock.now())
        );
        assert!(
            result
                .events()
                .iter()
                .any(|it| matches!(it.kind, EventKind::RunStarted { .. }))
        );
        let id = result.run_id().expect("it ran").to_string();
        assert!(
            id.starts_with("00e47279-7550-7"),
            "the id tells the time of the clock: {id}"
        );
    }
    let own = project.instance();
    plan(&project, PlanRequest::new().instance(&own)).expect("a plan");
    status(&project, StatusRequest::new().instance(&own)).expect("a status");
    check(&project, CheckRequest::new().rebuild(1, 0)).expect("a check");
}

#[test]
fn what_the_library_hands_out_may_go_to_other_threads() {
    fn may<T: Send + Sync>() {}
    may::<Project>();
    may::<assetctl::Instance>();
    may::<assetctl::TestInstance>();
    may::<assetctl::RunResult>();
    may::<assetctl::OutputValue>();
    may::<assetctl::Error>();
}
