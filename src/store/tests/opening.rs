//! Opening what is absent, older, newer, locked or not writable.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use crate::answer::{Event, EventKind};
use crate::model::{
    CodeVersion, Current, CurrentMaterialization, CurrentRef, DataVersion, Fingerprint,
    LastAttempt, MaterializationId, PartitionKeys, PartitionSet, Provenance, ResourceUsage,
    RunFilter, RunStatus, RunVerb,
};
use crate::store::error::InstanceNotice;
use crate::store::file::{SCHEMA, Schema, Terms};
use crate::store::open::Reading;
use crate::store::tests::samples::{asset, begin, days, digest, open, run_id, success, time};
use crate::store::{Access, AssetPartition, InstancePlace, Mark, Opened, Store, StoreError};
use crate::sys::inherited::IN_MEMORY;
use crate::testkit;

/// The schema of the first assetctl.
const FIRST: Schema = Schema {
    migrations: &[SCHEMA.migrations[0]],
};

const NEXT: Schema = Schema {
    migrations: &[
        SCHEMA.migrations[0],
        SCHEMA.migrations[1],
        SCHEMA.migrations[2],
        SCHEMA.migrations[3],
        SCHEMA.migrations[4],
        SCHEMA.migrations[5],
        SCHEMA.migrations[6],
        SCHEMA.migrations[7],
        "CREATE TABLE asset_check (id INTEGER PRIMARY KEY) STRICT; ALTER TABLE run ADD COLUMN later INTEGER",
    ],
};

const TERMS: Terms<'static> = Terms {
    schema: SCHEMA,
    key: None,
};

fn untouched_in(home: &Path) -> Result<Opened, StoreError> {
    Store::open_untouched(InstancePlace {
        home,
        temporary: &std::env::temp_dir(),
        key: None,
    })
}

/// An instance with one materialization.
fn filled(home: &Path) {
    let mut store = open(home, Access::Write);
    let _begun = begin(&mut store, run_id(1));
    store
        .record(&[success(run_id(1), &only(), 3)])
        .expect("recorded");
}

fn only() -> AssetPartition {
    AssetPartition::at(&asset("a"), &PartitionKeys::Unpartitioned, 0)
}

fn stored(store: &Store) -> usize {
    let rows = store.current_of(
        &asset("a"),
        &PartitionKeys::Unpartitioned,
        &PartitionSet::single(0),
    );
    rows.expect("readable").iter().flatten().count()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn reading_creates_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let mut store = open(&home, Access::Read);
    assert_eq!(stored(&store), 0);
    let error = store.record(&[success(run_id(1), &only(), 3)]);
    assert!(matches!(error, Err(StoreError::OpenedForReading { .. })));
    assert!(!home.exists());

    filled(&home);
    let before = files(&home);
    let store = open(&home, Access::Read);
    assert_eq!(stored(&store), 1);
    drop(store);
    assert_eq!(files(&home), before);
}

#[test]
fn a_mark_holds_until_somebody_opens_the_instance_for_writing() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let mark = Mark::read(home.path());
    assert!(mark.is_some());
    drop(open(home.path(), Access::Read));
    assert_eq!(Mark::read(home.path()), mark, "reading leaves it");
    let mut store = open(home.path(), Access::Write);
    assert_ne!(
        Mark::read(home.path()),
        mark,
        "opening for writing renews it"
    );
    let opened = Mark::read(home.path());
    store.forget(&[only()]).expect("written");
    assert_eq!(
        Mark::read(home.path()),
        None,
        "a log that is not empty hides it"
    );
    let closed = store.close();
    assert!(closed.is_some() && closed != opened);
    assert_eq!(Mark::read(home.path()), closed);
}

#[test]
fn a_home_is_kept_out_of_version_control_and_closes_to_one_file() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let expected = [
        ".gitignore",
        "CACHEDIR.TAG",
        "instance.db",
        "instance.lock",
        "instance.mark",
        "runs",
    ];
    assert_eq!(files(home.path()), expected);
    let ignore = fs::read_to_string(home.path().join(".gitignore")).expect("there");
    assert_eq!(ignore, "*\n");
    let tag = fs::read_to_string(home.path().join("CACHEDIR.TAG")).expect("there");
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
}

