//! Why git has no answer.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why git has no answer.
#[derive(Debug, Error, Diagnostic)]
pub enum GitError {
    /// There is no program of this name.
    #[error("`git` is not found")]
    #[diagnostic(
        code(assetctl::git::not_found),
        help(
            "install git, or put it on PATH; without it `check` judges the work tree, and `affected FILE…` takes files by name"
        )
    )]
    NotFound,
    /// The project is not in a repository.
    #[error("{} is not in a git repository", folder.display())]
    #[diagnostic(
        code(assetctl::git::no_repository),
        help(
            "`git init` makes one; without it `check` judges the work tree, and `affected FILE…` takes files by name"
        )
    )]
    NoRepository {
        /// The project.
        folder: PathBuf,
    },
    /// The repository has no such commit.
    #[error("there is no revision `{revision}`")]
    #[diagnostic(code(assetctl::git::unknown_revision), help("{help}"))]
    UnknownRevision {
        /// As it was written.
        revision: String,
        /// Similar names, or where revisions are listed.
        help: String,
    },
    /// Nothing can be committed from this index.
    #[error("the index is unmerged: {paths}")]
    #[diagnostic(
        code(assetctl::git::unmerged),
        help(
            "resolve the conflicts and `git add` the files; without `--staged` the work tree is judged"
        )
    )]
    Unmerged {
        /// The files that are in conflict.
        paths: String,
    },
    /// The project would not be part of a commit.
    #[error("{path} is not in the index")]
    #[diagnostic(
        code(assetctl::git::not_staged),
        help("`git add {path}`; without `--staged` the work tree is judged")
    )]
    NotStaged {
        /// The main file of the manifest, relative to the project.
        path: String,
    },
    /// Git refused, in its own words.
    #[error("git failed: {message}")]
    #[diagnostic(
        code(assetctl::git::failed),
        help("`git status` in the project's folder should say the same")
    )]
    Failed {
        /// What it wrote to standard error.
        message: String,
    },
    /// A process could not be started, or a file not be written.
    #[error("git cannot be asked: {source}")]
    #[diagnostic(
        code(assetctl::git::unusable),
        help("make git executable, and make room in the folder for temporary files")
    )]
    Unusable {
        /// What the system said.
        #[from]
        source: io::Error,
    },
}

/// How many files in conflict are named.
const NAMED: usize = 5;

impl GitError {
    /// Files are in conflict.
    pub(super) fn unmerged(paths: &[String]) -> Self {
        let named = paths.iter().take(NAMED).map(|path| format!("`{path}`"));
        let named = named.collect::<Vec<_>>().join(", ");
        let paths = match paths.len().saturating_sub(NAMED) {
            0 => named,
            more => format!("{named} and {more} more"),
        };
        Self::Unmerged { paths }
    }

    /// Whether what was asked for is wrong, and not the machine.
    #[must_use]
    pub fn is_of_request(&self) -> bool {
        match self {
            Self::NoRepository { .. }
            | Self::UnknownRevision { .. }
            | Self::Unmerged { .. }
            | Self::NotStaged { .. } => true,
            Self::NotFound | Self::Failed { .. } | Self::Unusable { .. } => false,
        }
    }
}
