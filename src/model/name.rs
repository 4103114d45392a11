//! Names: of assets, and of inputs, outputs and partitions definitions.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
///
/// ```
/// use assetctl::{AssetKey, InvalidName};
///
/// let error = AssetKey::parse("two words").expect_err("a space");
/// assert_eq!(error, InvalidName::Character { found: ' ', at: 3 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// The text, or a segment of it, is empty.
    #[error("a name has at least one character in each segment")]
    Empty,
    /// A character is not allowed; the offset is in bytes.
    #[error("{found:?} is not allowed in a name")]
    Character {
        /// The character.
        found: char,
        /// Its byte offset in the text.
        at: usize,
    },
}

/// The name of an asset or source asset: segments of `A-Za-z0-9_-` joined by `/`.
///
/// ```
/// use assetctl::AssetKey;
///
/// assert_eq!(AssetKey::parse("staging/orders").expect("a name").as_str(), "staging/orders");
/// assert!(AssetKey::parse("two words").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetKey(Arc<str>);

impl AssetKey {
    /// Parses a key as it is written in a manifest.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        check(text, |character| character == '/')?;
        if text.split('/').any(str::is_empty) {
            return Err(InvalidName::Empty);
        }
        Ok(Self(text.into()))
    }

    /// The key of a source that is declared in place, by its path: `"./raw.csv"`.
    ///
    /// Such a key is the path as the user wrote it, so it may hold characters that a declared key may not.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        Self(path.into())
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an input, an output or a partitions definition: `A-Za-z0-9_-`, and for inputs `/` too, as they are named
/// after asset keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(Arc<str>);

impl Name {
    /// Parses a name of an output or a partitions definition.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        check(text, |_| false)?;
        Ok(Self(text.into()))
    }

    /// The name of the input that reads `key` where none was given.
    pub fn of_asset(key: &AssetKey) -> Self {
        Self(Arc::clone(&key.0))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in an environment variable: upper-case, everything but letters and digits as `_`.
    pub fn as_variable(&self) -> String {
        self.0
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_uppercase()
                } else {
                    '_'
                }
            })
            .collect()
    }
}

fn check(text: &str, extra: impl Fn(char) -> bool) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || extra(c);
    match text.char_indices().find(|(_, c)| !allowed(*c)) {
        Some((at, found)) => Err(InvalidName::Character { found, at }),
        None => Ok(()),
    }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_newtype!(AssetKey);
text_newtype!(Name);

/// The index of an asset or source asset in an asset graph; ids follow the order of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetId(pub u32);

impl AssetId {
    /// The id as an index into dense columns.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{AssetKey, InvalidName, Name};
    use crate::testkit;

    #[test]
    fn asset_keys() {
        for good in ["a", "stg/orders", "A-1_b", "0"] {
            assert_eq!(
                AssetKey::parse(good).map(|key| key.to_string()),
                Ok(good.to_owned())
            );
        }
        for (bad, error) in [
            ("", InvalidName::Empty),
            ("/a", InvalidName::Empty),
            ("a//b", InvalidName::Empty),
            ("a b", InvalidName::Character { found: ' ', at: 1 }),
            ("ä", InvalidName::Character { found: 'ä', at: 0 }),
            ("a@b", InvalidName::Character { found: '@', at: 1 }),
        ] {
            assert_eq!(AssetKey::parse(bad), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn names_have_no_slash_and_give_variables() {
        assert_eq!(
            Name::parse("a/b"),
            Err(InvalidName::Character { found: '/', at: 1 })
        );
        let input = Name::of_asset(&testkit::asset("stg/daily-x"));
        assert_eq!(input.as_variable(), "STG_DAILY_X");
    }
}
