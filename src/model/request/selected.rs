//! A word that stands for one asset, or for one partition of it.

use std::fmt;
use std::str::FromStr;

use crate::model::name::{AssetKey, InvalidName};
use crate::model::partition::{InvalidPartitionKey, PartitionKey};
use crate::model::request::key_word::RANGE_SIGN;

/// An asset, one partition of it, or a range: `clean`, `clean@2013-07-04`, `clean@2013-07-01...2013-07-04`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selected {
    /// The asset or source.
    pub asset: AssetKey,
    /// The partition, or the first of a range, where one was named.
    pub partition: Option<PartitionKey>,
    /// The last partition, where a range was named.
    pub last: Option<PartitionKey>,
}

/// Why a word selects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelected {
    /// The part before `@` is no asset key.
    #[error(transparent)]
    Asset(#[from] InvalidName),
    /// The part after `@` is no partition key.
    #[error(transparent)]
    Partition(#[from] InvalidPartitionKey),
}

/// The first `@` ends the asset key, as a partition key may hold one. A word that starts like a path (`./`, `../`, `/`)
/// is the key of a source that is declared in place, whole.
impl FromStr for Selected {
    type Err = InvalidSelected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if ["./", "../", "/"].iter().any(|it| text.starts_with(it)) {
            return Ok(Self {
                asset: AssetKey::of_path(text),
                partition: None,
                last: None,
            });
        }
        let (asset, keys) = match text.split_once('@') {
            Some((asset, keys)) => (asset, Some(keys)),
            None => (text, None),
        };
        let (first, last) = match keys.and_then(|keys| keys.split_once(RANGE_SIGN)) {
            Some((first, last)) => (Some(first), Some(last)),
            None => (keys, None),
        };
        Ok(Self {
            partition: first.map(PartitionKey::parse).transpose()?,
            last: last.map(PartitionKey::parse).transpose()?,
            asset: AssetKey::parse(asset)?,
        })
    }
}

impl fmt::Display for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.asset)?;
        if let Some(partition) = &self.partition {
            write!(f, "@{partition}")?;
        }
        match &self.last {
            Some(last) => write!(f, "{RANGE_SIGN}{last}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidSelected, Selected};
    use crate::model::{InvalidName, InvalidPartitionKey};

    #[test]
    fn display_after_parse_is_identity() {
        for (text, asset, partition) in [
            ("clean", "clean", None),
            ("stg/orders@2013-07-04", "stg/orders", Some("2013-07-04")),
            ("a@b@c", "a", Some("b@c")),
            ("a@b...d", "a", Some("b")),
            ("./raw.csv", "./raw.csv", None),
            ("./raw@home.csv", "./raw@home.csv", None),
        ] {
            let selected: Selected = text.parse().expect("a valid word");
            assert_eq!(selected.asset.as_str(), asset);
            assert_eq!(
                selected.partition.as_ref().map(super::PartitionKey::as_str),
                partition
            );
            assert_eq!(selected.to_string(), text);
        }
    }

    #[test]
    fn bad_words() {
        for (text, error) in [
            ("", InvalidSelected::Asset(InvalidName::Empty)),
            ("a@", InvalidSelected::Partition(InvalidPartitionKey::Empty)),
            (
                "a b",
                InvalidSelected::Asset(InvalidName::Character { found: ' ', at: 1 }),
            ),
            (
                "a@1...2...3",
                InvalidSelected::Partition(InvalidPartitionKey::RangeSign),
            ),
        ] {
            assert_eq!(text.parse::<Selected>(), Err(error), "{text:?}");
        }
    }
}
