//! Reading the current state of many asset partitions at once.
//!
//! What is wanted becomes a sorted list of reaches: stretches of the table's primary key. One statement walks the table in
//! that order beside the list, and seeks anew only where more than a few rows in between are of no use. So all
//! unpartitioned assets are one scan, the windows of an asset are one range, and one key of many assets is one seek each,
//! without statistics and without a choice between plans.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use rusqlite::{Connection, Row, Statement, params};

use crate::model::{
    AssetKey, CodeVersion, Current, CurrentMaterialization, Fingerprint, LastAttempt,
    MaterializationId, PartitionKeys, PartitionSet,
};
use crate::store::Store;
use crate::store::column;
use crate::store::error::{Fault, StoreError};
use crate::store::intern;
use crate::store::partition_id;

/// The columns of a [`Current`], the first of them at [`FIRST_STATE_COLUMN`].
const WALK: &str = "SELECT asset_id, partition_id, attempt, materialization_id, rule, time, duration_ms, fingerprint, \
    code_version, outputs FROM current WHERE (asset_id, partition_id) >= (?1, ?2) ORDER BY asset_id, partition_id";

const POINT: &str = "SELECT asset_id, partition_id, attempt, materialization_id, rule, time, duration_ms, fingerprint, \
    code_version, outputs FROM current WHERE asset_id = ?1 AND partition_id = ?2";

const FIRST_STATE_COLUMN: usize = 2;

/// So many rows of no use are stepped over before seeking: a seek costs as much as about so many steps.
const STEPS_PER_SEEK: u32 = 16;

/// So many point queries cost as much as reading a row of a whole table of names this many times.
const NAMES_PER_QUERY: i64 = 16;

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
            let reaches = reaches(connection, wanted)?;
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

/// A stretch of the primary key, and which ranks of which wanted set its rows have.
struct Reach<'a> {
    asset: i64,
    partitions: (i64, i64),
    position: usize,
    ranks: Ranks<'a>,
}

/// From a partition's number to its rank in a wanted set.
enum Ranks<'a> {
    /// The partition of this rank.
    One(u32),
    /// Windows of a time definition.
    Windows {
        keys: &'a PartitionKeys,
        /// The wanted indexes.
        indexes: Range<u32>,
        /// The rank of the first.
        first: u32,
    },
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

/// What is wanted and may be stored, in the order of the table.
fn reaches<'a>(connection: &Connection, wanted: &[Wanted<'a>]) -> Result<Vec<Reach<'a>>, Fault> {
    let assets = Numbers::of_assets(connection, wanted)?;
    let mut names = None;
    let mut reaches = Vec::with_capacity(wanted.len());
    for (position, each) in wanted.iter().enumerate() {
        let Some(asset) = assets.get(connection, each.asset.as_str(), intern::asset_id)? else {
            continue;
        };
        let mut reach = |partitions, ranks| {
            reaches.push(Reach {
                asset,
                partitions,
                position,
                ranks,
            });
        };
        match each.keys {
            PartitionKeys::Unpartitioned if each.set.is_empty() => {}
            PartitionKeys::Unpartitioned => {
                let only = partition_id::UNPARTITIONED;
                reach((only, only), Ranks::One(0));
            }
            PartitionKeys::Static(_) => {
                if names.is_none() {
                    names = Some(Numbers::of_partition_keys(connection, wanted)?);
                }
                let Some(names) = &names else { continue };
                for (rank, index) in each.set.iter().enumerate() {
                    let Some(key) = each.keys.key(index) else {
                        continue;
                    };
                    let name = names.get(connection, key.as_str(), intern::partition_key_id)?;
                    if let Some(id) = name.map(partition_id::of_name) {
                        reach((id, id), Ranks::One(rank as u32));
                    }
                }
            }
            PartitionKeys::Time { definition, .. } => {
                let start = |index: u32| definition.window(index.into()).start.as_second();
                let mut first = 0;
                for indexes in each.set.ranges() {
                    let partitions = (start(indexes.start), start(indexes.end - 1));
                    let len = indexes.len() as u32;
                    let keys = each.keys;
                    reach(
                        partitions,
                        Ranks::Windows {
                            keys,
                            indexes,
                            first,
                        },
                    );
                    first += len;
                }
            }
        }
    }
    reaches.sort_unstable_by_key(|reach| (reach.asset, reach.partitions));
    Ok(reaches)
}

