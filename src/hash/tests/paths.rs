use std::fs;
use std::os::unix::net::UnixListener;

use rustix::fs::CWD;

use crate::hash::tests::{Project, stamp};
use crate::hash::{Found, HashError};
use crate::model::Counted;
use crate::sys::file::backdate;

#[test]
fn what_differs_has_another_version_and_what_is_equal_has_the_same() {
    let project = Project::new();
    project
        .write("one", "bytes")
        .write("same", "bytes")
        .write("other", "bytez")
        .write("script", "bytes")
        .mode("script", 0o744)
        .write("script-too", "bytes")
        .mode("script-too", 0o611)
        .write("nothing", "")
        .folder("empty")
        .link("to-one", "one")
        .link("to-same", "same")
        .link("to-one-too", "one")
        .link("to-empty", "empty")
        .link("to-link", "to-one");
    let version = |path| project.version(path);
    assert_eq!(version("one"), version("same"));
    assert_eq!(version("script"), version("script-too"));
    assert_eq!(version("to-one"), version("to-one-too"));
    assert_eq!(version("empty/"), version("./empty"));
    let distinct = [
        "one", "other", "script", "nothing", "empty", "to-one", "to-same", "to-empty", "to-link",
    ];
    for (at, one) in distinct.iter().enumerate() {
        for other in &distinct[at + 1..] {
            assert_ne!(version(one), version(other), "{one} and {other}");
        }
    }
}

#[test]
fn a_link_counts_by_its_text_and_by_what_it_points_to() {
    let project = Project::new();
    project.write("data", "1").write("dir/file", "1");
    project.link("link", "data").link("tree", "dir");
    let (file, tree) = (project.version("link"), project.version("tree"));
    project.write("data", "2").write("dir/file", "2");
    assert_ne!(project.version("link"), file);
    assert_ne!(project.version("tree"), tree);
    project.write("data", "1").write("dir/file", "1");
    assert_eq!(project.version("link"), file);
    assert_eq!(project.version("tree"), tree);
    project.link("link", "./data");
    assert_ne!(project.version("link"), file);
    assert!(matches!(
        project.found("tree"),
        Ok(Found::Directory { bytes: 1, .. })
    ));
    assert!(matches!(
        project.found("link"),
        Ok(Found::File { bytes: 1, .. })
    ));
}

#[test]
fn what_leads_nowhere_is_absent() {
    let project = Project::new();
    project
        .write("file", "x")
        .link("dangling", "none")
        .link("loop", "loop");
    for path in [
        "none",
        "file/below",
        "no/folder",
        "dangling",
        "loop",
        "loop/below",
    ] {
        assert_eq!(project.found(path).unwrap(), Found::Absent, "{path}");
    }
}

