//! How quantities, keys and causes are put into words.

mod cause;
mod place;
mod quantity;
mod table;
mod unfresh;
mod visible;

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

use crate::cli::terminal::Glyphs;
use crate::cli::text::visible::Marked;
use crate::model::Status;

pub(super) use cause::{chain, subject};
pub(super) use place::declared_in;
pub(super) use quantity::{
    Keys, ago, amounts, and_more, bytes, clock, count, elapsed, keys, number, span,
};
pub(super) use table::{Table, TableCell, cut, width};
pub(super) use unfresh::{
    UNVERIFIABLE, not_the_same, status_word, why, why_not_rebuilt, why_unverifiable,
};
pub(super) use visible::{
    Colors, at_the_door, is_hidden, marked, of_same_length, printed, uncolored, visible,
};

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
    /// Whether it is said what to do next, as a person reads.
    pub hints: bool,
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

/// Adds formatted text to a `String`.
macro_rules! put {
    ($text:expr, $($arg:tt)*) => {
        std::fmt::Write::write_fmt($text, format_args!($($arg)*))
            .expect("a String takes all that is written")
    };
}
pub(super) use put;

/// Done, fresh.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Failed.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Not fresh.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Going on, or not known yet.
pub const ACCENT: Style = AnsiColor::Cyan.on_default();
/// Beside the point.
pub const DIM: Style = Style::new().dimmed();
/// A name.
pub const BOLD: Style = Style::new().bold();

/// A text in a style.
#[derive(Clone, Copy, Debug)]
pub struct Styled<T> {
    style: Style,
    text: T,
}

/// `text` in `style`.
pub fn styled<T: fmt::Display>(style: Style, text: T) -> Styled<T> {
    Styled { style, text }
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(Marked(&mut *f), "{style}")?;
        write!(f, "{text}")?;
        write!(Marked(f), "{style:#}")
    }
}

/// The style of a status.
pub fn status_style(status: Status) -> Style {
    match status {
        Status::Fresh => GOOD,
        Status::Stale | Status::Missing | Status::Locked | Status::Unverifiable => WARN,
        Status::Pending => ACCENT,
        Status::Failed | Status::Blocked => BAD,
    }
}
