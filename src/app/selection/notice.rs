//! What the user should know of how a selection was taken.

use std::fmt;

use crate::model::{AssetKey, KeyWord, Name};

/// What the user should know of how a selection was taken: one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionNotice {
    /// A key, or both ends of a range, are keys of several partitions definitions.
    SeveralDefinitions {
        /// As written.
        word: KeyWord,
        /// Those that have a name.
        definitions: Vec<Name>,
        /// How many have none.
        unnamed: usize,
    },
    /// What an expression reaches has none of the keys.
    LeftOut {
        /// The first of them.
        first: AssetKey,
        /// How many there are.
        count: usize,
    },
    /// The partitions definitions of assets have no keys now.
    NoKeys {
        /// The first of them.
        first: AssetKey,
        /// How many there are.
        count: usize,
    },
    /// The arguments stand for nothing.
    Nothing,
}

impl fmt::Display for SelectionNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralDefinitions {
                word,
                definitions,
                unnamed,
            } => several(f, word, definitions, *unnamed),
            Self::LeftOut { first, count: 1 } => {
                write!(f, "`{first}` is left out: it has none of these partitions")
            }
            Self::LeftOut { first, count } => {
                let more = count - 1;
                write!(
                    f,
                    "`{first}` and {more} more are left out: they have none of these partitions"
                )
            }
            Self::NoKeys { first, count: 1 } => {
                write!(
                    f,
                    "`{first}` has no partitions: its definition has no keys now"
                )
            }
            Self::NoKeys { first, count } => {
                let more = count - 1;
                write!(
                    f,
                    "`{first}` and {more} more have no partitions: their definitions have no keys now"
                )
            }
            Self::Nothing => f.write_str("nothing is selected"),
        }
    }
}

fn several(
    f: &mut fmt::Formatter<'_>,
    word: &KeyWord,
    definitions: &[Name],
    unnamed: usize,
) -> fmt::Result {
    let mut names: Vec<_> = definitions.iter().map(|it| format!("`{it}`")).collect();
    match unnamed {
        0 => {}
        1 => names.push("a definition without a name".to_owned()),
        many => names.push(format!("{many} definitions without a name")),
    }
    let last = names.pop().unwrap_or_default();
    let (names, flag) = (names.join(", "), flag(word));
    write!(f, "`{word}` is a key of {names} and {last}")?;
    match definitions.first() {
        Some(first) => write!(f, "; `{flag} {first}={word}` limits it to one"),
        None => Ok(()),
    }
}

/// The flag that a word belongs to.
pub(in crate::app) fn flag(word: &KeyWord) -> &'static str {
    match word {
        KeyWord::One(_) => "--partition",
        KeyWord::Range { .. } => "--partition-range",
    }
}
