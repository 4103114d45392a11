//! Partition keys.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is no partition key.
///
/// ```
/// use assetctl::{InvalidPartitionKey, PartitionKey};
///
/// assert_eq!(PartitionKey::parse("a...b"), Err(InvalidPartitionKey::RangeSign));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPartitionKey {
    /// The text is empty.
    #[error("a partition key is not empty")]
    Empty,
    /// The text holds a control character.
    #[error("a partition key contains no control character such as {0:?}")]
    Control(char),
    /// The text holds `...`, which stands for a range.
    #[error("a partition key does not contain `...`, which means a range of keys")]
    RangeSign,
}

/// The key of one partition: any text without control characters and without `...`.
///
/// ```
/// use assetctl::PartitionKey;
///
/// assert_eq!(PartitionKey::parse("2024-01-01").expect("a key").as_str(), "2024-01-01");
/// assert!(PartitionKey::parse("").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartitionKey(Arc<str>);

impl PartitionKey {
    /// Checks and takes a key.
    pub fn parse(text: &str) -> Result<Self, InvalidPartitionKey> {
        if text.is_empty() {
            return Err(InvalidPartitionKey::Empty);
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(InvalidPartitionKey::Control(control));
        }
        if text.contains("...") {
            return Err(InvalidPartitionKey::RangeSign);
        }
        Ok(Self(text.into()))
    }

    /// A key read back from where it was recorded; it was valid when it was written.
    #[must_use]
    pub fn recorded(text: &str) -> Self {
        Self(text.into())
    }

    /// A key that a definition made, which is valid by construction.
    pub(super) fn made(text: &str) -> Self {
        Self(text.into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for PartitionKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a partition is called in an instance: independent of the order and number of a definition's keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionSlot {
    /// The only partition of an unpartitioned asset.
    Unpartitioned,
    /// A time window, by its start in seconds since 1970 (UTC): windows in order are slots in order.
    Window(i64),
    /// A key of a definition whose keys are names.
    Named(PartitionKey),
}

#[cfg(test)]
mod tests {
    use super::{InvalidPartitionKey, PartitionKey};

    #[test]
    fn keys() {
        for good in ["2024-01-01", "a b", "eu|x", "../x", "$(x)", "..", "ä"] {
            assert!(PartitionKey::parse(good).is_ok(), "{good:?}");
        }
        for (bad, error) in [
            ("", InvalidPartitionKey::Empty),
            ("a\nb", InvalidPartitionKey::Control('\n')),
            ("a...b", InvalidPartitionKey::RangeSign),
        ] {
            assert_eq!(PartitionKey::parse(bad), Err(error));
        }
    }
}
