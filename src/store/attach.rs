//! Connections to a file that exists, and copies of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::digest::Key;
use crate::store::damage::{self, beside};
use crate::store::error::{Fault, StoreError};
use crate::store::origin::{self, Origin};
use crate::store::schema::{Schema, Standing};

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// Characters of a path that stay as they are in a `file:` URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// What an instance must be to be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) schema: Schema,
    /// What its user vouches for instances with.
    pub(super) key: Option<&'a Key>,
}

/// Whether a file, once opened, can be used.
pub(super) enum Attached {
    Ready(Connection),
    Older {
        connection: Connection,
        from: u32,
    },
    /// It came with the folder from elsewhere.
    Foreign,
    Damaged(String),
}

/// Whoever reads from a pipe waits for its other end, and a device has no end.
fn refuse_special(path: &Path) -> Result<(), Fault> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = beside(path, suffix);
        let is_special = |it: fs::Metadata| !it.is_file() && !it.is_dir();
        if fs::metadata(&file).is_ok_and(is_special) {
            let reason = format!("{} is not a regular file", file.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason).into());
        }
    }
    Ok(())
}

/// Opens a file that exists; nothing is read yet.
pub(super) fn connect(path: &Path) -> Result<Connection, Fault> {
    refuse_special(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

pub(super) fn connect_immutable(path: &Path) -> Result<Connection, Fault> {
    refuse_special(path)?;
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), PATH);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{encoded}?immutable=1");
    Ok(Connection::open_with_flags(uri, flags)?)
}

/// Reads the header and the schema.
pub(super) fn attach(
    connection: Connection,
    path: &Path,
    terms: Terms<'_>,
) -> Result<Attached, StoreError> {
    let home = path.parent().unwrap_or(path);
    let standing = terms.schema.standing(&connection).and_then(|standing| {
        let origin = match standing {
            Standing::Current => origin::of(&connection, terms.schema.version(), home, terms.key)?,
            Standing::Older { .. } => Origin::Here,
        };
        Ok((standing, origin))
    });
    match standing {
        Ok((_, Origin::Elsewhere)) => {
            // It is moved as it came, with its log.
            keep_log(&connection).map_err(|fault| StoreError::at(path, fault))?;
            Ok(Attached::Foreign)
        }
        Ok((Standing::Current, Origin::Here)) => Ok(Attached::Ready(connection)),
        Ok((Standing::Older { from }, Origin::Here)) => Ok(Attached::Older { connection, from }),
        Err(fault) => match StoreError::at(path, fault) {
            StoreError::Damaged { detail, .. } => {
                // The log is evidence too.
                keep_log(&connection).map_err(|fault| StoreError::at(path, fault))?;
                Ok(Attached::Damaged(detail))
            }
            error => Err(error),
        },
    }
}

/// Lets the closing of a connection neither fold the log into the file nor delete it.
pub(super) fn keep_log(connection: &Connection) -> Result<(), Fault> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// `None` where there is no file.
pub(super) fn attach_for_writing(
    path: &Path,
    terms: Terms<'_>,
) -> Result<Option<Attached>, StoreError> {
    let connection = match connect(path) {
        Ok(connection) => connection,
        Err(_) if matches!(path.try_exists(), Ok(false)) => return Ok(None),
        // Another process may have made it just after it was found absent.
        Err(_) => connect(path).map_err(|fault| StoreError::at(path, fault))?,
    };
    if connection.is_readonly("main").unwrap_or(true) {
        return Err(StoreError::MissingPermission {
            path: path.to_path_buf(),
        });
    }
    let attached = attach(connection, path, terms)?;
    if let Attached::Ready(connection) = &attached
        && connection.is_readonly("main").unwrap_or(true)
    {
        let detail = "its header forbids writing".to_owned();
        return Ok(Some(Attached::Damaged(detail)));
    }
    Ok(Some(attached))
}

/// Writes what `connection` sees into the file `copy`, replacing an older copy only when it is whole.
pub(super) fn keep_copy(connection: &Connection, copy: &Path) -> Result<(), Fault> {
    let new = beside(copy, ".new");
    damage::remove_with_companions(&new)?;
    let name = new
        .to_str()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidFilename, "its path is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    fs::rename(&new, copy)?;
    Ok(())
}

/// Copies an instance with its log into a new folder in `parent`, and gives that and the copy.
pub(super) fn copy_with_log(path: &Path, parent: &Path) -> io::Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir_in(parent)?;
    let copy = folder.path().join("instance.db");
    // The log first: what a checkpoint moves in between is then in both.
    fs::copy(beside(path, "-wal"), beside(&copy, "-wal"))?;
    fs::copy(path, &copy)?;
    Ok((folder, copy))
}
