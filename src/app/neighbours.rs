//! Neighbouring partitions told as one, with the causes that they have in common.
//!
//! Neighbours are one range where they have the same causes. What each has of its own, the key that it reads and the
//! versions of that, is left out then; what all have in common stays.

use std::ops::Range;

use crate::answer::KeyRange;
use crate::model::{AssetId, Cause, CodeChange, DataChange, OutputChange, PartitionSet};
use crate::plan::Scope;

/// Neighbouring partitions as ranges, each with its first item. `items` are in order of their indexes; `join` adds the second
/// of two neighbours to the first, or says that they stay apart.
pub fn neighbours<T>(
    items: impl IntoIterator<Item = (u32, T)>,
    mut join: impl FnMut(&mut T, &T) -> bool,
) -> Vec<(Range<u32>, T)> {
    let mut groups: Vec<(Range<u32>, T)> = Vec::new();
    for (index, item) in items {
        if let Some((range, first)) = groups.last_mut()
            && range.end == index
            && join(first, &item)
        {
            range.end += 1;
            continue;
        }
        groups.push((index..index + 1, item));
    }
    groups
}

/// Whether two lists of causes say the same of two partitions, whatever the keys are that each of them reads.
pub fn alike(a: &[Cause], b: &[Cause]) -> bool {
    let (mut a, mut b) = (distinct(a), distinct(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if says_the_same(a, b) => {}
            _ => return false,
        }
    }
}

/// What two [`alike`] lists of causes have in common; `all` may be what several partitions have.
pub fn common(all: &[Cause], next: &[Cause]) -> Vec<Cause> {
    if all == next {
        return all.to_vec();
    }
    let merged = |causes: &[Cause]| {
        let mut merged: Vec<Cause> = Vec::new();
        for cause in causes {
            match merged.last_mut() {
                Some(last) if says_the_same(last, cause) => *last = common_of(last, cause),
                _ => merged.push(cause.clone()),
            }
        }
        merged
    };
    let (all, next) = (merged(all), merged(next));
    let pairs = all.iter().zip(&next);
    pairs.map(|(one, other)| common_of(one, other)).collect()
}

/// The first of each row of causes that say the same.
fn distinct(causes: &[Cause]) -> impl Iterator<Item = &Cause> {
    let is_first = |(index, cause): &(usize, &Cause)| {
        let before = index.checked_sub(1).map(|before| &causes[before]);
        before.is_none_or(|before| !says_the_same(before, cause))
    };
    let all = causes.iter().enumerate();
    all.filter(is_first).map(|(_, cause)| cause)
}

/// Whether two causes say the same, whatever the keys are that they are about.
fn says_the_same(a: &Cause, b: &Cause) -> bool {
    match (a, b) {
        (Cause::Data(a), Cause::Data(b)) => {
            let is_of_key = a.partition.is_some() || b.partition.is_some();
            // Without a key both read the same, and what differs is what it was recorded with.
            let is_same_change = (a.old, a.new) == (b.old, b.new) && a.detail == b.detail;
            a.input == b.input
                && a.presence == b.presence
                && (is_of_key || is_same_change)
                && alike(&a.root, &b.root)
        }
        (
            Cause::Output {
                output: a,
                change: was,
                ..
            },
            Cause::Output {
                output: b,
                change: is,
                ..
            },
        ) => a == b && std::mem::discriminant(was) == std::mem::discriminant(is),
        // The old value may have been recorded by several runs.
        (Cause::Code(a), Cause::Code(b)) => {
            let CodeChange {
                what,
                path,
                old,
                new,
                origin,
                recorded_by: _,
            } = a;
            (what, path, old, new, origin) == (&b.what, &b.path, &b.old, &b.new, &b.origin)
        }
        _ => a == b,
    }
}

/// One cause of what says the same of several partitions.
fn common_of(a: &Cause, b: &Cause) -> Cause {
    match (a, b) {
        (Cause::Data(a), Cause::Data(b)) => {
            // One of the two versions alone would say that there is no other.
            let is_same_change = (a.old, a.new) == (b.old, b.new);
            Cause::Data(DataChange {
                partition: same(a.partition.as_ref(), b.partition.as_ref()),
                path: same(a.path.as_ref(), b.path.as_ref()),
                old: a.old.filter(|_| is_same_change),
                new: a.new.filter(|_| is_same_change),
                detail: same(a.detail.as_ref(), b.detail.as_ref()),
                root: common(&a.root, &b.root),
                ..a.clone()
            })
        }
        (
            Cause::Output {
                output,
                path,
                change,
            },
            Cause::Output {
                path: other,
                change: otherwise,
                ..
            },
        ) => Cause::Output {
            output: output.clone(),
            path: same(path.as_ref(), other.as_ref()),
            change: match (*change, *otherwise) {
                (
                    OutputChange::Altered { old, new },
                    OutputChange::Altered {
                        old: other,
                        new: newer,
                    },
                ) => OutputChange::Altered {
                    old: same(old.as_ref(), other.as_ref()),
                    new: same(new.as_ref(), newer.as_ref()),
                },
                (change, _) => change,
            },
        },
        (Cause::Code(a), Cause::Code(b)) => Cause::Code(CodeChange {
            recorded_by: same(a.recorded_by.as_ref(), b.recorded_by.as_ref()),
            ..a.clone()
        }),
        (a, _) => a.clone(),
    }
}

/// What both have, if it is the same.
fn same<T: Clone + PartialEq>(a: Option<&T>, b: Option<&T>) -> Option<T> {
    a.filter(|_| a == b).cloned()
}

/// A range of an asset's partitions, by their keys.
pub fn key_range(scope: &Scope<'_>, asset: AssetId, range: &Range<u32>) -> KeyRange {
    let keys = scope.keys(asset);
    KeyRange {
        asset: scope.graph().key(asset).clone(),
        first: keys.key(range.start),
        last: keys.key(range.end - 1),
        count: range.end - range.start,
    }
}

/// A set of an asset's partitions, as ranges.
pub fn key_ranges(scope: &Scope<'_>, asset: AssetId, set: &PartitionSet) -> Vec<KeyRange> {
    set.ranges()
        .map(|range| key_range(scope, asset, &range))
        .collect()
}
