//! Options that every verb takes, with one meaning.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::Name;

/// Options of all verbs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of all verbs")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct Globals {
    /// The project: a folder with an Assets.toml, or one below it
    ///
    /// Without it, the nearest Assets.toml with a `[project]` table in the current folder or above. An
    /// `assetctl` that a step starts ignores the variable.
    #[arg(
        short = 'C',
        long,
        value_name = "DIR",
        global = true,
        env = "ASSETCTL_PROJECT",
        hide_env_values = true
    )]
    pub project: Option<PathBuf>,
    /// Where records, logs and staging are kept [default: .assetctl in the project]
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        env = "ASSETCTL_HOME",
        hide_env_values = true,
        hide_short_help = true
    )]
    pub home: Option<PathBuf>,
    /// The same, where only the variable says so: an environment with a home of its own wins over it.
    #[arg(skip)]
    pub default_home: Option<PathBuf>,
    /// The environment: its values, its variables, its lock file and its records; `""` leaves it out
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "ASSETCTL_ENV",
        value_parser = environment,
        hide_env_values = true
    )]
    pub env: Option<GivenEnvironment>,
    /// How many commands run at once; 0, the default, is the number of cores
    #[arg(
        short,
        long,
        value_name = "N",
        global = true,
        env = "ASSETCTL_JOBS",
        value_parser = jobs,
        hide_env_values = true
    )]
    pub jobs: Option<NonZeroUsize>,
    /// Show only failures and the last line
    #[arg(
        short,
        long,
        global = true,
        env = "ASSETCTL_QUIET",
        hide_env_values = true,
        value_parser = FalseyValueParser::new(),
        overrides_with = "verbose",
        hide_short_help = true
    )]
    pub quiet: bool,
    /// Show the output of commands, and all causes
    #[arg(
        short,
        long,
        global = true,
        env = "ASSETCTL_VERBOSE",
        hide_env_values = true,
        value_parser = FalseyValueParser::new(),
        overrides_with = "quiet",
        hide_short_help = true
    )]
    pub verbose: bool,
    /// Answer in JSON: one document, or a line for each event
    #[arg(
        long,
        global = true,
        env = "ASSETCTL_JSON",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub json: bool,
    /// When to use colours
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        env = "ASSETCTL_COLOR",
        hide_env_values = true,
        default_value = "auto",
        hide_short_help = true
    )]
    pub color: ColorChoice,
    /// Print plain lines instead of a live display
    #[arg(
        long,
        global = true,
        env = "ASSETCTL_NO_PROGRESS",
        hide_env_values = true,
        value_parser = FalseyValueParser::new(),
        action = ArgAction::SetTrue,
        hide_short_help = true
    )]
    pub no_progress: bool,
    /// The time to judge by, which decides which time windows exist: `2013-07-05`, `2013-07-05T12:00:00Z`
    #[arg(
        long,
        value_name = "T",
        global = true,
        env = "ASSETCTL_NOW",
        hide_env_values = true,
        value_parser = instant,
        hide_short_help = true
    )]
    pub now: Option<Timestamp>,
}

/// An environment as it is typed: an empty text is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenEnvironment(Option<Name>);

impl GivenEnvironment {
    /// Its name, if it is one.
    pub fn name(&self) -> Option<&Name> {
        self.0.as_ref()
    }
}

impl Globals {
    /// The environment, if one is named.
    pub fn environment(&self) -> Option<&Name> {
        self.env.as_ref()?.name()
    }

    /// Takes the folder of the instance as one that only a variable names.
    pub fn take_home_of_variable(&mut self) {
        self.default_home = self.home.take();
    }
}

fn environment(text: &str) -> Result<GivenEnvironment, String> {
    if text.is_empty() {
        return Ok(GivenEnvironment(None));
    }
    let name = Name::parse(text).map(Some).map(GivenEnvironment);
    name.map_err(|error| format!("{error}; name a table `[env.NAME]` of Assets.toml"))
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    /// Also elsewhere
    Always,
    /// Nowhere
    Never,
}

/// Reads how many commands run at once; 0 is the number of cores.
fn jobs(text: &str) -> Result<NonZeroUsize, &'static str> {
    match text.parse::<usize>() {
        Ok(0) => Ok(available_parallelism().unwrap_or(NonZeroUsize::MIN)),
        Ok(jobs) => Ok(NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN)),
        Err(_) => Err("expected a whole number; 0 is the number of cores"),
    }
}

/// An instant in RFC 3339, or a date and time in UTC.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let in_utc = |text: &str| {
        let civil: DateTime = text.parse()?;
        civil.to_zoned(TimeZone::UTC).map(|it| it.timestamp())
    };
    text.parse()
        .or_else(|_: jiff::Error| in_utc(text))
        .map_err(|_| "expected a time such as 2013-07-05 or 2013-07-05T12:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use std::thread::available_parallelism;

    use super::{instant, jobs};

    #[test]
    fn numbers_of_commands() {
        let cores = available_parallelism().map_or(1, usize::from);
        for (text, number) in [
            ("0", Some(cores)),
            ("1", Some(1)),
            ("300", Some(300)),
            ("-1", None),
            ("all", None),
            ("", None),
        ] {
            assert_eq!(jobs(text).ok().map(usize::from), number, "{text}");
        }
    }

    #[test]
    fn instants() {
        for (text, time) in [
            ("2013-07-05", Some("2013-07-05T00:00:00Z")),
            ("2013-07-05T12:00", Some("2013-07-05T12:00:00Z")),
            ("2013-07-05T12:00:00+02:00", Some("2013-07-05T10:00:00Z")),
            ("now", None),
            ("2013-13-01", None),
        ] {
            let found = instant(text).ok().map(|time| time.to_string());
            assert_eq!(found.as_deref(), time, "{text}");
        }
    }
}
