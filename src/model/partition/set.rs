//! A set of partitions of one definition, as ranges of indexes.

use std::ops::Range;

use smallvec::SmallVec;

/// A few ranges, in any order.
type Ranges = SmallVec<[Range<u32>; 2]>;

/// A set of indexes into the keys of one partitions definition: sorted, disjoint, non-adjacent ranges.
///
/// A window of days, a whole year or everything is one range; asking for a rank or a member is a binary search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionSet {
    /// Most sets are one range, for which nothing is allocated.
    runs: SmallVec<[Run; 1]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    start: u32,
    end: u32,
    /// Members in the runs before this one.
    before: u32,
}

impl PartitionSet {
    /// The empty set.
    pub fn empty() -> Self {
        Self::default()
    }

    /// All indexes in `range`.
    pub fn from_range(range: Range<u32>) -> Self {
        Self::from_ranges([range])
    }

    /// The set of one index.
    pub fn single(index: u32) -> Self {
        Self::from_range(index..index + 1)
    }

    /// The union of `ranges`, in any order, overlapping or not.
    pub fn from_ranges(ranges: impl IntoIterator<Item = Range<u32>>) -> Self {
        let ranges = ranges.into_iter().filter(|range| !range.is_empty());
        let mut sorted: Ranges = ranges.collect();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut runs: SmallVec<[Run; 1]> = SmallVec::new();
        for range in sorted {
            match runs.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => runs.push(Run {
                    start: range.start,
                    end: range.end,
                    before: 0,
                }),
            }
        }
        let mut before = 0;
        for run in &mut runs {
            run.before = before;
            before += run.end - run.start;
        }
        Self { runs }
    }

    /// The number of members.
    pub fn len(&self) -> u32 {
        self.runs
            .last()
            .map_or(0, |run| run.before + (run.end - run.start))
    }

    /// Whether the set has no member.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The ranges, in order.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<u32>> + '_ {
        self.runs.iter().map(|run| run.start..run.end)
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges().flatten()
    }

    /// The smallest member.
    pub fn first(&self) -> Option<u32> {
        self.runs.first().map(|run| run.start)
    }

    /// The largest member.
    pub fn last(&self) -> Option<u32> {
        self.runs.last().map(|run| run.end - 1)
    }

    /// Whether `index` is a member.
    pub fn contains(&self, index: u32) -> bool {
        self.rank(index).is_some()
    }

    /// How many members are smaller than the member `index`; `None` if it is not a member.
    pub fn rank(&self, index: u32) -> Option<u32> {
        let at = self.runs.partition_point(|run| run.end <= index);
        let run = self.runs.get(at)?;
        (run.start <= index).then(|| run.before + (index - run.start))
    }

    /// How many members are smaller than `index`, be it a member or not.
    pub fn before(&self, index: u32) -> u32 {
        let at = self.runs.partition_point(|run| run.end <= index);
        match self.runs.get(at) {
            None => self.len(),
            Some(run) => run.before + index.saturating_sub(run.start),
        }
    }

    /// The member with `rank` smaller ones.
    pub fn nth(&self, rank: u32) -> Option<u32> {
        let at = self
            .runs
            .partition_point(|run| run.before <= rank)
            .checked_sub(1)?;
        let run = &self.runs[at];
        let index = run.start + (rank - run.before);
        (index < run.end).then_some(index)
    }

    /// The members whose ranks are in a range, as ranges in order.
    pub fn ranked(&self, ranks: Range<u32>) -> impl Iterator<Item = Range<u32>> + '_ {
        let first = self
            .runs
            .partition_point(|run| run.before + (run.end - run.start) <= ranks.start);
        let runs = self.runs[first..].iter();
        let runs = runs.take_while(move |run| run.before < ranks.end);
        runs.map(move |run| {
            let start = run.start + ranks.start.saturating_sub(run.before);
            start..run.end.min(run.start + (ranks.end - run.before))
        })
    }

    /// Members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_subset(self) {
            return self.clone();
        }
        Self::from_ranges(self.ranges().chain(other.ranges()))
    }

    /// Members of any of `sets`.
    pub fn union_of(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut sets = sets.into_iter();
        let Some(first) = sets.next() else {
            return Self::empty();
        };
        let mut ranges = Ranges::new();
        for set in sets {
            ranges.extend(set.ranges());
        }
        if ranges.is_empty() {
            return first;
        }
        ranges.extend(first.ranges());
        Self::from_ranges(ranges)
    }

    /// Members of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b) = (0, 0);
        let mut both = Ranges::new();
        while let (Some(left), Some(right)) = (self.runs.get(a), other.runs.get(b)) {
            both.push(
                left.start.max(right.start)
                    ..left.end.min(right.end).max(left.start.max(right.start)),
            );
            if left.end <= right.end {
                a += 1;
            } else {
                b += 1;
            }
        }
        Self::from_ranges(both)
    }

    /// Members that are not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Ranges::new();
        let mut at = 0;
        for range in self.ranges() {
            let mut start = range.start;
            while at < other.runs.len() && other.runs[at].end <= start {
                at += 1;
            }
            for run in other.runs[at..]
                .iter()
                .take_while(|run| run.start < range.end)
            {
                left.push(start..run.start.max(start));
                start = run.end;
            }
            left.push(start..range.end.max(start));
        }
        Self::from_ranges(left)
    }

    /// The members within `range`.
    #[must_use]
    pub fn within(&self, range: &Range<u32>) -> Self {
        let first = self.runs.partition_point(|run| run.end <= range.start);
        let runs = self.runs[first..].iter();
        let runs = runs.take_while(|run| run.start < range.end);
        Self::from_ranges(runs.map(|run| run.start.max(range.start)..run.end.min(range.end)))
    }

    /// Whether any member is within `range`.
    pub fn meets(&self, range: &Range<u32>) -> bool {
        let at = self.runs.partition_point(|run| run.end <= range.start);
        let run = self.runs.get(at);
        !range.is_empty() && run.is_some_and(|run| run.start < range.end)
    }

    /// Whether every member is one of `other` too.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.ranges().all(|range| {
            let at = other.runs.partition_point(|run| run.end <= range.start);
            other
                .runs
                .get(at)
                .is_some_and(|run| run.start <= range.start && range.end <= run.end)
        })
    }
}

