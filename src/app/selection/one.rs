//! A word that stands for one asset or one partition of it, for verbs that speak of one.

use crate::app::error::{AppError, Quoted, RequestError};
use crate::app::project::OpenProject;
use crate::app::selection::Range;
use crate::app::selection::members::Single;
use crate::app::selection::reading::NearestKeys;
use crate::model::{AssetId, PartitionKey, PartitionSet, RANGE_SIGN, Selected};
use crate::select::did_you_mean;

/// The asset that a word names, and its partitions: one, a range, or all of them where it names none.
pub fn select_word(
    project: &OpenProject,
    word: &Selected,
    range: Range,
) -> Result<(AssetId, PartitionSet), RequestError> {
    let id = find(project, word.asset.as_str())?;
    range.check(project, id)?;
    let set = match &word.partition {
        Some(key) => {
            let name = word.asset.as_str();
            let mut single = Single::word(id, name, key.clone());
            single.last.clone_from(&word.last);
            at(project, &single)?
        }
        None => {
            PartitionSet::from_range(project.keys().get(project.graph().partitions(id)).range())
        }
    };
    Ok((id, set))
}

/// The one asset partition that a word names; of a range the first, as a range that is printed has the same reasons
/// throughout.
pub fn select_one(project: &OpenProject, word: &Selected) -> Result<(AssetId, u32), AppError> {
    let (id, set) = select_word(project, word, Range::All)?;
    match set.first() {
        Some(index) if set.len() == 1 || word.last.is_some() => return Ok((id, index)),
        _ => {}
    }
    let keys = project.keys().get(project.graph().partitions(id));
    let example = keys.len().checked_sub(1).and_then(|last| keys.key(last));
    let example = example.map_or_else(
        || "none: there is no key yet".to_owned(),
        |key| format!("`{}@{key}`", word.asset),
    );
    let asset = word.asset.to_string();
    Err(RequestError::PartitionNeeded { asset, example }.into())
}

/// The asset or source with this name.
pub fn find(project: &OpenProject, name: &str) -> Result<AssetId, RequestError> {
    let graph = project.graph();
    graph.find(name).ok_or_else(|| {
        let help = did_you_mean(name, graph.asset_keys().iter());
        RequestError::UnknownAsset {
            name: name.to_owned(),
            argument: Quoted::part(name, 0..name.len()),
            help: help.unwrap_or_else(|| "`assetctl list` shows all names".to_owned()),
        }
    })
}

/// The one partition that is named with its asset.
pub(super) fn at(project: &OpenProject, single: &Single) -> Result<PartitionSet, RequestError> {
    let graph = project.graph();
    let (asset, key) = (graph.key(single.asset).to_string(), &single.key);
    let keys = project.keys().get(graph.partitions(single.asset));
    if !keys.is_partitioned() {
        return Err(RequestError::NotPartitioned {
            asset,
            key: key.to_string(),
            argument: single.place_of_key(),
        });
    }
    let index_of = |key: &PartitionKey| {
        keys.find(key.as_str())
            .ok_or_else(|| RequestError::UnknownPartition {
                asset: asset.clone(),
                key: key.to_string(),
                argument: single.place_of_key_alone(),
                help: NearestKeys { project }.help(keys, key),
            })
    };
    let first = index_of(key)?;
    let Some(last_key) = &single.last else {
        return Ok(PartitionSet::single(first));
    };
    let last = index_of(last_key)?;
    if last < first {
        return Err(RequestError::ReversedRange {
            range: format!("{key}{RANGE_SIGN}{last_key}"),
            definition: format!("the partitions of `{asset}`"),
            argument: single.place_of_key_alone(),
        });
    }
    Ok(PartitionSet::from_range(first..last + 1))
}
