//! The values of a run, and why some are not there.

use assetctl::{
    MaterializeRequest, OutputError, RunResult, TestInstance, materialize, materialize_to_memory,
};

use crate::project::Folder;

fn code(result: &RunResult, named: (&str, Option<&str>, Option<&str>)) -> String {
    let error = result
        .output(named.0, named.1, named.2)
        .expect_err("an error");
    assetctl::Error::from(error).code().expect("each has one")
}

#[test]
fn an_unknown_name_is_a_typed_error_in_memory_and_on_disk() {
    let folder = Folder::days();
    let project = folder.project();
    let request = || MaterializeRequest::new().select("+summary");
    let results = [
        materialize_to_memory(&project, request()).expect("it runs"),
        materialize(&project, request()).expect("it runs"),
    ];
    let day = Some("2024-01-01");
    for result in results {
        let table = [
            (("sortd", day, None), "unknown_asset"),
            (("sorted", None, None), "key_needed"),
            (("sorted", Some("2024-01-03"), None), "unknown_key"),
            (("sorted", day, Some("x")), "unknown_output"),
            (("all", day, None), "not_partitioned"),
            (("summary", None, None), "output_needed"),
            (("summary", None, Some("middle")), "unknown_output"),
            (("raw", day, None), "read_from_its_place"),
        ];
        for (named, kind) in table {
            assert_eq!(
                code(&result, named),
                format!("assetctl::api::{kind}"),
                "{named:?}"
            );
        }
        let first = result.output("summary", None, Some("first")).expect("made");
        assert_eq!(&*first.bytes().expect("a file"), b"a\n");
        let similar = result.output("sortd", None, None).expect_err("a typo");
        let OutputError::UnknownAsset { help, .. } = similar else {
            panic!("it is unknown")
        };
        assert_eq!(help, "did you mean `sorted`?");
    }
}

#[test]
fn a_source_has_no_stored_value_but_is_read_from_its_place() {
    let folder = Folder::days();
    let project = folder.project();
    let on_disk = materialize(&project, MaterializeRequest::new()).expect("it runs");
    let in_memory = materialize_to_memory(&project, MaterializeRequest::new().test_sources());
    let in_memory = in_memory.expect("it runs");
    let place = |result: &RunResult, key: Option<&str>| match result.output("raw", key, None) {
        Err(OutputError::ReadFromItsPlace { asset, place }) if asset.as_str() == "raw" => place,
        other => panic!("{other:?}"),
    };
    assert_eq!(place(&on_disk, Some("2024-01-02")), "raw/2024-01-02.txt");
    assert_eq!(place(&on_disk, None), "raw/{{partition}}.txt");
    assert_eq!(
        place(&in_memory, Some("2024-01-02")),
        "fixtures/2024-01-02.txt"
    );
}

#[test]
fn on_disk_fresh_outputs_are_found_too_and_only_those_of_the_run() {
    let folder = Folder::days();
    let project = folder.project();
    let instance = TestInstance::new().expect("an instance");
    let run = |request: MaterializeRequest<'_>| {
        materialize(&project, request.instance(&instance)).expect("it runs")
    };
    let first = run(MaterializeRequest::new().select("sorted"));
    let again = run(MaterializeRequest::new().select("sorted"));
    assert_eq!((again.counts().fresh, again.run_id()), (2, None));
    let value = |result: &RunResult| result.output("sorted", Some("2024-01-02"), None);
    let (made, fresh) = (value(&first).expect("made"), value(&again).expect("fresh"));
    let path = project.root().join("build/days/2024-01-02.txt");
    assert_eq!((made.path(), fresh.path()), (Some(&*path), Some(&*path)));
    assert_eq!((made.version(), made.size()), (fresh.version(), 4));
    assert_eq!(&*fresh.bytes().expect("a file"), b"c\nd\n");
    assert_eq!(code(&again, ("all", None, None)), "assetctl::api::not_made");
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(fresh.bytes(), Err(OutputError::Unreadable { .. })));
}

#[test]
fn a_forced_step_that_fails_leaves_no_value_of_an_earlier_run() {
    let folder = Folder::with(
        "[project]\n[asset.a]\ncommand = \"test ! -e stop && echo 1 > {{output}}\"\noutputs = \"a.txt\"\n",
    );
    let project = folder.project();
    let instance = TestInstance::new().expect("an instance");
    let request = || MaterializeRequest::new().instance(&instance);
    materialize(&project, request()).expect("it runs");
    folder.write("stop", "");
    let forced = request().force(assetctl::Force::Selected);
    let forced = forced.raise_on_error(assetctl::RaiseOnError::No);
    let result = materialize(&project, forced).expect("returned");
    assert_eq!(code(&result, ("a", None, None)), "assetctl::api::not_made");
}

#[test]
fn a_directory_has_no_bytes_and_can_be_copied() {
    let folder = Folder::with(
        "[project]\n[asset.d]\ncommand = \"mkdir -p {{output}}/in && echo 1 > {{output}}/in/f\"\noutputs = \"d/\"\n",
    );
    let project = folder.project();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let results = [
        materialize_to_memory(&project, MaterializeRequest::new()).expect("it runs"),
        materialize(&project, MaterializeRequest::new()).expect("it runs"),
    ];
    for (number, result) in results.iter().enumerate() {
        let value = result.output("d", None, None).expect("made");
        assert!(matches!(value.bytes(), Err(OutputError::Directory { .. })));
        assert_eq!(value.size(), 2);
        let to = elsewhere.path().join(format!("{number}/copy"));
        value.write_to(&to).expect("copied");
        assert_eq!(std::fs::read(to.join("in/f")).expect("there"), b"1\n");
    }
}
