//! Outputs that this process puts into place, so that the first look at them afterwards need not read them again.
//!
//! A freshly built file is racy: it was written just now, and renaming it touches its ctime. But every write also touches its
//! mtime. So a staged file whose bytes are not more than a tick older than its last change gets an mtime two ticks back
//! *before* it is hashed: a later write then has a newer mtime, even within the same step of the clock. After the rename a
//! file that has the size, mtime, inode, device and mode of what was hashed is taken for it, whatever its ctime is.
//!
//! The present is needed only as a bound that later writes cannot fall below, and each file has one: its ctime. So nothing
//! is created beside the outputs to ask for the time.
//!
//! What this cannot see is somebody who writes between hash and rename, or within the tick of the rename, and then sets the
//! mtime back to the nanosecond. Where ticks are long enough for that to happen, an output is not adopted: it stays racy and is
//! read once more at the next look.
//!
//! How near to the present a timestamp may lie before it proves nothing.
//!
//! A file system's clock moves in steps. A file that was written within the same step as it was hashed may be written once
//! more without a change of its timestamps. So a hash is remembered only if the file was last touched at least one tick
//! before the hash began, by the clock of the same file system: any later write then gets another time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::hash::tree::{EntryKind, TreeEntry, files, fold_found};
use crate::hash::version::{Place, read_alone};
use crate::hash::{Found, HashError, Versions};
use crate::model::DataVersion;
use crate::sys::clock::{Clock, SystemClock};
use crate::sys::file::{
    FileKind, FileStamp, FileSystemNow, Follow, backdate, filesystem_now, stamp_at,
};
use crate::sys::parallel;

/// An output that was hashed where it was built.
#[derive(Clone, Debug)]
pub struct Settled {
    found: Found,
    files: Vec<SettledFile>,
}

/// A file of it that can be known again.
#[derive(Clone, Debug)]
struct SettledFile {
    /// Its path below the output; empty for the output itself.
    name: PathBuf,
    stamp: FileStamp,
    version: DataVersion,
}

impl Settled {
    /// What was built.
    pub const fn found(&self) -> Found {
        self.found
    }
}

impl Versions<'_> {
    /// Hashes what was built at `staged` as what it will be at `path` (the same where it was built in place), and makes its
    /// files recognisable. It must not be written to any more.
    pub fn settle(&self, staged: &str, path: &str) -> Result<Settled, HashError> {
        let place = Place {
            read: Place::declared(staged).read,
            ..Place::declared(path)
        };
        let kind = self
            .stamp(place, Follow::Nothing)?
            .map(|stamp| stamp.kind());
        match kind {
            Some(FileKind::File) => {
                self.set_back(place)?;
                let (found, file) = self.settle_file(place, Path::new(""))?;
                let files = file.into_iter().collect();
                Ok(Settled { found, files })
            }
            Some(FileKind::Directory) => self.settle_directory(place),
            _ => Ok(Settled {
                found: self.of(place)?,
                files: Vec::new(),
            }),
        }
    }

    /// Whether what was built is at `path` already, so far as is known without reading: the same content, of a file with the
    /// same mode.
    pub fn is_at(&self, path: &str, settled: &Settled) -> bool {
        let place = Place::declared(path);
        let Ok(Some(stamp)) = self.stamp(place, Follow::Nothing) else {
            return false;
        };
        match (settled.found, settled.files.as_slice()) {
            (Found::File { version, .. }, [file]) => {
                stamp.mode == file.stamp.mode
                    && self.cache.get(place.named, &stamp) == Some(version)
            }
            (Found::Directory { version, .. }, _) if stamp.kind() == FileKind::Directory => {
                let known = self.tree_if_known(place);
                known.is_some_and(|(known, _)| known == version)
            }
            _ => false,
        }
    }

    /// Makes the cache know the output that was renamed to `path`, as far as it is what was hashed.
    pub fn adopt(&self, path: &str, settled: &Settled) {
        let output = Place::declared(path).named;
        for file in &settled.files {
            let path = if file.name.as_os_str().is_empty() {
                output.to_owned()
            } else {
                output.join(&file.name)
            };
            if let Ok(Some(stamp)) = stamp_at(&self.directory, &path, Follow::Nothing)
                && stamp.equals_but_ctime(&file.stamp)
                && !self.ticker.is_coarse(&stamp)
            {
                self.cache.insert(&path, stamp, file.version);
            }
        }
    }

    fn settle_directory(&self, place: Place<'_>) -> Result<Settled, HashError> {
        let entries = self.entries(place)?;
        let (mut bytes, mut count) = (0_u64, 0);
        for entry in regular(&entries) {
            bytes = bytes.saturating_add(self.set_back(entry.place())?);
            count += 1;
        }
        let members: Vec<&TreeEntry> = files(&entries).collect();
        let alone = read_alone(bytes, count);
        let results = parallel::map(members.into_iter(), alone, |entry| match entry.kind {
            EntryKind::File => self.settle_file(entry.place(), entry.name_path()),
            _ => Ok((self.of(entry.place())?, None)),
        });
        let mut found = Vec::with_capacity(results.len());
        let mut settled = Vec::with_capacity(results.len());
        for result in results {
            let (one, file) = result?;
            found.push(one);
            settled.extend(file);
        }
        let (version, bytes) = fold_found(&entries, found)?;
        Ok(Settled {
            found: Found::Directory { version, bytes },
            files: settled,
        })
    }

    /// Hashes a staged file, and says how to know it again if it can be.
    fn settle_file(
        &self,
        place: Place<'_>,
        name: &Path,
    ) -> Result<(Found, Option<SettledFile>), HashError> {
        if self
            .stamp(place, Follow::Nothing)?
            .map(|stamp| stamp.kind())
            != Some(FileKind::File)
        {
            return Ok((self.of(place)?, None));
        }
        let Some((stamp, version)) = self.read(place)? else {
            return Ok((Found::Absent, None));
        };
        let bytes = stamp.size;
        let file = match Moment::of_last_change(&stamp).trust(stamp.mtime_ns, stamp.device) {
            Trust::Racy => None,
            Trust::Settled => Some(SettledFile {
                name: name.to_owned(),
                stamp,
                version,
            }),
        };
        Ok((Found::File { version, bytes }, file))
    }

    /// Sets the mtime of a regular file back out of the present, and returns the file's size. A file that may not be changed
    /// stays racy, which costs one more reading.
    fn set_back(&self, place: Place<'_>) -> Result<u64, HashError> {
        let Some(stamp) = self.stamp(place, Follow::Nothing)? else {
            return Ok(0);
        };
        let moment = Moment::of_last_change(&stamp);
        let is_file = stamp.kind() == FileKind::File;
        if is_file && moment.trust(stamp.mtime_ns, stamp.device) == Trust::Racy {
            let latest = stamp.mtime_ns.min(moment.ns());
            let past = latest.saturating_sub(2 * moment.tick(stamp.device));
            let _ = backdate(&self.directory, place.read, past);
        }
        Ok(stamp.size)
    }
}

