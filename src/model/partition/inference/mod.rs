//! The partition mapping of a dep that declares none.
//!
//! The first rule that fits: `all` with an unpartitioned side, `identity` between equal definitions of several
//! dimensions, `multi` over shared dimensions, `multi_to_single` through the one dimension that fits, `time_window`
//! between windows of one zone, `identity` between equal definitions. Where none fits, the user must choose.

use crate::model::partition::definition::{
    DeclaredPartitions, DefinitionId, Dimension, PartitionsDefinition,
};
use crate::model::partition::key::PartitionKey;
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, MappingSide, PartitionMapping,
};
use crate::model::partition::time::TimePartitions;

/// The mapping between two sides, of which `None` is an unpartitioned one; `None` if the user must choose.
pub fn infer_mapping(
    definitions: &[DeclaredPartitions],
    downstream: Option<DefinitionId>,
    upstream: Option<DefinitionId>,
) -> Option<PartitionMapping> {
    let (Some(down), Some(up)) = (downstream, upstream) else {
        return Some(PartitionMapping::All);
    };
    let dimensions = |id| definition(definitions, id).dimensions();
    match (dimensions(down), dimensions(up)) {
        ([], []) => infer_flat(definitions, down, up),
        ([], several) => {
            let (place, through) = only_fitting(definitions, several, down, MappingSide::Upstream)?;
            Some(multi_to_single(MappingSide::Upstream, place, through))
        }
        (several, []) => {
            let (place, through) = only_fitting(definitions, several, up, MappingSide::Downstream)?;
            Some(multi_to_single(MappingSide::Downstream, place, through))
        }
        _ if same_definition(definitions, down, up) => Some(PartitionMapping::Identity),
        (downs, ups) => infer_multi(definitions, downs, ups),
    }
}

/// Whether two definitions are the same one or equal by value: in order too, dimension by dimension.
///
/// A set that an instance keeps under a definition's name is only equal to itself.
pub fn same_definition(
    definitions: &[DeclaredPartitions],
    one: DefinitionId,
    other: DefinitionId,
) -> bool {
    if one == other {
        return true;
    }
    match (definition(definitions, one), definition(definitions, other)) {
        (PartitionsDefinition::Dynamic, _) | (_, PartitionsDefinition::Dynamic) => false,
        (PartitionsDefinition::Multi(one), PartitionsDefinition::Multi(other)) => {
            let same = |(one, other): (&Dimension, &Dimension)| {
                one.name == other.name
                    && same_definition(definitions, one.definition, other.definition)
            };
            one.len() == other.len() && one.iter().zip(other.iter()).all(same)
        }
        (one, other) => one == other,
    }
}

/// Whether both definitions are windows of one time zone.
pub(super) fn windows_of_one_zone(
    one: &PartitionsDefinition,
    other: &PartitionsDefinition,
) -> bool {
    match (one.windows(), other.windows()) {
        (Some(one), Some(other)) => one.timezone() == other.timezone(),
        _ => false,
    }
}

/// The definition of an id.
pub(super) fn definition(
    definitions: &[DeclaredPartitions],
    id: DefinitionId,
) -> &PartitionsDefinition {
    &definitions[id.0 as usize].definition
}

/// Between definitions of one dimension.
fn infer_flat(
    definitions: &[DeclaredPartitions],
    down: DefinitionId,
    up: DefinitionId,
) -> Option<PartitionMapping> {
    let (own, other) = (definition(definitions, down), definition(definitions, up));
    if windows_of_one_zone(own, other) {
        return Some(PartitionMapping::TimeWindow {
            start_offset: 0,
            end_offset: 0,
        });
    }
    let same = same_definition(definitions, down, up) || have_same_keys(own, other);
    same.then_some(PartitionMapping::Identity)
}

/// Over the dimensions that both sides name; where they share none, nothing suggests itself.
fn infer_multi(
    definitions: &[DeclaredPartitions],
    downs: &[Dimension],
    ups: &[Dimension],
) -> Option<PartitionMapping> {
    let mut mappings = Vec::new();
    for (upstream, up) in (0..).zip(ups) {
        let shared = (0..).zip(downs).find(|(_, down)| down.name == up.name);
        let Some((downstream, down)) = shared else {
            continue;
        };
        mappings.push(DimensionMapping {
            upstream,
            source: DimensionSource::From {
                downstream,
                mapping: infer_shared(definitions, down.definition, up.definition)?,
            },
        });
    }
    (!mappings.is_empty()).then(|| PartitionMapping::Multi(mappings.into()))
}

/// Between two dimensions of one name: names are compared even where one side has more of them.
fn infer_shared(
    definitions: &[DeclaredPartitions],
    down: DefinitionId,
    up: DefinitionId,
) -> Option<PartitionMapping> {
    if same_definition(definitions, down, up) {
        return Some(PartitionMapping::Identity);
    }
    let names = |id| definition(definitions, id).windows().is_none();
    if names(down) && names(up) {
        return Some(PartitionMapping::Identity);
    }
    infer_flat(definitions, down, up)
}

/// The one dimension that corresponds to `single`: the only one of the same definition, or else the only one whose
/// windows are of the same zone.
fn only_fitting(
    definitions: &[DeclaredPartitions],
    dimensions: &[Dimension],
    single: DefinitionId,
    multi: MappingSide,
) -> Option<(u32, PartitionMapping)> {
    let fitting = |fits: &dyn Fn(DefinitionId) -> bool| -> Vec<u32> {
        let places = (0..).zip(dimensions);
        places
            .filter(|(_, each)| fits(each.definition))
            .map(|(place, _)| place)
            .collect()
    };
    let equal = fitting(&|id| same_definition(definitions, id, single));
    let windows = || {
        let own = definition(definitions, single);
        fitting(&|id| windows_of_one_zone(definition(definitions, id), own))
    };
    let place = match equal.as_slice() {
        [place] => *place,
        [] => match windows().as_slice() {
            [place] => *place,
            _ => return None,
        },
        _ => return None,
    };
    let dimension = dimensions[place as usize].definition;
    let through = match multi {
        MappingSide::Upstream => infer_shared(definitions, single, dimension),
        MappingSide::Downstream => infer_shared(definitions, dimension, single),
    };
    Some((place, through?))
}

fn multi_to_single(
    multi: MappingSide,
    dimension: u32,
    through: PartitionMapping,
) -> PartitionMapping {
    PartitionMapping::MultiToSingle {
        multi,
        dimension,
        through: Box::new(through),
    }
}

/// Whether two lists hold the same keys, in whatever order.
fn have_same_keys(one: &PartitionsDefinition, other: &PartitionsDefinition) -> bool {
    let (PartitionsDefinition::Static(one), PartitionsDefinition::Static(other)) = (one, other)
    else {
        return false;
    };
    let sorted = |keys: &[PartitionKey]| {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys
    };
    one.len() == other.len() && sorted(one) == sorted(other)
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

#[cfg(test)]
mod tests;
