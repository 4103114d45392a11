//! From the words of a request to asset partitions.

use crate::app::error::{AppError, RequestError};
use crate::app::project::Project;
use crate::model::Selected;
use crate::model::{AssetId, PartitionKey, PartitionKeys, PartitionSet};

/// Whether sources may be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Assets only: what can be made.
    Assets,
    /// Sources only: what is observed.
    Sources,
    /// Both.
    All,
}

/// The asset partitions that a request names, in order of declaration: without any word all of them.
///
/// Without partitions every existing key of what is selected is meant. A named unpartitioned asset is taken as it is.
///
/// # Errors
///
/// All words that name nothing, at once.
pub fn select(
    project: &Project,
    words: &[Selected],
    partitions: &[PartitionKey],
    range: Range,
) -> Result<Vec<(AssetId, PartitionSet)>, AppError> {
    let selector = Selector {
        project,
        partitions,
        range,
    };
    if words.is_empty() {
        return selector.everything();
    }
    let mut errors = Vec::new();
    let mut selected: Vec<(AssetId, PartitionSet)> = Vec::new();
    for word in words {
        match selector.word(word) {
            Ok((id, set)) => match selected.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) => *known = known.union(&set),
                None => selected.push((id, set)),
            },
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        selected.sort_by_key(|(id, _)| *id);
        Ok(selected)
    } else {
        Err(AppError::from_requests(errors))
    }
}

/// The one asset partition that a word names.
pub fn select_one(project: &Project, word: &Selected) -> Result<(AssetId, u32), AppError> {
    let (id, set) = Selector {
        project,
        partitions: &[],
        range: Range::All,
    }
    .word(word)?;
    if let (Some(index), 1) = (set.first(), set.len()) {
        return Ok((id, index));
    }
    let keys = project.keys().of(project.graph().get(id));
    let example = keys.len().checked_sub(1).and_then(|last| keys.key(last));
    let example = example.map_or_else(
        || "none: there is no key yet".to_owned(),
        |key| format!("`{}@{key}`", word.asset),
    );
    let asset = word.asset.to_string();
    Err(RequestError::PartitionNeeded { asset, example }.into())
}

/// The asset or source with this name.
pub fn find(project: &Project, name: &str) -> Result<AssetId, RequestError> {
    project
        .graph()
        .find(name)
        .ok_or_else(|| RequestError::UnknownAsset {
            name: name.to_owned(),
            help: similar(project, name),
        })
}

struct Selector<'a> {
    project: &'a Project,
    partitions: &'a [PartitionKey],
    range: Range,
}

