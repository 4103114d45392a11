//! The repository that a project lies in: which files have changed since a revision, and what stood in them.
//!
//! `git` itself is asked, through its plumbing and with whatever a user's configuration could change set by hand. Nothing
//! here writes into the repository: neither its index nor a lock. Only asking what would be committed leaves objects in it,
//! which git would make for the commit.

mod error;
mod head;
mod index;
mod repository;
mod tracked;

pub use error::GitError;
pub use head::head_commit;
pub use index::{Checkout, Tree, TreeExtent};
pub use repository::{Change, ChangeKind, Commit, Repository, StoredFile};
pub use tracked::{Removed, Tracked};
