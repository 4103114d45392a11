//! What runs work on just now.

use std::collections::BTreeMap;

use crate::app::instance::Instance;
use crate::app::project::Project;
use crate::engine::{locked_partition, working_runs};
use crate::model::{AssetId, AssetKey, PartitionKey, RunningPartition};
use crate::store::{Store, StoreError};

/// What runs that live work on, by asset and index of the key: those of this instance by their leases, others by the locks that lie
/// with the project.
pub fn running(
    project: &Project,
    instance: &mut Instance,
) -> Result<BTreeMap<(AssetId, u32), RunningPartition>, StoreError> {
    let working = working_runs(project.root());
    let mut running = BTreeMap::new();
    for held in instance.read(Store::held)? {
        if let Some(at) = place(project, &held.asset, held.partition.as_ref()) {
            let run = working.iter().find(|run| run.id == held.holder.run);
            let partition = RunningPartition {
                partition: held.partition,
                run: held.holder.run,
                pid: held.holder.pid,
                since: Some(held.holder.since),
                left_behind: run.and_then(|run| run.left_behind.clone()),
            };
            running.insert(at, partition);
        }
    }
    for run in working {
        for name in &run.locks {
            let Some((asset, partition)) = locked(project, name) else {
                continue;
            };
            if let Some(at) = place(project, asset, partition.as_ref()) {
                running.entry(at).or_insert_with(|| RunningPartition {
                    partition,
                    run: run.id,
                    pid: run.pid,
                    since: None,
                    left_behind: run.left_behind.clone(),
                });
            }
        }
    }
    Ok(running)
}

/// Where an asset partition stands, if it is declared.
fn place(
    project: &Project,
    asset: &AssetKey,
    partition: Option<&PartitionKey>,
) -> Option<(AssetId, u32)> {
    let graph = project.graph();
    let id = graph.find(asset.as_str())?;
    let keys = project.keys().of(graph.get(id));
    match partition {
        Some(key) => Some((id, keys.index_of(key.as_str())?)),
        None => keys.range().contains(&0).then_some((id, 0)),
    }
}

/// The asset partition whose lock has this name.
fn locked<'a>(project: &'a Project, name: &str) -> Option<(&'a AssetKey, Option<PartitionKey>)> {
    let graph = project.graph();
    graph.ids().find_map(|id| {
        let (key, keys) = (graph.key(id), project.keys().of(graph.get(id)));
        Some((key, locked_partition(key, keys, name)?))
    })
}
