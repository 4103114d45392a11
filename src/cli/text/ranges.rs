//! Ranges of keys.

use crate::answer::{KeyRange, PartitionRun};
use crate::cli::text::and_more;
use crate::model::PartitionKey;

/// Neighbouring keys; none for an unpartitioned asset.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The first.
    pub first: Option<&'a PartitionKey>,
    /// The last.
    pub last: Option<&'a PartitionKey>,
}

impl<'a> From<&'a KeyRange> for Keys<'a> {
    fn from(range: &'a KeyRange) -> Self {
        Self {
            first: range.first.as_ref(),
            last: range.last.as_ref(),
        }
    }
}

impl<'a> From<&'a PartitionRun> for Keys<'a> {
    fn from(run: &'a PartitionRun) -> Self {
        Self {
            first: run.first.as_ref(),
            last: run.last.as_ref(),
        }
    }
}

/// The ranges, at most `limit` of them written out: `a, c...f and 12 more ranges`; empty for an unpartitioned asset.
pub fn keys<'a>(ranges: impl IntoIterator<Item = Keys<'a>>, limit: usize) -> String {
    let mut ranges = ranges.into_iter().filter_map(written);
    let shown: Vec<_> = ranges.by_ref().take(limit).collect();
    and_more(shown.join(", "), ranges.count(), "more range")
}

fn written(keys: Keys<'_>) -> Option<String> {
    match (keys.first, keys.last) {
        (Some(first), Some(last)) if first != last => Some(format!("{first}...{last}")),
        (Some(only), _) | (None, Some(only)) => Some(only.to_string()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, keys};

    use crate::testkit;

    #[test]
    fn many_ranges_are_counted() {
        let parsed: Vec<_> = ["a", "c", "f", "h"].map(testkit::key).into();
        let range = |first: usize, last: usize| Keys {
            first: Some(&parsed[first]),
            last: Some(&parsed[last]),
        };
        let all = [range(0, 0), range(1, 2), range(3, 3)];
        assert_eq!(keys(all, 3), "a, c...f, h");
        assert_eq!(keys(all, 2), "a, c...f and 1 more range");
        assert_eq!(keys(all, 1), "a and 2 more ranges");
        let none = Keys {
            first: None,
            last: None,
        };
        assert_eq!(keys([none], 3), "");
    }
}
