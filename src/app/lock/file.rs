//! The lock file as a verb finds it and changes it.
//!
//! It is read before anything is done, so that a file of a later version stops the verb and is never overwritten. Between
//! that and the end others may have written it: the change is made to what is there then, under a lock between processes,
//! so that no line is lost.

use std::fs;
use std::io;

use crate::app::error::AppError;
use crate::app::lock::fold::updated;
use crate::app::lock::notice::DamagedLock;
use crate::app::lock::update::Changes;
use crate::app::notice::Notice;
use crate::app::project::Project;
use crate::engine::OWN_FOLDER;
use crate::hash::Versions;
use crate::lockfile::{self, FILE_NAME, Parsed};
use crate::model::Lock;
use crate::sys::lock::FileLock;

/// The file that is locked while the lock file is changed, in the project's own folder.
const GUARD: &str = "lockfile.lock";

/// The lock file of a project as it was found.
#[derive(Debug)]
pub struct LockFile {
    /// Its bytes; `None` where there is no file.
    bytes: Option<Vec<u8>>,
    lock: Lock,
    state: State,
}

/// How the file was found.
#[derive(Debug)]
enum State {
    /// As it is written, or not at all.
    Tidy,
    /// As a merge leaves it.
    Untidy,
    /// With lines that cannot be read, or without a header.
    Damaged(Option<DamagedLock>),
}

impl LockFile {
    /// Reads it. Of a damaged file the lines that can be read count.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is of a later version.
    pub fn read(project: &Project) -> Result<Self, AppError> {
        let bytes = match fs::read(project.root().join(FILE_NAME)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    bytes: None,
                    lock: Lock::default(),
                    state: State::Tidy,
                });
            }
            Err(source) => {
                let path = FILE_NAME.to_owned();
                return Err(AppError::Unreadable { path, source });
            }
        };
        let (lock, state) = match lockfile::parse(FILE_NAME, &bytes) {
            Ok(Parsed { lock, tidy: true }) => (lock, State::Tidy),
            Ok(Parsed { lock, tidy: false }) => (lock, State::Untidy),
            Err(_) => {
                let (lock, damaged) = lockfile::salvage(FILE_NAME, &bytes)?;
                (lock, State::Damaged(DamagedLock::of(damaged)))
            }
        };
        Ok(Self {
            bytes: Some(bytes),
            lock,
            state,
        })
    }

    /// What it holds.
    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// What it holds, if there is such a file and it is not damaged.
    #[must_use]
    pub fn sound(&self) -> Option<&Lock> {
        let is_damaged = matches!(self.state, State::Damaged(_));
        (self.exists() && !is_damaged).then_some(&self.lock)
    }

    /// Whether there is such a file.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.bytes.is_some()
    }

    /// What the user should know of it, if it is to be written.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        match &self.state {
            State::Damaged(damage) => damage.iter().cloned().map(Notice::DamagedLock).collect(),
            State::Tidy | State::Untidy => Vec::new(),
        }
    }

    /// Changes it, and gives what it holds now. Where nothing changes it is
    /// written only to put in order what a merge or a torn write has left.
    ///
    /// # Errors
    ///
    /// If it cannot be written. What was read before may be of a later version by now.
    pub fn change(
        self,
        project: &Project,
        versions: &Versions<'_>,
        changes: &Changes,
    ) -> Result<Lock, AppError> {
        if changes.is_empty() && matches!(self.state, State::Tidy) {
            return Ok(self.lock);
        }
        let _guard = guard(project)?;
        let now = self.read_again(project)?;
        let is_there = now.exists();
        let new = updated(project, versions, now.lock, changes)?;
        if !is_there && is_empty(&new) {
            return Ok(new);
        }
        lockfile::write(project.root(), &new)?;
        // It was written just now, and would be too young to be sealed.
        if let Ok(settled) = versions.settle(FILE_NAME, FILE_NAME) {
            versions.adopt(FILE_NAME, &settled);
        }
        Ok(new)
    }

    /// The same file, read again if somebody has written it since.
    fn read_again(self, project: &Project) -> Result<Self, AppError> {
        let now = fs::read(project.root().join(FILE_NAME)).ok();
        if now == self.bytes {
            Ok(self)
        } else {
            Self::read(project)
        }
    }
}

fn is_empty(lock: &Lock) -> bool {
    lock.assets.is_empty() && lock.sources.is_empty() && lock.added.is_empty()
}

/// Keeps other processes from changing the lock file meanwhile.
fn guard(project: &Project) -> Result<FileLock, AppError> {
    let own = project.root().join(OWN_FOLDER);
    let held = fs::create_dir_all(&own).and_then(|()| FileLock::exclusive(&own.join(GUARD)));
    held.map_err(|source| AppError::Unwritable {
        path: format!("{FILE_NAME}: {OWN_FOLDER}/{GUARD}"),
        source,
    })
}
