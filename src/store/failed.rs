//! Failed attempts: a row each, beside what stands recorded.

use rusqlite::{Row, params};

use crate::answer::{Event, EventKind, FailedAttempt, StepFailure, StepOutcome};
use crate::model::{AssetKey, PartitionKey, PartitionSlot};
use crate::store::column::{packed, signed};
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;
use crate::store::writer::Failure;
use crate::store::writing::{Writing, time_column};
use crate::store::{column, intern};

/// How many bytes of a log's last lines are kept.
const TAIL: usize = 4096;

/// All failed attempts; the last column is their number.
pub(super) const EVERY: &str = "SELECT f.partition, r.id, f.attempt, f.time, f.duration_ms, f.exit, f.signal, f.code, \
    f.message, f.help, f.command, f.log, f.tail, f.run, f.cpu_ms, f.peak_bytes, f.id FROM failed_attempt f JOIN run r ON r.number = f.run";

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
            let Some(asset_id) = intern::asset_id(connection, asset.as_str())? else {
                return Ok(Vec::new());
            };
            let partition = slot
                .map(|slot| intern::stored_slot(connection, slot))
                .transpose()?;
            if partition == Some(None) {
                return Ok(Vec::new());
            }
            let mut statement = connection.prepare_cached(
                "SELECT f.partition, r.id, f.attempt, f.time, f.duration_ms, f.exit, f.signal, f.code, f.message, \
                 f.help, f.command, f.log, f.tail, f.run, f.cpu_ms, f.peak_bytes FROM failed_attempt f JOIN run r ON r.number = f.run \
                 WHERE f.asset_id = ?1 AND (?2 IS NULL OR f.partition_id = ?2) ORDER BY f.id DESC LIMIT ?3",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query(params![asset_id, partition.flatten(), limit])?;
            rows.and_then(decode).collect()
        })
    }
}

/// Adds the attempt that a failure's events tell of.
pub(super) fn insert(
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
                failure.at.partition.as_ref().map(PartitionKey::as_str),
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

/// A row of [`EVERY`].
pub(super) fn decode(row: &Row<'_>) -> Result<(i64, FailedAttempt), Fault> {
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
