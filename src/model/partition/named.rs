//! Keys that are names: of static, dynamic and files definitions.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::name::KnownNames;
use crate::model::partition::key::PartitionKey;
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{TimePartitions, TimeWindow};

/// A list of keys with an index by key.
#[derive(Clone, Debug)]
pub struct NamedKeys {
    keys: Arc<[PartitionKey]>,
    /// Indexes in byte order of their keys; `None` where that is their order.
    sorted: Option<Arc<[u32]>>,
    /// The order in which the keys were added; `None` where that is their order.
    added: Option<Arc<Addition>>,
}

/// An order of addition, both ways.
#[derive(Debug)]
struct Addition {
    /// The index of the key at each place.
    indexes: Vec<u32>,
    /// The place of the key of each index.
    places: Vec<u32>,
}

impl NamedKeys {
    /// Keys in their declared order.
    pub fn declared(keys: &Arc<[PartitionKey]>) -> Self {
        let sorted = byte_order(keys);
        Self {
            keys: Arc::clone(keys),
            sorted,
            added: None,
        }
    }

    /// Keys of a set that grows, given in order of addition: they are taken in byte order, and shown as they were added.
    pub fn growing(mut keys: Vec<PartitionKey>) -> Self {
        let added = keys.clone();
        keys.sort_unstable();
        keys.dedup();
        let mut places = vec![u32::MAX; keys.len()];
        let mut indexes = Vec::with_capacity(keys.len());
        for key in &added {
            let index = keys.partition_point(|known| known < key);
            if places[index] == u32::MAX {
                places[index] = indexes.len() as u32;
                indexes.push(index as u32);
            }
        }
        let added = (!indexes.is_sorted()).then(|| Arc::new(Addition { indexes, places }));
        Self {
            keys: keys.into(),
            sorted: None,
            added,
        }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.keys.len() as u32
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of an index.
    ///
    /// # Panics
    ///
    /// If the index is out of bounds.
    pub fn key(&self, index: u32) -> &PartitionKey {
        &self.keys[index as usize]
    }

    /// All keys, by index.
    pub fn keys(&self) -> &[PartitionKey] {
        &self.keys
    }

    /// The index of a key.
    pub fn index_of(&self, key: &str) -> Option<u32> {
        match &self.sorted {
            None => {
                let at = self.keys.binary_search_by(|known| known.as_str().cmp(key));
                at.ok().map(|at| at as u32)
            }
            Some(sorted) => {
                let at = sorted
                    .binary_search_by(|index| self.keys[*index as usize].as_str().cmp(key))
                    .ok()?;
                Some(sorted[at])
            }
        }
    }

    /// The index that is shown at a place.
    pub fn shown(&self, place: u32) -> u32 {
        let added = self.added.as_ref();
        added.map_or(place, |added| added.indexes[place as usize])
    }

    /// The place at which an index is shown: the inverse of [`Self::shown`].
    pub fn place_of(&self, index: u32) -> u32 {
        let added = self.added.as_ref();
        added.map_or(index, |added| added.places[index as usize])
    }

    /// Whether keys are shown in the order of their indexes.
    pub fn is_shown_in_order(&self) -> bool {
        self.added.is_none()
    }

    /// Whether both are one list in memory, so that equal indexes are equal keys.
    pub(super) fn is_same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys)
    }

    /// Up to three keys that a person may have meant by `text`.
    pub fn similar(&self, text: &str) -> Vec<PartitionKey> {
        let names = KnownNames::new(self.keys.iter().map(PartitionKey::as_str));
        let near = names.like(text, text.chars().count().max(3) / 2);
        let indexes = near.into_iter().filter_map(|name| self.index_of(name));
        indexes
            .map(|index| self.keys[index as usize].clone())
            .collect()
    }
}

/// Indexes in byte order of their keys; `None` where that is their order.
fn byte_order(keys: &[PartitionKey]) -> Option<Arc<[u32]>> {
    if keys.is_sorted() {
        return None;
    }
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    order.sort_unstable_by_key(|index| &keys[*index as usize]);
    Some(order.into())
}

