//! Colour, width and glyphs: the one place that decides them.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::IsTerminal as _;

use crate::cli::args::ColorChoice;
use crate::cli::text::{Colors, at_the_door};

/// What the environment and the two streams allow.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// Standard output.
    pub stdout: Stream,
    /// Standard error.
    pub stderr: Stream,
    /// Whether someone can answer a question.
    pub can_answer: bool,
    /// Which characters can be shown.
    pub glyphs: Glyphs,
    /// Whether the terminal only takes lines: `TERM=dumb`.
    pub lines_only: bool,
}

/// One of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whether it is a terminal, and not a pipe or a file.
    pub is_terminal: bool,
    /// Whether it takes colours.
    pub colors: Colors,
    /// Its width in columns; `None` where lines may be of any length.
    pub width: Option<usize>,
    /// Its height in lines; `None` where there is no end, or nobody knows.
    pub height: Option<usize>,
}

/// Which characters can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// All.
    Unicode,
    /// ASCII.
    Ascii,
}

/// The variables that matter here.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "whether each of these variables is set, as the environment says"
)]
pub struct Variables {
    no_color: bool,
    clicolor_force: bool,
    clicolor_off: bool,
    dumb: bool,
    ascii: bool,
    columns: Option<usize>,
}

impl Variables {
    /// Picks them out of an environment.
    pub fn new(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| {
            get(name)
                .and_then(|value| value.into_string().ok())
                .filter(|value| !value.is_empty())
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|it| text(it));
        Self {
            no_color: text("NO_COLOR").is_some(),
            clicolor_force: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            clicolor_off: text("CLICOLOR").is_some_and(|value| value == "0"),
            dumb: text("TERM").is_some_and(|value| value == "dumb"),
            ascii: locale.is_some_and(|value| value == "C" || value == "POSIX"),
            columns: text("COLUMNS").and_then(|value| value.parse().ok()),
        }
    }

    fn colors(&self, choice: ColorChoice, is_terminal: bool) -> Colors {
        let colors = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.no_color => false,
            ColorChoice::Auto if self.clicolor_force => true,
            ColorChoice::Auto => is_terminal && !self.clicolor_off && !self.dumb,
        };
        if colors {
            Colors::Kept
        } else {
            Colors::Dropped
        }
    }
}

/// Columns and lines of the terminal on standard error as it is now, after it may have been resized; `COLUMNS` does not follow.
pub fn size_now() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size_of(std::io::stderr())?;
    Some((usize::from(width.0).max(20), usize::from(height.0)))
}

impl Terminal {
    /// Asks the streams of this process.
    pub fn of_process(choice: ColorChoice, variables: &Variables) -> Self {
        let stream =
            |is_terminal: bool, size: Option<(terminal_size::Width, terminal_size::Height)>| {
                let size = size.filter(|_| is_terminal);
                let measured = size.map(|(width, _)| usize::from(width.0));
                Stream {
                    is_terminal,
                    colors: variables.colors(choice, is_terminal),
                    width: is_terminal
                        .then(|| variables.columns.or(measured).unwrap_or(80).max(20)),
                    height: size.map(|(_, height)| usize::from(height.0)),
                }
            };
        Self {
            stdout: stream(
                std::io::stdout().is_terminal(),
                terminal_size::terminal_size_of(std::io::stdout()),
            ),
            stderr: stream(
                std::io::stderr().is_terminal(),
                terminal_size::terminal_size_of(std::io::stderr()),
            ),
            can_answer: std::io::stdin().is_terminal(),
            glyphs: if variables.ascii || variables.dumb {
                Glyphs::Ascii
            } else {
                Glyphs::Unicode
            },
            lines_only: variables.dumb,
        }
    }
}

impl Colors {
    /// The text as this stream takes it: colours are always written, and taken out where they are not wanted; what could do
    /// more to a terminal than show text is escaped.
    pub fn apply(self, text: String) -> String {
        match at_the_door(&text, self) {
            Cow::Borrowed(_) => text,
            Cow::Owned(shown) => shown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{ColorChoice, Colors, Variables};

    #[test]
    fn when_colors_are_used() {
        use ColorChoice::{Always, Auto, Never};
        use Colors::{Dropped, Kept};
        for (choice, environment, is_terminal, colors) in [
            (Auto, &[][..], true, Kept),
            (Auto, &[], false, Dropped),
            (Auto, &[("NO_COLOR", "1")], true, Dropped),
            (Auto, &[("NO_COLOR", "")], true, Kept),
            (Auto, &[("TERM", "dumb")], true, Dropped),
            (Auto, &[("CLICOLOR", "0")], true, Dropped),
            (Auto, &[("CLICOLOR_FORCE", "1")], false, Kept),
            (Auto, &[("CLICOLOR_FORCE", "0")], false, Dropped),
            (
                Auto,
                &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
                true,
                Dropped,
            ),
            (Always, &[("NO_COLOR", "1")], false, Kept),
            (Never, &[("CLICOLOR_FORCE", "1")], true, Dropped),
        ] {
            let variables = Variables::new(|name| {
                let (_, value) = environment.iter().find(|(it, _)| *it == name)?;
                Some(OsString::from(value))
            });
            assert_eq!(
                variables.colors(choice, is_terminal),
                colors,
                "{choice:?} {environment:?} {is_terminal}"
            );
        }
    }
}
