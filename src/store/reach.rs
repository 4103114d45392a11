//! From what is wanted to stretches of the primary key of the current state.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use rusqlite::Connection;

use crate::model::{PartitionKeys, PartitionSet, TimeKeys};
use crate::store::column;
use crate::store::current::Wanted;
use crate::store::error::Fault;
use crate::store::intern;
use crate::store::named::{Found, Names, NumberColumns};
use crate::store::partition_id;
use crate::store::windows::WindowWalk;

/// A whole table of assets is read where that many times the assets asked for are in it, or fewer.
const ASSETS_PER_QUERY: usize = 16;

/// A stretch of the primary key, and to which cells its rows belong.
pub(super) struct Reach<'a> {
    pub(super) asset: i64,
    /// The first and the last partition.
    pub(super) partitions: (i64, i64),
    /// The cell of the first wanted partition in it, or, of names, in the set.
    first: usize,
    kind: Kind<'a>,
}

enum Kind<'a> {
    /// One partition.
    Point,
    /// These windows.
    Windows {
        keys: &'a TimeKeys,
        indexes: Range<u32>,
    },
    /// The names of a set, in the order of their numbers.
    Names {
        columns: Rc<NumberColumns>,
        set: &'a PartitionSet,
    },
}

/// From the rows of a reach, in order, to their cells.
pub(super) enum Finder<'a> {
    Point {
        cell: usize,
    },
    Windows {
        first_cell: usize,
        first_index: u32,
        walk: WindowWalk<'a>,
    },
    Names {
        first_cell: usize,
        columns: &'a NumberColumns,
        set: &'a PartitionSet,
    },
}

impl<'a> Reach<'a> {
    /// The first place that it covers.
    pub(super) fn begin(&self) -> (i64, i64) {
        (self.asset, self.partitions.0)
    }

    /// The last place that it covers.
    pub(super) fn end(&self) -> (i64, i64) {
        (self.asset, self.partitions.1)
    }

    /// What finds the cells of its rows.
    pub(super) fn finder(&'a self) -> Finder<'a> {
        match &self.kind {
            Kind::Point => Finder::Point { cell: self.first },
            Kind::Windows { keys, indexes } => Finder::Windows {
                first_cell: self.first,
                first_index: indexes.start,
                walk: WindowWalk::new(keys, indexes.clone()),
            },
            Kind::Names { columns, set } => Finder::Names {
                first_cell: self.first,
                columns,
                set,
            },
        }
    }
}

impl Finder<'_> {
    /// The cell of a partition in the reach; `None` for one that is not wanted, or no key any more.
    pub(super) fn cell(&mut self, partition: i64) -> Option<usize> {
        match self {
            Self::Point { cell } => Some(*cell),
            Self::Windows {
                first_cell,
                first_index,
                walk,
            } => {
                let index = walk.index_at(partition)?;
                Some(*first_cell + (index - *first_index) as usize)
            }
            Self::Names {
                first_cell,
                columns,
                set,
            } => {
                let index = columns.index(partition_id::name(partition))?;
                Some(*first_cell + set.rank(index)? as usize)
            }
        }
    }
}

/// What is wanted and may be stored, in the order of the table.
pub(super) fn sorted<'a>(
    connection: &Connection,
    wanted: &[Wanted<'a>],
) -> Result<Vec<Reach<'a>>, Fault> {
    let assets = asset_ids(connection, wanted)?;
    let mut names = Names::new(connection, wanted)?;
    let mut reaches = Vec::with_capacity(wanted.len());
    for (each, asset) in wanted.iter().zip(assets) {
        let Some(asset) = asset else { continue };
        let reach = |partitions, rank: u32, kind| Reach {
            asset,
            partitions,
            first: each.first + rank as usize,
            kind,
        };
        match each.keys {
            _ if each.set.is_empty() => {}
            PartitionKeys::Unpartitioned => {
                let only = partition_id::UNPARTITIONED;
                reaches.push(reach((only, only), 0, Kind::Point));
            }
            PartitionKeys::Named(_) | PartitionKeys::Multi(_) => {
                match names.find(each.keys, each.set)? {
                    Found::Points(points) => {
                        reaches.extend(points.into_iter().map(|(rank, number)| {
                            let id = partition_id::of_name(number);
                            reach((id, id), rank, Kind::Point)
                        }));
                    }
                    Found::Stretch(columns) => {
                        let last = partition_id::of_name(columns.largest());
                        let set = each.set;
                        reaches.push(reach(
                            (last, partition_id::of_name(1)),
                            0,
                            Kind::Names { columns, set },
                        ));
                    }
                }
            }
            PartitionKeys::Time(keys) => {
                let mut rank = 0;
                for indexes in each.set.ranges() {
                    let start = |index| keys.window(index).start.as_second();
                    let partitions = (start(indexes.start), start(indexes.end - 1));
                    let len = indexes.len() as u32;
                    reaches.push(reach(partitions, rank, Kind::Windows { keys, indexes }));
                    rank += len;
                }
            }
        }
    }
    reaches.sort_unstable_by_key(Reach::begin);
    Ok(reaches)
}

/// The numbers of the wanted assets that are stored.
fn asset_ids(connection: &Connection, wanted: &[Wanted<'_>]) -> Result<Vec<Option<i64>>, Fault> {
    let stored = intern::largest_asset(connection)?;
    if wanted.len().saturating_mul(ASSETS_PER_QUERY) < stored {
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
