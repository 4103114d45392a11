//! New lines in place of old ones: the one way in which a lock file's content changes. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::model::{
    AddedKey, AssetGraph, AssetKey, DefinitionId, KeysByDefinition, Lock, LockBlock, LockLine,
    LockedAsset, LockedManifest, LockedSource, Name, PartitionKey, PartitionKeys,
    PartitionsDefinition, RULE,
};

/// What changes in a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockChanges {
    /// Lines of asset partitions, each in place of all lines for its partition. Each asset once.
    pub lines: Vec<(AssetKey, Vec<LockLine>)>,
    /// Lines of asset partitions that go.
    pub dropped_lines: Vec<(AssetKey, Vec<Option<PartitionKey>>)>,
    /// Blocks that go.
    pub dropped_blocks: Vec<(AssetKey, Vec<LockBlock>)>,
    /// Sources, each in place of all lines for its partition.
    pub sources: Vec<LockedSource>,
    /// Partitions of sources whose lines go.
    pub dropped_sources: Vec<(AssetKey, Option<PartitionKey>)>,
    /// Keys that are added behind those that are there.
    pub added_keys: Vec<AddedKey>,
    /// Keys that go.
    pub dropped_keys: Vec<AddedKey>,
    /// Manifests that commands print, each in place of all lines for its file.
    pub manifests: Vec<LockedManifest>,
    /// Files of manifests whose lines go.
    pub dropped_manifests: Vec<String>,
}

impl LockChanges {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Whether anything changes that lines of assets are judged by.
    pub fn concern_lines(&self) -> bool {
        let keys_alone = Self {
            added_keys: self.added_keys.clone(),
            dropped_keys: self.dropped_keys.clone(),
            manifests: self.manifests.clone(),
            dropped_manifests: self.dropped_manifests.clone(),
            ..Self::default()
        };
        *self != keys_alone
    }

    /// What comes, if nothing goes but what it takes the place of.
    pub fn additions(&self) -> Option<Lock> {
        let goes = !self.dropped_lines.is_empty()
            || !self.dropped_blocks.is_empty()
            || !self.dropped_sources.is_empty()
            || !self.dropped_keys.is_empty()
            || !self.dropped_manifests.is_empty();
        // They stand in texts of another format, of which none is put together of its lines.
        if goes || !self.manifests.is_empty() {
            return None;
        }
        let of = |(asset, lines): &(AssetKey, Vec<LockLine>)| LockedAsset {
            asset: asset.clone(),
            lines: lines.clone(),
            blocks: Vec::new(),
        };
        Some(Lock {
            added: self.added_keys.clone(),
            sources: self.sources.clone(),
            assets: self.lines.iter().map(of).collect(),
            ..Lock::default()
        })
    }

    /// Drops lines of an asset, if there are any.
    pub fn drop_lines(&mut self, asset: &AssetKey, partitions: Vec<Option<PartitionKey>>) {
        if !partitions.is_empty() {
            self.dropped_lines.push((asset.clone(), partitions));
        }
    }

    /// Drops blocks of an asset, if there are any.
    pub fn drop_blocks(&mut self, asset: &AssetKey, blocks: Vec<LockBlock>) {
        if !blocks.is_empty() {
            self.dropped_blocks.push((asset.clone(), blocks));
        }
    }

    /// Takes other changes, which concern other lines.
    pub fn append(&mut self, mut others: Self) {
        self.lines.append(&mut others.lines);
        self.dropped_lines.append(&mut others.dropped_lines);
        self.dropped_blocks.append(&mut others.dropped_blocks);
        self.sources.append(&mut others.sources);
        self.dropped_sources.append(&mut others.dropped_sources);
        self.added_keys.append(&mut others.added_keys);
        self.dropped_keys.append(&mut others.dropped_keys);
        self.manifests.append(&mut others.manifests);
        self.dropped_manifests.append(&mut others.dropped_manifests);
    }
}

