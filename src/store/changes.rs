//! Changes of current state, each with a growing number: who has judged everything at one number judges later only the
//! asset partitions and definitions that changed since.
//!
//! - Triggers of the schema write a change in the transaction of the change itself, whoever writes.
//! - Each change has a random nonce. A file that was put back from a copy gives numbers a second time, and nonces tell
//!   which history a number is of.
//! - Only the newest changes are kept. Who asks for more has to judge everything.

use std::ops::Range;

use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use crate::model::{AssetKey, Name, PartitionKey, PartitionSlot};
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;
use crate::store::numbers;

/// How many changes are kept.
pub(super) const KEPT: i64 = 1 << 16;

/// A moment in the history of an instance's current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeState {
    /// The instance: another one after it was created, migrated or set aside. Zeros where there is none.
    instance: [u8; 16],
    /// The number of the last change, or 0.
    number: i64,
    /// The nonce of that change, or 0.
    nonce: i64,
}

impl ChangeState {
    /// Whether there is an instance. What is absent twice may have been there in between.
    pub fn is_of_instance(&self) -> bool {
        self.instance != [0; 16]
    }
}

/// Current state that changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateChange {
    /// What is recorded or observed of an asset partition.
    Partition(AssetKey, PartitionSlot),
    /// The keys of a dynamic definition.
    DynamicKeys(Name),
}

impl Store {
    /// The moment of the last change. What is read later may be newer, so it is asked for before everything else.
    pub fn change_state(&self) -> Result<ChangeState, StoreError> {
        self.read(change_state)
    }

    /// What changed since a moment, in this order; a partition that changed again is there again.
    ///
    /// `None` where that is not known: the moment is of another instance or another history, or too long ago.
    pub fn changes_since(
        &self,
        since: &ChangeState,
    ) -> Result<Option<Vec<StateChange>>, StoreError> {
        self.changes_beside(since, &[])
    }

    /// [`Self::changes_since`] without the changes that were written through this value.
    pub fn foreign_changes_since(
        &self,
        since: &ChangeState,
    ) -> Result<Option<Vec<StateChange>>, StoreError> {
        self.changes_beside(since, &self.own_changes)
    }

    fn changes_beside(
        &self,
        since: &ChangeState,
        skipped: &[Range<i64>],
    ) -> Result<Option<Vec<StateChange>>, StoreError> {
        self.read(|connection| {
            // All questions have to see one and the same state.
            let transaction = connection.unchecked_transaction()?;
            if !is_known(&transaction, since)? {
                return Ok(None);
            }
            let mut changes = Vec::new();
            let mut first = since.number + 1;
            for own in skipped {
                read_into(&mut changes, &transaction, first..own.start)?;
                first = first.max(own.end);
            }
            read_into(&mut changes, &transaction, first..i64::MAX)?;
            Ok(Some(changes))
        })
    }
}

fn change_state(connection: &Connection) -> Result<ChangeState, Fault> {
    let sql = "SELECT (SELECT token FROM origin WHERE one = 1), number, nonce \
               FROM (SELECT 1) LEFT JOIN change ON number = (SELECT max(number) FROM change)";
    let state = column::first(connection, sql, [], |row| {
        let token = row.get_ref(0)?.as_blob_or_null()?.unwrap_or(&[0; 16]);
        Ok(ChangeState {
            instance: token
                .try_into()
                .map_err(|_| Fault::Undecodable("a token has another length"))?,
            number: column::optional_number(row, 1)?.unwrap_or(0),
            nonce: column::optional_number(row, 2)?.unwrap_or(0),
        })
    })?;
    state.ok_or(Fault::Undecodable("there is no last change"))
}

/// Whether the list has all changes since a moment.
fn is_known(connection: &Connection, since: &ChangeState) -> Result<bool, Fault> {
    if change_state(connection)?.instance != since.instance {
        return Ok(false);
    }
    if since.number == 0 {
        let sql = "SELECT min(number) FROM change";
        let first = column::first(connection, sql, [], |row| {
            column::optional_number::<i64>(row, 0)
        })?;
        return Ok(first.flatten().is_none_or(|first| first == 1));
    }
    let sql = "SELECT nonce FROM change WHERE number = ?1";
    let nonce = column::first(connection, sql, [since.number], |row| {
        column::integer(row, 0)
    })?;
    Ok(nonce == Some(since.nonce))
}

fn read_into(
    changes: &mut Vec<StateChange>,
    connection: &Connection,
    numbers: Range<i64>,
) -> Result<(), Fault> {
    let sql = "SELECT a.key, c.partition_id, p.key, c.definition FROM change c \
               LEFT JOIN asset a ON a.id = c.asset_id LEFT JOIN partition_key p ON p.id = -(1 << 62) - c.partition_id \
               WHERE c.number >= ?1 AND c.number < ?2 ORDER BY c.number";
    changes.extend(column::all(
        connection,
        sql,
        [numbers.start, numbers.end],
        change,
    )?);
    Ok(())
}

fn change(row: &Row<'_>) -> Result<StateChange, Fault> {
    if let Some(definition) = row.get_ref(3)?.as_str_or_null()? {
        let name = Name::parse(definition)
            .map_err(|_| Fault::Undecodable("the name of a dynamic definition is invalid"))?;
        return Ok(StateChange::DynamicKeys(name));
    }
    let slot = match column::integer(row, 1)? {
        numbers::UNPARTITIONED => PartitionSlot::Unpartitioned,
        number if numbers::is_name(number) => {
            PartitionSlot::Named(PartitionKey::recorded(column::text(row, 2)?))
        }
        second => PartitionSlot::Window(second),
    };
    Ok(StateChange::Partition(column::asset(row, 0)?, slot))
}

/// The number of the last change, or 0.
pub(super) fn last_number(connection: &Connection) -> Result<i64, Fault> {
    let sql = "SELECT max(number) FROM change";
    let last = column::first(connection, sql, [], |row| column::optional_number(row, 0))?;
    Ok(last.flatten().unwrap_or(0))
}

/// Adds the changes of one transaction to those that were written before.
pub(super) fn add_own(own: &mut Vec<Range<i64>>, numbers: Range<i64>) {
    match own.last_mut() {
        _ if numbers.is_empty() => {}
        Some(last) if last.end == numbers.start => last.end = numbers.end,
        _ => own.push(numbers),
    }
}

/// Forgets all but the newest changes.
pub(super) fn prune(connection: &Connection) -> Result<(), Fault> {
    let sql = "SELECT min(number) FROM change";
    let first = column::first(connection, sql, [], |row| {
        column::optional_number::<i64>(row, 0)
    })?;
    let oldest = last_number(connection)? - KEPT + 1;
    if first.flatten().is_some_and(|first| first < oldest) {
        connection.execute("DELETE FROM change WHERE number < ?1", [oldest])?;
    }
    Ok(())
}