fn regular(entries: &[TreeEntry]) -> impl Iterator<Item = &TreeEntry> {
    entries.iter().filter(|entry| entry.kind == EntryKind::File)
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

/// What a timestamp before the present proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// A later write will show.
    Settled,
    /// A later write may have the same timestamps.
    Racy,
}

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

    /// Whether `time_ns`, a timestamp of a file on `device`, lies more than a tick before this moment.
    pub const fn trust(self, time_ns: i64, device: u64) -> Trust {
        if time_ns < self.0.ns.saturating_sub(self.tick(device)) {
            Trust::Settled
        } else {
            Trust::Racy
        }
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

    /// A moment that is not after the present, by the clock of the file system: the last one that it was asked for.
    pub fn moment(&self) -> Moment {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last.get_or_insert_with(|| Moment::at(&self.directory))
    }

    /// Whether a hash that begins after this call may be remembered for a file with this stamp.
    pub fn trust(&self, stamp: &FileStamp) -> Trust {
        let touched = stamp.mtime_ns.max(stamp.ctime_ns);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some(moment) if moment.trust(touched, stamp.device) == Trust::Settled => Trust::Settled,
            _ => {
                let moment = Moment::at(&self.directory);
                *last = Some(moment);
                moment.trust(touched, stamp.device)
            }
        }
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
    use super::{Moment, Ticker, Trust};
    use crate::sys::file::{FileStamp, FileSystemNow};

    #[test]
    fn the_window_follows_the_device_and_the_digits_of_its_clock() {
        let second = 1_000_000_000;
        let fine = 100 * second + 5;
        let coarse = 100 * second;
        for (now, device, age, trust) in [
            (fine, 1, 10_000_000, Trust::Racy),
            (fine, 1, 10_000_001, Trust::Settled),
            (fine, 1, -second, Trust::Racy),
            (coarse, 1, 2 * second, Trust::Racy),
            (coarse, 1, 2 * second + 1, Trust::Settled),
            (fine, 2, 3 * second, Trust::Racy),
            (fine, 2, 3 * second + 1, Trust::Settled),
        ] {
            let moment = Moment(FileSystemNow { ns: now, device: 1 });
            assert_eq!(
                moment.trust(now - age, device),
                trust,
                "age {age} on {device}"
            );
        }
    }

    #[test]
    fn the_last_change_of_a_file_is_as_coarse_as_the_coarser_of_its_timestamps() {
        let second = 1_000_000_000;
        for (mtime_ns, ctime_ns, trust) in [
            (100 * second + 5, 100 * second + 10_000_006, Trust::Settled),
            (100 * second + 5, 100 * second + 10_000_005, Trust::Racy),
            (200 * second + 5, 100 * second + 5, Trust::Racy),
            (100 * second, 102 * second + 999_999_999, Trust::Racy),
            (100 * second, 103 * second, Trust::Settled),
            (100 * second + 5, 102 * second, Trust::Racy),
            (100 * second + 5, 103 * second, Trust::Settled),
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
            assert_eq!(moment.trust(mtime_ns, 1), trust, "{mtime_ns} {ctime_ns}");
        }
    }

    #[test]
    fn the_later_of_mtime_and_ctime_decides_and_the_time_is_asked_again() {
        let directory = tempfile::tempdir().unwrap();
        let ticker = Ticker::new(directory.path().to_owned());
        let now = Moment::at(directory.path());
        let hour = 3_600_000_000_000;
        let trust = |mtime_ns, ctime_ns| {
            ticker.trust(&FileStamp {
                size: 0,
                mtime_ns,
                ctime_ns,
                inode: 0,
                device: now.0.device,
                mode: 0,
            })
        };
        let (past, future) = (now.ns() - hour, now.ns() + hour);
        assert_eq!(trust(past, past), Trust::Settled);
        assert_eq!(trust(past, future), Trust::Racy);
        assert_eq!(trust(future, past), Trust::Racy);
        let long_ago = Moment(FileSystemNow {
            ns: past,
            device: now.0.device,
        });
        *ticker.last.lock().unwrap() = Some(long_ago);
        assert_eq!(trust(past, past + hour / 2), Trust::Settled);
    }
}
