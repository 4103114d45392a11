//! Which words of the project an argument takes.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use clap_complete::engine::{CompletionCandidate, complete};
use jiff::Timestamp;

use crate::app::{
    AppError, CompletionWords, Surroundings, complete_input, complete_revision, complete_run,
};
use crate::cli::args::GivenEnvironment;
use crate::cli::complete::shells::words_of;
use crate::cli::help::{self, Length};
use crate::model::Configuration;

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// A selection.
    Selection,
    /// A selection of what can be made.
    Makeable,
    /// An asset or source.
    Name,
    /// An asset, with or without a key.
    NameAndKey,
    /// A clause of `--steps`.
    Step,
    /// A key of what the line names.
    Partition,
    /// Two of them.
    Range,
    /// A partitions definition, or what has one.
    Partitioned,
    /// A dynamic partitions definition.
    Dynamic,
    /// A job.
    Job,
    /// An environment.
    Environment,
    /// An input of an asset.
    Input,
    /// A run that has logs.
    Run,
    /// A git revision.
    Revision,
    /// What `help` tells of.
    Topic,
}

/// What each argument takes, by its id; ids mean the same with every verb.
const OFFERS: &[(&str, Offer)] = &[
    ("selection", Offer::Selection),
    ("asset", Offer::Name),
    ("selected", Offer::NameAndKey),
    ("print", Offer::NameAndKey),
    ("steps", Offer::Step),
    ("partition", Offer::Partition),
    ("keys", Offer::Partition),
    ("partition_range", Offer::Range),
    ("range", Offer::Range),
    ("name", Offer::Partitioned),
    ("definition", Offer::Dynamic),
    ("job", Offer::Job),
    ("job_name", Offer::Job),
    ("of_job", Offer::Job),
    ("env", Offer::Environment),
    ("dep", Offer::Input),
    ("run", Offer::Run),
    ("since", Offer::Revision),
    ("old", Offer::Revision),
    ("new", Offer::Revision),
    ("topic", Offer::Topic),
];

/// Verbs that select assets, and no sources.
const MAKING: [&str; 5] = ["materialize", "plan", "check", "accept", "lock"];

/// Arguments by which a line names what has partitions.
const NAMING: [&str; 5] = ["selection", "selected", "asset", "name", "definition"];

impl Offer {
    /// What the argument with this id takes, if it is anything that can be looked up.
    pub(super) fn of(id: &str) -> Option<Self> {
        let found = OFFERS.iter().find(|(known, _)| *known == id);
        found.map(|(_, offer)| *offer)
    }

    /// [`Self::of`] an argument of a verb.
    pub(super) fn of_verb(verb: &str, id: &str) -> Option<Self> {
        match Self::of(id) {
            Some(Self::Selection) if MAKING.contains(&verb) => Some(Self::Makeable),
            offer => offer,
        }
    }

    /// The ids of all such arguments.
    #[cfg(test)]
    pub(super) fn ids() -> impl Iterator<Item = &'static str> {
        OFFERS.iter().map(|(id, _)| *id)
    }

    /// What may stand where `typed` is.
    pub(super) fn candidates(self, typed: &str, asked: &Asked) -> Result<Vec<String>, AppError> {
        let Some(surroundings) = asked.surroundings() else {
            return Ok(Vec::new());
        };
        let words = || CompletionWords::of(&surroundings);
        match self {
            Self::Selection => words()?.selections(typed),
            Self::Makeable => words()?.selections_of_assets(typed),
            Self::Name => Ok(words()?.names(typed)),
            Self::NameAndKey => words()?.names_and_keys(typed),
            Self::Step => words()?.steps(typed),
            Self::Partition => words()?.partitions(&naming(asked), typed),
            Self::Range => words()?.ranges(&naming(asked), typed),
            Self::Partitioned => Ok(words()?.partitioned(typed)),
            Self::Dynamic => Ok(words()?.dynamic(typed)),
            Self::Job => Ok(words()?.jobs(typed)),
            Self::Environment => Ok(words()?.environments(typed)),
            Self::Input => complete_input(&surroundings, &asked.given("asset"), typed),
            Self::Run => complete_run(&surroundings, typed),
            Self::Revision => complete_revision(&surroundings, typed),
            Self::Topic => Ok(help::topics(typed)),
        }
    }
}

/// What the line names whose keys are typed. Of an input that is looked at downstream, it is the input that has them.
fn naming(asked: &Asked) -> Vec<String> {
    if asked.has("downstream") {
        return asked.given("dep");
    }
    NAMING.iter().flat_map(|id| asked.given(id)).collect()
}

/// The candidates for the last of some words, the first of which is the program. Flags stand back until a dash asks for them,
/// unless there is nothing else.
pub(super) fn candidates(
    command: &mut Command,
    mut words: Vec<OsString>,
    directory: Option<&Path>,
) -> io::Result<Vec<CompletionCandidate>> {
    if words.len() < 2 {
        words.push(OsString::new());
    }
    let index = words.len() - 1;
    let asks_for_flags = words[index].to_string_lossy().starts_with('-');
    let mut candidates = complete(command, words, index, directory)?;
    if !asks_for_flags && candidates.iter().any(|it| !is_flag(it)) {
        candidates.retain(|candidate| !is_flag(candidate));
    }
    Ok(candidates)
}

