//! Resources that a program gives.

use std::fs;
use std::sync::{Arc, Mutex};

use assetctl::{
    CheckRequest, ConfigRequest, Error, EventKind, JobRequest, MaterializeRequest, PlanRequest,
    Project, RaiseOnError, Resource, ResourcePhase, RunResult, StatusRequest, check, check_config,
    materialize, materialize_to_memory, plan, run_job, status,
};
use miette::NarratableReportHandler;

/// Two steps that need a resource, and one that does not.
const MANIFEST: &str = r#"
[project]

[asset.load]
command = "echo loaded from ${SERVER:-nowhere} > {{output}}"
outputs = "load"
resources = "warehouse"

[asset.report]
command = "cat {{input}} > {{output}}; echo ${SERVER:-nowhere} >> {{output}}"
deps = "load"
outputs = "report"
resources = "warehouse"

[asset.other]
command = "echo other > {{output}}"
outputs = "other"

[job.nightly]
selection = "load"
"#;

/// What has happened, in order.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn note(&self, said: impl Into<String>) {
        let mut said_so_far = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        said_so_far.push(said.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics here"))
    }

    /// A resource that notes what is done with it.
    fn resource(&self, table: &str) -> Resource {
        let (up, down) = (self.clone(), self.clone());
        Resource::new(table)
            .setup(move |it| {
                up.note(format!("setup {} {}", it.name(), it.config()));
                Ok(vec![("SERVER".to_owned(), "here".to_owned())])
            })
            .teardown(move |it| {
                let server = it
                    .variable("SERVER")
                    .map(|it| it.to_string_lossy().into_owned());
                down.note(format!(
                    "teardown {} {}",
                    it.name(),
                    server.unwrap_or_default()
                ));
                Ok(())
            })
    }
}

fn project(manifest: &str) -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Assets.toml"), manifest).expect("written");
    let project = Project::load(folder.path()).expect("a project");
    (folder, project)
}

fn code(error: &Error) -> String {
    error.code().unwrap_or_default()
}

/// The error as people see it.
fn shown(error: &Error) -> String {
    let mut text = String::new();
    // Without colours and lines, and there in every build.
    let handler = NarratableReportHandler::new();
    let rendered = handler.render_report(&mut text, error);
    rendered.expect("a text can be written");
    text
}

fn failures(result: &RunResult) -> Vec<(ResourcePhase, String)> {
    let failed = result
        .events()
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ResourceFailed { phase, failure, .. } => {
                Some((*phase, failure.message.clone()))
            }
            _ => None,
        });
    failed.collect()
}

#[test]
fn functions_run_around_the_steps_that_need_the_resource() {
    let (folder, project) = project(MANIFEST);
    let trace = Trace::default();
    let instance = project.instance();
    let request = || {
        MaterializeRequest::new().instance(&instance).resource(
            "warehouse",
            trace.resource("schema = \"test\"\nports = [1, 2]\n[deep]\nx = 1"),
        )
    };
    materialize(&project, request()).expect("it runs");
    let around = [
        "setup warehouse {\"deep\":{\"x\":1},\"ports\":[1,2],\"schema\":\"test\"}",
        "teardown warehouse here",
    ];
    assert_eq!(trace.take(), around);
    let report = fs::read_to_string(folder.path().join("report")).expect("it is made");
    assert_eq!(report, "loaded from here\nhere\n");
    let again = materialize(&project, request()).expect("it runs");
    assert_eq!((again.counts().materialized, trace.take().len()), (0, 0));
    // What needs none calls none.
    materialize(
        &project,
        request().select("other").force(assetctl::Force::Selected),
    )
    .expect("it runs");
    assert!(trace.take().is_empty());
    // Its values are part of the code version, its functions are not.
    let with = |resource: Resource| {
        let request = StatusRequest::new()
            .instance(&instance)
            .resource("warehouse", resource);
        status(&project, request).expect("a status").summary.stale
    };
    let same = "ports = [1, 2]\nschema = \"test\"\ndeep = { x = 1 }";
    assert_eq!(with(Resource::value(same)), 0);
    assert_eq!(with(Resource::value("schema = \"other\"")), 2);
    let request = CheckRequest::new().resource("warehouse", Resource::value(same));
    assert!(check(&project, request).expect("a check").is_good());
    let request = PlanRequest::new()
        .instance(&instance)
        .resource("warehouse", Resource::value(""));
    assert_eq!(plan(&project, request).expect("a plan").counts.run, 2);
    // A call may set a value of it, which its setup then sees.
    let set = request_with(&trace).set("resource.warehouse.schema", "mine");
    materialize_to_memory(&project, set).expect("it runs");
    assert_eq!(trace.take()[0], "setup warehouse {\"schema\":\"mine\"}");
    let request = ConfigRequest::new().resource("warehouse", Resource::value(same));
    let config = check_config(&project, request).expect("it is right");
    assert_eq!(config.json()["resource"]["warehouse"]["schema"], "test");
}

