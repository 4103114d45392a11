//! Everything that writes the lock file: one set of changes at the end of a verb, never one for each step.

mod file;
mod fresh;
mod keys;
mod lines;
mod notice;
mod sources;
mod update;

pub use file::LockFile;
pub use fresh::lock_fresh;
pub use keys::{is_locked, key_changes, keys_of};
pub use lines::line_of;
pub use notice::DamagedLock;
pub use sources::{Look, observed_changes, source_changes};
pub use update::Changes;
