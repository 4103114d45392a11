//! Partitions: keys, definitions, sets of keys, and mappings between definitions.

mod definition;
mod existing;
mod key;
mod keys;
mod mapping;
mod multi;
mod named;
mod set;
mod time;

pub use definition::{DeclaredPartitions, DefinitionId, Dimension, PartitionsDefinition};
pub use existing::{ExistingKeys, KeysByDefinition, TooManyKeys};
pub use key::{InvalidPartitionKey, PartitionKey, PartitionSlot};
pub use keys::{PartitionKeys, TimeKeys};
pub use mapping::{DimensionMapping, DimensionSource, Mapped, MultiSide, PartitionMapping};
pub use multi::{DimensionKeys, MultiKeys, PART_SEPARATOR};
pub use named::NamedKeys;
pub use set::PartitionSet;
pub use time::{
    Cadence, Exclusion, InvalidTimePartitions, TimePartitions, TimeSetting, TimeSettings,
    TimeWindow,
};
