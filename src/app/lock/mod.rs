//! Everything that writes the lock file: one set of changes at the end of a verb, never one for each step.

mod bring;
mod diff;
mod evaluate;
mod file;
mod fold;
mod prune;
mod sources;

pub use bring::{lock, lock_fresh};
pub use diff::lock_diff;
pub use file::LockFile;
pub use fold::everything;
pub use prune::prune_lock;
pub use sources::{SourceLook, observed_changes, source_changes};
