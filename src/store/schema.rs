//! The tables, and how they came to be: numbered SQL files that are never edited once released.
//!
//! The number of files that were applied stands in `user_version`, and a digest over the text of all that they declare in
//! `application_id`. A file is made whole before it gets its name, so one that declares something else is no young instance
//! but a damaged one.

use rusqlite::{Connection, TransactionBehavior};

use crate::digest::{Folding, Kind, Sink};
use crate::store::column;
use crate::store::error::Fault;

/// A sequence of migrations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    /// SQL by number; the first is 1.
    pub(super) migrations: &'static [&'static str],
}

/// The schema of this assetctl.
pub(super) const SCHEMA: Schema = Schema {
    migrations: &[
        include_str!("migrations/0001.sql"),
        include_str!("migrations/0002.sql"),
        include_str!("migrations/0003.sql"),
        include_str!("migrations/0004.sql"),
        include_str!("migrations/0005.sql"),
    ],
};

/// No instance has had so many migrations: a larger number is damage.
const IMPLAUSIBLE: u32 = 100_000;

/// How a file's schema relates to a [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    Older { from: u32 },
}

impl Schema {
    /// The number of the last migration.
    pub(super) fn version(self) -> u32 {
        self.migrations.len() as u32
    }

    /// Reads which schema a file has.
    ///
    /// # Errors
    ///
    /// If it is newer, or no instance at all.
    pub(super) fn standing(self, connection: &Connection) -> Result<Standing, Fault> {
        let sql = "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema) \
            FROM pragma_user_version, pragma_application_id";
        let (found, text): (i64, i64) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let known = self.version();
        let found = u32::try_from(found)
            .ok()
            .filter(|found| (1..IMPLAUSIBLE).contains(found))
            .ok_or(Fault::Undecodable("its header names no schema"))?;
        if found > known {
            return Err(Fault::Newer { found, known });
        }
        if found < known {
            return Ok(Standing::Older { from: found });
        }
        if text != i64::from(text_of(connection)?) {
            return Err(Fault::Undecodable("its tables are not those of its schema"));
        }
        Ok(Standing::Current)
    }

    /// Applies, in one transaction, what a file lacks.
    pub(super) fn apply(self, connection: &mut Connection) -> Result<(), Fault> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read under the lock: another process may have been faster.
        let from: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for migration in self.migrations.iter().skip(from as usize) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", self.version())?;
        let text = text_of(&transaction)?;
        transaction.pragma_update(None, "application_id", text)?;
        transaction.commit()?;
        Ok(())
    }
}

/// A short digest over the text of all that is declared. What `ANALYZE` adds is not ours.
fn text_of(connection: &Connection) -> Result<i32, Fault> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut folding = Folding::new();
    while let Some(row) = rows.next()? {
        for (at, name) in ["type", "name", "table"].into_iter().enumerate() {
            folding.text(name, column::text(row, at)?);
        }
        folding.text(
            "text",
            row.get_ref(3)?.as_str_or_null()?.unwrap_or_default(),
        );
    }
    let digest = folding.finish(Kind::Value);
    let [a, b, c, d, ..] = *digest.as_bytes();
    Ok(i32::from_be_bytes([a, b, c, d]))
}
