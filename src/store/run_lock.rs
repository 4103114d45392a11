//! Lock files of runs: a run lives as long as its file is locked.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::model::RunId;

/// The folder with a lock file for each run that lives.
#[derive(Clone, Debug)]
pub(super) struct RunLocks {
    /// `None` for an instance in memory, whose runs end with it.
    folder: Option<PathBuf>,
}

/// Whether the process of a run still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    Dead,
}

/// The lock of a run; the file goes when the value goes.
#[derive(Debug)]
pub(super) struct RunLock {
    held: Option<(PathBuf, File)>,
}

impl RunLocks {
    pub(super) fn of_home(home: &Path) -> Self {
        Self {
            folder: Some(home.join("runs")),
        }
    }

    pub(super) fn in_memory() -> Self {
        Self { folder: None }
    }

    /// Takes the lock of a run that nobody knows yet.
    pub(super) fn take(&self, run: RunId) -> io::Result<RunLock> {
        let Some(folder) = &self.folder else {
            return Ok(RunLock { held: None });
        };
        fs::create_dir_all(folder)?;
        let path = file_of(folder, run);
        let file = File::options().create(true).append(true).open(&path)?;
        file.lock()?;
        Ok(RunLock {
            held: Some((path, file)),
        })
    }

    /// Whether a run lives. The lock is asked for shared, so that two that ask at once do not see each other.
    pub(super) fn life(&self, run: RunId) -> io::Result<Life> {
        let Some(folder) = &self.folder else {
            return Ok(Life::Alive);
        };
        match File::open(file_of(folder, run)) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(Life::Dead),
                Err(TryLockError::WouldBlock) => Ok(Life::Alive),
                Err(TryLockError::Error(error)) => Err(error),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Life::Dead),
            Err(error) => Err(error),
        }
    }

    /// Removes the file of a run that is dead and recorded as such.
    pub(super) fn remove(&self, run: RunId) {
        if let Some(folder) = &self.folder {
            // A file that stays behind is free, which says the same.
            let _ = fs::remove_file(file_of(folder, run));
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        if let Some((path, _file)) = self.held.take() {
            // A file that stays behind is free as soon as it is closed.
            let _ = fs::remove_file(path);
        }
    }
}

fn file_of(folder: &Path, run: RunId) -> PathBuf {
    folder.join(format!("{run}.lock"))
}
