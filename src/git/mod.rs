//! The repository that a project lies in: which files have changed since a revision, and what stood in them.
//!
//! `git` itself is asked, through its plumbing and with whatever a user's configuration could change set by hand. Nothing
//! here writes into the repository: neither its index nor a lock.

mod error;
mod files;
mod program;
mod repository;
mod sparse;
mod tracked;

pub use error::GitError;
pub use files::StoredFile;
pub use repository::{Change, ChangeKind, Commit, Repository};
pub use tracked::Tracked;
