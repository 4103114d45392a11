//! `lock prune`: lines of what is not declared any more go.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::lock::bring::change;
use crate::app::lock::file::LockFile;
use crate::app::lock::keys::is_locked;
use crate::app::lock::update::Changes;
use crate::app::notice::Notice;
use crate::app::project::Project;
use crate::model::{
    AssetGraph, AssetId, AssetKey, Effect, LockReport, Name, PartitionKey, PartitionKeys, TimeKeys,
};

/// Drops the lines of assets, sources and definitions that are not declared, or have none in the lock file, and of keys
/// that do not exist. A time window that has not ended yet by this machine's clock exists.
///
/// # Errors
///
/// If the lock file is of a later version, or cannot be written.
pub fn prune_lock(
    project: &Project,
    effect: Effect,
) -> Result<(LockReport, Vec<Notice>), AppError> {
    let file = LockFile::read(project)?;
    let notices = file.notices();
    let changes = orphans(project, &file);
    let report = change(project, file, &changes, effect)?;
    Ok((report, notices))
}

fn orphans(project: &Project, file: &LockFile) -> Changes {
    let graph = project.graph();
    let lock = file.lock();
    let mut changes = Changes::default();
    for locked in &lock.assets {
        let id = graph.find(locked.asset.as_str());
        let id = id.filter(|id| graph.asset(*id).is_some_and(|asset| asset.is_locked()));
        let exists = Existing::of(project, id);
        let lines = locked.lines.iter().map(|line| &line.partition);
        let gone: Vec<Option<PartitionKey>> =
            lines.filter(|key| !exists.has(key.as_ref())).cloned().collect();
        let is_gone = |block: &&crate::model::LockBlock| {
            !exists.has(Some(&block.first)) || !exists.has(Some(&block.last))
        };
        let blocks: Vec<_> = locked.blocks.iter().filter(is_gone).cloned().collect();
        if !gone.is_empty() {
            changes.dropped_lines.push((locked.asset.clone(), gone));
        }
        if !blocks.is_empty() {
            changes.dropped_blocks.push((locked.asset.clone(), blocks));
        }
    }
    let read = read_by_locked(graph);
    for line in &lock.sources {
        let id = graph.find(line.source.as_str());
        let id = id.filter(|id| read.contains(id));
        if !Existing::of(project, id).has(line.partition.as_ref()) {
            let gone: (AssetKey, _) = (line.source.clone(), line.partition.clone());
            changes.dropped_sources.push(gone);
        }
    }
    let names: BTreeSet<&Name> = lock.added.iter().map(|added| &added.definition).collect();
    let gone: HashSet<&Name> = names
        .into_iter()
        .filter(|name| !is_locked(graph, name))
        .collect();
    let of_gone = lock.added.iter().filter(|it| gone.contains(&it.definition));
    changes.dropped_keys.extend(of_gone.cloned());
    changes
}
