//! Upstream keys that are needed and do not exist.

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::parts::Parts;
use crate::model::partition::mapping::windows::{Offsets, own_windows};
use crate::model::partition::mapping::{Mapped, MappingSide, PartitionMapping};

impl PartitionMapping {
    /// The upstream partitions that the downstream partition `index` needs, and the keys among them that do not exist.
    ///
    /// Windows that only an offset asks for are not needed where they do not exist.
    pub fn mapped(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        index: u32,
    ) -> Mapped {
        Mapped {
            existing: self.upstream_of(downstream, upstream, index..index + 1),
            nonexistent: self.nonexistent(downstream, upstream, index).collect(),
        }
    }

    /// The keys that `index` needs and that do not exist, one by one.
    pub(super) fn nonexistent<'a>(
        &'a self,
        downstream: &'a PartitionKeys,
        upstream: &'a PartitionKeys,
        index: u32,
    ) -> Box<dyn Iterator<Item = PartitionKey> + 'a> {
        let absent = |key: &&PartitionKey| upstream.index_of(key.as_str()).is_none();
        match (self, downstream, upstream) {
            (Self::Identity, ..) => {
                let key = downstream.key(index).into_iter();
                Box::new(key.filter(move |key| absent(&key)))
            }
            (Self::Specific(keys), ..) => Box::new(keys.iter().filter(absent).cloned()),
            (Self::Static(pairs), ..) => {
                let own = downstream.key(index);
                let pairs = pairs
                    .iter()
                    .filter(move |(_, down)| own.as_ref() == Some(down));
                Box::new(pairs.map(|(up, _)| up).filter(absent).cloned())
            }
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) if Offsets::new(*start_offset, *end_offset).include_own() => {
                let own = own_windows(down, up, index);
                let absent = up.absent(&own).into_iter().flatten();
                Box::new(absent.map(|at| PartitionKey::made(&up.definition().key(at))))
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
                let at = *dimension as usize;
                let part = &multi.dimensions()[at].keys;
                let mut parts = Parts::of_sets(multi.all_parts());
                parts.existing[at] = through.upstream_of(downstream, part, index..index + 1);
                parts.absent[at] = through.nonexistent(downstream, part, index).collect();
                Box::new(parts.absent_keys(multi))
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
                let at = *dimension as usize;
                let part = multi.part(index, at);
                through.nonexistent(&multi.dimensions()[at].keys, upstream, part)
            }
            (Self::Multi(mappings), PartitionKeys::Multi(down), PartitionKeys::Multi(up)) => {
                Box::new(Parts::needed(mappings, down, up, index).absent_keys(up))
            }
            _ => Box::new(std::iter::empty()),
        }
    }
}