#[test]
fn the_file_alone_is_whole_although_somebody_else_reads() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let reader = open(home.path(), Access::Read);
    assert_eq!(stored(&reader), 1);
    let mut writer = open(home.path(), Access::Write);
    let before = reader.last_change_marker().expect("readable");
    let _begun = begin(&mut writer, run_id(2));
    writer.forget(&[only()]).expect("forgotten");
    drop(writer);
    assert_ne!(reader.last_change_marker().expect("readable"), before);
    let copy = tempfile::tempdir().expect("a folder");
    let file = copy.path().join("instance.db");
    fs::copy(home.path().join("instance.db"), &file).expect("copied");
    assert_eq!(stored(&open(copy.path(), Access::Read)), 0);
}

#[test]
fn an_older_schema_is_migrated_after_a_copy() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let path = home.path().join("instance.db");

    let read = Store::open_with(home.path(), Access::Read, NEXT).expect("readable");
    assert_eq!((stored(&read.store), read.notices), (1, vec![]));
    assert_eq!(
        stored(&open(home.path(), Access::Read)),
        1,
        "reading migrates a copy"
    );

    let Opened { store, notices } =
        Store::open_with(home.path(), Access::Write, NEXT).expect("migrated");
    let (from, to) = (SCHEMA.version(), NEXT.version());
    let copy = home.path().join(format!("instance.db.schema-{from}"));
    assert_eq!(
        notices,
        [InstanceNotice::Migrated {
            from,
            to,
            copy: copy.clone()
        }]
    );
    assert_eq!(stored(&store), 1);
    drop(store);
    let again = Store::open_with(home.path(), Access::Write, NEXT).expect("current");
    assert_eq!(again.notices, []);
    drop(again);

    for access in [Access::Read, Access::Write] {
        let error = Store::open(home.path(), access).expect_err("it is newer now");
        let StoreError::Newer { found, known, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((found, known), (to, from));
    }
    fs::rename(copy, path).expect("put back");
    assert_eq!(stored(&open(home.path(), Access::Write)), 1);
}

