//! Values of files that have changed: a file of parameters touches only those of which the value is another.

use std::collections::BTreeSet;

use crate::app::affected::universe::Universe;
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::git::{Commit, GitError, Repository};
use crate::hash::{StatCache, Versions};
use crate::model::{AssetId, PartitionRef, PartitionSet, PathTemplate, Place};
use crate::sys::inherited::temporary_folder;

/// More values than this are not compared: all of them count as changed.
const COMPARED: u32 = 10_000;

/// The file and the key of a source that is a value of a file.
pub(super) fn value_of(
    project: &OpenProject,
    id: AssetId,
) -> Option<(&PathTemplate, &PathTemplate)> {
    match &project.graph().source(id)?.place {
        Place::Value { path, key } => Some((path, key)),
        Place::Paths(_) | Place::Observed { .. } => None,
    }
}

/// Those of `sets`, keys of sources that are values of changed files, whose value is not what it was in a commit.
///
/// A value that cannot be read counts as changed, and so does one outside of the project.
pub(super) fn otherwise_than(
    project: &OpenProject,
    universe: &Universe<'_>,
    (repository, commit): &(Repository, Commit),
    sets: Vec<(AssetId, PartitionSet)>,
) -> Result<Vec<(AssetId, PartitionSet)>, AppError> {
    if sets.is_empty() || sets.iter().map(|(_, set)| set.len()).sum::<u32>() > COMPARED {
        return Ok(sets);
    }
    let place = |id: AssetId, index: u32| {
        let partition = PartitionRef {
            keys: universe.keys(id),
            index,
        };
        let (path, key) = value_of(project, id)?;
        Some((path.path(partition), key.text(partition)))
    };
    let places = sets
        .iter()
        .flat_map(|(id, set)| set.iter().filter_map(|index| place(*id, index)));
    let paths: BTreeSet<_> = places.map(|(path, _)| path.into_owned()).collect();
    let mut files = repository.files_at(commit)?;
    files.retain(|file| paths.contains(&file.path));
    let held: BTreeSet<_> = files.iter().map(|file| file.path.clone()).collect();
    let folder =
        tempfile::tempdir_in(temporary_folder(project.environment())).map_err(GitError::from)?;
    repository.write_out(&files, folder.path())?;
    let cache = StatCache::open(&folder.path().join(".assetctl"), None);
    let before = Versions::new(folder.path(), &cache, project.ignore())?;
    let now = project.versions()?;
    let is_changed = |id: AssetId, index: u32| {
        let Some((path, key)) = place(id, index).filter(|(path, _)| held.contains(&**path)) else {
            return true;
        };
        match (before.of_value(&path, &key), now.of_value(&path, &key)) {
            (Ok(Some(before)), Ok(Some(now))) => before.version != now.version,
            (Ok(None), Ok(None)) => false,
            _ => true,
        }
    };
    let changed = |(id, set): (AssetId, PartitionSet)| {
        let changed = set.iter().filter(|index| is_changed(id, *index));
        (id, changed.collect::<PartitionSet>())
    };
    let changed = sets.into_iter().map(changed);
    Ok(changed.filter(|(_, set)| !set.is_empty()).collect())
}
