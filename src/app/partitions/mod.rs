//! The verbs of `partitions`: which keys there are, how they map, how they are, and keys that come and go.

mod change;
mod list;
mod map;
mod show;

pub use change::change_keys;
pub use list::list_partitions;
pub use map::map_partitions;
pub use show::show_partitions;