/// Two rows of state: one of a materialization with two outputs, then a failure; and one of a failure only.
const WRITTEN_BY_THE_FIRST: &str = "
    INSERT INTO asset (id, key) VALUES (1, 'days');
    INSERT INTO current VALUES
        (1, 1356998400, 1, 7, 1, -5, 1099511627776, x'01000000000000000707070707070707',
         x'02000000000000000707070707070707', x'0300000000000000070707070707070704000000000000000707070707070707'),
        (1, 1357084800, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";

fn first_days(store: &Store) -> Vec<Option<Current>> {
    let states = store.current_of(&asset("days"), &days(3), &PartitionSet::from_range(0..3));
    let states = states.expect("readable");
    states
        .iter()
        .map(|it| it.map(CurrentRef::to_owned))
        .collect()
}

#[test]
fn the_first_schema_is_read_and_brought_to_this_one() {
    let home = tempfile::tempdir().expect("a folder");
    let opened = Store::open_with(home.path(), Access::Write, FIRST);
    let store = opened.expect("a new instance of old").store;
    store
        .connection
        .execute_batch(WRITTEN_BY_THE_FIRST)
        .expect("sound SQL");
    drop(store);
    let uploads = testkit::name("uploads");
    let materialized = CurrentMaterialization {
        provenance: Provenance::Recorded(MaterializationId(7)),
        rule: 1,
        fingerprint: Fingerprint(digest(1)),
        code_version: CodeVersion(digest(2)),
        time: time(-5),
        outputs: vec![DataVersion(digest(3)), DataVersion(digest(4))],
        duration_ms: 1 << 40,
    };
    let state = |materialized, attempt| {
        Some(Current {
            materialized,
            attempt,
        })
    };
    let expected = [
        state(Some(materialized), LastAttempt::Failed),
        state(None, LastAttempt::Failed),
        None,
    ];

    let read = open(home.path(), Access::Read);
    assert_eq!(first_days(&read), expected);
    assert_eq!(read.dynamic_keys(&uploads).expect("readable"), []);
    drop(read);

    let Opened { mut store, notices } = Store::open(home.path(), Access::Write).expect("migrated");
    let copy = home.path().join("instance.db.schema-1");
    let (from, to) = (1, SCHEMA.version());
    assert_eq!(notices, [InstanceNotice::Migrated { from, to, copy }]);
    assert_eq!(first_days(&store), expected);
    let key = [testkit::key("a")];
    assert_eq!(
        store.add_dynamic_keys(&uploads, &key).expect("written"),
        key
    );
    drop(store);
    open(home.path(), Access::Write);
}

/// The last schema that did not store every event.
const FOURTH: Schema = Schema {
    migrations: &[
        SCHEMA.migrations[0],
        SCHEMA.migrations[1],
        SCHEMA.migrations[2],
        SCHEMA.migrations[3],
    ],
};

#[test]
fn runs_recorded_without_all_events_are_read() {
    let home = tempfile::tempdir().expect("a folder");
    let opened = Store::open_with(home.path(), Access::Write, FOURTH);
    let store = opened.expect("a new instance of old").store;
    let recorded = include_str!("../../../fixtures/instances/schema-4.sql");
    store.connection.execute_batch(recorded).expect("sound SQL");
    drop(store);
    let store = Store::open(home.path(), Access::Write)
        .expect("migrated")
        .store;
    let runs = store.runs(usize::MAX).expect("readable");
    assert_eq!(runs.len(), 7);
    let events = runs.iter().rev().flat_map(|run| {
        let events = store.events(run.id).expect("readable");
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
        assert!(events.iter().all(|event| event.run == Some(run.id)));
        events
    });
    let events: Vec<Event> = events.collect();
    let of_type = |word: &str| events.iter().filter(|it| it.kind.word() == word).count();
    assert_eq!((of_type("step_finished"), of_type("step_blocked")), (26, 6));
    assert!(
        !events
            .iter()
            .any(|it| matches!(it.kind, EventKind::Other(_)))
    );
    let mut all = BTreeSet::new();
    for event in &events {
        if let EventKind::StepFinished { causes, .. } = &event.kind {
            all.extend(
                causes
                    .iter()
                    .map(|it| serde_json::to_string(it).expect("JSON")),
            );
        }
        let again = serde_json::to_string(event).expect("JSON");
        let again: Event = serde_json::from_str(&again).expect("an event");
        assert_eq!(again, *event);
    }
    let all: Vec<String> = all.into_iter().collect();
    insta::assert_snapshot!(all.join("\n"));
    let made = store.history(&asset("clean"), None, 100).expect("readable");
    assert_eq!(made.len(), 6);
    assert!(
        made.iter()
            .all(|(_, made)| made.usage == ResourceUsage::default())
    );
    let failed = store.failed_attempts(&asset("broken"), None, 100);
    assert_eq!(failed.expect("readable").len(), 6);
}

/// The last schema whose runs did not say how they were asked for.
const SEVENTH: Schema = Schema {
    migrations: &[
        SCHEMA.migrations[0],
        SCHEMA.migrations[1],
        SCHEMA.migrations[2],
        SCHEMA.migrations[3],
        SCHEMA.migrations[4],
        SCHEMA.migrations[5],
        SCHEMA.migrations[6],
    ],
};

#[test]
fn runs_recorded_without_details_are_read() {
    let home = tempfile::tempdir().expect("a folder");
    let opened = Store::open_with(home.path(), Access::Write, SEVENTH);
    let store = opened.expect("a new instance of old").store;
    let recorded = include_str!("../../../fixtures/instances/schema-7.sql");
    store.connection.execute_batch(recorded).expect("sound SQL");
    drop(store);
    let opened = Store::open(home.path(), Access::Write).expect("migrated");
    let mut store = opened.store;
    let all = store.runs(usize::MAX).expect("readable");
    let verbs: Vec<_> = all.iter().map(|run| run.details.verb).collect();
    let made = RunVerb::Materialize;
    assert_eq!(verbs, [made, made, RunVerb::Accept, made, made]);
    let listed = |statuses: &[RunStatus]| {
        let filter = RunFilter {
            statuses: statuses.to_vec(),
            ..RunFilter::default()
        };
        store.find_runs(&filter).expect("readable")
    };
    assert_eq!(listed(&[]).len(), 4, "accepting is no run");
    let crashed = listed(&[RunStatus::Crashed]);
    assert_eq!((crashed.len(), crashed[0].ended), (1, None));
    assert!(
        store
            .planned_steps(crashed[0].id)
            .expect("readable")
            .is_empty()
    );
    let events = store.events(all[0].id).expect("readable");
    assert!(events.iter().all(|event| event.job.is_none()));
    let id = all[4].id;
    store.delete_runs(&[id]).expect("written");
    assert_eq!(
        store
            .find_runs(&RunFilter::default())
            .expect("readable")
            .len(),
        3
    );
    assert_eq!(
        store.runs_by_prefix(&id.to_string(), 2).expect("readable"),
        []
    );
    assert_eq!(store.events(id).expect("readable"), []);
    let history = store.history(&asset("raw"), None, 100).expect("readable");
    assert!(history.iter().any(|(_, made)| made.run == Some(id)));
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    const BROKEN: Schema = Schema {
        migrations: &[
            SCHEMA.migrations[0],
            SCHEMA.migrations[1],
            SCHEMA.migrations[2],
            SCHEMA.migrations[3],
            SCHEMA.migrations[4],
            SCHEMA.migrations[5],
            SCHEMA.migrations[6],
            SCHEMA.migrations[7],
            "CREATE TABLE x (id INTEGER); CREATE TABLE asset (id INTEGER)",
        ],
    };
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    Store::open_with(home.path(), Access::Write, BROKEN).expect_err("the table is there");
    assert_eq!(stored(&open(home.path(), Access::Write)), 1);
}

#[test]
fn where_nothing_can_be_written_it_is_read_in_place_or_from_a_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("a home? #1%");
    filled(&home);
    let path = home.join("instance.db");
    let before = files(&home);
    let opened = Store::open_as(&path, Reading::Immutable, (TERMS, &std::env::temp_dir()))
        .expect("readable");
    assert_eq!(stored(&opened.store), 1);
    assert_eq!(files(&home), before);

    let mut writer = open(&home, Access::Write);
    let _begun = begin(&mut writer, run_id(2));
    writer.forget(&[only()]).expect("forgotten");
    let before = files(&home);
    let opened =
        Store::open_as(&path, Reading::Copied, (TERMS, &std::env::temp_dir())).expect("readable");
    assert_eq!(stored(&opened.store), 0, "the log is read too");
    assert_eq!(files(&home), before);

    // There may be no room for temporary files either.
    if Path::new(IN_MEMORY).exists() {
        let nowhere = folder.path().join("nowhere");
        let opened = Store::open_as(&path, Reading::Copied, (TERMS, &nowhere)).expect("readable");
        assert_eq!(stored(&opened.store), 0, "read from memory");
    }
}

