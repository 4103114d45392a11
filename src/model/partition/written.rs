//! Keys as people write them.

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::multi::{MultiKeys, PART_SEPARATOR};
use crate::model::partition::named::TimeKeys;

/// How many keys are suggested.
const SUGGESTED: usize = 3;

impl PartitionKeys {
    /// The index of a key as a person writes it: as it is, or as `date=2024-01-01,region=eu` where there are several
    /// dimensions.
    pub fn find(&self, written: &str) -> Option<u32> {
        self.index_of(written).or_else(|| {
            let keys = self.multi()?;
            keys.index_of_parts(&keys.parse_parts(written)?)
        })
    }

    /// Up to three existing keys that a person may have meant by `text`: the window that holds it, or similar names; of
    /// several dimensions, keys whose parts are that.
    pub fn nearest(&self, text: &str) -> Vec<PartitionKey> {
        match self {
            Self::Unpartitioned => Vec::new(),
            Self::Named(keys) => keys.similar(text),
            Self::Time(keys) => {
                let holding = holding(keys, text).and_then(|index| self.key(index));
                holding.into_iter().collect()
            }
            Self::Multi(keys) => keys.nearest(text),
        }
    }
}

/// The existing window that holds what a person wrote, or the one next to it.
fn holding(keys: &TimeKeys, text: &str) -> Option<u32> {
    let newest = keys.len().checked_sub(1)?;
    let lattice = keys.definition().index_containing(text)?;
    Some(keys.within(&(0..lattice)).end.min(newest))
}

impl MultiKeys {
    /// The parts of a key written as `date=2024-01-01,region=eu`, in order of the dimensions, whether such keys exist or
    /// not; `None` if `text` is not of that form or does not name each dimension once.
    ///
    /// A part that holds `,`, `=` or `"` stands in double quotes; there `\` stands before `"` and before itself.
    pub fn parse_parts(&self, text: &str) -> Option<Vec<String>> {
        let mut parts = vec![None; self.dimensions().len()];
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (name, after) = text.split_once('=')?;
            let mut dimensions = self.dimensions().iter();
            let place = dimensions.position(|each| each.name.as_str() == name.trim())?;
            let (part, after) = read_part(after)?;
            if parts[place].replace(part).is_some() {
                return None;
            }
            rest = after;
        }
        parts.into_iter().collect()
    }

    /// The index of the key with these parts, if it exists.
    pub fn index_of_parts(&self, parts: &[String]) -> Option<u32> {
        let mut index = 0;
        for (dimension, part) in self.dimensions().iter().zip(parts) {
            index += dimension.keys.index_of(part)? * dimension.stride();
        }
        (parts.len() == self.dimensions().len()).then_some(index)
    }

    fn nearest(&self, text: &str) -> Vec<PartitionKey> {
        let plain = || text.split(PART_SEPARATOR).map(str::to_owned).collect();
        let parts: Vec<String> = self.parse_parts(text).unwrap_or_else(plain);
        if parts.len() != self.dimensions().len() || self.is_empty() {
            return Vec::new();
        }
        let mut indexes = vec![0];
        for (dimension, part) in self.dimensions().iter().zip(&parts) {
            let keys = &dimension.keys;
            let near = || {
                let near = keys.nearest(part).into_iter();
                near.filter_map(|key| keys.index_of(key.as_str())).collect()
            };
            let near: Vec<u32> = keys.index_of(part).map_or_else(near, |index| vec![index]);
            let longer = |index: u32| {
                near.iter()
                    .map(move |part| index + part * dimension.stride())
            };
            indexes = indexes
                .into_iter()
                .flat_map(longer)
                .take(SUGGESTED)
                .collect();
        }
        let keys = indexes.into_iter().map(|index| self.key(index));
        keys.map(|key| PartitionKey::made(&key)).collect()
    }
}

/// A part up to the next comma, and what follows that; `None` if a quoted one is not closed or not all of the part.
fn read_part(text: &str) -> Option<(String, Option<&str>)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return match text.split_once(',') {
            Some((part, after)) => Some((part.to_owned(), Some(after))),
            None => Some((text.to_owned(), None)),
        };
    };
    let mut part = String::new();
    let mut chars = quoted.char_indices();
    loop {
        match chars.next()? {
            (_, '\\') => part.push(chars.next()?.1),
            (at, '"') => {
                let after = &quoted[at + 1..];
                return match after.strip_prefix(',') {
                    Some(after) => Some((part, Some(after))),
                    None => after.is_empty().then_some((part, None)),
                };
            }
            (_, other) => part.push(other),
        }
    }
}
