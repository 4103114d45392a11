//! The keys of a `files` definition, and the windows of a definition with `exists`: those whose files are there.
//!
//! A key is the text in the place of the placeholder. A name that matches and cannot be a key is a fault of the definition:
//! to leave it out silently would lose data.

use std::sync::Arc;

use crate::hash::HashError;
use crate::look::error::{EngineError, Spot};
use crate::look::keys::pattern::{KeyPattern, Match, Wanted};
use crate::look::keys::world::World;
use crate::model::{
    PartitionKey, PartitionKeys, PartitionRef, PartitionSet, PathTemplate, TimeKeys, TimePartitions,
};
use crate::sys::parallel;

/// Up to so many paths are looked at by one thread.
const FEW: usize = 256;

/// What the files of a definition are.
#[derive(Debug, Default)]
pub(super) struct FoundKeys {
    /// The keys, in byte order.
    pub keys: Vec<PartitionKey>,
    /// Files that match and stand for no key, in order of their paths.
    pub foreign: Vec<ForeignFile>,
}

/// A file that matches and stands for no key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ForeignFile {
    path: String,
    reason: String,
    remedy: String,
}

impl ForeignFile {
    /// What is wrong and what to do, where it and others, so many in all, keep the keys from being known.
    pub(super) fn words(&self, pattern: &PathTemplate, all: usize) -> String {
        let Self {
            path,
            reason,
            remedy,
        } = self;
        let more = match all {
            0 | 1 => String::new(),
            all => format!(" (and {} more files)", all - 1),
        };
        let pattern = pattern.source();
        format!(
            "`{path}`{more} matches `{pattern}`, and {reason}: {remedy}, or leave it out: `[project] ignore`"
        )
    }

    /// The error for it.
    pub(super) fn told(self, pattern: &PathTemplate, spot: Spot) -> EngineError {
        let (source_code, span) = spot.into_parts();
        let Self {
            path,
            reason,
            remedy,
        } = self;
        EngineError::ForeignFile {
            path,
            pattern: pattern.source(),
            reason,
            remedy,
            source_code,
            span,
        }
    }
}

/// The keys whose files match `pattern`.
pub(super) fn keys_of_files(
    world: World<'_>,
    pattern: &PathTemplate,
) -> Result<FoundKeys, HashError> {
    let mut found = FoundKeys::default();
    let Some(taken_apart) = KeyPattern::of(pattern) else {
        return Ok(found);
    };
    for file in taken_apart.matches(world, Wanted::AsWritten)? {
        match key_of(pattern, &file) {
            Ok(key) => found.keys.push(key),
            Err(foreign) => found.foreign.push(foreign),
        }
    }
    found.keys.sort_unstable();
    found.foreign.sort_unstable();
    Ok(found)
}

/// The key that is written as this file.
pub(super) fn key_of(pattern: &PathTemplate, file: &Match) -> Result<PartitionKey, ForeignFile> {
    let foreign = |reason: String, remedy: String| ForeignFile {
        path: file.path.to_string_lossy().into_owned(),
        reason,
        remedy,
    };
    let rename = || "rename it".to_owned();
    let Some(text) = file.key.to_str() else {
        return Err(foreign("its name is not UTF-8".to_owned(), rename()));
    };
    let key = PartitionKey::parse(text).map_err(|error| foreign(error.to_string(), rename()))?;
    let path = pattern.path_of_key(key.as_str());
    if file.path.as_os_str() == path.trim_end_matches('/') || file.path.as_os_str() == path.as_str()
    {
        return Ok(key);
    }
    Err(foreign(
        format!("the partition `{key}` would be `{path}`"),
        format!("rename it to `{path}`"),
    ))
}

/// The windows that have ended and whose file or directory is there, by their indexes in the lattice.
pub(super) fn windows_with_files(
    world: World<'_>,
    windows: &Arc<TimePartitions>,
    path: &PathTemplate,
) -> Result<PartitionSet, HashError> {
    let ended = PartitionKeys::Time(TimeKeys::at(windows, world.now));
    if let Some(pattern) = KeyPattern::of(path) {
        let files = pattern.matches(world, Wanted::Anything)?;
        let keys = files.iter().filter_map(|file| key_of(path, file).ok());
        return Ok(keys
            .filter_map(|key| ended.index_of(key.as_str()))
            .collect());
    }
    let there = parallel::map(ended.range(), FEW, |index| {
        let partition = PartitionRef {
            keys: &ended,
            index,
        };
        world.root.join(&*path.path(partition)).exists()
    });
    let there = ended.range().zip(there);
    Ok(there
        .filter_map(|(index, there)| there.then_some(index))
        .collect())
}
