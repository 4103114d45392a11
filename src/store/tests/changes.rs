//! Changes of current state: each verb leaves its own, in order, and a history is not taken for another.

use std::fs;
use std::path::Path;

use crate::answer::RunCounts;
use crate::model::{DataVersion, Observation, PartitionKeys, PartitionSlot, RunStatus};
use crate::store::changes::KEPT;
use crate::store::error::InstanceNotice;
use crate::store::file::{SCHEMA, Schema};
use crate::store::tests::samples::{
    asset, begin, days, digest, failure, names, open, opened, run_id, success, time,
};
use crate::store::{
    Access, Adoption, AssetPartition, ChangeState, Recording, RunEnd, StateChange, Store,
    StoreError,
};
use crate::testkit;

fn at(name: &str) -> AssetPartition {
    AssetPartition::at(&asset(name), &PartitionKeys::Unpartitioned, 0)
}

fn of(at: &AssetPartition) -> StateChange {
    StateChange::Partition(at.step.asset.clone(), at.slot.clone())
}

fn state(store: &Store) -> ChangeState {
    store.change_state().expect("readable")
}

fn since(store: &Store, since: &ChangeState) -> Option<Vec<StateChange>> {
    store.changes_since(since).expect("readable")
}

fn foreign_since(store: &Store, since: &ChangeState) -> Option<Vec<StateChange>> {
    store.foreign_changes_since(since).expect("readable")
}

fn observation(text: &str) -> (PartitionSlot, Observation) {
    let observed = Observation {
        source: asset("feed"),
        partition: None,
        text: text.to_owned(),
        version: DataVersion(digest(text.len() as u64)),
        time: time(1),
    };
    (PartitionSlot::Unpartitioned, observed)
}

fn adoption(name: &str) -> Adoption {
    let Recording::Succeeded(mut success) = success(run_id(1), &at(name), 3) else {
        panic!("a success");
    };
    success.materialization.run = None;
    let (success, judged) = (*success, None);
    Adoption { success, judged }
}

type Write = fn(&mut Store) -> Result<(), StoreError>;

#[test]
fn each_change_of_current_state_has_a_number() {
    let (day, name) = (days(3), names(&["eu", "us"]));
    let day = AssetPartition::at(&asset("days"), &day, 1);
    let name = AssetPartition::at(&asset("names"), &name, 1);
    let mut store = Store::ephemeral().expect("memory");
    let _begun = begin(&mut store, run_id(1));
    let writes: [(&str, Write, Vec<StateChange>); 11] = [
        (
            "materialized",
            |it| {
                it.record(&[
                    success(run_id(1), &at("a"), 1),
                    success(run_id(1), &at("b"), 2),
                ])
            },
            vec![of(&at("a")), of(&at("b"))],
        ),
        (
            "materialized again",
            |it| it.record(&[success(run_id(1), &at("a"), 1)]),
            vec![of(&at("a"))],
        ),
        (
            "of partitions",
            |it| {
                let day = AssetPartition::at(&asset("days"), &days(3), 1);
                let name = AssetPartition::at(&asset("names"), &names(&["eu", "us"]), 1);
                it.record(&[success(run_id(1), &day, 1), failure(run_id(1), &name)])
            },
            vec![of(&day), of(&name)],
        ),
        (
            "failed",
            |it| it.record(&[failure(run_id(1), &at("a"))]),
            vec![of(&at("a"))],
        ),
        (
            "failed, never materialized",
            |it| it.record(&[failure(run_id(1), &at("c"))]),
            vec![of(&at("c"))],
        ),
        (
            "adopted",
            |it| it.adopt(&[adoption("d"), adoption("a")]).map(drop),
            vec![of(&at("d"))],
        ),
        (
            "forgotten",
            |it| it.forget(&[at("a"), at("nothing")]).map(drop),
            vec![of(&at("a"))],
        ),
        (
            "observed",
            |it| it.observe(&[observation("one")]).map(drop),
            vec![of(&at("feed"))],
        ),
        (
            "observed again",
            |it| it.observe(&[observation("three")]).map(drop),
            vec![of(&at("feed"))],
        ),
        (
            "observed without a difference",
            |it| it.observe(&[observation("three")]).map(drop),
            vec![],
        ),
        (
            "leased and given back",
            |it| {
                it.lease(run_id(1), &[at("a")], time(1))?;
                it.release(run_id(1), &[at("a")])
            },
            vec![],
        ),
    ];
    let start = state(&store);
    let mut all = Vec::new();
    for (what, write, expected) in writes {
        let before = state(&store);
        write(&mut store).expect(what);
        assert_eq!(since(&store, &before), Some(expected.clone()), "{what}");
        assert_eq!(foreign_since(&store, &before), Some(vec![]), "{what}");
        all.extend(expected);
    }
    assert_eq!(since(&store, &start), Some(all));
}

