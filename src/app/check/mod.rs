//! `check`: whether everything is fresh, from the lock file.
//!
//! The lock file decides. Neither the instance nor the outputs nor the network are needed, no command runs unless something
//! is to be rebuilt, no lock is taken, and nothing is written but disposable files in assetctl's own folder. Where there is
//! no lock file, the instance is judged.

mod locked;
mod narrowing;
mod orphans;
mod outputs;
mod place;
mod ranges;
mod rebuild;
mod recorded;
mod sources;
mod staged;
mod told;

use std::path::Path;

use crate::answer::CheckReport;
use crate::app::check::orphans::by_later_clock;
use crate::app::check::staged::check_out_staged;
use crate::app::error::AppError;
use crate::app::generated::stale_manifests;
use crate::app::notice::Notice;
use crate::app::project::{OpenProject, Surroundings};
use crate::git::Repository;
use crate::lockfile::Parsed;
use crate::manifest;
use crate::model::CheckOptions;

pub use place::place_in_repository;
pub use rebuild::Rebuilding;

/// Whether there is a project where a request looks for it.
pub fn is_project(surroundings: &Surroundings) -> bool {
    manifest::find(&surroundings.directory).is_ok()
}

/// Says whether everything is fresh, and what the user should know.
pub fn check(
    surroundings: &Surroundings,
    request: &CheckOptions,
    doors: Rebuilding<'_>,
) -> Result<(CheckReport, Vec<Notice>), AppError> {
    if !request.staged {
        return judged(surroundings, None, request, doors);
    }
    let staged = check_out_staged(surroundings)?;
    let repository = Some(staged.repository());
    let tree = (staged.surroundings(), repository);
    let (mut report, notices) = judged(tree.0, tree.1, request, doors)?;
    if !report.is_fresh() {
        let root = manifest::find(&surroundings.directory)?.0;
        report.lock_not_added = is_fresh_by_lock_of(&root, tree, request, doors);
    }
    Ok((report, notices))
}

/// Whether files are fresh by the lock file in another folder than theirs. A lock file that cannot be read makes nothing
/// fresh.
fn is_fresh_by_lock_of(
    root: &Path,
    (surroundings, repository): (&Surroundings, Option<&Repository>),
    request: &CheckOptions,
    doors: Rebuilding<'_>,
) -> bool {
    let lock = surroundings.lock_place(root).ok();
    let Some(Ok(Some(parsed))) = lock.map(|lock| lock.read()) else {
        return false;
    };
    let request = CheckOptions {
        rebuild: None,
        ..request.clone()
    };
    let judged = judged_by(&parsed, (surroundings, repository), &request, doors);
    judged.is_ok_and(|(report, _)| report.is_fresh())
}

/// Judges the files that are there, as those of `repository` where that is not the one that they lie in.
fn judged(
    surroundings: &Surroundings,
    repository: Option<&Repository>,
    request: &CheckOptions,
    doors: Rebuilding<'_>,
) -> Result<(CheckReport, Vec<Notice>), AppError> {
    let root = manifest::find(&surroundings.directory)?.0;
    if let Some(parsed) = surroundings.lock_place(&root)?.read()? {
        return judged_by(&parsed, (surroundings, repository), request, doors);
    }
    let project = OpenProject::open(surroundings)?.within(repository);
    let (mut report, notices) = recorded::by_instance(&project, request)?;
    report.stale_manifests = stale_manifests(&project, &[])?;
    Ok((report, notices))
}

/// Judges the files that are there by a lock file.
fn judged_by(
    parsed: &Parsed,
    (surroundings, repository): (&Surroundings, Option<&Repository>),
    request: &CheckOptions,
    doors: Rebuilding<'_>,
) -> Result<(CheckReport, Vec<Notice>), AppError> {
    let lock = &parsed.lock;
    let project = OpenProject::open_by_lock(surroundings, lock)?.within(repository);
    let (project, strangers) = by_later_clock(project, lock)?;
    let (mut report, notices) = locked::by_lock(&project, parsed, strangers, request, doors)?;
    report.stale_manifests = stale_manifests(&project, &lock.manifests)?;
    Ok((report, notices))
}
