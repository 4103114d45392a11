//! From the templates of a command to its words.

use std::borrow::Cow;

use crate::command::rendered::Unrenderable;
use crate::executor::quote;
use crate::model::{Command, CommandPlaceholder, CommandTemplate, Piece};

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