#[test]
fn each_change_of_dynamic_keys_has_a_number() {
    let uploads = testkit::name("uploads");
    let key = |name: &str| testkit::key(name);
    let mut store = Store::ephemeral().expect("memory");
    let before = state(&store);
    let added = store.add_dynamic_keys(&uploads, &[key("a"), key("b")]);
    assert_eq!(added.expect("added").len(), 2);
    let changed = StateChange::DynamicKeys(uploads.clone());
    assert_eq!(since(&store, &before), Some(vec![changed.clone(); 2]));
    let before = state(&store);
    let added = store.add_dynamic_keys(&uploads, &[key("a")]);
    assert_eq!(added.expect("known").len(), 0);
    assert_eq!(since(&store, &before), Some(vec![]));
    let removed = store.remove_dynamic_keys(&uploads, &[key("a"), key("x")]);
    assert_eq!(removed.expect("removed").len(), 1);
    assert_eq!(since(&store, &before), Some(vec![changed]));
}

#[test]
fn a_run_that_begins_and_ends_changes_nothing() {
    let mut store = Store::ephemeral().expect("memory");
    let before = state(&store);
    let begun = begin(&mut store, run_id(1));
    let end = RunEnd {
        status: RunStatus::Success,
        counts: RunCounts::default(),
        time: time(2),
        events: Vec::new(),
    };
    store.finish_run(begun.guard, &end).expect("finished");
    assert_eq!(state(&store), before);
}

#[test]
fn a_transaction_that_fails_leaves_no_change() {
    let mut store = Store::ephemeral().expect("memory");
    let _begun = begin(&mut store, run_id(1));
    let before = state(&store);
    let batch = [
        success(run_id(1), &at("a"), 1),
        failure(run_id(9), &at("b")),
    ];
    store.record(&batch).expect_err("no such run");
    assert_eq!(state(&store), before);
}

#[test]
fn changes_of_another_process_are_told_from_own_ones() {
    let home = tempfile::tempdir().expect("a folder");
    let (mut one, mut other) = (
        open(home.path(), Access::Write),
        open(home.path(), Access::Write),
    );
    let _begun = begin(&mut one, run_id(1));
    let before = state(&one);
    assert_eq!(state(&other), before);
    let record = |store: &mut Store, name| store.record(&[success(run_id(1), &at(name), 1)]);
    for (by_one, name) in [
        (true, "a"),
        (true, "b"),
        (false, "c"),
        (true, "d"),
        (false, "e"),
    ] {
        record(if by_one { &mut one } else { &mut other }, name).expect("recorded");
    }
    let changes = |names: &[&str]| -> Vec<_> { names.iter().map(|name| of(&at(name))).collect() };
    let all = changes(&["a", "b", "c", "d", "e"]);
    assert_eq!(since(&one, &before), Some(all.clone()));
    assert_eq!(foreign_since(&one, &before), Some(changes(&["c", "e"])));
    assert_eq!(
        foreign_since(&other, &before),
        Some(changes(&["a", "b", "d"]))
    );
    let reader = open(home.path(), Access::Read);
    assert_eq!(foreign_since(&reader, &before), Some(all));
    assert_eq!(since(&reader, &state(&one)), Some(vec![]));
}

