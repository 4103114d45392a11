//! The verbs that only look, and what a project is.

use std::fs;
use std::sync::{Arc, Mutex};

use assetctl::{
    CheckRequest, CheckedOutputs, CommandLine, Execution, Executor, Exit, LocalExecutor,
    MaterializeRequest, PlanRequest, Project, Status, StatusRequest, check, materialize, plan,
    status,
};

use crate::project::Folder;

#[test]
fn loading_finds_the_project_from_within_and_writes_nothing() {
    let folder = Folder::days();
    let before = folder.tree();
    let project = Project::load(folder.root().join("raw")).expect("a project");
    assert_eq!(project.root(), folder.root());
    let keys: Vec<_> = project
        .asset_keys()
        .iter()
        .map(assetctl::AssetKey::as_str)
        .collect();
    assert_eq!(keys, ["sorted", "all", "summary"]);
    assert_eq!(folder.tree(), before);
}

#[test]
fn plan_status_and_check_tell_of_the_declarations_as_they_are_when_they_are_called() {
    let folder = Folder::days();
    let project = folder.project();
    let own = project.instance();
    let planned = plan(&project, PlanRequest::new().each_partition()).expect("a plan");
    assert_eq!((planned.counts.run, planned.steps.len()), (4, 4));
    let status_of = || {
        let request = StatusRequest::new().instance(&own).sources();
        status(&project, request).expect("a status")
    };
    assert_eq!(status_of().summary.missing, 4);
    materialize(&project, MaterializeRequest::new().instance(&own)).expect("it runs");
    assert_eq!(status_of().summary.fresh, 4);
    assert!(
        check(&project, CheckRequest::new())
            .expect("a check")
            .is_good()
    );
    let rebuilt = check(&project, CheckRequest::new().rebuild(2, 7)).expect("a check");
    assert!(
        rebuilt.is_good() && rebuilt.rebuilt.len() == 2,
        "{rebuilt:?}"
    );

    let changed = folder.read("Assets.toml").replace("sort {{", "sort -r {{");
    folder.write("Assets.toml", &changed);
    let stale = status_of();
    assert_eq!(
        stale
            .assets
            .iter()
            .filter(|it| it.partitions[0].status == Status::Stale)
            .count(),
        1
    );
    assert!(
        !check(&project, CheckRequest::new())
            .expect("a check")
            .is_fresh()
    );
    let of_one = PlanRequest::new()
        .instance(&own)
        .select("sorted")
        .partition("2024-01-02");
    assert_eq!(plan(&project, of_one).expect("a plan").counts.run, 1);
}

#[test]
fn without_a_lock_file_check_judges_by_the_instance_it_is_given() {
    let folder = Folder::days();
    let project = folder.project();
    let own = project.instance();
    materialize(&project, MaterializeRequest::new().instance(&own)).expect("it runs");
    fs::remove_file(project.root().join("Assets.lock")).expect("removed");
    let required = || CheckRequest::new().outputs(CheckedOutputs::Required);
    let check = |request| check(&project, request).expect("a check").is_fresh();
    assert!(check(required().instance(&own)));
    assert!(!check(required()));
}

/// Notes what runs.
#[derive(Default)]
struct Noted(Mutex<Vec<CommandLine>>);

impl Executor for Noted {
    fn execute(&self, command: &CommandLine, cancel: &assetctl::Cancel) -> Execution {
        self.0.lock().expect("no panic").push(command.clone());
        if command.args.iter().any(|it| it == "never") {
            return Execution::bare(Exit::Canceled);
        }
        LocalExecutor.execute(command, cancel)
    }
}

#[test]
fn commands_go_to_the_executor_with_the_environment_that_was_given() {
    let folder = Folder::with(
        "[project]\n[asset.a]\ncommand = \"echo $GREETING > {{output}}\"\noutputs = \"a.txt\"\nenv = { GREETING = { from_env = \"GREETING\" } }\n",
    );
    let noted = Arc::new(Noted::default());
    let project = folder.project().with_executor(Arc::<Noted>::clone(&noted));
    let project = project.with_environment([("GREETING", "hello"), ("PATH", "/usr/bin:/bin")]);
    materialize(&project, MaterializeRequest::new()).expect("it runs");
    assert_eq!(folder.read("a.txt"), "hello\n");
    assert_eq!(noted.0.lock().expect("no panic").len(), 1);
}
