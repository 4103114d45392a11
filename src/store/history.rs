//! Reading what was recorded: materializations, code records and blocks.

use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Row, params};

use crate::digest::Digest;
use crate::model::{
    AssetKey, BlockEntry, CodePrefix, CodeRecord, CodeVersion, DataVersion, Fingerprint,
    Materialization, MaterializationId, Origin, Outcome, OutputRecord, PartitionSlot,
};
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;
use crate::store::intern;

macro_rules! select_materializations {
    ($rest:literal) => {
        concat!(
            "SELECT a.key, m.partition, r.id, m.time, m.duration_ms, m.rule, m.outcome, m.origin, m.fingerprint, ",
            "m.code_version, m.data_version, m.outputs, m.inputs, m.id, m.cpu_ms, m.peak_bytes FROM materialization m ",
            "JOIN asset a ON a.id = m.asset_id LEFT JOIN run r ON r.number = m.run ",
            $rest
        )
    };
}

impl Store {
    /// A materialization by its number; `None` if there is none.
    pub fn materialization(
        &self,
        id: MaterializationId,
    ) -> Result<Option<Materialization>, StoreError> {
        self.read(|connection| {
            let sql = select_materializations!("WHERE m.id = ?1");
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([id.0])?;
            let found = rows.next()?.map(materialization).transpose()?;
            Ok(found.map(|(_, materialization)| materialization))
        })
    }

    /// The last `limit` materializations of an asset, newest first; of one of its partitions, where `slot` names one.
    pub fn history(
        &self,
        asset: &AssetKey,
        slot: Option<&PartitionSlot>,
        limit: usize,
    ) -> Result<Vec<(MaterializationId, Materialization)>, StoreError> {
        self.read(|connection| {
            let Some(asset_id) = intern::asset_id(connection, asset.as_str())? else {
                return Ok(Vec::new());
            };
            let partition = slot
                .map(|slot| intern::stored_slot(connection, slot))
                .transpose()?;
            if partition == Some(None) {
                return Ok(Vec::new());
            }
            let sql = select_materializations!(
                "WHERE m.asset_id = ?1 AND (?2 IS NULL OR m.partition_id = ?2) ORDER BY m.id DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query(params![asset_id, partition.flatten(), limit])?;
            rows.and_then(materialization).collect()
        })
    }

    /// The versions of what was made last at some of `paths`, by any asset. All of history is read for this.
    pub fn made_at<'p>(
        &self,
        paths: &HashSet<&'p str>,
    ) -> Result<HashMap<&'p str, DataVersion>, StoreError> {
        self.read(|connection| {
            let mut made = HashMap::new();
            let mut statement = connection
                .prepare_cached("SELECT outputs FROM materialization ORDER BY id DESC")?;
            let mut rows = statement.query([])?;
            while made.len() < paths.len()
                && let Some(row) = rows.next()?
            {
                let outputs: Vec<OutputRecord> = column::unpacked(row, 0)?;
                for output in outputs {
                    if let Some(path) = paths.get(output.path.as_str()) {
                        made.entry(*path).or_insert(output.version);
                    }
                }
            }
            Ok(made)
        })
    }

    /// How long the last command of each asset took, in milliseconds; `None` where none has run.
    pub fn last_durations(&self, assets: &[&AssetKey]) -> Result<Vec<Option<u64>>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT duration_ms FROM materialization WHERE asset_id = (SELECT id FROM asset WHERE key = ?1) \
                 AND origin = ?2 ORDER BY id DESC LIMIT 1",
            )?;
            let command = origin_column(Origin::Command);
            assets
                .iter()
                .map(|asset| {
                    let mut rows = statement.query(params![asset.as_str(), command])?;
                    rows.next()?.map(|row| column::number(row, 0)).transpose()
                })
                .collect()
        })
    }

    /// The readable record of a code version; `None` if it is not stored.
    pub fn code_record(&self, version: CodeVersion) -> Result<Option<CodeRecord>, StoreError> {
        self.packed(
            "SELECT record FROM code_record WHERE version = ?1",
            version.0,
        )
    }

    /// The readable record of the code version that begins so; `None` if none is stored.
    pub fn code_record_of(&self, locked: CodePrefix) -> Result<Option<CodeRecord>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT record FROM code_record WHERE version >= ?1 AND substr(version, 1, 8) = ?1 \
                       ORDER BY version LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([locked.0.to_be_bytes().as_slice()])?;
            rows.next()?.map(|row| column::unpacked(row, 0)).transpose()
        })
    }

    /// The keys and versions of a block; `None` if it is not stored.
    pub fn block(&self, digest: Digest) -> Result<Option<Vec<BlockEntry>>, StoreError> {
        self.packed("SELECT entries FROM block WHERE digest = ?1", digest)
    }

    fn packed<T: serde::de::DeserializeOwned>(
        &self,
        sql: &str,
        digest: Digest,
    ) -> Result<Option<T>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(sql)?
                .query_row([digest.as_bytes()], |row| Ok(column::unpacked(row, 0)))
                .optional()?
                .transpose()
        })
    }
}

/// All materializations; column 13 is their number.
pub(super) const EVERY: &str = select_materializations!("");

/// A row of [`EVERY`].
pub(super) fn materialization(
    row: &Row<'_>,
) -> Result<(MaterializationId, Materialization), Fault> {
    let materialization = Materialization {
        asset: column::asset(row, 0)?,
        partition: column::partition(row, 1)?,
        run: column::optional_run(row, 2)?,
        time: column::time(row, 3)?,
        duration_ms: column::number(row, 4)?,
        rule: column::number(row, 5)?,
        outcome: outcome(column::integer(row, 6)?)?,
        origin: origin(column::integer(row, 7)?)?,
        fingerprint: Fingerprint(column::digest(row, 8)?),
        code_version: CodeVersion(column::digest(row, 9)?),
        data_version: DataVersion(column::digest(row, 10)?),
        outputs: column::unpacked(row, 11)?,
        inputs: column::unpacked(row, 12)?,
        usage: column::usage(row, 14)?,
    };
    Ok((
        MaterializationId(column::integer(row, 13)?),
        materialization,
    ))
}

/// How an outcome is written.
pub(super) fn outcome_column(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Materialized => 0,
        Outcome::Unchanged => 1,
    }
}

fn outcome(column: i64) -> Result<Outcome, Fault> {
    match column {
        0 => Ok(Outcome::Materialized),
        1 => Ok(Outcome::Unchanged),
        _ => Err(Fault::Undecodable(
            "a materialization has an unknown outcome",
        )),
    }
}

/// How an origin is written.
pub(super) fn origin_column(origin: Origin) -> i64 {
    match origin {
        Origin::Command => 0,
        Origin::Accepted => 1,
        Origin::Locked => 2,
    }
}

fn origin(column: i64) -> Result<Origin, Fault> {
    match column {
        0 => Ok(Origin::Command),
        1 => Ok(Origin::Accepted),
        2 => Ok(Origin::Locked),
        _ => Err(Fault::Undecodable(
            "a materialization has an unknown origin",
        )),
    }
}
