//! From partition keys that are names to the numbers that rows hold for them, and back.
//!
//! Few keys are asked for one by one. For many the table of names is read once, in byte order, beside the definition's
//! keys; what is kept of it are two columns of numbers, and no name.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::Connection;

use crate::model::{PartitionKeys, PartitionSet};
use crate::store::column;
use crate::store::current::Wanted;
use crate::store::error::Fault;
use crate::store::intern;
use crate::store::key_search::KeySearch;

/// Names are asked for one by one where there are more than so many times as many.
const NAMES_PER_QUERY: usize = 16;

pub(super) const ALL_NAMES: &str = "SELECT id, key FROM partition_key ORDER BY key";

/// The numbers of the keys of all wanted definitions whose keys are names.
pub(super) struct Names<'a> {
    connection: &'a Connection,
    /// By where the keys stand: assets of one definition share them.
    definitions: HashMap<*const PartitionKeys, Numbers>,
}

/// The numbers of a definition's keys.
enum Numbers {
    /// As far as they were asked for, by index; `None` for a key that is not stored.
    Few(HashMap<u32, Option<i64>>),
    All(Rc<NumberColumns>),
}

/// The numbers of all keys of a definition, both ways.
pub(super) struct NumberColumns {
    /// By index; 0 for a key that is not stored.
    numbers: Vec<u32>,
    /// By number; [`NO_KEY`] where it is that of no key of the definition.
    indexes: Vec<u32>,
}

/// The index of no key: there are fewer than 2^32.
const NO_KEY: u32 = u32::MAX;

/// How the rows of a set's keys are found.
pub(super) enum Found {
    /// One by one: the rank of each key in the set, and its number.
    Points(Vec<(u32, i64)>),
    /// By walking all that the asset has under a name.
    Stretch(Rc<NumberColumns>),
}

impl<'a> Names<'a> {
    pub(super) fn new(connection: &'a Connection, wanted: &[Wanted<'_>]) -> Result<Self, Fault> {
        let mut needed: HashMap<*const PartitionKeys, (&PartitionKeys, usize)> = HashMap::new();
        for each in wanted {
            if matches!(each.keys, PartitionKeys::Named(_) | PartitionKeys::Multi(_)) {
                let (_, needed) = needed.entry(each.keys).or_insert((each.keys, 0));
                *needed += each.set.len() as usize;
            }
        }
        let mut definitions = HashMap::with_capacity(needed.len());
        for (at, (keys, needed)) in needed {
            let needed = needed.min(keys.len() as usize);
            let stored = intern::largest_partition_key(connection)?;
            let numbers = if needed.saturating_mul(NAMES_PER_QUERY) < stored {
                Numbers::Few(HashMap::new())
            } else {
                Numbers::All(Rc::new(NumberColumns::read(connection, keys, stored)?))
            };
            definitions.insert(at, numbers);
        }
        Ok(Self {
            connection,
            definitions,
        })
    }

    /// How the rows of a set of those keys are found.
    pub(super) fn find(
        &mut self,
        keys: &PartitionKeys,
        set: &PartitionSet,
    ) -> Result<Found, Fault> {
        let known = self.definitions.get_mut(&std::ptr::from_ref(keys));
        let mut points = Vec::new();
        match known {
            None => {}
            Some(Numbers::Few(known)) => {
                for (rank, index) in set.iter().enumerate() {
                    let number = match known.get(&index) {
                        Some(number) => *number,
                        None => {
                            *known
                                .entry(index)
                                .or_insert(number_of(self.connection, keys, index)?)
                        }
                    };
                    points.extend(number.map(|number| (rank as u32, number)));
                }
            }
            Some(Numbers::All(columns)) => {
                let few = (set.len() as usize).saturating_mul(NAMES_PER_QUERY);
                if few >= columns.indexes.len() {
                    return Ok(Found::Stretch(Rc::clone(columns)));
                }
                for (rank, index) in set.iter().enumerate() {
                    let number = columns.numbers[index as usize];
                    if number > 0 {
                        points.push((rank as u32, number.into()));
                    }
                }
            }
        }
        Ok(Found::Points(points))
    }
}

impl NumberColumns {
    fn read(connection: &Connection, keys: &PartitionKeys, largest: usize) -> Result<Self, Fault> {
        let mut numbers = vec![0; keys.len() as usize];
        let mut indexes = vec![NO_KEY; largest + 1];
        let mut search = KeySearch::new(keys);
        let mut statement = connection.prepare_cached(ALL_NAMES)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(index) = search.index_of(column::text(row, 1)?) else {
                continue;
            };
            let number: u32 = column::number(row, 0)?;
            let place = indexes.get_mut(number as usize);
            *place.ok_or(Fault::Undecodable("a partition key has a strange number"))? = index;
            numbers[index as usize] = number;
        }
        Ok(Self { numbers, indexes })
    }

    /// The index of the key that has a number.
    pub(super) fn index(&self, number: i64) -> Option<u32> {
        let index = self.indexes.get(usize::try_from(number).ok()?)?;
        (*index != NO_KEY).then_some(*index)
    }

    /// The largest number that a name has.
    pub(super) fn largest(&self) -> i64 {
        i64::try_from(self.indexes.len()).unwrap_or(i64::MAX) - 1
    }
}

fn number_of(
    connection: &Connection,
    keys: &PartitionKeys,
    index: u32,
) -> Result<Option<i64>, Fault> {
    match keys.key(index) {
        Some(key) => intern::partition_key_id(connection, key.as_str()),
        None => Ok(None),
    }
}
