//! The one door for text that goes to a terminal: what could move its cursor, change its title or turn its text around is
//! shown as an escape, as `\u{1b}`; only colours of ours pass.
//!
//! Names of files, keys, descriptions and the output of commands are made by others. Our own colours are written with
//! [`MARK`] in place of the escape character, so that both can be told apart at the door.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Stands for the escape character in colours of ours: a noncharacter, which no text has a use for.
pub const MARK: char = '\u{fdd0}';

/// Whether a stream takes colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// They are kept.
    Kept,
    /// They are taken out.
    Dropped,
}

/// Writes colours with [`MARK`] in place of the escape character.
pub struct Marked<W>(pub W);

impl<W: fmt::Write> fmt::Write for Marked<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (index, part) in text.split('\u{1b}').enumerate() {
            if index > 0 {
                self.0.write_char(MARK)?;
            }
            self.0.write_str(part)?;
        }
        Ok(())
    }
}

/// A text with escape sequences of which all are ours, as those of the argument parser.
pub fn marked(text: &str) -> String {
    text.replace('\u{1b}', MARK.encode_utf8(&mut [0; 4]))
}

/// The text as a stream may have it: colours of ours kept or taken out, and all else that is not to be printed escaped.
/// Lines and tabs stay.
pub fn at_the_door(text: &str, colors: Colors) -> Cow<'_, str> {
    if !text.contains(|it| it == MARK || is_hidden(it) && it != '\n' && it != '\t') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let color = if character == MARK { color(rest) } else { 0 };
        if color > 0 {
            if colors == Colors::Kept {
                shown.push('\u{1b}');
                shown.push_str(&rest[MARK.len_utf8()..color]);
            }
            rest = &rest[color..];
            continue;
        }
        match character {
            '\n' | '\t' => shown.push(character),
            _ => put(&mut shown, character),
        }
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(shown)
}

/// A text of others on one line: lines and tabs are escaped, too.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(|it| is_hidden(it) && it != MARK) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            MARK => shown.push(MARK),
            _ => put(&mut shown, character),
        }
    }
    Cow::Owned(shown)
}

/// The output of a command for a terminal: its colours are taken out, a carriage return begins a line, and all else that is
/// not to be printed is escaped.
pub fn printed(output: &str) -> String {
    let mut shown = String::with_capacity(output.len());
    let mut rest = output;
    while let Some(character) = rest.chars().next() {
        let colors = color(rest);
        if colors > 0 {
            rest = &rest[colors..];
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            '\n' | '\t' => shown.push(character),
            '\r' if rest.is_empty() || rest.starts_with(['\r', '\n']) => {}
            '\r' => shown.push('\n'),
            _ => put(&mut shown, character),
        }
    }
    shown
}

/// The text without colours of ours.
pub fn uncolored(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(MARK) {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = color(rest).max(MARK.len_utf8());
        rest = &rest[length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// A text of a diagnostic's source, in which each place stays where it is: what is not to be printed becomes a character
/// with as many bytes.
pub fn of_same_length(text: &str) -> Cow<'_, str> {
    if !text.contains(|it| is_hidden(it) && it != '\n' && it != '\t' && it != '\r') {
        return Cow::Borrowed(text);
    }
    let replaced = |character| match character {
        '\n' | '\t' | '\r' => character,
        it if !is_hidden(it) => it,
        it => match it.len_utf8() {
            1 => '?',
            2 => '¿',
            3 => '\u{fffd}',
            _ => '\u{1f6ab}',
        },
    };
    Cow::Owned(text.chars().map(replaced).collect())
}

/// How many bytes a colour takes that `text` begins with; 0 where it begins with none. Only what changes the look of text
/// that can be read counts: no background, nothing hidden, nothing that blinks.
fn color(text: &str) -> usize {
    let Some(rest) = text.strip_prefix([MARK, '\u{1b}']) else {
        return 0;
    };
    let Some(parameters) = rest.strip_prefix('[') else {
        return 0;
    };
    let Some(end) = parameters.find(|it: char| !it.is_ascii_digit() && it != ';') else {
        return 0;
    };
    let is_plain = |parameter: &str| {
        matches!(
            parameter.parse(),
            Ok(0..=4 | 21..=24 | 30..=37 | 39 | 90..=97_u8)
        ) || parameter.is_empty()
    };
    if !parameters[end..].starts_with('m') || !parameters[..end].split(';').all(is_plain) {
        return 0;
    }
    text.len() - parameters.len() + end + 1
}

/// Whether a terminal would do something else than show the character: controls, and what turns text around or is not seen.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | MARK)
}

fn put(text: &mut String, character: char) {
    match character {
        it if !is_hidden(it) => text.push(it),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\r' => text.push_str("\\r"),
        it => write!(text, "\\u{{{:x}}}", u32::from(it)).expect("writing to a String cannot fail"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Colors, at_the_door, of_same_length, printed, uncolored, visible};
    use crate::cli::text::{BAD, styled};

    /// What others may put into names: a title, a cleared screen, a hidden text, a C1 control, a turned text.
    const HOSTILE: [&str; 7] = [
        "\u{1b}]0;title\u{7}",
        "\u{1b}[2J",
        "\u{1b}[8mhidden",
        "\u{9b}2J",
        "\u{202e}txt.exe",
        "\u{2066}a\u{2069}",
        "a\rb\u{8}",
    ];

    #[test]
    fn nothing_of_others_passes() {
        for text in HOSTILE {
            for shown in [
                at_the_door(text, Colors::Kept).into_owned(),
                at_the_door(text, Colors::Dropped).into_owned(),
                visible(text).into_owned(),
                printed(text),
                of_same_length(text).replace('\r', "").clone(),
            ] {
                let bad = |it: char| it != '\n' && super::is_hidden(it);
                assert!(!shown.contains(bad), "{text:?}: {shown:?}");
            }
            assert_eq!(of_same_length(text).len(), text.len());
        }
        assert_eq!(visible("a\n\u{1b}b"), "a\\n\\u{1b}b");
        assert_eq!(at_the_door("a\tb\n", Colors::Kept), "a\tb\n");
    }

    #[test]
    fn colors_of_ours_pass_and_those_of_others_are_told() {
        let text = format!("{} \u{1b}[31mred", styled(BAD, "bad"));
        let shown = at_the_door(&text, Colors::Kept);
        assert!(
            shown.starts_with("\u{1b}[1m\u{1b}[31mbad\u{1b}[0m "),
            "{shown:?}"
        );
        assert!(shown.ends_with(" \\u{1b}[31mred"), "{shown:?}");
        assert_eq!(at_the_door(&text, Colors::Dropped), "bad \\u{1b}[31mred");
        assert_eq!(uncolored(&text), "bad \u{1b}[31mred");
    }

    #[test]
    fn output_of_commands_has_no_colors_and_each_state_its_line() {
        assert_eq!(
            printed("\u{1b}[1;31mred\u{1b}[0m\r\n1%\r2%\r\n\u{1b}[Kx"),
            "red\n1%\n2%\n\\u{1b}[Kx"
        );
    }
}
