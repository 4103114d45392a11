//! The file of a project.

use std::io;
use std::path::Path;

use crate::lockfile::error::LockError;
use crate::lockfile::parse::{Parsed, parse, parse_added};
use crate::lockfile::print::print;
use crate::model::{AddedKey, Lock};
use crate::sys::file::{read_own, write_atomically};

/// The name of the file, beside `Assets.toml`.
pub const FILE_NAME: &str = "Assets.lock";

/// The lock file of a project; `None` if the file is missing.
pub fn read(root: &Path) -> Result<Option<Parsed>, LockError> {
    let Some(text) = bytes(root)? else {
        return Ok(None);
    };
    parse(FILE_NAME, &text).map(Some)
}

/// The keys of dynamic definitions in a project's lock file, in its order; none if there is no file.
///
/// Cheaper than [`read`]: of the other lines only the beginning is looked at, so that damage in them is not told.
pub fn added_keys(root: &Path) -> Result<Vec<AddedKey>, LockError> {
    match bytes(root)? {
        Some(text) => parse_added(FILE_NAME, &text),
        None => Ok(Vec::new()),
    }
}

/// Writes a project's lock file at once, if that changes a byte of it, and says whether it did.
pub fn write(root: &Path, lock: &Lock) -> Result<bool, LockError> {
    write_text(root, print(lock).as_bytes())
}

/// [`write`], with the text as it is to be.
pub fn write_text(root: &Path, text: &[u8]) -> Result<bool, LockError> {
    let path = root.join(FILE_NAME);
    if read_own(&path).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    write_atomically(&path, text).map_err(|reason| LockError::unwritable(FILE_NAME, &reason))?;
    Ok(true)
}

/// The bytes of a project's lock file, whatever they say; `None` if the file is missing.
pub fn read_bytes(root: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_own(&root.join(FILE_NAME)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn bytes(root: &Path) -> Result<Option<Vec<u8>>, LockError> {
    read_bytes(root).map_err(|error| LockError::unreadable(FILE_NAME, &error))
}
