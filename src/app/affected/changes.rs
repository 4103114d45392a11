//! Paths that have changed, as templates name them: relative to the project root, and absolute outside of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::app::affected::sites::Universe;
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::git::{Change, ChangeKind, Commit, GitError, Repository};
use crate::hash::{StatCache, Versions};
use crate::model::{AssetId, PartitionRef, PartitionSet, PathTemplate, Place};
use crate::sys::inherited::temporary_folder;

/// A path that has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChangedPath {
    /// The path, without `.` and `..`.
    pub path: String,
    /// How much of what lies there.
    pub extent: Extent,
    /// What became of it.
    pub kind: ChangeKind,
}

/// How much of what lies at a path has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// A file.
    File,
    /// Anything, at it or below it.
    Whole,
}

/// Where the project is, by its names.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// As it was found.
    found: PathBuf,
    /// Without links.
    real: PathBuf,
}

impl Root {
    pub(super) fn new(root: &Path) -> Self {
        let found = folded(root);
        Self {
            real: fs::canonicalize(&found).unwrap_or_else(|_| found.clone()),
            found,
        }
    }

    /// An absolute path as templates name it.
    pub(super) fn named(&self, path: &Path) -> String {
        let path = folded(path);
        let inside = path
            .strip_prefix(&self.real)
            .or_else(|_| path.strip_prefix(&self.found));
        inside.unwrap_or(&path).to_string_lossy().into_owned()
    }

    /// A declared path as others name it: without `..`, and relative if it lies in the project.
    pub(super) fn declared(&self, path: &str) -> String {
        self.named(&self.real.join(path))
    }

    /// The paths that git says have changed.
    pub(super) fn of_git(&self, changes: &[Change]) -> Vec<ChangedPath> {
        let changed = |change: &Change| ChangedPath {
            path: self.named(&change.path),
            // A repository within this one, of which it is not known which of its files have changed.
            extent: if change.path.is_dir() {
                Extent::Whole
            } else {
                Extent::File
            },
            kind: change.kind,
        };
        changes.iter().map(changed).collect()
    }

    /// The paths that a user says have changed, absolute; each also as what its folder's links lead to.
    pub(super) fn of_files(&self, files: &[PathBuf]) -> Vec<ChangedPath> {
        let mut changes = Vec::new();
        for file in files {
            let extent = if file.is_file() {
                Extent::File
            } else {
                Extent::Whole
            };
            for path in [folded(file), resolved(file)] {
                changes.push(ChangedPath {
                    path: self.named(&path),
                    extent,
                    kind: ChangeKind::Presence,
                });
            }
        }
        changes.sort_unstable();
        changes.dedup();
        changes
    }
}

/// A path whose folder is named without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = folded(path);
    let known = path.ancestors().skip(1).find_map(|folder| {
        let real = fs::canonicalize(folder).ok()?;
        Some(real.join(path.strip_prefix(folder).ok()?))
    });
    known.unwrap_or(path)
}

/// An absolute path without `.` and `..`.
fn folded(path: &Path) -> PathBuf {
    let mut folded = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                folded.pop();
            }
            other => folded.push(other),
        }
    }
    folded
}

/// What declared links lead to, and how they are declared.
#[derive(Debug, Default)]
pub(super) struct Links {
    declared: BTreeMap<String, Vec<String>>,
}

impl Links {
    /// The links that declared folders and files are, or lie behind.
    pub(super) fn new<'h>(
        heads: impl Iterator<Item = &'h String>,
        top: &Path,
        root: &Root,
    ) -> Self {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let real_of = |path: &str| {
            let real = fs::canonicalize(top.join(path)).ok()?;
            let real = root.named(&real);
            (real != path).then_some(real)
        };
        for head in heads.filter(|head| !head.is_empty()) {
            let (folder, _) = head.rsplit_once('/').unwrap_or(("", head));
            let is_link = fs::symlink_metadata(top.join(head)).is_ok_and(|it| it.is_symlink());
            if is_link && let Some(real) = real_of(head) {
                declared.entry(real).or_default().push(head.clone());
            }
            if !folder.is_empty()
                && seen.insert(folder)
                && let Some(real) = real_of(folder)
            {
                declared.entry(real).or_default().push(folder.to_owned());
            }
        }
        Self { declared }
    }

    /// A path, and what it is called behind declared links.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let mut names = vec![path.to_owned()];
        if self.declared.is_empty() {
            return names;
        }
        for real in folders(path) {
            for declared in self.declared.get(real).into_iter().flatten() {
                names.push(format!("{declared}{}", &path[real.len()..]));
            }
        }
        names
    }
}

/// A path and the folders that lead to it, outermost first.
pub(super) fn folders(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    slashes
        .filter(|at| *at > 0)
        .chain([path.len()])
        .map(|end| &path[..end])
}

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
