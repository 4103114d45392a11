//! An open instance: one connection, and the two ways to use it, reading and writing.

use std::cell::Cell;
use std::convert::Infallible;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::digest::Key;
use crate::store::changes;
use crate::store::error::{Fault, StoreError};
use crate::store::identity::Mark;
use crate::store::numbers::Interned;
use crate::store::run_lock::RunLocks;

/// An open instance.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    /// The file, for messages.
    pub(super) path: PathBuf,
    pub(super) access: Access,
    pub(super) run_locks: RunLocks,
    pub(super) interned: Interned,
    /// The file when it was opened; `None` in memory.
    pub(super) identity: Option<FileIdentity>,
    /// Where the instance stood when it was opened for writing.
    pub(super) opened_at: Option<ChangeMarker>,
    /// The numbers of the changes that were written through this value.
    pub(super) own_changes: Vec<Range<i64>>,
    /// What its user vouches for instances with.
    pub(super) key: Option<Key>,
    /// Whether it was found damaged while it was written, and another has its place.
    pub(super) is_replaced: Cell<bool>,
    /// Holds the copy that is read where the instance itself cannot be opened.
    pub(super) copy: Option<tempfile::TempDir>,
}

/// A mark that differs from an earlier one of the same [`Store`] if another process has written in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeMarker(i64);

impl Store {
    /// The instance's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the instance stands, as far as other processes have changed it.
    pub fn last_change_marker(&self) -> Result<ChangeMarker, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("PRAGMA data_version")?;
            Ok(ChangeMarker(statement.query_row([], |row| row.get(0))?))
        })
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        query(&self.connection).map_err(|fault| self.failure(fault))
    }

    /// Runs `change` in one IMMEDIATE transaction and commits it if it succeeds.
    pub(super) fn write<T>(
        &mut self,
        change: impl FnOnce(&mut Writing<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let Ok(value) = self.write_unless(|writing| change(writing).map(Ok::<T, Infallible>))?;
        Ok(value)
    }

    /// [`Self::write`], and leaves everything as it is if `change` is refused.
    pub(super) fn write_unless<T, E>(
        &mut self,
        change: impl FnOnce(&mut Writing<'_>) -> Result<Result<T, E>, Fault>,
    ) -> Result<Result<T, E>, StoreError> {
        if self.access == Access::Read {
            return Err(StoreError::OpenedForReading {
                path: self.path.clone(),
            });
        }
        if self.is_replaced.get() {
            return Err(StoreError::ReplacedByAnother {
                path: self.path.clone(),
            });
        }
        let result = (|| {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = changes::last_number(&transaction)?;
            let mut writing = Writing {
                connection: &transaction,
                interned: &mut self.interned,
                run_locks: &self.run_locks,
            };
            let value = change(&mut writing)?;
            if value.is_ok() {
                let changed = before + 1..changes::last_number(&transaction)? + 1;
                transaction.commit()?;
                changes::add_own(&mut self.own_changes, changed);
            }
            Ok(value)
        })();
        if !matches!(result, Ok(Ok(_))) {
            // What was interned in a transaction that is gone does not exist.
            self.interned = Interned::default();
        }
        result.map_err(|fault| self.failure(fault))
    }
}

impl Store {
    /// Closes an instance that was written, and gives the mark that it has until somebody else opens it for writing.
    ///
    /// There is none if another process has written since this one opened the instance: what that has written, this one
    /// may not have read.
    pub fn close(mut self) -> Option<Mark> {
        let home = self.path.parent()?.to_owned();
        let alone = self.opened_at.is_some() && self.opened_at == self.last_change_marker().ok();
        let mark = self.finish_writing().filter(|_| alone);
        self.access = Access::Read;
        drop(self);
        Mark::with_text(&home, mark?)
    }

    /// Brings everything into the file itself, as far as no other process reads the log just now, and renews the mark.
    ///
    /// Gives the new mark; none where nothing was written, or no mark can be.
    fn finish_writing(&mut self) -> Option<String> {
        if self.access != Access::Write || self.connection.total_changes() == 0 {
            return None;
        }
        if self.identity.is_some() && !self.is_in_place() {
            // The mark is that of another instance.
            return None;
        }
        let checkpoint = || -> rusqlite::Result<()> {
            self.connection.busy_timeout(Duration::ZERO)?;
            // Who cannot write now leaves it to the next one.
            drop(changes::prune(&self.connection));
            self.connection
                .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        };
        // The log stays and is as good as the file: the next process that closes brings it in.
        drop(checkpoint());
        // An instance in memory has no file, and nobody else can open it.
        self.identity?;
        let home = self.path.parent()?;
        let renewed = Mark::renew(home);
        if renewed.is_err() {
            // A mark that cannot be renewed cannot be trusted, and without one nothing is taken on trust.
            drop(Mark::remove(home));
        }
        renewed.ok()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Whoever wants to know the new mark closes the instance.
        let _ = self.finish_writing();
    }
}

/// A transaction that writes.
pub(super) struct Writing<'a> {
    pub(super) connection: &'a Connection,
    pub(super) interned: &'a mut Interned,
    pub(super) run_locks: &'a RunLocks,
}

impl Writing<'_> {
    pub(super) fn execute(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<usize, Fault> {
        Ok(self.connection.prepare_cached(sql)?.execute(parameters)?)
    }
}

/// What an instance is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading. Creates nothing; where there is no instance, it is empty.
    Read,
    /// Reading and writing. Creates the home folder and the instance.
    Write,
}

/// Which file a path led to, to notice when it leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    /// `None` where there is no file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}
