//! How declared paths looked: the stamps of all that their versions are made of.
//!
//! Two equal looks say that nothing has changed between them, not even to go back: nobody can set a ctime. The stamp of a
//! folder tells of entries that came and went. It changes, too, where something comes that is not part of a version: an
//! output that is put beside, litter. So each folder has a sum over the names and inodes of all that lies in it, and where
//! that differs as well, the entries that count decide alone.
//!
//! How near to the present a timestamp may lie before it proves nothing.
//!
//! A file system's clock moves in steps. A file that was written within the same step as it was hashed may be written once
//! more without a change of its timestamps. So a hash is remembered only if the file was last touched at least one tick
//! before the hash began, by the clock of the same file system: any later write then gets another time.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::hash::version::Place;
use crate::model::{DataVersion, Watched};
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::file::{FileKind, FileStamp, FileSystemNow, Follow, filesystem_now};

/// How something looked.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What counts, in order; without a stamp where nothing is.
    pub(super) entries: Vec<(PathBuf, Option<FileStamp>)>,
    pub(super) folders: Vec<FolderLook>,
    /// Links that a glob does not match as they lead nowhere.
    pub(super) dangling: Vec<PathBuf>,
    /// What it was judged to be, if it was.
    pub(super) judged: Option<JudgedContent>,
}

/// The version of a folder or a glob, and those of its files.
#[derive(Clone, Debug)]
pub(super) struct JudgedContent {
    pub version: DataVersion,
    /// Of each file or link in the order of the look; `None` where it was gone.
    pub files: Vec<Option<DataVersion>>,
}

/// How a folder looked.
#[derive(Clone, Debug)]
pub(super) struct FolderLook {
    pub path: PathBuf,
    pub stamp: FileStamp,
    /// Whether nothing can have come or gone since before it was listed and have left the stamp as it is.
    pub is_settled: bool,
    /// The sum over the names and inodes of all that lies in it.
    pub listing: u64,
}

/// What differs between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing.
    None,
    /// Only the ctime of files that were linked to, which proves nothing.
    Linked,
    /// Something was changed: this path is among it.
    Changed(String),
}

impl Look {
    /// How a regular file at `path` looks.
    pub fn of_file(path: &str, stamp: FileStamp) -> Self {
        Self {
            entries: vec![(Place::declared(path).named.to_owned(), Some(stamp))],
            ..Self::default()
        }
    }

    /// The version that was judged by this look, if one was.
    pub fn version(&self) -> Option<DataVersion> {
        self.judged.as_ref().map(|judged| judged.version)
    }

    /// The files of the version that was judged by this look, with theirs; bytes of names that are not UTF-8 are replaced.
    pub fn files(&self) -> Vec<(Cow<'_, str>, DataVersion)> {
        let versions = self.judged.iter().flat_map(|judged| &judged.files);
        let files = self.members().zip(versions);
        let there = files.filter_map(|((path, _), version)| Some((lossy(path), (*version)?)));
        there.collect()
    }

    /// Whether nothing can have come into its folders or gone without a change of their stamps.
    pub(super) fn has_settled_folders(&self) -> bool {
        !self.folders.is_empty() && self.folders.iter().all(|folder| folder.is_settled)
    }

    /// Whether a glob matches the same: nothing has come or gone, and each link leads to a file.
    pub(super) fn has_same_matches(&self) -> bool {
        let mut places = self.places().zip(&self.entries);
        self.has_settled_folders()
            && places.all(|((_, follow), (_, stamp))| follow == Follow::Nothing || stamp.is_some())
    }

    /// The stamps of regular files, for who asks for paths in the order of their bytes, `first` first.
    pub(super) fn stamps_from(&self, first: &Path) -> impl FnMut(&Path) -> Option<FileStamp> {
        fn bytes(path: &Path) -> &[u8] {
            path.as_os_str().as_bytes()
        }
        let before = |(path, _): &(PathBuf, _)| bytes(path) < bytes(first);
        let mut rest = &self.entries[self.entries.partition_point(before)..];
        move |wanted| {
            while let Some(((path, stamp), after)) = rest.split_first() {
                match bytes(path).cmp(bytes(wanted)) {
                    Ordering::Less => rest = after,
                    Ordering::Equal => return stamp.filter(|it| it.kind() == FileKind::File),
                    Ordering::Greater => return None,
                }
            }
            None
        }
    }

