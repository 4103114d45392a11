//! Partition mappings: which upstream partitions a downstream partition needs.
//!
//! Mappings work on ranges of indexes. An unpartitioned side has the one index 0.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::partition::definition::PartitionsDefinition;
use crate::model::partition::key::PartitionKey;
use crate::model::partition::keys::{PartitionKeys, TimeKeys};
use crate::model::partition::multi::MultiKeys;
use crate::model::partition::set::PartitionSet;
use crate::model::partition::time::{TimePartitions, TimeWindow};

/// Which upstream partitions a downstream partition needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionMapping {
    /// The same key.
    Identity,
    /// Every key.
    All,
    /// The newest key.
    Last,
    /// These keys, whatever the downstream key.
    Specific(Arc<[PartitionKey]>),
    /// All upstream keys that are paired with the downstream key: pairs of an upstream and a downstream key.
    Static(Arc<[(PartitionKey, PartitionKey)]>),
    /// The upstream windows that overlap the downstream window, its start and end shifted by whole downstream windows.
    TimeWindow {
        /// Downstream windows by which the start is shifted; negative is earlier.
        start_offset: i32,
        /// Downstream windows by which the end is shifted; at least `start_offset`.
        end_offset: i32,
    },
    /// One side has dimensions, and one of these corresponds to the other side: all keys whose part corresponds.
    MultiToSingle {
        /// The side that has dimensions.
        multi: MultiSide,
        /// The dimension, by its place in the definition.
        dimension: u32,
        /// How the dimension and the other side correspond.
        through: Box<PartitionMapping>,
    },
    /// The product over the upstream dimensions; of one that is not named here, all.
    Multi(Arc<[DimensionMapping]>),
}

/// Which side of a mapping has dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MultiSide {
    /// The side that is read.
    Upstream,
    /// The side that reads.
    Downstream,
}

/// Where the keys of an upstream dimension come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionMapping {
    /// The upstream dimension, by its place in the definition.
    pub upstream: u32,
    /// Where its keys come from.
    pub source: DimensionSource,
}

