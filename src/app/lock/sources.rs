//! Lines of sources that a checkout does not have: those that git does not track, and those that a command observes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::answer::ObservedSource;
use crate::app::project::OpenProject;
use crate::git::{Repository, Tracked};
use crate::lock::LockChanges;
use crate::model::{
    AssetGraph, AssetId, AssetKey, DataVersion, Lock, LockedSource, PartitionKey, Place,
    SourceAsset, SourcePath,
};
use crate::plan::{Cell, Evaluation, Known, Scope};

/// How sources are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceLook {
    /// Those that have lines, and those that a command observes.
    Known,
    /// All; git is asked which it tracks.
    All,
}

/// What changes in the lines of the sources of an evaluation that something locked reads.
///
/// Where there is no repository, or git cannot be asked, files count as tracked.
pub fn source_changes(
    project: &OpenProject,
    evaluation: &Evaluation<'_>,
    lock: &Lock,
    look: SourceLook,
) -> LockChanges {
    let scope = evaluation.scope();
    let mut known: HashMap<(&AssetKey, Option<&PartitionKey>), Option<DataVersion>> =
        HashMap::new();
    for line in &lock.sources {
        // Of two versions neither is known.
        known
            .entry((&line.source, line.partition.as_ref()))
            .and_modify(|version| *version = None)
            .or_insert(Some(line.version));
    }
    let mut changes = LockChanges::default();
    let mut files = Vec::new();
    for row in scope.rows() {
        let source = scope.graph().source(row.asset);
        let Some(source) = source.filter(|_| is_read_by_locked(scope.graph(), row.asset)) else {
            continue;
        };
        let is_observed = matches!(source.place, Place::Observed { .. });
        if !is_observed && look == SourceLook::Known && known.is_empty() {
            continue;
        }
        for cell in row.cells() {
            let Some(version) = version_of(evaluation, cell) else {
                continue;
            };
            let line = LockedSource {
                source: source.key.clone(),
                partition: scope.partition(cell),
                version,
            };
            let found = known.get(&(&line.source, line.partition.as_ref()));
            if is_observed || (look == SourceLook::Known && found.is_some()) {
                if found != Some(&Some(version)) {
                    changes.sources.push(line);
                }
            } else if look == SourceLook::All {
                files.push((cell, source, line));
            }
        }
    }
    let Some(tracked) = (!files.is_empty()).then(|| tracked(project)).flatten() else {
        return changes;
    };
    for (cell, source, line) in files {
        let found = known.get(&(&line.source, line.partition.as_ref()));
        let mut paths = paths_of(evaluation, cell, source).into_iter();
        if paths.all(|path| is_tracked(project, &tracked, (source, &path))) {
            if found.is_some() {
                changes.dropped_sources.push((line.source, line.partition));
            }
        } else if found != Some(&Some(line.version)) {
            changes.sources.push(line);
        }
    }
    changes
}

/// What changes in the lines that there are by what was observed just now.
pub fn observed_changes(observed: &[ObservedSource], lock: &Lock) -> LockChanges {
    let mut known: HashMap<(&AssetKey, Option<&PartitionKey>), Vec<DataVersion>> = HashMap::new();
    for line in &lock.sources {
        let versions = known.entry((&line.source, line.partition.as_ref()));
        versions.or_default().push(line.version);
    }
    let new = observed.iter().filter_map(|observed| {
        let version = observed.data_version?;
        let versions = known.get(&(&observed.source, observed.partition.as_ref()))?;
        let is_new = versions.as_slice() != [version];
        is_new.then(|| LockedSource {
            source: observed.source.clone(),
            partition: observed.partition.clone(),
            version,
        })
    });
    LockChanges {
        sources: new.collect(),
        ..LockChanges::default()
    }
}

/// Whether an asset with lines reads a source.
pub fn is_read_by_locked(graph: &AssetGraph, source: AssetId) -> bool {
    let mut readers = graph.downstream(source).iter();
    let reads = |id: AssetId| graph.deps(id).iter().any(|dep| dep.asset == source);
    readers.any(|id| graph.is_locked(*id) && reads(*id))
}

/// The version of a source; `None` where nothing is there.
fn version_of(evaluation: &Evaluation<'_>, cell: Cell) -> Option<DataVersion> {
    let slot = evaluation.scope().row_of_cell(cell).versions_of(cell).start;
    match evaluation.facts().versions[slot] {
        Known::Version(version) => Some(version).filter(|it| *it != DataVersion::absent()),
        Known::Absent | Known::Unreadable | Known::Unknown => None,
    }
}

/// The paths that hold the data of a source, relative to the project root or absolute.
fn paths_of(evaluation: &Evaluation<'_>, cell: Cell, source: &SourceAsset) -> Vec<String> {
    let scope: &Scope<'_> = evaluation.scope();
    let partition = scope.at(cell).1;
    match &source.place {
        Place::Paths(paths) => {
            if let [SourcePath::Exact(path)] = paths.as_slice() {
                return vec![path.path(partition).into_owned()];
            }
            let found = evaluation.sources().globbed.get(&cell);
            found.cloned().unwrap_or_default()
        }
        Place::Value { path, .. } => vec![path.path(partition).into_owned()],
        Place::Observed { .. } => Vec::new(),
    }
}

fn tracked(project: &OpenProject) -> Option<Tracked> {
    if !Repository::may_hold(project.root()) {
        return None;
    }
    let repository = Repository::open(project.root(), project.environment()).ok()?;
    repository.tracked().ok()
}

/// Whether git has all that is at a path. A link is followed: what it points to is what was hashed.
fn is_tracked(
    project: &OpenProject,
    tracked: &Tracked,
    (source, path): (&SourceAsset, &str),
) -> bool {
    let path = project.root().join(path);
    let whole = |path: &Path| {
        tracked.has_file(path) || (path.is_dir() && has_directory(project, tracked, (source, path)))
    };
    whole(&path) || path.canonicalize().is_ok_and(|real| whole(&real))
}

/// Whether git has all files of a directory, but those that are no part of its version.
fn has_directory(
    project: &OpenProject,
    tracked: &Tracked,
    (source, directory): (&SourceAsset, &Path),
) -> bool {
    let mut any = false;
    let mut open: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = folder.read_dir() else {
            return false;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let within = path.strip_prefix(project.root()).unwrap_or(&path);
            if project.ignore().matches(within) || project.leaves_out(source, within) {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(_) if tracked.has_entry(&path) => any = true,
                _ => return false,
            }
        }
    }
    any
}
