//! Paths that have changed, as templates name them: relative to the project root, and absolute outside of it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::git::{Change, ChangeKind};

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
