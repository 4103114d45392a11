//! What is wrong is typed, and says what to do.

use assetctl::{
    CheckRequest, Error, MaterializeRequest, PlanRequest, Project, RaiseOnError, StatusRequest,
    check, materialize, materialize_to_memory, plan, status,
};

use crate::project::Folder;

#[test]
fn an_upstream_that_is_neither_declared_nor_supplied_is_an_error_naming_both() {
    let folder = Folder::with(
        "[project]\n[asset.report]\ndeps = \"orders\"\ncommand = \"cat {{input}} > {{output}}\"\noutputs = \"r.txt\"\n",
    );
    let error = Project::load(folder.root()).expect_err("`orders` is declared nowhere");
    let text = format!("{error:?}");
    assert!(text.contains("orders") && text.contains("report"), "{text}");
    assert_eq!(
        error.code().as_deref(),
        Some("assetctl::manifest::unknown_dep")
    );

    folder.write(
        "Assets.toml",
        "[project]\n[asset.orders]\noutputs = \"o.txt\"\n[asset.report]\ndeps = \"orders\"\ncommand = \"cat {{input}} > {{output}}\"\noutputs = \"r.txt\"\n",
    );
    let project = folder.project();
    let run = materialize_to_memory(&project, MaterializeRequest::new());
    let error = run.expect_err("`orders` is not supplied");
    assert_eq!(
        error.to_string(),
        "`report` reads `orders`, which this run does not make, and o.txt does not exist"
    );
    assert_eq!(
        error.code().as_deref(),
        Some("assetctl::engine::unsupplied_upstream")
    );

    folder.write("given.txt", "3\n");
    let request = MaterializeRequest::new().input("orders", "given.txt");
    let result = materialize_to_memory(&project, request).expect("it is supplied");
    let report = result.output("report", None, None).expect("made");
    assert_eq!(&*report.bytes().expect("a file"), b"3\n");
}

#[test]
fn an_error_is_raised_or_returned_as_the_request_says() {
    let folder = Folder::with(
        "[project]\n[asset.bad]\ncommand = \"echo no >&2; exit 3 > {{output}}\"\noutputs = \"bad.txt\"\n[asset.after]\ndeps = \"bad\"\ncommand = \"cp {{input}} {{output}}\"\noutputs = \"after.txt\"\n",
    );
    let project = folder.project();
    for in_memory in [true, false] {
        let run = |raise| {
            let request = MaterializeRequest::new().raise_on_error(raise);
            if in_memory {
                materialize_to_memory(&project, request)
            } else {
                materialize(&project, request)
            }
        };
        let error = run(RaiseOnError::Yes).expect_err("a step failed");
        assert_eq!(error.code().as_deref(), Some("assetctl::api::run_failed"));
        assert_eq!(
            error.to_string(),
            "the run has failed, with 1 failed and 1 blocked: bad: exit code 3"
        );
        let Error::RunFailed(raised) = error else {
            panic!("the error holds the result")
        };
        let returned = run(RaiseOnError::No).expect("it is no error");
        for result in [*raised, returned] {
            assert!(!result.success());
            assert_eq!((result.counts().failed, result.counts().blocked), (1, 1));
            let failed = result.failed_steps();
            assert_eq!(failed.len(), 1);
            assert_eq!(failed[0].step.to_string(), "bad");
            assert_eq!(failed[0].failure.exit, Some(3));
            assert_eq!(failed[0].failure.tail, ["no"]);
            let error = result
                .output("after", None, None)
                .expect_err("it was blocked");
            assert!(error.to_string().contains("`after`") || error.to_string().contains("after"));
        }
    }
}

#[test]
fn words_are_read_when_the_call_is_made() {
    let folder = Folder::days();
    let project = folder.project();
    let request = MaterializeRequest::new;
    let table = [
        (request().select("sorted and"), "assetctl::select::syntax"),
        (request().select("sortd"), "assetctl::app::unknown_asset"),
        (
            request().partition("2024-01-09"),
            "assetctl::app::unknown_key",
        ),
        (request().partition(""), "assetctl::app::invalid_key"),
        (
            request().partition_range("2024-01-01"),
            "assetctl::app::invalid_key",
        ),
        (
            request().partition("").partition_range("x"),
            "assetctl::app::invalid_key",
        ),
        (request().jobs(0), "assetctl::api::zero"),
        (request().max_failures(0), "assetctl::api::zero"),
        (
            request().steps("sorted@2025-01-01"),
            "assetctl::app::no_step",
        ),
    ];
    for (request, code) in table {
        let told = format!("{request:?}");
        let error = materialize(&project, request).expect_err(&told);
        assert_eq!(error.code().as_deref(), Some(code), "{told}: {error}");
    }
    let planned = plan(&project, PlanRequest::new().partition("")).expect_err("no key");
    let looked = status(&project, StatusRequest::new().partition("")).expect_err("no key");
    let checked = check(&project, CheckRequest::new().partition("")).expect_err("no key");
    for error in [planned, looked, checked] {
        assert_eq!(error.code().as_deref(), Some("assetctl::app::invalid_key"));
    }
    let zero = check(&project, CheckRequest::new().rebuild(0, 0)).expect_err("none");
    assert_eq!(zero.code().as_deref(), Some("assetctl::api::zero"));
    assert!(!folder.root().join("build").exists());
}

#[test]
fn all_that_is_wrong_with_the_declarations_is_told_at_once() {
    let folder = Folder::with("[project]\n[asset.a]\ndeps = \"x\"\n[asset.b]\ndeps = \"y\"\n");
    let Err(Error::App(error)) = Project::load(folder.root()) else {
        panic!("much is wrong")
    };
    let text = format!("{error:?}");
    assert!(text.contains('x') && text.contains('y'), "{text}");
}
