//! Opening an instance, whatever state it is in.
//!
//! The usual case costs one open, one query and one setting. Everything else is decided only after the usual case has
//! failed: nothing is probed beforehand.

use std::cell::Cell;
use std::path::Path;
use std::{fs, io};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::digest::Key;
use crate::store::error::{Fault, InstanceNotice, StoreError};
use crate::store::file::{
    self, Attached, SCHEMA, Schema, Terms, attach, attach_for_writing, beside, connect,
    connect_immutable, copy_with_log, keep_copy,
};
use crate::store::identity::{self, Mark};
use crate::store::instance::{Access, FileIdentity, Store};
use crate::store::numbers::Interned;
use crate::store::run_lock::RunLocks;
use crate::sys::inherited::{IN_MEMORY, TEMPORARY};

/// The file of an instance, in its home folder.
const FILE: &str = "instance.db";

/// An instance, and what had to be put right to open it.
#[derive(Debug)]
pub struct Opened {
    /// The instance.
    pub store: Store,
    /// What the user should know.
    pub notices: Vec<InstanceNotice>,
}

/// How an instance is read, in the order in which it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Beside processes that write.
    Shared,
    /// Where nothing can be written, not even the lock on the log, as on a full disk, and there is no log.
    Immutable,
    /// Where nothing can be written and there is a log.
    Copied,
}

/// Where an instance lies, and who asks.
#[derive(Clone, Copy, Debug)]
pub struct InstancePlace<'a> {
    /// Its folder.
    pub home: &'a Path,
    /// Where a copy of it lies, if it needs one to be read.
    pub temporary: &'a Path,
    /// What its user vouches for instances with, so that copies of them count.
    pub key: Option<&'a Key>,
}

impl<'a> InstancePlace<'a> {
    fn terms(&self) -> Terms<'a> {
        Terms {
            schema: SCHEMA,
            key: self.key,
        }
    }
}

impl Store {
    /// Opens the instance in the folder `home`, whoever asks.
    ///
    /// An instance opened to be written may be waited for up to ten seconds, later writes too.
    pub fn open(home: &Path, access: Access) -> Result<Opened, StoreError> {
        Self::open_with(home, access, SCHEMA)
    }

    /// [`Self::open`] for writing.
    pub fn open_to_write(place: InstancePlace<'_>) -> Result<Opened, StoreError> {
        Self::open_for_writing(place.home, &place.home.join(FILE), place.terms())
    }

    /// Opens the instance in the folder `home` for reading, without so much as a file beside it for a moment: what another
    /// process is writing just now may be missed.
    pub fn open_untouched(place: InstancePlace<'_>) -> Result<Opened, StoreError> {
        let path = place.home.join(FILE);
        match path.try_exists() {
            Ok(true) => {}
            Ok(false) => {
                return Self::nothing(&path, Vec::new());
            }
            Err(error) => return Err(StoreError::at(&path, error.into())),
        }
        // Whoever has the instance open has a log, and one that died may have left it: the last reader would remove it.
        let reading = if beside(&path, "-wal").exists() {
            Reading::Copied
        } else {
            Reading::Immutable
        };
        Self::open_as(&path, reading, (place.terms(), place.temporary))
    }

    /// [`Self::open`] for reading. An instance that can only be read from a copy is copied.
    pub fn open_to_read(place: InstancePlace<'_>) -> Result<Opened, StoreError> {
        let file = place.home.join(FILE);
        let mut opened = Self::open_for_reading(&file, place.terms(), place.temporary)?;
        opened.store.run_locks = RunLocks::of_home(place.home);
        Ok(opened)
    }

    /// An instance in memory, which ends with the value.
    pub fn ephemeral() -> Result<Self, StoreError> {
        Self::in_memory(Path::new(":memory:"), Access::Write)
    }

