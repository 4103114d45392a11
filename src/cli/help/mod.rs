//! Help: the daily verbs in short, all of them at length, and what is meant by a verb that is not ours.

use clap::{Command, CommandFactory as _};

use crate::cli::error::CliError;
use crate::cli::text::marked;
use crate::cli::verb::Cli;

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
    ("status", &["st", "stat", "state", "outdated"]),
    ("explain", &["why", "reason", "query", "blame"]),
    ("list", &["ls", "assets", "tasks", "targets"]),
    ("show", &["cat", "describe", "info", "inspect", "view"]),
    ("graph", &["dag", "deps", "tree", "dot", "viz", "draw"]),
    ("affected", &["impact", "changed", "touched"]),
    ("history", &["past", "materializations"]),
    ("logs", &["log", "tail", "output"]),
    ("partitions", &["partition", "keys", "windows", "dates"]),
    ("validate", &["lint", "verify", "fsck"]),
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
             Assets.toml; 3 the environment; 130 interrupted. `assetctl help VERB` says more about one verb,\n\
             `assetctl help selection` how to select assets.",
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

/// The help of `assetctl`, of a verb by its words, or of a topic.
pub fn text(words: &[String], length: Length) -> Result<String, CliError> {
    if let [name] = words
        && let Some(topic) = Topic::find(name)
    {
        return Ok(topic.text.to_owned());
    }
    let mut command = command(length);
    command.build();
    let mut found = &mut command;
    for (at, word) in words.iter().enumerate() {
        if found.find_subcommand(word).is_none() {
            return Err(unknown(&words[..at], found, word));
        }
        found = found
            .find_subcommand_mut(word)
            .expect("it was found just now");
    }
    Ok(marked(&found.render_long_help().ansi().to_string()))
}

/// The verbs and topics that begin with `typed`.
pub fn topics(typed: &str) -> Vec<String> {
    let command = Cli::command();
    let verbs = command.get_subcommands().map(Command::get_name);
    let all = verbs.chain(TOPICS.iter().map(|topic| topic.name));
    all.filter(|name| name.starts_with(typed))
        .map(str::to_owned)
        .collect()
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

/// The error for a word that help cannot tell of, behind the words of a verb.
fn unknown(before: &[String], verb: &Command, word: &str) -> CliError {
    let all = "`assetctl --help` lists all verbs, `assetctl help selection` is about selections";
    let nearest = if before.is_empty() {
        meant_topic(word).or_else(|| meant(word))
    } else {
        let inner = verb.get_subcommands().map(Command::get_name);
        nearest(word, inner.map(|name| (name, name)))
    };
    let path: Vec<&str> = before.iter().map(String::as_str).collect();
    let help = match nearest {
        Some(name) => {
            let path = [path.as_slice(), &[&name]].concat().join(" ");
            format!("did you mean `assetctl help {path}`? {all}")
        }
        None => all.to_owned(),
    };
    CliError::UnknownTopic {
        found: [path.as_slice(), &[word]].concat().join(" "),
        help,
    }
}

fn meant_topic(found: &str) -> Option<String> {
    let words = ["selections", "select", "expression", "language", "steps"];
    let synonyms = words.into_iter().map(|word| (word, "selection"));
    let topics = TOPICS.iter().map(|topic| (topic.name, topic.name));
    nearest(found, topics.chain(synonyms))
}

fn meant(found: &str) -> Option<String> {
    let command = Cli::command();
    let verbs = command.get_subcommands().map(Command::get_name);
    let of_others = MEANT
        .iter()
        .flat_map(|(verb, words)| words.iter().map(move |word| (*word, *verb)));
    nearest(found, verbs.map(|verb| (verb, verb)).chain(of_others))
}

/// Of words with what they stand for, what the one that is most like `found` stands for, if it is like it.
fn nearest<'a>(found: &str, words: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let lower = found.to_lowercase();
    words
        .map(|(word, meant)| (strsim::jaro_winkler(word, &lower), meant))
        .filter(|(similarity, _)| *similarity > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, meant)| meant.to_owned())
}

