//! Keys that are names: of static, dynamic and files definitions.

use std::sync::Arc;

use crate::model::partition::key::PartitionKey;

/// A list of keys with an index by key.
#[derive(Clone, Debug)]
pub struct NamedKeys {
    keys: Arc<[PartitionKey]>,
    /// Indexes in byte order of their keys; `None` where that is their order.
    sorted: Option<Arc<[u32]>>,
    /// Indexes in the order in which the keys were added; `None` where that is their order.
    added: Option<Arc<[u32]>>,
}

impl NamedKeys {
    /// Keys in their declared order.
    #[must_use]
    pub fn declared(keys: &Arc<[PartitionKey]>) -> Self {
        let sorted = byte_order(keys);
        Self {
            keys: Arc::clone(keys),
            sorted,
            added: None,
        }
    }

    /// Keys of a set that grows, given in order of addition: they are taken in byte order, and shown as they were added.
    #[must_use]
    pub fn growing(mut keys: Vec<PartitionKey>) -> Self {
        let added = keys.clone();
        keys.sort_unstable();
        keys.dedup();
        let rank = |key: &PartitionKey| keys.binary_search(key).unwrap_or_default() as u32;
        let added: Vec<u32> = added.iter().map(rank).collect();
        let as_sorted = added.iter().copied().eq(0..keys.len() as u32);
        Self {
            added: (!as_sorted).then(|| added.into()),
            keys: keys.into(),
            sorted: None,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.keys.len() as u32
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of an index.
    ///
    /// # Panics
    ///
    /// If there is no such index.
    #[must_use]
    pub fn key(&self, index: u32) -> &PartitionKey {
        &self.keys[index as usize]
    }

    /// All keys, by index.
    #[must_use]
    pub fn keys(&self) -> &[PartitionKey] {
        &self.keys
    }

    /// The index of a key.
    #[must_use]
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
    #[must_use]
    pub fn shown(&self, place: u32) -> u32 {
        self.added
            .as_ref()
            .map_or(place, |added| added[place as usize])
    }

    /// The place at which an index is shown: the inverse of [`Self::shown`].
    #[must_use]
    pub fn place_of(&self, index: u32) -> u32 {
        self.added.as_ref().map_or(index, |added| {
            let place = added.iter().position(|at| *at == index);
            place.unwrap_or_default() as u32
        })
    }

    /// Up to three keys that a person may have meant by `text`.
    #[must_use]
    pub fn similar(&self, text: &str) -> Vec<PartitionKey> {
        let scored = self
            .keys
            .iter()
            .map(|key| (strsim::damerau_levenshtein(key.as_str(), text), key));
        let mut near: Vec<_> = scored
            .filter(|(distance, key)| *distance <= key.as_str().chars().count().max(3) / 2)
            .collect();
        near.sort_unstable();
        near.into_iter()
            .take(3)
            .map(|(_, key)| key.clone())
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
