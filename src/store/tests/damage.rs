//! Whatever bytes the file holds, the answer is typed.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::model::{Name, PartitionKeys, PartitionSet, RunDetails};
use crate::store::error::InstanceNotice;
use crate::store::file::beside;
use crate::store::tests::samples::{
    asset, begin, days, names, open, opened, run_id, success, time,
};
use crate::store::{Access, AssetPartition, Opened, Store, StoreError, Wanted};
use crate::testkit;

/// A closed instance of some tens of pages, as bytes.
fn sound() -> Vec<u8> {
    let home = tempfile::tempdir().expect("a folder");
    fill(home.path());
    fs::read(home.path().join("instance.db")).expect("there")
}

fn fill(home: &Path) {
    let mut store = open(home, Access::Write);
    let _begun = begin(&mut store, run_id(1));
    let mut batch = Vec::new();
    for (name, keys) in [("days", days(90)), ("names", names(&["eu", "us"]))] {
        for index in keys.range() {
            let at = AssetPartition::at(&asset(name), &keys, index);
            batch.push(success(run_id(1), &at, index.into()));
        }
    }
    store.record(&batch).expect("recorded");
    let added: Vec<_> = (0..40)
        .map(|number| testkit::key(&format!("upload{number}")))
        .collect();
    store
        .add_dynamic_keys(&definition(), &added)
        .expect("added");
}

fn definition() -> Name {
    testkit::name("uploads")
}

fn home_with(bytes: &[u8]) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("instance.db");
    fs::write(&path, bytes).expect("written");
    (home, path)
}

/// Reads and writes everything; any error must be typed as damage.
fn exercise(store: &mut Store) -> Result<(), StoreError> {
    let (keys, two) = (days(90), names(&["eu", "us"]));
    let (first, second) = (asset("days"), asset("names"));
    let (all, both) = (
        PartitionSet::from_range(0..90),
        PartitionSet::from_range(0..2),
    );
    let wanted = [
        Wanted {
            asset: &first,
            keys: &keys,
            set: &all,
            first: 0,
        },
        Wanted {
            asset: &second,
            keys: &two,
            set: &both,
            first: 90,
        },
    ];
    store.currents(&wanted, 92)?;
    store.history(&first, None, 1000)?;
    store.last_durations(&[&second])?;
    store.runs(10)?;
    store.events(run_id(1))?;
    store.observations(&first)?;
    store.dynamic_keys(&definition())?;
    store.changes_since(&store.change_state()?)?;
    Ok(())
}

fn exercise_writing(store: &mut Store) -> Result<(), StoreError> {
    let before = store.change_state()?;
    let begun = store.begin_run(&crate::store::NewRun {
        id: run_id(2),
        selection: String::new(),
        partitions: String::new(),
        manifest: crate::store::tests::samples::digest(1),
        time: time(1),
        pid: None,
        details: RunDetails::default(),
        steps: Vec::new(),
        events: Vec::new(),
    })?;
    let at = AssetPartition::at(&asset("new"), &PartitionKeys::Unpartitioned, 0);
    store.lease(run_id(2), std::slice::from_ref(&at), time(1))?;
    store.record(&[success(begun.guard.run(), &at, 1)])?;
    let key = testkit::key("new");
    store.add_dynamic_keys(&definition(), std::slice::from_ref(&key))?;
    store.remove_dynamic_keys(&definition(), &[key])?;
    store.changes_since(&before)?;
    Ok(())
}

fn assert_damage(result: Result<(), StoreError>, what: &str) {
    if let Err(error) = result {
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{what}: {error:?}"
        );
    }
}

