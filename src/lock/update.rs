//! New lines in place of old ones: the one way in which a lock file's content changes. Pure.

use std::collections::{HashMap, HashSet};

use crate::model::{
    AddedKey, AssetKey, Lock, LockBlock, LockLine, LockedAsset, LockedSource, PartitionKey, RULE,
};

/// What changes in a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
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
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Whether anything changes that lines of assets are judged by.
    pub fn concern_lines(&self) -> bool {
        let keys_alone = Self {
            added_keys: self.added_keys.clone(),
            dropped_keys: self.dropped_keys.clone(),
            ..Self::default()
        };
        *self != keys_alone
    }

    /// What comes, if nothing goes but what it takes the place of.
    pub fn additions(&self) -> Option<Lock> {
        let goes = !self.dropped_lines.is_empty()
            || !self.dropped_blocks.is_empty()
            || !self.dropped_sources.is_empty()
            || !self.dropped_keys.is_empty();
        if goes {
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

    /// Lets lines of an asset go; none is no change.
    pub fn drop_lines(&mut self, asset: &AssetKey, partitions: Vec<Option<PartitionKey>>) {
        if !partitions.is_empty() {
            self.dropped_lines.push((asset.clone(), partitions));
        }
    }

    /// Lets blocks of an asset go; none is no change.
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
    }
}

/// A lock file's content after some changes. What they do not name stays.
pub fn update(mut lock: Lock, changes: &Changes) -> Lock {
    lock.rule = RULE;
    let mut places: HashMap<AssetKey, usize> = lock
        .assets
        .iter()
        .enumerate()
        .map(|(place, locked)| (locked.asset.clone(), place))
        .collect();
    for (asset, gone) in &changes.dropped_blocks {
        if let Some(place) = places.get(asset) {
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
    for (asset, new) in &changes.lines {
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
        lines.extend(new.iter().cloned());
    }
    lock.assets
        .retain(|locked| !locked.lines.is_empty() || !locked.blocks.is_empty());
    update_sources(&mut lock.sources, changes);
    update_keys(&mut lock.added, changes);
    lock
}

fn update_sources(sources: &mut Vec<LockedSource>, changes: &Changes) {
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

fn update_keys(added: &mut Vec<AddedKey>, changes: &Changes) {
    added.retain(|key| !changes.dropped_keys.contains(key));
    for key in &changes.added_keys {
        if !added.contains(key) {
            added.push(key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Changes, update};
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

    fn of(asset_key: &str, lines: Vec<LockLine>) -> Changes {
        Changes {
            lines: vec![(asset(asset_key), lines)],
            ..Changes::default()
        }
    }

    #[test]
    fn a_line_takes_the_place_of_all_for_its_partition_and_others_stay() {
        let old = update(
            Lock::default(),
            &of("clean", vec![line("d1", "old"), line("d2", "kept")]),
        );
        let mut merged = old.clone();
        merged.assets[0].lines.push(line("d1", "theirs"));
        let new = update(merged, &of("clean", vec![line("d1", "new")]));
        assert_eq!(new.rule, RULE);
        let lines = &new.assets[0].lines;
        assert_eq!(lines.as_slice(), [line("d2", "kept"), line("d1", "new")]);
        let changes = Changes {
            dropped_lines: vec![(asset("clean"), vec![Some(key("d1")), Some(key("d2"))])],
            ..Changes::default()
        };
        assert_eq!(update(new, &changes).assets, vec![]);
    }

    #[test]
    fn keys_keep_their_order_and_come_once() {
        let changes = Changes {
            added_keys: vec![added("b"), added("a"), added("b")],
            ..Changes::default()
        };
        let lock = update(Lock::default(), &changes);
        assert_eq!(lock.added, [added("b"), added("a")]);
        let changes = Changes {
            added_keys: vec![added("c"), added("a")],
            dropped_keys: vec![added("b")],
            ..Changes::default()
        };
        assert_eq!(update(lock, &changes).added, [added("a"), added("c")]);
    }

    #[test]
    fn sources_are_replaced_and_dropped_by_partition() {
        let source = |partition: &str, made_of: &str| LockedSource {
            source: asset("raw"),
            partition: Some(key(partition)),
            version: DataVersion(Kind::Value.digest(made_of.as_bytes())),
        };
        let changes = Changes {
            sources: vec![source("a", "1"), source("b", "1")],
            ..Changes::default()
        };
        let lock = update(Lock::default(), &changes);
        let changes = Changes {
            sources: vec![source("a", "2")],
            dropped_sources: vec![(asset("raw"), Some(key("b")))],
            ..Changes::default()
        };
        assert_eq!(update(lock, &changes).sources, [source("a", "2")]);
    }
}
