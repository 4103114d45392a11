//! Names and records that are stored once, and the numbers that rows hold for them.
//!
//! Numbers of partitions are such that one asset's time windows stand in order. A window is its start in seconds, the only
//! partition of an unpartitioned asset is the smallest number, and interned names count downwards from -2^62. No timestamp comes near
//! (they span less than 2^39 seconds), so the three never meet.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::digest::Digest;
use crate::model::{AssetKey, PartitionKeys, PartitionSlot, RunId, StepName};
use crate::store::column;
use crate::store::error::Fault;

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
        let number = run_number(connection, run)?.ok_or(Fault::UnknownRun(run))?;
        self.runs.insert(run, number);
        Ok(number)
    }
}

/// The number of a run that may be stored.
pub(super) fn run_number(connection: &Connection, run: RunId) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM run WHERE id = ?1";
    column::first(connection, sql, [run.0.as_bytes()], |row| {
        column::integer(row, 0)
    })
}

/// The number of an asset that may be stored.
pub(super) fn asset_id(connection: &Connection, key: &str) -> Result<Option<i64>, Fault> {
    let sql = "SELECT id FROM asset WHERE key = ?1";
    column::first(connection, sql, [key], |row| column::integer(row, 0))
}

/// The number of a partition key that may be stored.
pub(super) fn partition_key_id(connection: &Connection, key: &str) -> Result<Option<i64>, Fault> {
    let sql = "SELECT id FROM partition_key WHERE key = ?1";
    column::first(connection, sql, [key], |row| column::integer(row, 0))
}

/// The numbers of an asset, and of one of its partitions where `slot` names one; `None` if either is not stored.
pub(super) fn stored(
    connection: &Connection,
    asset: &AssetKey,
    slot: Option<&PartitionSlot>,
) -> Result<Option<(i64, Option<i64>)>, Fault> {
    let partition = match slot {
        None => None,
        Some(PartitionSlot::Unpartitioned) => Some(UNPARTITIONED),
        Some(PartitionSlot::Window(second)) => Some(*second),
        Some(PartitionSlot::Named(key)) => match partition_key_id(connection, key.as_str())? {
            Some(name) => Some(of_name(name)),
            None => return Ok(None),
        },
    };
    Ok(asset_id(connection, asset.as_str())?.map(|asset| (asset, partition)))
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

/// The partition of an unpartitioned asset.
pub(super) const UNPARTITIONED: i64 = i64::MIN;

/// The number of the partition whose key has the interned number `name`, which is positive.
pub(super) fn of_name(name: i64) -> i64 {
    -(1 << 62) - name
}

/// The interned number of the name that a partition has: the inverse of [`of_name`].
pub(super) fn name_of(partition_id: i64) -> i64 {
    -(1 << 62) - partition_id
}

/// Whether a number is that of an interned name.
pub(super) fn is_name(partition_id: i64) -> bool {
    partition_id != UNPARTITIONED && partition_id < -(1 << 62)
}

/// An asset partition: its names for people, and its slot for the instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetPartition {
    /// The asset and the key.
    pub step: StepName,
    /// What the instance calls the partition.
    pub slot: PartitionSlot,
}

impl AssetPartition {
    /// The partition of `asset` at an index of its keys.
    ///
    /// # Panics
    ///
    /// If a static definition has no such index.
    pub fn at(asset: &AssetKey, keys: &PartitionKeys, index: u32) -> Self {
        let step = StepName {
            asset: asset.clone(),
            partition: keys.key(index),
        };
        let slot = keys.slot(index);
        Self { step, slot }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::store::numbers::{UNPARTITIONED, name_of, of_name};

    #[test]
    fn kinds_do_not_meet() {
        assert!(of_name(1) < Timestamp::MIN.as_second());
        assert!(UNPARTITIONED < of_name(1 << 40));
        assert_eq!(name_of(of_name(7)), 7);
    }
}
