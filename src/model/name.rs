//! Names: of assets, and of inputs, outputs and partitions definitions.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Kind;
use crate::model::partition::PartitionKey;

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
        as_variable(&self.0)
    }
}

/// A text in the name of an environment variable: upper-case, everything but letters and digits as `_`.
pub fn as_variable(text: &str) -> String {
    let character = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
        _ => '_',
    };
    text.chars().map(character).collect()
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

/// The longest name of a folder or file, in bytes; file systems take 255.
pub const LONGEST_COMPONENT: usize = 240;

/// Stands before the digest in a name that is shortened; no encoded name holds it.
pub const SHORTENED: char = '!';

/// Everything but `A-Za-z0-9._:+=@,-`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'_')
    .remove(b':')
    .remove(b'+')
    .remove(b'=')
    .remove(b'@')
    .remove(b',')
    .remove(b'-');

/// A text as a part of one path component: other bytes than `A-Za-z0-9._:+=@,-` percent-encoded.
pub fn encode_component(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, ENCODED).into()
}

/// A key as one whole path component: encoded, and never `.` or `..`.
pub fn encode_whole_component(text: &str) -> String {
    match text {
        "." | ".." => text.replace('.', "%2E"),
        text => encode_component(text).into_owned(),
    }
}

/// An encoded name of at most `longest` bytes: of a longer one the end gives way to a digest of the whole.
pub fn shortened(encoded: String, longest: usize) -> String {
    if encoded.len() <= longest {
        return encoded;
    }
    let digest = Kind::Path.digest(encoded.as_bytes()).to_string();
    let kept = longest - digest.len() - SHORTENED.len_utf8();
    // What is encoded is ASCII, so it can be cut anywhere.
    format!("{}{SHORTENED}{digest}", &encoded[..kept])
}

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

/// How many names are compared letter by letter; of more, those that are made of the most similar letters.
const COMPARED: usize = 500;

/// Names among which similar ones are looked for.
#[derive(Clone, Debug)]
pub struct KnownNames<'a> {
    names: Vec<&'a str>,
    letters: Vec<Letters>,
}

impl<'a> KnownNames<'a> {
    /// Makes ready to look, which takes about as long as one look.
    pub fn new(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<_> = names.collect();
        let letters = names.iter().map(|name| Letters::of(name)).collect();
        Self { names, letters }
    }

    /// Up to three names that are at most `limit` edits away from a text, the most similar first; upper and lower case are one.
    pub fn like(&self, text: &str, limit: usize) -> Vec<&'a str> {
        let lower = text.to_lowercase();
        let mut near: Vec<_> = self
            .worth_comparing(text, limit)
            .map(|name| {
                (
                    strsim::damerau_levenshtein(&name.to_lowercase(), &lower),
                    name,
                )
            })
            .filter(|(distance, _)| *distance <= limit)
            .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().take(3).map(|(_, name)| name).collect()
    }

    /// The names that may be within `limit` edits of `text`: an edit changes the counts of two letters at most.
    fn worth_comparing(&self, text: &str, limit: usize) -> impl Iterator<Item = &'a str> {
        let of_text = Letters::of(text);
        let apart = self.letters.iter().map(|letters| letters.apart(&of_text));
        let mut near: Vec<_> = apart
            .zip(0..)
            .filter(|(apart, _)| *apart as usize <= 2 * limit)
            .collect();
        if near.len() > COMPARED {
            near.select_nth_unstable(COMPARED);
            near.truncate(COMPARED);
        }
        near.into_iter()
            .map(|(_, index): (u32, usize)| self.names[index])
    }
}

/// How often letters occur in a text; some share a count.
#[derive(Clone, Debug)]
struct Letters([u8; 32]);

impl Letters {
    fn of(text: &str) -> Self {
        let mut counts = [0u8; 32];
        for letter in text.chars().flat_map(char::to_lowercase) {
            let count = &mut counts[letter as usize % 32];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// How many letters one of both has and the other has not, or more.
    fn apart(&self, other: &Self) -> u32 {
        let pairs = self.0.iter().zip(&other.0);
        pairs
            .map(|(one, other)| u32::from(one.abs_diff(*other)))
            .sum()
    }
}

/// The index of a manifest file in [`crate::model::AssetGraph::files`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct FileId(pub u16);

/// A span of bytes in a manifest file, and the line on which it starts, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u32,
    /// The byte offset.
    pub start: u32,
    /// The number of bytes.
    pub len: u32,
}

#[cfg(test)]
mod tests {
    use super::{AssetKey, InvalidName, KnownNames, Name};

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

    #[test]
    fn the_nearest_of_many_names_are_found() {
        let names: Vec<String> = (0..20_000)
            .map(|index| format!("asset{index:05}"))
            .collect();
        let names = KnownNames::new(names.iter().map(String::as_str));
        for (text, expected) in [
            ("aset01234", Some("asset01234")),
            ("asset0123", Some("asset00123")),
            ("nothing", None),
        ] {
            assert_eq!(names.like(text, 4).first().copied(), expected, "{text}");
        }
    }

    #[test]
    fn letters_of_several_bytes_are_letters() {
        let names = KnownNames::new(["größe", "menge"].into_iter());
        assert_eq!(names.like("grosse", 3), ["größe"]);
        assert!(names.like("grosse", 2).is_empty());
    }
}