#[test]
fn what_has_no_content_is_refused_by_name() {
    let project = Project::new();
    let _socket = UnixListener::bind(project.path("socket")).unwrap();
    project
        .link("device", "/dev/null")
        .link("pipe", "fifo")
        .link("in-socket/link", "../socket")
        .link("in-device/link", "/dev/null")
        .folder("in-fifo");
    project.fifo("fifo").fifo("in-fifo/fifo");
    for (path, named, word) in [
        ("socket", "socket", "socket"),
        ("fifo", "fifo", "named pipe"),
        ("/dev/null", "/dev/null", "device"),
        ("device", "device", "device"),
        ("pipe", "pipe", "named pipe"),
        ("in-socket", "in-socket/link", "socket"),
        ("in-device", "in-device/link", "device"),
        ("in-fifo", "in-fifo/fifo", "named pipe"),
    ] {
        match project.found(path) {
            Err(HashError::Special { path, kind }) => {
                assert_eq!((path.as_str(), kind), (named, word));
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    assert!(matches!(
        project
            .versions()
            .expand::<&str>("in-fifo/*", &[], Counted::Files),
        Err(HashError::Special { .. })
    ));
}

#[test]
fn touching_keeps_the_version_and_restoring_the_mtime_hides_nothing() {
    let project = Project::new();
    let path = project.path("file");
    project.write("file", "one");
    let version = project.version("file");
    let first = stamp(&path);
    backdate(CWD, &path, first.mtime_ns - 5_000_000_000).unwrap();
    assert_eq!(project.version("file"), version);
    project.write("file", "two");
    backdate(CWD, &path, first.mtime_ns).unwrap();
    assert_ne!(project.version("file"), version);
}

/// A file of the crate itself was touched long before the test began; one from the future is always too near.
#[test]
fn only_a_file_that_rested_is_remembered() {
    let project = Project::new();
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let version = project.version(old);
    let old_stamp = stamp(old.as_ref());
    assert_eq!(project.cache.get(old.as_ref(), &old_stamp), Some(version));
    let path = project.write("new", "x").path("new");
    backdate(CWD, &path, stamp(&path).mtime_ns + 3_600_000_000_000).unwrap();
    project.version("new");
    assert_eq!(project.cache.get("new".as_ref(), &stamp(&path)), None);
}

#[test]
fn what_the_cache_knows_is_not_read() {
    let project = Project::new();
    project
        .write("one", "1")
        .write("two", "2")
        .link("to-two", "two");
    let foreign = project.version("one");
    let two = stamp(&project.path("two"));
    for path in ["two", "to-two"] {
        let before = project.version(path);
        project.cache.insert(path.as_ref(), two, foreign);
        assert_ne!(project.version(path), before, "{path}");
    }
    assert_eq!(project.version("two"), foreign);
    project.write("two", "longer");
    assert_ne!(project.version("two"), foreign);
}

#[test]
fn many_paths_give_what_each_gives() {
    let project = Project::new();
    let mut paths = vec!["none".to_owned(), "tree".to_owned(), "/dev/null".to_owned()];
    for number in 0..2_100 {
        let path = format!("tree/{:02}/{number}", number % 50);
        project.write(&path, number.to_string());
        paths.push(path);
    }
    project.write("large", vec![7; 3_000_000]);
    paths.push("large".to_owned());
    for count in [5, 100, paths.len()] {
        let asked: Vec<&str> = paths.iter().rev().take(count).map(String::as_str).collect();
        let versions = project.versions();
        for (path, found) in asked.iter().zip(versions.of_many(&asked)) {
            match (found, versions.of_path(path)) {
                (Ok(found), Ok(single)) => assert_eq!(found, single, "{path}"),
                (Err(_), Err(_)) => assert_eq!(*path, "/dev/null"),
                (found, single) => panic!("{path}: {found:?}, {single:?}"),
            }
        }
    }
}

/// From the worker of a foreign pool everything works, and no other job of that pool starts on the waiting thread.
#[test]
fn hashing_on_a_foreign_pool_takes_up_none_of_its_jobs() {
    let project = Project::new();
    project
        .write("large", vec![1; 4_000_000])
        .write("tree/large", vec![2; 4_000_000]);
    let expected = (project.version("large"), project.version("tree"));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let is_hashing = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    pool.scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|_| {
                assert!(!is_hashing.swap(true, order), "a job began inside another");
                let versions = project.versions();
                let found = versions.of_many(&["large", "tree"]);
                let found: Vec<_> = found
                    .iter()
                    .map(|one| one.as_ref().unwrap().version())
                    .collect();
                assert_eq!(found, [Some(expected.0), Some(expected.1)]);
                is_hashing.store(false, order);
            });
        }
    });
}

#[test]
fn a_file_that_never_rests_is_an_error() {
    let project = Project::new();
    project.write("log", "x");
    let versions = project.versions();
    let place = crate::hash::version::Place::declared("log");
    let mut readings = 0;
    let append = |content: String| fs::write(project.path("log"), content).unwrap();
    let read = |until: usize| {
        readings = 0;
        let result = versions.read_stable(place, |_, _| {
            readings += 1;
            if readings < until {
                append("x".repeat(readings + until));
            }
            Ok(())
        });
        (result, readings)
    };
    let mut read = read;
    let (calmed, readings) = read(3);
    assert!(matches!(calmed, Ok(Some(_))), "calm at the third reading");
    assert_eq!(readings, 3);
    let (restless, readings) = read(4);
    assert!(matches!(restless, Err(HashError::Changing { path }) if path == "log"));
    assert_eq!(readings, 3);
}

#[test]
fn each_path_is_given_what_is_there_across_batches() {
    let project = Project::new();
    let there = [0, 511, 512, 2_000, 32_767, 32_768, 39_999];
    for number in there {
        project.write(format!("f{number}"), number.to_string());
    }
    for count in [1, 513, 2_001, 40_000] {
        let versions = project.versions();
        let mut asked = 0;
        versions.of_each(
            count,
            Counted::All,
            |number, path| {
                path.push('f');
                path.push_str(&number.to_string());
            },
            |number, found| {
                assert_eq!(number, asked);
                asked += 1;
                let bytes = found.unwrap().bytes();
                let expected = number.to_string().len() as u64;
                let is_there = there.contains(&number);
                assert_eq!(bytes, if is_there { expected } else { 0 }, "{number}");
            },
        );
        assert_eq!(asked, count);
    }
}
