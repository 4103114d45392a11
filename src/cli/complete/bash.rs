//! Bash, which takes `:`, `=` and `@` for ends of words: the line is split here, and only what stands behind the last of them
//! is answered, as that is what Bash replaces.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::EnvCompleter;

/// The line up to the cursor, and the part of it that is replaced.
const LINE: &str = "_ASSETCTL_LINE";
const REPLACED: &str = "_ASSETCTL_REPLACED";

/// Bash.
pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(
            buf,
            r#"_{name}_complete() {{
    local IFS=$'\n'
    COMPREPLY=( $({LINE}="${{COMP_LINE:0:COMP_POINT}}" {REPLACED}="$2" {var}=bash {completer} -- 2>/dev/null) )
    if [[ "${{COMPREPLY-}}" =~ [:/\(]$ ]]; then
        compopt -o nospace
    fi
}}
complete -o bashdefault -F _{name}_complete {bin}"#
        )
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        _args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        let line = Line::split(&variable(LINE));
        let typed = line.words.last().cloned().unwrap_or_default();
        let args: Vec<OsString> = line.words.iter().map(OsString::from).collect();
        let index = args.len().saturating_sub(1);
        for candidate in complete(cmd, args, index, current_dir)? {
            let whole = candidate.get_value().to_string_lossy();
            writeln!(
                buf,
                "{}",
                replacement(&whole, &typed, &variable(REPLACED), line.quoting)
            )?;
        }
        Ok(())
    }
}

/// Whether the last word is within quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    Open,
    None,
}

/// The words of a line, the last of them the one that is typed.
struct Line {
    words: Vec<String>,
    quoting: Quoting,
}

impl Line {
    fn split(line: &str) -> Self {
        let mut words = vec![String::new()];
        let mut quote = None;
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            let word = words.last_mut().expect("there is always a last word");
            match (quote, c) {
                (None, ' ' | '\t') if word.is_empty() => {}
                (None, ' ' | '\t') => words.push(String::new()),
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (None | Some('"'), '\\') => word.extend(characters.next()),
                (_, c) => word.push(c),
            }
        }
        let quoting = if quote.is_some() {
            Quoting::Open
        } else {
            Quoting::None
        };
        Self { words, quoting }
    }
}

/// What Bash puts in the place of `replaced`, which is the end of what was typed.
fn replacement(whole: &str, typed: &str, replaced: &str, quoting: Quoting) -> String {
    let kept = typed.strip_suffix(replaced).unwrap_or_default();
    let text = whole.strip_prefix(kept).unwrap_or(whole);
    if quoting == Quoting::Open {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:=@+,%*".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Line, Quoting, replacement};

    #[test]
    fn lines_are_split_as_the_shell_does() {
        for (line, words, quoting) in [
            (
                "assetctl list ",
                &["assetctl", "list", ""][..],
                Quoting::None,
            ),
            (
                "assetctl  list key:a",
                &["assetctl", "list", "key:a"],
                Quoting::None,
            ),
            (
                "assetctl list 'a or k",
                &["assetctl", "list", "a or k"],
                Quoting::Open,
            ),
            (
                "assetctl list \"a\\\"b\" c\\ d",
                &["assetctl", "list", "a\"b", "c d"],
                Quoting::None,
            ),
        ] {
            let found = Line::split(line);
            assert_eq!(found.words, words, "{line}");
            assert_eq!(found.quoting, quoting, "{line}");
        }
    }

    #[test]
    fn only_what_bash_replaces_is_answered() {
        for (whole, typed, replaced, quoting, expected) in [
            ("group:core", "group:c", "c", Quoting::None, "core"),
            ("stg/orders", "stg", "stg", Quoting::None, "stg/orders"),
            ("tag:k=v", "tag:k=", "", Quoting::None, "v"),
            ("group:<null>", "group:", "", Quoting::None, "\\<null\\>"),
            (
                "a or group:",
                "a or gr",
                "a or gr",
                Quoting::Open,
                "a or group:",
            ),
            ("sinks(", "si", "si", Quoting::None, "sinks\\("),
        ] {
            assert_eq!(
                replacement(whole, typed, replaced, quoting),
                expected,
                "{whole}"
            );
        }
    }
}
