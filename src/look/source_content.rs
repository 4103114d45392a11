//! What the versions of sources stand for: kept when something was made from them, and compared to tell why
//! something is not fresh.
//!
//! Sources whose content is elsewhere: Git LFS or git-annex has left a pointer or a link in its place, or a sparse checkout
//! has left it out.
//!
//! Nothing of it is told by a version, so it is looked for only where a source is not what it should be.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::answer::WhyUnverifiable;
use crate::hash::{Exceptions, HashError, glob_matches};
use crate::look::gather::{paths_of_source, watched};
use crate::look::workspace::Workspace;
use crate::model::{
    Cause, Counted, DataDetail, DataVersion, PartitionRef, Place, SourceAsset, SourceContent,
    SourcePath, exceptions,
};
use crate::plan::{Cell, Evaluation, FoundSources, Known, Row, Scope};
use crate::store::{Store, StoreError};

/// For how many versions it is kept at most after a run: the next run goes on.
const MOST: usize = 1000;

/// How many partitions of a source are looked at for it.
const LOOKED_AT: usize = 10_000;

/// Keeps what the sources of an evaluation are made of, where that is more than one file and not known yet.
pub fn keep_source_content(
    workspace: &Workspace<'_>,
    store: &mut Store,
    evaluation: &Evaluation<'_>,
) -> Result<(), StoreError> {
    let scope = evaluation.scope();
    let mut contents = Vec::new();
    for (row, source) in scope.source_rows() {
        if !has_content(workspace, evaluation, row, source) {
            continue;
        }
        for (cell, index) in row.cells().zip(row.set.iter()).take(LOOKED_AT) {
            let known = evaluation.facts().versions[row.versions_of(cell).start];
            let Known::Version(version) = known else {
                continue;
            };
            if contents.len() >= MOST || store.has_source_content(version)? {
                continue;
            }
            if let Some((found, content)) = evaluation.content(workspace, cell)
                && found == version
            {
                let slot = scope.keys(row.asset).slot(index);
                contents.push((source.key.clone(), slot, version, content));
            }
        }
    }
    store.keep_source_content(&contents)
}

/// Whether a source is a value, a folder or what globs match: the first of its partitions says so for all.
fn has_content(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    row: &Row,
    source: &SourceAsset,
) -> bool {
    match &source.place {
        Place::Value { .. } => true,
        Place::Paths(paths) => {
            let first = row.cells().next();
            let path = first.and_then(|cell| evaluation.scope().source_path(cell));
            match (paths.as_slice(), path) {
                ([SourcePath::Exact(_)], Some(path)) => workspace.resolve(&path).is_dir(),
                _ => true,
            }
        }
        Place::Observed { .. } => false,
    }
}

impl Evaluation<'_> {
    /// What a source is made of now, with its version; `None` where that is one file, or cannot be told.
    fn content(
        &self,
        workspace: &Workspace<'_>,
        cell: Cell,
    ) -> Option<(DataVersion, SourceContent)> {
        if let Some(text) = self.sources().value_text(cell) {
            let version = self.versions(cell)[0].version()?;
            return Some((version, SourceContent::of_value(text)));
        }
        let (id, partition) = self.scope().at(cell);
        let source = workspace.graph.source(id)?;
        if let [watched] = watched(source, partition).as_slice()
            && let Some(look) = workspace.versions.judged_look(watched)
        {
            return Some((look.version()?, SourceContent::of_files(look.files())));
        }
        let (version, paths) = paths_of_source(workspace, self.scope(), cell)?;
        let counted = Counted::read(source.leaves_out_gitignored);
        let files = match &source.place {
            Place::Paths(places) if matches!(places[..], [SourcePath::Exact(_)]) => {
                let folder = paths.first().filter(|it| workspace.resolve(it).is_dir())?;
                workspace.versions.files_below(folder, counted).ok()?
            }
            _ => files_at(workspace, &paths, counted).ok()?,
        };
        Some((version, SourceContent::of_files(files)))
    }

    /// Names the files of changed folders and globs in causes, and in what they come from.
    pub fn name_files(&self, workspace: &Workspace<'_>, store: &Store, causes: &mut [Cause]) {
        for cause in causes {
            let Cause::Data(change) = cause else {
                continue;
            };
            self.name_files(workspace, store, &mut change.root);
            let graph = self.scope().graph();
            let Some(id) = graph.find(change.asset.as_str()) else {
                continue;
            };
            let cell = self.scope().find(id, change.partition.as_ref());
            if let (Some(cell), Some(old), Some(_), None, Some(_)) = (
                cell,
                change.old,
                change.new,
                &change.detail,
                graph.source(id),
            ) {
                change.detail = self.files_detail(workspace, store, cell, old);
            }
        }
    }

    fn files_detail(
        &self,
        workspace: &Workspace<'_>,
        store: &Store,
        cell: Cell,
        old: DataVersion,
    ) -> Option<DataDetail> {
        let old = store.source_content(old).ok()??;
        let (_, new) = self.content(workspace, cell)?;
        match (old, new) {
            (SourceContent::Files(old), SourceContent::Files(new)) => {
                Some(DataDetail::Files(old.changes(&new)))
            }
            (SourceContent::TooMany(files), _) | (_, SourceContent::TooMany(files)) => {
                Some(DataDetail::TooManyFiles(files))
            }
            _ => None,
        }
    }
}