    /// Opens the instance again as if it were damaged: for callers to whom it has answered [`StoreError::Damaged`].
    ///
    /// For writing, the file is moved aside, unless another process has done so since; for reading, the instance is
    /// empty.
    pub fn open_anew(self, access: Access, detail: &str) -> Result<Opened, StoreError> {
        let (path, identity, key) = (self.path.clone(), self.identity, self.key.clone());
        // The log is evidence too.
        let kept = file::keep_log(&self.connection);
        drop(self);
        let at = |fault| StoreError::at(&path, fault);
        kept.map_err(at)?;
        let (Access::Write, Some(home)) = (access, path.parent()) else {
            return Self::ignoring_damage(&path, detail.to_owned());
        };
        let terms = Terms {
            schema: SCHEMA,
            key: key.as_ref(),
        };
        let lock = file::lock(home).map_err(Fault::Io).map_err(at)?;
        let mut notices = Vec::new();
        if identity.is_some() && identity == FileIdentity::of(&path) {
            notices.push(file::replace(&path, terms, detail.to_owned()).map_err(at)?);
        }
        drop(lock);
        let opened = Self::open_for_writing(home, &path, terms)?;
        notices.extend(opened.notices);
        Ok(Opened {
            store: opened.store,
            notices,
        })
    }

    /// Says what a fault means. Damage of an instance that is open for writing would be met by each command that comes: a
    /// new instance takes its place at once, and this one takes no more.
    pub(super) fn failure(&self, fault: Fault) -> StoreError {
        match StoreError::at(&self.path, fault) {
            StoreError::Damaged { path, detail }
                if self.access == Access::Write && self.identity.is_some() =>
            {
                self.is_replaced.set(true);
                self.replace(&path, detail)
                    .unwrap_or_else(|fault| StoreError::at(&path, fault))
            }
            error => error,
        }
    }

    fn replace(&self, path: &Path, detail: String) -> Result<StoreError, Fault> {
        // The log is evidence too.
        file::keep_log(&self.connection)?;
        let home = path.parent().unwrap_or(path);
        let _lock = file::lock(home)?;
        if self.identity != FileIdentity::of(path) {
            return Ok(StoreError::ReplacedByAnother {
                path: path.to_path_buf(),
            });
        }
        let terms = Terms {
            schema: SCHEMA,
            key: self.key.as_ref(),
        };
        let notice = file::replace(path, terms, detail)?;
        Ok(StoreError::Replaced {
            notice: Box::new(notice),
        })
    }

    /// Whether the instance's file is still the one that was opened.
    pub(super) fn is_in_place(&self) -> bool {
        !self.is_replaced.get() && self.identity == FileIdentity::of(&self.path)
    }

    pub(super) fn open_with(
        home: &Path,
        access: Access,
        schema: Schema,
    ) -> Result<Opened, StoreError> {
        let path = home.join(FILE);
        let terms = Terms { schema, key: None };
        match access {
            Access::Read => {
                let mut opened = Self::open_for_reading(&path, terms, Path::new(TEMPORARY))?;
                opened.store.run_locks = RunLocks::of_home(home);
                Ok(opened)
            }
            Access::Write => Self::open_for_writing(home, &path, terms),
        }
    }

    fn open_for_writing(home: &Path, path: &Path, terms: Terms<'_>) -> Result<Opened, StoreError> {
        let at = |fault| StoreError::at(path, fault);
        let mut notices = Vec::new();
        let attached = match attach_for_writing(path, terms)? {
            Some(attached) => attached,
            None => create_and_attach(home, path, terms)?,
        };
        let connection = match attached {
            Attached::Ready(connection) => connection,
            Attached::Older {
                mut connection,
                from,
            } => {
                let copy = beside(path, &format!(".schema-{from}"));
                let (schema, key) = (terms.schema, terms.key);
                let brought = keep_copy(&connection, &copy)
                    .and_then(|()| schema.apply(&mut connection))
                    .and_then(|()| identity::mark(&connection, schema.version(), home, key));
                match brought.map_err(at) {
                    Ok(()) => {
                        notices.push(InstanceNotice::Migrated {
                            from,
                            to: schema.version(),
                            copy,
                        });
                        connection
                    }
                    Err(StoreError::Damaged { detail, .. }) => {
                        file::keep_log(&connection).map_err(at)?;
                        drop(connection);
                        let (connection, notice) =
                            replace_unfit(home, path, (terms, Some(detail)))?;
                        notices.extend(notice);
                        connection
                    }
                    Err(error) => return Err(error),
                }
            }
            Attached::Damaged(_) | Attached::Foreign => {
                let (connection, notice) = replace_unfit(home, path, (terms, None))?;
                notices.extend(notice);
                connection
            }
        };
        let mut store = Self::over(connection, path, Access::Write);
        store.key = terms.key.cloned();
        store.begin_writing(home)?;
        Ok(Opened { store, notices })
    }