/// Walks the table beside `reaches` and fills in what both have.
fn walk_reaches(
    walk: &mut Statement<'_>,
    reaches: &[Reach<'_>],
    currents: &mut Currents,
) -> Result<(), Fault> {
    let mut remaining = reaches.iter().peekable();
    while let Some(next) = remaining.peek() {
        let mut rows = walk.query(params![next.asset, next.partitions.0])?;
        let mut useless = 0;
        // The window that the last row had, and so the likely one of the next.
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
            let Some(rank) = inside
                .then(|| reach.ranks.rank(at.1, &mut likely))
                .flatten()
            else {
                useless += 1;
                if useless > STEPS_PER_SEEK && !inside {
                    break;
                }
                continue;
            };
            useless = 0;
            let slot = currents.starts[reach.position] + rank as usize;
            currents.rows[slot] = Some(decode(row)?);
        }
    }
    Ok(())
}

impl Ranks<'_> {
    /// The rank of a partition inside the reach; `None` for one that is no key any more.
    ///
    /// `likely` is how far into the reach the next row probably is, and is kept so.
    fn rank(&self, partition: i64, likely: &mut u32) -> Option<u32> {
        match self {
            Self::One(rank) => Some(*rank),
            Self::Windows {
                keys,
                indexes,
                first,
            } => {
                let guess = indexes.start + *likely;
                let start = |index: u32| keys.time().map(|time| time.window(index.into()).start);
                let index = if indexes.contains(&guess)
                    && start(guess).is_some_and(|start| start.as_second() == partition)
                {
                    guess
                } else {
                    let slot = crate::model::PartitionSlot::Window(partition);
                    keys.index_of_slot(&slot)
                        .filter(|index| indexes.contains(index))?
                };
                *likely = index - indexes.start + 1;
                Some(first + (index - indexes.start))
            }
        }
    }
}

/// The numbers of names, read all at once where most are needed.
enum Numbers {
    Read(HashMap<Box<str>, i64>),
    Asked,
}

impl Numbers {
    fn of_assets(connection: &Connection, wanted: &[Wanted<'_>]) -> Result<Self, Fault> {
        let needed = wanted
            .iter()
            .map(|each| each.asset.as_str())
            .collect::<HashSet<_>>();
        let whole = "SELECT id, key FROM asset";
        Self::new(
            connection,
            "SELECT max(id) FROM asset",
            whole,
            needed.len(),
            |key| needed.contains(key),
        )
    }

    fn of_partition_keys(connection: &Connection, wanted: &[Wanted<'_>]) -> Result<Self, Fault> {
        let needed = wanted
            .iter()
            .filter(|each| matches!(each.keys, PartitionKeys::Static(_)))
            .map(|each| each.set.len() as usize)
            .sum();
        let whole = "SELECT id, key FROM partition_key";
        let max = "SELECT max(id) FROM partition_key";
        Self::new(connection, max, whole, needed, |_| true)
    }

    fn new(
        connection: &Connection,
        max: &str,
        whole: &str,
        needed: usize,
        is_needed: impl Fn(&str) -> bool,
    ) -> Result<Self, Fault> {
        let stored: Option<i64> = connection
            .prepare_cached(max)?
            .query_row([], |row| row.get(0))?;
        let affordable = i64::try_from(needed)
            .unwrap_or(i64::MAX)
            .saturating_mul(NAMES_PER_QUERY);
        if affordable < stored.unwrap_or(0) {
            return Ok(Self::Asked);
        }
        let mut numbers = HashMap::with_capacity(needed);
        let mut statement = connection.prepare_cached(whole)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = column::text(row, 1)?;
            if is_needed(key) {
                numbers.insert(key.into(), column::integer(row, 0)?);
            }
        }
        Ok(Self::Read(numbers))
    }

    fn get(
        &self,
        connection: &Connection,
        name: &str,
        ask: impl FnOnce(&Connection, &str) -> Result<Option<i64>, Fault>,
    ) -> Result<Option<i64>, Fault> {
        match self {
            Self::Read(numbers) => Ok(numbers.get(name).copied()),
            Self::Asked => ask(connection, name),
        }
    }
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
