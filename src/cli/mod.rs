//! The command line: words in, words out. Only this room prints.
//!
//! One file a verb: its arguments, what they ask for, and its answer as text. `verb` lists them, `dispatch` picks one, `args`
//! holds arguments that verbs share, `session` knows the surroundings, `progress` shows a run while it goes on. Colour and
//! width are decided in `terminal` alone: everything is written with colours, which are taken out where they are not wanted.

mod accept;
mod affected;
mod args;
mod check;
mod ci;
mod complete;
mod config;
mod diagnostics;
mod dispatch;
mod doctor;
mod error;
mod exit;
mod explain;
#[cfg(test)]
mod fixtures;
mod graph;
mod help;
mod history;
mod init;
mod job;
mod list;
mod lock;
mod logs;
mod materialize;
mod next;
mod observe;
mod output;
mod partitions;
mod plan;
mod progress;
mod runs;
mod session;
mod show;
mod signals;
mod status;
mod terminal;
mod text;
mod validate;
mod verb;
mod wipe;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};

use crate::cli::args::{ColorChoice, Globals};
use crate::cli::error::CliError;
use crate::cli::exit::VerbExit;
use crate::cli::help::Length;
use crate::cli::next::PROGRAM;
use crate::cli::session::{Format, Session};
use crate::cli::text::marked;
use crate::cli::verb::Cli;
use crate::manifest;

/// The whole program: reads the arguments and the environment of this process, and says how it ends.
pub fn main() -> ExitCode {
    match complete::answer() {
        Ok(false) => {}
        Ok(true) => return VerbExit::Yes.into(),
        Err(_) => return VerbExit::Input.into(),
    }
    signals::outlive_size_limit();
    let words: Vec<OsString> = std::env::args_os().collect();
    let length = Length::of_words(words.iter().filter_map(|word| word.to_str()));
    let exit = match parse(&words, length) {
        Ok(cli) => {
            let session = Session::new(&cli);
            dispatch::run(&cli.verb, &session).unwrap_or_else(|error| {
                let exit = error.exit();
                session.fail(error.diagnostic(), exit)
            })
        }
        Err(error) => misunderstood(&error, &words),
    };
    exit.into()
}

/// The command line as words. Where a step's environment names its project and instance, the project is information for
/// its command, and not where an `assetctl` that it starts should look; the instance is that of this project alone. Its
/// environment is one of the call that runs the step.
fn parse(words: &[OsString], length: Length) -> Result<Cli, clap::Error> {
    let mut command = help::command(length);
    let matches = command.try_get_matches_from_mut(words)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    if std::env::var_os("ASSETCTL_RUN_ID").is_some() {
        let globals = &mut cli.globals;
        if source(&matches, "project") == Some(ValueSource::EnvVariable) {
            globals.project = None;
        }
        if source(&matches, "home") == Some(ValueSource::EnvVariable)
            && !is_project_of_step(globals)
        {
            globals.home = None;
        }
        if source(&matches, "env") == Some(ValueSource::EnvVariable) {
            globals.env = None;
        }
    }
    if source(&matches, "home") == Some(ValueSource::EnvVariable) {
        cli.globals.take_home_of_variable();
    }
    Ok(cli)
}

/// Where the value of an option of all verbs comes from.
fn source(matches: &ArgMatches, option: &str) -> Option<ValueSource> {
    let (_, of_verb) = matches.subcommand()?;
    of_verb.value_source(option)
}

/// Whether the project is that of the step whose command this process belongs to.
fn is_project_of_step(globals: &Globals) -> bool {
    let found = || {
        let folder = globals.project.clone().unwrap_or_default();
        let here = std::env::current_dir().ok()?.join(folder);
        let root = manifest::find(&here).ok()?.0;
        let of_step = PathBuf::from(std::env::var_os("ASSETCTL_PROJECT")?);
        Some(root.canonicalize().ok()? == of_step.canonicalize().ok()?)
    };
    found().unwrap_or(false)
}

/// Tells what is wrong with a command line, or the help that it asked for.
fn misunderstood(error: &clap::Error, words: &[OsString]) -> VerbExit {
    let terminal = session::terminal(ColorChoice::Auto);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = marked(&error.render().ansi().to_string());
            return match output::answer(terminal.stdout, text) {
                Ok(()) => VerbExit::Yes,
                Err(_) => VerbExit::Environment,
            };
        }
        _ => {}
    }
    let format = format_of(words);
    let found = error
        .get(clap::error::ContextKind::InvalidSubcommand)
        .map(ToString::to_string);
    match (error.kind(), found, format) {
        (ErrorKind::InvalidSubcommand, Some(found), _) if !is_of_verb(words) => {
            session::fail(&help::unknown_verb(&found), format, &terminal, PROGRAM);
        }
        (_, _, Format::Text) => output::say(terminal.stderr, misunderstanding(error, words)),
        (_, _, Format::Json) => {
            session::fail(&usage(error), format, &terminal, PROGRAM);
        }
    }
    VerbExit::Input
}

/// The argument parser's error: in colours, unless the words that it repeats have escapes of their own.
fn misunderstanding(error: &clap::Error, words: &[OsString]) -> String {
    let is_plain = |word: &OsString| {
        let word = word.to_string_lossy();
        !word.contains(char::is_control)
    };
    let text = error.render();
    if words.iter().all(is_plain) {
        marked(&text.ansi().to_string())
    } else {
        text.to_string()
    }
}

/// Whether the words name a verb that has verbs of its own: an unknown one is not ours to guess at.
fn is_of_verb(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "partitions")
}

/// The argument parser's text in two parts: what is wrong, and what comes after it.
fn usage(error: &clap::Error) -> CliError {
    let text = error.render().to_string();
    let text = text.trim_start_matches("error: ").trim_end();
    let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let rest: Vec<&str> = rest.split("\n\n").map(str::trim).collect();
    let help = rest.join("; ");
    CliError::Usage {
        message: message.to_owned(),
        help: (!help.is_empty()).then_some(help),
    }
}

/// The format that a command line asks for which could not be parsed.
fn format_of(words: &[OsString]) -> Format {
    let is_set = |value: OsString| {
        let value = value.to_string_lossy().to_lowercase();
        !["", "0", "f", "false", "n", "no", "off"].contains(&value.as_str())
    };
    let is_asked = |words: &[OsString]| {
        let [first, second] = [0, 1].map(|at| words.get(at).and_then(|it| it.to_str()));
        match first {
            Some("--json" | "--format=json") => true,
            Some("--format") => second == Some("json"),
            _ => false,
        }
    };
    if (0..words.len()).any(|at| is_asked(&words[at..]))
        || std::env::var_os("ASSETCTL_JSON").is_some_and(is_set)
    {
        Format::Json
    } else {
        Format::Text
    }
}
