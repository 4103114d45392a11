//! From the words of a request to asset partitions.
//!
//! Words name assets; which of their partitions are meant is said with the word, as `clean@2013-07-04`, or for all of them
//! by a choice of keys. A choice is read once against all partitions definitions that it concerns, and what is recorded
//! narrows it down after the instance was opened.

mod choice;
mod goals;
mod nearest;
mod notice;
mod reading;

pub use goals::{Goals, Selection, matching};
pub use nearest::Neighbours;
pub use notice::SelectionNotice;
pub use reading::{End, Miss, READINGS};

use std::collections::BTreeSet;

use crate::app::error::{AppError, RequestError};
use crate::app::project::Project;
use crate::app::quoted::Quoted;
use crate::app::selection::choice::Choice;
use crate::model::Selected;
use crate::model::{AssetId, PartitionKey, PartitionKeys, PartitionSet, PartitionsSelection};

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
/// Without keys every existing one of what is selected is meant. A named unpartitioned asset is taken as it is; where
/// nothing is named, keys leave out what has none of them.
///
/// # Errors
///
/// All words that name nothing, at once.
pub fn select(
    project: &Project,
    words: &[Selected],
    partitions: &PartitionsSelection,
    range: Range,
) -> Result<Selection, AppError> {
    let selector = Selector { project, range };
    let mut errors = Vec::new();
    let mut take = |error| errors.push(error);
    let found = selector.found(words);
    let whole = found.iter().flatten();
    let whole = whole.filter(|it| it.word.partition().is_none());
    let definitions: BTreeSet<_> = whole
        .filter_map(|it| project.graph().get(it.id).partitions())
        .collect();
    let choice = Choice::read(project, &partitions.keys, &definitions);
    if words.is_empty() {
        choice.refuse_unknown(&mut take);
    }
    let mut goals: Vec<(AssetId, PartitionSet)> = Vec::new();
    for found in found {
        let set = found.map_err(|error| vec![error]).and_then(|found| {
            let set = selector.set(&found, &choice)?;
            Ok((found.id, set))
        });
        match set {
            Ok((_, set)) if set.is_empty() && words.is_empty() && choice.names_keys() => {}
            Ok((id, set)) if words.is_empty() => goals.push((id, set)),
            Ok((id, set)) => match goals.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) => *known = known.union(&set),
                None => goals.push((id, set)),
            },
            Err(all) => all.into_iter().for_each(&mut take),
        }
    }
    if !errors.is_empty() {
        errors.dedup();
        return Err(AppError::from_requests(errors));
    }
    goals.sort_by_key(|(id, _)| *id);
    Ok(Selection::new(goals, choice.notices(), partitions.recorded))
}

/// What words alone name, at all their keys where they say no other; without any word everything.
pub fn select_words(
    project: &Project,
    words: &[Selected],
    range: Range,
) -> Result<Goals, AppError> {
    let every = PartitionsSelection::default();
    Ok(select(project, words, &every, range)?.into_goals())
}

/// The one asset partition that a word names.
pub fn select_one(project: &Project, word: &Selected) -> Result<(AssetId, u32), AppError> {
    let range = Range::All;
    let id = Selector { project, range }.named(word)?;
    let keys = project.keys().of(project.graph().get(id));
    let set = match &word.partition {
        Some(key) => at(project, id, word, key)?,
        None => PartitionSet::from_range(keys.range()),
    };
    if let (Some(index), 1) = (set.first(), set.len()) {
        return Ok((id, index));
    }
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
    range: Range,
}

/// An asset or source that is selected, and how.
struct Found<'a> {
    id: AssetId,
    word: Mention<'a>,
}

/// How an asset came to be selected.
#[derive(Clone, Copy)]
enum Mention<'a> {
    /// By its name: what it lacks is an error.
    Named(&'a Selected),
    /// With all others, or by an expression: where it lacks what is asked for, it is left out.
    Reached,
}

impl Mention<'_> {
    fn partition(&self) -> Option<&PartitionKey> {
        match self {
            Self::Named(word) => word.partition.as_ref(),
            Self::Reached => None,
        }
    }
}

impl Selector<'_> {
    /// What words name; without any word everything.
    fn found<'w>(&self, words: &'w [Selected]) -> Vec<Result<Found<'w>, RequestError>> {
        if words.is_empty() {
            let ids = self.project.graph().ids().filter(|id| self.admits(*id));
            let word = Mention::Reached;
            return ids.map(|id| Ok(Found { id, word })).collect();
        }
        let found = |word| {
            let (id, word) = (self.named(word)?, Mention::Named(word));
            Ok(Found { id, word })
        };
        words.iter().map(found).collect()
    }

    fn named(&self, word: &Selected) -> Result<AssetId, RequestError> {
        let id = find(self.project, word.asset.as_str())?;
        let name = || word.asset.to_string();
        match (self.project.graph().source(id), self.range) {
            (Some(_), Range::Assets) => Err(RequestError::SourceSelected { name: name() }),
            (None, Range::Sources) => Err(RequestError::AssetSelected { name: name() }),
            _ => Ok(id),
        }
    }

    /// The partitions of what was found.
    fn set(
        &self,
        found: &Found<'_>,
        choice: &Choice<'_>,
    ) -> Result<PartitionSet, Vec<RequestError>> {
        let keys = self.keys(found.id);
        let all = || PartitionSet::from_range(keys.range());
        match found.word {
            Mention::Named(word) => match &word.partition {
                Some(_) if choice.is_made() => Err(vec![RequestError::PartitionTwice {
                    word: word.to_string(),
                }]),
                Some(key) => at(self.project, found.id, word, key).map_err(|error| vec![error]),
                None if !keys.is_partitioned() => Ok(all()),
                None => choice.of_named(found.id),
            },
            Mention::Reached if keys.is_partitioned() => Ok(choice.of_reached(found.id)),
            Mention::Reached if choice.names_keys() => Ok(PartitionSet::empty()),
            Mention::Reached => Ok(all()),
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

/// The one partition of an asset that its word names.
fn at(
    project: &Project,
    id: AssetId,
    word: &Selected,
    key: &PartitionKey,
) -> Result<PartitionSet, RequestError> {
    let keys = project.keys().of(project.graph().get(id));
    let argument = word.to_string();
    let start = word.asset.as_str().len();
    if !keys.is_partitioned() {
        return Err(RequestError::NotPartitioned {
            asset: word.asset.to_string(),
            key: key.to_string(),
            argument: Quoted::part(&argument, start..argument.len()),
        });
    }
    let index = keys
        .find(key.as_str())
        .ok_or_else(|| RequestError::UnknownPartition {
            asset: word.asset.to_string(),
            key: key.to_string(),
            argument: Quoted::part(&argument, start + 1..argument.len()),
            help: Neighbours { project }.help(keys, key),
        })?;
    Ok(PartitionSet::single(index))
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
