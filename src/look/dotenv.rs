//! The `.env` file of a project: variables for `from_env` and `secret_env` that the caller's environment does not set.
//!
//! It often holds secrets, so no message shows what is in it.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use crate::look::error::{EngineError, Problems};
use crate::sys::file::read_file;

/// The name of the file.
pub const DOTENV: &str = ".env";

/// The most bytes that are read.
const LONGEST: u64 = 16_000_000;

/// The variables of the file in `folder`, in its order; none where there is no file.
///
/// # Errors
///
/// If it cannot be read, or a line of it is not understood.
pub fn read_dotenv(folder: &Path) -> Result<Vec<(OsString, OsString)>, Problems> {
    let path = folder.join(DOTENV);
    let refused = |line, reason: &str| EngineError::Dotenv {
        line,
        reason: reason.to_owned(),
    };
    let bytes = match read_file(&path, LONGEST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(EngineError::UnreadableDotenv { source }.into()),
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        refused(line, "it is not UTF-8")
    })?;
    parse(&text).map_err(|(line, reason)| refused(line, reason).into())
}

/// The variables of a text; where it is not understood, the line from 1 and why.
fn parse(text: &str) -> Result<Vec<(OsString, OsString)>, (usize, &'static str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(variables);
        }
        let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
        let refused = |reason| (line, reason);
        if rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let exported = rest.strip_prefix("export").map(str::trim_start);
        let after =
            exported.filter(|after| !after.starts_with('=') && rest.len() - after.len() > 6);
        let assignment = after.unwrap_or(rest);
        let equals = assignment.find(['=', '\n']);
        let equals = equals.filter(|at| assignment[*at..].starts_with('='));
        let equals = equals.ok_or_else(|| refused("there is no `=`"))?;
        let name = assignment[..equals].trim_end();
        let mut characters = name.chars();
        let begins = characters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !begins || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(refused(
                "what comes before `=` is not a name of letters, digits and `_`",
            ));
        }
        let value = assignment[equals + 1..].trim_start_matches([' ', '\t']);
        let (value, after) = read_value(value).map_err(refused)?;
        variables.push((name.into(), value.into()));
        rest = after;
    }
}

/// The value that a text begins with, and what follows its line.
fn read_value(text: &str) -> Result<(String, &str), &'static str> {
    let Some(quote) = text.chars().next().filter(|c| ['"', '\''].contains(c)) else {
        let (line, after) = text.split_once('\n').unwrap_or((text, ""));
        let comment = line.match_indices('#').map(|(at, _)| at);
        let comment = comment
            .clone()
            .find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']));
        return Ok((
            line[..comment.unwrap_or(line.len())].trim_end().to_owned(),
            after,
        ));
    };
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            let (line, after) = text[at + 1..]
                .split_once('\n')
                .unwrap_or((&text[at + 1..], ""));
            let behind = line.trim();
            if !behind.is_empty() && !behind.starts_with('#') {
                return Err("something follows the closing quote");
            }
            return Ok((value, after));
        }
        if character != '\\' || quote == '\'' {
            value.push(character);
            continue;
        }
        match characters.next().map(|(_, escaped)| escaped) {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some(escaped @ ('\\' | '"' | '$' | '`')) => value.push(escaped),
            Some(other) => value.extend(['\\', other]),
            None => break,
        }
    }
    Err("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::parse;

    #[test]
    fn lines() {
        let text = "\u{feff}# comment\n\nA=1\r\nexport B = two words # not this\nC=\"a \\\"b\\\"\\n\\x\" # x\n\
                    D='it is $HOME \\n'\nE=\nF=a#b\nG=\"two\nlines\"\n  H='#'\nexport=1\nI=#x\nA=2";
        let read = parse(text).expect("it is understood");
        let read: Vec<String> = read
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            read,
            [
                "A=1",
                "B=two words",
                "C=a \"b\"\n\\x",
                "D=it is $HOME \\n",
                "E=",
                "F=a#b",
                "G=two\nlines",
                "H=#",
                "export=1",
                "I=",
                "A=2"
            ]
        );
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line, reason) in [
            ("A=1\nB\nC=2", 2, "there is no `=`"),
            (
                "A=1\n\n1B=2",
                3,
                "what comes before `=` is not a name of letters, digits and `_`",
            ),
            (
                "=2",
                1,
                "what comes before `=` is not a name of letters, digits and `_`",
            ),
            ("A='\n\nx", 1, "a quote is not closed"),
            ("A=\"x\\\"", 1, "a quote is not closed"),
            ("A='x' y", 1, "something follows the closing quote"),
        ] {
            assert_eq!(parse(text), Err((line, reason)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>(), value in "[^']*") {
            drop(parse(&text));
            let read = parse(&format!("# {value:?}\nA='{value}'\nB=1")).expect("it is quoted");
            prop_assert!(read[0].1.to_str() == Some(value.as_str()) && read.len() == 2);
        }
    }
}