    /// Lets an instance that was read be written, without opening it anew where it is open as it is.
    pub fn make_writable(
        &mut self,
        place: InstancePlace<'_>,
    ) -> Result<Vec<InstanceNotice>, StoreError> {
        let is_of_file = self.connection.path().is_some_and(|path| !path.is_empty());
        let is_open_as_it_is = is_of_file
            && self.copy.is_none()
            && self.path == place.home.join(FILE)
            && self.identity.is_some()
            && self.is_in_place()
            && !self.connection.is_readonly("main").unwrap_or(true);
        if !is_open_as_it_is {
            let opened = Self::open_to_write(place)?;
            *self = opened.store;
            return Ok(opened.notices);
        }
        if self.access == Access::Read {
            self.access = Access::Write;
            self.begin_writing(place.home)?;
        }
        Ok(Vec::new())
    }

    fn begin_writing(&mut self, home: &Path) -> Result<(), StoreError> {
        let settings = "PRAGMA query_only = OFF; PRAGMA synchronous = NORMAL";
        let set = self.connection.execute_batch(settings);
        set.map_err(|error| StoreError::at(&self.path, error.into()))?;
        identity::renew(&self.connection, home, self.key.as_ref());
        Mark::renew(home).map_err(|error| StoreError::at(&Mark::path(home), error.into()))?;
        self.run_locks = RunLocks::of_home(home);
        self.opened_at = Some(self.last_change_marker()?);
        Ok(())
    }

    fn open_for_reading(
        path: &Path,
        terms: Terms<'_>,
        temporary: &Path,
    ) -> Result<Opened, StoreError> {
        let exists = path
            .try_exists()
            .map_err(|error| StoreError::at(path, error.into()))?;
        if !exists {
            return Self::nothing(path, Vec::new());
        }
        match Self::open_as(path, Reading::Shared, (terms, temporary)) {
            Err(
                StoreError::MissingPermission { .. }
                | StoreError::DiskFull { .. }
                | StoreError::Io { .. },
            ) => {}
            opened => return opened,
        }
        let logged = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
        let reading = if logged {
            Reading::Copied
        } else {
            Reading::Immutable
        };
        Self::open_as(path, reading, (terms, temporary))
    }

