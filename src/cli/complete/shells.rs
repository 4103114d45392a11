//! Bash, Fish and Zsh: the scripts that they run, and candidates as they take them.
//!
//! Bash takes `:`, `=` and `@` for ends of words: the line is split here, and only the text behind the last of them is
//! answered, as that is the part that Bash replaces.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::CompletionCandidate;
use clap_complete::env::EnvCompleter;

use crate::cli::complete::line::{Line, Quoting};
use crate::cli::complete::offer::{candidates, first_line, is_open};

/// The line up to the cursor, and the part of it that is replaced.
const LINE: &str = "_ASSETCTL_LINE";
const REPLACED: &str = "_ASSETCTL_REPLACED";

/// A shell: its script, and how candidates are written for it.
pub(super) struct ShellScript {
    name: &'static str,
    /// The script, in which `NAME`, `BIN`, `COMPLETER` and `VARIABLE` stand for the program's.
    script: &'static str,
    /// The words of the line, from those that the script hands over.
    words: fn(Vec<OsString>) -> Vec<OsString>,
    write: fn(&[CompletionCandidate], &mut dyn Write) -> io::Result<()>,
}

pub(super) static BASH: ShellScript = ShellScript {
    name: "bash",
    script: r#"_NAME_complete() {
    local reply
    COMPREPLY=()
    while IFS= read -r reply; do
        COMPREPLY+=("$reply")
    done < <(_ASSETCTL_LINE="${COMP_LINE:0:COMP_POINT}" _ASSETCTL_REPLACED="$2" VARIABLE=bash COMPLETER -- BIN 2>/dev/null)
    if [[ "${COMPREPLY-}" =~ ([:/=@\(\ ]|\.\.\.)$ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o nosort -F _NAME_complete BIN 2>/dev/null || complete -F _NAME_complete BIN"#,
    words: |_| bash_words(),
    write: write_bash,
};

pub(super) static FISH: ShellScript = ShellScript {
    name: "fish",
    script: "complete --keep-order --exclusive --command BIN --arguments \"(VARIABLE=fish COMPLETER -- \
             (commandline --current-process --tokenize --cut-at-cursor) \
             (commandline --cut-at-cursor --current-token))\"",
    words: fish_words,
    write: write_fish,
};

/// The script can be read by a shell that starts, and stand in a folder of `fpath`, where its first call is already one for
/// candidates.
pub(super) static ZSH: ShellScript = ShellScript {
    name: "zsh",
    script: r#"#compdef BIN
_NAME() {
    local typed="$PREFIX" line
    [[ "$compstate[quote]" == "'" ]] || typed="${(Q)PREFIX}"
    local -a before=("${(@Q)words[1,CURRENT-1]}") open closed
    for line in "${(@f)$(VARIABLE=zsh COMPLETER -- "${before[@]}" "$typed" 2>/dev/null)}"; do
        case "$line" in
            +*) open+=("${line#+}") ;;
            ' '*) closed+=("${line# }") ;;
        esac
    done
    (( $#open )) && _describe -V values open -U -S ''
    (( $#closed )) && _describe -V values closed -U
}
if [[ "$funcstack[1]" == "_NAME" ]]; then
    _NAME "$@"
else
    compdef _NAME BIN
fi"#,
    words: |words| words,
    write: write_zsh,
};

impl EnvCompleter for ShellScript {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is(&self, name: &str) -> bool {
        name == self.name
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let script = self
            .script
            .replace("NAME", name)
            .replace("BIN", bin)
            .replace("COMPLETER", completer)
            .replace("VARIABLE", var);
        writeln!(buf, "{script}")
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        (self.write)(&candidates(cmd, (self.words)(args), current_dir)?, buf)
    }
}

/// The words of a line that a shell's script hands over.
pub(super) fn words_of(shell: &str, words: Vec<OsString>) -> Vec<OsString> {
    let shell = [&BASH, &FISH].into_iter().find(|it| it.name == shell);
    (shell.unwrap_or(&ZSH).words)(words)
}

fn write_bash(candidates: &[CompletionCandidate], buf: &mut dyn Write) -> io::Result<()> {
    let line = line();
    let replaced = std::env::var(REPLACED).unwrap_or_default();
    for candidate in candidates {
        let whole = candidate.get_value().to_string_lossy();
        let text = replacement(&whole, line.typed(), &replaced, line.quoting);
        writeln!(buf, "{text}")?;
    }
    Ok(())
}

fn write_fish(candidates: &[CompletionCandidate], buf: &mut dyn Write) -> io::Result<()> {
    for candidate in candidates {
        write!(buf, "{}", candidate.get_value().to_string_lossy())?;
        if let Some(help) = first_line(candidate) {
            write!(buf, "\t{help}")?;
        }
        writeln!(buf)?;
    }
    Ok(())
}

fn write_zsh(candidates: &[CompletionCandidate], buf: &mut dyn Write) -> io::Result<()> {
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        let sign = if is_open(&value) { '+' } else { ' ' };
        let value = value.replace('\\', "\\\\").replace(':', "\\:");
        match first_line(candidate) {
            Some(help) => writeln!(buf, "{sign}{value}:{}", help.replace('\\', "\\\\"))?,
            None => writeln!(buf, "{sign}{value}")?,
        }
    }
    Ok(())
}

/// The words of the line.
fn bash_words() -> Vec<OsString> {
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

/// The words of the line, the last of them without its quotes.
fn fish_words(mut args: Vec<OsString>) -> Vec<OsString> {
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

    use super::{Quoting, fish_words, replacement};

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

    #[test]
    fn the_last_word_loses_its_quotes() {
        for (typed, expected) in [
            ("", ""),
            ("'group:x and ta", "group:x and ta"),
            ("group:x\\ and\\ ta", "group:x and ta"),
            ("\"a\\\"b", "a\"b"),
        ] {
            let words = fish_words(vec!["assetctl".into(), typed.into()]);
            assert_eq!(words, [OsString::from("assetctl"), expected.into()]);
        }
    }
}
