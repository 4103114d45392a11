//! Reading the current state of many asset partitions at once.
//!
//! What is wanted becomes a sorted list of reaches: stretches of the table's primary key. One statement walks the table in
//! that order beside the list, and seeks anew only where more than a few rows in between are of no use. So all
//! unpartitioned assets are one scan, the windows of an asset are one range, and one key of many assets is one seek each,
//! without statistics and without a choice between plans.

use rusqlite::{Connection, Row, Statement, params};

use crate::model::{
    AssetKey, CodeVersion, Current, CurrentMaterialization, Fingerprint, LastAttempt,
    MaterializationId, PartitionKeys, PartitionSet,
};
use crate::store::Store;
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::reach::{self, Reach};

/// The columns of a [`Current`], the first of them at [`FIRST_STATE_COLUMN`].
pub(super) const WALK: &str = "SELECT asset_id, partition_id, attempt, materialization_id, rule, time, duration_ms, fingerprint, \
    code_version, outputs FROM current WHERE (asset_id, partition_id) >= (?1, ?2) ORDER BY asset_id, partition_id";

const POINT: &str = "SELECT asset_id, partition_id, attempt, materialization_id, rule, time, duration_ms, fingerprint, \
    code_version, outputs FROM current WHERE asset_id = ?1 AND partition_id = ?2";

const FIRST_STATE_COLUMN: usize = 2;

/// So many rows of no use are stepped over before seeking: a seek costs as much as about so many steps.
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
}

/// The state of what was wanted.
#[derive(Clone, Debug, Default)]
pub struct Currents {
    rows: Vec<Option<Current>>,
    /// Where each wanted asset's rows begin, and the end of the last.
    starts: Vec<usize>,
}

impl Currents {
    /// The state of the partitions of the wanted asset at `position`, in the order of its set; `None` for one that was
    /// never tried.
    ///
    /// # Panics
    ///
    /// If fewer assets were wanted.
    #[must_use]
    pub fn of(&self, position: usize) -> &[Option<Current>] {
        &self.rows[self.starts[position]..self.starts[position + 1]]
    }

    /// All of it, the sets one after the other.
    #[must_use]
    pub fn into_rows(self) -> Vec<Option<Current>> {
        self.rows
    }
}

impl Store {
    /// The state of the partitions in `set`, in its order.
    pub fn current_of(
        &self,
        asset: &AssetKey,
        keys: &PartitionKeys,
        set: &PartitionSet,
    ) -> Result<Vec<Option<Current>>, StoreError> {
        let wanted = Wanted { asset, keys, set };
        self.currents(&[wanted]).map(Currents::into_rows)
    }

    /// The state of everything in `wanted`, in its order.
    pub fn currents(&self, wanted: &[Wanted<'_>]) -> Result<Currents, StoreError> {
        self.read(|connection| {
            let mut currents = empty(wanted);
            let reaches = reach::sorted(connection, wanted)?;
            let mut walk = connection.prepare_cached(WALK)?;
            walk_reaches(&mut walk, &reaches, &mut currents)?;
            Ok(currents)
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
    rows.next()?.map(decode).transpose()
}

fn empty(wanted: &[Wanted<'_>]) -> Currents {
    let mut starts = Vec::with_capacity(wanted.len() + 1);
    let mut len = 0;
    starts.push(len);
    for each in wanted {
        len += each.set.len() as usize;
        starts.push(len);
    }
    Currents {
        rows: vec![None; len],
        starts,
    }
}

/// Walks the table beside `reaches` and fills in what both have.
fn walk_reaches(
    walk: &mut Statement<'_>,
    reaches: &[Reach],
    currents: &mut Currents,
) -> Result<(), Fault> {
    let mut remaining = reaches.iter().peekable();
    while let Some(next) = remaining.peek() {
        let mut rows = walk.query(params![next.asset, next.partitions.0])?;
        let mut useless = 0;
        // How far into its reach the next row probably is.
        let mut likely = 0;
        loop {
            let Some(row) = rows.next()? else {
                return Ok(());
            };
            let at = (column::integer(row, 0)?, column::integer(row, 1)?);
            while remaining
                .next_if(|reach| (reach.asset, reach.partitions.1) < at)
                .is_some()
            {
                likely = 0;
            }
            let Some(reach) = remaining.peek() else {
                return Ok(());
            };
            let inside = (reach.asset, reach.partitions.0) <= at;
            let rank = inside.then(|| reach.rank(at.1, likely)).flatten();
            let Some((within, rank)) = rank else {
                useless += 1;
                if useless > STEPS_PER_SEEK && !inside {
                    break;
                }
                continue;
            };
            useless = 0;
            likely = within + 1;
            let slot = currents.starts[reach.position] + rank as usize;
            currents.rows[slot] = Some(decode(row)?);
        }
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> Result<Current, Fault> {
    let attempt = match column::integer(row, FIRST_STATE_COLUMN)? {
        0 => LastAttempt::Succeeded,
        1 => LastAttempt::Failed,
        _ => return Err(Fault::Undecodable("an attempt ended in an unknown way")),
    };
    let materialized = match column::optional_number(row, FIRST_STATE_COLUMN + 1)? {
        None => None,
        Some(id) => Some(CurrentMaterialization {
            id: MaterializationId(id),
            rule: column::number(row, FIRST_STATE_COLUMN + 2)?,
            time: column::time(row, FIRST_STATE_COLUMN + 3)?,
            duration_ms: column::number(row, FIRST_STATE_COLUMN + 4)?,
            fingerprint: Fingerprint(column::digest(row, FIRST_STATE_COLUMN + 5)?),
            code_version: CodeVersion(column::digest(row, FIRST_STATE_COLUMN + 6)?),
            outputs: column::versions(row, FIRST_STATE_COLUMN + 7)?,
        }),
    };
    Ok(Current {
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
