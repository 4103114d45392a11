//! What runs work on just now.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use crate::answer::{EventKind, RunningPartition};
use crate::app::error::{AppError, RequestError};
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::engine::{ResourcePool, is_running, working_runs};
use crate::look::{EngineError, IN_MEMORY, Problems, asset_part, locked_partition};
use crate::model::{AssetId, AssetKey, PartitionKey, PartitionSet, RunId, RunStatus, StepName};
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
        if let Some(at) = place(project, &held.step.asset, held.step.partition.as_ref()) {
            let run = working.iter().find(|run| run.id == held.holder.run);
            let partition = RunningPartition {
                partition: held.step.partition,
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
    let keys = project.keys().get(graph.partitions(id));
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
    let keys = project.keys().get(graph.partitions(id));
    Some((id, locked_partition(graph.key(id), keys, name)?))
}

/// An assetctl that a step of a run starts would wait for that step.
pub(super) fn refuse_nested(
    project: &OpenProject,
    instance: &InstanceAccess,
) -> Result<(), AppError> {
    refuse_in_memory(project)?;
    let Some(run) = project
        .variable("ASSETCTL_RUN_ID")
        .and_then(|run| run.to_str())
    else {
        return Ok(());
    };
    let Ok(id) = Uuid::parse_str(run) else {
        return Ok(());
    };
    // By way of another instance it would wait, too: for the lock of that step.
    if is_running(project.root(), RunId(id)).unwrap_or(false) {
        return Err(RequestError::NestedRun { run: RunId(id) }.into());
    }
    match instance.store.run(RunId(id)) {
        Ok(Some(run)) if run.status == RunStatus::Started => {
            Err(RequestError::NestedRun { run: run.id }.into())
        }
        Ok(_) | Err(StoreError::Damaged { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A run in memory changes nothing of the project, and neither does what its steps start.
pub(super) fn refuse_in_memory(project: &OpenProject) -> Result<(), RequestError> {
    match project.variable(IN_MEMORY) {
        Some(_) => Err(RequestError::NestedInMemory),
        None => Ok(()),
    }
}

/// An id that nobody else has, of a run that begins at `time`: ids are sorted by it, to the millisecond.
/// What is to be told of resources where no run tells it.
pub(super) fn resource_notices(resources: &ResourcePool<'_>) -> Vec<Notice> {
    let told = resources.take_told().into_iter();
    let notice = |event: EventKind| {
        let said = event.message();
        let EventKind::ResourceFailed { failure, log, .. } = event else {
            return None;
        };
        let last = failure.tail.last().map(|line| format!(": {line}"));
        let log = log.map(|log| format!(" (whole log: {log})"));
        let (last, log) = (last.unwrap_or_default(), log.unwrap_or_default());
        Some(Notice::Resource(format!("{said}{last}{log}")))
    };
    told.filter_map(notice).collect()
}

pub(super) fn new_run_id(time: Timestamp) -> RunId {
    // The ids of this form begin in 1970.
    let time = time.max(Timestamp::UNIX_EPOCH);
    let seconds = time.as_second().unsigned_abs();
    let nanoseconds = time.subsec_nanosecond().unsigned_abs();
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    RunId(Uuid::new_v7(time))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::new_run_id;

    #[test]
    fn it_begins_with_the_time_and_is_never_the_same() {
        for (time, begins) in [
            (Timestamp::UNIX_EPOCH, "00000000-0000-7"),
            (Timestamp::MIN, "00000000-0000-7"),
            (
                "2001-02-03T04:05:06Z".parse().expect("a time"),
                "00e47279-7550-7",
            ),
        ] {
            let (one, other) = (new_run_id(time), new_run_id(time));
            assert!(one.to_string().starts_with(begins), "{one}");
            assert_ne!(one, other);
        }
    }
}
