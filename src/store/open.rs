//! Opening an instance, whatever state it is in.
//!
//! The usual case costs one open, one query and one setting. Everything else is decided only after the usual case has
//! failed: nothing is probed beforehand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::Store;
use crate::store::damage::{self, beside};
use crate::store::error::{Fault, Notice, StoreError};
use crate::store::intern::Interned;
use crate::store::run_lock::RunLocks;
use crate::store::schema::{SCHEMA, Schema, Standing};

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// Characters of a path that stay as they are in a `file:` URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// What an instance is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading. Creates nothing; where there is no instance, it is empty.
    Read,
    /// Reading and writing. Creates the home folder and the instance.
    Write,
}

/// An instance, and what had to be put right to open it.
#[derive(Debug)]
pub struct Opened {
    /// The instance.
    pub store: Store,
    /// What the user should know.
    pub notices: Vec<Notice>,
}

/// Whether a file, once opened, can be used.
enum Attached {
    Ready(Connection),
    Older { connection: Connection, from: u32 },
    Damaged(String),
}

/// How an instance is read, in the order in which it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Beside processes that write.
    Shared,
    /// Where nothing can be written, not even the lock on the log, and there is no log.
    Immutable,
    /// Where nothing can be written and there is a log.
    Copied,
}

impl Store {
    /// Opens the instance in the folder `home`.
    ///
    /// An instance opened to be written may be waited for up to ten seconds, later writes too.
    pub fn open(home: &Path, access: Access) -> Result<Opened, StoreError> {
        Self::open_with(home, access, SCHEMA)
    }

    /// An instance in memory, which ends with the value.
    pub fn ephemeral() -> Result<Self, StoreError> {
        Self::in_memory(Path::new(":memory:"), Access::Write)
    }

    /// Opens the instance in `home` as if it were damaged: for callers to whom reading has answered
    /// [`StoreError::Damaged`]. The [`Store`] that gave that answer must be dropped before.
    pub fn open_anew(home: &Path, access: Access, detail: &str) -> Result<Opened, StoreError> {
        let path = home.join("instance.db");
        match access {
            Access::Read => Self::ignoring_damage(&path, detail.to_owned()),
            Access::Write => {
                let at = |fault| StoreError::at(&path, fault);
                let lock = damage::lock(home).map_err(Fault::Io).map_err(at)?;
                let moved_to = damage::set_aside(&path).map_err(Fault::Io).map_err(at)?;
                damage::create(&path, SCHEMA).map_err(at)?;
                drop(lock);
                let mut opened = Self::open_with(home, access, SCHEMA)?;
                opened.notices.push(Notice::SetAside {
                    moved_to,
                    detail: detail.to_owned(),
                });
                Ok(opened)
            }
        }
    }

    pub(super) fn open_with(
        home: &Path,
        access: Access,
        schema: Schema,
    ) -> Result<Opened, StoreError> {
        let path = home.join("instance.db");
        match access {
            Access::Read => {
                let mut opened = Self::open_for_reading(&path, schema)?;
                opened.store.run_locks = RunLocks::of_home(home);
                Ok(opened)
            }
            Access::Write => Self::open_for_writing(home, &path, schema),
        }
    }

    fn open_for_writing(home: &Path, path: &Path, schema: Schema) -> Result<Opened, StoreError> {
        let at = |fault| StoreError::at(path, fault);
        let mut notices = Vec::new();
        let attached = match attach_for_writing(path, schema)? {
            Some(attached) => attached,
            None => create_and_attach(home, path, schema)?,
        };
        let connection = match attached {
            Attached::Ready(connection) => connection,
            Attached::Older {
                mut connection,
                from,
            } => {
                let copy = beside(path, &format!(".schema-{from}"));
                keep_copy(&connection, &copy).map_err(at)?;
                schema.apply(&mut connection).map_err(at)?;
                notices.push(Notice::Migrated {
                    from,
                    to: schema.version(),
                    copy,
                });
                connection
            }
            Attached::Damaged(_) => {
                let (connection, notice) = replace_damaged(home, path, schema)?;
                notices.extend(notice);
                connection
            }
        };
        connection
            .execute_batch("PRAGMA synchronous = NORMAL")
            .map_err(|error| at(error.into()))?;
        let mut store = Self::over(connection, path, Access::Write);
        store.run_locks = RunLocks::of_home(home);
        Ok(Opened { store, notices })
    }

