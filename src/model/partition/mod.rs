//! Partitions: keys, definitions, sets of keys, and mappings between definitions.

mod definition;
mod existing;
mod fitting;
mod inference;
mod key;
mod keys;
mod mapping;
mod multi;
mod named;
mod set;
mod time;
mod written;

pub use definition::{DeclaredPartitions, DefinitionId, Dimension, PartitionsDefinition};
pub use existing::{ExistingKeys, KeysByDefinition, TooManyKeys};
pub use fitting::{Misfit, choices, fits};
pub use inference::{infer_mapping, same_definition};
pub use key::{InvalidPartitionKey, PartitionKey, PartitionSlot};
pub use keys::PartitionKeys;
pub use mapping::{DimensionMapping, DimensionSource, Mapped, MappingSide, PartitionMapping};
pub use multi::{DimensionKeys, MultiKeys, PART_SEPARATOR};
pub use named::{NamedKeys, TimeKeys};
pub use set::PartitionSet;
pub use time::{
    Cadence, Exclusion, InvalidTimePartitions, TimePartitions, TimeSetting, TimeSettings,
    TimeWindow,
};
