//! A transaction that writes: what all that is recorded goes through.

use jiff::Timestamp;
use rusqlite::Connection;

use crate::store::error::Fault;
use crate::store::intern::Interned;
use crate::store::run_lock::RunLocks;

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

/// A moment as `SQLite` holds it, to the microsecond.
pub(super) fn time_column(time: Timestamp) -> i64 {
    time.as_microsecond()
}
