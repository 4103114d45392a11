//! What downstream partitions read.

use std::ops::Range;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::windows::{equal_keys, read_by, readers_of};
use crate::model::partition::mapping::{DimensionMapping, DimensionSource, Fit, PartitionMapping};
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::set::PartitionSet;

impl PartitionMapping {
    /// The upstream partitions that the downstream partitions in `indexes` need, without the keys that do not exist.
    pub fn upstream_of(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        indexes: Range<u32>,
    ) -> PartitionSet {
        if indexes.is_empty() {
            return PartitionSet::empty();
        }
        match self.fit(downstream, upstream) {
            Fit::All => PartitionSet::from_range(upstream.range()),
            Fit::Last => upstream.newest(1),
            Fit::Specific(keys) => upstream.indexes_of(keys.iter()),
            Fit::Identity => equal_keys(downstream, upstream, indexes),
            Fit::Static(pairs) => {
                let wanted = wanted(downstream, indexes);
                let pairs = pairs.iter().filter(|(_, down)| wanted(down));
                upstream.indexes_of(pairs.map(|(up, _)| up))
            }
            Fit::Windows(down, up, offsets) => read_by(down, up, offsets, indexes),
            Fit::UpstreamPart(it) => it.with(it.through.upstream_of(downstream, it.keys, indexes)),
            Fit::DownstreamPart(it) => {
                it.through
                    .upstream_of_set(it.keys, upstream, &it.among(indexes))
            }
            Fit::Multi(mappings, down, up) => {
                let read = |parts: Vec<Range<u32>>| {
                    let sets = upstream_parts(mappings, down, up, &parts);
                    up.product_ranges(&sets)
                };
                let boxes = independent_boxes(mappings, down, indexes);
                PartitionSet::from_ranges(boxes.flat_map(read))
            }
            Fit::Unrelated => PartitionSet::empty(),
        }
    }

    /// The upstream partitions that any of the downstream partitions in a set need.
    pub fn upstream_of_set(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        set: &PartitionSet,
    ) -> PartitionSet {
        match self {
            Self::All | Self::Last | Self::Specific(_) => {
                let any = 0..u32::from(!set.is_empty());
                self.upstream_of(downstream, upstream, any)
            }
            _ => PartitionSet::union_of(
                set.ranges()
                    .map(|range| self.upstream_of(downstream, upstream, range)),
            ),
        }
    }
}

/// Whether a downstream key is in a range: of one, its text is compared.
fn wanted(downstream: &PartitionKeys, indexes: Range<u32>) -> impl Fn(&PartitionKey) -> bool {
    let only = (indexes.len() == 1).then(|| downstream.key(indexes.start));
    move |key| {
        if let Some(only) = &only {
            return only.as_ref() == Some(key);
        }
        let index = downstream.index_of(key.as_str());
        index.is_some_and(|index| indexes.contains(&index))
    }
}

/// The upstream parts, dimension by dimension, that keys with the downstream `parts` read.
pub(super) fn upstream_parts(
    mappings: &[DimensionMapping],
    down: &MultiKeys,
    up: &MultiKeys,
    parts: &[Range<u32>],
) -> Vec<PartitionSet> {
    let mut sets = up.all_parts();
    for each in mappings {
        let upstream = &up.dimensions()[each.upstream as usize].keys;
        sets[each.upstream as usize] = match &each.source {
            DimensionSource::Keys(keys) => upstream.indexes_of(keys.iter()),
            DimensionSource::From {
                downstream,
                mapping,
            } => {
                let at = *downstream as usize;
                mapping.upstream_of(&down.dimensions()[at].keys, upstream, parts[at].clone())
            }
        };
    }
    sets
}

/// The boxes of a range of downstream keys, each of which reads a product.
///
/// Two upstream dimensions that are mapped from one downstream dimension are not independent: then each part of that
/// dimension is a box of its own.
fn independent_boxes(
    mappings: &[DimensionMapping],
    down: &MultiKeys,
    indexes: Range<u32>,
) -> impl Iterator<Item = Vec<Range<u32>>> {
    let mut readers = vec![0_u32; down.dimensions().len()];
    for each in mappings {
        if let DimensionSource::From { downstream, .. } = each.source {
            readers[downstream as usize] += 1;
        }
    }
    let mut boxes = down.boxes(indexes);
    for (dimension, _) in readers
        .iter()
        .enumerate()
        .filter(|(_, readers)| **readers > 1)
    {
        let split = |parts: Vec<Range<u32>>| {
            let of_one = parts[dimension].clone().map(move |part| {
                let mut parts = parts.clone();
                parts[dimension] = part..part + 1;
                parts
            });
            of_one.collect::<Vec<_>>()
        };
        boxes = boxes.into_iter().flat_map(split).collect();
    }
    boxes.into_iter()
}

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
            let any = u32::from(read.meets(&indexes));
            PartitionSet::from_range(0..any * downstream.len())
        };
        match self.fit(downstream, upstream) {
            Fit::All => PartitionSet::from_range(downstream.range()),
            Fit::Last => all_if_read(&upstream.newest(1)),
            Fit::Specific(keys) => all_if_read(&upstream.indexes_of(keys.iter())),
            Fit::Identity => equal_keys(upstream, downstream, indexes),
            Fit::Static(pairs) => {
                let read = |up: &str| {
                    let index = upstream.index_of(up);
                    index.is_some_and(|index| indexes.contains(&index))
                };
                let pairs = pairs.iter().filter(|(up, _)| read(up.as_str()));
                downstream.indexes_of(pairs.map(|(_, down)| down))
            }
            Fit::Windows(down, up, offsets) => readers_of(down, up, offsets, indexes),
            Fit::UpstreamPart(it) => {
                it.through
                    .downstream_of_set(downstream, it.keys, &it.among(indexes))
            }
            Fit::DownstreamPart(it) => {
                it.with(it.through.downstream_of(it.keys, upstream, indexes))
            }
            Fit::Multi(mappings, down, up) => {
                let boxes = up.boxes(indexes).into_iter();
                let readers = boxes.flat_map(|parts| {
                    let sets = downstream_parts(mappings, down, up, &parts);
                    down.product_ranges(&sets)
                });
                PartitionSet::from_ranges(readers)
            }
            Fit::Unrelated => PartitionSet::empty(),
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