/// Where the keys of an upstream dimension come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DimensionSource {
    /// From a downstream dimension.
    From {
        /// The downstream dimension, by its place in the definition.
        downstream: u32,
        /// How the two correspond.
        mapping: PartitionMapping,
    },
    /// Always these keys.
    Keys(Arc<[PartitionKey]>),
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
            Self::Last => "last",
            Self::Specific(_) => "specific",
            Self::Static(_) => "static",
            Self::TimeWindow { .. } => "time_window",
            Self::MultiToSingle { .. } => "multi_to_single",
            Self::Multi(_) => "multi",
        }
    }

    /// Whether one downstream partition can need more than one upstream partition; `None` is an unpartitioned side.
    #[must_use]
    pub fn can_read_several(
        &self,
        downstream: Option<&PartitionsDefinition>,
        upstream: Option<&PartitionsDefinition>,
    ) -> bool {
        let seconds = |side: Option<&PartitionsDefinition>| {
            side.and_then(PartitionsDefinition::windows)
                .map(TimePartitions::typical_seconds)
        };
        match self {
            Self::Identity | Self::Last => false,
            Self::All => upstream.is_some(),
            Self::Specific(keys) => keys.len() > 1,
            Self::Static(_) | Self::MultiToSingle { .. } | Self::Multi(_) => true,
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => start_offset != end_offset || seconds(downstream) > seconds(upstream),
        }
    }

    /// The upstream partitions that the downstream partitions in `indexes` need, without the keys that do not exist.
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
        match (self, downstream, upstream) {
            (Self::All, ..) => PartitionSet::from_range(upstream.range()),
            (Self::Last, ..) => upstream.newest(1),
            (Self::Specific(keys), ..) => indexes_of(upstream, keys.iter()),
            (Self::Identity, ..) => identity(downstream, upstream, indexes),
            (Self::Static(pairs), ..) => {
                let wanted = |down: &PartitionKey| {
                    downstream
                        .index_of(down.as_str())
                        .is_some_and(|index| indexes.contains(&index))
                };
                let keys = pairs.iter().filter(|(_, down)| wanted(down));
                indexes_of(upstream, keys.map(|(up, _)| up))
            }
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) => {
                let ranges = stretches(down, indexes).map(|stretch| {
                    let first = stretch.start + i64::from(*start_offset);
                    let last = stretch.end - 1 + i64::from(*end_offset);
                    up.within(&overlapping(
                        down.definition(),
                        up.definition(),
                        first,
                        last,
                    ))
                });
                PartitionSet::from_ranges(ranges)
            }
            (
                Self::MultiToSingle {
                    multi: MultiSide::Upstream,
                    dimension,
                    through,
                },
                _,
                PartitionKeys::Multi(multi),
            ) => {
                let at = *dimension as usize;
                let part = &multi.dimensions()[at].keys;
                with_part(multi, at, through.upstream_of(downstream, part, indexes))
            }
            (
                Self::MultiToSingle {
                    multi: MultiSide::Downstream,
                    dimension,
                    through,
                },
                PartitionKeys::Multi(multi),
                _,
            ) => {
                let at = *dimension as usize;
                let part = &multi.dimensions()[at].keys;
                indexes
                    .map(|index| multi.part(index, at))
                    .collect::<PartitionSet>()
                    .ranges()
                    .map(|parts| through.upstream_of(part, upstream, parts))
                    .fold(PartitionSet::empty(), |all, each| all.union(&each))
            }
            (Self::Multi(mappings), PartitionKeys::Multi(down), PartitionKeys::Multi(up)) => {
                let of = |index| up.product(&parts_of(mappings, down, up, index));
                indexes
                    .map(of)
                    .fold(PartitionSet::empty(), |all, each| all.union(&each))
            }
            _ => PartitionSet::empty(),
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
        let nonexistent = match (self, downstream, upstream) {
            (Self::Identity, ..) if existing.is_empty() => {
                downstream.key(index).into_iter().collect()
            }
            (Self::Specific(keys), ..) => keys
                .iter()
                .filter(|key| upstream.index_of(key.as_str()).is_none())
                .cloned()
                .collect(),
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) if *start_offset <= 0 && *end_offset >= 0 => {
                let own = down.lattice(index);
                let (from, to) = (down.definition(), up.definition());
                overlapping(from, to, own, own)
                    .filter(|at| up.rank(*at).is_none())
                    .map(|at| PartitionKey::made(&to.key(at)))
                    .collect()
            }
            _ => Vec::new(),
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
        match (self, downstream, upstream) {
            (Self::All, ..) => PartitionSet::from_range(downstream.range()),
            (Self::Identity, ..) => identity(upstream, downstream, indexes),
            (
                Self::TimeWindow {
                    start_offset,
                    end_offset,
                },
                PartitionKeys::Time(down),
                PartitionKeys::Time(up),
            ) => {
                let ranges = stretches(up, indexes).map(|stretch| {
                    let (from, to) = (up.definition(), down.definition());
                    let touched = overlapping(from, to, stretch.start, stretch.end - 1);
                    down.within(
                        &(touched.start - i64::from(*end_offset)
                            ..touched.end - i64::from(*start_offset)),
                    )
                });
                PartitionSet::from_ranges(ranges)
            }
            _ => downstream
                .range()
                .filter(|down| {
                    let needed = self.upstream_of(downstream, upstream, *down..*down + 1);
                    !needed
                        .intersection(&PartitionSet::from_range(indexes.clone()))
                        .is_empty()
                })
                .collect(),
        }
    }
}

