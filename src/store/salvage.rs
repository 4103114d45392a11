//! What can be read of a damaged instance is carried over into the one that takes its place.
//!
//! Each table is read from its beginning to the first row that cannot be read, then from its end backwards. Rows that do
//! not decode, or that refer to what was lost, are left out: what is carried over can be read by all commands.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, params_from_iter};

use crate::answer::KeyRange;
use crate::model::{BlockEntry, CodeRecord, Name, PartitionKey, SourceContent};
use crate::store::error::{Carried, Fault};
use crate::store::file::{connect, keep_log};
use crate::store::instance::Store;
use crate::store::run_lock::RunLocks;
use crate::store::{changes, column, current, events, history, numbers, runs};

/// Copies what can be read of the damaged file `from` into the empty instance `new`.
///
/// # Errors
///
/// If `new` cannot be written. Whatever is wrong with `from` is no error.
pub(super) fn carry_over(from: &Path, new: &mut Connection) -> Result<Carried, Fault> {
    let Ok(source) = open(from) else {
        return Ok(Carried::Nothing);
    };
    let transaction = new.transaction()?;
    let mut is_whole = is_sound(&source);
    let mut rows = 0;
    let bound = most_rows(from);
    for table in tables(&transaction)? {
        let copied = Copying {
            source: &source,
            new: &transaction,
            table: &table,
            bound,
        }
        .copy()?;
        rows += copied.rows;
        is_whole &= copied.is_whole;
    }
    is_whole &= prune(&transaction)? == 0;
    changes::prune(&transaction)?;
    transaction.commit()?;
    Ok(match (is_whole, rows) {
        (true, _) => Carried::All,
        (false, 0) => Carried::Nothing,
        (false, _) => Carried::Some,
    })
}

/// The damaged file, as far as it can be opened: a table that is not declared as it should be hides no other.
fn open(path: &Path) -> Result<Connection, Fault> {
    let source = connect(path)?;
    keep_log(&source)?;
    source.execute_batch(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA writable_schema = ON",
    )?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(source)
}

impl Store {
    /// Whether every page of its file, and each row of each index, is as it should be. Reads the whole file.
    pub fn is_sound(&self) -> bool {
        is_sound(&self.connection)
    }
}

/// Whether each page and each index of a database is as it should be.
fn is_sound(source: &Connection) -> bool {
    let found = source.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    found.is_ok_and(|found| found == "ok")
}

/// More rows than this no file of its length holds: whoever reads more goes round in it.
fn most_rows(path: &Path) -> u64 {
    const SMALLEST_ROW: u64 = 4;
    let len = |path: &Path| std::fs::metadata(path).map_or(0, |it| it.len());
    (len(path) + len(&crate::store::file::beside(path, "-wal"))) / SMALLEST_ROW
}

fn tables(connection: &Connection) -> Result<Vec<String>, Fault> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('origin', 'change') ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

struct Copying<'a> {
    source: &'a Connection,
    new: &'a Connection,
    table: &'a str,
    bound: u64,
}

struct Copied {
    rows: u64,
    is_whole: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forwards,
    Backwards,
}

