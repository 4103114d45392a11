//! From what is wanted to stretches of the primary key of the current state.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use rusqlite::Connection;

use crate::model::{PartitionKey, PartitionKeys, PartitionSet, TimeKeys};
use crate::store::column;
use crate::store::current::Wanted;
use crate::store::error::Fault;
use crate::store::intern;
use crate::store::partition_id;

/// A whole table of names is read where that many times the names asked for are in it, or fewer.
const NAMES_PER_QUERY: usize = 16;

/// So many stretches of time definitions are kept, because assets that follow each other share them.
const REMEMBERED_WINDOWS: usize = 8;

/// A stretch of the primary key, and which ranks of which wanted set its rows have.
pub(super) struct Reach {
    pub(super) asset: i64,
    /// The first and the last partition.
    pub(super) partitions: (i64, i64),
    /// The place of the wanted set.
    pub(super) position: usize,
    /// The rank of the first partition in the set.
    first: u32,
    /// All wanted partitions of a stretch of windows in order; `None` for a stretch of one partition.
    windows: Option<Rc<[i64]>>,
}

impl Reach {
    /// How far a partition is into the stretch, and its rank in the wanted set; `None` for one that is no key any more.
    ///
    /// `likely` is where it probably is.
    pub(super) fn rank(&self, partition: i64, likely: u32) -> Option<(u32, u32)> {
        let within = match &self.windows {
            None => 0,
            Some(starts) if starts.get(likely as usize) == Some(&partition) => likely,
            Some(starts) => starts.binary_search(&partition).ok()? as u32,
        };
        Some((within, self.first + within))
    }
}

/// What is wanted and may be stored, in the order of the table.
pub(super) fn sorted(connection: &Connection, wanted: &[Wanted<'_>]) -> Result<Vec<Reach>, Fault> {
    let assets = asset_ids(connection, wanted)?;
    let names = name_ids(connection, wanted)?;
    let mut windows = Windows::default();
    let mut reaches = Vec::with_capacity(wanted.len());
    for (position, (each, asset)) in wanted.iter().zip(assets).enumerate() {
        let Some(asset) = asset else { continue };
        let reach = |partitions, first, windows| Reach {
            asset,
            partitions,
            position,
            first,
            windows,
        };
        match each.keys {
            PartitionKeys::Unpartitioned if each.set.is_empty() => {}
            PartitionKeys::Unpartitioned => {
                let only = partition_id::UNPARTITIONED;
                reaches.push(reach((only, only), 0, None));
            }
            PartitionKeys::Named(_) | PartitionKeys::Multi(_) => {
                for (rank, key) in keys_of(each.keys, each.set).enumerate() {
                    if let Some(name) = names.get(&key) {
                        let id = partition_id::of_name(*name);
                        reaches.push(reach((id, id), rank as u32, None));
                    }
                }
            }
            PartitionKeys::Time(keys) => {
                let mut first = 0;
                for indexes in each.set.ranges() {
                    let len = indexes.len() as u32;
                    let starts = windows.starts(keys, indexes);
                    if let [earliest, .., latest] | [earliest @ latest] = *starts {
                        reaches.push(reach((earliest, latest), first, Some(starts)));
                    }
                    first += len;
                }
            }
        }
    }
    reaches.sort_unstable_by_key(|reach| (reach.asset, reach.partitions));
    Ok(reaches)
}

/// The starts of windows, kept for the assets that follow.
#[derive(Default)]
struct Windows<'a> {
    remembered: Vec<Remembered<'a>>,
    next: usize,
}

struct Remembered<'a> {
    keys: &'a TimeKeys,
    indexes: Range<u32>,
    starts: Rc<[i64]>,
}

impl<'a> Windows<'a> {
    fn starts(&mut self, keys: &'a TimeKeys, indexes: Range<u32>) -> Rc<[i64]> {
        let known = self
            .remembered
            .iter()
            .find(|known| std::ptr::eq(known.keys, keys) && known.indexes == indexes);
        if let Some(known) = known {
            return Rc::clone(&known.starts);
        }
        let starts: Rc<[i64]> = indexes
            .clone()
            .map(|index| keys.window(index).start.as_second())
            .collect();
        let entry = Remembered {
            keys,
            indexes,
            starts: Rc::clone(&starts),
        };
        if self.remembered.len() < REMEMBERED_WINDOWS {
            self.remembered.push(entry);
        } else {
            self.remembered[self.next] = entry;
            self.next = (self.next + 1) % REMEMBERED_WINDOWS;
        }
        starts
    }
}

fn keys_of(keys: &PartitionKeys, set: &PartitionSet) -> impl Iterator<Item = PartitionKey> {
    set.iter().filter_map(|index| keys.key(index))
}

/// The numbers of the wanted assets that are stored.
fn asset_ids(connection: &Connection, wanted: &[Wanted<'_>]) -> Result<Vec<Option<i64>>, Fault> {
    if asking_is_cheaper(connection, "SELECT max(id) FROM asset", wanted.len())? {
        return wanted
            .iter()
            .map(|each| intern::asset_id(connection, each.asset.as_str()))
            .collect();
    }
    let positions: HashMap<&str, usize> = wanted
        .iter()
        .enumerate()
        .map(|(position, each)| (each.asset.as_str(), position))
        .collect();
    let mut ids = vec![None; wanted.len()];
    let mut statement = connection.prepare_cached("SELECT id, key FROM asset")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(position) = positions.get(column::text(row, 1)?) {
            ids[*position] = Some(column::integer(row, 0)?);
        }
    }
    Ok(ids)
}

/// The numbers of the wanted keys that are names and are stored.
fn name_ids(
    connection: &Connection,
    wanted: &[Wanted<'_>],
) -> Result<HashMap<PartitionKey, i64>, Fault> {
    let named = || {
        wanted
            .iter()
            .filter(|each| matches!(each.keys, PartitionKeys::Named(_) | PartitionKeys::Multi(_)))
    };
    let needed = named().map(|each| each.set.len() as usize).sum();
    let mut ids = HashMap::new();
    if needed == 0 {
        return Ok(ids);
    }
    if asking_is_cheaper(connection, "SELECT max(id) FROM partition_key", needed)? {
        for key in named().flat_map(|each| keys_of(each.keys, each.set)) {
            if let Some(id) = intern::partition_key_id(connection, key.as_str())? {
                ids.insert(key, id);
            }
        }
        return Ok(ids);
    }
    let mut statement = connection.prepare_cached("SELECT id, key FROM partition_key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key = PartitionKey::recorded(column::text(row, 1)?);
        ids.insert(key, column::integer(row, 0)?);
    }
    Ok(ids)
}

fn asking_is_cheaper(connection: &Connection, max: &str, needed: usize) -> Result<bool, Fault> {
    let stored: Option<i64> = connection
        .prepare_cached(max)?
        .query_row([], |row| row.get(0))?;
    let stored = usize::try_from(stored.unwrap_or(0)).unwrap_or(usize::MAX);
    Ok(needed.saturating_mul(NAMES_PER_QUERY) < stored)
}