/// Whether more is to be typed behind a candidate, without a blank.
pub(super) fn is_open(candidate: &str) -> bool {
    candidate.ends_with([':', '/', '(', '=', '@', ' ']) || candidate.ends_with("...")
}

/// The first line of what is said of a candidate.
pub(super) fn first_line(candidate: &CompletionCandidate) -> Option<String> {
    let help = candidate.get_help()?.to_string();
    help.lines().next().map(str::to_owned)
}

fn is_flag(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}

/// A line that is completed, as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The words of the verb, whatever they are worth.
    matches: ArgMatches,
}

impl Asked {
    /// The line that a script asks about.
    pub(super) fn of_process() -> Self {
        let shell = std::env::var(super::VARIABLE).unwrap_or_default();
        let behind = std::env::args_os().skip_while(|word| word != "--").skip(1);
        Self::of_words(words_of(&shell, behind.collect()))
    }

    /// The line of these words; the last is the one that is typed, and does not count.
    pub(super) fn of_words(mut words: Vec<OsString>) -> Self {
        words.pop();
        let command = help::command(Length::Full).ignore_errors(true);
        let mut matches = command.try_get_matches_from(words).unwrap_or_default();
        while let Some((_, of_verb)) = matches.remove_subcommand() {
            matches = of_verb;
        }
        Self { matches }
    }

    /// Where the project of the line lies.
    pub(super) fn surroundings(&self) -> Option<Surroundings> {
        let here = std::env::current_dir().ok()?;
        let folder = |id| Some(expanded(self.value::<PathBuf>(id)?));
        let is_typed = self.matches.value_source("home") != Some(ValueSource::EnvVariable);
        let env = self.value::<GivenEnvironment>("env");
        Some(Surroundings {
            resources: crate::look::GivenResources::default(),
            directory: folder("project").map_or_else(|| here.clone(), |it| here.join(it)),
            dotenv: None,
            home: folder("home")
                .filter(|_| is_typed)
                .map(|home| here.join(home)),
            default_home: folder("home")
                .filter(|_| !is_typed)
                .map(|home| here.join(home)),
            now: self
                .value::<Timestamp>("now")
                .copied()
                .unwrap_or_else(Timestamp::now),
            environment: std::env::vars_os().collect(),
            configuration: Configuration {
                env: env.and_then(GivenEnvironment::name).cloned(),
                ..Configuration::default()
            },
        })
    }

    /// The words that were given as an argument.
    pub(super) fn given(&self, argument: &str) -> Vec<String> {
        let raw = self.matches.try_get_raw(argument).ok().flatten();
        let words = raw.into_iter().flatten();
        words
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    /// Whether a flag was given.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.value::<bool>(flag).is_some_and(|it| *it)
    }

    fn value<T: Clone + Send + Sync + 'static>(&self, id: &str) -> Option<&T> {
        self.matches.try_get_one(id).ok().flatten()
    }
}

/// A path whose `~` the shell has not replaced yet.
fn expanded(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(below), Some(home)) => Path::new(&home).join(below),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::Asked;

    fn asked(line: &str) -> Asked {
        Asked::of_words(line.split(' ').map(OsString::from).collect())
    }

    #[test]
    fn where_the_project_is() {
        let here = std::env::current_dir().expect("there is one");
        for (line, expected) in [
            ("assetctl list ", ""),
            ("assetctl -C a list ", "a"),
            ("assetctl list --project a ", "a"),
            ("assetctl list --project=a x", "a"),
            ("assetctl -Ca partitions list ", "a"),
            ("assetctl partitions -C a show ", "a"),
            ("assetctl -C a plan --partition x --no-such-flag ", "a"),
        ] {
            let found = asked(line).surroundings().expect("there is one");
            assert_eq!(found.directory, here.join(Path::new(expected)), "{line}");
        }
    }

    #[test]
    fn the_words_before_the_one_that_is_typed() {
        for (line, argument, expected) in [
            (
                "assetctl plan a --partition k b c",
                "selection",
                &["a", "b"][..],
            ),
            ("assetctl explain a@k --partition ", "selected", &["a@k"]),
            (
                "assetctl partitions map a --dep b --partition ",
                "asset",
                &["a"],
            ),
            (
                "assetctl partitions map a --dep b --partition ",
                "dep",
                &["b"],
            ),
            ("assetctl partitions remove d k ", "definition", &["d"]),
            ("assetctl list ", "selection", &[]),
            ("assetctl ", "selection", &[]),
        ] {
            assert_eq!(asked(line).given(argument), expected, "{line}");
        }
        assert!(asked("assetctl partitions map a --downstream ").has("downstream"));
        assert!(!asked("assetctl partitions map a ").has("downstream"));
    }
}
