//! Everything that writes the lock file: one set of changes at the end of a verb, never one for each step.

mod apart;
mod bring;
mod compare;
mod count;
mod diff;
mod file;
mod fold;
mod fresh;
mod keys;
mod lines;
mod notice;
mod part;
mod prune;
mod right;
mod sources;
mod update;

pub use bring::lock;
pub use diff::lock_diff;
pub use file::LockFile;
pub use fold::everything;
pub use fresh::lock_fresh;
pub use keys::{is_locked, key_changes, keys_of};
pub use lines::line_of;
pub use notice::DamagedLock;
pub use prune::prune_lock;
pub use sources::{Look, observed_changes, source_changes};
pub use update::Changes;
