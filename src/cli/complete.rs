//! Completions: a script that asks this program, and what it answers.
//!
//! The script sets [`VARIABLE`]; verbs and flags follow from the command line's definition, words of the project are looked
//! up. Whatever is wrong there offers nothing: a key press is no place to tell an error.

mod bash;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};
use clap_complete::{CompleteEnv, Shell};
use jiff::Timestamp;

use crate::app::{AppError, Surroundings, complete_name, complete_selection};
use crate::cli::complete::bash::Bash;
use crate::cli::help::{self, Length};

/// The variable by which a script asks.
const VARIABLE: &str = "ASSETCTL_COMPLETE";

/// Arguments that are selections.
const SELECTIONS: [&str; 1] = ["selection"];

/// Arguments that name one asset or step.
const NAMES: [&str; 3] = ["asset", "selected", "steps"];

/// Answers a script, if it was one that asked; whether it was.
pub fn answer() -> Result<bool, clap::Error> {
    if std::env::var_os(VARIABLE).is_none() {
        return Ok(false);
    }
    let shells: [&dyn EnvCompleter; 5] = [&Bash, &Elvish, &Fish, &Powershell, &Zsh];
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .shells(Shells(&shells))
        .try_complete(std::env::args_os(), here.as_deref())
}

/// The script for a shell.
pub fn script(shell: Shell) -> io::Result<Vec<u8>> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        _ => &Zsh,
    };
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "assetctl", "assetctl", "assetctl", &mut script)?;
    Ok(script)
}

/// The command line's definition, with where the words of the project come from.
fn command() -> Command {
    let mut command = help::command(Length::Full);
    let verbs: Vec<String> = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    for verb in verbs {
        command = command.mut_subcommand(verb, |verb| {
            verb.mut_args(|argument| {
                let id = argument.get_id().as_str();
                if SELECTIONS.contains(&id) {
                    argument.add(ArgValueCompleter::new(|typed: &OsStr| {
                        offered(typed, complete_selection)
                    }))
                } else if NAMES.contains(&id) {
                    argument.add(ArgValueCompleter::new(|typed: &OsStr| {
                        offered(typed, complete_name)
                    }))
                } else {
                    argument
                }
            })
        });
    }
    command
}

fn offered(
    typed: &OsStr,
    complete: impl Fn(&Surroundings, &str) -> Result<Vec<String>, AppError>,
) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let words: Vec<OsString> = std::env::args_os().collect();
    let found = surroundings(&words).and_then(|it| complete(&it, typed).ok());
    let found = found.unwrap_or_default().into_iter();
    found.map(CompletionCandidate::new).collect()
}

/// Where the project of the line that is typed lies.
fn surroundings(words: &[OsString]) -> Option<Surroundings> {
    let here = std::env::current_dir().ok()?;
    let folder =
        project_of(words).or_else(|| std::env::var_os("ASSETCTL_PROJECT").map(PathBuf::from));
    Some(Surroundings {
        directory: folder.map_or_else(|| here.clone(), |folder| here.join(folder)),
        home: None,
        now: Timestamp::now(),
        environment: Vec::new(),
    })
}

/// The value of `-C` or `--project`.
fn project_of(words: &[OsString]) -> Option<PathBuf> {
    let after = |word: &OsString| word == "-C" || word == "--project";
    let apart = words.windows(2).find(|pair| after(&pair[0]));
    let joined = || {
        let mut words = words.iter().filter_map(|word| word.to_str());
        words.find_map(|word| word.strip_prefix("--project=").or(word.strip_prefix("-C")))
    };
    match apart {
        Some(pair) => Some(Path::new(&pair[1]).to_owned()),
        None => joined().map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use clap_complete::Shell;

    use super::{NAMES, SELECTIONS, command, project_of, script};

    #[test]
    fn where_the_project_is() {
        for (line, expected) in [
            ("assetctl list", None),
            ("assetctl -C a list", Some("a")),
            ("assetctl list --project a", Some("a")),
            ("assetctl list --project=a", Some("a")),
            ("assetctl -Ca list", Some("a")),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(
                project_of(&words).as_deref(),
                expected.map(Path::new),
                "{line}"
            );
        }
    }

    #[test]
    fn every_argument_that_is_completed_exists() {
        let command = command();
        let verbs = || command.get_subcommands();
        let exists =
            |id: &str| verbs().any(|verb| verb.get_arguments().any(|it| it.get_id() == id));
        for id in SELECTIONS.iter().chain(&NAMES) {
            assert!(exists(id), "{id}");
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
