//! Partition mappings: which upstream partitions a downstream partition needs.
//!
//! Mappings work on ranges of indexes. An unpartitioned side has the one index 0.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::model::partition::definition::{PartitionKeys, PartitionsDefinition};
use crate::model::partition::key::PartitionKey;
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{Cadence, TimePartitions};

/// Which upstream partitions a downstream partition needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionMapping {
    /// The same key.
    Identity,
    /// Every key.
    All,
    /// The upstream windows that overlap the downstream window, its start and end shifted by whole downstream windows.
    TimeWindow {
        /// Downstream windows by which the start is shifted; negative is earlier.
        start_offset: i32,
        /// Downstream windows by which the end is shifted; at least `start_offset`.
        end_offset: i32,
    },
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
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::All => "all",
            Self::TimeWindow { .. } => "time_window",
        }
    }

    /// Whether one downstream partition can need more than one upstream partition; `None` is an unpartitioned side.
    #[must_use]
    pub fn can_read_several(
        &self,
        downstream: Option<&PartitionsDefinition>,
        upstream: Option<&PartitionsDefinition>,
    ) -> bool {
        let cadence = |side: Option<&PartitionsDefinition>| match side {
            Some(PartitionsDefinition::Time(time)) => Some(time.cadence()),
            Some(PartitionsDefinition::Static(_)) | None => None,
        };
        match self {
            Self::Identity => false,
            Self::All => upstream.is_some(),
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => match (cadence(downstream), cadence(upstream)) {
                (Some(Cadence::Monthly), Some(Cadence::Daily)) => true,
                _ => start_offset != end_offset,
            },
        }
    }

    /// The upstream partitions that the downstream partitions in `indexes` need, as one range where the mapping is
    /// monotone; the hot path of judging, without the keys that do not exist.
    #[must_use]
    pub fn upstream_of(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        indexes: Range<u32>,
    ) -> PartitionSet {
        if indexes.is_empty() {
            return PartitionSet::empty();
        }
        match self {
            Self::All => PartitionSet::from_range(upstream.range()),
            Self::Identity => identity(downstream, upstream, indexes),
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => {
                let (Some(down), Some(up)) = (downstream.time(), upstream.time()) else {
                    return PartitionSet::empty();
                };
                let first = i64::from(indexes.start) + i64::from(*start_offset);
                let last = i64::from(indexes.end - 1) + i64::from(*end_offset);
                PartitionSet::from_range(clip(&overlapping(down, up, first, last), upstream.len()))
            }
        }
    }

    /// The upstream partitions that the downstream partition `index` needs, and the keys among them that do not exist.
    ///
    /// Keys that only an offset asks for and that lie before the first or after the last key are not needed.
    #[must_use]
    pub fn mapped(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        index: u32,
    ) -> Mapped {
        let existing = self.upstream_of(downstream, upstream, index..index + 1);
        let nonexistent = match self {
            Self::Identity if existing.is_empty() => downstream.key(index).into_iter().collect(),
            Self::All | Self::Identity => Vec::new(),
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => {
                let (Some(down), Some(up)) = (downstream.time(), upstream.time()) else {
                    return Mapped::default();
                };
                let index = i64::from(index);
                let own_first = index + i64::from(*start_offset).max(0);
                let own_last = index + i64::from(*end_offset).min(0);
                if own_first != index || own_last != index {
                    Vec::new()
                } else {
                    overlapping(down, up, index, index)
                        .filter(|at| *at < 0 || *at >= i64::from(upstream.len()))
                        .map(|at| PartitionKey::made(&up.key(at)))
                        .collect()
                }
            }
        };
        Mapped {
            existing,
            nonexistent,
        }
    }

    /// The downstream partitions that need any of the upstream partitions in `indexes`: the inverse of
    /// [`Self::upstream_of`].
    #[must_use]
    pub fn downstream_of(
        &self,
        downstream: &PartitionKeys,
        upstream: &PartitionKeys,
        indexes: Range<u32>,
    ) -> PartitionSet {
        if indexes.is_empty() {
            return PartitionSet::empty();
        }
        match self {
            Self::All => PartitionSet::from_range(downstream.range()),
            Self::Identity => identity(upstream, downstream, indexes),
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => {
                let (Some(down), Some(up)) = (downstream.time(), upstream.time()) else {
                    return PartitionSet::empty();
                };
                let touched = overlapping(
                    up,
                    down,
                    i64::from(indexes.start),
                    i64::from(indexes.end - 1),
                );
                let shifted =
                    touched.start - i64::from(*end_offset)..touched.end - i64::from(*start_offset);
                PartitionSet::from_range(clip(&shifted, downstream.len()))
            }
        }
    }
}

