//! Lock files of runs: a run lives as long as its file is locked.
//!
//! The commands of a run share its lock. A process that is killed leaves them running, and nobody else may start the same
//! step before they have ended; a run that ends itself removes the file, so what a command leaves running holds nothing.
//! Whoever asks opens the file for reading, which other users may do, whatever the umask of who made it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::model::RunId;
use crate::sys::file::open_file;

/// The folder with a lock file for each run that lives.
#[derive(Clone, Debug)]
pub struct RunLocks {
    /// `None` for an instance in memory, whose runs end with it.
    folder: Option<PathBuf>,
}

/// The lock of a run; the file goes when the value goes.
#[derive(Debug)]
pub struct RunLock {
    held: Option<(PathBuf, File)>,
}

impl RunLocks {
    pub(super) fn of_home(home: &Path) -> Self {
        Self::in_folder(home.join("runs"))
    }

    /// Those in a folder, which is made when it is needed.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
        }
    }

    pub(super) fn in_memory() -> Self {
        Self { folder: None }
    }

    /// Takes the lock of a run that nobody knows yet.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or its file system has no locks.
    pub fn take(&self, run: RunId) -> io::Result<RunLock> {
        let Some(folder) = &self.folder else {
            return Ok(RunLock { held: None });
        };
        fs::create_dir_all(folder)?;
        let path = file_of(folder, run);
        let file = loop {
            let mut options = File::options();
            let file = options.read(true).write(true).create(true).open(&path)?;
            let mode = file.metadata()?.permissions().mode();
            file.set_permissions(fs::Permissions::from_mode(mode | 0o444))?;
            file.lock()?;
            // One that was found unlocked meanwhile has been removed as a dead run's.
            if is_at(&file, &path)? {
                break file;
            }
        };
        // Commands inherit the lock: where only this process is killed, they may still write, and the run lives on.
        fcntl_setfd(&file, FdFlags::empty())?;
        Ok(RunLock {
            held: Some((path, file)),
        })
    }

    /// Whether a run lives: its process, or one of its commands. The lock is asked for shared, so that two that ask at once do not see each other.
    ///
    /// # Errors
    ///
    /// If its file cannot be read, or its file system has no locks.
    pub fn is_alive(&self, run: RunId) -> io::Result<bool> {
        let Some(folder) = &self.folder else {
            return Ok(true);
        };
        match open_file(&file_of(folder, run)) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(false),
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(error)) => Err(error),
            },
            // What is no file was never locked.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::IsADirectory
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The runs that have a file and are dead.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn dead(&self) -> io::Result<Vec<RunId>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut dead = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".lock"));
            let id = id.and_then(|id| uuid::Uuid::parse_str(id).ok());
            if let Some(run) = id.map(RunId)
                && !self.is_alive(run)?
            {
                dead.push(run);
            }
        }
        Ok(dead)
    }

    /// Holds the lock of a run that is dead, so that nobody begins a run by its file meanwhile; `None` if it lives after all, as
    /// one that had made its file and not locked it yet, or has no file.
    ///
    /// # Errors
    ///
    /// If its file cannot be read, or its file system has no locks.
    pub fn hold_dead(&self, run: RunId) -> io::Result<Option<File>> {
        let Some(path) = self.path(run) else {
            return Ok(None);
        };
        let file = match open_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match file.try_lock() {
            Ok(()) => Ok(is_at(&file, &path)?.then_some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes the file of a run that is dead and recorded as such.
    pub fn remove(&self, run: RunId) {
        if let Some(folder) = &self.folder {
            // A file that stays behind is free, which says the same.
            let _ = fs::remove_file(file_of(folder, run));
        }
    }
}

impl RunLocks {
    /// The file of a run, whether it exists or not; `None` in memory.
    pub fn path(&self, run: RunId) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| file_of(folder, run))
    }
}

impl RunLock {
    /// The file, locked and open for writing; `None` in memory.
    pub fn file(&self) -> Option<&File> {
        self.held.as_ref().map(|(_, file)| file)
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

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn file_of(folder: &Path, run: RunId) -> PathBuf {
    folder.join(format!("{run}.lock"))
}