/// Opens damaged bytes both ways, uses them, and opens anew where use has found the damage.
fn check(bytes: &[u8], what: &str) {
    let (home, path) = home_with(bytes);
    match opened(home.path(), Access::Read) {
        Ok(Opened { mut store, notices }) => {
            assert!(
                matches!(notices[..], [] | [InstanceNotice::IgnoredDamage { .. }]),
                "{what}: {notices:?}"
            );
            assert_damage(exercise(&mut store), what);
        }
        Err(error) => assert!(
            matches!(error, StoreError::Newer { .. }),
            "{what}: {error:?}"
        ),
    }
    let Opened { mut store, notices } = match opened(home.path(), Access::Write) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(
                matches!(error, StoreError::Newer { .. }),
                "{what}: {error:?}"
            );
            return;
        }
    };
    match &notices[..] {
        [] => {}
        [InstanceNotice::SetAside { moved_to, .. }] => {
            assert_eq!(
                fs::read(moved_to).expect("there"),
                bytes,
                "{what}: kept as it was"
            );
            exercise(&mut store).expect("a new instance");
        }
        other => panic!("{what}: {other:?}"),
    }
    let used = exercise(&mut store).and_then(|()| exercise_writing(&mut store));
    match used {
        Ok(()) => {}
        Err(StoreError::Replaced { .. }) => {
            let closed = exercise_writing(&mut store).expect_err("it takes no more");
            assert!(
                matches!(closed, StoreError::ReplacedByAnother { .. }),
                "{what}: {closed:?}"
            );
            let mut anew = open(home.path(), Access::Write);
            exercise(&mut anew).expect("a new instance");
            exercise_writing(&mut anew).expect("a new instance");
        }
        Err(error) => panic!("{what}: {error:?}"),
    }
    assert!(path.exists());
}

#[test]
fn truncated_anywhere() {
    let bytes = sound();
    let near_pages = (0..bytes.len())
        .step_by(4096)
        .flat_map(|page| [page, page + 1, page + 4095]);
    let header = [0, 1, 15, 16, 59, 60, 64, 99, 100, 107, 108];
    for at in near_pages.chain(header).filter(|at| *at < bytes.len()) {
        check(&bytes[..at], &format!("truncated at {at}"));
    }
}

#[test]
fn flipped_anywhere() {
    let bytes = sound();
    let header = 0..108;
    let rest = (108..bytes.len()).step_by(509);
    for at in header.chain(rest) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0xff;
        check(&flipped, &format!("flipped at {at}"));
    }
}

#[test]
fn something_else_altogether() {
    let text = "not a database ".repeat(1000);
    for (bytes, what) in [
        (text.as_bytes(), "text"),
        (&[0; 8192][..], "zeros"),
        (b"".as_slice(), "nothing"),
    ] {
        check(bytes, what);
        let (home, _path) = home_with(bytes);
        let read = opened(home.path(), Access::Read).expect("empty");
        assert!(
            matches!(read.notices[..], [InstanceNotice::IgnoredDamage { .. }]),
            "{what}"
        );
        let written = opened(home.path(), Access::Write).expect("new");
        assert!(
            matches!(written.notices[..], [InstanceNotice::SetAside { .. }]),
            "{what}"
        );
        drop(written);
        open(home.path(), Access::Write);
    }
}

#[test]
fn damaged_twice_is_kept_twice_with_its_log() {
    let (home, path) = home_with(b"one");
    fs::write(beside(&path, "-wal"), "log").expect("written");
    drop(opened(home.path(), Access::Write).expect("new"));
    fs::write(&path, "two").expect("written");
    drop(opened(home.path(), Access::Write).expect("new"));
    for (name, content) in [("1", "one"), ("1-wal", "log"), ("2", "two")] {
        let kept = fs::read_to_string(beside(&path, &format!(".damaged-{name}")));
        assert_eq!(kept.expect("kept"), content);
    }
}

#[test]
fn a_log_without_its_file_is_not_taken_for_that_of_a_new_one() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = open(home.path(), Access::Write);
    let _begun = begin(&mut store, run_id(1));
    let path = home.path().join("instance.db");
    let log = fs::read(beside(&path, "-wal")).expect("a log");
    drop(store);
    fs::remove_file(&path).expect("removed");
    fs::write(beside(&path, "-wal"), log).expect("written");
    let store = open(home.path(), Access::Write);
    assert_eq!(store.runs(9).expect("readable"), []);
}

