//! Files that git ignores within the folders and globs that are read: a version holds them, and a clone does not have them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use crate::app::error::AppError;
use crate::app::project::Project;
use crate::hash::{GitIgnored, is_glob};
use crate::model::{
    AssetGraph, AssetId, Declaration, Gitignored, GitignoredFiles, PartitionRef, PathTemplate,
    Piece, Place, SourcePath,
};

/// How many files of one source or asset are named.
const NAMED: usize = 5;

/// Where more places than this are asked about, git is asked about all of the project.
const PLACES: usize = 500;

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

/// The places of a project that hold what is read of which ignored files count, or do not.
pub fn places_read(graph: &AssetGraph, gitignored: Gitignored) -> Vec<String> {
    let places = graph
        .ids()
        .filter(|id| rule_of(graph, *id) == Some(gitignored));
    outermost(places.flat_map(|id| places_of(graph, id)))
}

/// Files that git ignores and that are a part of what some versions are made of. Where git ignores all of it, as data often
/// is, nothing is told: a clone then has none of it.
pub fn gitignored_files(
    project: &Project,
    read: &BTreeMap<AssetId, Read>,
) -> Result<Vec<GitignoredFiles>, AppError> {
    let graph = project.graph();
    let counts = |id: &AssetId| rule_of(graph, *id) == Some(Gitignored::Counted);
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
fn held(project: &Project, ignored: &GitIgnored, read: &Read) -> Vec<String> {
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
fn is_part(project: &Project, folder: &Path, path: &Path) -> bool {
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

fn rule_of(graph: &AssetGraph, id: AssetId) -> Option<Gitignored> {
    match graph.get(id) {
        Declaration::Source(source) => Some(source.gitignored),
        Declaration::Asset(asset) => Some(asset.recipe.as_ref()?.code.gitignored),
    }
}

/// The paths and globs of a source, or of the code of an asset, up to where a partition is named.
fn places_of(graph: &AssetGraph, id: AssetId) -> Vec<String> {
    match graph.get(id) {
        Declaration::Source(source) => match &source.place {
            Place::Paths(paths) => paths.iter().map(place_of).collect(),
            Place::Value { .. } | Place::Observed { .. } => Vec::new(),
        },
        Declaration::Asset(asset) => {
            let code = asset.recipe.as_ref().map(|recipe| &recipe.code.declared);
            let code = code.into_iter().flatten();
            code.map(|(path, _)| path.clone()).collect()
        }
    }
}

fn place_of(path: &SourcePath) -> String {
    literal_head(path.template())
}

/// A path that names no partition as it is, and of another the folders before the first that does.
fn literal_head(template: &PathTemplate) -> String {
    if let Some(literal) = template.as_literal() {
        return literal.to_owned();
    }
    let first = match template.pieces().first() {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    let folders = first.rfind('/').map_or("", |end| &first[..end]);
    if folders.is_empty() { "." } else { folders }.to_owned()
}

/// Places without those that lie in another, and of globs the folder before what is to be matched.
fn outermost(places: impl Iterator<Item = String>) -> Vec<String> {
    let folder = |place: String| {
        let literal = place.find(['*', '?', '[', '{', '\\']);
        let Some(literal) = literal else {
            return place.trim_end_matches('/').to_owned();
        };
        let folders = place[..literal].rfind('/').map_or("", |end| &place[..end]);
        if folders.is_empty() { "." } else { folders }.to_owned()
    };
    let places: BTreeSet<String> = places.map(folder).collect();
    if places.contains(".") || places.len() > PLACES {
        let outside = places
            .iter()
            .filter(|place| place.starts_with(".."))
            .cloned();
        return std::iter::once(".".to_owned()).chain(outside).collect();
    }
    let mut outermost: Vec<String> = Vec::new();
    for place in places {
        let is_within = |outer: &String| Path::new(&place).starts_with(outer);
        if !outermost.last().is_some_and(is_within) {
            outermost.push(place);
        }
    }
    outermost
}

/// Whether git keeps a folder, as far as can be told without it.
fn is_in_repository(root: &Path) -> bool {
    root.ancestors().any(|above| above.join(".git").exists())
}
