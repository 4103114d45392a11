//! From a verb to its answer.

use std::io;

use crate::cli::args::{Cli, CompletionsArgs, HelpArgs, Verb};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::help::{self, Length};
use crate::cli::output;
use crate::cli::session::Session;

/// Carries a command line out.
pub fn run(cli: &Cli, session: &Session) -> Result<Exit, CliError> {
    match &cli.verb {
        Verb::Completions(args) => completions(args)?,
        Verb::Man => manual()?,
        Verb::Help(args) => help(args, session)?,
        other => {
            let message = format!("this build cannot carry out {other:?}");
            return Err(CliError::Usage { message });
        }
    }
    Ok(Exit::Yes)
}

/// Prints a completion script; made in memory first, as a reader may go away while it is written.
fn completions(args: &CompletionsArgs) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut help::command(Length::Full),
        "assetctl",
        &mut script,
    );
    output::answer_bytes(&script)
}

/// Prints the manual page.
fn manual() -> io::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(help::command(Length::Full)).render(&mut page)?;
    output::answer_bytes(&page)
}

fn help(args: &HelpArgs, session: &Session) -> Result<(), CliError> {
    let length = if args.all {
        Length::Full
    } else {
        Length::Short
    };
    let text = help::text(args.verb.as_deref(), length)?;
    output::answer(session.terminal.stdout, text)?;
    Ok(())
}
