//! Whether changes stand apart from all blocks, so that they can be written without judging the whole project.
//!
//! They do if none of their partitions stands in a block, reads from one, or is read by one, and if there are no lines to
//! be folded. That is what a run of a new day finds, and it should not cost more where there are very many days.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::lock::{FoldLimits, LockChanges, holds_foldable};
use crate::model::{
    Asset, AssetGraph, AssetId, AssetKey, Dep, KeysByDefinition, LockedAsset, PartitionKey,
    PartitionKeys, PartitionSet,
};

/// Which partitions of an asset stand in lines and blocks of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline<'t> {
    /// The asset.
    pub asset: AssetKey,
    /// The keys of the partitions with a line, in the order of the lines; empty without partitions.
    pub keys: Vec<Cow<'t, str>>,
    /// The first and the last key of each block.
    pub blocks: Vec<(Cow<'t, str>, Cow<'t, str>)>,
}

impl<'t> Outline<'t> {
    /// The outline of an asset's lines.
    pub fn of(locked: &'t LockedAsset) -> Self {
        let text = |key: &'t PartitionKey| Cow::Borrowed(key.as_str());
        let key = |key: Option<&'t PartitionKey>| key.map_or(Cow::Borrowed(""), text);
        let keys = locked.lines.iter().map(|line| key(line.partition.as_ref()));
        let blocks = locked.blocks.iter();
        Self {
            asset: locked.asset.clone(),
            keys: keys.collect(),
            blocks: blocks.map(|it| (text(&it.first), text(&it.last))).collect(),
        }
    }
}

/// Whether nothing but the lines that change would come out otherwise if the whole lock file were judged and folded.
pub fn stand_apart(
    (graph, keys): (&AssetGraph, &KeysByDefinition),
    outlines: &[Outline<'_>],
    changes: &LockChanges,
) -> bool {
    let adds_only = changes.dropped_lines.is_empty()
        && changes.dropped_blocks.is_empty()
        && changes.dropped_sources.is_empty();
    if !adds_only {
        return false;
    }
    let places = Places::new(graph, keys, outlines);
    let lines = changes.lines.iter().map(|(asset, lines)| {
        let partitions = lines.iter().map(|line| line.partition.as_ref());
        (asset, partitions.collect::<Vec<_>>())
    });
    let mut sources: HashMap<&AssetKey, Vec<Option<&PartitionKey>>> = HashMap::new();
    for line in &changes.sources {
        let partitions = sources.entry(&line.source).or_default();
        partitions.push(line.partition.as_ref());
    }
    let mut touched = lines.chain(sources);
    touched.all(|(asset, partitions)| places.are_apart(asset, &partitions))
        && !places.can_fold(outlines, changes)
}

/// Where the blocks are.
struct Places<'p> {
    graph: &'p AssetGraph,
    keys: &'p KeysByDefinition,
    /// Of each asset with blocks, the partitions that stand in them.
    folded: HashMap<AssetId, PartitionSet>,
}

impl<'p> Places<'p> {
    fn new(
        graph: &'p AssetGraph,
        all_keys: &'p KeysByDefinition,
        outlines: &[Outline<'_>],
    ) -> Self {
        let mut folded = HashMap::new();
        let with_blocks = outlines.iter().filter(|it| !it.blocks.is_empty());
        for outline in with_blocks {
            let Some(id) = graph.find(outline.asset.as_str()) else {
                continue;
            };
            let keys = all_keys.get(graph.partitions(id));
            let blocks = outline.blocks.iter();
            let ranges = blocks.filter_map(|(first, last)| keys.range_from(first, last));
            folded.insert(id, PartitionSet::from_ranges(ranges));
        }
        Self {
            graph,
            keys: all_keys,
            folded,
        }
    }

    fn keys(&self, id: AssetId) -> &'p PartitionKeys {
        self.keys.get(self.graph.partitions(id))
    }

    fn is_folded(&self, id: AssetId, set: &PartitionSet) -> bool {
        let folded = self.folded.get(&id);
        folded.is_some_and(|folded| set.ranges().any(|range| folded.meets(&range)))
    }