fn identity(from: &PartitionKeys, to: &PartitionKeys, indexes: Range<u32>) -> PartitionSet {
    match (from, to) {
        (PartitionKeys::Unpartitioned, PartitionKeys::Unpartitioned) => {
            PartitionSet::from_range(indexes)
        }
        (PartitionKeys::Time { definition: a, .. }, PartitionKeys::Time { definition: b, len })
            if a == b =>
        {
            PartitionSet::from_range(indexes.start.min(*len)..indexes.end.min(*len))
        }
        _ => indexes
            .filter_map(|index| to.index_of(from.key(index)?.as_str()))
            .collect(),
    }
}

/// The windows of `to` that overlap any window of `from` between `first` and `last`, on the whole lattice.
fn overlapping(from: &TimePartitions, to: &TimePartitions, first: i64, last: i64) -> Range<i64> {
    let start = from.window(first).start;
    let end = from.window(last).end;
    if start >= end {
        return 0..0;
    }
    let begin = to.index_at(start);
    let last = to.index_at(end);
    let past = if to.window(last).start < end {
        last + 1
    } else {
        last
    };
    begin..past
}

fn clip(range: &Range<i64>, len: u32) -> Range<u32> {
    let bound =
        |at: i64| u32::try_from(at.clamp(0, i64::from(len))).expect("clamped to the length");
    bound(range.start)..bound(range.end)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::PartitionMapping;
    use crate::model::partition::definition::{PartitionKeys, PartitionsDefinition};
    use crate::model::partition::set::PartitionSet;
    use crate::model::partition::time::{Cadence, TimePartitions, TimeSettings};

    fn keys(cadence: Cadence, start: &str, end: &str) -> PartitionKeys {
        let definition = TimePartitions::new(TimeSettings {
            cadence,
            start,
            end: Some(end),
            timezone: "UTC",
            format: "%Y-%m-%d",
        })
        .expect("a valid definition");
        PartitionsDefinition::Time(Arc::new(definition)).keys_at(jiff::Timestamp::MAX)
    }

    const WINDOW: PartitionMapping = PartitionMapping::TimeWindow {
        start_offset: 0,
        end_offset: 0,
    };

    fn names(keys: &PartitionKeys, set: &PartitionSet) -> Vec<String> {
        set.iter()
            .filter_map(|index| keys.key(index))
            .map(|key| key.to_string())
            .collect()
    }

    #[test]
    fn month_of_a_day_and_days_of_a_month() {
        let days = keys(Cadence::Daily, "2013-01-01", "2014-01-01");
        let months = keys(Cadence::Monthly, "2013-01-01", "2014-01-01");
        let month = WINDOW.mapped(&days, &months, 31).existing;
        assert_eq!(names(&months, &month), ["2013-02-01"]);
        let of_february = WINDOW.mapped(&months, &days, 1).existing;
        assert_eq!((of_february.first(), of_february.len()), (Some(31), 28));
    }

    #[test]
    fn offsets_are_clipped_but_own_windows_are_not() {
        let days = keys(Cadence::Daily, "2013-01-01", "2013-02-01");
        let week = PartitionMapping::TimeWindow {
            start_offset: -6,
            end_offset: 0,
        };
        assert_eq!(
            week.mapped(&days, &days, 2).existing,
            PartitionSet::from_range(0..3)
        );
        let later = keys(Cadence::Daily, "2013-01-03", "2013-02-01");
        let mapped = week.mapped(&days, &later, 1);
        assert!(mapped.existing.is_empty());
        assert_eq!(
            mapped
                .nonexistent
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            ["2013-01-02"]
        );
    }

    proptest! {
        #[test]
        fn downstream_is_the_inverse_of_upstream(
            start_offset in -5i32..3,
            span in 0i32..4,
            down_monthly in any::<bool>(),
            up_monthly in any::<bool>(),
        ) {
            let side = |monthly: bool, start: &str, end: &str| {
                keys(if monthly { Cadence::Monthly } else { Cadence::Daily }, start, end)
            };
            let downstream = side(down_monthly, "2013-01-10", "2013-06-01");
            let upstream = side(up_monthly, "2013-01-01", "2013-05-10");
            let mapping = PartitionMapping::TimeWindow { start_offset, end_offset: start_offset + span };
            for down in downstream.range() {
                let ups = mapping.upstream_of(&downstream, &upstream, down..down + 1);
                for up in upstream.range() {
                    let downs = mapping.downstream_of(&downstream, &upstream, up..up + 1);
                    prop_assert_eq!(ups.contains(up), downs.contains(down), "down {} up {}", down, up);
                }
            }
            let whole: PartitionSet = downstream
                .range()
                .flat_map(|down| mapping.upstream_of(&downstream, &upstream, down..down + 1).iter().collect::<Vec<_>>())
                .collect();
            prop_assert_eq!(mapping.upstream_of(&downstream, &upstream, downstream.range()), whole);
        }
    }
}
