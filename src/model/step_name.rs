//! Names of steps: an asset partition, or neighbours that one command makes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::name::AssetKey;
use crate::model::partition::PartitionKey;

/// An asset partition, as people write it: `clean@2013-07-04`, or `year`.
///
/// ```
/// use assetctl::{AssetKey, PartitionKey, StepName};
///
/// let step = StepName {
///     asset: AssetKey::parse("clean").expect("a name"),
///     partition: Some(PartitionKey::parse("2013-07-04").expect("a key")),
/// };
/// assert_eq!(step.to_string(), "clean@2013-07-04");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepName {
    /// The asset.
    pub asset: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.partition {
            Some(partition) => write!(f, "{}@{partition}", self.asset),
            None => write!(f, "{}", self.asset),
        }
    }
}

impl Serialize for StepName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (asset, partition) = match text.split_once('@') {
            Some((asset, partition)) => (asset, Some(PartitionKey::recorded(partition))),
            None => (&*text, None),
        };
        Ok(Self {
            asset: AssetKey::of_path(asset),
            partition,
        })
    }
}

/// The neighbouring partitions that one command makes.
///
/// Each of them has events of its own; those of one command come one after the other, in the order of keys.
///
/// ```
/// use assetctl::{Batch, PartitionKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = PartitionKey::parse;
/// let batch = Batch { first: key("2024-01-01")?, last: key("2024-01-30")?, len: 30 };
/// assert!(batch.starts_with(Some(&key("2024-01-01")?)));
/// assert_eq!(batch.to_string(), "2024-01-01...2024-01-30 (30)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Batch {
    /// The first key.
    pub first: PartitionKey,
    /// The last key.
    pub last: PartitionKey,
    /// How many there are: 2 or more.
    #[serde(rename = "count")]
    pub len: u32,
}

impl Batch {
    /// Whether it begins with this partition.
    #[must_use]
    pub fn starts_with(&self, partition: Option<&PartitionKey>) -> bool {
        partition == Some(&self.first)
    }

    /// Whether it ends with this partition.
    #[must_use]
    pub fn ends_with(&self, partition: Option<&PartitionKey>) -> bool {
        partition == Some(&self.last)
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}...{} ({})", self.first, self.last, self.len)
    }
}
