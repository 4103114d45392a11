//! The answers of `partitions`.

mod change;
mod list;
mod map;
mod show;
mod strip;

pub use change::changed_keys;
pub use list::partitions;
pub use map::mapped;
pub use show::shown_partitions;
