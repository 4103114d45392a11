//! Why git has no answer.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use miette::Diagnostic;
use thiserror::Error;

use crate::sys::inherited::temporary_folder;

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

/// Variables that say which repository is meant, or that start other programs. Within a hook they name the repository of
/// the commit; the one that is asked about is the one that holds the project.
const REMOVED: [&str; 9] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_WORK_TREE",
    "GIT_NAMESPACE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
    "GIT_TRACE",
];

/// Settings that could change an answer, start a process that stays, or write.
const SETTINGS: [&str; 4] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "diff.autoRefreshIndex=true",
];

/// The program, and the environment that it sees.
#[derive(Clone, Debug)]
pub(super) struct Git {
    environment: Vec<(OsString, OsString)>,
}

impl Git {
    /// Git as it is found with this environment.
    pub(super) fn new(environment: &[(OsString, OsString)]) -> Self {
        let kept = |(name, _): &&(OsString, OsString)| !REMOVED.iter().any(|it| name == it);
        Self {
            environment: environment.iter().filter(kept).cloned().collect(),
        }
    }

    /// Where temporary files go.
    pub(super) fn temporary(&self) -> PathBuf {
        temporary_folder(&self.environment)
    }

    /// The same with another file for its index.
    pub(super) fn with_index(&self, index: &Path) -> Self {
        let mut git = self.clone();
        git.environment
            .push(("GIT_INDEX_FILE".into(), index.into()));
        git
    }

    /// The same for files in another place than the work tree of the repository that is kept in `git_folder`.
    pub(super) fn with_work_tree(&self, git_folder: &Path, files: &Path) -> Self {
        let mut git = self.clone();
        git.environment.push(("GIT_DIR".into(), git_folder.into()));
        git.environment.push(("GIT_WORK_TREE".into(), files.into()));
        git
    }

    /// What git answers in `folder`, whether it succeeds or not.
    pub(super) fn ask(&self, folder: &Path, words: &[&str]) -> Result<Output, GitError> {
        self.start(folder, words, Stdio::null())
    }

    /// What git answers in `folder` when it reads `input`.
    pub(super) fn ask_with(
        &self,
        folder: &Path,
        words: &[&str],
        input: File,
    ) -> Result<Vec<u8>, GitError> {
        succeeded(self.start(folder, words, input.into())?)
    }

    /// What git prints in `folder`; an error if it fails.
    pub(super) fn read(&self, folder: &Path, words: &[&str]) -> Result<Vec<u8>, GitError> {
        succeeded(self.ask(folder, words)?)
    }

    fn start(&self, folder: &Path, words: &[&str], input: Stdio) -> Result<Output, GitError> {
        let mut command = Command::new("git");
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .arg("-C")
            .arg(folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let output = command.args(words).stdin(input).output();
        output.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => GitError::NotFound,
            _ => GitError::Unusable { source },
        })
    }
}

/// The answer of a git that succeeded.
pub(super) fn succeeded(output: Output) -> Result<Vec<u8>, GitError> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty());
    let message = first.map_or_else(
        || output.status.to_string(),
        |line| line.trim_start_matches("fatal: ").to_owned(),
    );
    Err(GitError::Failed { message })
}
