//! The file of a project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::lockfile::error::LockError;
use crate::lockfile::parse::{Parsed, parse, parse_added};
use crate::model::{AddedKey, LOCK_FILE};
use crate::sys::file::{read_own, write_atomically};

/// The name of the file where an environment gives no other.
pub const FILE_NAME: &str = LOCK_FILE;

/// Where the lock file of a project lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockPlace {
    root: PathBuf,
    path: String,
}

impl LockPlace {
    /// The lock file of the project in `root`, at the path `Assets.lock`.
    pub fn in_root(root: &Path) -> Self {
        Self::at(root, FILE_NAME)
    }

    /// The lock file of the project in `root`, at a path below it.
    pub fn at(root: &Path, path: &str) -> Self {
        Self {
            root: root.to_owned(),
            path: path.to_owned(),
        }
    }

    /// The same file of a copy of the project.
    #[must_use]
    pub fn of_copy(&self, root: &Path) -> Self {
        Self::at(root, &self.path)
    }

    /// Its path, relative to the project root, as messages name it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is `Assets.lock`.
    pub fn is_default(&self) -> bool {
        self.path == FILE_NAME
    }

    /// What it says; `None` if the file is missing.
    pub fn read(&self) -> Result<Option<Parsed>, LockError> {
        let Some(text) = self.bytes()? else {
            return Ok(None);
        };
        parse(&self.path, &text).map(Some)
    }

    /// The keys of dynamic definitions in it, in its order; none if there is no file.
    ///
    /// Cheaper than [`Self::read`]: of the other lines only the beginning is looked at, so that damage in them is not told.
    pub fn added_keys(&self) -> Result<Vec<AddedKey>, LockError> {
        match self.bytes()? {
            Some(text) => parse_added(&self.path, &text),
            None => Ok(Vec::new()),
        }
    }

    /// Writes a text at once, if that changes a byte of the file, and says whether it did.
    pub fn write_text(&self, text: &[u8]) -> Result<bool, LockError> {
        let path = self.root.join(&self.path);
        if read_own(&path).is_ok_and(|before| before == text) {
            return Ok(false);
        }
        let folder = path.parent().filter(|_| !self.is_default());
        folder
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| write_atomically(&path, text))
            .map_err(|reason| LockError::unwritable(&self.path, &reason))?;
        Ok(true)
    }

    /// The bytes of the file, whatever they say; `None` if the file is missing.
    pub fn read_bytes(&self) -> io::Result<Option<Vec<u8>>> {
        match read_own(&self.root.join(&self.path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, LockError> {
        let bytes = self.read_bytes();
        bytes.map_err(|error| LockError::unreadable(&self.path, &error))
    }
}
