//! What a person writes for the keys of a partitions definition: one key, or a range.
//!
//! What a text means depends on the definitions of the project: a key of theirs, `DEFINITION=KEY`, or `dim=part,dim2=part`.
//! Here it is taken apart as far as that can be said without them.

use std::fmt;
use std::ops::Range;

use crate::model::name::Name;
use crate::model::partition::{InvalidPartitionKey, PartitionKey};

/// What stands between the first and the last key of a range.
pub const RANGE_SIGN: &str = "...";

/// One key, or a range of keys, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyWord {
    /// `--partition KEY`
    One(KeyText),
    /// `--partition-range FIRST...LAST`: both ends belong to it.
    Range {
        /// The first key.
        first: KeyText,
        /// The last key.
        last: KeyText,
    },
}

/// What a person writes for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyText {
    text: PartitionKey,
    limited: Option<LimitedKey>,
}

/// A key of one partitions definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedKey {
    /// The definition.
    pub definition: Name,
    /// The key.
    pub key: PartitionKey,
}

/// Why a text means no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct InvalidKeyWord {
    /// Why.
    pub why: InvalidKeys,
    /// Which bytes of the text are wrong.
    pub at: Range<usize>,
}

/// Why a text means no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// It cannot be a key.
    #[error(transparent)]
    Key(#[from] InvalidPartitionKey),
    /// There is no `...` in it.
    #[error("`...` separates the first and the last key of a range")]
    NoRange,
}

impl KeyWord {
    /// Reads one key.
    pub fn key(text: &str) -> Result<Self, InvalidKeyWord> {
        Ok(Self::One(KeyText::parse(text, 0)?))
    }

    /// Reads a range, `FIRST...LAST`.
    pub fn range(text: &str) -> Result<Self, InvalidKeyWord> {
        let Some((first, last)) = text.split_once(RANGE_SIGN) else {
            let (why, at) = (InvalidKeys::NoRange, 0..text.len());
            return Err(InvalidKeyWord { why, at });
        };
        let after = first.len() + RANGE_SIGN.len();
        Ok(Self::Range {
            first: KeyText::parse(first, 0)?,
            last: KeyText::parse(last, after)?,
        })
    }

    /// Where in the written word its last key stands.
    pub fn place_of_last(&self) -> Range<usize> {
        let start = match self {
            Self::One(_) => 0,
            Self::Range { first, .. } => first.text.as_str().len() + RANGE_SIGN.len(),
        };
        let (Self::One(last) | Self::Range { last, .. }) = self;
        start..start + last.text.as_str().len()
    }

    /// Where in the written word its first key stands.
    pub fn place_of_first(&self) -> Range<usize> {
        let (Self::One(first) | Self::Range { first, .. }) = self;
        0..first.text.as_str().len()
    }
}

impl KeyText {
    fn parse(text: &str, offset: usize) -> Result<Self, InvalidKeyWord> {
        let of = |text| {
            PartitionKey::parse(text).map_err(|why| InvalidKeyWord {
                why: why.into(),
                at: offset..offset + text.len(),
            })
        };
        let key = of(text)?;
        let limited = text.split_once('=').and_then(|(name, rest)| {
            Some(LimitedKey {
                definition: Name::parse(name).ok()?,
                key: PartitionKey::parse(rest).ok()?,
            })
        });
        Ok(Self { text: key, limited })
    }

    /// The whole text, as a key.
    pub fn whole(&self) -> &PartitionKey {
        &self.text
    }

    /// The text as `DEFINITION=KEY`, where it can be that.
    pub fn limited(&self) -> Option<&LimitedKey> {
        self.limited.as_ref()
    }
}

impl From<PartitionKey> for KeyText {
    fn from(key: PartitionKey) -> Self {
        Self {
            text: key,
            limited: None,
        }
    }
}

impl fmt::Display for KeyWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(key) => write!(f, "{key}"),
            Self::Range { first, last } => write!(f, "{first}{RANGE_SIGN}{last}"),
        }
    }
}

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidKeyWord, InvalidKeys, KeyWord};
    use crate::model::InvalidPartitionKey;

    #[test]
    fn display_after_parse_is_identity() {
        for (text, last) in [
            ("2024-01-01", 0..10),
            ("day=2024-01-01", 0..14),
            ("a=b=c", 0..5),
        ] {
            let word = KeyWord::key(text).expect("a key");
            assert_eq!(
                (word.to_string(), word.place_of_last()),
                (text.to_owned(), last)
            );
        }
        for (text, last) in [("a...b", 4..5), ("day=a...cd", 8..10)] {
            let word = KeyWord::range(text).expect("a range");
            assert_eq!(
                (word.to_string(), word.place_of_last()),
                (text.to_owned(), last)
            );
        }
    }

    #[test]
    fn a_definition_stands_before_the_first_sign() {
        for (text, expected) in [
            ("day=2024", Some(("day", "2024"))),
            ("a=b=c", Some(("a", "b=c"))),
            ("a b=c", None),
            ("=c", None),
            ("a=", None),
            ("a", None),
        ] {
            let Ok(KeyWord::One(key)) = KeyWord::key(text) else {
                panic!("{text} is a key")
            };
            let limited = key.limited();
            let found = limited.map(|it| (it.definition.as_str(), it.key.as_str()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn bad_words() {
        let key = |why: InvalidPartitionKey| InvalidKeys::from(why);
        for (text, why, at) in [
            ("ab", InvalidKeys::NoRange, 0..2),
            ("...b", key(InvalidPartitionKey::Empty), 0..0),
            ("a...", key(InvalidPartitionKey::Empty), 4..4),
            ("a...b...c", key(InvalidPartitionKey::RangeSign), 4..9),
        ] {
            assert_eq!(
                KeyWord::range(text),
                Err(InvalidKeyWord { why, at }),
                "{text}"
            );
        }
        assert!(KeyWord::key("a...b").is_err());
    }
}
