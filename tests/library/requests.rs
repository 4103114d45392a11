//! What requests have in common with the command line beside selections: newest partitions, recorded states, and how a run on
//! disk treats what is there.

use std::sync::{Arc, Mutex};

use assetctl::{
    Cancel, CheckRequest, CommandLine, Error, Execution, Executor, Force, Instance, LocalExecutor,
    MaterializeRequest, PlanRequest, Project, RaiseOnError, RunCounts, StatusRequest, TestInstance,
    check, materialize, materialize_to_memory, plan, status,
};

use crate::project::Folder;

const COUNTED: &str = r#"
[project]

[asset.count]
incremental = true
command = "echo x >> {{output}}"
outputs = "count.txt"
"#;

fn run(project: &Project, request: MaterializeRequest<'_>) -> RunCounts {
    let request = request.raise_on_error(RaiseOnError::No);
    materialize(project, request).expect("it runs").counts()
}

fn code<T>(answer: Result<T, Error>) -> Option<String> {
    answer.err().and_then(|error| error.code())
}

#[test]
fn latest_is_the_newest_partitions_in_each_verb() {
    let folder = Folder::days();
    let project = folder.project();
    let plan_of = |request: PlanRequest| {
        let report = plan(&project, request.select("sorted")).expect("a plan");
        let steps = report.steps.iter().map(|step| step.keys.to_string());
        steps.collect::<Vec<_>>()
    };
    assert_eq!(plan_of(PlanRequest::new().latest(1)), ["sorted@2024-01-02"]);
    assert_eq!(
        plan_of(PlanRequest::new().latest(9)),
        ["sorted@2024-01-01...2024-01-02"]
    );
    let looked = StatusRequest::new().select("sorted").latest(1);
    let looked = status(&project, looked).expect("a status").summary;
    assert_eq!((looked.missing, looked.total()), (1, 1));
    let checked = CheckRequest::new().select("sorted").latest(1);
    let checked = check(&project, checked).expect("a check").counts();
    assert_eq!((checked.missing, checked.all), (1, 1));
    let request = || MaterializeRequest::new().select("sorted").latest(1);
    let in_memory = materialize_to_memory(&project, request()).expect("it runs");
    assert_eq!(in_memory.counts().materialized, 1);
    assert_eq!(run(&project, request()).materialized, 1);
    assert_eq!(folder.read("build/days/2024-01-02.txt"), "c\nd\n");
}

#[test]
fn latest_is_at_least_one_and_stands_alone() {
    let folder = Folder::days();
    let project = folder.project();
    let request = || MaterializeRequest::new().latest(1);
    let table = [
        (request().latest(0), "assetctl::api::zero"),
        (
            request().partition("2024-01-01"),
            "assetctl::api::latest_and_keys",
        ),
        (
            request().partition_range("2024-01-01...2024-01-02"),
            "assetctl::api::latest_and_keys",
        ),
    ];
    for (request, expected) in table {
        let answer = materialize(&project, request);
        assert_eq!(code(answer).as_deref(), Some(expected));
    }
    let both = plan(
        &project,
        PlanRequest::new().latest(1).partition("2024-01-01"),
    );
    assert_eq!(
        both.expect_err("which?").to_string(),
        "`latest` and `partition` both say which partitions"
    );
}

