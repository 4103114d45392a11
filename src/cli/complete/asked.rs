//! What a line says so far: where its project is, and the words before the one that is typed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use jiff::Timestamp;

use crate::app::Surroundings;
use crate::cli::complete::{bash, fish};
use crate::cli::help::{self, Length};

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
        Self::of_words(match shell.as_str() {
            "bash" => bash::words(),
            "fish" => fish::words(behind.collect()),
            _ => behind.collect(),
        })
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
        Some(Surroundings {
            directory: folder("project").map_or_else(|| here.clone(), |it| here.join(it)),
            home: folder("home").map(|home| here.join(home)),
            now: self
                .value::<Timestamp>("now")
                .copied()
                .unwrap_or_else(Timestamp::now),
            environment: std::env::vars_os().collect(),
            program: std::env::current_exe().ok(),
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