    fn open_for_reading(path: &Path, schema: Schema) -> Result<Opened, StoreError> {
        let exists = path
            .try_exists()
            .map_err(|error| StoreError::at(path, error.into()))?;
        if !exists {
            return Ok(Opened {
                store: Self::in_memory(path, Access::Read)?,
                notices: Vec::new(),
            });
        }
        match Self::open_as(path, Reading::Shared, schema) {
            Err(StoreError::MissingPermission { .. } | StoreError::Io { .. }) => {}
            opened => return opened,
        }
        let logged = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
        let reading = if logged {
            Reading::Copied
        } else {
            Reading::Immutable
        };
        Self::open_as(path, reading, schema)
    }

    pub(super) fn open_as(
        path: &Path,
        reading: Reading,
        schema: Schema,
    ) -> Result<Opened, StoreError> {
        let at = |fault| StoreError::at(path, fault);
        let mut copy = None;
        let connection = match reading {
            Reading::Shared => connect(path).map_err(at)?,
            Reading::Immutable => connect_immutable(path).map_err(at)?,
            Reading::Copied => {
                let folder = tempfile::tempdir().map_err(Fault::Io).map_err(at)?;
                let file = copy_with_log(path, folder.path())
                    .map_err(Fault::Io)
                    .map_err(at)?;
                copy = Some(folder);
                connect(&file).map_err(at)?
            }
        };
        if reading == Reading::Shared && connection.is_readonly("main").unwrap_or(true) {
            // Such a connection would leave files beside the instance that nobody removes.
            return Err(StoreError::MissingPermission {
                path: path.to_path_buf(),
            });
        }
        let mut connection = match attach(connection, path, schema)? {
            Attached::Ready(connection) => connection,
            Attached::Damaged(detail) => return Self::ignoring_damage(path, detail),
            Attached::Older { connection, .. } => {
                let folder = tempfile::tempdir().map_err(Fault::Io).map_err(at)?;
                let file = folder.path().join("instance.db");
                keep_copy(&connection, &file).map_err(at)?;
                drop(connection);
                copy = Some(folder);
                let mut migrated = connect(&file).map_err(at)?;
                schema.apply(&mut migrated).map_err(at)?;
                migrated
            }
        };
        restrict_to_reading(&mut connection).map_err(at)?;
        let mut store = Self::over(connection, path, Access::Read);
        store.copy = copy;
        Ok(Opened {
            store,
            notices: Vec::new(),
        })
    }

    fn ignoring_damage(path: &Path, detail: String) -> Result<Opened, StoreError> {
        Ok(Opened {
            store: Self::in_memory(path, Access::Read)?,
            notices: vec![Notice::IgnoredDamage {
                path: path.to_path_buf(),
                detail,
            }],
        })
    }

    fn in_memory(path: &Path, access: Access) -> Result<Self, StoreError> {
        let open = || -> Result<Connection, Fault> {
            let mut connection = Connection::open_in_memory()?;
            SCHEMA.apply(&mut connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|fault| StoreError::at(path, fault))?;
        Ok(Self::over(connection, path, access))
    }

    fn over(connection: Connection, path: &Path, access: Access) -> Self {
        connection.set_prepared_statement_cache_capacity(64);
        Self {
            connection,
            path: path.to_path_buf(),
            access,
            run_locks: RunLocks::in_memory(),
            interned: Interned::default(),
            copy: None,
        }
    }
}

/// Opens a file that exists; nothing is read yet.
fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

fn connect_immutable(path: &Path) -> Result<Connection, Fault> {
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), PATH);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{encoded}?immutable=1");
    Ok(Connection::open_with_flags(uri, flags)?)
}

