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
            "install git, or put it on PATH; `assetctl affected FILE…` works without it, on files that you name"
        )
    )]
    NotFound,
    /// The project is not in a repository.
    #[error("{} is in no git repository", folder.display())]
    #[diagnostic(
        code(assetctl::git::no_repository),
        help(
            "`git init` makes one; `assetctl affected FILE…` works without it, on files that you name"
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

impl GitError {
    /// Whether what was asked for is wrong, and not the machine.
    #[must_use]
    pub fn is_of_request(&self) -> bool {
        match self {
            Self::NoRepository { .. } | Self::UnknownRevision { .. } => true,
            Self::NotFound | Self::Failed { .. } | Self::Unusable { .. } => false,
        }
    }
}
