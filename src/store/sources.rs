//! Observations of sources that a command observes: a history, and the last of each.

use rusqlite::params;

use crate::model::{
    AssetKey, DataVersion, Observation, PartitionKey, PartitionSlot, SourceContent,
};
use crate::store::column::{self, packed, time_column};
use crate::store::error::{Fault, StoreError};
use crate::store::instance::{Store, Writing};
use crate::store::numbers;

impl Store {
    /// Records observations that differ from the last ones; gives how many did. Where none does, nothing is written.
    pub fn observe(
        &mut self,
        observations: &[(PartitionSlot, Observation)],
    ) -> Result<usize, StoreError> {
        let mut news = Vec::new();
        for (slot, observation) in observations {
            if !self.is_last(slot, observation)? {
                news.push((slot, observation));
            }
        }
        if news.is_empty() {
            return Ok(0);
        }
        self.write(|writing| {
            for (slot, observation) in &news {
                insert(writing, slot, observation)?;
            }
            Ok(news.len())
        })
    }

    /// The last observation of each partition of a source, in the order of its windows.
    pub fn observations(&self, source: &AssetKey) -> Result<Vec<Observation>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT o.partition, o.text, o.version, o.time FROM current_observation c \
                       JOIN observation o ON o.id = c.observation_id \
                       WHERE c.asset_id = (SELECT id FROM asset WHERE key = ?1) ORDER BY c.partition_id";
            column::all(connection, sql, [source.as_str()], |row| {
                Ok(Observation {
                    source: source.clone(),
                    partition: column::partition(row, 0)?,
                    text: column::text(row, 1)?.to_owned(),
                    version: DataVersion(column::digest(row, 2)?),
                    time: column::time(row, 3)?,
                })
            })
        })
    }

    fn is_last(&self, slot: &PartitionSlot, observation: &Observation) -> Result<bool, StoreError> {
        self.read(|connection| {
            let at = numbers::stored(connection, &observation.source, Some(slot))?;
            let Some((asset, partition)) = at else {
                return Ok(false);
            };
            let sql = "SELECT o.version, o.text FROM current_observation c JOIN observation o ON o.id = c.observation_id \
                       WHERE c.asset_id = ?1 AND c.partition_id = ?2";
            let is_same = column::first(connection, sql, params![asset, partition], |row| {
                let version = DataVersion(column::digest(row, 0)?);
                Ok(version == observation.version && column::text(row, 1)? == observation.text)
            })?;
            Ok(is_same == Some(true))
        })
    }
}

fn insert(
    writing: &mut Writing<'_>,
    slot: &PartitionSlot,
    observation: &Observation,
) -> Result<(), Fault> {
    let connection = writing.connection;
    let asset = writing.interned.asset(connection, &observation.source)?;
    let partition = writing.partition_id(slot)?;
    writing.execute(
        "INSERT INTO observation (asset_id, partition_id, time, version, partition, text) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            asset,
            partition,
            time_column(observation.time),
            observation.version.0.as_bytes(),
            observation.partition.as_ref().map(PartitionKey::as_str),
            observation.text,
        ],
    )?;
    writing.execute(
        "INSERT OR REPLACE INTO current_observation (asset_id, partition_id, observation_id) VALUES (?1, ?2, ?3)",
        params![asset, partition, connection.last_insert_rowid()],
    )?;
    Ok(())
}

/// For how many versions of a source it is kept.
const KEPT: i64 = 4;

impl Store {
    /// What a version of a source stands for; `None` if it is not kept.
    pub fn source_content(
        &self,
        version: DataVersion,
    ) -> Result<Option<SourceContent>, StoreError> {
        let sql = "SELECT content FROM source_content WHERE version = ?1";
        self.unpacked(sql, version.0.as_bytes())
    }

    /// Whether it is kept what a version of a source stands for.
    pub fn has_source_content(&self, version: DataVersion) -> Result<bool, StoreError> {
        self.read(|connection| {
            let sql = "SELECT 1 FROM source_content WHERE version = ?1";
            let kept = column::first(connection, sql, [version.0.as_bytes()], |_| Ok(()))?;
            Ok(kept.is_some())
        })
    }

    /// Keeps what versions of sources stand for, and forgets it for the oldest of each.
    pub fn keep_source_content(
        &mut self,
        contents: &[(AssetKey, PartitionSlot, DataVersion, SourceContent)],
    ) -> Result<(), StoreError> {
        if contents.is_empty() {
            return Ok(());
        }
        self.write(|writing| {
            for (source, slot, version, content) in contents {
                let asset = writing.interned.asset(writing.connection, source)?;
                let partition = writing.partition_id(slot)?;
                writing.execute(
                    "INSERT OR IGNORE INTO source_content (version, asset_id, partition_id, content) \
                     VALUES (?1, ?2, ?3, ?4)",
                    params![version.0.as_bytes(), asset, partition, packed(content)],
                )?;
                writing.execute(
                    "DELETE FROM source_content WHERE id IN (SELECT id FROM source_content \
                     WHERE asset_id = ?1 AND partition_id = ?2 ORDER BY id DESC LIMIT -1 OFFSET ?3)",
                    params![asset, partition, KEPT],
                )?;
            }
            Ok(())
        })
    }
}
