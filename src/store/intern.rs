//! Names and records that are stored once, and the numbers that rows hold for them.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use crate::digest::Digest;
use crate::model::{AssetKey, PartitionSlot, RunId};
use crate::store::error::Fault;
use crate::store::partition_id;

/// What this process knows to be stored. Nothing of it is ever deleted, so it stays true whatever others do.
#[derive(Debug, Default)]
pub(super) struct Interned {
    assets: HashMap<AssetKey, i64>,
    partition_keys: HashMap<Box<str>, i64>,
    code_records: HashSet<Digest>,
    blocks: HashSet<Digest>,
    runs: HashMap<RunId, i64>,
}

impl Interned {
    /// The number of an asset, which it gets here if it has none.
    pub(super) fn asset(&mut self, connection: &Connection, key: &AssetKey) -> Result<i64, Fault> {
        if let Some(id) = self.assets.get(key) {
            return Ok(*id);
        }
        connection
            .prepare_cached("INSERT OR IGNORE INTO asset (key) VALUES (?1)")?
            .execute([key.as_str()])?;
        let id = asset_id(connection, key.as_str())?
            .ok_or(Fault::Undecodable("an asset was not stored"))?;
        self.assets.insert(key.clone(), id);
        Ok(id)
    }

    /// The number of a partition key, which it gets here if it has none.
    pub(super) fn partition_key(
        &mut self,
        connection: &Connection,
        key: &str,
    ) -> Result<i64, Fault> {
        if let Some(id) = self.partition_keys.get(key) {
            return Ok(*id);
        }
        let added = connection
            .prepare_cached("INSERT OR IGNORE INTO partition_key (key) VALUES (?1)")?
            .execute([key])?;
        let id = if added > 0 {
            connection.last_insert_rowid()
        } else {
            partition_key_id(connection, key)?
                .ok_or(Fault::Undecodable("a partition key was not stored"))?
        };
        self.partition_keys.insert(key.into(), id);
        Ok(id)
    }

    /// Whether a code record has to be stored; asked once, it counts as stored.
    pub(super) fn is_new_code_record(&mut self, version: Digest) -> bool {
        self.code_records.insert(version)
    }

    /// Whether a block has to be stored; asked once, it counts as stored.
    pub(super) fn is_new_block(&mut self, digest: Digest) -> bool {
        self.blocks.insert(digest)
    }

    /// The number of a run that was begun.
    pub(super) fn run(&mut self, connection: &Connection, run: RunId) -> Result<i64, Fault> {
        if let Some(number) = self.runs.get(&run) {
            return Ok(*number);
        }
        let number: Option<i64> = connection
            .prepare_cached("SELECT number FROM run WHERE id = ?1")?
            .query_row([run.0.as_bytes()], |row| row.get(0))
            .optional()?;
        let number = number.ok_or(Fault::UnknownRun(run))?;
        self.runs.insert(run, number);
        Ok(number)
    }
}

/// The number of an asset that may be stored.
pub(super) fn asset_id(connection: &Connection, key: &str) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached("SELECT id FROM asset WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// The number of a partition key that may be stored.
pub(super) fn partition_key_id(connection: &Connection, key: &str) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached("SELECT id FROM partition_key WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// The number of a slot whose key, if it has one, may be stored.
pub(super) fn stored_slot(
    connection: &Connection,
    slot: &PartitionSlot,
) -> Result<Option<i64>, Fault> {
    match slot {
        PartitionSlot::Named(key) => {
            Ok(partition_key_id(connection, key.as_str())?.map(partition_id::of_name))
        }
        PartitionSlot::Unpartitioned => Ok(Some(partition_id::UNPARTITIONED)),
        PartitionSlot::Window(second) => Ok(Some(*second)),
    }
}

/// The largest number of an asset.
pub(super) fn largest_asset(connection: &Connection) -> Result<usize, Fault> {
    largest(connection, "SELECT max(id) FROM asset")
}

/// The largest number of a partition key.
pub(super) fn largest_partition_key(connection: &Connection) -> Result<usize, Fault> {
    largest(connection, "SELECT max(id) FROM partition_key")
}

fn largest(connection: &Connection, sql: &str) -> Result<usize, Fault> {
    let largest: Option<i64> = connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))?;
    Ok(usize::try_from(largest.unwrap_or(0)).unwrap_or(usize::MAX))
}
