//! Neighbouring partitions of an asset.

use serde::Serialize;

use crate::model::{KeyRange, PartitionKey};

/// `{"asset":…,"first":…,"last":…,"count":…}`; the keys are `null` for an unpartitioned asset.
#[derive(Debug, Serialize)]
pub struct RangeShape<'a> {
    asset: &'a str,
    first: Option<&'a str>,
    last: Option<&'a str>,
    count: u32,
}

impl<'a> RangeShape<'a> {
    /// The shapes of `ranges`.
    #[must_use]
    pub fn all(ranges: &'a [KeyRange]) -> Vec<Self> {
        ranges.iter().map(Self::from).collect()
    }
}

impl<'a> From<&'a KeyRange> for RangeShape<'a> {
    fn from(range: &'a KeyRange) -> Self {
        Self {
            asset: range.asset.as_str(),
            first: range.first.as_ref().map(PartitionKey::as_str),
            last: range.last.as_ref().map(PartitionKey::as_str),
            count: range.count,
        }
    }
}
