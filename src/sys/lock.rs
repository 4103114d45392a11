//! A lock between processes: held on an open file, gone with the process that holds it.
//!
//! The lock is the operating system's, so a file that is left behind by a dead process locks nobody out. Nothing here removes it,
//! because removing it lets two processes hold "the" lock; who does so all the same asks [`FileLock::is_at`]. The file is
//! opened for reading, which is all that another user may do; only network file systems want more.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::io::Errno;

/// A held exclusive lock; released when dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Takes the lock on `path`, which is created where it does not exist; `None` when somebody else holds it.
    pub fn try_exclusive(path: &Path) -> io::Result<Option<Self>> {
        Self::try_on(open(path)?)
    }

    /// Takes the lock on an open file; `None` when somebody else holds it.
    pub fn try_on(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Takes the lock on `path`, which is created where it does not exist, and waits for it.
    pub fn exclusive(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        match file.lock() {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::BADF) => {
                let file = create(path)?;
                file.lock()?;
                Ok(Self { file })
            }
            locked => locked.map(|()| Self { file }),
        }
    }

    /// Whether `path` still names the file that is locked. A file that its holders remove has to be asked for this: it may
    /// have been removed between being opened and being locked.
    pub fn is_at(&self, path: &Path) -> io::Result<bool> {
        let held = self.file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for FileLock {
    /// Unlocks explicitly: a child that was started meanwhile may share the open file, and would keep the lock.
    fn drop(&mut self) {
        // Closing the file unlocks it too, so a failure here has no consequence that could be reported.
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = create(path)?;
            let mode = file.metadata()?.permissions().mode();
            file.set_permissions(fs::Permissions::from_mode(mode | 0o444))?;
            Ok(file)
        }
        opened => opened,
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::FileLock;

    #[test]
    fn only_one_holds_it_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = FileLock::try_exclusive(&path).unwrap().unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
        drop(first);
        let _second = FileLock::exclusive(&path).unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
    }

    #[test]
    fn a_file_that_can_only_be_read_is_locked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        drop(FileLock::exclusive(&path).unwrap());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o444,
            0o444
        );
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        let _held = FileLock::exclusive(&path).unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
    }
}
