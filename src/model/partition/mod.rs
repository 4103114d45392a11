//! Partitions: keys, definitions, sets of keys, and mappings between definitions.

mod definition;
mod key;
mod mapping;
mod set;
mod time;

pub use definition::{PartitionKeys, PartitionsDefinition, StaticKeys};
pub use key::{InvalidPartitionKey, PartitionKey, PartitionSlot};
pub use mapping::{Mapped, PartitionMapping};
pub use set::PartitionSet;
pub use time::{Cadence, InvalidTimePartitions, TimePartitions, TimeSettings, TimeWindow};