/// A lock file's content after some changes. What they do not name stays.
pub fn update(mut lock: Lock, changes: LockChanges) -> Lock {
    lock.rule = RULE;
    let mut places: HashMap<AssetKey, usize> = lock
        .assets
        .iter()
        .enumerate()
        .map(|(place, locked)| (locked.asset.clone(), place))
        .collect();
    for (asset, gone) in &changes.dropped_blocks {
        if let Some(place) = places.get(asset) {
            let gone: HashSet<&LockBlock> = gone.iter().collect();
            let blocks = &mut lock.assets[*place].blocks;
            blocks.retain(|block| !gone.contains(block));
        }
    }
    for (asset, gone) in &changes.dropped_lines {
        if let Some(place) = places.get(asset) {
            let gone: HashSet<&Option<PartitionKey>> = gone.iter().collect();
            let lines = &mut lock.assets[*place].lines;
            lines.retain(|line| !gone.contains(&line.partition));
        }
    }
    update_sources(&mut lock.sources, &changes);
    update_keys(&mut lock.added, &changes);
    let new = changes.manifests.iter().map(|manifest| &manifest.path);
    let gone: HashSet<&String> = new.chain(&changes.dropped_manifests).collect();
    lock.manifests.retain(|old| !gone.contains(&old.path));
    lock.manifests.extend(changes.manifests.iter().cloned());
    for (asset, new) in changes.lines {
        let place = *places.entry(asset.clone()).or_insert_with(|| {
            lock.assets.push(LockedAsset {
                asset: asset.clone(),
                lines: Vec::new(),
                blocks: Vec::new(),
            });
            lock.assets.len() - 1
        });
        let replaced: HashSet<&Option<PartitionKey>> =
            new.iter().map(|line| &line.partition).collect();
        let lines = &mut lock.assets[place].lines;
        lines.retain(|line| !replaced.contains(&line.partition));
        lines.extend(new);
    }
    lock.assets
        .retain(|locked| !locked.lines.is_empty() || !locked.blocks.is_empty());
    lock
}

fn update_sources(sources: &mut Vec<LockedSource>, changes: &LockChanges) {
    let new = changes
        .sources
        .iter()
        .map(|new| (&new.source, &new.partition));
    let gone = changes
        .dropped_sources
        .iter()
        .map(|(source, partition)| (source, partition));
    let replaced: HashSet<(&AssetKey, &Option<PartitionKey>)> = new.chain(gone).collect();
    sources.retain(|old| !replaced.contains(&(&old.source, &old.partition)));
    sources.extend(changes.sources.iter().cloned());
}

fn update_keys(added: &mut Vec<AddedKey>, changes: &LockChanges) {
    let dropped: HashSet<&AddedKey> = changes.dropped_keys.iter().collect();
    added.retain(|key| !dropped.contains(key));
    if changes.added_keys.is_empty() {
        return;
    }
    let mut known: HashSet<AddedKey> = added.iter().cloned().collect();
    let new = changes.added_keys.iter();
    added.extend(new.filter(|key| known.insert((*key).clone())).cloned());
}

/// Keys that the lock file lacks, in order of addition.
pub fn key_changes(graph: &AssetGraph, keys: &KeysByDefinition, lock: &Lock) -> LockChanges {
    let mut changes = LockChanges::default();
    let definitions = locked_definitions(graph);
    if definitions.is_empty() {
        return changes;
    }
    let known: HashSet<(&str, &str)> = lock
        .added
        .iter()
        .map(|added| (added.definition.as_str(), added.key.as_str()))
        .collect();
    for (id, name) in definitions {
        let PartitionKeys::Named(named) = keys.get(Some(id)) else {
            continue;
        };
        let in_order = (0..named.len()).map(|place| named.key(named.shown(place)));
        let new = in_order.filter(|key| !known.contains(&(name.as_str(), key.as_str())));
        changes.added_keys.extend(new.map(|key| AddedKey {
            definition: name.clone(),
            key: key.clone(),
        }));
    }
    changes
}

/// The keys of a definition that a lock file holds, in its order.
pub fn keys_of(lock: &Lock, definition: &Name) -> Vec<PartitionKey> {
    let added = lock.added.iter();
    let of_this = added.filter(|added| added.definition == *definition);
    of_this.map(|added| added.key.clone()).collect()
}

/// Whether the keys of a definition stand in the lock file: an asset with lines, or a source that one reads, has them, as
/// its own or as a dimension.
pub fn is_locked(graph: &AssetGraph, definition: &Name) -> bool {
    let mut definitions = locked_definitions(graph).into_iter();
    definitions.any(|(_, name)| name == definition)
}