fn request_with<'a>(trace: &Trace) -> MaterializeRequest<'a> {
    MaterializeRequest::new().resource("warehouse", trace.resource("schema = \"test\""))
}

#[test]
fn a_job_and_a_run_in_memory_have_them() {
    let (_folder, project) = project(MANIFEST);
    let trace = Trace::default();
    let result = materialize_to_memory(&project, request_with(&trace)).expect("it runs");
    let load = result.output("load", None, None).expect("it is made");
    assert_eq!(&*load.bytes().expect("bytes"), b"loaded from here\n");
    assert_eq!(trace.take().len(), 2);
    let job = JobRequest::new("nightly").in_process();
    run_job(&project, job.resource("warehouse", trace.resource(""))).expect("it runs");
    assert_eq!(
        trace.take(),
        ["setup warehouse {}", "teardown warehouse here"]
    );
}

#[test]
fn a_teardown_runs_after_whatever_fails() {
    let (_folder, of_steps) = project(&MANIFEST.replace("echo loaded", "exit 3; echo"));
    let trace = Trace::default();
    let request = || request_with(&trace).raise_on_error(RaiseOnError::No);
    let failed = materialize_to_memory(&of_steps, request()).expect("a result");
    assert_eq!(failed.counts().failed, 1);
    assert_eq!(trace.take()[1], "teardown warehouse here");
    // A sink that panics ends the call, and nothing stays up.
    let (_folder, project) = project(MANIFEST);
    let panicking = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut sink = Panicking;
        materialize_to_memory(&project, request_with(&trace).events(&mut sink)).map(drop)
    }));
    assert!(panicking.is_err());
    assert_eq!(trace.take()[1], "teardown warehouse here");
    // A setup that fails, or panics, blocks what needs it.
    for (reason, panics) in [("no route", false), ("it panicked: no route", true)] {
        let down = trace.clone();
        let resource = Resource::new("")
            .setup(move |_| {
                assert!(!panics, "no route");
                Err("no route".into())
            })
            .teardown(move |it| {
                down.note(format!("teardown {:?}", it.variable("SERVER")));
                Err("no way back".into())
            });
        let request = MaterializeRequest::new().resource("warehouse", resource);
        let request = request.raise_on_error(RaiseOnError::No);
        let result = materialize_to_memory(&project, request).expect("a result");
        let counts = result.counts();
        assert_eq!((counts.blocked, counts.materialized), (2, 1), "{reason}");
        let setup = format!("the setup of `warehouse` failed: {reason}");
        let teardown = "the teardown of `warehouse` failed: no way back".to_owned();
        assert_eq!(
            failures(&result),
            [
                (ResourcePhase::Setup, setup),
                (ResourcePhase::Teardown, teardown)
            ]
        );
        assert_eq!(trace.take(), ["teardown None"]);
    }
}

/// A sink that panics once a step has finished.
struct Panicking;

impl assetctl::EventSink for Panicking {
    fn emit(&mut self, event: &assetctl::Event) {
        assert!(
            !matches!(event.kind, EventKind::StepFinished { .. }),
            "the sink is at its end"
        );
    }
}

