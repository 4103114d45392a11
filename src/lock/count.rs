//! How many lines of a lock file are other than they were. Pure.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::answer::{ChangedLines, LineKind};
use crate::model::{Lock, LockBlock, LockLine, PartitionKey};

/// What changed from one content to another: by kind and name; nothing is told of what did not change.
pub fn changed_lines(old: &Lock, new: &Lock) -> Vec<ChangedLines> {
    let mut all = Vec::new();
    let mut assets: BTreeMap<&str, [Vec<(LineSubject<'_>, Content<'_>)>; 2]> = BTreeMap::new();
    for (side, lock) in [old, new].into_iter().enumerate() {
        for locked in &lock.assets {
            let of_asset = &mut assets.entry(locked.asset.as_str()).or_default()[side];
            of_asset.extend(locked.lines.iter().map(|line| {
                let place = LineSubject::Line(line.partition.as_ref());
                (place, Content::Line(line))
            }));
            of_asset.extend(locked.blocks.iter().map(|block| {
                let place = LineSubject::Block(&block.first, &block.last);
                (place, Content::Block(block))
            }));
        }
    }
    for (name, [old, new]) in assets {
        all.extend(counted(LineKind::Asset, name, old, new));
    }
    let mut sources: BTreeMap<&str, [Vec<_>; 2]> = BTreeMap::new();
    let mut keys: BTreeMap<&str, [Vec<_>; 2]> = BTreeMap::new();
    for (side, lock) in [old, new].into_iter().enumerate() {
        for line in &lock.sources {
            let of_source = &mut sources.entry(line.source.as_str()).or_default()[side];
            of_source.push((line.partition.as_ref(), line.version));
        }
        for line in &lock.added {
            let of_definition = &mut keys.entry(line.definition.as_str()).or_default()[side];
            of_definition.push((&line.key, ()));
        }
    }
    for (name, [old, new]) in sources {
        all.extend(counted(LineKind::Source, name, old, new));
    }
    for (name, [old, new]) in keys {
        all.extend(counted(LineKind::Key, name, old, new));
    }
    all
}

/// What a line of an asset is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum LineSubject<'a> {
    Line(Option<&'a PartitionKey>),
    Block(&'a PartitionKey, &'a PartitionKey),
}

/// What it says.
#[derive(PartialEq)]
enum Content<'a> {
    Line(&'a LockLine),
    Block(&'a LockBlock),
}

fn counted<K: Eq + Hash, V: PartialEq>(
    kind: LineKind,
    name: &str,
    old: Vec<(K, V)>,
    new: Vec<(K, V)>,
) -> Option<ChangedLines> {
    let mut before: HashMap<K, Vec<V>> = HashMap::new();
    for (place, content) in old {
        before.entry(place).or_default().push(content);
    }
    let mut after: HashMap<K, Vec<V>> = HashMap::new();
    for (place, content) in new {
        after.entry(place).or_default().push(content);
    }
    let mut counted = ChangedLines {
        kind,
        name: name.to_owned(),
        added: 0,
        changed: 0,
        removed: 0,
    };
    for (place, content) in &after {
        match before.remove(place) {
            None => counted.added += 1,
            Some(old) if old != *content => counted.changed += 1,
            Some(_) => {}
        }
    }
    counted.removed = before.len() as u32;
    (counted.added + counted.changed + counted.removed > 0).then_some(counted)
}
