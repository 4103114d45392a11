//! How near to the present a timestamp may lie before it proves nothing.
//!
//! A file system's clock moves in steps. A file that was written within the same step as it was hashed may be written once
//! more without a change of its timestamps. So a hash is remembered only if the file was last touched at least one tick
//! before the hash began, by the clock of the same file system: any later write then gets another time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::sys::clock::{Clock, SystemClock};
use crate::sys::file::{FileStamp, FileSystemNow, filesystem_now};

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
