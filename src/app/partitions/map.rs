//! `partitions map`: which partitions of one side of a dep belong to a partition of the other.

use crate::answer::{KeySet, MapReport, MappedKeys};
use crate::app::error::{AppError, Quoted, RequestError};
use crate::app::notice::Notice;
use crate::app::partitions::list::find_keys;
use crate::app::project::OpenProject;
use crate::app::selection::find;
use crate::model::{AssetId, AssetKey, Dep, KeyWord, MapPartitionsRequest, Mapped};

/// What a partition needs, or what needs it, and what the user should know of the instance.
///
/// Needed keys that do not exist are part of the answer, and none where the dep allows them to be missing: whether a plan
/// can be made of it is for plans to say.
pub fn map_partitions(
    project: &OpenProject,
    request: &MapPartitionsRequest,
) -> Result<(MapReport, Vec<Notice>), AppError> {
    let graph = project.graph();
    let id = find(project, request.asset.as_str())?;
    let dep = find_dep(project, id, &request.dep)?;
    let of = |id: AssetId| project.keys().get(graph.partitions(id));
    let (downstream, upstream) = (of(id), of(dep.asset));
    let (own, own_id) = if request.downstream {
        (upstream, dep.asset)
    } else {
        (downstream, id)
    };
    let index = find_partition(project, own_id, request.partition.as_ref())?;
    let mapped = if request.downstream {
        MappedKeys::Downstream {
            downstream: KeySet {
                keys: downstream.clone(),
                set: (dep.mapping).downstream_of(downstream, upstream, index..index + 1),
            },
        }
    } else {
        let Mapped {
            existing,
            nonexistent,
        } = dep.mapping.mapped(downstream, upstream, index);
        MappedKeys::Upstream {
            upstream: KeySet {
                keys: upstream.clone(),
                set: existing,
            },
            nonexistent: if dep.allow_missing {
                Vec::new()
            } else {
                nonexistent
            },
        }
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
    project: &'a OpenProject,
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

/// The index of the partition of an asset or source that a word means.
fn find_partition(
    project: &OpenProject,
    id: AssetId,
    word: Option<&KeyWord>,
) -> Result<u32, RequestError> {
    let graph = project.graph();
    let (keys, asset) = (
        project.keys().get(graph.partitions(id)),
        graph.key(id).to_string(),
    );
    match (graph.definition(id), word) {
        (None, None) => Ok(0),
        (None, Some(word)) => {
            let key = word.to_string();
            let argument = Quoted::part(&key, 0..key.len());
            Err(RequestError::NotPartitioned {
                asset,
                key,
                argument,
            })
        }
        (Some(_), None) => {
            let last = keys.len().checked_sub(1).and_then(|last| keys.key(last));
            let example = last.map_or_else(
                || "none: there is no key yet".to_owned(),
                |key| format!("`--partition {key}`"),
            );
            Err(RequestError::PartitionNeeded { asset, example })
        }
        (Some(declared), Some(word)) => {
            let set = find_keys(project, declared, keys, word, &asset)?;
            Ok(set.first().unwrap_or_default())
        }
    }
}
