//! A sealed list of paths: what they all looked like when their versions were known. If they all look so still, they
//! all have these versions, and nothing has to be looked up one by one.
//!
//! A seal is made only of what the [`StatCache`] trusts, so it decides nothing that the cache would not: equal stamps
//! avoid hashing, and nothing more. One path that looks otherwise breaks it.

use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};

use crate::hash::Versions;
use crate::hash::place::Place;
use crate::hash::stat_cache::Cursor;
use crate::hash::versions::root_flags;
use crate::model::DataVersion;
use crate::sys::file::{FileKind, FileStamp, Follow, stamp_at};
use crate::sys::parallel;

/// So many paths are looked at by one thread in a row.
const RUN: usize = 1_024;

/// The bytes of one stamp, and of the length of a path.
const STAMP: usize = 44;
const LENGTH: usize = 4;

/// The mark of a path where nothing was.
const ABSENT: [u8; STAMP] = [0xff; STAMP];

/// A list of paths, each with how it looked.
#[derive(Debug, Default)]
pub struct Seal {
    bytes: Vec<u8>,
    /// Where the last path was found in the stat cache.
    cursor: Cursor,
}

impl Seal {
    /// The seal as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn push(&mut self, path: &str, stamp: [u8; STAMP]) {
        self.bytes.extend_from_slice(&stamp);
        self.bytes
            .extend_from_slice(&(path.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(path.as_bytes());
    }
}

impl Versions<'_> {
    /// Adds a regular file that is known to have `version`; says whether that could be sealed.
    pub fn seal_file(&self, seal: &mut Seal, path: &str, version: DataVersion) -> bool {
        let mut known = || {
            let known = self.cache.known(Path::new(path), &mut seal.cursor);
            known.filter(|(_, known)| *known == version)
        };
        // A file that was too fresh to be trusted when it was looked at may be old enough by now.
        let known = known().or_else(|| {
            let stamp = self.stamp(Place::declared(path), Follow::Nothing).ok()??;
            (stamp.kind() == FileKind::File).then(|| self.of_path(path).ok())??;
            known()
        });
        let Some((stamp, _)) = known else {
            return false;
        };
        seal.push(path, encode(&stamp));
        true
    }

    /// Adds a path where nothing is.
    pub fn seal_absent(&self, seal: &mut Seal, path: &str) {
        seal.push(path, ABSENT);
    }
}

/// Whether all paths of a seal, below `root`, look as they did. Bytes that are no seal are a broken one.
pub fn holds(root: &Path, seal: &[u8]) -> bool {
    let Ok(directory) =
        rustix::fs::openat(CWD, root, root_flags() | OFlags::CLOEXEC, Mode::empty())
    else {
        return false;
    };
    let Some(entries) = entries(seal) else {
        return false;
    };
    let looks_so = |(stamp, path): &(&[u8], &str)| {
        let now = stamp_at(&directory, Path::new(path), Follow::Nothing);
        match now {
            Ok(Some(now)) => *stamp == encode(&now),
            Ok(None) => *stamp == ABSENT,
            Err(_) => false,
        }
    };
    let holds = |run: &[_]| run.iter().all(looks_so);
    let runs = parallel::map(entries.chunks(RUN), 1, holds);
    runs.into_iter().all(|holds| holds)
}

fn entries(mut seal: &[u8]) -> Option<Vec<(&[u8], &str)>> {
    let mut entries = Vec::with_capacity(seal.len() / 64);
    while !seal.is_empty() {
        let (stamp, rest) = seal.split_at_checked(STAMP)?;
        let (length, rest) = rest.split_at_checked(LENGTH)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let (path, rest) = rest.split_at_checked(length)?;
        entries.push((stamp, std::str::from_utf8(path).ok()?));
        seal = rest;
    }
    Some(entries)
}

fn encode(stamp: &FileStamp) -> [u8; STAMP] {
    let mut bytes = [0; STAMP];
    let fields = [
        stamp.size.to_le_bytes(),
        stamp.mtime_ns.to_le_bytes(),
        stamp.ctime_ns.to_le_bytes(),
        stamp.inode.to_le_bytes(),
        stamp.device.to_le_bytes(),
    ];
    for (chunk, field) in bytes.chunks_exact_mut(8).zip(fields) {
        chunk.copy_from_slice(&field);
    }
    bytes[40..].copy_from_slice(&stamp.mode.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Seal, holds};
    use crate::digest::Key;
    use crate::hash::{Ignore, StatCache, Versions};

    /// A folder with the old file `a` and nothing at `b`, sealed.
    fn sealed(root: &Path) -> Vec<u8> {
        fs::write(root.join("a"), "1").expect("written");
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        fs::File::options()
            .write(true)
            .open(root.join("a"))
            .and_then(|file| file.set_modified(long_ago))
            .expect("the time can be set");
        let cache = StatCache::open(&root.join("cache"), Some(&Key::of(&[7; 32], "a test")));
        let ignore = Ignore::default();
        let versions = Versions::new(root, &cache, &ignore).expect("a folder");
        let look = || versions.of_path("a").expect("read").version();
        let version = look().expect("a version");
        let mut seal = Seal::default();
        // Until the clock has gone on since the file was written, it cannot be trusted.
        while !versions.seal_file(&mut seal, "a", version) {}
        versions.seal_absent(&mut seal, "b");
        seal.into_bytes()
    }

    type Change = (&'static str, fn(&Path));

    #[test]
    fn any_change_breaks_a_seal() {
        let changes: [Change; 5] = [
            ("written", |root| {
                fs::write(root.join("a"), "2").expect("written");
            }),
            ("removed", |root| {
                fs::remove_file(root.join("a")).expect("removed");
            }),
            ("appeared", |root| {
                fs::write(root.join("b"), "").expect("written");
            }),
            ("replaced", |root| {
                fs::write(root.join("c"), "1").expect("written");
                fs::rename(root.join("c"), root.join("a")).expect("renamed");
            }),
            ("made a folder", |root| {
                fs::remove_file(root.join("a")).expect("removed");
                fs::create_dir(root.join("a")).expect("made");
            }),
        ];
        for (what, change) in changes {
            let folder = tempfile::tempdir().expect("a folder");
            let seal = sealed(folder.path());
            assert!(holds(folder.path(), &seal), "before it was {what}");
            change(folder.path());
            assert!(!holds(folder.path(), &seal), "after it was {what}");
        }
    }

    #[test]
    fn a_damaged_seal_does_not_hold() {
        let folder = tempfile::tempdir().expect("a folder");
        let seal = sealed(folder.path());
        for len in 1..seal.len() - 1 {
            let cut = &seal[..len];
            assert!(len == 44 + 4 + 1 || !holds(folder.path(), cut), "{len}");
        }
    }
}
