//! What reads upstream partitions: the inverse of what downstream partitions read.

use std::ops::Range;

use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::identity::equal_keys;
use crate::model::partition::mapping::windows::{Offsets, readers_of};
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, MappingSide, PartitionMapping,
};
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::set::PartitionSet;

impl PartitionMapping {
    /// The downstream partitions that need any of the upstream partitions in `indexes`: the inverse of
    /// [`Self::upstream_of`].
    pub fn downstream_of(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        indexes: Range<u32>,
    ) -> PartitionSet {
        if indexes.is_empty() {
            return PartitionSet::empty();
        }
        let all_if_read = |read: &PartitionSet| {
            let len = if read.meets(&indexes) {
                downstream.len()
            } else {
                0
            };
            PartitionSet::from_range(0..len)
        };
        match (self, downstream, upstream) {
            (Self::All, ..) => PartitionSet::from_range(downstream.range()),
            (Self::Last, ..) => all_if_read(&upstream.newest(1)),
            (Self::Specific(keys), ..) => all_if_read(&upstream.indexes_of(keys.iter())),
            (Self::Identity, ..) => equal_keys(upstream, downstream, indexes),
            (Self::Static(pairs), ..) => {
                let read = |up: &str| {
                    let index = upstream.index_of(up);
                    index.is_some_and(|index| indexes.contains(&index))
                };
                let pairs = pairs.iter().filter(|(up, _)| read(up.as_str()));
                downstream.indexes_of(pairs.map(|(_, down)| down))
            }
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) => readers_of(down, up, Offsets::new(*start_offset, *end_offset), indexes),
            (
                Self::MultiToSingle {
                    multi: MappingSide::Upstream,
                    dimension,
                    through,
                },
                _,
                PartitionKeys::Multi(multi),
            ) => {
                let part = &multi.dimensions()[*dimension as usize].keys;
                let parts = multi.parts(&PartitionSet::from_range(indexes), *dimension);
                through.downstream_of_set(downstream, part, &parts)
            }
            (
                Self::MultiToSingle {
                    multi: MappingSide::Downstream,
                    dimension,
                    through,
                },
                PartitionKeys::Multi(multi),
                _,
            ) => {
                let part = &multi.dimensions()[*dimension as usize].keys;
                multi.with_part(*dimension, through.downstream_of(part, upstream, indexes))
            }
            (Self::Multi(mappings), PartitionKeys::Multi(down), PartitionKeys::Multi(up)) => {
                let boxes = up.boxes(indexes).into_iter();
                let readers = boxes.flat_map(|parts| {
                    let sets = downstream_parts(mappings, down, up, &parts);
                    down.product_ranges(&sets)
                });
                PartitionSet::from_ranges(readers)
            }
            _ => PartitionSet::empty(),
        }
    }

    /// The downstream partitions that need any of the upstream partitions in a set.
    pub fn downstream_of_set(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        set: &PartitionSet,
    ) -> PartitionSet {
        let readers = set
            .ranges()
            .map(|range| self.downstream_of(downstream, upstream, range));
        PartitionSet::union_of(readers)
    }
}

/// The downstream parts, dimension by dimension, of keys that read a key with the upstream `parts`.
fn downstream_parts(
    mappings: &[DimensionMapping],
    down: &MultiKeys,
    up: &MultiKeys,
    parts: &[Range<u32>],
) -> Vec<PartitionSet> {
    let mut sets = down.all_parts();
    for each in mappings {
        let (keys, part) = (
            &up.dimensions()[each.upstream as usize].keys,
            parts[each.upstream as usize].clone(),
        );
        match &each.source {
            DimensionSource::Keys(fixed) => {
                if !keys.indexes_of(fixed.iter()).meets(&part) {
                    sets[0] = PartitionSet::empty();
                }
            }
            DimensionSource::From {
                downstream,
                mapping,
            } => {
                let at = *downstream as usize;
                let readers = mapping.downstream_of(&down.dimensions()[at].keys, keys, part);
                sets[at] = sets[at].intersection(&readers);
            }
        }
    }
    sets
}
