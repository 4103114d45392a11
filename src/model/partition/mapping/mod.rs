//! Partition mappings: which upstream partitions a downstream partition needs.
//!
//! Mappings work on ranges of indexes. An unpartitioned side has the one index 0.

mod earlier;
mod lacking;
#[cfg(test)]
mod tests;
mod upstream;
mod windows;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::partition::definition::{DeclaredPartitions, DefinitionId, PartitionsDefinition};
use crate::model::partition::inference::{definition, same_definition};
use crate::model::partition::key::PartitionKey;
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::TimePartitions;

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

impl PartitionMapping {
    /// The word for it in the manifest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::All => "all",
            Self::Last => "last",
            Self::Specific(_) => "specific",
            Self::Static(_) => "static",
            Self::TimeWindow { .. } => "time_window",
            Self::MultiToSingle { .. } => "multi_to_single",
            Self::Multi(_) => "multi",
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

/// Of how many windows one looks whether they overlap several others.
const WINDOWS_LOOKED_AT: i64 = 400;

impl PartitionMapping {
    /// Whether one downstream partition can need more than one upstream partition; `None` is an unpartitioned side.
    ///
    /// How many keys a definition has now does not count: it may have more tomorrow.
    pub fn can_read_several(
        &self,
        definitions: &[DeclaredPartitions],
        downstream: Option<DefinitionId>,
        upstream: Option<DefinitionId>,
    ) -> bool {
        let of = |id: Option<DefinitionId>| id.map(|id| definition(definitions, id));
        match self {
            Self::Identity | Self::Last => false,
            Self::All => upstream.is_some(),
            Self::Specific(keys) => name_several(keys),
            Self::Static(pairs) => {
                let mut downs: Vec<_> = pairs.iter().map(|(up, down)| (down, up)).collect();
                downs.sort_unstable();
                downs.dedup();
                downs.windows(2).any(|pair| pair[0].0 == pair[1].0)
            }
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => {
                let same = || match (downstream, upstream) {
                    (Some(down), Some(up)) => same_definition(definitions, down, up),
                    _ => false,
                };
                let windows = |id| of(id).and_then(PartitionsDefinition::windows);
                start_offset != end_offset
                    || (!same() && overlap_several(windows(downstream), windows(upstream)))
            }
            Self::MultiToSingle {
                multi: MappingSide::Upstream,
                ..
            } => true,
            Self::MultiToSingle {
                multi: MappingSide::Downstream,
                dimension,
                through,
            } => {
                let part = dimension_of(of(downstream), *dimension);
                through.can_read_several(definitions, part, upstream)
            }
            Self::Multi(mappings) => {
                let several = mappings.iter().any(|each| match &each.source {
                    DimensionSource::Keys(keys) => name_several(keys),
                    DimensionSource::From {
                        downstream: from,
                        mapping,
                    } => {
                        let from = dimension_of(of(downstream), *from);
                        let part = dimension_of(of(upstream), each.upstream);
                        mapping.can_read_several(definitions, from, part)
                    }
                });
                let dimensions = of(upstream).map_or(0, |up| up.dimensions().len());
                several || mappings.len() < dimensions
            }
        }
    }
}

fn name_several(keys: &[PartitionKey]) -> bool {
    keys.iter().any(|key| *key != keys[0])
}

fn dimension_of(multi: Option<&PartitionsDefinition>, place: u32) -> Option<DefinitionId> {
    let dimension = multi?.dimensions().get(place as usize)?;
    Some(dimension.definition)
}

/// Whether a downstream window overlaps several upstream ones.
fn overlap_several(down: Option<&TimePartitions>, up: Option<&TimePartitions>) -> bool {
    let (Some(down), Some(up)) = (down, up) else {
        return false;
    };
    let several = |at: i64| {
        let overlapping = up.overlapping(down.window(at));
        overlapping.end - overlapping.start > 1
    };
    down.typical_seconds() > up.typical_seconds() || (0..WINDOWS_LOOKED_AT).any(several)
}
