//! Reading the current state of many asset partitions at once.
//!
//! What is wanted becomes a sorted list of reaches: stretches of the table's primary key. One statement walks the table in
//! that order beside the list, and seeks anew only where more than a few rows in between are of no use. So all
//! unpartitioned assets are one scan, the windows of an asset are one range, and one key of many assets is one seek each,
//! without statistics and without a choice between plans.

use rusqlite::{Connection, Row, Statement, params};

use crate::model::{
    AssetKey, Current, CurrentColumns, CurrentRef, DataVersion, LastAttempt, PartitionKeys,
    PartitionSet,
};
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::instance::Store;
use crate::store::reach::{self, Reach};
use crate::store::state;

pub(super) const WALK: &str = "SELECT asset_id, partition_id, attempt, materialized FROM current \
    WHERE (asset_id, partition_id) >= (?1, ?2) ORDER BY asset_id, partition_id";

/// The state of everything.
pub(super) const EVERY: &str = "SELECT asset_id, partition_id, attempt, materialized FROM current";

const POINT: &str = "SELECT asset_id, partition_id, attempt, materialized FROM current \
    WHERE asset_id = ?1 AND partition_id = ?2";

/// So many rows of no use are stepped over before seeking: a seek costs as much as about so many steps. Where seeking was
/// right, it comes sooner the next time.
const STEPS_PER_SEEK: u32 = 16;

/// Asset partitions whose state is wanted. In one call each asset stands at most once.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The asset.
    pub asset: &'a AssetKey,
    /// Its keys.
    pub keys: &'a PartitionKeys,
    /// Which of them.
    pub set: &'a PartitionSet,
    /// The cell of the first of them in the answer; the cells of the others follow.
    pub first: usize,
}

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
            let reaches = reach::sorted(connection, wanted)?;
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
    let mut statement = connection.prepare_cached(POINT)?;
    let mut rows = statement.query(params![asset_id, partition_id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut outputs = Vec::new();
    Ok(Some(decode(row, &mut outputs)?.to_owned()))
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
            if let Some(cell) = finder.cell(at.1) {
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
        Some(bytes) => Some(state::decode(bytes, outputs)?),
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