#[test]
fn variables_of_a_setup_are_checked() {
    let (_folder, project) = project(MANIFEST);
    for (name, why) in [
        ("A B", "the function is not NAME=VALUE"),
        (
            "ASSETCTL_HOME",
            "gives `ASSETCTL_HOME`, which assetctl itself sets",
        ),
    ] {
        let resource =
            Resource::new("").setup(move |_| Ok(vec![(name.to_owned(), "hunter2".to_owned())]));
        let request = MaterializeRequest::new().resource("warehouse", resource);
        let request = request.raise_on_error(RaiseOnError::No);
        let result = materialize_to_memory(&project, request).expect("a result");
        let said = failures(&result);
        assert!(said[0].1.contains(why), "{said:?}");
        assert!(!format!("{:?}", result.events()).contains("hunter2"));
    }
}

#[test]
fn what_is_named_and_not_given_is_told_with_what_there_is() {
    let (folder, project) = project(MANIFEST);
    let missing = status(&project, StatusRequest::new()).expect_err("nobody gives it");
    assert_eq!(code(&missing), "assetctl::manifest::unknown_resource");
    let request = StatusRequest::new().resource("warehose", Resource::value(""));
    let said = shown(&status(&project, request).expect_err("it has another name"));
    assert!(said.contains("did you mean `warehose`"), "{said}");
    let request = StatusRequest::new().resource("lake", Resource::value(""));
    let said = shown(&status(&project, request).expect_err("it has another name"));
    assert!(said.contains("`lake`"), "{said}");
    // Everything else that is wrong is an error of loading.
    let wrong = MANIFEST.replace("deps = \"load\"", "deps = \"nothing\"");
    fs::write(folder.path().join("Assets.toml"), wrong).expect("written");
    let error = Project::load(folder.path()).expect_err("a dep is wrong");
    assert_eq!(code(&error), "assetctl::manifest::unknown_dep");
}

#[test]
fn what_is_wrong_with_a_given_resource_is_told_at_its_place() {
    let (_folder, project) = project(MANIFEST);
    let said = |name: &str, table: &str| {
        let request = StatusRequest::new().resource("warehouse", Resource::value(""));
        let request = request.resource(name, Resource::value(table));
        shown(&status(&project, request).expect_err("it is wrong"))
    };
    for (name, table, why) in [
        ("warehouse", "host = ", "the program's resource `warehouse`"),
        ("ware house", "", "not allowed in a name"),
        (
            "warehouse",
            "at = 2024-01-01",
            "the program's resource `warehouse`",
        ),
    ] {
        let said = said(name, table);
        assert!(said.contains(why), "{table}: {said}");
    }
}

#[test]
fn a_declared_resource_may_be_given_with_the_same_values_alone() {
    let declared = |body: &str| project(&format!("{MANIFEST}\n[resource.warehouse]\n{body}\n"));
    let trace = Trace::default();
    let with = |project: &Project, resource: Resource| {
        let request = MaterializeRequest::new().resource("warehouse", resource);
        materialize_to_memory(project, request).map(drop)
    };
    let (_folder, plain) = declared("config = { host = \"a\", port = 1 }");
    with(&plain, Resource::value("port = 1\nhost = \"a\"")).expect("it is the same");
    with(&plain, trace.resource("port = 1\nhost = \"a\"")).expect("it is the same");
    assert_eq!(trace.take().len(), 2, "the functions run");
    let other = with(&plain, Resource::value("port = 2\nhost = \"a\"")).expect_err("another value");
    assert_eq!(code(&other), "assetctl::manifest::conflicting_keys");
    let said = shown(&other);
    for part in [
        "the resource `warehouse` is declared, and the program gives another one",
        "Assets.toml",
        "the program's resource `warehouse`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (folder, with_setup) =
        declared("setup = \"echo SERVER=declared > $ASSETCTL_RESOURCE_ENV; echo >> up\"");
    with(&with_setup, trace.resource("")).expect_err("two setups");
    with(&with_setup, Resource::value("")).expect("it is the same");
    assert!(folder.path().join("up").exists(), "the declared setup runs");
    assert!(trace.take().is_empty());
    let (_folder, of_caller) = declared("config = { host = { from_env = \"HOST\" } }");
    with(&of_caller, Resource::value("host = \"a\"")).expect_err("it depends on the caller");
}