impl Copying<'_> {
    fn copy(&self) -> Result<Copied, Fault> {
        let mut copied = Copied {
            rows: 0,
            is_whole: false,
        };
        let ours = columns(self.new, self.table)?;
        let theirs = columns(self.source, self.table).unwrap_or_default();
        let begin_alike = theirs
            .iter()
            .zip(&ours)
            .all(|(their, our)| their.0 == our.0);
        let is_known = begin_alike || theirs.len() == ours.len();
        if theirs.is_empty() || theirs.len() > ours.len() || !is_known {
            return Ok(copied);
        }
        let names: Vec<&str> = ours[..theirs.len()]
            .iter()
            .map(|it| it.0.as_str())
            .collect();
        let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
        let insert = format!(
            "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
            self.table,
            names.join(", "),
            places.join(", ")
        );
        let order = self.order(&ours);
        copied.is_whole = true;
        for direction in [Direction::Forwards, Direction::Backwards] {
            let (rows, came_to_the_end) = self.scan(direction, &order, &insert)?;
            copied.rows += rows;
            copied.is_whole &= came_to_the_end;
            if came_to_the_end {
                break;
            }
        }
        Ok(copied)
    }

    /// The columns that the table's own tree is in order of.
    fn order(&self, columns: &[(String, i64)]) -> Vec<String> {
        let rowid = format!("SELECT rowid FROM {}", self.table);
        if self.new.prepare(&rowid).is_ok() {
            return vec!["rowid".to_owned()];
        }
        let mut key: Vec<_> = columns.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        key.into_iter().map(|(name, _)| name.clone()).collect()
    }

    /// Copies rows until one cannot be read, or backwards is there already. Says how many, and whether all were read.
    fn scan(
        &self,
        direction: Direction,
        order: &[String],
        insert: &str,
    ) -> Result<(u64, bool), Fault> {
        let word = match direction {
            Direction::Forwards => "",
            Direction::Backwards => " DESC",
        };
        let order: Vec<String> = order.iter().map(|it| format!("{it}{word}")).collect();
        let sql = format!(
            "SELECT * FROM {} NOT INDEXED ORDER BY {}",
            self.table,
            order.join(", ")
        );
        let Ok(mut statement) = self.source.prepare(&sql) else {
            return Ok((0, false));
        };
        let width = statement.column_count();
        let mut insert = self.new.prepare_cached(insert)?;
        let Ok(mut rows) = statement.query([]) else {
            return Ok((0, false));
        };
        let (mut count, mut seen, mut is_whole) = (0, 0, true);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok((count, is_whole)),
                Err(_) => return Ok((count, false)),
            };
            seen += 1;
            if seen > self.bound {
                return Ok((count, false));
            }
            let values: Result<Vec<Value>, _> = (0..width).map(|at| row.get(at)).collect();
            let inserted = match values.map(|values| insert.execute(params_from_iter(values))) {
                Ok(Ok(inserted)) => inserted,
                Ok(Err(error)) if !is_about_the_row(&error) => return Err(error.into()),
                Ok(Err(_)) | Err(_) => {
                    is_whole = false;
                    continue;
                }
            };
            count += inserted as u64;
            if inserted == 0 {
                is_whole = false;
                if direction == Direction::Backwards {
                    return Ok((count, false));
                }
            }
        }
    }
}

fn is_about_the_row(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) | None
    )
}

/// The names of a table's columns, and their places in its primary key, from 1.
fn columns(connection: &Connection, table: &str) -> Result<Vec<(String, i64)>, Fault> {
    let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// Removes what does not decode, and what refers to rows that are not there; says how many.
fn prune(connection: &Connection) -> Result<usize, Fault> {
    let pruning = Pruning(connection);
    let mut removed = pruning.undecodable(
        "SELECT definition, key, id FROM dynamic_key",
        "DELETE FROM dynamic_key WHERE id = ?1",
        2,
        |row| {
            let is_key = Name::parse(column::text(row, 0)?).is_ok()
                && PartitionKey::parse(column::text(row, 1)?).is_ok();
            is_key.then_some(()).ok_or(Fault::Undecodable("no key"))
        },
    )?;
    removed += pruning.undecodable(runs::EVERY, "DELETE FROM run WHERE id = ?1", 0, |row| {
        runs::decode(row, &RunLocks::in_memory()).map(|_| ())
    })?;
    removed += pruning.undecodable(
        "SELECT steps, id FROM run WHERE steps IS NOT NULL",
        "UPDATE run SET steps = NULL WHERE id = ?1",
        1,
        |row| column::unpacked::<Vec<KeyRange>>(row, 0).map(|_| ()),
    )?;
    for (table, digest, content) in [
        ("code_record", "version", "record"),
        ("block", "digest", "entries"),
    ] {
        removed += pruning.undecodable(
            &format!("SELECT {digest}, {content}, rowid FROM {table}"),
            &format!("DELETE FROM {table} WHERE rowid = ?1"),
            2,
            |row| {
                column::digest(row, 0)?;
                if table == "block" {
                    column::unpacked::<Vec<BlockEntry>>(row, 1).map(|_| ())
                } else {
                    column::unpacked::<CodeRecord>(row, 1).map(|_| ())
                }
            },
        )?;
    }
    for table in [
        "materialization",
        "current",
        "observation",
        "current_observation",
        "failed_attempt",
        "source_content",
        "lease",
    ] {
        removed += pruning.orphans(table, "asset_id NOT IN (SELECT id FROM asset)")?;
        removed += pruning.orphans(table, &no_such_key())?;
    }
    for table in [
        "materialization",
        "failed_attempt",
        "event",
        "lease",
        "run_tag",
    ] {
        removed += pruning.orphans(table, "run NOT IN (SELECT number FROM run)")?;
    }
    removed += pruning.undecodable(
        history::EVERY,
        "DELETE FROM materialization WHERE id = ?1",
        13,
        |row| history::materialization(row).map(|_| ()),
    )?;
    removed += pruning.orphans(
        "event",
        "asset_id IS NOT NULL AND asset_id NOT IN (SELECT id FROM asset)",
    )?;
    removed += pruning.events()?;
    removed += pruning.undecodable(
        history::EVERY_FAILED,
        "DELETE FROM failed_attempt WHERE id = ?1",
        16,
        |row| history::decode_failed(row).map(|_| ()),
    )?;
    removed += pruning.undecodable(
        "SELECT content, id FROM source_content",
        "DELETE FROM source_content WHERE id = ?1",
        1,
        |row| column::unpacked::<SourceContent>(row, 0).map(|_| ()),
    )?;
    removed += pruning.undecodable(
        "SELECT partition, text, version, time, id FROM observation",
        "DELETE FROM observation WHERE id = ?1",
        4,
        |row| {
            column::partition(row, 0)?;
            column::text(row, 1)?;
            column::digest(row, 2)?;
            column::time(row, 3).map(|_| ())
        },
    )?;
    removed += pruning.orphans(
        "current_observation",
        "NOT EXISTS (SELECT 1 FROM observation o WHERE o.id = observation_id \
         AND o.asset_id = current_observation.asset_id AND o.partition_id = current_observation.partition_id)",
    )?;
    removed += pruning.states()?;
    Ok(removed)
}

/// A condition for rows whose partition has a name that is not there.
fn no_such_key() -> String {
    let base = numbers::of_name(0);
    format!(
        "partition_id < {base} AND partition_id > {} AND {base} - partition_id NOT IN (SELECT id FROM partition_key)",
        numbers::UNPARTITIONED
    )
}

struct Pruning<'a>(&'a Connection);

