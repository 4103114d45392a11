//! Bash, which takes `:`, `=` and `@` for ends of words: the line is split here, and only what stands behind the last of them
//! is answered, as that is what Bash replaces.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

use crate::cli::complete::candidates::candidates;
use crate::cli::complete::line::{Line, Quoting};

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
    local reply
    COMPREPLY=()
    while IFS= read -r reply; do
        COMPREPLY+=("$reply")
    done < <({LINE}="${{COMP_LINE:0:COMP_POINT}}" {REPLACED}="$2" {var}=bash {completer} -- {bin} 2>/dev/null)
    if [[ "${{COMPREPLY-}}" =~ ([:/=@\(\ ]|\.\.\.)$ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}}
complete -o nosort -F _{name}_complete {bin} 2>/dev/null || complete -F _{name}_complete {bin}"#
        )
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        _args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let line = line();
        let replaced = std::env::var(REPLACED).unwrap_or_default();
        for candidate in candidates(cmd, words(), current_dir)? {
            let whole = candidate.get_value().to_string_lossy();
            let text = replacement(&whole, line.typed(), &replaced, line.quoting);
            writeln!(buf, "{text}")?;
        }
        Ok(())
    }
}

/// The words of the line.
pub(super) fn words() -> Vec<OsString> {
    line().words.into_iter().map(OsString::from).collect()
}

fn line() -> Line {
    Line::split(&std::env::var(LINE).unwrap_or_default())
}

/// What Bash puts in the place of `replaced`, which is the end of what was typed.
fn replacement(whole: &str, typed: &str, replaced: &str, quoting: Quoting) -> String {
    let kept = typed.strip_suffix(replaced).unwrap_or_default();
    let text = whole.strip_prefix(kept).unwrap_or(whole);
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match quoting {
            Quoting::Single if c == '\'' => escaped.push_str("'\\'"),
            Quoting::Double if "\"\\$`".contains(c) => escaped.push('\\'),
            Quoting::None if is_special(c) => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
    }
    escaped
}

fn is_special(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:=@+,%".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{Quoting, replacement};

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
                Quoting::Single,
                "a or group:",
            ),
            (
                "tag:\"a b\"",
                "tag:",
                "tag:",
                Quoting::Double,
                "tag:\\\"a b\\\"",
            ),
            (
                "tag:\"a b\"",
                "tag:",
                "tag:",
                Quoting::Single,
                "tag:\"a b\"",
            ),
            ("it's", "it", "it", Quoting::Single, "it'\\''s"),
            ("sinks(", "si", "si", Quoting::None, "sinks\\("),
            ("*report", "*re", "*re", Quoting::None, "\\*report"),
        ] {
            assert_eq!(
                replacement(whole, typed, replaced, quoting),
                expected,
                "{whole}"
            );
        }
    }
}
