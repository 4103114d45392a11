//! What data versions of sources stand for, so that it can be told what has changed: for the last few versions of each.

use rusqlite::{OptionalExtension, params};

use crate::model::{AssetKey, DataVersion, PartitionSlot, SourceContent};
use crate::store::column::{self, packed};
use crate::store::error::StoreError;
use crate::store::instance::Store;

/// For how many versions of a source it is kept.
const KEPT: i64 = 4;

impl Store {
    /// What a version of a source stands for; `None` if it is not kept.
    pub fn source_content(
        &self,
        version: DataVersion,
    ) -> Result<Option<SourceContent>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT content FROM source_content WHERE version = ?1")?
                .query_row([version.0.as_bytes()], |row| Ok(column::unpacked(row, 0)))
                .optional()?
                .transpose()
        })
    }

    /// Whether it is kept what a version of a source stands for.
    pub fn has_source_content(&self, version: DataVersion) -> Result<bool, StoreError> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM source_content WHERE version = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([version.0.as_bytes()])?;
            let row = rows.next()?;
            Ok(row.map(|row| column::integer(row, 0)).transpose()? != Some(0))
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