impl Selector<'_> {
    fn everything(&self) -> Result<Vec<(AssetId, PartitionSet)>, AppError> {
        let graph = self.project.graph();
        let ids = graph.ids().filter(|id| self.admits(*id));
        if self.partitions.is_empty() {
            let all = |id| (id, PartitionSet::from_range(self.keys(id).range()));
            return Ok(ids.map(all).collect());
        }
        let ids: Vec<_> = ids.filter(|id| self.keys(*id).is_partitioned()).collect();
        let unknown = self.partitions.iter().filter(|key| {
            !ids.iter()
                .any(|id| self.keys(*id).index_of(key.as_str()).is_some())
        });
        let unknown: Vec<_> = unknown.map(|key| self.unknown_key(key, &ids)).collect();
        if !unknown.is_empty() {
            return Err(AppError::from_requests(unknown));
        }
        let at_keys = |id| {
            let keys = self.keys(id);
            let known = self
                .partitions
                .iter()
                .filter_map(|key| keys.index_of(key.as_str()));
            (id, known.collect::<PartitionSet>())
        };
        Ok(ids
            .into_iter()
            .map(at_keys)
            .filter(|(_, set)| !set.is_empty())
            .collect())
    }

    fn word(&self, word: &Selected) -> Result<(AssetId, PartitionSet), RequestError> {
        let id = find(self.project, word.asset.as_str())?;
        let is_source = self.project.graph().source(id).is_some();
        if is_source && self.range == Range::Assets {
            return Err(RequestError::SourceSelected {
                name: word.asset.to_string(),
            });
        }
        if !is_source && self.range == Range::Sources {
            return Err(RequestError::AssetSelected {
                name: word.asset.to_string(),
            });
        }
        let keys = self.keys(id);
        let asset = || word.asset.to_string();
        match &word.partition {
            Some(_) if !self.partitions.is_empty() => Err(RequestError::PartitionTwice {
                word: word.to_string(),
            }),
            Some(key) if !keys.is_partitioned() => Err(RequestError::NotPartitioned {
                asset: asset(),
                key: key.to_string(),
            }),
            Some(key) => Ok((id, self.at(id, keys, std::slice::from_ref(key))?)),
            None if self.partitions.is_empty() || !keys.is_partitioned() => {
                Ok((id, PartitionSet::from_range(keys.range())))
            }
            None => Ok((id, self.at(id, keys, self.partitions)?)),
        }
    }

    fn at(
        &self,
        id: AssetId,
        keys: &PartitionKeys,
        named: &[PartitionKey],
    ) -> Result<PartitionSet, RequestError> {
        let index = |key: &PartitionKey| {
            keys.index_of(key.as_str())
                .ok_or_else(|| RequestError::UnknownPartition {
                    asset: self.project.graph().key(id).to_string(),
                    key: key.to_string(),
                    help: nearest(keys, key),
                })
        };
        named.iter().map(index).collect()
    }

    fn unknown_key(&self, key: &PartitionKey, ids: &[AssetId]) -> RequestError {
        let help = ids
            .iter()
            .map(|id| self.keys(*id))
            .find(|keys| !keys.nearest(key.as_str()).is_empty());
        let help = help.map_or_else(
            || "`assetctl show ASSET` tells an asset's partitions".to_owned(),
            |keys| nearest(keys, key),
        );
        RequestError::UnknownKey {
            key: key.to_string(),
            help,
        }
    }

    fn admits(&self, id: AssetId) -> bool {
        let is_source = self.project.graph().source(id).is_some();
        match self.range {
            Range::Assets => !is_source,
            Range::Sources => is_source,
            Range::All => true,
        }
    }

    fn keys(&self, id: AssetId) -> &PartitionKeys {
        self.project.keys().of(self.project.graph().get(id))
    }
}

/// The keys that a person may have meant, or the first and the last.
pub(super) fn nearest(keys: &PartitionKeys, key: &PartitionKey) -> String {
    let near = keys.nearest(key.as_str());
    let list = |keys: &[PartitionKey]| {
        keys.iter()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (near.as_slice(), keys.len()) {
        ([], 0) => "it has no partitions yet".to_owned(),
        ([], len) => {
            let ends = [keys.key(0), keys.key(len - 1)]
                .map(|key| key.map_or(String::new(), |it| it.to_string()));
            format!(
                "its {len} partitions go from `{}` to `{}`",
                ends[0], ends[1]
            )
        }
        (near, len) if keys.time().is_some() => {
            let ends = [keys.key(0), keys.key(len - 1)]
                .map(|key| key.map_or(String::new(), |it| it.to_string()));
            format!(
                "the nearest is {}; there are {len}, from `{}` to `{}`",
                list(near),
                ends[0],
                ends[1]
            )
        }
        (near, _) => format!("did you mean {}?", list(near)),
    }
}

fn similar(project: &Project, name: &str) -> String {
    let graph = project.graph();
    let mut scored: Vec<_> = graph
        .ids()
        .map(|id| graph.key(id).as_str())
        .map(|key| (strsim::damerau_levenshtein(key, name), key))
        .filter(|(distance, key)| *distance <= key.chars().count().max(3) / 3 + 1)
        .collect();
    scored.sort_unstable();
    match scored.as_slice() {
        [] => "`assetctl list` shows all names".to_owned(),
        near => {
            let near: Vec<_> = near
                .iter()
                .take(3)
                .map(|(_, key)| format!("`{key}`"))
                .collect();
            format!("did you mean {}?", near.join(", "))
        }
    }
}