#[test]
fn it_can_be_read_without_a_file_beside_it_also_while_another_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let untouched = || untouched_in(&home).expect("readable");
    assert_eq!(stored(&untouched().store), 0);
    assert!(!home.exists());

    filled(&home);
    let long_ago = fs::File::open(&home).expect("it is there");
    long_ago
        .set_modified(std::time::UNIX_EPOCH)
        .expect("it is ours");
    let before = files(&home);
    assert_eq!(stored(&untouched().store), 1);
    assert_eq!(files(&home), before);
    let modified = home.metadata().and_then(|it| it.modified());
    assert_eq!(modified.expect("readable"), std::time::UNIX_EPOCH);

    let mut writer = open(&home, Access::Write);
    let _begun = begin(&mut writer, run_id(2));
    writer.forget(&[only()]).expect("forgotten");
    let before = files(&home);
    assert_eq!(stored(&untouched().store), 0, "the log is read too");
    assert_eq!(files(&home), before);
}

#[test]
fn a_file_system_that_refuses_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    for (home, access) in [
        (file.join("home"), Access::Write),
        (file.clone(), Access::Write),
    ] {
        let error = Store::open(&home, access).expect_err("a file is in the way");
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    }
    let home = folder.path().join("home");
    fs::create_dir_all(home.join("instance.db")).expect("created");
    for access in [Access::Read, Access::Write] {
        let error = Store::open(&home, access).expect_err("a folder is in the way");
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    }
}