impl Pruning<'_> {
    /// Removes rows that do not decode; column `id` of `select` is what `delete` knows a row by.
    fn undecodable(
        &self,
        select: &str,
        delete: &str,
        id: usize,
        decode: impl Fn(&rusqlite::Row<'_>) -> Result<(), Fault>,
    ) -> Result<usize, Fault> {
        let mut bad: Vec<Value> = Vec::new();
        let mut statement = self.0.prepare(select)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if decode(row).is_err() {
                bad.push(row.get(id)?);
            }
        }
        let mut delete = self.0.prepare(delete)?;
        bad.into_iter()
            .try_fold(0, |count, id| Ok(count + delete.execute([id])?))
    }

    fn orphans(&self, table: &str, condition: &str) -> Result<usize, Fault> {
        let sql = format!("DELETE FROM {table} WHERE {condition}");
        Ok(self.0.execute(&sql, [])?)
    }

    fn events(&self) -> Result<usize, Fault> {
        let mut bad = Vec::new();
        let mut statement = self.0.prepare(events::EVERY)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if events::decode(row).is_err() {
                bad.push((row.get::<_, i64>(7)?, row.get::<_, i64>(1)?));
            }
        }
        let mut delete = self
            .0
            .prepare("DELETE FROM event WHERE run = ?1 AND seq = ?2")?;
        bad.into_iter()
            .try_fold(0, |count, at| Ok(count + delete.execute(at)?))
    }

    /// Removes states that do not decode, or whose materialization is not there.
    fn states(&self) -> Result<usize, Fault> {
        let mut materializations = self
            .0
            .prepare("SELECT id, asset_id, partition_id FROM materialization")?;
        let known = materializations.query_map([], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })?;
        let known: HashSet<_> = known.collect::<Result<_, _>>()?;
        let mut bad = Vec::new();
        let mut statement = self.0.prepare(current::EVERY)?;
        let mut rows = statement.query([])?;
        let mut outputs = Vec::new();
        while let Some(row) = rows.next()? {
            let at = (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
            let is_known = current::decode(row, &mut outputs).is_ok_and(|state| {
                state
                    .materialized
                    .and_then(|last| last.provenance.recorded())
                    .is_none_or(|id| known.contains(&(id.0, at.0, at.1)))
            });
            if !is_known {
                bad.push(at);
            }
        }
        let mut delete = self
            .0
            .prepare("DELETE FROM current WHERE asset_id = ?1 AND partition_id = ?2")?;
        bad.into_iter()
            .try_fold(0, |count, at| Ok(count + delete.execute(at)?))
    }
}