    /// Whether partitions neither stand in a block nor are on an edge from or to one.
    fn are_apart(&self, asset: &AssetKey, partitions: &[Option<&PartitionKey>]) -> bool {
        let graph = self.graph;
        let Some(id) = graph.find(asset.as_str()) else {
            return false;
        };
        let keys = self.keys(id);
        let indexes = partitions.iter().map(|key| keys.index_of_partition(*key));
        let Some(mut indexes) = indexes.collect::<Option<Vec<u32>>>() else {
            return false;
        };
        indexes.sort_unstable();
        let set: PartitionSet = indexes.into_iter().collect();
        let is_read_of = |dep: &Dep| {
            let upstream = self.keys(dep.asset);
            let read = || dep.mapping.upstream_of_set(keys, upstream, &set);
            self.folded.contains_key(&dep.asset) && self.is_folded(dep.asset, &read())
        };
        let is_read_by = |reader: &Asset, by: AssetId| {
            let mut deps = reader.deps.iter().filter(|dep| dep.asset == id);
            let downstream = self.keys(by);
            deps.any(|dep| {
                let read = dep.mapping.downstream_of_set(downstream, keys, &set);
                self.is_folded(by, &read)
            })
        };
        let mut readers = graph.downstream(id).iter();
        !self.is_folded(id, &set)
            && !graph.deps(id).iter().any(is_read_of)
            && !readers.any(|by| {
                let reader = graph.asset(*by).filter(|_| self.folded.contains_key(by));
                reader.is_some_and(|reader| is_read_by(reader, *by))
            })
    }