    /// The stamp of the regular file that was looked at, if it was one.
    pub fn as_file(&self) -> Option<FileStamp> {
        match self.entries.as_slice() {
            [(_, Some(stamp))] if self.folders.is_empty() && stamp.kind() == FileKind::File => {
                Some(*stamp)
            }
            _ => None,
        }
    }

    /// The stamps of all that counts.
    pub fn stamps(&self) -> impl Iterator<Item = &FileStamp> {
        self.entries.iter().filter_map(|(_, stamp)| stamp.as_ref())
    }

    /// Where its stamps are from, and how: the target of a link comes after the link.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Path, Follow)> + Clone {
        let mut link: Option<&Path> = None;
        self.entries.iter().map(move |(path, stamp)| {
            let follow = if link == Some(path) {
                Follow::Links
            } else {
                Follow::Nothing
            };
            let is_link = stamp.is_some_and(|stamp| stamp.kind() == FileKind::Symlink);
            link = (is_link && follow == Follow::Nothing).then_some(path);
            (path.as_path(), follow)
        })
    }

    /// What is different `now`. The ctime of a file that `is_linked` says nothing.
    pub fn difference(
        &self,
        now: &Self,
        is_linked: impl Fn(&Path, &FileStamp) -> bool,
    ) -> Difference {
        let mut difference = Difference::None;
        if std::ptr::eq(self, now) {
            return difference;
        }
        for (before, now) in self.entries.iter().zip(&now.entries) {
            if before == now {
                continue;
            }
            match (before, now) {
                ((path, Some(before)), (same, Some(now)))
                    if path == same && before.equals_but_ctime(now) && is_linked(path, now) =>
                {
                    difference = Difference::Linked;
                }
                ((before, _), (now, _)) => return changed(before.min(now)),
            }
        }
        let (before, after) = (self.entries.len(), now.entries.len());
        let rest = self.entries.get(after..).unwrap_or_default();
        let rest = rest
            .iter()
            .chain(now.entries.get(before..).unwrap_or_default());
        if let Some((path, _)) = rest.into_iter().next() {
            return changed(path);
        }
        let folders: HashMap<&Path, &FolderLook> = now
            .folders
            .iter()
            .map(|folder| (folder.path.as_path(), folder))
            .collect();
        let came_and_went = self.folders.iter().find(|before| {
            let now = folders.get(before.path.as_path());
            now.is_some_and(|now| now.stamp != before.stamp && now.listing == before.listing)
        });
        match (came_and_went, self.entries.as_slice()) {
            (None, _) => difference,
            (Some(_), [(absent, None)]) => changed(absent),
            (Some(folder), _) => changed(&folder.path.join("")),
        }
    }
}

/// The text of a path. To look for bytes to replace takes longer than to see that there are none.
fn lossy(path: &Path) -> Cow<'_, str> {
    path.to_str()
        .map_or_else(|| path.to_string_lossy(), Cow::Borrowed)
}

fn changed(path: &Path) -> Difference {
    let text = path.display().to_string();
    Difference::Changed(match text.as_str() {
        "" => "./".to_owned(),
        _ => text,
    })
}

/// How folders and globs looked, by what [`look_key`] gives.
#[derive(Debug, Default)]
pub(super) struct KnownLooks {
    /// When their versions were first taken.
    pub judged: HashMap<Watched, Arc<Look>>,
    /// A moment before that.
    pub earlier: HashMap<Watched, Look>,
}

