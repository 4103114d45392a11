//! Files that git ignores within the folders and globs that are read: a version holds them, and a clone does not have them.

use crate::app::places_read::{leaves_out_gitignored, outermost, places_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use crate::answer::GitignoredFiles;
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::hash::{GitIgnored, is_glob};
use crate::model::{AssetId, PartitionRef, SourcePath};

/// How many files of one source or asset are named.
const NAMED: usize = 5;

/// What the versions of a source, or of the code of an asset, are made of.
#[derive(Debug, Default)]
pub struct Read {
    /// Paths that may be folders.
    pub paths: BTreeSet<String>,
    /// Files that globs match.
    pub matches: BTreeSet<String>,
}

/// The paths of a source that are no globs.
pub fn exact_paths<'p>(
    paths: &'p [SourcePath],
    partition: PartitionRef<'p>,
) -> impl Iterator<Item = String> + 'p {
    paths.iter().filter_map(move |path| match path {
        SourcePath::Exact(path) => Some(path.path(partition).into_owned()),
        SourcePath::Glob(..) => None,
    })
}

/// Files that git ignores and that are a part of what some versions are made of. Where git ignores all of it, as data often
/// is, nothing is reported: a clone then has none of it.
pub fn gitignored_files(
    project: &OpenProject,
    read: &BTreeMap<AssetId, Read>,
) -> Result<Vec<GitignoredFiles>, AppError> {
    let graph = project.graph();
    let counts = |id: &AssetId| leaves_out_gitignored(graph, *id) == Some(false);
    let is_searched = |place: &String| is_glob(place) || project.root().join(place).is_dir();
    let places = read.keys().copied().filter(counts);
    let places = places
        .flat_map(|id| places_of(graph, id))
        .filter(is_searched);
    let places = outermost(places);
    if places.is_empty() || !is_in_repository(project.root()) {
        return Ok(Vec::new());
    }
    let ignored = project.git_ignored_below(&places)?;
    if ignored.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (id, read) in read.iter().filter(|(id, _)| counts(id)) {
        let paths = held(project, &ignored, read);
        if !paths.is_empty() {
            found.push(GitignoredFiles {
                asset: graph.key(*id).clone(),
                count: paths.len() as u32,
                paths: paths.into_iter().take(NAMED).collect(),
            });
        }
    }
    Ok(found)
}

/// The ignored files and folders among what is read.
fn held(project: &OpenProject, ignored: &GitIgnored, read: &Read) -> Vec<String> {
    let is_ignored = |path: &&String| ignored.hold(Path::new(path.as_str()));
    let mut paths: Vec<String> = read.matches.iter().filter(is_ignored).cloned().collect();
    if paths.len() == read.matches.len() {
        paths.clear();
    }
    for folder in read.paths.iter().filter(|path| !is_ignored(path)) {
        let below = ignored.below(Path::new(folder));
        let below = below.filter(|path| is_part(project, Path::new(folder), path));
        paths.extend(below.map(|path| path.display().to_string()));
    }
    paths
}

/// Whether something in a folder is a part of its version, and a file or a folder with a file.
fn is_part(project: &OpenProject, folder: &Path, path: &Path) -> bool {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    let is_left_out = |path: &Path| project.ignore().matches(path);
    let mut above = inner.ancestors().filter(|it| !it.as_os_str().is_empty());
    if above.any(|above| is_left_out(&folder.join(above))) {
        return false;
    }
    let root = project.root();
    let is_kept =
        |entry: &DirEntry| !is_left_out(entry.path().strip_prefix(root).unwrap_or(entry.path()));
    let entries = WalkDir::new(root.join(path)).into_iter();
    let mut entries = entries.filter_entry(is_kept).flatten();
    entries.any(|entry| !entry.file_type().is_dir())
}

/// Whether git keeps a folder, as far as can be told without it.
fn is_in_repository(root: &Path) -> bool {
    root.ancestors().any(|above| above.join(".git").exists())
}