/// The files at and below paths.
fn files_at(
    workspace: &Workspace<'_>,
    paths: &[String],
    counted: Counted,
) -> Result<Vec<(String, DataVersion)>, HashError> {
    let mut files = Vec::new();
    for path in paths {
        if workspace.resolve(path).is_dir() {
            files.extend(workspace.versions.files_below(path, counted)?);
        } else if let Some(version) = workspace.versions.of_input(path, counted)?.version() {
            files.push((path.clone(), version));
        }
    }
    Ok(files)
}

/// How Git LFS begins what it leaves in place of a file.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// How git-annex begins what it leaves in place of an unlocked file.
const ANNEX_POINTER: &[u8] = b"/annex/objects/";

/// Where the links of git-annex lead.
const ANNEX_OBJECTS: &str = ".git/annex/objects/";

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
            SourcePath::Glob(pattern, except) => {
                let pattern = pattern.path(partition);
                let except = Exceptions::new(&exceptions(except, partition)).unwrap_or_default();
                let matches = |path: &str| {
                    glob_matches(&pattern, path).unwrap_or(false) && !except.take(Path::new(path))
                };
                self.not_checked_out(matches)
                    .or_else(|| self.annex_link_below(folder_of(&pattern), matches))
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
        if !full.is_dir() {
            return Some(self.found(left_for(&full)?, &full));
        }
        let entries = WalkDir::new(&full).sort_by_file_name().into_iter();
        let mut entries = entries.flatten();
        entries.find_map(|entry| Some(self.found(left_for(entry.path())?, entry.path())))
    }

    /// The first link of git-annex in a folder that leads nowhere and is of concern: a glob does not match it.
    fn annex_link_below(&self, folder: &str, concerns: impl Fn(&str) -> bool) -> Option<Elsewhere> {
        let entries = WalkDir::new(self.root.join(folder)).sort_by_file_name();
        let links = entries.into_iter().flatten();
        let mut links = links.filter(|entry| is_annex_link(entry.path()));
        let is_concerned = |path: &Path| {
            let below = path.strip_prefix(self.root).ok();
            below.and_then(Path::to_str).is_some_and(&concerns)
        };
        let link = links.find(|entry| is_concerned(entry.path()))?;
        Some(self.found(WhyUnverifiable::AnnexLink, link.path()))
    }

    fn found(&self, why: WhyUnverifiable, path: &Path) -> Elsewhere {
        let told = path.strip_prefix(self.root).unwrap_or(path);
        let path = told.to_string_lossy().into_owned();
        Elsewhere { why, path }
    }
}

/// The folders of a glob before the first in which something is to be matched.
fn folder_of(pattern: &str) -> &str {
    let literal = pattern.find(['*', '?', '[', '{', '\\']);
    let literal = &pattern[..literal.unwrap_or(pattern.len())];
    literal.rfind('/').map_or("", |end| &literal[..end])
}

/// Whose stand-in lies at a path, if one does.
fn left_for(path: &Path) -> Option<WhyUnverifiable> {
    if is_annex_link(path) {
        return Some(WhyUnverifiable::AnnexLink);
    }
    let is_small = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() < POINTER_SIZE);
    if !is_small {
        return None;
    }
    let mut read = Vec::new();
    let file = File::open(path).ok()?;
    file.take(POINTER_SIZE).read_to_end(&mut read).ok()?;
    if read.starts_with(POINTER) {
        Some(WhyUnverifiable::LfsPointer)
    } else {
        let is_annexed = read.starts_with(ANNEX_POINTER);
        is_annexed.then_some(WhyUnverifiable::AnnexLink)
    }
}

/// Whether a path is a link into the store of git-annex whose content is not there.
fn is_annex_link(path: &Path) -> bool {
    let target = fs::read_link(path);
    let into_annex = target.is_ok_and(|target| target.to_string_lossy().contains(ANNEX_OBJECTS));
    into_annex && !path.exists()
}
