//! Jobs and environments, from a program.

use std::fs;
use std::sync::{Arc, Mutex};

use assetctl::{
    CheckRequest, Error, Event, EventKind, HookMoment, Instance, JobRequest, MaterializeRequest,
    Project, RaiseOnError, check, materialize, materialize_to_memory, run_job,
};

const MANIFEST: &str = r#"
[project]

[asset.first]
command = "echo {{config.limit}} $HOST > {{output}}"
outputs = "first.txt"
config = { limit = 1 }
env = { HOST = "dev" }

[asset.second]
deps = "first"
command = "cp {{input}} {{output}}"
outputs = "second.txt"

[asset.broken]
command = "exit 3 > {{output}}"
outputs = "broken.txt"

[job.both]
selection = "second"
params = { limit = { type = "integer", default = 5 } }
config.first.limit = "{{param.limit}}"
steps = ["first"]

[job.broken]
selection = "broken"

[env.prod]
lock = "Assets.prod.lock"
home = "records"
env = { HOST = "prod" }
"#;

fn project() -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Assets.toml"), MANIFEST).expect("written");
    let project = Project::load(folder.path()).expect("a project");
    (folder, project)
}

#[test]
fn a_job_on_disk_is_recorded_and_does_not_raise() {
    let (folder, project) = project();
    let unrecorded = run_job(&project, JobRequest::new("both"));
    assert!(
        matches!(unrecorded, Err(Error::InstanceNeeded)),
        "{unrecorded:?}"
    );
    let own = project.instance();
    let run = |request: JobRequest<'_>| run_job(&project, request.instance(&own));
    let result = run(JobRequest::new("both").set("limit", "7")).expect("it runs");
    let made: Vec<_> = result
        .materializations()
        .map(|it| it.step.to_string())
        .collect();
    assert_eq!(made, ["first"], "only its steps");
    let read = |name: &str| fs::read_to_string(folder.path().join(name));
    assert_eq!(read("first.txt").expect("made"), "7 dev\n");
    assert!(read("second.txt").is_err());
    let failed = run(JobRequest::new("broken")).expect("a failure is a result");
    assert_eq!(failed.counts().failed, 1);
    let raised = run(JobRequest::new("broken").raise_on_error(RaiseOnError::Yes));
    assert!(matches!(raised, Err(Error::RunFailed(_))));
    for name in ["nightly", "a b"] {
        let error = run(JobRequest::new(name)).expect_err("no such job");
        let code = error.code();
        assert_eq!(code.as_deref(), Some("assetctl::app::unknown_job"));
    }
    let option = run(JobRequest::new("both").memory_limit(1));
    assert!(matches!(
        option,
        Err(Error::OnlyInMemory {
            option: "memory_limit"
        })
    ));
}

#[test]
fn the_test_of_a_job_changes_nothing_and_raises() {
    let (folder, project) = project();
    let instance = Instance::ephemeral().expect("an instance");
    let mut events: Vec<Event> = Vec::new();
    let request = JobRequest::new("both").in_process().instance(&instance);
    let result = run_job(&project, request.events(&mut events)).expect("it runs");
    let first = result.output("first", None, None).expect("a value");
    assert_eq!(&*first.bytes().expect("bytes"), b"5 dev\n");
    assert_eq!(events.len(), result.events().len());
    assert!(instance.path().join("instance.db").exists(), "its records");
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert_eq!(names, ["Assets.toml"]);
    let raised = run_job(&project, JobRequest::new("broken").in_process());
    assert!(matches!(raised, Err(Error::RunFailed(_))), "{raised:?}");
    let kept = JobRequest::new("broken")
        .in_process()
        .raise_on_error(RaiseOnError::No);
    assert_eq!(
        run_job(&project, kept).expect("a result").counts().failed,
        1
    );
}

