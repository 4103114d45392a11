//! Colours, each with a meaning.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use crate::cli::text::visible::Marked;
use crate::model::Status;

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
