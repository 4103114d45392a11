//! Lines of assets and partitions that are not declared any more.

use crate::app::project::Project;
use crate::model::{Lock, LockedAsset, Orphans, PartitionKey, PartitionKeys};

/// The lines of a lock file that stand for nothing, asset by asset.
///
/// Time windows that have not ended count as declared: a clock that is behind makes no orphans.
pub(super) fn orphans(project: &Project, lock: &Lock) -> Vec<Orphans> {
    let count = |locked: &LockedAsset| {
        let lines = match keys(project, locked) {
            None => locked.lines.len() + locked.blocks.len(),
            Some(keys) => {
                let lines = locked.lines.iter().map(|line| line.partition.as_ref());
                let blocks = locked.blocks.iter().map(|block| Some(&block.first));
                let all = lines.chain(blocks);
                all.filter(|key| !is_declared(keys, *key)).count()
            }
        };
        Orphans {
            asset: locked.asset.to_string(),
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
        }
    };
    let mut orphans: Vec<_> = lock.assets.iter().map(count).collect();
    orphans.retain(|orphans| orphans.lines > 0);
    orphans.sort_by(|a, b| a.asset.cmp(&b.asset));
    orphans
}

/// The keys of an asset that has lines.
fn keys<'p>(project: &'p Project, locked: &LockedAsset) -> Option<&'p PartitionKeys> {
    let graph = project.graph();
    let id = graph.find(locked.asset.as_str())?;
    graph.asset(id).filter(|asset| asset.is_locked())?;
    Some(project.keys().of(graph.get(id)))
}

fn is_declared(keys: &PartitionKeys, key: Option<&PartitionKey>) -> bool {
    match (key, keys.is_partitioned()) {
        (None, partitioned) => !partitioned,
        (Some(_), false) => false,
        (Some(key), true) => keys.has_or_will(key.as_str()),
    }
}
