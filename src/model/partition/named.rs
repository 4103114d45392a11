//! Keys that are names: of static, dynamic and files definitions.

use std::sync::Arc;

use crate::model::name::KnownNames;
use crate::model::partition::key::PartitionKey;

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

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of an index.
    ///
    /// # Panics
    ///
    /// If there is no such index.
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
