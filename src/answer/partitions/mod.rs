//! What the verbs of `partitions` answer.
//!
//! Keys stand in these reports as the keys of a definition and a set of indexes into them, so that a million keys cost
//! what a few ranges do until they are written.

mod change;
mod list;
mod map;
mod show;

pub use change::{ChangedKeys, KeysReport};
pub use list::{ListedDimension, ListedKeys, ListedSchedule, PartitionsReport};
pub use map::{KeySet, MapReport, MappedKeys};
pub use show::{ShownPartitions, ShownRow};
