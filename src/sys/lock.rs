//! A lock between processes: held on an open file, gone with the process that holds it.
//!
//! The file may hold a text that names the holder. The lock is the operating system's, so a file that is left behind by a
//! dead process locks nobody out. Nothing here removes it, because removing it lets two processes hold "the" lock; who
//! does so all the same asks [`FileLock::is_at`].

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
        file.lock()?;
        Ok(Self { file })
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

    /// Writes who holds the lock into its file, in place of what stood there.
    pub fn write_holder(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())
    }

    /// What the last holder wrote into the lock file at `path`; `None` where there is no file or no text.
    pub fn read_holder(path: &Path) -> io::Result<Option<String>> {
        match fs::read(path) {
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
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
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::FileLock;

    #[test]
    fn only_one_holds_it_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        assert_eq!(FileLock::read_holder(&path).unwrap(), None);
        let mut first = FileLock::try_exclusive(&path).unwrap().unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
        assert_eq!(FileLock::read_holder(&path).unwrap(), None);
        first.write_holder("a longer holder").unwrap();
        first.write_holder("process 7").unwrap();
        assert_eq!(
            FileLock::read_holder(&path).unwrap().as_deref(),
            Some("process 7")
        );
        drop(first);
        let _second = FileLock::exclusive(&path).unwrap();
        assert!(FileLock::try_exclusive(&path).unwrap().is_none());
    }
}
