//! Neighbouring partitions of one asset.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::model::{AssetKey, PartitionKey};

/// Neighbouring partitions of an asset, both ends included; without keys, the only partition of an unpartitioned asset.
///
/// ```
/// use assetctl::{AssetKey, KeyRange, PartitionKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let range = KeyRange {
///     asset: AssetKey::parse("clean")?,
///     first: Some(PartitionKey::parse("2024-01-01")?),
///     last: Some(PartitionKey::parse("2024-01-31")?),
///     count: 31,
/// };
/// assert_eq!(range.to_string(), "clean@2024-01-01...2024-01-31");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// The asset.
    pub asset: AssetKey,
    /// The first key; `None` for an unpartitioned asset.
    pub first: Option<PartitionKey>,
    /// The last key; equal to the first for a single one.
    pub last: Option<PartitionKey>,
    /// How many partitions.
    pub count: u32,
}

/// As a selection would name it: `year`, `clean@2013-07-04`, `clean@2013-07-04...2013-07-06`.
impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.first, &self.last) {
            (Some(first), Some(last)) if first != last => {
                write!(f, "{}@{first}...{last}", self.asset)
            }
            (Some(only), _) | (None, Some(only)) => write!(f, "{}@{only}", self.asset),
            (None, None) => write!(f, "{}", self.asset),
        }
    }
}
