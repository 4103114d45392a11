use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Cursor, KEPT_DAYS, REFRESH_DAYS, StatCache, news_beside};
use crate::digest::{Key, Kind};
use crate::model::DataVersion;
use crate::sys::file::FileStamp;

const STAMP: FileStamp = FileStamp {
    size: 1,
    mtime_ns: 2,
    ctime_ns: 3,
    inode: 4,
    device: 5,
    mode: 6,
};

/// The cache in a file, of a user whose secret is known.
fn opened(path: &Path) -> StatCache {
    StatCache::open(path, Some(&Key::of(&[7; 32], "a test")))
}

fn on_day(day: u32) -> Timestamp {
    Timestamp::from_second(i64::from(day) * 86_400 + 5).unwrap()
}

fn version(of: &str) -> DataVersion {
    DataVersion(Kind::File.digest(of.as_bytes()))
}

fn name(number: usize) -> PathBuf {
    PathBuf::from(format!("data/{number}.csv"))
}

/// A directory, and in it the file of a cache that knows `rows` paths.
fn saved(rows: usize) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stat.cache");
    let cache = opened(&path);
    for number in 0..rows {
        cache.insert(&name(number), STAMP, version(&number.to_string()));
    }
    assert!(cache.save(on_day(100)).unwrap());
    (directory, path)
}

fn known(cache: &StatCache, rows: usize) -> usize {
    (0..rows)
        .filter(|number| {
            let found = cache.get(&name(*number), &STAMP);
            assert!(found.is_none_or(|found| found == version(&number.to_string())));
            found.is_some()
        })
        .count()
}

#[test]
fn what_was_learnt_is_known_at_once_and_after_loading() {
    for rows in [1, 2, 3, 64, 65, 1000] {
        let (_directory, path) = saved(rows);
        let cache = opened(&path);
        assert_eq!(known(&cache, rows), rows);
        assert_eq!(cache.get(Path::new("data/none.csv"), &STAMP), None);
        cache.insert(&name(0), FileStamp { size: 9, ..STAMP }, version("new"));
        let newer = FileStamp { size: 9, ..STAMP };
        assert_eq!(cache.get(&name(0), &newer), Some(version("new")));
    }
}

#[test]
fn every_field_of_the_stamp_counts() {
    let (_directory, path) = saved(3);
    let saved = opened(&path);
    let learnt = opened(Path::new("none/stat.cache"));
    learnt.insert(&name(1), STAMP, version("1"));
    for cache in [saved, learnt] {
        assert_eq!(cache.get(&name(1), &STAMP), Some(version("1")));
        for other in [
            FileStamp { size: 0, ..STAMP },
            FileStamp {
                mtime_ns: 0,
                ..STAMP
            },
            FileStamp {
                ctime_ns: 0,
                ..STAMP
            },
            FileStamp { inode: 0, ..STAMP },
            FileStamp { device: 0, ..STAMP },
            FileStamp { mode: 0, ..STAMP },
        ] {
            assert_eq!(cache.get(&name(1), &other), None, "{other:?}");
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_no_cache() {
    let (_directory, path) = saved(5);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(known(&opened(&path), 5), 0, "cut at {length}");
    }
    fs::write(&path, [&whole[..], &whole[..1]].concat()).unwrap();
    assert_eq!(known(&opened(&path), 5), 0, "one byte more");
}

#[test]
fn a_file_with_any_byte_altered_is_no_cache_and_is_replaced() {
    let (_directory, path) = saved(5);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&path, &altered).unwrap();
        assert_eq!(known(&opened(&path), 5), 0, "altered at {at}");
    }
    let cache = opened(&path);
    cache.insert(&name(0), STAMP, version("0"));
    assert!(cache.save(on_day(100)).unwrap());
    assert_eq!(known(&opened(&path), 5), 1);
}

#[test]
fn saving_writes_only_what_is_news() {
    let (_directory, path) = saved(3);
    let cache = opened(&path);
    assert_eq!(known(&cache, 3), 3);
    fs::remove_file(&path).unwrap();
    assert!(!cache.save(on_day(100)).unwrap());
    assert!(!path.exists());
    cache.insert(&name(3), STAMP, version("3"));
    assert!(cache.save(on_day(100)).unwrap());
    assert!(!cache.save(on_day(100)).unwrap());
    assert_eq!(known(&opened(&path), 4), 4);
}

#[test]
fn rows_that_nobody_looks_up_go_after_a_while_and_others_stay() {
    let (_directory, path) = saved(4);
    let used = opened(&path);
    used.get(&name(1), &STAMP);
    let refreshed = 100 + REFRESH_DAYS;
    assert!(!used.save(on_day(refreshed - 1)).unwrap());
    assert!(used.save(on_day(refreshed)).unwrap());
    let later = opened(&path);
    later.insert(&name(9), STAMP, version("9"));
    later.save(on_day(100 + KEPT_DAYS - 1)).unwrap();
    assert_eq!(known(&opened(&path), 10), 5);
    let latest = opened(&path);
    latest.insert(&name(8), STAMP, version("8"));
    latest.save(on_day(100 + KEPT_DAYS)).unwrap();
    let cache = opened(&path);
    assert_eq!(known(&cache, 10), 3);
    assert_eq!(cache.get(&name(1), &STAMP), Some(version("1")));
}

