//! Whether a dep can read several keys at once.

use crate::model::partition::definition::{DeclaredPartitions, DefinitionId, PartitionsDefinition};
use crate::model::partition::inference::{definition, same_definition};
use crate::model::partition::key::PartitionKey;
use crate::model::partition::mapping::{DimensionSource, MappingSide, PartitionMapping};
use crate::model::partition::time::TimePartitions;

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
