//! From keys in byte order to their indexes.

use crate::model::{MultiKeys, NamedKeys, PART_SEPARATOR, PartitionKey, PartitionKeys};

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
