//! Instances: ephemeral ones, those of tests, and many threads on one and on several.

use std::fs;
use std::thread;

use assetctl::{
    Instance, MaterializeRequest, RunResult, StatusRequest, TestInstance, materialize,
    materialize_to_memory, status,
};

use crate::project::Folder;

#[test]
fn a_run_without_an_instance_uses_an_ephemeral_one() {
    let folder = Folder::days();
    let project = folder.project();
    let own = project.instance().path().join("instance.db");
    let run = || materialize(&project, MaterializeRequest::new()).expect("it runs");
    assert_eq!(run().counts().materialized, 4);
    assert!(!own.exists());
    fs::remove_file(project.root().join("Assets.lock")).expect("it was written");
    assert_eq!(run().counts().materialized, 4, "nothing is known");
    assert!(!own.exists());

    let with_own = MaterializeRequest::new().instance(&project.instance());
    materialize(&project, with_own).expect("it runs");
    let before = fs::read(&own).expect("it is there");
    folder.write("raw/2024-01-01.txt", "e\n");
    assert!(run().counts().materialized > 0);
    assert_eq!(fs::read(&own).expect("it is there"), before);
}

#[test]
fn an_ephemeral_instance_is_shared_by_runs_and_gone_with_the_last_clone() {
    let folder = Folder::days();
    let project = folder.project();
    let instance = Instance::ephemeral().expect("an instance");
    let place = instance.path().to_owned();
    let clone = instance.clone();
    let run = |instance: &Instance| {
        materialize(&project, MaterializeRequest::new().instance(instance)).expect("it runs")
    };
    assert_eq!(run(&instance).counts().materialized, 4);
    drop(instance);
    assert_eq!(run(&clone).counts().fresh, 4);
    drop(clone);
    assert!(!place.exists());
}

#[test]
fn the_instance_of_a_test_is_removed_or_kept() {
    let folder = Folder::days();
    let project = folder.project();
    let kept = tempfile::tempdir().expect("a folder");
    let (gone, home) = (
        TestInstance::new(),
        TestInstance::in_dir(kept.path().join("home")),
    );
    let (gone, home) = (gone.expect("an instance"), home.expect("an instance"));
    let places = [gone.path().to_owned(), home.path().to_owned()];
    for instance in [&gone, &home] {
        materialize(&project, MaterializeRequest::new().instance(instance)).expect("it runs");
    }
    drop((gone, home));
    assert_eq!(
        places.map(|it| it.join("instance.db").exists()),
        [false, true]
    );
    let again = Instance::open(kept.path().join("home")).expect("it is there");
    let request = StatusRequest::new().instance(&again);
    assert_eq!(
        status(&project, request).expect("a status").summary.fresh,
        4
    );
}

/// What each of several threads gets that begin together.
fn together(work: impl Fn(usize) -> RunResult + Sync) -> Vec<RunResult> {
    let barrier = std::sync::Barrier::new(6);
    thread::scope(|scope| {
        let started: Vec<_> = (0..6)
            .map(|number| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(number)
                })
            })
            .collect();
        let ended = started
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        ended.collect()
    })
}

#[test]
fn many_threads_on_one_instance_run_each_step_once() {
    let folder = Folder::days();
    let project = folder.project();
    for instance in [
        project.instance(),
        Instance::ephemeral().expect("an instance"),
    ] {
        drop(fs::remove_dir_all(project.root().join("build")));
        drop(fs::remove_file(project.root().join("Assets.lock")));
        let results = together(|_| {
            let request = MaterializeRequest::new().instance(&instance).jobs(2);
            materialize(&project, request).expect("it runs")
        });
        let ran: u32 = results.iter().map(|it| it.counts().materialized).sum();
        assert_eq!(ran, 4);
        for result in &results {
            let all = result.output("all", None, None).expect("it is fresh");
            assert_eq!(&*all.bytes().expect("a file"), b"a\nb\nc\nd\n");
        }
    }
}

#[test]
fn many_threads_on_several_instances_do_not_disturb_each_other() {
    let folder = Folder::days();
    let project = folder.project();
    let results = together(|number| {
        let request = MaterializeRequest::new();
        if number % 2 == 0 {
            materialize_to_memory(&project, request).expect("it runs")
        } else {
            let instance = TestInstance::new().expect("an instance");
            let forced = request.instance(&instance).force(assetctl::Force::Selected);
            materialize(&project, forced).expect("it runs")
        }
    });
    for result in &results {
        assert_eq!(result.counts().materialized + result.counts().unchanged, 4);
        let all = result.output("all", None, None).expect("made");
        assert_eq!(&*all.bytes().expect("a file"), b"a\nb\nc\nd\n");
    }
    let ids: std::collections::HashSet<_> = results.iter().map(RunResult::run_id).collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn twice_in_one_process() {
    let folder = Folder::days();
    let project = folder.project();
    let run = || {
        let result = materialize_to_memory(&project, MaterializeRequest::new()).expect("it runs");
        let all = result.output("all", None, None).expect("made");
        (all.version(), result.run_id())
    };
    let ((one, first), (other, second)) = (run(), run());
    assert_eq!(one, other);
    assert_ne!(first, second);
}
