//! `check --staged`: the project as git would commit it.
//!
//! The index is checked out into a folder of assetctl's own, which git keeps up to date, so that a call costs little more
//! than looking at what changed. There is no instance there, and nothing that git does not track: such sources are taken
//! from the lock file, and such outputs are absent, as in a fresh clone.
//!
//! A project in a subfolder is checked out without what lies beside it, unless it reads from there.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::app::error::AppError;
use crate::app::project::{MANIFEST_CACHE, Surroundings};
use crate::git::{Checkout, GitError, Repository, Tree, TreeExtent};
use crate::look::OWN_FOLDER;
use crate::manifest::{self, MANIFEST};
use crate::model::{
    Asset, AssetGraph, Declaration, PartitionsDefinition, PathTemplate, Piece, Place, SourceAsset,
};

/// The checkout, in the project's own folder.
const STAGED: &str = "staged";

/// Stands beside the checkout while the project needs what lies beside it.
const WHOLE: &str = "staged.whole";

/// A project as it would be committed. No other process judges it until this is dropped.
#[derive(Debug)]
pub(super) struct StagedProject {
    surroundings: Surroundings,
    repository: Repository,
    _checkout: Checkout,
}

impl StagedProject {
    /// What a verb may know that looks at it.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The repository, with the checkout in the place of the work tree.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }
}

/// Checks out what is staged of the project that `surroundings` lie in.
///
/// # Errors
///
/// If there is no git repository, if it is unmerged, or if the project is not in the index.
pub(super) fn check_out_staged(surroundings: &Surroundings) -> Result<StagedProject, AppError> {
    let root = manifest::find(&surroundings.directory)?.0;
    let repository = Repository::open(&root, &surroundings.environment)?;
    let tree = repository.staged(&surroundings.environment)?;
    let not_staged = || GitError::NotStaged {
        path: MANIFEST.to_owned(),
    };
    if !repository.has(&tree, MANIFEST)? {
        return Err(not_staged().into());
    }
    let own = own_folder(&root).map_err(|source| AppError::Unwritable {
        path: root.join(OWN_FOLDER).display().to_string(),
        source,
    })?;
    let checkout = Checkout::at(own.join(STAGED))?;
    let staged = Staged {
        surroundings,
        repository: &repository,
        tree: &tree,
        checkout: &checkout,
    };
    staged.check_out(&own.join(WHOLE))?;
    let directory = checkout.place(&repository);
    // Without a `[project]` table in what is staged, one above would be taken that has it.
    if manifest::find(&directory)?.0 != directory {
        return Err(not_staged().into());
    }
    Ok(StagedProject {
        surroundings: Surroundings {
            directory,
            home: None,
            default_home: None,
            dotenv: Some(root),
            ..surroundings.clone()
        },
        repository: checkout.repository(&repository),
        _checkout: checkout,
    })
}

/// The folder of assetctl's own files, made as one that git ignores.
fn own_folder(root: &Path) -> io::Result<PathBuf> {
    let own = root.join(OWN_FOLDER);
    fs::create_dir_all(&own)?;
    match fs::File::create_new(own.join(".gitignore")) {
        Ok(mut file) => file.write_all(b"*\n")?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(own)
}

/// What is staged, and where it goes.
struct Staged<'a> {
    surroundings: &'a Surroundings,
    repository: &'a Repository,
    tree: &'a Tree,
    checkout: &'a Checkout,
}

impl Staged<'_> {
    /// Checks out the project, with what lies beside it where it reads that. The file `whole` remembers this, so that the
    /// next call does not find out anew.
    fn check_out(&self, whole: &Path) -> Result<(), AppError> {
        if whole.exists() {
            if !self.reads_outside(TreeExtent::Whole)? {
                // Where it cannot be removed, more is checked out than need be.
                drop(fs::remove_file(whole));
            }
            return Ok(());
        }
        if self.reads_outside(TreeExtent::Folder)? {
            fs::write(whole, "").map_err(GitError::from)?;
            self.repository
                .check_out(self.tree, TreeExtent::Whole, self.checkout)?;
        }
        Ok(())
    }

    /// Checks out files, and says whether the project reads what lies beside it.
    fn reads_outside(&self, extent: TreeExtent) -> Result<bool, AppError> {
        self.repository
            .check_out(self.tree, extent, self.checkout)?;
        let root = self.checkout.place(self.repository);
        // What is learnt about files is kept only where there is a folder for it.
        let own = root.join(OWN_FOLDER);
        fs::create_dir_all(&own).map_err(GitError::from)?;
        let key = self.surroundings.cache_key(&root);
        let compiled = manifest::load_compiled(&root, &own.join(MANIFEST_CACHE), key.as_ref())?;
        Ok(reads_outside(&compiled.graph))
    }
}

/// Whether anything that is declared lies outside of the project's folder, by a path relative to it.
fn reads_outside(graph: &AssetGraph) -> bool {
    let definitions = graph.definitions().iter();
    let partitions = definitions.filter_map(|declared| match &declared.definition {
        PartitionsDefinition::Files(path)
        | PartitionsDefinition::Time {
            exists: Some(path), ..
        } => Some(path),
        _ => None,
    });
    partitions.into_iter().any(is_outside)
        || graph.ids().any(|id| match graph.get(id) {
            Declaration::Source(source) => source_is_outside(source),
            Declaration::Asset(asset) => asset_is_outside(asset),
        })
}

fn source_is_outside(source: &SourceAsset) -> bool {
    match &source.place {
        Place::Paths(paths) => paths.iter().any(|path| is_outside(path.template())),
        Place::Value { path, .. } => is_outside(path),
        Place::Observed { .. } => false,
    }
}

fn asset_is_outside(asset: &Asset) -> bool {
    let code = asset.recipe.as_ref().is_some_and(|recipe| {
        let code = &recipe.code;
        let placed = code.declared.iter().chain(&code.tools);
        let mut paths = placed.map(|(path, _)| path).chain(&code.candidates);
        paths.any(|path| climbs(path))
    });
    code || asset.outputs.iter().any(|it| is_outside(&it.path))
}

fn is_outside(path: &PathTemplate) -> bool {
    matches!(path.pieces().first(), Some(Piece::Text(text)) if climbs(text))
}

fn climbs(path: &str) -> bool {
    path == ".." || path.starts_with("../")
}
