//! Keys of several dimensions that are needed, part by part.

use std::cmp::Ordering;
use std::ops::Range;

use crate::model::partition::key::PartitionKey;
use crate::model::partition::mapping::upstream::upstream_parts;
use crate::model::partition::mapping::{DimensionMapping, DimensionSource};
use crate::model::partition::multi::{MultiKeys, PART_SEPARATOR};
use crate::model::partition::set::PartitionSet;

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