#[test]
fn the_list_is_pruned_and_numbers_go_on() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = open(home.path(), Access::Write);
    let _begun = begin(&mut store, run_id(1));
    let start = state(&store);
    let batch = [
        success(run_id(1), &at("a"), 1),
        success(run_id(1), &at("b"), 2),
    ];
    store.record(&batch).expect("recorded");
    let early = state(&store);
    let many = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {KEPT}) \
         INSERT INTO change (asset_id, partition_id, nonce) SELECT 1, -9223372036854775808, i FROM n"
    );
    store.connection.execute_batch(&many).expect("sound SQL");
    let last = state(&store);
    assert_eq!(
        since(&store, &early).map(|it| it.len()),
        Some(KEPT as usize)
    );
    drop(store);
    let mut store = open(home.path(), Access::Write);
    assert_eq!(state(&store), last, "the newest stays");
    assert_eq!(since(&store, &start), None);
    assert_eq!(since(&store, &early), None);
    let count: i64 = store
        .connection
        .query_row("SELECT count(*) FROM change", [], |row| row.get(0))
        .expect("readable");
    assert_eq!(count, KEPT);
    store.forget(&[at("b")]).expect("forgotten");
    assert_eq!(since(&store, &last), Some(vec![of(&at("b"))]));
}

#[test]
fn an_older_instance_that_is_read_has_no_history() {
    const FIRST: Schema = Schema {
        migrations: &[SCHEMA.migrations[0]],
    };
    let home = tempfile::tempdir().expect("a folder");
    let opened = Store::open_with(home.path(), Access::Write, FIRST);
    drop(opened.expect("a new instance of old"));
    let read = |earlier: Option<&ChangeState>| {
        let store = Store::open(home.path(), Access::Read)
            .expect("readable")
            .store;
        assert_eq!(earlier.and_then(|it| since(&store, it)), None);
        state(&store)
    };
    let once = read(None);
    let again = read(Some(&once));
    let migrated = Store::open(home.path(), Access::Write)
        .expect("migrated")
        .store;
    assert_eq!(since(&migrated, &again), None);
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from.join("instance.db"), to.join("instance.db")).expect("copied");
}

#[test]
fn a_copy_that_is_put_back_has_a_history_of_its_own() {
    let (home, kept) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let record = |names: &[&str]| {
        let mut store = open(home.path(), Access::Write);
        let _begun = begin(&mut store, run_id(names.len() as u128));
        for name in names {
            let recording = success(run_id(names.len() as u128), &at(name), 1);
            store.record(&[recording]).expect("recorded");
        }
        state(&store)
    };
    let empty = state(&open(home.path(), Access::Write));
    let copied = record(&["a"]);
    copy(home.path(), kept.path());
    let later = record(&["b", "c"]);
    copy(kept.path(), home.path());
    let store = open(home.path(), Access::Read);
    assert_eq!(since(&store, &later), None, "it is from the future");
    assert_eq!(since(&store, &copied), Some(vec![]));
    drop(store);
    record(&["d", "e", "f"]);
    let store = open(home.path(), Access::Read);
    assert_eq!(since(&store, &later), None, "its number was given again");
    let changed = ["d", "e", "f"].map(|name| of(&at(name))).to_vec();
    assert_eq!(since(&store, &copied), Some(changed.clone()));
    let all = [vec![of(&at("a"))], changed].concat();
    assert_eq!(since(&store, &empty), Some(all));
}

#[test]
fn another_instance_has_another_history() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("instance.db");
    let nothing = state(&open(home.path(), Access::Read));
    let first = state(&open(home.path(), Access::Write));
    assert_ne!(first, nothing);
    let other_than = |earlier: &ChangeState| {
        let store = opened(home.path(), Access::Write).expect("opened").store;
        assert_eq!(since(&store, earlier), None);
        state(&store)
    };
    let mut store = open(home.path(), Access::Write);
    let _begun = begin(&mut store, run_id(1));
    let recording = success(run_id(1), &at("a"), 1);
    store.record(&[recording]).expect("recorded");
    let recorded = state(&store);
    let aside = store.open_anew(Access::Write, "a page").expect("opened");
    assert!(matches!(
        aside.notices[..],
        [InstanceNotice::SetAside { .. }]
    ));
    let replaced = state(&aside.store);
    drop(aside);
    assert_eq!(other_than(&recorded), replaced);
    assert_eq!(other_than(&first), replaced);
    fs::remove_file(&path).expect("removed");
    assert_ne!(other_than(&replaced), replaced);
}
