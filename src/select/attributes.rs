//! What attributes stand for: read from the lists of who carries what, without a look at each declaration.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::model::{AssetGraph, AssetId, ByValue, PartitionsDefinition};
use crate::select::ast::{Attribute, GivenWord, IsValue, PartitionsValue, StatusValue};
use crate::select::evaluate::{AssetSet, members};

/// What cannot be told from declarations: looked up beforehand, for the attributes that a selection names.
#[derive(Clone, Debug, Default)]
pub struct Lookups {
    /// The assets of each status.
    pub status: BTreeMap<StatusValue, AssetSet>,
    /// The assets that changed since each revision.
    pub changed: BTreeMap<String, AssetSet>,
}

/// What attributes are read from.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub graph: &'a AssetGraph,
    pub lookups: &'a Lookups,
    /// The assets that can be made.
    pub buildable: AssetSet,
}

impl<'a> Known<'a> {
    pub(super) fn new(graph: &'a AssetGraph, lookups: &'a Lookups) -> Self {
        let mut buildable = AssetSet::empty(graph.len());
        buildable.extend(graph.labels().materializable.iter().copied());
        Self {
            graph,
            lookups,
            buildable,
        }
    }

    /// The assets and sources that an attribute stands for.
    pub(super) fn having(&self, attribute: &Attribute) -> AssetSet {
        let labels = self.graph.labels();
        match attribute {
            Attribute::Key(glob) => Glob::new(&glob.text).assets(self.graph),
            Attribute::Tag(None) => {
                self.buildable_without(labels.tags.values().flat_map(BTreeMap::values))
            }
            Attribute::Tag(Some((name, value))) => match labels.tags.get(&name.text) {
                None => self.nothing(),
                Some(values) => self.tagged(values, value.as_ref()),
            },
            Attribute::Group(None) => self.buildable_without(labels.groups.values()),
            Attribute::Group(Some(glob)) => {
                let glob = Glob::new(&glob.text);
                let from = (Bound::Included(glob.head()), Bound::Unbounded);
                let groups = labels.groups.range::<str, _>(from);
                let groups = groups.take_while(|(group, _)| group.starts_with(glob.head()));
                let groups = groups.filter(|(group, _)| glob.matches(group));
                self.buildable_with(groups.map(|(_, assets)| assets))
            }
            Attribute::Kind(None) => self.buildable_without(labels.kinds.values()),
            Attribute::Kind(Some(kind)) => self.buildable_with(labels.kinds.get(&kind.text)),
            Attribute::Owner(None) => self.without(&self.with(labels.owners.values())),
            Attribute::Owner(Some(owner)) => self.with(labels.owners.get(&owner.text)),
            Attribute::Is(IsValue::Materializable) => self.buildable.clone(),
            Attribute::Is(IsValue::External) => self.without(&self.buildable),
            Attribute::Partitions(PartitionsValue::None) => {
                self.without(&self.with(labels.definitions.values()))
            }
            Attribute::Partitions(value) => {
                let definitions = labels.definitions.iter();
                let meant = definitions.filter(|(id, _)| {
                    let declared = &self.graph.definitions()[id.0 as usize];
                    kind_of(&declared.definition) == *value
                });
                self.with(meant.map(|(_, assets)| assets))
            }
            Attribute::Job(job) => match self.graph.job(&job.text) {
                Some(job) => members(self, job),
                None => self.nothing(),
            },
            Attribute::Status(status) => self.looked_up(self.lookups.status.get(status)),
            Attribute::Changed(revision) => {
                self.looked_up(self.lookups.changed.get(&revision.text))
            }
        }
    }

    /// Those with a value of a tag, of which all values are given.
    fn tagged(&self, values: &ByValue<String>, value: Option<&GivenWord>) -> AssetSet {
        match value.map_or("", |value| value.text.as_str()) {
            "*" => self.buildable_with(values.values()),
            value => self.buildable_with(values.get(value)),
        }
    }

    fn nothing(&self) -> AssetSet {
        AssetSet::empty(self.graph.len())
    }

    fn with<'l>(&self, lists: impl IntoIterator<Item = &'l Vec<AssetId>>) -> AssetSet {
        let mut set = self.nothing();
        set.extend(lists.into_iter().flatten().copied());
        set
    }

    fn without(&self, others: &AssetSet) -> AssetSet {
        let mut set = AssetSet::all(self.graph.len());
        set.difference_with(others);
        set
    }

    fn buildable_with<'l>(&self, lists: impl IntoIterator<Item = &'l Vec<AssetId>>) -> AssetSet {
        let mut set = self.with(lists);
        set.intersect_with(&self.buildable);
        set
    }

    fn buildable_without<'l>(&self, lists: impl IntoIterator<Item = &'l Vec<AssetId>>) -> AssetSet {
        let mut set = self.buildable.clone();
        set.difference_with(&self.with(lists));
        set
    }

    fn looked_up(&self, found: Option<&AssetSet>) -> AssetSet {
        found.cloned().unwrap_or_else(|| self.nothing())
    }
}