/// Reads the header and the schema.
fn attach(connection: Connection, path: &Path, schema: Schema) -> Result<Attached, StoreError> {
    match schema.standing(&connection) {
        Ok(Standing::Current) => Ok(Attached::Ready(connection)),
        Ok(Standing::Older { from }) => Ok(Attached::Older { connection, from }),
        Err(fault) => match StoreError::at(path, fault) {
            StoreError::Damaged { detail, .. } => {
                // The log is evidence too: closing must not fold it into the file or delete it.
                connection
                    .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
                    .map_err(|error| StoreError::at(path, error.into()))?;
                Ok(Attached::Damaged(detail))
            }
            error => Err(error),
        },
    }
}

/// `None` where there is no file.
fn attach_for_writing(path: &Path, schema: Schema) -> Result<Option<Attached>, StoreError> {
    let connection = match connect(path) {
        Ok(connection) => connection,
        Err(fault) => {
            return match path.try_exists() {
                Ok(false) => Ok(None),
                _ => Err(StoreError::at(path, fault)),
            };
        }
    };
    if connection.is_readonly("main").unwrap_or(true) {
        return Err(StoreError::MissingPermission {
            path: path.to_path_buf(),
        });
    }
    let attached = attach(connection, path, schema)?;
    if let Attached::Ready(connection) = &attached
        && connection.is_readonly("main").unwrap_or(true)
    {
        let detail = "its header forbids writing".to_owned();
        return Ok(Some(Attached::Damaged(detail)));
    }
    Ok(Some(attached))
}

fn create_and_attach(home: &Path, path: &Path, schema: Schema) -> Result<Attached, StoreError> {
    let at_home = |error: io::Error| StoreError::at(home, error.into());
    damage::create_home(home).map_err(at_home)?;
    let _lock = damage::lock(home).map_err(at_home)?;
    if let Some(attached) = attach_for_writing(path, schema)? {
        return Ok(attached);
    }
    damage::create(path, schema).map_err(|fault| StoreError::at(path, fault))?;
    attach_for_writing(path, schema)?.ok_or_else(|| StoreError::Io {
        path: path.to_path_buf(),
        reason: "it was removed while it was opened".to_owned(),
    })
}

/// Moves a damaged file aside, unless another process has done so since, and opens a new one.
fn replace_damaged(
    home: &Path,
    path: &Path,
    schema: Schema,
) -> Result<(Connection, Option<Notice>), StoreError> {
    let at = |fault| StoreError::at(path, fault);
    let _lock = damage::lock(home).map_err(Fault::Io).map_err(at)?;
    let notice = match attach_for_writing(path, schema)? {
        Some(Attached::Ready(connection)) => return Ok((connection, None)),
        Some(Attached::Damaged(detail)) => {
            let moved_to = damage::set_aside(path).map_err(Fault::Io).map_err(at)?;
            Some(Notice::SetAside { moved_to, detail })
        }
        Some(Attached::Older { .. }) | None => None,
    };
    if notice.is_some() || !path.exists() {
        damage::create(path, schema).map_err(at)?;
    }
    match attach_for_writing(path, schema)? {
        Some(Attached::Ready(connection)) => Ok((connection, notice)),
        _ => Err(StoreError::Damaged {
            path: path.to_path_buf(),
            detail: "it changed while it was replaced".to_owned(),
        }),
    }
}

/// Writes what `connection` sees into the file `copy`, replacing an older copy only when it is whole.
fn keep_copy(connection: &Connection, copy: &Path) -> Result<(), Fault> {
    let new = beside(copy, ".new");
    damage::remove_with_companions(&new)?;
    let name = new
        .to_str()
        .ok_or(Fault::Undecodable("its path is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    fs::rename(&new, copy)?;
    Ok(())
}

fn copy_with_log(path: &Path, folder: &Path) -> io::Result<PathBuf> {
    let copy = folder.join("instance.db");
    // The log first: what a checkpoint moves in between is then in both.
    fs::copy(beside(path, "-wal"), beside(&copy, "-wal"))?;
    fs::copy(path, &copy)?;
    Ok(copy)
}

fn restrict_to_reading(connection: &mut Connection) -> Result<(), Fault> {
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(())
}
