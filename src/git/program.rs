//! How git is called: the same for every user, whatever is configured.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::git::GitError;
use crate::sys::inherited::temporary_folder;

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
