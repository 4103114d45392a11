//! What may stand where a word is typed, as all shells are answered.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::engine::{CompletionCandidate, complete};

/// The candidates for the last of some words, the first of which is the program. Flags stand back until a dash asks for them,
/// unless there is nothing else.
pub(super) fn candidates(
    command: &mut Command,
    mut words: Vec<OsString>,
    directory: Option<&Path>,
) -> io::Result<Vec<CompletionCandidate>> {
    if words.len() < 2 {
        words.push(OsString::new());
    }
    let index = words.len() - 1;
    let asks_for_flags = words[index].to_string_lossy().starts_with('-');
    let mut candidates = complete(command, words, index, directory)?;
    if !asks_for_flags && candidates.iter().any(|it| !is_flag(it)) {
        candidates.retain(|candidate| !is_flag(candidate));
    }
    Ok(candidates)
}

/// Whether more is to be typed behind a candidate, without a blank.
pub(super) fn is_open(candidate: &str) -> bool {
    candidate.ends_with([':', '/', '(', '=', '@', ' ']) || candidate.ends_with("...")
}

/// The first line of what is said of a candidate.
pub(super) fn first_line(candidate: &CompletionCandidate) -> Option<String> {
    let help = candidate.get_help()?.to_string();
    help.lines().next().map(str::to_owned)
}

fn is_flag(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}
