//! All keys of a graph, in one stretch of memory that is searched from end to end.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use crate::model::asset::{Asset, Declaration};
use crate::model::graph::columns::{self, PAGE};
use crate::model::name::{AssetId, AssetKey};
use crate::model::partition::DefinitionId;

/// The keys of all assets and sources, each at a place: places follow the byte order of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetKeys {
    /// One key behind the other.
    text: String,
    /// Where each key ends in the text.
    #[serde(with = "columns")]
    ends: Vec<u32>,
    #[serde(with = "columns")]
    ids: Vec<AssetId>,
}

impl AssetKeys {
    /// These keys; those that are in order already cost little.
    pub(super) fn new(mut keys: Vec<(&str, AssetId)>) -> Self {
        keys.sort_by_key(|(key, _)| *key);
        let mut text = String::new();
        let mut ends = Vec::with_capacity(keys.len());
        for (key, _) in &keys {
            text.push_str(key);
            ends.push(text.len() as u32);
        }
        let ids = keys.into_iter().map(|(_, id)| id).collect();
        Self { text, ends, ids }
    }

    /// The names that the keys are made to, none of them yet.
    pub(super) fn names(&self) -> AssetNames {
        let mut places = vec![0; self.ids.len()];
        for (place, id) in self.ids.iter().enumerate() {
            places[id.index()] = place as u32;
        }
        AssetNames {
            pages: vec![OnceLock::new(); places.len().div_ceil(PAGE)],
            places,
        }
    }

    /// The ids, by place.
    pub fn ids(&self) -> &[AssetId] {
        &self.ids
    }

    /// The key at a place.
    pub fn get(&self, place: usize) -> &str {
        &self.text[self.start(place)..self.end(place)]
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
                place += self.ends[place..].partition_point(|end| *end as usize <= at);
                let end = self.end(place);
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
        place.checked_sub(1).map_or(0, |before| self.end(before))
    }

    fn end(&self, place: usize) -> usize {
        self.ends[place] as usize
    }
}

/// The keys of a compiled graph by id, each made once.
#[derive(Clone, Debug)]
pub(super) struct AssetNames {
    places: Vec<u32>,
    pages: Vec<OnceLock<Vec<OnceLock<AssetKey>>>>,
}

impl AssetNames {
    pub(super) fn get(&self, id: AssetId, keys: &AssetKeys) -> &AssetKey {
        let page = &self.pages[id.index() / PAGE];
        let page = page.get_or_init(|| vec![OnceLock::new(); PAGE]);
        page[id.index() % PAGE].get_or_init(|| {
            let place = self.places[id.index()] as usize;
            AssetKey::of_path(keys.get(place))
        })
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
    /// The sources, and the assets by their code, that leave files out that git ignores.
    pub without_gitignored: Vec<AssetId>,
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

    /// The labels of a graph of which some declarations have other ids, others are gone, and some are `changed`.
    pub(super) fn revised(
        &self,
        new_ids: &[Option<AssetId>],
        changed: &[(AssetId, &Declaration)],
    ) -> Self {
        let mut labels = self.clone();
        labels.each_list(|list| {
            list.retain_mut(|id| match new_ids[id.index()] {
                Some(new) => {
                    *id = new;
                    true
                }
                None => false,
            });
        });
        for (id, declaration) in changed {
            labels.add(*id, declaration);
        }
        labels.each_list(|list| list.sort());
        let is_carried = |ids: &mut Vec<AssetId>| !ids.is_empty();
        for lists in [&mut labels.groups, &mut labels.kinds, &mut labels.owners] {
            lists.retain(|_, ids| is_carried(ids));
        }
        labels
            .tags
            .values_mut()
            .for_each(|values| values.retain(|_, ids| is_carried(ids)));
        labels.tags.retain(|_, values| !values.is_empty());
        labels.definitions.retain(|_, ids| is_carried(ids));
        labels
    }

    fn each_list(&mut self, each: impl FnMut(&mut Vec<AssetId>)) {
        let Self {
            materializable,
            without_gitignored,
            groups,
            kinds,
            owners,
            tags,
            definitions,
        } = self;
        let by_text = [groups, kinds, owners].into_iter().chain(tags.values_mut());
        [materializable, without_gitignored]
            .into_iter()
            .chain(by_text.flat_map(BTreeMap::values_mut))
            .chain(definitions.values_mut())
            .for_each(each);
    }

    fn add(&mut self, id: AssetId, declaration: &Declaration) {
        if matches!(declaration, Declaration::Asset(asset) if Asset::is_materializable(asset)) {
            self.materializable.push(id);
        }
        if leaves_out_gitignored(declaration) {
            self.without_gitignored.push(id);
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
            put(values, value.as_str(), id);
        }
        if let Some(definition) = declaration.partitions() {
            self.definitions.entry(definition).or_default().push(id);
        }
    }
}

fn leaves_out_gitignored(declaration: &Declaration) -> bool {
    match declaration {
        Declaration::Source(source) => source.leaves_out_gitignored,
        Declaration::Asset(asset) => {
            let recipe = asset.recipe.as_ref();
            recipe.is_some_and(|recipe| recipe.code.leaves_out_gitignored)
        }
    }
}

fn put(lists: &mut ByValue<String>, value: &str, id: AssetId) {
    match lists.get_mut(value) {
        Some(list) => list.push(id),
        None => drop(lists.insert(value.to_owned(), vec![id])),
    }
}
