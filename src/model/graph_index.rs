//! All keys of a graph, in one stretch of memory that is searched from end to end.

use std::ops::Range;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use crate::model::declaration::Declaration;
use crate::model::name::AssetId;

/// The keys of all assets and sources, each at a place: places follow the byte order of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetKeys {
    /// One key behind the other.
    text: String,
    /// Where each key ends in the text.
    ends: Vec<usize>,
    ids: Vec<AssetId>,
}

impl AssetKeys {
    pub(super) fn new(declarations: &[Declaration]) -> Self {
        let key = |id: &AssetId| declarations[id.index()].key();
        let mut ids: Vec<_> = (0..declarations.len() as u32).map(AssetId).collect();
        ids.sort_unstable_by(|a, b| key(a).cmp(key(b)));
        let mut text = String::new();
        let mut ends = Vec::with_capacity(ids.len());
        for id in &ids {
            text.push_str(key(id).as_str());
            ends.push(text.len());
        }
        Self { text, ends, ids }
    }

    /// The ids, by place.
    pub fn ids(&self) -> &[AssetId] {
        &self.ids
    }

    /// The key at a place.
    pub fn get(&self, place: usize) -> &str {
        &self.text[self.start(place)..self.ends[place]]
    }

    /// All keys, in byte order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|place| self.get(place))
    }

    /// The id of what has this key.
    pub fn find(&self, key: &str) -> Option<AssetId> {
        let place = self.first_place(|known| known < key);
        (place < self.ids.len() && self.get(place) == key).then(|| self.ids[place])
    }

    /// The places of the keys that begin with `head`.
    pub fn starting_with(&self, head: &str) -> Range<usize> {
        let start = self.first_place(|key| key < head);
        start..self.first_place(|key| key < head || key.starts_with(head))
    }

    /// Those of some places whose keys hold `part`, which is not empty.
    pub fn containing(&self, part: &str, among: Range<usize>) -> impl Iterator<Item = usize> {
        let finder = Finder::new(part).into_owned();
        let len = part.len();
        let until = self.start(among.end);
        let mut place = among.start;
        let mut from = self.start(place);
        std::iter::from_fn(move || {
            loop {
                let at = from + finder.find(&self.text.as_bytes()[from..until])?;
                place += self.ends[place..].partition_point(|end| *end <= at);
                let end = self.ends[place];
                if at + len <= end {
                    from = end;
                    return Some(place);
                }
                // It is put together of two keys.
                from = at + 1;
            }
        })
    }

    /// The first place of whose key `is_before` does not hold.
    fn first_place(&self, is_before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.ids.len());
        while low < high {
            let middle = low.midpoint(high);
            if is_before(self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}
