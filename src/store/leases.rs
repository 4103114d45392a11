//! Leases: which run works on an asset partition just now.
//!
//! A lease is a row that names its run; it holds as long as that run lives. It is taken in the same transaction that reads
//! the partition's state, so whoever gets it knows whether somebody recorded something since the step was judged.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::model::{Current, PartitionKey, PartitionSlot, RunId, StepName};
use crate::store::column::{self, time_column};
use crate::store::current;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::{Store, Writing};
use crate::store::numbers::{self, AssetPartition};
use crate::store::runs::{CrashedRun, mark_one_crashed};

/// What became of asking for leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leases {
    /// An answer for each asset partition asked for, in that order.
    pub leases: Vec<Lease>,
    /// Dead runs from which leases were taken over: what they left behind is to be cleaned up before a step starts.
    pub crashed: Vec<CrashedRun>,
}

/// What became of asking for one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The run has it, with the state as it is now.
    Leased {
        /// The state; `None` if nothing was ever tried.
        current: Option<Current>,
    },
    /// Another run that lives has it.
    Held(Holder),
}

/// Who has a lease. Its text is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The run.
    pub run: RunId,
    /// The id of its process.
    pub pid: Option<u32>,
    /// Since when.
    pub since: Timestamp,
}

/// What a run that lives works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The asset and the key.
    pub step: StepName,
    /// Who works on it.
    pub holder: Holder,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.run)?;
        if let Some(pid) = self.pid {
            write!(f, " (process {pid})")?;
        }
        write!(f, " since {:.0}", self.since)
    }
}

impl Store {
    /// Asks for leases on asset partitions for a run that was begun. One that the run has already it gets again.
    pub fn lease(
        &mut self,
        run: RunId,
        partitions: &[AssetPartition],
        now: Timestamp,
    ) -> Result<Leases, StoreError> {
        let run_locks = self.run_locks.clone();
        let leases = self.write(|writing| {
            let mut crashed = Vec::new();
            let leases = partitions
                .iter()
                .map(|partition| lease(writing, run, partition, now, &mut crashed))
                .collect::<Result<_, _>>()?;
            Ok(Leases { leases, crashed })
        })?;
        for dead in &leases.crashed {
            run_locks.remove(dead.id);
        }
        Ok(leases)
    }

    /// What runs that live work on now. A run that cannot be asked whether it lives does not.
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        self.read(|connection| {
            let mut held = column::all(connection, ALL_HELD, [], held_from)?;
            let mut lives = HashMap::new();
            held.retain(|it| {
                let run = it.holder.run;
                let ask = || matches!(self.run_locks.is_alive(run), Ok(true));
                *lives.entry(run).or_insert_with(ask)
            });
            Ok(held)
        })
    }

    /// Gives leases of a run back without recording anything.
    pub fn release(&mut self, run: RunId, partitions: &[AssetPartition]) -> Result<(), StoreError> {
        self.write(|writing| {
            let run = writing.run_number(run)?;
            for partition in partitions {
                let (asset, partition) = writing.numbers(partition)?;
                writing.release(asset, partition, run)?;
            }
            Ok(())
        })
    }
}

fn lease(
    writing: &mut Writing<'_>,
    run: RunId,
    partition: &AssetPartition,
    now: Timestamp,
    crashed: &mut Vec<CrashedRun>,
) -> Result<Lease, Fault> {
    let number = writing.run_number(run)?;
    let (asset_id, partition_id) = writing.numbers(partition)?;
    match holder(writing.connection, asset_id, partition_id)? {
        Some((_, holder)) if holder.run == run => {}
        Some((holder_number, holder)) => {
            if writing.run_locks.is_alive(holder.run)? {
                return Ok(Lease::Held(holder));
            }
            crashed.push(mark_one_crashed(writing, holder_number, holder.run)?);
            insert(writing, (asset_id, partition_id), number, partition, now)?;
        }
        None => insert(writing, (asset_id, partition_id), number, partition, now)?,
    }
    let current = current::at_point(writing.connection, asset_id, partition_id)?;
    Ok(Lease::Leased { current })
}

/// Whether a run that lives works on an asset partition.
pub(super) fn is_held(
    writing: &Writing<'_>,
    asset_id: i64,
    partition_id: i64,
) -> Result<bool, Fault> {
    Ok(match holder(writing.connection, asset_id, partition_id)? {
        Some((_, holder)) => writing.run_locks.is_alive(holder.run)?,
        None => false,
    })
}

fn insert(
    writing: &Writing<'_>,
    (asset_id, partition_id): (i64, i64),
    run: i64,
    partition: &AssetPartition,
    now: Timestamp,
) -> Result<(), Fault> {
    let key = partition.step.partition.as_ref().map(PartitionKey::as_str);
    writing.execute(
        "INSERT INTO lease (asset_id, partition_id, run, since, partition) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![asset_id, partition_id, run, time_column(now), key],
    )?;
    Ok(())
}

fn holder(
    connection: &Connection,
    asset_id: i64,
    partition_id: i64,
) -> Result<Option<(i64, Holder)>, Fault> {
    let sql = "SELECT r.number, r.id, r.pid, l.since FROM lease l JOIN run r ON r.number = l.run \
               WHERE l.asset_id = ?1 AND l.partition_id = ?2";
    column::first(connection, sql, params![asset_id, partition_id], |row| {
        Ok((column::integer(row, 0)?, holder_from(row)?))
    })
}

const ALL_HELD: &str = "SELECT r.number, r.id, r.pid, l.since, a.key, l.partition \
    FROM lease l JOIN run r ON r.number = l.run JOIN asset a ON a.id = l.asset_id \
    ORDER BY l.asset_id, l.partition_id";

fn held_from(row: &Row<'_>) -> Result<Held, Fault> {
    Ok(Held {
        step: column::step(row, 4)?,
        holder: holder_from(row)?,
    })
}

fn holder_from(row: &Row<'_>) -> Result<Holder, Fault> {
    Ok(Holder {
        run: column::run(row, 1)?,
        pid: column::optional_number(row, 2)?,
        since: column::time(row, 3)?,
    })
}

/// What a run has leases on.
pub(super) fn of_run(connection: &Connection, run: i64) -> Result<Vec<AssetPartition>, Fault> {
    let sql = "SELECT a.key, l.partition, l.partition_id FROM lease l JOIN asset a ON a.id = l.asset_id \
               WHERE l.run = ?1 ORDER BY l.asset_id, l.partition_id";
    column::all(connection, sql, [run], leased_partition)
}

fn leased_partition(row: &Row<'_>) -> Result<AssetPartition, Fault> {
    let partition = column::partition(row, 1)?;
    let slot = match (&partition, column::integer(row, 2)?) {
        (None, _) => PartitionSlot::Unpartitioned,
        (Some(key), number) if numbers::is_name(number) => PartitionSlot::Named(key.clone()),
        (Some(_), second) => PartitionSlot::Window(second),
    };
    let step = column::step(row, 0)?;
    Ok(AssetPartition { step, slot })
}
