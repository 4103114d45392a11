//! From what is wanted to stretches of the primary key of the current state.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use jiff::Timestamp;
use rusqlite::Connection;

use crate::model::{
    AssetKey, MultiKeys, NamedKeys, PART_SEPARATOR, PartitionKey, PartitionKeys, PartitionSet,
    TimeKeys,
};
use crate::store::error::Fault;
use crate::store::{column, numbers};

/// A whole table of assets is read where that many times the assets asked for are in it, or fewer.
const ASSETS_PER_QUERY: usize = 16;

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

/// From the rows of a reach, in order, by their partition, to their cells; `None` for one that is not wanted, or no key any more.
pub(super) type Finder<'a> = Box<dyn FnMut(i64) -> Option<usize> + 'a>;

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
        let first = self.first;
        match &self.kind {
            Kind::Point => Box::new(move |_| Some(first)),
            Kind::Windows { keys, indexes } => {
                let mut walk = WindowWalk::new(keys, indexes.clone());
                let begin = indexes.start;
                Box::new(move |window| Some(first + (walk.index_at(window)? - begin) as usize))
            }
            Kind::Names { columns, set } => Box::new(move |name| {
                let index = columns.index(numbers::name_of(name))?;
                Some(first + set.rank(index)? as usize)
            }),
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
                let only = numbers::UNPARTITIONED;
                reaches.push(reach((only, only), 0, Kind::Point));
            }
            PartitionKeys::Named(_) | PartitionKeys::Multi(_) => {
                match names.find(each.keys, each.set)? {
                    Found::Points(points) => {
                        reaches.extend(points.into_iter().map(|(rank, number)| {
                            let id = numbers::of_name(number);
                            reach((id, id), rank, Kind::Point)
                        }));
                    }
                    Found::Stretch(columns) => {
                        let last = numbers::of_name(columns.largest());
                        let set = each.set;
                        reaches.push(reach(
                            (last, numbers::of_name(1)),
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
    let stored = numbers::largest_asset(connection)?;
    if wanted.len().saturating_mul(ASSETS_PER_QUERY) < stored {
        return wanted
            .iter()
            .map(|each| numbers::asset_id(connection, each.asset.as_str()))
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

/// So many windows without a row are stepped over before the definition is asked for the next one.
const STEPS_PER_SEARCH: u32 = 16;

/// A walk along a stretch of windows: from their starts, as the table has them in order, to their places. The starts are walked
/// beside the rows and never held: a stretch of a million windows takes no memory. Where rows are far apart, the definition is asked.
struct WindowWalk<'a> {
    keys: &'a TimeKeys,
    /// The index of the next start, and the end of the stretch.
    ahead: Range<u32>,
    /// The next start, in seconds since 1970.
    next: Option<i64>,
    starts: Starts<'a>,
}

type Starts<'a> = Box<dyn Iterator<Item = i64> + 'a>;

impl<'a> WindowWalk<'a> {
    pub(super) fn new(keys: &'a TimeKeys, indexes: Range<u32>) -> Self {
        let mut starts = starts(keys, indexes.clone());
        Self {
            keys,
            next: starts.next(),
            ahead: indexes,
            starts,
        }
    }

    /// The index of the window that starts at `second`, if it exists in the stretch; asked in order.
    pub(super) fn index_at(&mut self, second: i64) -> Option<u32> {
        for _ in 0..STEPS_PER_SEARCH {
            match self.next? {
                start if start == second => return Some(self.ahead.start),
                start if start > second => return None,
                _ => self.step(),
            }
        }
        let instant = Timestamp::from_second(second).ok()?;
        let lattice = self.keys.definition().index_at(instant);
        let index = self
            .keys
            .within(&(lattice..lattice.saturating_add(1)))
            .start;
        *self = Self::new(self.keys, index.max(self.ahead.start)..self.ahead.end);
        (self.next == Some(second)).then_some(self.ahead.start)
    }

    fn step(&mut self) {
        self.ahead.start += 1;
        self.next = self.starts.next();
    }
}

fn starts(keys: &TimeKeys, indexes: Range<u32>) -> Starts<'_> {
    if indexes.is_empty() {
        return Box::new(std::iter::empty());
    }
    let lattice = keys.lattice(indexes.start)..keys.lattice(indexes.end - 1) + 1;
    // Where some windows do not exist, the lattice may have more of them.
    if lattice.end - lattice.start == i64::from(indexes.end - indexes.start) {
        return Box::new(keys.definition().starts(lattice).map(Timestamp::as_second));
    }
    Box::new(indexes.map(|index| keys.window(index).start.as_second()))
}

/// So many keys are stepped over before searching.
const STEPS: usize = 8;

/// A search for keys that come in byte order, which makes use of where it found the last one.
pub(super) enum KeySearch<'a> {
    /// Keys in byte order, and those of them that are ahead.
    Ordered(&'a [PartitionKey], usize),
    /// Names in another order.
    Named(&'a NamedKeys),
    /// The product of dimensions, and the last key's parts but the innermost with the index of its first key.
    Multi(&'a MultiKeys, Option<(String, u32)>),
    /// What has no names.
    None,
}

impl<'a> KeySearch<'a> {
    pub(super) fn new(keys: &'a PartitionKeys) -> Self {
        match keys {
            PartitionKeys::Named(keys) if keys.keys().is_sorted() => Self::Ordered(keys.keys(), 0),
            PartitionKeys::Named(keys) => Self::Named(keys),
            PartitionKeys::Multi(keys) => Self::Multi(keys, None),
            PartitionKeys::Unpartitioned | PartitionKeys::Time(_) => Self::None,
        }
    }

    /// The index of a key, if the definition has it.
    pub(super) fn index_of(&mut self, key: &str) -> Option<u32> {
        match self {
            Self::Ordered(keys, at) => {
                *at += steps(&keys[*at..], key);
                (keys.get(*at)?.as_str() == key).then_some(*at as u32)
            }
            Self::Named(keys) => keys.index_of(key),
            Self::Multi(keys, last) => {
                let (outer, inner) = key.rsplit_once(PART_SEPARATOR)?;
                let innermost = &keys.dimensions().last()?.keys;
                if let Some((known, first)) = last
                    && known == outer
                {
                    return Some(*first + innermost.index_of(inner)?);
                }
                let index = keys.index_of(key)?;
                *last = Some((outer.to_owned(), index - index % innermost.len()));
                Some(index)
            }
            Self::None => None,
        }
    }
}

/// How many of `keys`, which are in order, come before `key`.
fn steps(keys: &[PartitionKey], key: &str) -> usize {
    let before = |known: &PartitionKey| known.as_str() < key;
    let near = keys.iter().take(STEPS).take_while(|known| before(known));
    match near.count() {
        STEPS => STEPS + keys[STEPS..].partition_point(before),
        count => count,
    }
}

/// Names are asked for one by one where there are more than so many times as many.
const NAMES_PER_QUERY: usize = 16;

pub(super) const ALL_NAMES: &str = "SELECT id, key FROM partition_key ORDER BY key";

/// The numbers of the keys of all wanted definitions whose keys are names.
///
/// Few keys are asked for one by one. For many the table of names is read once, in byte order, beside the definition's
/// keys; what is kept of it are two columns of numbers, and no name.
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
struct NumberColumns {
    /// By index; 0 for a key that is not stored.
    numbers: Vec<u32>,
    /// By number; [`NO_KEY`] where it is that of no key of the definition.
    indexes: Vec<u32>,
}

/// The index of no key: there are fewer than 2^32.
const NO_KEY: u32 = u32::MAX;

/// How the rows of a set's keys are found.
enum Found {
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
            let stored = numbers::largest_partition_key(connection)?;
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
    fn find(&mut self, keys: &PartitionKeys, set: &PartitionSet) -> Result<Found, Fault> {
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
        Some(key) => numbers::partition_key_id(connection, key.as_str()),
        None => Ok(None),
    }
}
