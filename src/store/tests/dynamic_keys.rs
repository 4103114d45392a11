//! The keys of dynamic definitions, beside runs and other processes.

use std::thread;

use crate::model::{PartitionKey, PartitionKeys};
use crate::store::tests::samples::{asset, begin, open, run_id, success};
use crate::store::{Access, AssetPartition, Mark, Store, StoreError};
use crate::testkit::{self, name};

fn keys(texts: &[&str]) -> Vec<PartitionKey> {
    let key = |text: &&str| testkit::key(text);
    texts.iter().map(key).collect()
}

#[test]
fn keys_stand_in_order_of_addition_and_are_added_once() {
    enum Change {
        Add,
        Remove,
    }
    let mut store = Store::ephemeral().expect("memory");
    let uploads = name("uploads");
    for (change, given, changed, then) in [
        (
            Change::Add,
            &["b", "a"][..],
            &["b", "a"][..],
            &["b", "a"][..],
        ),
        (Change::Add, &[], &[], &["b", "a"]),
        (Change::Add, &["c", "a", "c"], &["c"], &["b", "a", "c"]),
        (Change::Remove, &["b", "x", "b"], &["b"], &["a", "c"]),
        (Change::Add, &["b"], &["b"], &["a", "c", "b"]),
        (Change::Remove, &["b", "c"], &["b", "c"], &["a"]),
        (Change::Add, &["c"], &["c"], &["a", "c"]),
    ] {
        let given = keys(given);
        let result = match change {
            Change::Add => store.add_dynamic_keys(&uploads, &given),
            Change::Remove => store.remove_dynamic_keys(&uploads, &given),
        };
        assert_eq!(result.expect("written"), keys(changed));
        assert_eq!(store.dynamic_keys(&uploads).expect("readable"), keys(then));
    }
    let others = name("others");
    assert_eq!(store.dynamic_keys(&others).expect("readable"), []);
    assert_eq!(
        store
            .add_dynamic_keys(&others, &keys(&["a"]))
            .expect("written"),
        keys(&["a"]),
        "each definition has its own"
    );
}

#[test]
fn of_many_that_add_the_same_key_one_has_added_it() {
    let home = tempfile::tempdir().expect("a folder");
    let (uploads, threads, each) = (name("uploads"), 4, 25);
    // A run that records all the while, as the one from which a command adds keys.
    let mut run = open(home.path(), Access::Write);
    let _begun = begin(&mut run, run_id(1));
    let at = AssetPartition::at(&asset("a"), &PartitionKeys::Unpartitioned, 0);
    let add = || {
        let mut added = Vec::new();
        for number in 0..each {
            let mut store = open(home.path(), Access::Write);
            let key = keys(&[&format!("key{number}")]);
            added.extend(store.add_dynamic_keys(&uploads, &key).expect("waited for"));
        }
        added
    };
    let mut added = thread::scope(|scope| {
        let adding: Vec<_> = (0..threads).map(|_| scope.spawn(add)).collect();
        for seed in 0..each {
            run.record(&[success(run_id(1), &at, seed)])
                .expect("waited for");
        }
        let added = adding.into_iter().map(|it| it.join().expect("no panic"));
        added.flatten().collect::<Vec<_>>()
    });
    let mut there = run.dynamic_keys(&uploads).expect("readable");
    assert_eq!(there.len() as u64, each);
    added.sort();
    there.sort();
    assert_eq!(added, there, "each was new to one of them");
}

#[test]
fn adding_renews_the_mark() {
    let home = tempfile::tempdir().expect("a folder");
    drop(open(home.path(), Access::Write));
    let mark = Mark::read(home.path());
    let mut store = open(home.path(), Access::Write);
    let opened = Mark::read(home.path());
    store
        .add_dynamic_keys(&name("uploads"), &keys(&["a"]))
        .expect("written");
    drop(store);
    let now = Mark::read(home.path());
    assert!(now.is_some() && now != mark && now != opened);
}

#[test]
fn nobody_vouches_for_what_another_process_has_added() {
    let home = tempfile::tempdir().expect("a folder");
    let add = |store: &mut Store, key: &str| {
        let added = store.add_dynamic_keys(&name("uploads"), &keys(&[key]));
        assert_eq!(added.expect("written").len(), 1);
    };
    let mut run = open(home.path(), Access::Write);
    add(&mut run, "before");
    add(&mut open(home.path(), Access::Write), "meanwhile");
    add(&mut run, "after");
    assert_eq!(run.close(), None);
    let mut alone = open(home.path(), Access::Write);
    add(&mut alone, "alone");
    assert!(alone.close().is_some());
}

#[test]
fn a_key_that_no_definition_may_have_is_damage() {
    let mut store = Store::ephemeral().expect("memory");
    let uploads = name("uploads");
    store
        .write(|writing| {
            writing.execute(
                "INSERT INTO dynamic_key (definition, key) VALUES (?1, ?2)",
                ["uploads", "a\nb"],
            )
        })
        .expect("written");
    let error = store.dynamic_keys(&uploads).expect_err("no key");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn an_instance_for_reading_takes_none() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = open(home.path(), Access::Read);
    let uploads = name("uploads");
    let error = store.add_dynamic_keys(&uploads, &keys(&["a"]));
    assert!(matches!(error, Err(StoreError::OpenedForReading { .. })));
    assert_eq!(store.dynamic_keys(&uploads).expect("empty"), []);
}