#[test]
fn missing_and_failed_are_what_is_recorded() {
    let folder = Folder::days();
    let manifest = folder
        .read("Assets.toml")
        .replace("sort {{input}}", "grep c {{input}}");
    folder.write("Assets.toml", &manifest);
    let project = folder.project();
    let instance = TestInstance::new().expect("an instance");
    let of = || {
        MaterializeRequest::new()
            .select("sorted")
            .instance(&instance)
    };
    let first = run(&project, of().latest(1));
    assert_eq!((first.materialized, first.failed), (1, 0));
    let second = run(&project, of());
    assert_eq!(
        (second.fresh, second.failed),
        (1, 1),
        "the first day has no c"
    );

    let missing = |request: PlanRequest| {
        let request = request.select("sorted or all").instance(&instance);
        let report = plan(&project, request).expect("a plan");
        let steps = report.steps.iter().map(|step| step.keys.to_string());
        steps.collect::<Vec<_>>()
    };
    assert_eq!(missing(PlanRequest::new().failed()), ["sorted@2024-01-01"]);
    let status_of = |request: StatusRequest| {
        let request = request.select("sorted or all").instance(&instance);
        let counts = status(&project, request).expect("a status").summary;
        (counts.failed, counts.missing + counts.pending)
    };
    assert_eq!(status_of(StatusRequest::new().failed()), (1, 0));
    assert_eq!(status_of(StatusRequest::new().missing()), (1, 1));
    let both = [
        StatusRequest::new().missing().failed(),
        StatusRequest::new().failed().missing(),
    ];
    assert_eq!(both.map(status_of), [(1, 1); 2]);

    folder.write("raw/2024-01-01.txt", "c\n");
    let again = MaterializeRequest::new().failed().instance(&instance);
    assert_eq!(run(&project, again).materialized, 1);
    let nothing = MaterializeRequest::new().failed().instance(&instance);
    assert_eq!(run(&project, nothing), RunCounts::default());
    let holes = MaterializeRequest::new().missing().instance(&instance);
    assert_eq!(run(&project, holes).materialized, 2, "all, and summary");
}

#[test]
fn what_is_for_disk_alone_is_an_error_in_memory() {
    let folder = Folder::days();
    let request = MaterializeRequest::new;
    for (request, option) in [
        (request().keep_altered(), "keep_altered"),
        (request().no_wait(), "no_wait"),
        (request().durable(), "durable"),
    ] {
        let error = materialize_to_memory(&folder.project(), request).expect_err(option);
        assert!(matches!(&error, Error::OnlyOnDisk { option: told } if *told == option));
        let code = error.code();
        assert_eq!(code.as_deref(), Some("assetctl::api::only_on_disk"));
    }
}

#[test]
fn an_output_that_was_altered_by_hand_is_made_anew_or_kept() {
    let folder = Folder::days();
    let project = folder.project();
    let instance = project.instance();
    let of = || MaterializeRequest::new().select("all").instance(&instance);
    run(&project, of());
    folder.write("build/all.txt", "by hand\n");
    assert_eq!(run(&project, of().keep_altered()).failed, 1);
    assert_eq!(folder.read("build/all.txt"), "by hand\n");
    let counts = run(&project, of().durable());
    assert_eq!(
        (counts.materialized + counts.unchanged, counts.failed),
        (1, 0)
    );
    assert_eq!(folder.read("build/all.txt"), "a\nb\nc\nd\n");
}

#[test]
fn full_refresh_starts_an_incremental_asset_from_nothing() {
    let folder = Folder::with(COUNTED);
    let project = folder.project();
    let instance = project.instance();
    let lines = |force| {
        let request = MaterializeRequest::new().force(force).instance(&instance);
        run(&project, request);
        folder.read("count.txt").lines().count()
    };
    let forces = [
        Force::WhenStale,
        Force::WhenStale,
        Force::Selected,
        Force::FullRefresh,
    ];
    assert_eq!(forces.map(lines), [1, 1, 2, 1]);
}

/// While its command runs, asks another run for the same step.
struct Asks {
    project: Project,
    instance: Instance,
    told: Mutex<Vec<Option<String>>>,
}

impl Executor for Asks {
    fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution {
        let request = MaterializeRequest::new().instance(&self.instance).no_wait();
        let answer = code(materialize(&self.project, request));
        self.told.lock().expect("no panic").push(answer);
        LocalExecutor.execute(command, cancel)
    }
}