fn kind_of(definition: &PartitionsDefinition) -> PartitionsValue {
    match definition {
        PartitionsDefinition::Static(_) => PartitionsValue::Static,
        PartitionsDefinition::Time { .. } => PartitionsValue::Time,
        PartitionsDefinition::Multi(_) => PartitionsValue::Multi,
        PartitionsDefinition::Dynamic | PartitionsDefinition::Files(_) => PartitionsValue::Dynamic,
    }
}

/// A glob: `*` for any characters, all others for themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glob<'a> {
    /// What a text begins with.
    head: &'a str,
    /// What follows after the first `*`; `None` where there is none.
    rest: Option<&'a str>,
}

impl<'a> Glob<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        match text.split_once('*') {
            Some((head, rest)) => Self {
                head,
                rest: Some(rest),
            },
            None => Self {
                head: text,
                rest: None,
            },
        }
    }

    /// What every text begins with that the glob stands for.
    pub(super) fn head(self) -> &'a str {
        self.head
    }

    /// Whether it stands for a text.
    pub(super) fn matches(self, text: &str) -> bool {
        let Some(mut left) = text.strip_prefix(self.head) else {
            return false;
        };
        let Some(rest) = self.rest else {
            return left.is_empty();
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*') {
            match left.find(part) {
                None => return false,
                Some(at) => left = &left[at + part.len()..],
            }
        }
        left.ends_with(last)
    }

    /// The assets and sources whose keys it stands for.
    pub(super) fn assets(self, graph: &AssetGraph) -> AssetSet {
        let keys = graph.asset_keys();
        let among = keys.starting_with(self.head);
        let mut set = AssetSet::empty(graph.len());
        let parts = self.rest.unwrap_or_default().split('*');
        // The longest part leaves the fewest keys.
        match parts.max_by_key(|part| part.len()) {
            Some(part) if !part.is_empty() => {
                let places = keys.containing(part, among);
                let matching = places.filter(|place| self.matches(keys.get(*place)));
                set.extend(matching.map(|place| keys.ids()[place]));
            }
            _ => {
                let matching = among.filter(|place| self.matches(keys.get(*place)));
                set.extend(matching.map(|place| keys.ids()[place]));
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{prop_assert_eq, proptest};

    use super::Glob;
    use crate::model::{
        About, AssetGraph, AssetKey, Declaration, GraphParts, Location, Place, SourceAsset,
    };

    fn graph(keys: &BTreeSet<String>) -> AssetGraph {
        let source = |key: &String| {
            Declaration::Source(Box::new(SourceAsset {
                key: AssetKey::of_path(key),
                location: Location::default(),
                about: About::default(),
                partitions: None,
                place: Place::Paths(Vec::new()),
                optional: false,
                leaves_out_gitignored: false,
            }))
        };
        AssetGraph::new(GraphParts {
            // Not in the order of keys.
            declarations: keys.iter().rev().map(source).collect(),
            ..GraphParts::default()
        })
        .expect("sources have no cycle")
    }

    fn stands_for(glob: &[u8], text: &[u8]) -> bool {
        match (glob.split_first(), text.split_first()) {
            (None, _) => text.is_empty(),
            (Some((b'*', rest)), None) => stands_for(rest, text),
            (Some((b'*', rest)), Some((_, left))) => {
                stands_for(rest, text) || stands_for(glob, left)
            }
            (Some((one, rest)), Some((other, left))) => one == other && stands_for(rest, left),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn keys_are_those_that_match_one_by_one(
            keys in proptest::collection::btree_set("[ab]{1,5}", 0..20),
            glob in "[ab*]{0,6}",
        ) {
            let graph = graph(&keys);
            let found: BTreeSet<_> = Glob::new(&glob)
                .assets(&graph)
                .iter()
                .map(|id| graph.key(id).to_string())
                .collect();
            let expected = keys.into_iter().filter(|key| stands_for(glob.as_bytes(), key.as_bytes()));
            prop_assert_eq!(found, expected.collect::<BTreeSet<_>>(), "{}", glob);
        }
    }
}
