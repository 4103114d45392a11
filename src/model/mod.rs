//! The nouns: plain data, checked when it is constructed, without I/O.

mod location;
mod name;
mod partition;
mod version;

pub use location::{FileId, Location};
pub use name::{AssetKey, InvalidName, Name};
pub use partition::{
    Cadence, InvalidPartitionKey, InvalidTimePartitions, Mapped, PartitionKey, PartitionKeys,
    PartitionMapping, PartitionSet, PartitionSlot, PartitionsDefinition, StaticKeys,
    TimePartitions, TimeSettings, TimeWindow,
};
pub use version::{CodeVersion, DataVersion, Fingerprint};