#[test]
fn an_unwritable_place_is_no_failure() {
    let cache = opened(Path::new("/proc/none/stat.cache"));
    cache.insert(&name(0), STAMP, version("0"));
    assert!(cache.save(on_day(1)).is_err());
    assert_eq!(cache.get(&name(0), &STAMP), Some(version("0")));
}

#[test]
fn threads_share_it() {
    let (_directory, path) = saved(100);
    let cache = opened(&path);
    std::thread::scope(|scope| {
        for thread in 1..5 {
            let cache = &cache;
            scope.spawn(move || {
                for number in 0..100 {
                    let own = number + 100 * thread;
                    cache.insert(&name(own), STAMP, version(&own.to_string()));
                    assert_eq!(known(cache, 100), 100);
                }
                cache.save(on_day(100)).unwrap();
            });
        }
    });
    cache.save(on_day(100)).unwrap();
    assert_eq!(known(&opened(&path), 500), 500);
}

/// More rows than are read or written at once.
const LARGE: usize = 40_000;

#[test]
fn a_large_cache_is_known_in_any_order() {
    let (_directory, path) = saved(LARGE);
    let (mut cursor, cache) = (Cursor::default(), opened(&path));
    for number in 0..LARGE {
        let found = cache.get_near(&name(number), &STAMP, &mut cursor);
        assert_eq!(found, Some(version(&number.to_string())));
    }
    for step in [7, 11_003] {
        let cache = opened(&path);
        for number in (0..LARGE).map(|number| number * step % LARGE) {
            let found = cache.get_near(&name(number), &STAMP, &mut cursor);
            assert_eq!(found, Some(version(&number.to_string())), "{step}");
        }
        assert_eq!(cache.get(Path::new("data/none.csv"), &STAMP), None);
    }
}

#[test]
fn news_of_a_large_cache_stand_beside_it_until_they_are_many() {
    let (_directory, path) = saved(LARGE);
    let large = fs::read(&path).unwrap();
    let newer = FileStamp { size: 9, ..STAMP };
    for round in 0..3 {
        let cache = opened(&path);
        cache.insert(&name(LARGE + round), STAMP, version("more"));
        cache.insert(&name(0), newer, version("new"));
        assert!(cache.save(on_day(100)).unwrap());
        assert_eq!(fs::read(&path).unwrap(), large, "only the news are written");
        let again = opened(&path);
        assert_eq!(again.get(&name(0), &newer), Some(version("new")));
        assert_eq!(again.get(&name(0), &STAMP), Some(version("0")));
        for known in 0..=round {
            let found = again.get(&name(LARGE + known), &STAMP);
            assert_eq!(found, Some(version("more")));
        }
    }
    let cache = opened(&path);
    for number in 0..LARGE / 64 {
        cache.insert(&name(2 * LARGE + number), STAMP, version("many"));
    }
    assert!(cache.save(on_day(100)).unwrap());
    assert!(!news_beside(&path).exists(), "they are one file again");
    let again = opened(&path);
    assert_eq!(again.get(&name(0), &newer), Some(version("new")));
    assert_eq!(again.get(&name(LARGE), &STAMP), Some(version("more")));
    assert_eq!(again.get(&name(1), &STAMP), Some(version("1")));
    assert_eq!(again.get(&name(2 * LARGE), &STAMP), Some(version("many")));
}

#[test]
fn damage_of_a_large_cache_costs_what_is_damaged() {
    let (_directory, path) = saved(LARGE);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let cache = opened(&path);
    let version_of = |number: usize| cache.get(&name(number), &STAMP);
    assert_eq!(version_of(LARGE - 1), None);
    assert_eq!(version_of(0), Some(version("0")));
    cache.insert(&name(LARGE), STAMP, version("new"));
    assert!(cache.save(on_day(100)).unwrap());
    let again = opened(&path);
    assert_eq!(again.get(&name(0), &STAMP), Some(version("0")));
    assert_eq!(again.get(&name(LARGE - 1), &STAMP), None);
    assert_eq!(again.get(&name(LARGE), &STAMP), Some(version("new")));
}

#[test]
fn rows_are_saved_in_the_order_in_which_they_are_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stat.cache");
    let cache = opened(&path);
    let names: Vec<PathBuf> = (0..100).map(name).collect();
    for read in names.iter().rev() {
        cache.insert(read, STAMP, version("x"));
    }
    cache.line_up(names.iter().map(PathBuf::as_path));
    cache.save(on_day(100)).unwrap();
    let saved: Vec<_> = opened(&path).saved.iter().map(|row| row.0.key).collect();
    assert!(
        saved
            .into_iter()
            .eq(names.iter().map(|name| super::key(name)))
    );
}
