//! Which partitions of what is selected: the keys, and what is recorded of them.

use std::fmt;
use std::num::NonZeroU32;

use crate::model::request::KeyWord;

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

/// What is recorded of a partition, for a selection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordedState {
    /// Anything, or nothing.
    #[default]
    Any,
    /// It was never materialized, whether it was tried or not.
    Missing,
    /// Its last attempt failed.
    Failed,
    /// One of the two.
    MissingOrFailed,
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
        let states = match self.recorded {
            RecordedState::Any => &[][..],
            RecordedState::Missing => &["--missing"],
            RecordedState::Failed => &["--failed"],
            RecordedState::MissingOrFailed => &["--missing", "--failed"],
        };
        words.extend(states.iter().map(ToString::to_string));
        f.write_str(&words.join(" "))
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
        let two = NonZeroU32::new(2).expect("not zero");
        for (keys, recorded, text) in [
            (KeyChoice::Every, RecordedState::Any, ""),
            (
                KeyChoice::All,
                RecordedState::Missing,
                "--all-partitions --missing",
            ),
            (
                KeyChoice::Latest(two),
                RecordedState::Failed,
                "--latest 2 --failed",
            ),
            (
                KeyChoice::Named(vec![key, range]),
                RecordedState::MissingOrFailed,
                "day=k a...c --missing --failed",
            ),
        ] {
            assert_eq!(PartitionsSelection { keys, recorded }.to_string(), text);
        }
    }
}
