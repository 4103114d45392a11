//! Whether a command is longer than the system takes, and what to do about it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::model::Name;
use crate::sys::inherited::{EACH_STRING, LONGEST_STRING, most_bytes};

/// What to do about a command that is long by itself.
pub(super) const SHORTEN: &str = "move most of it into a script";

/// What to do about a batch that is too long.
pub(super) const MAKE_LESS: &str = "set a smaller `max` for its `batch`, or read the paths from the \
     files that `$ASSETCTL_OUTPUT_LIST` and `{{input_list.NAME}}` name";

/// Why the system would not take a command; `None` if it does.
pub(super) fn too_long(argv: &[String], env: &[(OsString, OsString)]) -> Option<String> {
    if let Some(word) = argv.iter().find(|word| word.len() >= LONGEST_STRING) {
        let bytes = word.len();
        return Some(format!(
            "the command is {bytes} bytes long, more than the system allows"
        ));
    }
    let words = argv.iter().map(|word| word.len() + 1 + EACH_STRING);
    let variables = env
        .iter()
        .map(|(name, value)| name.as_bytes().len() + value.as_bytes().len() + 2 + EACH_STRING);
    let bytes: usize = words.chain(variables).sum();
    (bytes > most_bytes()).then(|| {
        format!(
            "the command is {bytes} bytes long with its environment, more than the system allows"
        )
    })
}

/// What to do about an input of so many paths.
pub(super) fn read_a_list(input: &Name, paths: usize) -> String {
    format!(
        "the input `{input}` has {paths} paths: read them from the file \
         `{{{{input_list.{input}}}}}`, one a line"
    )
}
