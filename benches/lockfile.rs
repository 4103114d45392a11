//! How long a lock file takes to read and to write: 100,000 lines of ten assets, with two deps each.
//!
//! The bound is 300 ms for reading and judging; reading should take well below a third of it. `LockPlace::added_keys` is paid by every
//! verb of a project with dynamic definitions.

use std::fs;
use std::sync::LazyLock;

use assetctl::digest::{Digest, Kind};
use assetctl::lockfile::{FILE_NAME, LockPlace, parse, print};
use assetctl::model::{
    AddedKey, AssetKey, CodePrefix, ContributionPrefix, DataVersion, Fingerprint, Lock, LockLine,
    LockedAsset, LockedOutput, Name, PartitionKey,
};
use divan::Bencher;
use divan::counter::BytesCount;

const ASSETS: usize = 10;
const KEYS: usize = 10_000;

static LOCK: LazyLock<Lock> = LazyLock::new(lock);
static TEXT: LazyLock<String> = LazyLock::new(|| print(&LOCK));

fn main() {
    divan::main();
}

fn lock() -> Lock {
    Lock {
        added: (0..KEYS).map(added).collect(),
        assets: (0..ASSETS).map(asset).collect(),
        ..Lock::default()
    }
}

fn added(index: usize) -> AddedKey {
    AddedKey {
        definition: Name::parse("uploads").expect("a name"),
        key: PartitionKey::recorded(&format!("upload-{index:06}")),
    }
}

fn asset(index: usize) -> LockedAsset {
    LockedAsset {
        asset: AssetKey::of_path(&format!("warehouse/table_{index}")),
        lines: (0..KEYS).map(|key| line(index, key)).collect(),
        blocks: Vec::new(),
    }
}

fn line(asset: usize, key: usize) -> LockLine {
    let digest = |what: &str| Kind::Reported.digest(format!("{what} {asset} {key}").as_bytes());
    let contribution = |dep: Digest| ContributionPrefix::from(dep);
    LockLine {
        partition: Some(PartitionKey::recorded(&format!("2013-07-04-{key:05}"))),
        code: CodePrefix(asset as u64),
        fingerprint: Fingerprint(digest("i")),
        outputs: [LockedOutput {
            label: None,
            version: Some(DataVersion(digest("o"))),
        }]
        .into(),
        contributions: [contribution(digest("a")), contribution(digest("b"))].into(),
        stand_in: None,
    }
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn parsed(bencher: Bencher<'_, '_>) {
    let text = TEXT.as_bytes();
    bencher
        .counter(BytesCount::of_slice(text))
        .bench(|| parse(FILE_NAME, text).expect("a text of ours"));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn printed(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_str(&*TEXT))
        .bench(|| print(&LOCK));
}

/// 10,000 keys among the 100,000 other lines, read from the disk's cache.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn keys_found(bencher: Bencher<'_, '_>) {
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::write(root.path().join(FILE_NAME), &*TEXT).expect("the file can be written");
    let place = LockPlace::in_root(root.path());
    bencher.bench(|| place.added_keys().expect("a text of ours"));
}
