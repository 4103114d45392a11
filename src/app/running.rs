//! What runs work on just now.

use std::collections::{BTreeMap, HashMap};

use crate::answer::RunningPartition;
use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::project::OpenProject;
use crate::engine::working_runs;
use crate::look::{EngineError, Problems, asset_part, locked_partition};
use crate::model::{AssetId, AssetKey, PartitionKey, PartitionSet, StepName};
use crate::store::{Store, StoreError};

/// What runs that live work on, by asset and index of the key: those of this instance by their leases, others by the locks that lie
/// with the project.
pub fn running(
    project: &OpenProject,
    instance: &mut InstanceAccess,
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
    let locks = working.iter().map(|run| run.locks.len()).sum();
    let by_part = by_part(project, locks);
    for run in working {
        for name in &run.locks {
            let part = name.split('@').next().unwrap_or_default();
            let id = by_part.get(part).copied();
            let Some((id, partition)) = id.and_then(|id| locked(project, id, name)) else {
                continue;
            };
            if let Some(at) = place(project, project.graph().key(id), partition.as_ref()) {
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

/// Refuses what a run works on. Nothing is held meanwhile: a step that starts later makes something else than what was recorded or
/// forgotten, which is then stale.
///
/// # Errors
///
/// [`EngineError::Held`], for the first of `goals` that a run works on.
pub fn refuse_running(
    project: &OpenProject,
    instance: &mut InstanceAccess,
    goals: &[(AssetId, PartitionSet)],
) -> Result<(), AppError> {
    let goals: HashMap<AssetId, &PartitionSet> = goals.iter().map(|(id, set)| (*id, set)).collect();
    let is_goal =
        |(id, index): &(AssetId, u32)| goals.get(id).is_some_and(|set| set.contains(*index));
    let found = running(project, instance)?;
    match found.into_iter().find(|(at, _)| is_goal(at)) {
        Some(((id, _), running)) => {
            let held = EngineError::Held {
                holder: holder(&running),
                step: StepName {
                    asset: project.graph().key(id).clone(),
                    partition: running.partition,
                },
            };
            Err(Problems::from(held).into())
        }
        None => Ok(()),
    }
}

/// Who works on a partition, in words.
fn holder(running: &RunningPartition) -> String {
    if let Some(commands) = &running.left_behind {
        return commands.clone();
    }
    let process = running.pid.map(|pid| format!(" (process {pid})"));
    let process = process.unwrap_or_default();
    match running.since {
        Some(since) => format!("run {}{process} since {since:.0}", running.run),
        None => format!("run {}{process} of another instance", running.run),
    }
}

/// Where an asset partition stands, if it is declared.
fn place(
    project: &OpenProject,
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

/// The assets by what stands for them in names of locks; none where there are no locks.
fn by_part(project: &OpenProject, locks: usize) -> HashMap<String, AssetId> {
    let graph = project.graph();
    let ids = graph.ids().filter(|_| locks > 0);
    ids.map(|id| (asset_part(graph.key(id)), id)).collect()
}

/// The partition of an asset whose lock has this name.
fn locked(
    project: &OpenProject,
    id: AssetId,
    name: &str,
) -> Option<(AssetId, Option<PartitionKey>)> {
    let graph = project.graph();
    let keys = project.keys().of(graph.get(id));
    Some((id, locked_partition(graph.key(id), keys, name)?))
}