/// The existing windows of a time definition.
#[derive(Clone, Debug)]
pub struct TimeKeys {
    definition: Arc<TimePartitions>,
    existing: ExistingWindows,
}

/// Which windows of a definition's lattice are keys.
#[derive(Clone, Debug)]
enum ExistingWindows {
    /// The first keys, this number of them.
    First(u32),
    /// These.
    Only(Arc<PartitionSet>),
}

impl TimeKeys {
    /// The windows that exist at `now`.
    pub fn at(definition: &Arc<TimePartitions>, now: Timestamp) -> Self {
        Self {
            definition: Arc::clone(definition),
            existing: ExistingWindows::First(definition.len_at(now)),
        }
    }

    /// Only these windows, by their indexes in the definition's lattice.
    pub fn only(definition: &Arc<TimePartitions>, windows: PartitionSet) -> Self {
        Self {
            definition: Arc::clone(definition),
            existing: ExistingWindows::Only(Arc::new(windows)),
        }
    }

    /// The definition.
    pub fn definition(&self) -> &Arc<TimePartitions> {
        &self.definition
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        match &self.existing {
            ExistingWindows::First(len) => *len,
            ExistingWindows::Only(set) => set.len(),
        }
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index in the definition's lattice of the key `index`.
    ///
    /// # Panics
    ///
    /// If only some windows exist and the key is not one of them.
    pub fn lattice(&self, index: u32) -> i64 {
        match &self.existing {
            ExistingWindows::First(_) => index.into(),
            ExistingWindows::Only(set) => set.nth(index).expect("indexes are below len").into(),
        }
    }

    /// The key at an index of the definition's lattice, if it exists.
    pub fn rank(&self, lattice: i64) -> Option<u32> {
        let lattice = u32::try_from(lattice).ok()?;
        match &self.existing {
            ExistingWindows::First(len) => (lattice < *len).then_some(lattice),
            ExistingWindows::Only(set) => set.rank(lattice),
        }
    }

    /// The existing keys within a stretch of the definition's lattice.
    pub fn within(&self, lattice: &Range<i64>) -> Range<u32> {
        let before = |at: i64| match &self.existing {
            ExistingWindows::First(len) => {
                u32::try_from(at.clamp(0, i64::from(*len))).expect("clamped to the length")
            }
            ExistingWindows::Only(set) => set.before(u32::try_from(at.max(0)).unwrap_or(u32::MAX)),
        };
        before(lattice.start)..before(lattice.end).max(before(lattice.start))
    }

    /// Whether the windows from the first to the newest are keys without an exception.
    pub(super) fn all_exist(&self) -> bool {
        match &self.existing {
            ExistingWindows::First(_) => true,
            ExistingWindows::Only(set) => set.last().is_none_or(|last| set.len() == last + 1),
        }
    }

    /// The stretches of the definition's lattice that keys in a range stand for, in order.
    pub fn stretches(&self, indexes: Range<u32>) -> impl Iterator<Item = Range<i64>> {
        let (all, some) = match &self.existing {
            ExistingWindows::First(_) => (Some(indexes), None),
            ExistingWindows::Only(set) => (None, Some(set.ranked(indexes))),
        };
        let ranges = all.into_iter().chain(some.into_iter().flatten());
        ranges.map(|range| range.start.into()..range.end.into())
    }

    /// The stretches within a stretch of the definition's lattice of windows that are no keys, in order.
    pub(super) fn absent(&self, lattice: &Range<i64>) -> Vec<Range<i64>> {
        let existing = self.stretches(self.within(lattice));
        let existing: Vec<_> = existing.filter(|run| !run.is_empty()).collect();
        let starts = std::iter::once(lattice.start).chain(existing.iter().map(|run| run.end));
        let ends = existing.iter().map(|run| run.start);
        let ends = ends.chain(std::iter::once(lattice.end));
        let absent = starts.zip(ends).map(|(start, end)| start..end);
        absent.filter(|absent| !absent.is_empty()).collect()
    }

    /// The window of the key `index`.
    pub fn window(&self, index: u32) -> TimeWindow {
        self.definition.window(self.lattice(index))
    }
}