#[test]
fn a_process_killed_inside_a_transaction_leaves_what_was_committed() {
    let home = tempfile::tempdir().expect("a folder");
    fill(home.path());
    let path = home.path().join("instance.db");
    let mut store = open(home.path(), Access::Write);
    // Small enough a cache that pages of the open transaction are already in the log.
    store
        .connection
        .pragma_update(None, "cache_size", 2)
        .expect("set");
    let at = AssetPartition::at(&asset("a"), &PartitionKeys::Unpartitioned, 0);
    store
        .record(&[success(run_id(1), &at, 1)])
        .expect("recorded");
    let (copy, copied) = home_with(b"");
    store
        .write(|writing| {
            for number in 0..2000 {
                let name = asset(&format!("more{number}"));
                writing.interned.asset(writing.connection, &name)?;
            }
            for suffix in ["", "-wal"] {
                fs::copy(beside(&path, suffix), beside(&copied, suffix))?;
            }
            Ok(())
        })
        .expect("written");
    let store = open(copy.path(), Access::Write);
    let uncommitted: i64 = store
        .connection
        .query_row(
            "SELECT count(*) FROM asset WHERE key LIKE 'more%'",
            [],
            |row| row.get(0),
        )
        .expect("readable");
    assert_eq!(uncommitted, 0);
    assert_eq!(
        store.history(&asset("a"), None, 9).expect("readable").len(),
        1
    );
    assert_eq!(
        store
            .history(&asset("days"), None, 999)
            .expect("readable")
            .len(),
        90
    );
}

/// The root page of each table and index, by name.
fn roots(home: &Path) -> Vec<(String, usize)> {
    let store = open(home, Access::Read);
    let sql = "SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage";
    let mut statement = store.connection.prepare(sql).expect("readable");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)? as usize)));
    rows.expect("readable").map(Result::unwrap).collect()
}

#[test]
fn what_is_not_damaged_is_carried_over() {
    let home = tempfile::tempdir().expect("a folder");
    fill(home.path());
    let bytes = fs::read(home.path().join("instance.db")).expect("there");
    for (table, page) in roots(home.path()) {
        let mut damaged = bytes.clone();
        damaged[(page - 1) * 4096] = 0xff;
        let (home, _path) = home_with(&damaged);
        let mut store = opened(home.path(), Access::Write).expect("opened").store;
        for _ in 0..2 {
            let used = exercise(&mut store).and_then(|()| exercise_writing(&mut store));
            drop(store);
            store = open(home.path(), Access::Write);
            assert!(
                matches!(used, Ok(()) | Err(StoreError::Replaced { .. })),
                "{table}: {used:?}"
            );
        }
        exercise(&mut store).expect("a new instance");
        let found = store.dynamic_keys(&definition()).expect("readable");
        let is_of_keys = table.contains("dynamic_key");
        assert!(found.len() == 40 || is_of_keys, "{table}: {}", found.len());
        let history = store.history(&asset("days"), None, 1000).expect("readable");
        let is_of_history = matches!(table.as_str(), "asset" | "run" | "materialization");
        assert!(
            history.len() == 90 || is_of_history,
            "{table}: {}",
            history.len()
        );
    }
}

#[test]
fn a_table_that_is_declared_otherwise_is_damage() {
    let home = tempfile::tempdir().expect("a folder");
    fill(home.path());
    let path = home.path().join("instance.db");
    let mut bytes = fs::read(&path).expect("there");
    let name = b"duration_ms INTEGER";
    // Also where a table was declared that is gone by now.
    while let Some(at) = bytes.windows(name.len()).position(|it| it == name) {
        bytes[at] = b'D';
    }
    fs::write(&path, bytes).expect("written");
    let Opened { store, notices } = opened(home.path(), Access::Write).expect("opened");
    assert!(
        matches!(notices[..], [InstanceNotice::SetAside { .. }]),
        "{notices:?}"
    );
    let history = store.history(&asset("days"), None, 1000).expect("readable");
    assert_eq!(history.len(), 90, "its rows are those that they were");
}

#[test]
fn only_the_file_that_was_found_damaged_is_moved_aside() {
    let home = tempfile::tempdir().expect("a folder");
    let (one, two) = (
        open(home.path(), Access::Write),
        open(home.path(), Access::Write),
    );
    let first = one.open_anew(Access::Write, "a test").expect("opened");
    assert!(matches!(
        first.notices[..],
        [InstanceNotice::SetAside { .. }]
    ));
    let second = two.open_anew(Access::Write, "a test").expect("opened");
    assert_eq!(second.notices, [], "the first has replaced it already");
    let read = second
        .store
        .open_anew(Access::Read, "a test")
        .expect("empty");
    assert!(matches!(
        read.notices[..],
        [InstanceNotice::IgnoredDamage { .. }]
    ));
}