impl FromIterator<u32> for PartitionSet {
    fn from_iter<I: IntoIterator<Item = u32>>(indexes: I) -> Self {
        let mut ranges = Ranges::new();
        for index in indexes {
            match ranges.last_mut() {
                Some(last) if last.end == index => last.end += 1,
                _ => ranges.push(index..index + 1),
            }
        }
        Self::from_ranges(ranges)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::PartitionSet;

    proptest! {
        #[test]
        fn agrees_with_a_naive_set(
            a in proptest::collection::btree_set(0u32..40, 0..30),
            b in proptest::collection::btree_set(0u32..40, 0..30),
            range in (0u32..40, 0u32..40).prop_map(|(start, end)| start..end),
        ) {
            let (x, y): (PartitionSet, PartitionSet) = (a.iter().copied().collect(), b.iter().copied().collect());
            prop_assert_eq!(x.iter().collect::<BTreeSet<_>>(), a.clone());
            prop_assert_eq!(x.len() as usize, a.len());
            prop_assert!(x.union(&y).iter().eq(a.union(&b).copied()));
            prop_assert_eq!(PartitionSet::union_of([x.clone(), y.clone()]), x.union(&y));
            prop_assert!(x.intersection(&y).iter().eq(a.intersection(&b).copied()));
            prop_assert!(x.difference(&y).iter().eq(a.difference(&b).copied()));
            prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
            prop_assert!(x.within(&range).iter().eq(a.iter().copied().filter(|at| range.contains(at))));
            let ranked = x.ranked(range.clone()).flatten();
            prop_assert!(ranked.eq(a.iter().copied().take(range.end as usize).skip(range.start as usize)));
            prop_assert_eq!(x.meets(&range), a.iter().any(|at| range.contains(at)));
            for index in 0..41 {
                let rank = a.contains(&index).then(|| a.range(..index).count() as u32);
                prop_assert_eq!(x.rank(index), rank);
                prop_assert_eq!(x.before(index), a.range(..index).count() as u32);
                prop_assert_eq!(x.nth(index), a.iter().nth(index as usize).copied());
            }
        }
    }
}
