//! Everything that writes the lock file: one set of changes at the end of a verb, never one for each step.

mod bring;
mod diff;
mod file;
mod fold;
mod fresh;
mod notice;
mod part;
mod prune;
mod sources;

pub use bring::lock;
pub use diff::lock_diff;
pub use file::LockFile;
pub use fold::everything;
pub use fresh::lock_fresh;
pub use notice::DamagedLock;
pub use prune::prune_lock;
pub use sources::{SourceLook, observed_changes, source_changes};