/// What looks at something are known by; `None` where none are kept.
pub(super) fn look_key(watched: &Watched) -> Option<Watched> {
    match watched {
        Watched::Path(path, counted) => {
            let named = Place::declared(path).named.to_str()?.to_owned();
            Some(Watched::Path(named, *counted))
        }
        Watched::Word(..) => None,
        Watched::Glob { .. } => Some(watched.clone()),
    }
}

const MILLISECOND: i64 = 1_000_000;

const SECOND: i64 = 1_000 * MILLISECOND;

/// The longest step of a kernel's clock where timestamps have sub-second digits.
const FINE: i64 = 10 * MILLISECOND;

/// The step of a file system that counts whole seconds, or pairs of them.
const COARSE: i64 = 2_000 * MILLISECOND;

/// The step assumed of a device whose clock was not asked.
const FOREIGN: i64 = 3_000 * MILLISECOND;

/// From here on a step is long enough for somebody to write between two looks at a file.
const LONG: i64 = 100 * MILLISECOND;

/// A device number that no file has.
const NO_DEVICE: u64 = u64::MAX;

/// The present by one file system's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(FileSystemNow);

impl Moment {
    /// The present by the clock of the file system that holds `directory`; where it cannot be written to, the system's
    /// clock, from which every file system is foreign.
    pub fn at(directory: &Path) -> Self {
        Self(filesystem_now(directory).unwrap_or_else(|_| FileSystemNow {
            ns: system_now(),
            device: NO_DEVICE,
        }))
    }

    /// A moment that is not after the present, by the clock of the file's own file system: when anything about the file
    /// changed last. It counts as coarse where either of its timestamps has no sub-second digits.
    pub fn of_last_change(stamp: &FileStamp) -> Self {
        let is_fine = stamp.mtime_ns % SECOND != 0;
        Self(FileSystemNow {
            ns: if is_fine {
                stamp.ctime_ns
            } else {
                stamp.ctime_ns - stamp.ctime_ns.rem_euclid(SECOND)
            },
            device: stamp.device,
        })
    }

    /// The tick of `device`, in nanoseconds.
    pub const fn tick(self, device: u64) -> i64 {
        if self.0.device != device {
            FOREIGN
        } else if self.0.is_fine() {
            FINE
        } else {
            COARSE
        }
    }

    /// The present, in nanoseconds since 1970.
    pub const fn ns(self) -> i64 {
        self.0.ns
    }

    /// Whether `time_ns`, a timestamp of a file on `device`, lies more than a tick before this moment: a later write will
    /// show. Else it may have the same timestamps.
    pub const fn is_after(self, time_ns: i64, device: u64) -> bool {
        time_ns < self.0.ns.saturating_sub(self.tick(device))
    }
}

/// Decides about files that are going to be hashed. The file system is asked for the time only when a file looks racy by the
/// last answer: an earlier answer errs on the side of hashing again.
#[derive(Debug)]
pub(super) struct Ticker {
    directory: PathBuf,
    last: Mutex<Option<Moment>>,
    /// The step of all clocks, where it is given.
    given: Option<Duration>,
    /// Devices whose clocks are known to move in short steps.
    fine: Mutex<HashSet<u64>>,
}

impl Ticker {
    /// A ticker that asks the file system of `directory`.
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            last: Mutex::new(None),
            given: None,
            fine: Mutex::default(),
        }
    }

    /// The same ticker, to which the step of all clocks is given.
    pub fn with_tick(self, tick: Duration) -> Self {
        Self {
            given: Some(tick),
            ..self
        }
    }

    /// Whether a file may have been written again with this ctime by somebody who was not quick. A clock whose steps are
    /// short shows it sooner or later by a time between two long ones.
    pub fn is_coarse(&self, stamp: &FileStamp) -> bool {
        if let Some(given) = self.given {
            return given.as_nanos() >= LONG as u128;
        }
        let mut fine = self.fine.lock().unwrap_or_else(PoisonError::into_inner);
        if stamp.ctime_ns % LONG != 0 {
            fine.insert(stamp.device);
        }
        !fine.contains(&stamp.device)
    }

    /// Whether any of these stamps [is coarse](Self::is_coarse).
    pub fn any_is_coarse<'s>(&self, mut stamps: impl Iterator<Item = &'s FileStamp>) -> bool {
        let mut fine = None;
        stamps.any(|stamp| {
            let is_coarse = fine != Some(stamp.device) && self.is_coarse(stamp);
            fine = Some(stamp.device);
            is_coarse
        })
    }

    /// A moment that is not after the present, by the clock of the file system: the last one that it was asked for.
    pub fn moment(&self) -> Moment {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last.get_or_insert_with(|| Moment::at(&self.directory))
    }

    /// Whether a hash that begins after this call may be remembered for a file with this stamp.
    pub fn is_settled(&self, stamp: &FileStamp) -> bool {
        let touched = stamp.mtime_ns.max(stamp.ctime_ns);
        let is_settled = |moment: &Moment| moment.is_after(touched, stamp.device);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().is_some_and(is_settled)
            || is_settled(last.insert(Moment::at(&self.directory)))
    }
}

