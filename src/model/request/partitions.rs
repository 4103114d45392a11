//! What is selected: assets, which of their partitions, and what is recorded of those.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::name::{AssetKey, Name};
use crate::model::request::KeyWord;

/// Which assets, and which of their partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectionRequest {
    /// Expressions over assets, united; everything if empty.
    pub assets: Vec<SelectionText>,
    /// Which of their partitions.
    pub partitions: PartitionsSelection,
    /// Only what belongs to this job.
    pub job: Option<Name>,
}

impl<'a> FromIterator<&'a str> for SelectionRequest {
    /// All partitions of the union of these expressions.
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        Self {
            assets: texts.into_iter().map(SelectionText::from).collect(),
            ..Self::default()
        }
    }
}

impl From<SelectionText> for SelectionRequest {
    /// All partitions of what one expression selects.
    fn from(text: SelectionText) -> Self {
        Self {
            assets: vec![text],
            ..Self::default()
        }
    }
}

/// Which partitions of what is selected; without any word every key that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionsSelection {
    /// At which keys.
    pub keys: KeyChoice,
    /// Of these only what is recorded so.
    pub recorded: RecordedState,
}

/// At which keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyChoice {
    /// Nothing was said: at every key that exists.
    #[default]
    Every,
    /// At every key that exists, and it was said so.
    All,
    /// At these keys and ranges of keys; there is at least one.
    Named(Vec<KeyWord>),
    /// At the newest keys of each partitions definition.
    Latest(NonZeroU32),
}

/// Which records a partition has, for a selection; any, and none, unless one is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordedState {
    /// It was never materialized, whether it was tried or not.
    pub missing: bool,
    /// Its last attempt failed.
    pub failed: bool,
}

/// As it can be typed, but for `--partition` and `--partition-range`: their values stand alone.
impl fmt::Display for PartitionsSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = match &self.keys {
            KeyChoice::Every => Vec::new(),
            KeyChoice::All => vec!["--all-partitions".to_owned()],
            KeyChoice::Named(words) => words.iter().map(ToString::to_string).collect(),
            KeyChoice::Latest(count) => vec![format!("--latest {count}")],
        };
        let RecordedState { missing, failed } = self.recorded;
        words.extend(missing.then(|| "--missing".to_owned()));
        words.extend(failed.then(|| "--failed".to_owned()));
        f.write_str(&words.join(" "))
    }
}

/// An argument of a selection, as it was typed: an expression over assets, which is read where the graph is known.
///
/// Several of them are united.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SelectionText(String);

impl SelectionText {
    /// Exactly this asset or source, whatever characters its key holds.
    pub fn naming(asset: &AssetKey) -> Self {
        let mut text = String::from("\"");
        for c in asset.as_str().chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
        Self(text)
    }

    /// What a job selects.
    pub fn of_job(job: &Name) -> Self {
        Self(format!("job:\"{job}\""))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SelectionText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for SelectionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{KeyChoice, PartitionsSelection, RecordedState};
    use crate::model::KeyWord;

    #[test]
    fn as_typed() {
        let key = KeyWord::key("day=k").expect("a key");
        let range = KeyWord::range("a...c").expect("a range");
        let recorded = |missing, failed| RecordedState { missing, failed };
        let two = NonZeroU32::new(2).expect("not zero");
        for (keys, recorded, text) in [
            (KeyChoice::Every, recorded(false, false), ""),
            (
                KeyChoice::All,
                recorded(true, false),
                "--all-partitions --missing",
            ),
            (
                KeyChoice::Latest(two),
                recorded(false, true),
                "--latest 2 --failed",
            ),
            (
                KeyChoice::Named(vec![key, range]),
                recorded(true, true),
                "day=k a...c --missing --failed",
            ),
        ] {
            assert_eq!(PartitionsSelection { keys, recorded }.to_string(), text);
        }
    }
}
