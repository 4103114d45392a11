//! Fish, which gives the word at the cursor as it was typed, with its quotes, and quotes what it puts in its place.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

use crate::cli::complete::candidates::{candidates, first_line};
use crate::cli::complete::line::Line;

/// Fish.
pub(super) struct Fish;

impl EnvCompleter for Fish {
    fn name(&self) -> &'static str {
        "fish"
    }

    fn is(&self, name: &str) -> bool {
        name == "fish"
    }

    fn write_registration(
        &self,
        var: &str,
        _name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(
            buf,
            "complete --keep-order --exclusive --command {bin} --arguments \"({var}=fish {completer} -- \
             (commandline --current-process --tokenize --cut-at-cursor) \
             (commandline --cut-at-cursor --current-token))\""
        )
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        for candidate in candidates(cmd, words(args), current_dir)? {
            write!(buf, "{}", candidate.get_value().to_string_lossy())?;
            if let Some(help) = first_line(&candidate) {
                write!(buf, "\t{help}")?;
            }
            writeln!(buf)?;
        }
        Ok(())
    }
}

/// The words of the line, the last of them without its quotes.
pub(super) fn words(mut args: Vec<OsString>) -> Vec<OsString> {
    if let Some(last) = args.last_mut()
        && let Some(typed) = last.to_str()
    {
        *last = Line::split(typed).typed().into();
    }
    args
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::words;

    #[test]
    fn the_last_word_loses_its_quotes() {
        for (typed, expected) in [
            ("", ""),
            ("'group:x and ta", "group:x and ta"),
            ("group:x\\ and\\ ta", "group:x and ta"),
            ("\"a\\\"b", "a\"b"),
        ] {
            let words = words(vec!["assetctl".into(), typed.into()]);
            assert_eq!(words, [OsString::from("assetctl"), expected.into()]);
        }
    }
}