/// The wall clock only ever decides with the tolerance of [`FOREIGN`].
fn system_now() -> i64 {
    SystemClock
        .now()
        .as_nanosecond()
        .try_into()
        .unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests {
    use super::{Moment, Ticker};
    use crate::sys::file::{FileStamp, FileSystemNow};

    #[test]
    fn the_window_follows_the_device_and_the_digits_of_its_clock() {
        let second = 1_000_000_000;
        let fine = 100 * second + 5;
        let coarse = 100 * second;
        for (now, device, age, is_settled) in [
            (fine, 1, 10_000_000, false),
            (fine, 1, 10_000_001, true),
            (fine, 1, -second, false),
            (coarse, 1, 2 * second, false),
            (coarse, 1, 2 * second + 1, true),
            (fine, 2, 3 * second, false),
            (fine, 2, 3 * second + 1, true),
        ] {
            let moment = Moment(FileSystemNow { ns: now, device: 1 });
            assert_eq!(
                moment.is_after(now - age, device),
                is_settled,
                "age {age} on {device}"
            );
        }
    }

    #[test]
    fn the_last_change_of_a_file_is_as_coarse_as_the_coarser_of_its_timestamps() {
        let second = 1_000_000_000;
        for (mtime_ns, ctime_ns, is_settled) in [
            (100 * second + 5, 100 * second + 10_000_006, true),
            (100 * second + 5, 100 * second + 10_000_005, false),
            (200 * second + 5, 100 * second + 5, false),
            (100 * second, 102 * second + 999_999_999, false),
            (100 * second, 103 * second, true),
            (100 * second + 5, 102 * second, false),
            (100 * second + 5, 103 * second, true),
        ] {
            let stamp = FileStamp {
                size: 0,
                mtime_ns,
                ctime_ns,
                inode: 0,
                device: 1,
                mode: 0,
            };
            let moment = Moment::of_last_change(&stamp);
            assert_eq!(
                moment.is_after(mtime_ns, 1),
                is_settled,
                "{mtime_ns} {ctime_ns}"
            );
        }
    }

    #[test]
    fn the_later_of_mtime_and_ctime_decides_and_the_time_is_asked_again() {
        let directory = tempfile::tempdir().unwrap();
        let ticker = Ticker::new(directory.path().to_owned());
        let now = Moment::at(directory.path());
        let hour = 3_600_000_000_000;
        let is_settled = |mtime_ns, ctime_ns| {
            ticker.is_settled(&FileStamp {
                size: 0,
                mtime_ns,
                ctime_ns,
                inode: 0,
                device: now.0.device,
                mode: 0,
            })
        };
        let (past, future) = (now.ns() - hour, now.ns() + hour);
        assert!(is_settled(past, past));
        assert!(!is_settled(past, future));
        assert!(!is_settled(future, past));
        let long_ago = Moment(FileSystemNow {
            ns: past,
            device: now.0.device,
        });
        *ticker.last.lock().unwrap() = Some(long_ago);
        assert!(is_settled(past, past + hour / 2));
    }
}