#[test]
fn a_lock_that_lasts_too_long_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let other = Connection::open(home.path().join("instance.db")).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let mut store = open(home.path(), Access::Write);
    store
        .connection
        .busy_timeout(std::time::Duration::ZERO)
        .expect("set");
    let error = store.forget(&[only()]).expect_err("locked");
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert_eq!(stored(&store), 1, "reading goes on");
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let mut store = open(home.path(), Access::Write);
    let pages: u32 = store
        .connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .expect("readable");
    store
        .connection
        .pragma_update(None, "max_page_count", pages)
        .expect("set");
    let batch: Vec<_> = (0..500)
        .map(|seed| success(run_id(1), &only(), seed))
        .collect();
    let error = store.record(&batch).expect_err("no room");
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    drop(store);
    assert_eq!(
        open(home.path(), Access::Read)
            .history(&asset("a"), None, 9)
            .expect("readable")
            .len(),
        1
    );
}

#[test]
fn without_permission_it_is_read_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    filled(&home);
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the owner may");
    };
    for file in [0o444, 0o644] {
        set_mode(&home.join("instance.db"), file);
        set_mode(&home, 0o555);
        // The superuser may write all the same.
        let privileged = fs::write(home.join("probe"), "").is_ok();
        let before = files(&home);
        let read = Store::open(&home, Access::Read).map(|opened| stored(&opened.store));
        let written = (!privileged).then(|| Store::open(&home, Access::Write));
        let after = files(&home);
        set_mode(&home, 0o755);
        assert_eq!(read.expect("readable"), 1);
        assert_eq!(after, before);
        if let Some(written) = written {
            let error = written.expect_err("it cannot be written");
            assert!(
                matches!(error, StoreError::MissingPermission { .. }),
                "{error:?}"
            );
        }
    }
}

#[test]
fn an_instance_counts_where_it_was_made_and_for_who_wrote_it() {
    let home = tempfile::tempdir().expect("a folder");
    filled(home.path());
    let file = home.path().join("instance.db");
    let here = Store::open(home.path(), Access::Read).expect("readable");
    assert_eq!(
        (stored(&here.store), here.notices),
        (1, vec![]),
        "another user of the folder"
    );

    let copy = tempfile::tempdir().expect("a folder");
    let copied = copy.path().join("instance.db");
    fs::copy(&file, &copied).expect("copied");
    assert_eq!(
        stored(&open(copy.path(), Access::Read)),
        1,
        "a copy of one's own"
    );

    let read = Store::open(copy.path(), Access::Read).expect("empty");
    assert_eq!(stored(&read.store), 0);
    let path = copied.clone();
    assert_eq!(read.notices, [InstanceNotice::IgnoredForeign { path }]);
    let written = Store::open(copy.path(), Access::Write).expect("new");
    assert_eq!(stored(&written.store), 0);
    let moved_to = copy.path().join("instance.db.foreign-1");
    assert_eq!(
        fs::read(&moved_to).expect("kept"),
        fs::read(&file).expect("there")
    );
    assert_eq!(written.notices, [InstanceNotice::Foreign { moved_to }]);
    drop(written);
    assert_eq!(
        stored(&open(copy.path(), Access::Write)),
        0,
        "the new one counts"
    );
}

#[test]
fn what_is_no_file_is_refused_in_a_moment() {
    for name in ["instance.db", "instance.db-wal"] {
        let home = tempfile::tempdir().expect("a folder");
        filled(home.path());
        let pipe = home.path().join(name);
        let _ = fs::remove_file(&pipe);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("every system has it").success());
        for access in [Access::Read, Access::Write] {
            let error = Store::open(home.path(), access).expect_err("a pipe");
            assert!(matches!(error, StoreError::Io { .. }), "{name}: {error:?}");
        }
    }
}
