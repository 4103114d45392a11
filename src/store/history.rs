//! Reading what was recorded: materializations, code records and blocks.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use rusqlite::{Row, params};
use serde::de::DeserializeOwned;

use crate::answer::{Event, EventKind, FailedAttempt, StepFailure, StepOutcome};
use crate::digest::Digest;
use crate::model::{
    AssetKey, BlockEntry, CodePrefix, CodeRecord, CodeVersion, DataVersion, Fingerprint,
    Materialization, MaterializationId, Name, Origin, Outcome, OutputRecord, PartitionKey,
    PartitionSlot, RecordingRun,
};
use crate::store::column::{self, packed, signed, time_column};
use crate::store::error::{Fault, StoreError};
use crate::store::instance::{Store, Writing};
use crate::store::numbers;
use crate::store::writer::Failure;

macro_rules! select_materializations {
    ($rest:literal) => {
        concat!(
            "SELECT a.key, m.partition, r.id, m.time, m.duration_ms, m.rule, m.outcome, m.origin, m.fingerprint, ",
            "m.code_version, m.data_version, m.outputs, m.inputs, m.id, m.cpu_ms, m.peak_bytes, m.config FROM materialization m ",
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
            let found = column::first(connection, sql, [id.0], materialization)?;
            Ok(found.map(|(_, materialization)| materialization))
        })
    }

    /// The run that made all materializations of a range of numbers, and its job; `None` where several runs or none made them.
    pub fn recording_run(
        &self,
        ids: RangeInclusive<MaterializationId>,
    ) -> Result<Option<RecordingRun>, StoreError> {
        let (first, last) = (ids.start().0, ids.end().0);
        self.read(|connection| {
            let sql = "SELECT r.id, json_extract(e.payload, '$.configuration.job') FROM materialization m \
                       JOIN run r ON r.number = m.run \
                       LEFT JOIN event e ON e.run = m.run AND e.kind = 'run_started' AND e.seq = 0 WHERE m.id = ?1 \
                       AND NOT EXISTS (SELECT 1 FROM materialization WHERE id > ?1 AND id <= ?2 AND run <> m.run)";
            column::first(connection, sql, [first, last], |row| {
                let job: Option<String> = row.get(1)?;
                Ok(RecordingRun {
                    run: column::run(row, 0)?,
                    job: job.and_then(|job| Name::parse(&job).ok()),
                })
            })
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
            let Some((asset_id, partition)) = numbers::stored(connection, asset, slot)? else {
                return Ok(Vec::new());
            };
            let sql = select_materializations!(
                "WHERE m.asset_id = ?1 AND (?2 IS NULL OR m.partition_id = ?2) ORDER BY m.id DESC LIMIT ?3"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let parameters = params![asset_id, partition, limit];
            column::all(connection, sql, parameters, materialization)
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
            let sql = "SELECT duration_ms FROM materialization WHERE asset_id = (SELECT id FROM asset WHERE key = ?1) \
                       AND origin = ?2 ORDER BY id DESC LIMIT 1";
            let command = origin_column(Origin::Command);
            let last = |asset: &&AssetKey| {
                let parameters = params![asset.as_str(), command];
                column::first(connection, sql, parameters, |row| column::number(row, 0))
            };
            assets.iter().map(last).collect()
        })
    }

    /// The readable record of a code version; `None` if it is not stored.
    pub fn code_record(&self, version: CodeVersion) -> Result<Option<CodeRecord>, StoreError> {
        let sql = "SELECT record FROM code_record WHERE version = ?1";
        self.unpacked(sql, version.0.as_bytes())
    }

    /// The readable record of the code version that begins so; `None` if none is stored.
    pub fn code_record_of(&self, locked: CodePrefix) -> Result<Option<CodeRecord>, StoreError> {
        let sql = "SELECT record FROM code_record WHERE version >= ?1 AND substr(version, 1, 8) = ?1 \
                   ORDER BY version LIMIT 1";
        self.unpacked(sql, &locked.0.to_be_bytes())
    }

    /// The keys and versions of a block; `None` if it is not stored.
    pub fn block(&self, digest: Digest) -> Result<Option<Vec<BlockEntry>>, StoreError> {
        self.unpacked(
            "SELECT entries FROM block WHERE digest = ?1",
            digest.as_bytes(),
        )
    }

    /// The record in the first row of a query for a key.
    pub(super) fn unpacked<T: DeserializeOwned>(
        &self,
        sql: &str,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        self.read(|connection| {
            column::first(connection, sql, [key], |row| column::unpacked(row, 0))
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
        config: column::unpacked_or_none(row, 16)?,
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

/// How many bytes of a log's last lines are kept.
const TAIL: usize = 4096;

macro_rules! select_failed {
    ($rest:literal) => {
        concat!(
            "SELECT f.partition, r.id, f.attempt, f.time, f.duration_ms, f.exit, f.signal, f.code, f.message, f.help, ",
            "f.command, f.log, f.tail, f.run, f.cpu_ms, f.peak_bytes, f.id FROM failed_attempt f ",
            "JOIN run r ON r.number = f.run ",
            $rest
        )
    };
}

/// All failed attempts; the last column is their number.
pub(super) const EVERY_FAILED: &str = select_failed!("");

impl Store {
    /// The last `limit` failed attempts of an asset, newest first; of one of its partitions, where `slot` names one.
    ///
    /// Beside each stands the number of its run: runs that began later have larger ones.
    pub fn failed_attempts(
        &self,
        asset: &AssetKey,
        slot: Option<&PartitionSlot>,
        limit: usize,
    ) -> Result<Vec<(i64, FailedAttempt)>, StoreError> {
        self.read(|connection| {
            let Some((asset_id, partition)) = numbers::stored(connection, asset, slot)? else {
                return Ok(Vec::new());
            };
            let sql = select_failed!(
                "WHERE f.asset_id = ?1 AND (?2 IS NULL OR f.partition_id = ?2) ORDER BY f.id DESC LIMIT ?3"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let parameters = params![asset_id, partition, limit];
            column::all(connection, sql, parameters, decode_failed)
        })
    }
}

/// Adds the attempt that a failure's events tell of.
pub(super) fn insert_failed(
    writing: &mut Writing<'_>,
    (asset, partition, run): (i64, i64, i64),
    failure: &Failure,
) -> Result<(), Fault> {
    for event in &failure.events {
        let Event { time, kind, .. } = event;
        let EventKind::StepFinished {
            attempt,
            outcome: StepOutcome::Failed(failed),
            duration,
            usage,
            log,
            ..
        } = kind
        else {
            continue;
        };
        let took = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        writing.execute(
            "INSERT INTO failed_attempt (asset_id, partition_id, run, attempt, time, duration_ms, exit, signal, code, \
             message, help, command, log, partition, tail, cpu_ms, peak_bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                asset,
                partition,
                run,
                attempt,
                time_column(*time),
                signed(took),
                failed.exit,
                failed.signal,
                &*failed.code,
                failed.message,
                failed.help,
                failed.command,
                log,
                failure.at.step.partition.as_ref().map(PartitionKey::as_str),
                packed(&last_lines(failed)),
                usage.cpu_ms.map(signed),
                usage.peak_bytes.map(signed),
            ],
        )?;
    }
    Ok(())
}

/// The last lines of the log, as many as fit.
fn last_lines(failed: &StepFailure) -> &[String] {
    let mut bytes = 0;
    let fits = |line: &&String| {
        bytes += line.len() + 1;
        bytes <= TAIL
    };
    let lines = failed.tail.iter().rev().take_while(fits).count();
    &failed.tail[failed.tail.len() - lines..]
}

/// A row of [`EVERY_FAILED`].
pub(super) fn decode_failed(row: &Row<'_>) -> Result<(i64, FailedAttempt), Fault> {
    let text = |index| -> Result<Option<String>, Fault> {
        Ok(row.get_ref(index)?.as_str_or_null()?.map(str::to_owned))
    };
    let attempt = FailedAttempt {
        partition: column::partition(row, 0)?,
        run: column::run(row, 1)?,
        attempt: column::number(row, 2)?,
        time: column::time(row, 3)?,
        duration_ms: column::number(row, 4)?,
        exit: column::optional_number(row, 5)?,
        signal: text(6)?,
        code: column::text(row, 7)?.to_owned(),
        message: column::text(row, 8)?.to_owned(),
        help: text(9)?,
        command: column::text(row, 10)?.to_owned(),
        log: text(11)?,
        tail: column::unpacked(row, 12)?,
        usage: column::usage(row, 14)?,
    };
    Ok((column::integer(row, 13)?, attempt))
}
