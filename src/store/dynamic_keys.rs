//! The keys of dynamic definitions: sets that grow and shrink, each under its definition's name.
//!
//! Commands add keys from within a run, so a change is one short transaction that waits for that of the run. What a
//! definition is called is all that is known of it here: one that is not declared any more keeps its keys.

use rusqlite::Connection;

use crate::model::{Name, PartitionKey};
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;

impl Store {
    /// The keys of a dynamic definition, in order of addition.
    pub fn dynamic_keys(&self, definition: &Name) -> Result<Vec<PartitionKey>, StoreError> {
        self.read(|connection| in_order_of_addition(connection, definition))
    }

    /// Adds keys to a dynamic definition, in this order, and gives those that it did not have.
    pub fn add_dynamic_keys(
        &mut self,
        definition: &Name,
        keys: &[PartitionKey],
    ) -> Result<Vec<PartitionKey>, StoreError> {
        self.change_dynamic_keys(
            "INSERT OR IGNORE INTO dynamic_key (definition, key) VALUES (?1, ?2)",
            definition,
            keys,
        )
    }

    /// Removes keys from a dynamic definition, and gives those that it had. What is recorded of them stays.
    pub fn remove_dynamic_keys(
        &mut self,
        definition: &Name,
        keys: &[PartitionKey],
    ) -> Result<Vec<PartitionKey>, StoreError> {
        self.change_dynamic_keys(
            "DELETE FROM dynamic_key WHERE definition = ?1 AND key = ?2",
            definition,
            keys,
        )
    }

    /// Runs `statement` for each key, in one transaction, and gives the keys for which it changed something.
    fn change_dynamic_keys(
        &mut self,
        statement: &str,
        definition: &Name,
        keys: &[PartitionKey],
    ) -> Result<Vec<PartitionKey>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|writing| {
            let mut changed = Vec::new();
            for key in keys {
                if writing.execute(statement, [definition.as_str(), key.as_str()])? > 0 {
                    changed.push(key.clone());
                }
            }
            Ok(changed)
        })
    }
}

/// The index by definition holds all that is needed, so sorting here is cheaper than finding the rows of its entries.
fn in_order_of_addition(
    connection: &Connection,
    definition: &Name,
) -> Result<Vec<PartitionKey>, Fault> {
    let sql = "SELECT id, key FROM dynamic_key WHERE definition = ?1";
    let mut keys = column::all(connection, sql, [definition.as_str()], |row| {
        let key = PartitionKey::parse(column::text(row, 1)?)
            .map_err(|_| Fault::Undecodable("a dynamic partition key is invalid"))?;
        Ok((column::integer(row, 0)?, key))
    })?;
    keys.sort_unstable_by_key(|(id, _)| *id);
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}
