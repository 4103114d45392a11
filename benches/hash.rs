//! What versions cost: looking at files that did not change, and reading a large one.
//!
//! `cargo bench --bench hash`. The bounds: 1.6 µs a file for the look; for the large file at least 0.8 of the throughput of
//! `b3sum` on the same machine.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::PathBuf;

use assetctl::digest::Key;
use assetctl::hash::{Ignore, StatCache, Versions};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, main as run_benchmarks};
use tempfile::TempDir;

const LARGE: usize = 256 * 1024 * 1024;

fn main() {
    run_benchmarks();
}

/// The key of a user whose secret is known.
fn key() -> Key {
    Key::of(&[7; 32], "a bench")
}

/// A root with `count` small files, which the cache knows.
struct Files {
    root: TempDir,
    paths: Vec<String>,
    cache: StatCache,
    ignore: Ignore,
}

impl Files {
    fn new(count: usize) -> Self {
        let root = tempfile::tempdir().expect("a directory for the benchmark");
        let file: PathBuf = root.path().join("stat.cache");
        let ignore = Ignore::default();
        let paths: Vec<String> = (0..count).map(|n| format!("src/{n}.csv")).collect();
        fs::create_dir(root.path().join("src")).expect("the root is empty");
        let cache = StatCache::open(&file, Some(&key()));
        let versions = Versions::new(root.path(), &cache, &ignore).expect("the root exists");
        for path in &paths {
            fs::write(root.path().join(path), path).expect("the root is writable");
            let settled = versions.settle(path, path).expect("the file was written");
            versions.adopt(path, &settled);
        }
        drop(versions);
        let _ = cache.save(jiff::Timestamp::UNIX_EPOCH);
        let cache = StatCache::open(&file, Some(&key()));
        Self {
            root,
            paths,
            cache,
            ignore,
        }
    }
}

#[divan::bench(args = [1_000, 10_000, 100_000])]
fn unchanged_files(bencher: Bencher, count: usize) {
    let files = Files::new(count);
    let paths: Vec<&str> = files.paths.iter().map(String::as_str).collect();
    bencher.counter(ItemsCount::new(count)).bench(|| {
        let versions =
            Versions::new(files.root.path(), &files.cache, &files.ignore).expect("the root exists");
        versions.of_many(black_box(&paths))
    });
}

#[divan::bench(args = [1_000, 10_000])]
fn unchanged_directory(bencher: Bencher, count: usize) {
    let files = Files::new(count);
    bencher.counter(ItemsCount::new(count)).bench(|| {
        let versions =
            Versions::new(files.root.path(), &files.cache, &files.ignore).expect("the root exists");
        versions.of_path(black_box("src"))
    });
}

#[divan::bench(args = [1_000, 10_000])]
fn new_files(bencher: Bencher, count: usize) {
    let files = Files::new(count);
    let paths: Vec<&str> = files.paths.iter().map(String::as_str).collect();
    bencher.counter(ItemsCount::new(count)).bench(|| {
        let cache = StatCache::open(&files.root.path().join("none"), Some(&key()));
        let versions =
            Versions::new(files.root.path(), &cache, &files.ignore).expect("the root exists");
        versions.of_many(black_box(&paths))
    });
}

#[divan::bench(args = [1_000, 10_000, 100_000])]
fn load_stat_cache(bencher: Bencher, count: usize) {
    let files = Files::new(count);
    let path = files.root.path().join("stat.cache");
    bencher.bench(|| StatCache::open(black_box(&path), Some(&key())));
}

/// A file that no cache knows, in the page cache.
fn large() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("a directory for the benchmark");
    let path = root.path().join("large");
    fs::write(&path, vec![1; LARGE]).expect("the directory is writable");
    (root, path)
}

#[divan::bench]
fn large_file(bencher: Bencher) {
    let (root, _path) = large();
    let ignore = Ignore::default();
    bencher.counter(BytesCount::new(LARGE)).bench(|| {
        let cache = StatCache::open(&root.path().join("none"), Some(&key()));
        let versions = Versions::new(root.path(), &cache, &ignore).expect("the root exists");
        versions.of_path("large")
    });
}

#[divan::bench]
fn large_file_one_thread(bencher: Bencher) {
    let (_root, path) = large();
    bencher.counter(BytesCount::new(LARGE)).bench(|| {
        let mut file = File::open(&path).expect("the file was written");
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match file.read(&mut buffer).expect("the file is readable") {
                0 => return hasher.finalize(),
                read => hasher.update(&buffer[..read]),
            };
        }
    });
}