#[test]
fn without_waiting_a_step_that_another_run_works_on_is_an_error() {
    let folder = Folder::with(COUNTED);
    let instance = TestInstance::new().expect("an instance");
    let asks = Arc::new(Asks {
        project: folder.project(),
        instance: Instance::clone(&instance),
        told: Mutex::default(),
    });
    let project = folder.project().with_executor(Arc::<Asks>::clone(&asks));
    let counts = run(&project, MaterializeRequest::new().instance(&instance));
    assert_eq!(counts.materialized, 1);
    let told = asks.told.lock().expect("no panic").clone();
    assert_eq!(told, [Some("assetctl::engine::held".to_owned())]);
}

#[test]
fn each_request_is_judged_by_its_configuration() {
    let folder = Folder::with(
        "[project]\n[source.raw]\npath = \"raw.txt\"\n[asset.a]\ndeps = \"raw\"\ncommand = \"echo {{config.limit}} | cat {{input}} - > {{output}}\"\noutputs = \"a.txt\"\nconfig = { limit = 1 }\n",
    );
    folder.write("raw.txt", "raw\n");
    folder.write("other.txt", "other\n");
    let project = folder.project();
    let instance = project.instance();
    let request = || MaterializeRequest::new().instance(&instance);
    assert_eq!(run(&project, request()).materialized, 1);
    let with = request()
        .config("[asset.a.config]\nlimit = 2\n")
        .set("a.limit", "3")
        .input("raw", "other.txt");
    assert_eq!(run(&project, with).materialized, 1);
    let text = std::fs::read_to_string(folder.root().join("a.txt")).expect("it was made");
    assert_eq!(text, "other\n3\n");
    let fresh = |request: StatusRequest| {
        let request = request.instance(&instance);
        status(&project, request).expect("a status").summary.fresh
    };
    assert_eq!(fresh(StatusRequest::new()), 0);
    let same = StatusRequest::new()
        .set("a.limit", "3")
        .input("raw", "other.txt");
    assert_eq!(fresh(same), 1);
    let plan_of = PlanRequest::new().instance(&instance).set("a.limit", "3");
    let planned = plan(&project, plan_of).expect("a plan");
    assert_eq!(planned.counts.run, 1);
    let wrong = check(&project, CheckRequest::new().set("a.limit", "x"));
    assert_eq!(
        code(wrong).as_deref(),
        Some("assetctl::manifest::config_value")
    );
    // In memory the same words count.
    let in_memory = MaterializeRequest::new()
        .set("a.limit", "4")
        .input("raw", "other.txt");
    let made = materialize_to_memory(&project, in_memory).expect("it runs");
    let made = made.output("a", None, None).expect("made");
    assert_eq!(&*made.bytes().expect("a file"), b"other\n4\n");
}

#[test]
fn a_job_gives_its_configuration_and_its_selection() {
    let folder = Folder::with(
        "[asset.a]\ncommand = \"echo {{config.limit}} > {{output}}\"\noutputs = \"a.txt\"\nconfig = { limit = 1 }\n\
         [asset.b]\ncommand = \"echo > {{output}}\"\noutputs = \"b.txt\"\n\
         [job.j]\nselection = \"a\"\nparams = { limit = { type = \"integer\", default = 7 } }\nconfig.a.limit = \"{{param.limit}}\"\n",
    );
    let project = folder.project();
    let instance = project.instance();
    let request = || MaterializeRequest::new().instance(&instance).job("j");
    assert_eq!(run(&project, request()).materialized, 1);
    let text = || std::fs::read_to_string(folder.root().join("a.txt")).expect("it was made");
    assert_eq!(text(), "7\n");
    assert_eq!(run(&project, request().set("limit", "8")).materialized, 1);
    assert_eq!(text(), "8\n");
    let unknown = check(&project, CheckRequest::new().job("k"));
    assert_eq!(code(unknown).as_deref(), Some("assetctl::app::unknown_job"));
    let invalid = check(&project, CheckRequest::new().job("k k"));
    assert_eq!(code(invalid).as_deref(), Some("assetctl::app::unknown_job"));
}