    pub(super) fn open_as(
        path: &Path,
        reading: Reading,
        (terms, temporary): (Terms<'_>, &Path),
    ) -> Result<Opened, StoreError> {
        let at = |fault| StoreError::at(path, fault);
        let mut copy = None;
        let connection = match reading {
            Reading::Shared => connect(path).map_err(at)?,
            Reading::Immutable => connect_immutable(path).map_err(at)?,
            Reading::Copied => {
                let (folder, file) = copy_with_log(path, temporary)
                    .or_else(|error| copy_with_log(path, Path::new(IN_MEMORY)).map_err(|_| error))
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
        let connection = match attach(connection, path, terms)? {
            Attached::Ready(connection) => connection,
            Attached::Damaged(detail) => {
                let mut opened = Self::ignoring_damage(path, detail)?;
                opened.store.key = terms.key.cloned();
                return Ok(opened);
            }
            Attached::Foreign => {
                let ignored = InstanceNotice::IgnoredForeign {
                    path: path.to_path_buf(),
                };
                return Self::nothing(path, vec![ignored]);
            }
            Attached::Older { connection, .. } => {
                let folder = tempfile::tempdir_in(temporary)
                    .map_err(Fault::Io)
                    .map_err(at)?;
                let file = folder.path().join(FILE);
                let home = path.parent().unwrap_or(path);
                let brought = keep_copy(&connection, &file).and_then(|()| {
                    let mut migrated = connect(&file)?;
                    terms.schema.apply(&mut migrated)?;
                    // What an older assetctl writes to the instance has no number.
                    identity::mark(&migrated, terms.schema.version(), home, terms.key)?;
                    Ok(migrated)
                });
                drop(connection);
                copy = Some(folder);
                match brought.map_err(at) {
                    Ok(migrated) => migrated,
                    Err(StoreError::Damaged { detail, .. }) => {
                        return Self::ignoring_damage(path, detail);
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        connection
            .execute_batch("PRAGMA query_only = ON")
            .map_err(|error| at(error.into()))?;
        let mut store = Self::over(connection, path, Access::Read);
        store.copy = copy;
        store.key = terms.key.cloned();
        Ok(Opened {
            store,
            notices: Vec::new(),
        })
    }

    fn ignoring_damage(path: &Path, detail: String) -> Result<Opened, StoreError> {
        let ignored = InstanceNotice::IgnoredDamage {
            path: path.to_path_buf(),
            detail,
        };
        Self::nothing(path, vec![ignored])
    }

    /// An empty instance to be read in place of the one at `path`.
    fn nothing(path: &Path, notices: Vec<InstanceNotice>) -> Result<Opened, StoreError> {
        let store = Self::in_memory(path, Access::Read)?;
        Ok(Opened { store, notices })
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
        // A plan that may look at bound values is made anew for each of them; ours are good for all. Where this cannot be
        // set, statements are only slower.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
        Self {
            connection,
            path: path.to_path_buf(),
            access,
            run_locks: RunLocks::in_memory(),
            interned: Interned::default(),
            copy: None,
            identity: FileIdentity::of(path),
            opened_at: None,
            own_changes: Vec::new(),
            key: None,
            is_replaced: Cell::new(false),
        }
    }
}

fn create_and_attach(home: &Path, path: &Path, terms: Terms<'_>) -> Result<Attached, StoreError> {
    let at_home = |error: io::Error| StoreError::at(home, error.into());
    file::create_home(home).map_err(at_home)?;
    let _lock = file::lock(home).map_err(at_home)?;
    if let Some(attached) = attach_for_writing(path, terms)? {
        return Ok(attached);
    }
    file::create(path, terms).map_err(|fault| StoreError::at(path, fault))?;
    attach_for_writing(path, terms)?.ok_or_else(|| StoreError::Io {
        path: path.to_path_buf(),
        reason: "it was removed while it was opened".to_owned(),
    })
}

/// Moves a damaged or foreign file aside, unless another process has done so since, and opens a new one. An older file is moved aside
/// where it is known how it is damaged: it could not be brought to the schema.
fn replace_unfit(
    home: &Path,
    path: &Path,
    (terms, of_older): (Terms<'_>, Option<String>),
) -> Result<(Connection, Option<InstanceNotice>), StoreError> {
    let at = |fault| StoreError::at(path, fault);
    let _lock = file::lock(home).map_err(Fault::Io).map_err(at)?;
    let notice = match attach_for_writing(path, terms)? {
        Some(Attached::Ready(connection)) => return Ok((connection, None)),
        Some(Attached::Damaged(detail)) => Some(file::replace(path, terms, detail).map_err(at)?),
        Some(Attached::Foreign) => Some(file::replace_foreign(path, terms).map_err(at)?),
        Some(Attached::Older { connection, .. }) => {
            file::keep_log(&connection).map_err(at)?;
            drop(connection);
            of_older
                .map(|detail| file::replace(path, terms, detail))
                .transpose()
                .map_err(at)?
        }
        None => {
            file::create(path, terms).map_err(at)?;
            None
        }
    };
    match attach_for_writing(path, terms)? {
        Some(Attached::Ready(connection)) => Ok((connection, notice)),
        _ => Err(StoreError::Damaged {
            path: path.to_path_buf(),
            detail: "it changed while it was replaced".to_owned(),
        }),
    }
}
