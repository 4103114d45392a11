//! Zsh, which gives the words without their quotes and quotes what it puts in the place of the last of them.
//!
//! A line is answered for each candidate: `+` where nothing comes behind it yet, a blank where the word ends, then the
//! candidate and its explanation as `_describe` takes them. What fits is decided here (`-U`): a value that is quoted does not
//! begin as it was typed.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

use crate::cli::complete::candidates::{candidates, first_line, is_open};

/// What the shell calls, and how it asks. The script can be read by a shell that starts, and stand in a folder of `fpath`,
/// where its first call is already one for candidates.
const SCRIPT: &str = r#"#compdef BIN
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
fi"#;

/// Zsh.
pub(super) struct Zsh;

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        "zsh"
    }

    fn is(&self, name: &str) -> bool {
        name == "zsh"
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let script = SCRIPT
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
        for candidate in candidates(cmd, args, current_dir)? {
            let value = candidate.get_value().to_string_lossy();
            let sign = if is_open(&value) { '+' } else { ' ' };
            let value = value.replace('\\', "\\\\").replace(':', "\\:");
            match first_line(&candidate) {
                Some(help) => writeln!(buf, "{sign}{value}:{}", help.replace('\\', "\\\\"))?,
                None => writeln!(buf, "{sign}{value}")?,
            }
        }
        Ok(())
    }
}
