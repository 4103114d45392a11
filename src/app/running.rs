//! What runs work on just now.

use std::collections::BTreeMap;

use crate::app::error::AppError;
use crate::app::instance::Instance;
use crate::app::project::Project;
use crate::engine::{EngineError, Problems, locked_partition, working_runs};
use crate::model::{AssetId, AssetKey, PartitionKey, PartitionSet, RunningPartition, StepName};
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

/// Refuses what a run works on. Nothing is held meanwhile: a step that starts later makes something else than what was recorded or
/// forgotten, which is then stale.
///
/// # Errors
///
/// [`EngineError::Held`], for the first of `goals` that a run works on.
pub fn refuse_running(
    project: &Project,
    instance: &mut Instance,
    goals: &[(AssetId, PartitionSet)],
) -> Result<(), AppError> {
    let is_goal = |(id, index): &(AssetId, u32)| {
        let mut sets = goals.iter().filter(|(goal, _)| goal == id);
        sets.any(|(_, set)| set.contains(*index))
    };
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
