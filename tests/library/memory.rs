//! Runs in memory: where memory is forced, what they read, and what they leave alone.

use assetctl::{
    Error, Instance, IoManagerKind, MaterializeRequest, materialize, materialize_to_memory,
};

use crate::project::Folder;

#[test]
fn an_io_manager_where_memory_is_forced_is_an_error_that_says_so() {
    let folder = Folder::days();
    for kind in [IoManagerKind::Memory, IoManagerKind::Filesystem] {
        let request = MaterializeRequest::new().io_manager(kind);
        let error = materialize_to_memory(&folder.project(), request).expect_err("forced");
        assert!(matches!(error, Error::IoManagerInMemory));
        assert_eq!(
            error.to_string(),
            "materialize_to_memory keeps all values in memory, and takes no IO manager"
        );
    }
}

#[test]
fn an_instance_in_memory_and_test_sources_on_disk_are_errors() {
    let folder = Folder::days();
    let project = folder.project();
    let instance = Instance::ephemeral().expect("an instance");
    let both = MaterializeRequest::new().instance(&instance);
    let error = materialize_to_memory(&project, both).expect_err("it records nothing");
    assert_eq!(
        error.code().as_deref(),
        Some("assetctl::api::instance_in_memory")
    );
    let cases = [
        MaterializeRequest::new().test_sources(),
        MaterializeRequest::new().memory_limit(1000),
    ];
    for request in cases {
        let error = materialize(&project, request).expect_err("only in memory");
        assert_eq!(
            error.code().as_deref(),
            Some("assetctl::api::only_in_memory")
        );
    }
    assert!(!folder.root().join("build").exists());
}

#[test]
fn a_run_in_memory_changes_nothing_of_the_project() {
    let folder = Folder::days();
    let project = folder.project();
    let before = folder.tree();
    let result = materialize_to_memory(&project, MaterializeRequest::new()).expect("it runs");
    assert!(result.success());
    let all = result.output("all", None, None).expect("it was made");
    assert_eq!(&*all.bytes().expect("a file"), b"a\nb\nc\nd\n");
    assert_eq!((all.path(), all.size()), (None, 8));
    let request = MaterializeRequest::new().io_manager(IoManagerKind::Memory);
    let same = materialize(&project, request).expect("it runs");
    let version = same
        .output("all", None, None)
        .expect("it was made")
        .version();
    assert_eq!(version, all.version());
    assert_eq!(folder.tree(), before);
}

#[test]
fn test_sources_and_inputs_are_read_in_place_of_what_is_declared() {
    let folder = Folder::days();
    let project = folder.project();
    let all = |request: MaterializeRequest<'_>| {
        let result = materialize_to_memory(&project, request).expect("it runs");
        let value = result.output("all", None, None).expect("it was made");
        String::from_utf8(value.bytes().expect("a file").to_vec()).expect("a text")
    };
    assert_eq!(all(MaterializeRequest::new().test_sources()), "x\ny\nz\n");
    folder.write("other.txt", "o\n");
    assert_eq!(
        all(MaterializeRequest::new()
            .input("raw", "other.txt")
            .test_sources()),
        "o\no\n"
    );
}

#[test]
fn past_the_memory_limit_a_step_fails() {
    let folder = Folder::days();
    let request = MaterializeRequest::new().memory_limit(6);
    let Err(Error::RunFailed(result)) = materialize_to_memory(&folder.project(), request) else {
        panic!("8 bytes do not fit into 6");
    };
    let failed = result.failed_steps();
    assert_eq!(failed[0].failure.code, "assetctl::io_manager::memory_limit");
}

#[test]
fn with_only_what_is_not_selected_is_read_from_disk() {
    let folder = Folder::days();
    let project = folder.project();
    materialize(&project, MaterializeRequest::new().select("sorted")).expect("it runs");
    let request = MaterializeRequest::new().select("all").only();
    let result = materialize_to_memory(&project, request).expect("it runs");
    assert_eq!(result.counts().materialized, 1);
    let all = result.output("all", None, None).expect("it was made");
    assert_eq!(&*all.bytes().expect("a file"), b"a\nb\nc\nd\n");
    assert!(!folder.root().join("build/all.txt").exists());
}
