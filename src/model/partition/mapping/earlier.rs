//! Deps of an asset on its own earlier windows.

use crate::model::partition::definition::PartitionsDefinition;
use crate::model::partition::keys::PartitionKeys;
use crate::model::partition::mapping::{DimensionMapping, DimensionSource, PartitionMapping};
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::named::TimeKeys;
use crate::model::partition::set::PartitionSet;

impl PartitionMapping {
    /// Whether a dep of an asset on itself asks only for strictly earlier windows, so that its partitions can be made in
    /// order: of windows, or of windows in one dimension with the parts of all others as they are.
    pub fn reads_earlier(&self, own: &PartitionsDefinition) -> bool {
        match (self, own) {
            (Self::TimeWindow { end_offset, .. }, PartitionsDefinition::Time { .. }) => {
                *end_offset < 0
            }
            (Self::Multi(mappings), PartitionsDefinition::Multi(dimensions)) => {
                mappings.len() == dimensions.len() && earlier_dimension(mappings).is_some()
            }
            _ => false,
        }
    }

    /// A set of partitions with all that a dep of their asset on its own earlier windows asks for, again and again.
    pub fn with_earlier(&self, keys: &PartitionKeys, set: &PartitionSet) -> PartitionSet {
        if set.len() == keys.len() {
            return set.clone();
        }
        match (self, keys) {
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(keys),
            ) => {
                let reach = Reach::new(keys, *start_offset, *end_offset);
                reach.close(set)
            }
            (Self::Multi(mappings), PartitionKeys::Multi(keys)) => {
                close_columns(mappings, keys, set).unwrap_or_else(|| set.clone())
            }
            _ => set.clone(),
        }
    }
}

/// The one dimension that is mapped to its earlier windows while all others are mapped as they are.
fn earlier_dimension(mappings: &[DimensionMapping]) -> Option<(usize, i32, i32)> {
    let mut earlier = None;
    for each in mappings {
        match &each.source {
            DimensionSource::From {
                downstream,
                mapping: PartitionMapping::Identity,
            } if *downstream == each.upstream => {}
            DimensionSource::From {
                downstream,
                mapping:
                    PartitionMapping::TimeWindow {
                        start_offset,
                        end_offset: end_offset @ ..0,
                    },
            } if *downstream == each.upstream && earlier.is_none() => {
                earlier = Some((each.upstream as usize, *start_offset, *end_offset));
            }
            _ => return None,
        }
    }
    earlier
}

/// Closes a set of keys of several dimensions, for each combination of the other parts by itself.
fn close_columns(
    mappings: &[DimensionMapping],
    keys: &MultiKeys,
    set: &PartitionSet,
) -> Option<PartitionSet> {
    let (dimension, start_offset, end_offset) = earlier_dimension(mappings)?;
    let dimension = &keys.dimensions()[dimension];
    let PartitionKeys::Time(windows) = &dimension.keys else {
        return None;
    };
    let reach = Reach::new(windows, start_offset, end_offset);
    let (stride, len) = (dimension.stride(), windows.len());
    let columns = (0..keys.len() / len.max(1)).flat_map(|column| {
        let base = column / stride * stride * len + column % stride;
        let own = (0..len).filter(|part| set.contains(base + part * stride));
        let closed = reach.close(&own.collect());
        let indexes = closed.iter().map(|part| base + part * stride);
        indexes.collect::<Vec<_>>()
    });
    let mut indexes: Vec<u32> = columns.collect();
    indexes.sort_unstable();
    Some(indexes.into_iter().collect())
}

/// Which earlier windows each window of a definition asks for.
struct Reach<'a> {
    keys: &'a TimeKeys,
    start_offset: i64,
    end_offset: i64,
}

impl<'a> Reach<'a> {
    fn new(keys: &'a TimeKeys, start_offset: i32, end_offset: i32) -> Self {
        Self {
            keys,
            start_offset: start_offset.into(),
            end_offset: end_offset.into(),
        }
    }

    /// All windows that lead to one of the set, in one pass from the newest down.
    fn close(&self, set: &PartitionSet) -> PartitionSet {
        let Some(last) = set.last() else {
            return PartitionSet::empty();
        };
        if self.end_offset == -1 && self.keys.all_exist() {
            return PartitionSet::from_range(0..last + 1);
        }
        // The windows asked for by what was passed so far, as the change of their number at each window.
        let mut begins = vec![0_i32; last as usize + 2];
        let mut asked = 0;
        let mut closed = Vec::new();
        for index in (0..=last).rev() {
            asked += begins[index as usize];
            if asked == 0 && !set.contains(index) {
                continue;
            }
            closed.push(index);
            let own = self.keys.lattice(index);
            let earlier = self
                .keys
                .within(&(own + self.start_offset..own + self.end_offset + 1));
            if let (Some(before), false) = (earlier.end.checked_sub(1), earlier.is_empty()) {
                begins[before as usize] += 1;
                if let Some(after) = earlier.start.checked_sub(1) {
                    begins[after as usize] -= 1;
                }
            }
        }
        closed.reverse();
        closed.into_iter().collect()
    }
}
