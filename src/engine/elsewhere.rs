//! Sources whose content is elsewhere: Git LFS has left a pointer in its place, or a sparse checkout has left it out.
//!
//! Nothing of it is told by a version, so it is looked for only where a source is not what it should be.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::engine::gather::FoundSources;
use crate::engine::workspace::Workspace;
use crate::hash::glob_matches;
use crate::model::{PartitionRef, Place, SourcePath, WhyUnverifiable};
use crate::plan::{Cell, Scope};

/// How Git LFS begins what it leaves in place of a file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Pointers are smaller than this, in bytes.
const POINTER_SIZE: u64 = 1024;

/// Why the content of a source is not here, and the first of its files of which that is so, relative to the project root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Why.
    pub why: WhyUnverifiable,
    /// The file.
    pub path: String,
}

/// Whether the content of a source is elsewhere. `left_out` are the files that a sparse checkout leaves out, absolute and
/// without links.
#[must_use]
pub fn find_elsewhere(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    found: &FoundSources,
    left_out: &[PathBuf],
    cell: Cell,
) -> Option<Elsewhere> {
    let (id, partition) = scope.at(cell);
    let source = workspace.graph.source(id)?;
    let root = workspace.root.canonicalize().ok()?;
    let looking = Looking {
        root: &root,
        left_out,
    };
    match &source.place {
        Place::Paths(paths) => {
            let globbed = found.globbed.get(&cell).into_iter().flatten();
            let mut globbed = globbed.filter_map(|path| looking.pointer(path));
            globbed
                .next()
                .or_else(|| paths.iter().find_map(|path| looking.at(path, partition)))
        }
        Place::Value { path, .. } => looking.exact(&path.path(partition)),
        Place::Observed { .. } => None,
    }
}

struct Looking<'a> {
    root: &'a Path,
    left_out: &'a [PathBuf],
}

impl Looking<'_> {
    fn at(&self, path: &SourcePath, partition: PartitionRef<'_>) -> Option<Elsewhere> {
        match path {
            SourcePath::Exact(path) => self.exact(&path.path(partition)),
            SourcePath::Glob(pattern) => {
                let pattern = pattern.path(partition);
                self.not_checked_out(|path| glob_matches(&pattern, path).unwrap_or(false))
            }
        }
    }

    /// A file, or a directory with all that is in it.
    fn exact(&self, path: &str) -> Option<Elsewhere> {
        let declared = Path::new(path);
        self.pointer(path)
            .or_else(|| self.not_checked_out(|path| Path::new(path).starts_with(declared)))
    }

    fn not_checked_out(&self, concerns: impl Fn(&str) -> bool) -> Option<Elsewhere> {
        let below = |path: &PathBuf| Some(path.strip_prefix(self.root).ok()?.to_str()?.to_owned());
        let path = self
            .left_out
            .iter()
            .filter_map(below)
            .find(|path| concerns(path))?;
        Some(Elsewhere {
            why: WhyUnverifiable::NotCheckedOut,
            path,
        })
    }

    fn pointer(&self, path: &str) -> Option<Elsewhere> {
        let full = self.root.join(path);
        let pointer = if full.is_dir() {
            let files = WalkDir::new(&full)
                .sort_by_file_name()
                .into_iter()
                .flatten();
            let mut files = files.filter(|entry| entry.file_type().is_file());
            files.find(|entry| is_pointer(entry.path()))?.into_path()
        } else {
            is_pointer(&full).then_some(full)?
        };
        let told = pointer.strip_prefix(self.root).unwrap_or(&pointer);
        Some(Elsewhere {
            why: WhyUnverifiable::LfsPointer,
            path: told.to_string_lossy().into_owned(),
        })
    }
}

/// Whether Git LFS has left a pointer here.
fn is_pointer(path: &Path) -> bool {
    let is_small = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() < POINTER_SIZE);
    let beginning = || {
        let mut read = [0; POINTER.len()];
        File::open(path)?.read_exact(&mut read)?;
        Ok::<_, std::io::Error>(read)
    };
    is_small && beginning().is_ok_and(|read| read == POINTER)
}
