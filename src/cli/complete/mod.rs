//! Completions: a script that asks this program, and what it answers.
//!
//! The script sets [`VARIABLE`]; verbs and flags follow from the command line's definition, words of the project are looked
//! up. Whatever is wrong there offers nothing: a key press is no place to tell an error.

mod line;
mod offer;
mod shells;

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Elvish, EnvCompleter, Powershell, Shells};
use clap_complete::{CompleteEnv, Shell};

use crate::cli::complete::offer::{Asked, Offer};
use crate::cli::complete::shells::{BASH, FISH, ZSH};
use crate::cli::help::{self, Length};

/// The variable by which a script asks.
const VARIABLE: &str = "ASSETCTL_COMPLETE";

/// Arguments that are folders.
const FOLDERS: [&str; 2] = ["project", "home"];

/// Answers a script, if it was one that asked; whether it was.
pub fn answer() -> Result<bool, clap::Error> {
    if std::env::var_os(VARIABLE).is_none() {
        return Ok(false);
    }
    let shells: [&dyn EnvCompleter; 5] = [&BASH, &Elvish, &FISH, &Powershell, &ZSH];
    let here = std::env::current_dir().ok();
    // Before it is answered: what follows hides the variables of the script from what the answer may start.
    let asked = Arc::new(Asked::of_process());
    CompleteEnv::with_factory(|| command(&asked))
        .var(VARIABLE)
        .shells(Shells(&shells))
        .try_complete(std::env::args_os(), here.as_deref())
}

/// The script for a shell.
pub fn script(shell: Shell) -> io::Result<Vec<u8>> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &BASH,
        Shell::Elvish => &Elvish,
        Shell::Fish => &FISH,
        Shell::PowerShell => &Powershell,
        _ => &ZSH,
    };
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "assetctl", "assetctl", "assetctl", &mut script)?;
    Ok(script)
}

/// The command line's definition, with where the words of the project come from.
fn command(asked: &Arc<Asked>) -> Command {
    with_words(help::command(Length::Full), asked)
}

/// A verb, and the verbs that it has, with where the words of the project come from.
fn with_words(verb: Command, asked: &Arc<Asked>) -> Command {
    let names: Vec<String> = verb
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let name = verb.get_name().to_owned();
    let verb = verb.mut_args(|argument| {
        let id = argument.get_id().as_str();
        if FOLDERS.contains(&id) {
            return argument.value_hint(ValueHint::DirPath);
        }
        match Offer::of_verb(&name, id) {
            Some(offer) if takes_values(&argument) => argument.add(completer(offer, asked)),
            _ => argument,
        }
    });
    names.into_iter().fold(verb, |verb, name| {
        verb.mut_subcommand(name, |inner| with_words(inner, asked))
    })
}

fn takes_values(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

fn completer(offer: Offer, asked: &Arc<Asked>) -> ArgValueCompleter {
    let asked = Arc::clone(asked);
    ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_str();
        let found = typed.and_then(|typed| offer.candidates(typed, &asked).ok());
        let found = found.unwrap_or_default().into_iter();
        found.map(CompletionCandidate::new).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::sync::Arc;

    use super::{Asked, FOLDERS, command, script};
    use clap::Command;
    use clap_complete::Shell;
    use clap_complete::engine::{ArgValueCompleter, complete};

    use crate::cli::complete::offer::Offer;

    /// Arguments of which nothing can be looked up: numbers, instants, and names with paths.
    const FREE: [&str; 16] = [
        "attempt",
        "tags",
        "run_keys",
        "began_since",
        "until",
        "jobs",
        "now",
        "latest",
        "max_failures",
        "limit",
        "at",
        "rebuild",
        "seed",
        "memory_limit",
        "input",
        "set",
    ];

    fn of_nothing() -> Command {
        command(&Arc::new(Asked::default()))
    }

    /// All arguments that take values, of all verbs and their verbs.
    fn arguments(verb: &Command, found: &mut Vec<(String, clap::Arg)>) {
        let taking = verb.get_arguments().filter(|it| super::takes_values(it));
        found.extend(taking.map(|it| (verb.get_name().to_owned(), it.clone())));
        for inner in verb.get_subcommands() {
            arguments(inner, found);
        }
    }

    #[test]
    fn every_argument_offers_what_it_takes() {
        let mut found = Vec::new();
        arguments(&of_nothing(), &mut found);
        assert!(found.len() > 40, "{}", found.len());
        for (verb, argument) in &found {
            let id = argument.get_id().as_str();
            let is_looked_up = argument.get::<ArgValueCompleter>().is_some();
            let is_known = is_looked_up
                || FREE.contains(&id)
                || FOLDERS.contains(&id)
                || (verb, id) == (&"affected".to_owned(), "files")
                || ["config", "trace", "output"].contains(&id)
                || !argument.get_possible_values().is_empty();
            assert!(is_known, "nothing is said of `{id}` of `{verb}`");
            assert_eq!(is_looked_up, Offer::of(id).is_some(), "{id} of {verb}");
        }
        for id in Offer::ids().chain(FREE).chain(FOLDERS) {
            let exists = found.iter().any(|(_, it)| it.get_id() == id);
            assert!(exists, "no verb has an argument `{id}`");
        }
    }

    #[test]
    fn folders_and_closed_sets_are_offered() {
        for (line, expected) in [
            (
                "assetctl init --template ",
                &["example", "etl", "ml", "empty"][..],
            ),
            ("assetctl --color a", &["auto", "always"]),
            ("assetctl completions z", &["zsh"]),
            ("assetctl partitions sh", &["show"]),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let index = words.len() - 1;
            let found = complete(&mut of_nothing(), words, index, None).expect("it completes");
            let values = found.iter().map(|it| it.get_value().to_string_lossy());
            let values: Vec<_> = values.filter(|it| !it.starts_with('-')).collect();
            assert_eq!(values, expected, "{line}");
        }
    }

    #[test]
    fn every_shell_has_a_script_that_asks() {
        for shell in [
            Shell::Bash,
            Shell::Elvish,
            Shell::Fish,
            Shell::PowerShell,
            Shell::Zsh,
        ] {
            let script = script(shell).expect("a Vec takes everything");
            let script = String::from_utf8(script).expect("scripts are text");
            assert!(script.contains("ASSETCTL_COMPLETE"), "{shell}: {script}");
        }
    }
}
