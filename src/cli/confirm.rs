//! Asking before something is lost. Never a prompt without a terminal.

use std::io::{self, BufRead as _};

use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::terminal::{Kind, Terminal};

/// What the user says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Go on.
    Given,
    /// Leave it.
    Refused,
}

/// Asks on the terminal; anything but `y` and `yes` is a no.
///
/// # Errors
///
/// [`CliError::NotConfirmed`] where nobody can be asked.
pub fn ask(question: &str, terminal: &Terminal) -> Result<Consent, CliError> {
    if terminal.stdin == Kind::Other || terminal.stderr.kind == Kind::Other {
        return Err(CliError::NotConfirmed);
    }
    output::say(terminal.stderr, format!("{question} [y/N] "));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(consent(&line))
}

fn consent(line: &str) -> Consent {
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Consent::Given,
        _ => Consent::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::{Consent, consent};

    #[test]
    fn only_yes_is_yes() {
        for (line, expected) in [
            ("y\n", Consent::Given),
            (" YES \n", Consent::Given),
            ("", Consent::Refused),
            ("\n", Consent::Refused),
            ("yep\n", Consent::Refused),
        ] {
            assert_eq!(consent(line), expected, "{line:?}");
        }
    }
}
