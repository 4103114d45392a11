//! Lines of assets and partitions that are not declared any more, and of windows that have not ended.

use crate::app::project::Project;
use crate::model::{Ahead, Lock, LockedAsset, Orphans, PartitionKey, PartitionKeys};

/// The lines of a lock file that stand for nothing, and those that stand for windows that have not ended, asset by asset.
///
/// Such windows count as declared: a clock that is behind makes no orphans.
pub(super) fn strangers(project: &Project, lock: &Lock) -> (Vec<Orphans>, Vec<Ahead>) {
    let (mut orphans, mut ahead) = (Vec::new(), Vec::new());
    for locked in &lock.assets {
        let mut found = Found::default();
        match keys(project, locked) {
            None => found.orphans = locked.lines.len() + locked.blocks.len(),
            Some(keys) => found.count(keys, locked),
        }
        let limited = |lines: usize| u32::try_from(lines).unwrap_or(u32::MAX);
        if found.orphans > 0 {
            orphans.push(Orphans {
                asset: locked.asset.to_string(),
                lines: limited(found.orphans),
            });
        }
        if let Some(window) = found.window {
            ahead.push(Ahead {
                asset: locked.asset.clone(),
                window: window.clone(),
                lines: limited(found.ahead),
            });
        }
    }
    orphans.sort_by(|a, b| a.asset.cmp(&b.asset));
    (orphans, ahead)
}

/// What was found of one asset.
#[derive(Default)]
struct Found<'l> {
    orphans: usize,
    ahead: usize,
    /// The least of those ahead, as its text is compared.
    window: Option<&'l PartitionKey>,
}

impl<'l> Found<'l> {
    fn count(&mut self, keys: &PartitionKeys, locked: &'l LockedAsset) {
        let lines = locked.lines.iter().map(|line| line.partition.as_ref());
        let firsts = locked.blocks.iter().map(|block| Some(&block.first));
        for key in lines.chain(firsts) {
            match key {
                None if keys.is_partitioned() => self.orphans += 1,
                None => {}
                Some(_) if !keys.is_partitioned() => self.orphans += 1,
                Some(key) if keys.index_of(key.as_str()).is_some() => {}
                Some(key) if keys.has_or_will(key.as_str()) => {
                    self.ahead += 1;
                    self.window = self.window.map_or(Some(key), |known| Some(known.min(key)));
                }
                Some(_) => self.orphans += 1,
            }
        }
    }
}

/// The keys of an asset that has lines.
fn keys<'p>(project: &'p Project, locked: &LockedAsset) -> Option<&'p PartitionKeys> {
    let graph = project.graph();
    let id = graph.find(locked.asset.as_str())?;
    graph.asset(id).filter(|asset| asset.is_locked())?;
    Some(project.keys().of(graph.get(id)))
}
