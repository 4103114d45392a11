//! `partitions map`: which partitions of one side of a dep belong to a partition of the other.

use crate::app::error::{AppError, RequestError};
use crate::app::partitions::definition::find_key;
use crate::app::project::Project;
use crate::app::selection::find;
use crate::model::{
    AssetId, AssetKey, Dep, MapDirection, MapPartitionsRequest, MapReport, Mapped, MappedKeys,
    Nonexistent, PartitionKey, PartitionKeys,
};
use crate::store::Notice;

/// What a partition needs, or what needs it, and what the user should know of the instance.
///
/// Needed keys that do not exist are part of the answer, and none where the dep allows them to be missing: whether a plan
/// can be made of it is for plans to say.
pub fn map_partitions(
    project: &Project,
    request: &MapPartitionsRequest,
) -> Result<(MapReport, Vec<Notice>), AppError> {
    let graph = project.graph();
    let id = find(project, request.asset.as_str())?;
    let dep = find_dep(project, id, &request.dep)?;
    let of = |id: AssetId| project.keys().of(graph.get(id));
    let (downstream, upstream) = (of(id), of(dep.asset));
    let (own, own_name) = match request.direction {
        MapDirection::Upstream => (downstream, &request.asset),
        MapDirection::Downstream => (upstream, graph.key(dep.asset)),
    };
    let index = find_partition(own, request.partition.as_ref(), own_name)?;
    let mapped = match request.direction {
        MapDirection::Upstream => {
            let Mapped {
                existing,
                nonexistent,
            } = dep.mapping.mapped(downstream, upstream, index);
            MappedKeys::Upstream {
                keys: upstream.clone(),
                existing,
                nonexistent: match dep.nonexistent {
                    Nonexistent::Dropped => Vec::new(),
                    Nonexistent::Refused => nonexistent,
                },
            }
        }
        MapDirection::Downstream => MappedKeys::Downstream {
            keys: downstream.clone(),
            set: (dep.mapping).downstream_of(downstream, upstream, index..index + 1),
        },
    };
    let report = MapReport {
        asset: request.asset.clone(),
        input: dep.input.clone(),
        upstream: graph.key(dep.asset).clone(),
        mapping: dep.mapping.name(),
        partition: own.key(index),
        mapped,
    };
    Ok((report, project.notices().to_vec()))
}

/// The dep of this input name, or else the first that reads what has this name.
fn find_dep<'a>(
    project: &'a Project,
    id: AssetId,
    name: &AssetKey,
) -> Result<&'a Dep, RequestError> {
    let graph = project.graph();
    let deps = graph.deps(id);
    let by_input = deps.iter().find(|dep| dep.input.as_str() == name.as_str());
    let by_asset = || deps.iter().find(|dep| graph.key(dep.asset) == name);
    by_input.or_else(by_asset).ok_or_else(|| {
        let inputs: Vec<_> = deps.iter().map(|dep| format!("`{}`", dep.input)).collect();
        RequestError::UnknownInput {
            asset: graph.key(id).to_string(),
            input: name.to_string(),
            help: match inputs.as_slice() {
                [] => "it has no inputs".to_owned(),
                inputs => format!("its inputs are {}", inputs.join(", ")),
            },
        }
    })
}

fn find_partition(
    keys: &PartitionKeys,
    partition: Option<&PartitionKey>,
    asset: &AssetKey,
) -> Result<u32, RequestError> {
    match partition {
        None if !keys.is_partitioned() => Ok(0),
        None => {
            let last = keys.len().checked_sub(1).and_then(|last| keys.key(last));
            let example = last.map_or_else(
                || "none: there is no key yet".to_owned(),
                |key| format!("`--partition {key}`"),
            );
            let asset = asset.to_string();
            Err(RequestError::PartitionNeeded { asset, example })
        }
        Some(key) if !keys.is_partitioned() => Err(RequestError::NotPartitioned {
            asset: asset.to_string(),
            key: key.to_string(),
        }),
        Some(key) => find_key(keys, key, asset.as_str()),
    }
}
