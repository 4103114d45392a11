//! `lock diff`: which asset partitions have other lines than at another revision, and what in them is other. Nothing is
//! judged: both files are taken as they stand.

use crate::answer::{LockDiffReport, LockDifference};
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::git::Repository;
use crate::lock::{compare, lines_by_name};
use crate::lockfile::{self, LockPlace};
use crate::model::{Lock, LockDiffRequest};

/// What differs between the lock files of two revisions, or of one and the work tree. A revision without a lock file has
/// no lines.
///
/// # Errors
///
/// If there is no repository, or no such revision, or a file cannot be read.
pub fn lock_diff(
    project: &OpenProject,
    request: &LockDiffRequest,
) -> Result<LockDiffReport, AppError> {
    let repository = Repository::open(project.root(), project.environment())?;
    let place = project.lock_place();
    let old = lock_at(&repository, place, &request.old)?;
    let new = match &request.new {
        Some(revision) => lock_at(&repository, place, revision)?,
        None => lock_here(place)?,
    };
    Ok(LockDiffReport {
        old: request.old.clone(),
        new: request.new.clone(),
        differences: differences(project, &old, &new),
    })
}

fn lock_at(repository: &Repository, place: &LockPlace, revision: &str) -> Result<Lock, AppError> {
    let commit = repository.commit(revision)?;
    match repository.file_at(&commit, place.path())? {
        Some(bytes) => Ok(lockfile::parse(&format!("{revision}:{}", place.path()), &bytes)?.lock),
        None => Ok(Lock::default()),
    }
}

fn lock_here(place: &LockPlace) -> Result<Lock, AppError> {
    match place.read_bytes() {
        Ok(Some(bytes)) => Ok(lockfile::parse(place.path(), &bytes)?.lock),
        Ok(None) => Ok(Lock::default()),
        Err(source) => {
            let path = place.path().to_owned();
            Err(AppError::Unreadable { path, source })
        }
    }
}

fn differences(project: &OpenProject, old: &Lock, new: &Lock) -> Vec<LockDifference> {
    let graph = project.graph();
    let mut all = Vec::new();
    for ((_, name), sides) in lines_by_name([old, new]) {
        let id = graph.find(name);
        let deps = id.map_or(&[][..], |id| graph.deps(id));
        let keys = id.map(|id| project.keys().get(graph.partitions(id)));
        all.extend(compare(name, keys, deps, sides));
    }
    all
}