impl fmt::Display for PartitionMapping {
    /// The mapping in words, as it is folded into fingerprints: keys that it names show in what is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeWindow {
                start_offset,
                end_offset,
            } => write!(f, "time_window({start_offset}, {end_offset})"),
            Self::MultiToSingle {
                dimension, through, ..
            } => write!(f, "multi_to_single({dimension}, {through})"),
            Self::Multi(dimensions) => {
                write!(f, "multi(")?;
                for (at, each) in dimensions.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{} = ", each.upstream)?;
                    match &each.source {
                        DimensionSource::Keys(_) => write!(f, "keys")?,
                        DimensionSource::From {
                            downstream,
                            mapping,
                        } => write!(f, "{downstream} {mapping}")?,
                    }
                }
                write!(f, ")")
            }
            _ => write!(f, "{}", self.name()),
        }
    }
}

fn indexes_of<'a>(
    keys: &PartitionKeys,
    wanted: impl Iterator<Item = &'a PartitionKey>,
) -> PartitionSet {
    wanted
        .filter_map(|key| keys.index_of(key.as_str()))
        .collect()
}

fn with_part(multi: &MultiKeys, dimension: usize, part: PartitionSet) -> PartitionSet {
    let mut sets: Vec<_> = multi
        .dimensions()
        .iter()
        .map(|each| PartitionSet::from_range(each.keys.range()))
        .collect();
    sets[dimension] = part;
    multi.product(&sets)
}

fn parts_of(
    mappings: &[DimensionMapping],
    down: &MultiKeys,
    up: &MultiKeys,
    index: u32,
) -> Vec<PartitionSet> {
    let all = |each: &crate::model::partition::multi::DimensionKeys| {
        PartitionSet::from_range(each.keys.range())
    };
    let mut sets: Vec<_> = up.dimensions().iter().map(all).collect();
    for each in mappings {
        let upstream = &up.dimensions()[each.upstream as usize].keys;
        sets[each.upstream as usize] = match &each.source {
            DimensionSource::Keys(keys) => indexes_of(upstream, keys.iter()),
            DimensionSource::From {
                downstream,
                mapping,
            } => {
                let at = *downstream as usize;
                let part = down.part(index, at);
                mapping.upstream_of(&down.dimensions()[at].keys, upstream, part..part + 1)
            }
        };
    }
    sets
}

/// The stretches of a definition's lattice that a range of its keys covers.
fn stretches(keys: &TimeKeys, indexes: Range<u32>) -> impl Iterator<Item = Range<i64>> {
    indexes
        .map(|index| keys.lattice(index))
        .map(|at| at..at + 1)
}

fn identity(from: &PartitionKeys, to: &PartitionKeys, indexes: Range<u32>) -> PartitionSet {
    match (from, to) {
        (PartitionKeys::Unpartitioned, PartitionKeys::Unpartitioned) => {
            PartitionSet::from_range(indexes)
        }
        _ => indexes
            .filter_map(|index| to.index_of(from.key(index)?.as_str()))
            .collect(),
    }
}

/// The windows of `to` that overlap any window of `from` between `first` and `last`, on the whole lattice.
fn overlapping(from: &TimePartitions, to: &TimePartitions, first: i64, last: i64) -> Range<i64> {
    let (start, end) = (from.window(first).start, from.window(last).end);
    if start >= end {
        return 0..0;
    }
    to.overlapping(TimeWindow { start, end })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::PartitionMapping;
    use crate::model::partition::keys::{PartitionKeys, TimeKeys};
    use crate::model::partition::set::PartitionSet;
    use crate::model::partition::time::{Cadence, TimePartitions, TimeSettings};

    fn keys(cadence: Cadence, start: &str, end: &str) -> PartitionKeys {
        let definition = TimePartitions::new(TimeSettings {
            end: Some(end),
            ..TimeSettings::new(cadence, start)
        })
        .expect("a valid definition");
        PartitionKeys::Time(TimeKeys::at(&Arc::new(definition), jiff::Timestamp::MAX))
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