/// A page of help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Topic {
    /// What it is called.
    name: &'static str,
    /// What it says.
    text: &'static str,
}

/// All pages.
const TOPICS: [Topic; 1] = [Topic {
    name: "selection",
    text: include_str!("selection.txt"),
}];

impl Topic {
    /// The page of this name; one or several, as people write it.
    fn find(name: &str) -> Option<Self> {
        let one = name.strip_suffix('s').unwrap_or(name);
        TOPICS.into_iter().find(|topic| topic.name == one)
    }
}

#[cfg(test)]
mod tests {
    use super::{DAILY, Length, MEANT, TOPICS, command, meant, text};

    use crate::cli::error::CliError;
    use crate::cli::text::uncolored;
    use crate::model::AssetGraph;
    use crate::select;

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
    fn help_of_words() {
        let help = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            match text(&words, Length::Short) {
                Ok(text) => uncolored(&text).into_owned(),
                Err(error) => match error {
                    CliError::UnknownTopic { found, help } => format!("{found}: {help}"),
                    other => panic!("{other:?}"),
                },
            }
        };
        for (words, expected) in [
            (&["selection"][..], "sinks(E)"),
            (&["selections"], "sinks(E)"),
            (&["status"], "assetctl status"),
            (&["partitions", "map"], "--downstream"),
            (
                &["selektion"],
                "selektion: did you mean `assetctl help selection`?",
            ),
            (&["expressions"], "did you mean `assetctl help selection`?"),
            (&["statsu"], "did you mean `assetctl help status`?"),
            (
                &["partitions", "lsit"],
                "partitions lsit: did you mean `assetctl help partitions list`?",
            ),
            (&["xyzzy"], "xyzzy: `assetctl --help` lists"),
        ] {
            let found = help(words);
            assert!(found.contains(expected), "{words:?}: {found}");
        }
    }

    #[test]
    fn every_verb_that_takes_a_selection_says_where_they_are_described() {
        let mut command = command(Length::Full);
        command.build();
        for verb in command.get_subcommands_mut() {
            if verb.get_name() == "help" {
                continue;
            }
            let takes = verb.get_arguments().any(|it| it.get_id() == "selection");
            let help = verb.render_help().to_string();
            let words: Vec<&str> = help.split_whitespace().collect();
            let says = words.join(" ").contains("assetctl help selection");
            assert_eq!(takes, says, "{}", verb.get_name());
        }
    }

    #[test]
    fn short_help_shows_the_daily_verbs_and_says_where_the_rest_is() {
        let help = text(&[], Length::Short).expect("help");
        let help = uncolored(&help).into_owned();
        let (verbs, rest) = help.split_once("More verbs:").expect("the rest");
        for name in DAILY {
            assert!(verbs.contains(&format!("\n  {name}")), "{name}\n{help}");
        }
        assert!(!verbs.contains("\n  wipe"), "{help}");
        assert!(rest.contains("wipe"), "{help}");
        let help = text(&[], Length::Full).expect("help");
        assert!(help.contains("wipe"), "{help}");
    }

    #[test]
    fn a_page_fits_on_a_screen() {
        for topic in TOPICS {
            assert!(topic.text.lines().count() <= 50, "{}", topic.name);
            for line in topic.text.lines() {
                assert!(line.chars().count() <= 120, "{line}");
            }
        }
    }

    #[test]
    fn what_the_page_of_selections_shows_can_be_read() {
        let page = TOPICS[0].text;
        let examples = page.lines().filter(|line| line.starts_with("  assetctl "));
        let mut read = 0;
        for line in examples.filter(|line| !line.contains("--steps")) {
            let words = shlex::split(line).expect("the quotes are closed");
            for text in &words[2..] {
                assert!(select::parse(text).is_ok(), "{text}");
                read += 1;
            }
        }
        assert!(read >= 7, "{read}");
        for attribute in select::continuations("", &AssetGraph::default()) {
            assert!(page.contains(&attribute), "{attribute}");
        }
    }
}
