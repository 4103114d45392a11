//! All keys of a graph, in one stretch of memory that is searched from end to end.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use crate::model::asset::{Asset, Declaration};
use crate::model::name::AssetId;
use crate::model::partition::DefinitionId;

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

/// Assets and sources by a value that they carry, each list in order of declaration.
pub type ByValue<T> = BTreeMap<T, Vec<AssetId>>;

/// Which assets and sources carry what: as many of these lists as there are values are read where a question would
/// otherwise be put to each declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// The assets that are made here.
    pub materializable: Vec<AssetId>,
    /// By their group.
    pub groups: ByValue<String>,
    /// By each of their kinds.
    pub kinds: ByValue<String>,
    /// By each of their owners.
    pub owners: ByValue<String>,
    /// By each of their tags: its name, then its value.
    pub tags: BTreeMap<String, ByValue<String>>,
    /// By their partitions definition.
    pub definitions: ByValue<DefinitionId>,
}

impl Labels {
    pub(super) fn new(declarations: &[Declaration]) -> Self {
        let mut labels = Self::default();
        for (index, declaration) in declarations.iter().enumerate() {
            labels.add(AssetId(index as u32), declaration);
        }
        labels
    }

    fn add(&mut self, id: AssetId, declaration: &Declaration) {
        if matches!(declaration, Declaration::Asset(asset) if Asset::is_materializable(asset)) {
            self.materializable.push(id);
        }
        let about = declaration.about();
        if let Some(group) = &about.group {
            put(&mut self.groups, group, id);
        }
        for kind in &about.kinds {
            put(&mut self.kinds, kind, id);
        }
        for owner in &about.owners {
            put(&mut self.owners, owner, id);
        }
        for (name, value) in &about.tags {
            if !self.tags.contains_key(name) {
                self.tags.insert(name.clone(), ByValue::new());
            }
            let values = self.tags.get_mut(name).expect("it was put there");
            put(values, value, id);
        }
        if let Some(definition) = declaration.partitions() {
            self.definitions.entry(definition).or_default().push(id);
        }
    }
}

fn put(lists: &mut ByValue<String>, value: &str, id: AssetId) {
    match lists.get_mut(value) {
        Some(list) => list.push(id),
        None => drop(lists.insert(value.to_owned(), vec![id])),
    }
}
