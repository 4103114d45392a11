//! From the templates of a command to its words, and whether they are longer than the system takes.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::command::rendered::Unrenderable;
use crate::model::{Command, CommandPlaceholder, CommandTemplate, Name, Piece};
use crate::sys::inherited::{EACH_STRING, LONGEST_STRING, most_bytes};
use crate::sys::shell::quote;

/// Gives placeholders their values.
pub(super) trait Values {
    /// The values of a placeholder.
    fn values(&self, placeholder: &CommandPlaceholder) -> Result<Cow<'_, [String]>, Unrenderable>;

    /// Whether a placeholder can stand for more than one value, and so for a list, which may also be empty.
    fn may_be_several(&self, placeholder: &CommandPlaceholder) -> bool;
}

/// The program of a command, and its arguments.
pub(super) fn argv(command: &Command, values: &impl Values) -> Result<Vec<String>, Unrenderable> {
    match command {
        Command::Shell { shell, text, .. } => {
            let mut argv = shell.clone();
            argv.push(shell_text(text, values)?);
            Ok(argv)
        }
        Command::Direct { arguments, .. } => {
            let mut argv = Vec::with_capacity(arguments.len());
            for argument in arguments {
                argv.append(&mut words(argument, values)?);
            }
            Ok(argv)
        }
    }
}

fn shell_text(text: &CommandTemplate, values: &impl Values) -> Result<String, Unrenderable> {
    let piece = |piece: &Piece<CommandPlaceholder>| match piece {
        Piece::Text(text) => Ok(text.clone()),
        Piece::Placeholder(placeholder) => {
            let words = values.values(placeholder)?;
            if words.is_empty() && !values.may_be_several(placeholder) {
                return Ok("''".to_owned());
            }
            let words = words.iter().map(|word| quote(word));
            Ok(words.collect::<Vec<_>>().join(" "))
        }
    };
    text.pieces().iter().map(piece).collect()
}

/// One word, or one for each value where the whole of it is a placeholder.
fn words(argument: &CommandTemplate, values: &impl Values) -> Result<Vec<String>, Unrenderable> {
    if let [Piece::Placeholder(placeholder)] = argument.pieces() {
        let words = values.values(placeholder)?;
        if words.is_empty() && !values.may_be_several(placeholder) {
            return Ok(vec![String::new()]);
        }
        return Ok(words.into_owned());
    }
    let piece = |piece: &Piece<CommandPlaceholder>| match piece {
        Piece::Text(text) => Ok(text.clone()),
        Piece::Placeholder(placeholder) => Ok(values.values(placeholder)?.join(" ")),
    };
    let text: Result<String, Unrenderable> = argument.pieces().iter().map(piece).collect();
    Ok(vec![text?])
}

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

/// What to do about an input of too many paths.
pub(super) fn read_a_list(input: &Name, paths: usize) -> String {
    format!(
        "the input `{input}` has {paths} paths: read them from the file \
         `{{{{input_list.{input}}}}}`, one a line"
    )
}
