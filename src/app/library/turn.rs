//! Several instances of one project take turns on disk.
//!
//! Runs on one instance find each other by its leases. Runs on several know nothing of each other and write the same outputs:
//! at once, one could read what the other is just about to replace. So within a process those of one instance at a time work in a
//! project; they may be many. Between processes nobody keeps the turn, as nobody does for `--home` of the command line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::app::library::error::Error;

/// By project root, who works there.
static TURNS: LazyLock<Mutex<HashMap<PathBuf, Holder>>> = LazyLock::new(Mutex::default);
static ENDED: Condvar = Condvar::new();

#[derive(Debug)]
struct Holder {
    home: PathBuf,
    /// The thread of each of its runs.
    threads: Vec<ThreadId>,
}

/// The right to write in a project, until it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn {
    root: PathBuf,
    thread: ThreadId,
}

impl Turn {
    /// Waits until no run on another instance works in the project.
    ///
    /// # Errors
    ///
    /// If this thread is within a run there already, which would wait for the one that waits for it.
    pub(super) fn wait(root: &Path, home: &Path) -> Result<Self, Error> {
        let thread = thread::current().id();
        let is_within = |holder: &Holder| holder.threads.contains(&thread);
        if turns().get(root).is_some_and(is_within) {
            return Err(Error::WithinRun);
        }
        let is_others = |turns: &mut HashMap<PathBuf, Holder>| {
            turns.get(root).is_some_and(|holder| holder.home != home)
        };
        let waited = ENDED.wait_while(turns(), is_others);
        let mut turns = waited.unwrap_or_else(PoisonError::into_inner);
        let holder = turns.entry(root.to_owned()).or_insert_with(|| Holder {
            home: home.to_owned(),
            threads: Vec::new(),
        });
        holder.threads.push(thread);
        Ok(Self {
            root: root.to_owned(),
            thread,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = turns();
        if let Some(holder) = turns.get_mut(&self.root) {
            holder.threads.retain(|thread| *thread != self.thread);
            if holder.threads.is_empty() {
                turns.remove(&self.root);
                ENDED.notify_all();
            }
        }
    }
}

/// Valid between any two statements, so a panic elsewhere does not spoil it.
fn turns() -> MutexGuard<'static, HashMap<PathBuf, Holder>> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}
