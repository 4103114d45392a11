//! Partition mappings: which upstream partitions a downstream partition needs.
//!
//! Mappings work on ranges of indexes. An unpartitioned side has the one index 0.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::windows::Offsets;
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::TimeKeys;
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

/// A mapping with the keys of both sides, as far as it fits them.
#[derive(Clone, Copy)]
enum Fit<'a> {
    Identity,
    All,
    Last,
    Specific(&'a [PartitionKey]),
    Static(&'a [(PartitionKey, PartitionKey)]),
    /// The downstream and the upstream windows.
    Windows(&'a TimeKeys, &'a TimeKeys, Offsets),
    /// A dimension of the upstream keys corresponds to the downstream keys.
    UpstreamPart(ReadPart<'a>),
    /// A dimension of the downstream keys corresponds to the upstream keys.
    DownstreamPart(ReadPart<'a>),
    /// The downstream and the upstream keys.
    Multi(&'a [DimensionMapping], &'a MultiKeys, &'a MultiKeys),
    /// It relates no keys of such definitions.
    Unrelated,
}

/// One of several dimensions, and how it corresponds to the keys of the other side.
#[derive(Clone, Copy)]
struct ReadPart<'a> {
    multi: &'a MultiKeys,
    dimension: u32,
    keys: &'a PartitionKeys,
    through: &'a PartitionMapping,
}

impl ReadPart<'_> {
    /// The keys of all dimensions whose part is in a set.
    fn with(&self, parts: PartitionSet) -> PartitionSet {
        self.multi.with_part(self.dimension, parts)
    }

    /// The parts of these keys of all dimensions.
    fn among(&self, indexes: Range<u32>) -> PartitionSet {
        let set = PartitionSet::from_range(indexes);
        self.multi.parts(&set, self.dimension)
    }
}

impl PartitionMapping {
    fn fit<'a>(&'a self, downstream: &'a PartitionKeys, upstream: &'a PartitionKeys) -> Fit<'a> {
        match (self, downstream, upstream) {
            (Self::Identity, ..) => Fit::Identity,
            (Self::All, ..) => Fit::All,
            (Self::Last, ..) => Fit::Last,
            (Self::Specific(keys), ..) => Fit::Specific(keys),
            (Self::Static(pairs), ..) => Fit::Static(pairs),
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) => Fit::Windows(down, up, Offsets::new(*start_offset, *end_offset)),
            (
                Self::MultiToSingle {
                    multi,
                    dimension,
                    through,
                },
                ..,
            ) => {
                let (keys, fit): (_, fn(ReadPart<'a>) -> Fit<'a>) = match multi {
                    MappingSide::Upstream => (upstream, Fit::UpstreamPart),
                    MappingSide::Downstream => (downstream, Fit::DownstreamPart),
                };
                keys.multi().map_or(Fit::Unrelated, |multi| {
                    fit(ReadPart {
                        multi,
                        dimension: *dimension,
                        keys: &multi.dimensions()[*dimension as usize].keys,
                        through,
                    })
                })
            }
            (Self::Multi(mappings), PartitionKeys::Multi(down), PartitionKeys::Multi(up)) => {
                Fit::Multi(mappings, down, up)
            }
            _ => Fit::Unrelated,
        }
    }
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
