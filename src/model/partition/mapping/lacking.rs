//! Downstream partitions that need a key that does not exist.
//!
//! Those that may are found as sets, and only these are asked one by one.

use std::ops::Range;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::identity::equal_keys;
use crate::model::partition::mapping::windows::{Offsets, may_lack_windows};
use crate::model::partition::mapping::{DimensionSource, MappingSide, PartitionMapping};
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::set::PartitionSet;

impl PartitionMapping {
    /// The downstream partitions in `indexes` that need an upstream key that does not exist.
    ///
    /// Where all that is needed exists, no key is looked at.
    pub fn lacking(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        indexes: Range<u32>,
    ) -> PartitionSet {
        let lacks = |index: &u32| {
            self.nonexistent(downstream, upstream, *index)
                .next()
                .is_some()
        };
        let suspects = self.may_lack(downstream, upstream, indexes);
        suspects.iter().filter(lacks).collect()
    }

    /// Downstream partitions that may lack a key: all that do, and perhaps more.
    fn may_lack(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        indexes: Range<u32>,
    ) -> PartitionSet {
        let absent = |key: &PartitionKey| upstream.index_of(key.as_str()).is_none();
        match (self, downstream, upstream) {
            (Self::Identity, ..) => {
                let equal = equal_keys(downstream, upstream, indexes.clone());
                if equal.len() as usize == indexes.len() {
                    return PartitionSet::empty();
                }
                let found = equal
                    .ranges()
                    .map(|range| equal_keys(upstream, downstream, range));
                PartitionSet::from_range(indexes).difference(&PartitionSet::union_of(found))
            }
            (Self::Specific(keys), ..) if keys.iter().any(absent) => {
                PartitionSet::from_range(indexes)
            }
            (Self::Static(pairs), ..) => {
                let pairs = pairs.iter().filter(|(up, _)| absent(up));
                let lacking = downstream.indexes_of(pairs.map(|(_, down)| down));
                lacking.within(&indexes)
            }
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) if Offsets::new(*start_offset, *end_offset).include_own() => {
                may_lack_windows(down, up, indexes)
            }
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
                through.may_lack(downstream, part, indexes)
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
                let parts = through.may_lack(part, upstream, part.range());
                multi.with_part(*dimension, parts).within(&indexes)
            }
            (Self::Multi(mappings), PartitionKeys::Multi(down), PartitionKeys::Multi(up)) => {
                let each = mappings.iter().map(|each| {
                    let part = &up.dimensions()[each.upstream as usize].keys;
                    each.source.may_lack(down, part)
                });
                PartitionSet::union_of(each).within(&indexes)
            }
            _ => PartitionSet::empty(),
        }
    }
}

impl DimensionSource {
    /// Downstream keys that may lack a part of the upstream dimension whose keys come from here.
    fn may_lack(&self, down: &MultiKeys, part: &PartitionKeys) -> PartitionSet {
        match self {
            Self::Keys(keys) => {
                let all_exist = keys.iter().all(|key| part.index_of(key.as_str()).is_some());
                let lacking = if all_exist { 0 } else { down.len() };
                PartitionSet::from_range(0..lacking)
            }
            Self::From {
                downstream,
                mapping,
            } => {
                let from = &down.dimensions()[*downstream as usize].keys;
                down.with_part(*downstream, mapping.may_lack(from, part, from.range()))
            }
        }
    }
}
