//! Partition mappings: which upstream partitions a downstream partition needs.
//!
//! Mappings work on ranges of indexes. An unpartitioned side has the one index 0.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::partition::key::PartitionKey;
use crate::model::partition::set::PartitionSet;

mod earlier;
mod lacking;
#[cfg(test)]
mod tests;
mod upstream;
mod windows;

/// Which upstream partitions a downstream partition needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionMapping {
    /// The same key.
    Identity,
    /// Every key.
    All,
    /// The newest key.
    Last,
    /// These keys, whatever the downstream key.
    Specific(Arc<[PartitionKey]>),
    /// All upstream keys that are paired with the downstream key: pairs of an upstream and a downstream key.
    Static(Arc<[(PartitionKey, PartitionKey)]>),
    /// The upstream windows that overlap the downstream window, its start and end shifted by whole downstream windows.
    TimeWindow {
        /// Downstream windows by which the start is shifted; negative is earlier.
        start_offset: i32,
        /// Downstream windows by which the end is shifted; at least `start_offset`.
        end_offset: i32,
    },
    /// One side has dimensions, and one of these corresponds to the other side: all keys whose part corresponds.
    MultiToSingle {
        /// The side that has dimensions.
        multi: MappingSide,
        /// The dimension, by its place in the definition.
        dimension: u32,
        /// How the dimension and the other side correspond.
        through: Box<PartitionMapping>,
    },
    /// The product over the upstream dimensions; of one that is not named here, all.
    Multi(Arc<[DimensionMapping]>),
}

/// A side of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MappingSide {
    /// The side that is read.
    Upstream,
    /// The side that reads.
    Downstream,
}

impl MappingSide {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Upstream => Self::Downstream,
            Self::Downstream => Self::Upstream,
        }
    }
}

/// Where the keys of an upstream dimension come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionMapping {
    /// The upstream dimension, by its place in the definition.
    pub upstream: u32,
    /// Where its keys come from.
    pub source: DimensionSource,
}

/// Where the keys of an upstream dimension come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DimensionSource {
    /// From a downstream dimension.
    From {
        /// The downstream dimension, by its place in the definition.
        downstream: u32,
        /// How the two correspond.
        mapping: PartitionMapping,
    },
    /// Always these keys.
    Keys(Arc<[PartitionKey]>),
}

/// The upstream partitions of a downstream partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// Those that exist.
    pub existing: PartitionSet,
    /// Keys that are needed and do not exist, in order.
    pub nonexistent: Vec<PartitionKey>,
}

impl fmt::Display for PartitionMapping {
    /// The mapping in words, as it is folded into fingerprints: keys that it names show in what is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => write!(f, "time_window({start_offset}, {end_offset})"),
            Self::MultiToSingle {
                dimension, through, ..
            } => write!(f, "multi_to_single({dimension}, {through})"),
            Self::Multi(dimensions) => {
                write!(f, "multi(")?;
                for (at, each) in dimensions.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{} = ", each.upstream)?;
                    match &each.source {
                        DimensionSource::Keys(_) => write!(f, "keys")?,
                        DimensionSource::From {
                            downstream,
                            mapping,
                        } => write!(f, "{downstream} {mapping}")?,
                    }
                }
                write!(f, ")")
            }
            _ => write!(f, "{}", self.name()),
        }
    }
}
