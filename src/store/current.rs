//! Reading the current state of many asset partitions at once.
//!
//! What is wanted becomes a sorted list of reaches: stretches of the table's primary key. One statement walks the table in
//! that order beside the list, and seeks anew only where more than a few rows in between are of no use. So all
//! unpartitioned assets are one scan, the windows of an asset are one range, and one key of many assets is one seek each,
//! without statistics and without a choice between plans.

use jiff::Timestamp;
use rusqlite::{Connection, Row, Statement, params};

use crate::digest::Digest;
use crate::model::{
    AssetKey, CodeVersion, Current, CurrentColumns, CurrentRef, DataVersion, Fingerprint,
    LastAttempt, MaterializationId, MaterializedRef, PartitionKeys, PartitionSet, Provenance,
};
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;
use crate::store::scan::{self, Reach, Wanted};

pub(super) const WALK: &str = "SELECT asset_id, partition_id, attempt, materialized FROM current \
    WHERE (asset_id, partition_id) >= (?1, ?2) ORDER BY asset_id, partition_id";

/// The state of everything.
pub(super) const EVERY: &str = "SELECT asset_id, partition_id, attempt, materialized FROM current";

const POINT: &str = "SELECT asset_id, partition_id, attempt, materialized FROM current \
    WHERE asset_id = ?1 AND partition_id = ?2";

/// So many rows of no use are stepped over before seeking: a seek costs as much as about so many steps. Where seeking was
/// right, it comes sooner the next time.
const STEPS_PER_SEEK: u32 = 16;

impl Store {
    /// The state of the partitions in `set`, in its order.
    pub fn current_of(
        &self,
        asset: &AssetKey,
        keys: &PartitionKeys,
        set: &PartitionSet,
    ) -> Result<CurrentColumns, StoreError> {
        let wanted = Wanted {
            asset,
            keys,
            set,
            first: 0,
        };
        self.currents(&[wanted], set.len() as usize)
    }

    /// The state of everything in `wanted`, each in its cell of so many.
    ///
    /// # Panics
    ///
    /// If something is wanted in a cell that is not there.
    pub fn currents(
        &self,
        wanted: &[Wanted<'_>],
        cells: usize,
    ) -> Result<CurrentColumns, StoreError> {
        self.read(|connection| {
            let mut columns = CurrentColumns::never_tried(cells);
            let reaches = scan::sorted(connection, wanted)?;
            let mut walk = connection.prepare_cached(WALK)?;
            walk_reaches(&mut walk, &reaches, &mut columns)?;
            Ok(columns)
        })
    }
}

/// The state of one asset partition, by its numbers.
pub(super) fn at_point(
    connection: &Connection,
    asset_id: i64,
    partition_id: i64,
) -> Result<Option<Current>, Fault> {
    column::first(connection, POINT, params![asset_id, partition_id], |row| {
        Ok(decode(row, &mut Vec::new())?.to_owned())
    })
}

/// Walks the table beside `reaches` and fills in what both have.
fn walk_reaches(
    walk: &mut Statement<'_>,
    reaches: &[Reach<'_>],
    columns: &mut CurrentColumns,
) -> Result<(), Fault> {
    let mut remaining = reaches.iter().peekable();
    let mut outputs = Vec::new();
    let mut patience = STEPS_PER_SEEK;
    while let Some(next) = remaining.peek() {
        let mut rows = walk.query(params![next.asset, next.partitions.0])?;
        let mut finder = None;
        let mut useless = 0;
        loop {
            let Some(row) = rows.next()? else {
                return Ok(());
            };
            let at = (column::integer(row, 0)?, column::integer(row, 1)?);
            while remaining.next_if(|reach| reach.end() < at).is_some() {
                finder = None;
            }
            let Some(reach) = remaining.peek() else {
                return Ok(());
            };
            if at < reach.begin() {
                useless += 1;
                if useless > patience {
                    patience = (patience / 2).max(1);
                    break;
                }
                continue;
            }
            if useless > 0 {
                patience = STEPS_PER_SEEK;
                useless = 0;
            }
            let finder = finder.get_or_insert_with(|| reach.finder());
            if let Some(cell) = finder(at.1) {
                columns.set(cell, decode(row, &mut outputs)?);
            }
        }
    }
    Ok(())
}

/// A row's state; `outputs` is room for its outputs.
pub(super) fn decode<'a>(
    row: &Row<'_>,
    outputs: &'a mut Vec<DataVersion>,
) -> Result<CurrentRef<'a>, Fault> {
    let attempt = match column::integer(row, 2)? {
        0 => LastAttempt::Succeeded,
        1 => LastAttempt::Failed,
        _ => return Err(Fault::Undecodable("an attempt ended in an unknown way")),
    };
    let materialized = match row.get_ref(3)?.as_blob_or_null()? {
        None => None,
        Some(bytes) => Some(decode_materialized(bytes, outputs)?),
    };
    Ok(CurrentRef {
        materialized,
        attempt,
    })
}

/// How an attempt is written.
pub(super) fn attempt_column(attempt: LastAttempt) -> i64 {
    match attempt {
        LastAttempt::Succeeded => 0,
        LastAttempt::Failed => 1,
    }
}

/// Writes the last materialization of an asset partition as one column: big-endian numbers and digests, one after the other; its
/// time to the microsecond.
pub(super) fn encode_materialized(id: MaterializationId, last: MaterializedRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(60 + 16 * last.outputs.len());
    bytes.extend(id.0.to_be_bytes());
    bytes.extend(last.rule.to_be_bytes());
    bytes.extend(last.time.as_microsecond().to_be_bytes());
    bytes.extend(last.duration_ms.to_be_bytes());
    bytes.extend(last.fingerprint.0.as_bytes());
    bytes.extend(last.code_version.0.as_bytes());
    for version in last.outputs {
        bytes.extend(version.0.as_bytes());
    }
    bytes
}

/// Reads a materialization; its outputs replace those in `outputs`.
fn decode_materialized<'a>(
    mut bytes: &[u8],
    outputs: &'a mut Vec<DataVersion>,
) -> Result<MaterializedRef<'a>, Fault> {
    let id = i64::from_be_bytes(take(&mut bytes)?);
    let rule = u32::from_be_bytes(take(&mut bytes)?);
    let time = i64::from_be_bytes(take(&mut bytes)?);
    let duration_ms = u64::from_be_bytes(take(&mut bytes)?);
    let fingerprint = Digest::from_bytes(take(&mut bytes)?);
    let code_version = Digest::from_bytes(take(&mut bytes)?);
    let (versions, rest) = bytes.as_chunks::<16>();
    if !rest.is_empty() {
        return Err(Fault::Undecodable("a list of versions has another length"));
    }
    let version = |bytes: &[u8; 16]| DataVersion(Digest::from_bytes(*bytes));
    outputs.clear();
    outputs.extend(versions.iter().map(version));
    Ok(MaterializedRef {
        provenance: Provenance::Recorded(MaterializationId(id)),
        rule,
        fingerprint: Fingerprint(fingerprint),
        code_version: CodeVersion(code_version),
        time: Timestamp::from_microsecond(time)
            .map_err(|_| Fault::Undecodable("a time is out of range"))?,
        outputs,
        duration_ms,
    })
}

fn take<const LEN: usize>(bytes: &mut &[u8]) -> Result<[u8; LEN], Fault> {
    let (first, rest) = bytes
        .split_first_chunk()
        .ok_or(Fault::Undecodable("a materialization is too short"))?;
    *bytes = rest;
    Ok(*first)
}
