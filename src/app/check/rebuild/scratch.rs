//! A folder with a copy of only what an asset partition declares that it needs.
//!
//! Everything is copied, never linked: a command in scratch cannot write to what it was copied from. What is declared by an
//! absolute path is read where it is, and programs are found where the caller finds them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::hash::is_glob;
use crate::look::OWN_FOLDER;
use crate::model::{AssetId, Counted, PartitionRef, Place, Recipe, SourceAsset, SourcePath};
use crate::plan::{Cell, FoundSources, Role, Scope};
use crate::sys::file::copy_tree;
use crate::sys::inherited::temporary_folder;

/// The name of the copy of the project.
const PROJECT: &str = "project";

/// Stands for each folder above the project that something is declared in.
const ABOVE: &str = "above";

/// A project that holds only what is needed; removed when this is dropped.
pub(super) struct Scratch {
    _folder: TempDir,
    root: PathBuf,
}

impl Scratch {
    /// What the selected cell of a scope needs. `sources` is what was found of those in the scope.
    pub fn with_inputs(
        project: &OpenProject,
        scope: &Scope<'_>,
        sources: &FoundSources,
    ) -> Result<Self, AppError> {
        let mut needed = Needed {
            project,
            paths: BTreeSet::new(),
        };
        needed.paths.extend(project.graph().files().iter().cloned());
        for row in scope.rows() {
            for cell in row.cells() {
                needed.add(scope, row.asset, cell, sources)?;
            }
        }
        let scratch = Self::empty(&needed.paths, &temporary_folder(project.environment()))?;
        for path in &needed.paths {
            scratch.copy(project.root(), Path::new(path))?;
        }
        for row in scope.rows() {
            let asset = scope.graph().asset(row.asset);
            if let Some(recipe) = asset.and_then(|asset| asset.recipe.as_ref()) {
                let folder = scratch.root.join(&recipe.folder);
                fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, error))?;
            }
        }
        Ok(scratch)
    }

    /// The copy of the project's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of assetctl's own files there.
    pub fn own_folder(&self) -> PathBuf {
        self.root.join(OWN_FOLDER)
    }

    /// A project without files, as far down as the paths lead up.
    fn empty(paths: &BTreeSet<String>, temporary: &Path) -> Result<Self, AppError> {
        let folder = tempfile::Builder::new()
            .prefix("assetctl-rebuild-")
            .tempdir_in(temporary)
            .map_err(|error| unwritable(temporary, error))?;
        let above = |path: &String| Path::new(path).components().filter(is_up).count();
        let depth = paths.iter().map(above).max().unwrap_or(0);
        // The system's own temporary folder may be a link, and names in commands are real ones.
        let real = folder.path().canonicalize();
        let mut root = real.map_err(|error| unwritable(folder.path(), error))?;
        root.extend(std::iter::repeat_n(ABOVE, depth));
        root.push(PROJECT);
        let own = root.join(OWN_FOLDER);
        fs::create_dir_all(&own).map_err(|error| unwritable(&own, error))?;
        Ok(Self {
            _folder: folder,
            root,
        })
    }

    /// Copies what is at a relative path of the project, and where a link leads if that is relative too.
    fn copy(&self, root: &Path, path: &Path) -> Result<(), AppError> {
        let (from, to) = (root.join(path), self.root.join(path));
        if path.is_absolute() || fs::symlink_metadata(&to).is_ok() {
            return Ok(());
        }
        let Ok(metadata) = fs::symlink_metadata(&from) else {
            return Ok(());
        };
        let wrong = |error| unwritable(&to, error);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(wrong)?;
        }
        copy_tree(&from, &to).map_err(wrong)?;
        if metadata.is_symlink() {
            let target = fs::read_link(&from).map_err(wrong)?;
            if let Some(target) = led_to(path, &target) {
                return self.copy(root, &target);
            }
        }
        Ok(())
    }
}

/// The paths that a cell needs, relative to the project root or absolute.
struct Needed<'a> {
    project: &'a OpenProject,
    paths: BTreeSet<String>,
}

impl Needed<'_> {
    fn add(
        &mut self,
        scope: &Scope<'_>,
        id: AssetId,
        cell: Cell,
        sources: &FoundSources,
    ) -> Result<(), AppError> {
        let (_, partition) = scope.at(cell);
        if let Some(source) = scope.graph().source(id) {
            self.source(source, partition, sources.globbed.get(&cell));
            return Ok(());
        }
        let Some(asset) = scope.graph().asset(id) else {
            return Ok(());
        };
        if scope.role(cell) == Role::Selected {
            return asset.recipe.as_ref().map_or(Ok(()), |it| self.code(it));
        }
        let outputs = asset.outputs.iter();
        self.paths
            .extend(outputs.map(|output| output.path.path(partition).into_owned()));
        Ok(())
    }

    fn source(
        &mut self,
        source: &SourceAsset,
        partition: PartitionRef<'_>,
        globbed: Option<&Vec<String>>,
    ) {
        match &source.place {
            Place::Paths(paths) => {
                let exact = paths.iter().filter_map(|path| match path {
                    SourcePath::Exact(path) => Some(path.path(partition).into_owned()),
                    SourcePath::Glob(..) => None,
                });
                self.paths.extend(exact);
                self.paths.extend(globbed.into_iter().flatten().cloned());
            }
            Place::Value { path, .. } => {
                self.paths.insert(path.path(partition).into_owned());
            }
            Place::Observed { .. } => {}
        }
    }

    fn code(&mut self, recipe: &Recipe) -> Result<(), AppError> {
        let versions = self.project.versions()?;
        for (path, _) in &recipe.code.declared {
            if is_glob(path) {
                let counted = Counted::read(recipe.code.leaves_out_gitignored);
                let found = versions.expand(path, &recipe.code.except, counted)?;
                self.paths.extend(found);
            } else {
                self.paths.insert(path.clone());
            }
        }
        let tools = recipe.code.tools.iter().map(|(tool, _)| tool);
        let tools = tools.filter(|tool| tool.contains('/'));
        let more = recipe.code.candidates.iter().chain(tools);
        self.paths.extend(more.cloned());
        Ok(())
    }
}

/// Where a link at `path` leads, as paths of the project are written; `None` if that is absolute.
fn led_to(path: &Path, target: &Path) -> Option<PathBuf> {
    if target.is_absolute() {
        return None;
    }
    let mut led = path.parent()?.to_owned();
    for component in target.components() {
        match component {
            Component::ParentDir if !is_above(&led) => drop(led.pop()),
            Component::CurDir => {}
            other => led.push(other),
        }
    }
    Some(led)
}

/// Whether a path is the project root or above it.
fn is_above(path: &Path) -> bool {
    path.components().all(|component| is_up(&component))
}

fn is_up(component: &Component<'_>) -> bool {
    *component == Component::ParentDir
}

fn unwritable(path: &Path, source: io::Error) -> AppError {
    AppError::Unwritable {
        path: path.display().to_string(),
        source,
    }
}