/// The dynamic definitions whose keys stand in the lock file.
fn locked_definitions(graph: &AssetGraph) -> BTreeSet<(DefinitionId, &Name)> {
    let declared = |id: DefinitionId| &graph.definitions()[id.0 as usize];
    let is_dynamic = |id: &DefinitionId| declared(*id).definition == PartitionsDefinition::Dynamic;
    let all = (0..graph.definitions().len() as u32).map(DefinitionId);
    if !all.into_iter().any(|id| is_dynamic(&id)) {
        return BTreeSet::new();
    }
    let locked = graph.ids().filter_map(|id| graph.asset(id));
    let locked = locked.filter(|asset| asset.locked);
    let used = locked.flat_map(|asset| {
        let sources = asset.deps.iter().filter_map(|dep| graph.source(dep.asset));
        let of_sources = sources.filter_map(|source| source.partitions);
        asset.partitions.into_iter().chain(of_sources)
    });
    used.flat_map(|id| {
        let dimensions = declared(id).definition.dimensions().iter();
        let parts = dimensions.map(|dimension| dimension.definition);
        parts.chain([id])
    })
    .filter(is_dynamic)
    .filter_map(|id| Some((id, declared(id).name.as_ref()?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{LockChanges, update};
    use crate::digest::Kind;
    use crate::model::{
        AddedKey, CodePrefix, DataVersion, Fingerprint, Lock, LockLine, LockedOutput, LockedSource,
        RULE,
    };
    use crate::testkit::{self, asset, key};

    fn line(partition: &str, made_of: &str) -> LockLine {
        let digest = Kind::Value.digest(made_of.as_bytes());
        LockLine {
            partition: Some(key(partition)),
            code: CodePrefix(1),
            fingerprint: Fingerprint(digest),
            outputs: Box::new([LockedOutput {
                label: None,
                version: Some(DataVersion(digest)),
            }]),
            contributions: Box::new([]),
            stand_in: None,
        }
    }

    fn added(text: &str) -> AddedKey {
        AddedKey {
            definition: testkit::name("model"),
            key: key(text),
        }
    }

    fn of(asset_key: &str, lines: Vec<LockLine>) -> LockChanges {
        LockChanges {
            lines: vec![(asset(asset_key), lines)],
            ..LockChanges::default()
        }
    }

    #[test]
    fn a_line_takes_the_place_of_all_for_its_partition_and_others_stay() {
        let old = update(
            Lock::default(),
            of("clean", vec![line("d1", "old"), line("d2", "kept")]),
        );
        let mut merged = old.clone();
        merged.assets[0].lines.push(line("d1", "theirs"));
        let new = update(merged, of("clean", vec![line("d1", "new")]));
        assert_eq!(new.rule, RULE);
        let lines = &new.assets[0].lines;
        assert_eq!(lines.as_slice(), [line("d2", "kept"), line("d1", "new")]);
        let changes = LockChanges {
            dropped_lines: vec![(asset("clean"), vec![Some(key("d1")), Some(key("d2"))])],
            ..LockChanges::default()
        };
        assert_eq!(update(new, changes).assets, vec![]);
    }

    #[test]
    fn keys_keep_their_order_and_come_once() {
        let changes = LockChanges {
            added_keys: vec![added("b"), added("a"), added("b")],
            ..LockChanges::default()
        };
        let lock = update(Lock::default(), changes);
        assert_eq!(lock.added, [added("b"), added("a")]);
        let changes = LockChanges {
            added_keys: vec![added("c"), added("a")],
            dropped_keys: vec![added("b")],
            ..LockChanges::default()
        };
        assert_eq!(update(lock, changes).added, [added("a"), added("c")]);
    }

    #[test]
    fn sources_are_replaced_and_dropped_by_partition() {
        let source = |partition: &str, made_of: &str| LockedSource {
            source: asset("raw"),
            partition: Some(key(partition)),
            version: DataVersion(Kind::Value.digest(made_of.as_bytes())),
        };
        let changes = LockChanges {
            sources: vec![source("a", "1"), source("b", "1")],
            ..LockChanges::default()
        };
        let lock = update(Lock::default(), changes);
        let changes = LockChanges {
            sources: vec![source("a", "2")],
            dropped_sources: vec![(asset("raw"), Some(key("b")))],
            ..LockChanges::default()
        };
        assert_eq!(update(lock, changes).sources, [source("a", "2")]);
    }
}
