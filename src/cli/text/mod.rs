//! How quantities, keys and causes are put into words.

mod cause;
mod moment;
mod quantity;
mod ranges;
mod rebuilt;
mod style;
mod table;
mod unfresh;
mod visible;

pub(super) use cause::{chain, subject};
pub(super) use moment::{ago, clock};
pub(super) use quantity::{bytes, count, elapsed, number, span};
pub(super) use ranges::{Keys, keys};
pub(super) use rebuilt::{not_the_same, why_not_rebuilt};
pub(super) use style::{ACCENT, BAD, BOLD, DIM, GOOD, WARN, status_style, styled};
pub(super) use table::{Table, TableCell, cut, width};
pub(super) use unfresh::{UNVERIFIABLE, status_word, why, why_unverifiable};
pub(super) use visible::{
    Colors, at_the_door, is_hidden, marked, of_same_length, printed, uncolored, visible,
};

use jiff::Timestamp;

use crate::cli::terminal::Glyphs;

/// What a text is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The characters that can be shown.
    pub glyphs: Glyphs,
    /// The width of the terminal; `None` where lines may be of any length.
    pub width: Option<usize>,
    /// How many lines the terminal has; `None` where it does not say.
    pub height: Option<usize>,
    /// The time against which others are told.
    pub now: Timestamp,
    /// How much is said.
    pub detail: Detail,
    /// Whether it is said what to do next.
    pub hints: Hints,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// `--quiet`.
    Brief,
    /// Neither.
    Normal,
    /// `--verbose`.
    Full,
}

/// Whether it is said what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hints {
    /// It is: a person reads.
    Given,
    /// It is not: a program reads.
    None,
}
