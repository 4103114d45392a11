//! Help: the daily verbs in short, all of them at length, and what is meant by a verb that is not ours.

use clap::{Command, CommandFactory as _};

use crate::cli::args::Cli;
use crate::cli::error::CliError;

/// The verbs of a day's work, in the order of the short help.
const DAILY: &[&str] = &[
    "init",
    "materialize",
    "status",
    "explain",
    "plan",
    "check",
    "list",
    "logs",
];

/// Words of other tools, and of haste, for our verbs.
const MEANT: &[(&str, &[&str])] = &[
    (
        "materialize",
        &[
            "make", "start", "exec", "execute", "go", "do", "update", "refresh", "all", "repro",
            "test", "sync", "up",
        ],
    ),
    ("plan", &["preview", "dry-run", "dryrun", "diff", "todo"]),
    ("status", &["st", "stat", "state", "check", "outdated"]),
    ("explain", &["why", "reason", "query", "blame"]),
    ("list", &["ls", "assets", "tasks", "targets"]),
    ("show", &["cat", "describe", "info", "inspect", "view"]),
    ("graph", &["dag", "deps", "tree", "dot", "viz", "draw"]),
    ("affected", &["impact", "changed", "touched"]),
    ("history", &["runs", "past", "materializations"]),
    ("logs", &["log", "tail", "output"]),
    ("partitions", &["partition", "keys", "windows", "dates"]),
    ("validate", &["lint", "verify", "doctor", "fsck"]),
    ("accept", &["commit", "touch", "bless", "approve"]),
    (
        "wipe",
        &[
            "clean", "rm", "remove", "delete", "reset", "clear", "forget", "gc",
        ],
    ),
    ("init", &["new", "create", "setup", "begin"]),
    ("observe", &["watch", "poll", "scan"]),
    ("completions", &["completion", "complete"]),
    ("man", &["manual"]),
];

/// How much the help of `assetctl` itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The daily verbs.
    Short,
    /// All of them.
    Full,
}

impl Length {
    /// What a command line asks for, as far as it asks for help.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let full = |word| matches!(word, "--help" | "--all");
        if words.into_iter().any(full) {
            Self::Full
        } else {
            Self::Short
        }
    }
}

/// The command line's definition, with help of the given length.
pub fn command(length: Length) -> Command {
    let command = Cli::command();
    match length {
        Length::Full => command.after_help(
            "Exit codes: 0 done or fresh; 1 a step failed or something is not fresh; 2 a mistake in arguments or\n\
             Assets.toml; 3 the environment; 130 interrupted. `assetctl help VERB` says more about one verb.",
        ),
        Length::Short => {
            let others: Vec<_> = Cli::command()
                .get_subcommands()
                .map(|verb| verb.get_name().to_owned())
                .filter(|name| !DAILY.contains(&name.as_str()))
                .collect();
            let named = others.join(", ");
            others
                .iter()
                .fold(command, |command, name| {
                    command.mut_subcommand(name, |verb| verb.hide(true))
                })
                .after_help(format!(
                    "More verbs: {named}.\nAll of them and all options: `assetctl --help`; one verb: `assetctl help VERB`."
                ))
        }
    }
}

/// The help of `assetctl`, or of one verb.
pub fn text(verb: Option<&str>, length: Length) -> Result<String, CliError> {
    let mut command = command(length);
    command.build();
    let help = match verb {
        None => command.render_long_help(),
        Some(name) => command
            .find_subcommand_mut(name)
            .ok_or_else(|| unknown_verb(name))?
            .render_long_help(),
    };
    Ok(help.ansi().to_string())
}

/// The error for a verb that does not exist: the verb that was meant, as far as one can tell, and where the rest is.
pub fn unknown_verb(found: &str) -> CliError {
    let all = "`assetctl --help` lists all verbs";
    let help = match meant(found) {
        Some(verb) => format!("did you mean `assetctl {verb}`? {all}"),
        None => all.to_owned(),
    };
    CliError::UnknownVerb {
        found: found.to_owned(),
        help,
    }
}

fn meant(found: &str) -> Option<String> {
    let lower = found.to_lowercase();
    let verbs: Vec<String> = Cli::command()
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    let of_others = MEANT
        .iter()
        .flat_map(|(verb, words)| words.iter().map(move |word| (*word, *verb)));
    verbs
        .iter()
        .map(|verb| (verb.as_str(), verb.as_str()))
        .chain(of_others)
        .map(|(word, verb)| (strsim::jaro_winkler(word, &lower), verb))
        .filter(|(similarity, _)| *similarity > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, verb)| verb.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{DAILY, Length, MEANT, command, meant, text};

    #[test]
    fn the_command_line_is_consistent() {
        command(Length::Full).debug_assert();
        command(Length::Short).debug_assert();
    }

    #[test]
    fn every_named_verb_exists_and_no_synonym_is_a_verb() {
        let command = command(Length::Full);
        let exists = |name: &str| command.find_subcommand(name).is_some();
        for (verb, words) in MEANT {
            assert!(exists(verb), "{verb}");
            for word in *words {
                assert!(!exists(word), "{word}");
            }
        }
        assert!(DAILY.iter().all(|verb| exists(verb)));
    }

    #[test]
    fn what_is_meant() {
        for (found, verb) in [
            ("make", Some("materialize")),
            ("test", Some("materialize")),
            ("materialise", Some("materialize")),
            ("statsu", Some("status")),
            ("LS", Some("list")),
            ("mkae", Some("materialize")),
            ("xyzzy", None),
        ] {
            assert_eq!(meant(found).as_deref(), verb, "{found}");
        }
    }

    #[test]
    fn short_help_shows_the_daily_verbs_and_says_where_the_rest_is() {
        let help = text(None, Length::Short).expect("help");
        let help = anstream::adapter::strip_str(&help).to_string();
        let (verbs, rest) = help.split_once("More verbs:").expect("the rest");
        for name in DAILY {
            assert!(verbs.contains(&format!("\n  {name}")), "{name}\n{help}");
        }
        assert!(!verbs.contains("\n  wipe"), "{help}");
        assert!(rest.contains("wipe"), "{help}");
        let help = text(None, Length::Full).expect("help");
        assert!(help.contains("wipe"), "{help}");
    }
}
