//! Globs of selections.

use crate::model::AssetGraph;
use crate::select::asset_set::AssetSet;

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
        About, AssetGraph, AssetKey, Declaration, Gitignored, GraphParts, Location, Place,
        Required, SourceAsset,
    };

    fn graph(keys: &BTreeSet<String>) -> AssetGraph {
        let source = |key: &String| {
            Declaration::Source(Box::new(SourceAsset {
                key: AssetKey::of_path(key),
                location: Location::default(),
                about: About::default(),
                partitions: None,
                place: Place::Paths(Vec::new()),
                required: Required::Yes,
                gitignored: Gitignored::default(),
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