    /// Whether there are lines that are to become a block.
    fn can_fold(&self, outlines: &[Outline<'_>], changes: &LockChanges) -> bool {
        let limits = FoldLimits::default();
        let graph = self.graph;
        let mut lines: HashMap<&AssetKey, Vec<&str>> = HashMap::new();
        for outline in outlines {
            let known = lines.entry(&outline.asset).or_default();
            known.extend(outline.keys.iter().map(AsRef::as_ref));
        }
        for (asset, new) in &changes.lines {
            let partitions = new.iter().filter_map(|line| line.partition.as_ref());
            let known = lines.entry(asset).or_default();
            known.extend(partitions.map(PartitionKey::as_str));
        }
        lines.into_iter().any(|(asset, lines)| {
            let Some(id) = graph.find(asset.as_str()) else {
                return false;
            };
            let keys = self.keys(id);
            if !limits.fold(keys) {
                return false;
            }
            let none = PartitionSet::empty();
            let folded = self.folded.get(&id).unwrap_or(&none);
            let old = PartitionSet::from_range(0..keys.len().saturating_sub(limits.newest));
            let indexes = indexes_among(keys, &old.difference(folded), &lines);
            holds_foldable(keys, &indexes, folded, limits)
        })
    }
}

/// The indexes of those of the keys that are in a set, in order.
fn indexes_among(keys: &PartitionKeys, among: &PartitionSet, lines: &[&str]) -> Vec<u32> {
    let mut indexes: Vec<u32> = if among.len() as usize > lines.len() {
        let known = lines.iter().filter_map(|key| keys.index_of(key));
        known.filter(|index| among.contains(*index)).collect()
    } else {
        // Most keys are among the newest: that they are not in a small set is seen by their text.
        let texts = among
            .ranges()
            .flat_map(|range| keys.texts(range.clone()).zip(range));
        let indexes: HashMap<Cow<'_, str>, u32> = texts.collect();
        let known = lines.iter().filter_map(|key| indexes.get(*key));
        known.copied().collect()
    };
    indexes.sort_unstable();
    indexes.dedup();
    indexes
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::ops::Range;

    use super::stand_apart;
    use crate::app::OpenProject;
    use crate::app::Surroundings;
    use crate::digest::Digest;
    use crate::lock::{LockChanges, Outline};
    use crate::model::{
        CodePrefix, Configuration, DataVersion, Fingerprint, LockLine, LockedSource, PartitionKeys,
    };
    use crate::testkit::asset;

    /// 13,150 days, of which the first 9,000 stand in one block.
    const MANIFEST: &str = r#"
[project]

[partitions.day]
type = "daily"
start = "1990-01-01"

[source.raw]
path = "raw/{{partition}}"
partitions = "day"

[asset.clean]
partitions = "day"
deps = "raw"
outputs = "clean/{{partition}}"
command = "cp {{input}} {{output}}"

[asset.week]
partitions = "day"
deps = { asset = "clean", mapping = "time_window", start_offset = -6 }
outputs = "week/{{partition}}"
command = "cat {{input_list.clean}} > {{output}}"

[asset.total]
deps = "clean"
outputs = "total"
command = "cat {{input_list.clean}} > {{output}}"
"#;

    const FOLDED: u32 = 9_000;
    const NEWEST: u32 = 2_000;

    fn project(folder: &tempfile::TempDir) -> OpenProject {
        fs::write(folder.path().join("Assets.toml"), MANIFEST).expect("written");
        let surroundings = Surroundings {
            resources: crate::look::GivenResources::default(),
            directory: folder.path().to_owned(),
            dotenv: None,
            home: None,
            default_home: None,
            now: "2026-01-02T00:00:00Z".parse().expect("a time"),
            environment: Vec::new(),
            configuration: Configuration::default(),
        };
        OpenProject::open(&surroundings).expect("a project")
    }

    fn outline<'k>(
        keys: &'k PartitionKeys,
        name: &str,
        lines: Range<u32>,
        block: Option<Range<u32>>,
    ) -> Outline<'k> {
        let key = |index: u32| keys.texts(index..index + 1).next().expect("a key");
        let block = block.map(|block| (key(block.start), key(block.end - 1)));
        Outline {
            asset: asset(name),
            keys: keys.texts(lines).collect(),
            blocks: block.into_iter().collect(),
        }
    }

    fn line(keys: &PartitionKeys, index: Option<u32>) -> LockLine {
        let none = Digest::from_bytes([0; 16]);
        LockLine {
            partition: index.and_then(|index| keys.key(index)),
            code: CodePrefix(0),
            fingerprint: Fingerprint(none),
            outputs: Box::new([]),
            contributions: Box::new([]),
            stand_in: None,
        }
    }

    #[test]
    fn what_has_to_do_with_a_block_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let project = project(&folder);
        let graph = project.graph();
        let clean = graph.find("clean").expect("declared");
        let keys = project.keys().get(graph.partitions(clean));
        let newest = keys.len() - NEWEST;
        let block = || outline(keys, "clean", newest..keys.len() - 1, Some(0..FOLDED));
        let of_week = || outline(keys, "week", newest..keys.len() - 1, None);
        let few = || vec![block(), of_week()];
        let last = keys.len() - 1;
        let lines = |name: &str, indexes: &[Option<u32>]| LockChanges {
            lines: vec![(
                asset(name),
                indexes.iter().map(|index| line(keys, *index)).collect(),
            )],
            ..LockChanges::default()
        };
        let source = |index: u32| LockChanges {
            sources: vec![LockedSource {
                source: asset("raw"),
                partition: keys.key(index),
                version: DataVersion(Digest::from_bytes([0; 16])),
            }],
            ..LockChanges::default()
        };
        let dropped = LockChanges {
            dropped_lines: vec![(asset("week"), vec![keys.key(last)])],
            ..LockChanges::default()
        };
        // A stretch of lines that is long enough to hold a whole block, and is not of the newest keys.
        let foldable = || {
            vec![
                outline(keys, "clean", FOLDED..last, Some(0..FOLDED)),
                of_week(),
            ]
        };
        let too_few = || {
            vec![
                outline(keys, "clean", newest - 1..last, Some(0..FOLDED)),
                of_week(),
            ]
        };
        let unfolded = || vec![outline(keys, "week", 0..last, None)];
        for (what, outlines, changes, apart) in [
            ("the newest day", few(), lines("clean", &[Some(last)]), true),
            (
                "behind the block",
                few(),
                lines("clean", &[Some(FOLDED)]),
                true,
            ),
            (
                "in the block",
                few(),
                lines("clean", &[Some(last), Some(8_999)]),
                false,
            ),
            (
                "a window behind",
                few(),
                lines("week", &[Some(FOLDED + 6)]),
                true,
            ),
            (
                "a window into it",
                few(),
                lines("week", &[Some(FOLDED + 5)]),
                false,
            ),
            ("a reader of all", few(), lines("total", &[None]), false),
            ("read by it", few(), source(8_999), false),
            ("read behind it", few(), source(FOLDED), true),
            ("something goes", few(), dropped, false),
            ("nothing declared", few(), lines("gone", &[None]), false),
            (
                "lines to be folded",
                foldable(),
                lines("clean", &[Some(last)]),
                false,
            ),
            (
                "too few of them",
                too_few(),
                lines("clean", &[Some(last)]),
                true,
            ),
            (
                "none folded yet",
                unfolded(),
                lines("week", &[Some(last)]),
                false,
            ),
            ("of another asset", unfolded(), source(last), false),
        ] {
            assert_eq!(
                stand_apart((graph, project.keys()), &outlines, &changes),
                apart,
                "{what}"
            );
        }
    }
}