#[test]
fn an_environment_has_an_instance_and_a_lock_file_of_its_own() {
    let (folder, project) = project();
    let prod = project
        .environment_instance("prod")
        .expect("it is declared");
    assert_eq!(prod.path(), folder.path().join("records"));
    let request = || MaterializeRequest::new().select("second").env("prod");
    let result = materialize(&project, request().instance(&prod)).expect("it runs");
    assert_eq!(result.counts().materialized, 2);
    let again = materialize(&project, request().instance(&prod)).expect("it runs");
    assert_eq!(again.counts().fresh, 2);
    assert!(folder.path().join("Assets.prod.lock").exists());
    assert!(!folder.path().join("Assets.lock").exists());
    let is_good = |request: CheckRequest| {
        let request = request.select("second").select("first");
        check(&project, request).expect("a check").is_good()
    };
    assert!(is_good(CheckRequest::new().env("prod")));
    assert!(!is_good(CheckRequest::new()));
    let error = check(&project, CheckRequest::new().env("pord")).expect_err("not declared");
    let code = error.code();
    assert_eq!(code.as_deref(), Some("assetctl::app::unknown_environment"));
    let job = JobRequest::new("both").env("prod").in_process();
    let result = run_job(&project, job).expect("it runs");
    let first = result.output("first", None, None).expect("a value");
    assert_eq!(&*first.bytes().expect("bytes"), b"5 prod\n");
}

#[test]
fn tags_of_a_run_reach_commands_and_hooks_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = r#"
[project]
hooks.on_success = "echo $ASSETCTL_TAG_TEAM >> hooked"

[asset.first]
command = "echo $ASSETCTL_TAGS > {{output}}"
outputs = "first.txt"
tags = { team = "core", wip = true }
"#;
    fs::write(folder.path().join("Assets.toml"), manifest).expect("written");
    let project = Project::load(folder.path()).expect("a project");
    let request = || MaterializeRequest::new().tag("team", "data");
    let made = materialize_to_memory(&project, request().hooks()).expect("it runs");
    let tags = made.output("first", None, None).expect("made").bytes();
    let expected = b"{\"team\":\"data\",\"wip\":true}\n";
    assert_eq!(&*tags.expect("a file"), expected);
    let hooked = folder.path().join("hooked");
    assert_eq!(fs::read_to_string(&hooked).expect("it ran"), "data\n");
    materialize_to_memory(&project, request()).expect("it runs");
    assert_eq!(fs::read_to_string(&hooked).expect("it ran once"), "data\n");
    for key in ["", "assetctl/partition"] {
        let refused = materialize_to_memory(&project, MaterializeRequest::new().tag(key, 1));
        let told = refused.expect_err("it is no key").to_string();
        assert!(told.contains("is not a tag"), "{told}");
    }
    let on_disk = materialize(&project, MaterializeRequest::new().hooks());
    assert!(
        matches!(on_disk, Err(Error::OnlyInMemory { .. })),
        "{on_disk:?}"
    );
}

#[test]
fn functions_are_hooks_of_steps_and_runs() {
    let (_folder, project) = project();
    let called = Arc::new(Mutex::new(Vec::new()));
    let note = |moment: HookMoment| {
        let called = Arc::clone(&called);
        move |event: &Event| {
            let step = event.kind.step().map(ToString::to_string);
            let word = format!("{} {}", moment.word(), step.unwrap_or_default());
            called.lock().expect("no panic").push(word);
        }
    };
    let moments = [
        HookMoment::StepSuccess,
        HookMoment::StepFailure,
        HookMoment::RunSuccess,
        HookMoment::RunFailure,
    ];
    let request = |select: &str| {
        let request = MaterializeRequest::new().select(select);
        let request = request.raise_on_error(RaiseOnError::No).jobs(1);
        let all = moments.iter();
        all.fold(request, |request, moment| {
            request.hook(*moment, note(*moment))
        })
    };
    let take = || std::mem::take(&mut *called.lock().expect("no panic"));
    materialize(&project, request("second")).expect("it runs");
    let expected = ["on_success first", "on_success second", "on_run_success "];
    assert_eq!(take(), expected);
    materialize_to_memory(&project, request("broken")).expect("a result");
    assert_eq!(take(), ["on_failure broken", "on_run_failure "]);

    // One that panics is told, and changes nothing.
    let request = MaterializeRequest::new().select("first");
    let request = request.hook(HookMoment::StepSuccess, |_| panic!("no way"));
    let made = materialize_to_memory(&project, request).expect("it succeeds");
    let failed = made.events().iter().find_map(|event| match &event.kind {
        EventKind::HookErrored { failure, .. } => Some(failure.message.clone()),
        _ => None,
    });
    let told = "the hook on_success (program) of first failed: it panicked: no way";
    assert_eq!(failed.as_deref(), Some(told));
}
