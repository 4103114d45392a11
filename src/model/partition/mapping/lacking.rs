//! Downstream partitions that need a key that does not exist.
//!
//! Those that may are found as sets, and only these are asked one by one.

use std::cmp::Ordering;
use std::ops::Range;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::upstream::upstream_parts;
use crate::model::partition::mapping::windows::{equal_keys, may_lack_windows, own_windows};
use crate::model::partition::mapping::{
    DimensionMapping, DimensionSource, Fit, Mapped, PartitionMapping,
};
use crate::model::partition::multi::{MultiKeys, PART_SEPARATOR};
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
        match self.fit(downstream, upstream) {
            Fit::Identity => {
                let equal = equal_keys(downstream, upstream, indexes.clone());
                if equal.len() as usize == indexes.len() {
                    return PartitionSet::empty();
                }
                let found = equal
                    .ranges()
                    .map(|range| equal_keys(upstream, downstream, range));
                PartitionSet::from_range(indexes).difference(&PartitionSet::union_of(found))
            }
            Fit::Specific(keys) if keys.iter().any(absent) => PartitionSet::from_range(indexes),
            Fit::Static(pairs) => {
                let pairs = pairs.iter().filter(|(up, _)| absent(up));
                let lacking = downstream.indexes_of(pairs.map(|(_, down)| down));
                lacking.within(&indexes)
            }
            Fit::Windows(down, up, offsets) if offsets.include_own() => {
                may_lack_windows(down, up, indexes)
            }
            Fit::UpstreamPart(it) => it.through.may_lack(downstream, it.keys, indexes),
            Fit::DownstreamPart(it) => {
                let parts = it.through.may_lack(it.keys, upstream, it.keys.range());
                it.with(parts).within(&indexes)
            }
            Fit::Multi(mappings, down, up) => {
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
        match self.fit(downstream, upstream) {
            Fit::Identity => {
                let key = downstream.key(index).into_iter();
                Box::new(key.filter(move |key| absent(&key)))
            }
            Fit::Specific(keys) => Box::new(keys.iter().filter(absent).cloned()),
            Fit::Static(pairs) => {
                let own = downstream.key(index);
                let pairs = pairs
                    .iter()
                    .filter(move |(_, down)| own.as_ref() == Some(down));
                Box::new(pairs.map(|(up, _)| up).filter(absent).cloned())
            }
            Fit::Windows(down, up, offsets) if offsets.include_own() => {
                let own = own_windows(down, up, index);
                let absent = up.absent(&own).into_iter().flatten();
                Box::new(absent.map(|at| PartitionKey::made(&up.definition().key(at))))
            }
            Fit::UpstreamPart(it) => {
                let at = it.dimension as usize;
                let mut parts = Parts::of_sets(it.multi.all_parts());
                let own = index..index + 1;
                parts.existing[at] = it.through.upstream_of(downstream, it.keys, own);
                parts.absent[at] = it.through.nonexistent(downstream, it.keys, index).collect();
                Box::new(parts.absent_keys(it.multi))
            }
            Fit::DownstreamPart(it) => {
                let part = it.multi.part(index, it.dimension as usize);
                it.through.nonexistent(it.keys, upstream, part)
            }
            Fit::Multi(mappings, down, up) => {
                Box::new(Parts::needed(mappings, down, up, index).absent_keys(up))
            }
            _ => Box::new(std::iter::empty()),
        }
    }
}

/// The parts of upstream keys that a downstream key needs, dimension by dimension.
pub(super) struct Parts {
    pub existing: Vec<PartitionSet>,
    pub absent: Vec<Vec<PartitionKey>>,
}

impl Parts {
    pub(super) fn of_sets(existing: Vec<PartitionSet>) -> Self {
        let absent = vec![Vec::new(); existing.len()];
        Self { existing, absent }
    }

    pub(super) fn needed(
        mappings: &[DimensionMapping],
        down: &MultiKeys,
        up: &MultiKeys,
        index: u32,
    ) -> Self {
        let own = (0..down.dimensions().len()).map(|at| down.part(index, at));
        let own: Vec<_> = own.map(|part| part..part + 1).collect();
        let mut parts = Self::of_sets(upstream_parts(mappings, down, up, &own));
        for each in mappings {
            let at = each.upstream as usize;
            let keys = &up.dimensions()[at].keys;
            parts.absent[at] = match &each.source {
                DimensionSource::Keys(fixed) => {
                    let absent = fixed
                        .iter()
                        .filter(|key| keys.index_of(key.as_str()).is_none());
                    absent.cloned().collect()
                }
                DimensionSource::From {
                    downstream,
                    mapping,
                } => {
                    let from = &down.dimensions()[*downstream as usize].keys;
                    let part = own[*downstream as usize].start;
                    mapping.nonexistent(from, keys, part).collect()
                }
            };
        }
        parts
    }

    /// The keys of the product that have an absent part, grouped by the first dimension in which they have one.
    pub(super) fn absent_keys(self, up: &MultiKeys) -> impl Iterator<Item = PartitionKey> {
        let lens = self.existing.iter().zip(&self.absent);
        let lens: Vec<_> = lens
            .map(|(existing, absent)| (existing.len(), absent.len() as u32))
            .collect();
        let digits = (0..lens.len()).flat_map(move |first| {
            let choices =
                lens.iter()
                    .enumerate()
                    .map(|(at, (existing, absent))| match at.cmp(&first) {
                        Ordering::Less => 0..*existing,
                        Ordering::Equal => *existing..existing + absent,
                        Ordering::Greater => 0..existing + absent,
                    });
            combinations(choices.collect())
        });
        digits.map(move |digits| {
            let mut text = String::new();
            for (at, digit) in digits.into_iter().enumerate() {
                if at > 0 {
                    text.push(PART_SEPARATOR);
                }
                let existing = &self.existing[at];
                match existing.nth(digit) {
                    Some(index) => text.push_str(up.dimensions()[at].keys.text(index).as_ref()),
                    None => {
                        text.push_str(self.absent[at][(digit - existing.len()) as usize].as_str());
                    }
                }
            }
            PartitionKey::made(&text)
        })
    }
}

/// All ways to choose one number of each range, the last one changing fastest.
fn combinations(choices: Vec<Range<u32>>) -> impl Iterator<Item = Vec<u32>> {
    let count = choices.iter().map(|each| each.len() as u64).product();
    (0..count).map(move |number: u64| {
        let mut rest = number;
        let mut chosen = vec![0; choices.len()];
        for (digit, choice) in chosen.iter_mut().zip(&choices).rev() {
            *digit = choice.start + (rest % choice.len() as u64) as u32;
            rest /= choice.len() as u64;
        }
        chosen
    })
}
