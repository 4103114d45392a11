//! Arguments that several verbs share.

mod configuration;
mod globals;
mod selection;

use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::Args;

use crate::cli::error::CliError;
use crate::model::{Force, MaterializeOptions, Occupied, RunWord};

pub use configuration::{ConfigurationArgs, job_name};
pub use globals::{ColorChoice, GivenEnvironment, Globals, instant};
pub use selection::{
    PartitionsArgs, RecordedArgs, SelectionArgs, key_range, key_word, one, selection, single_key,
    whole, words,
};

/// Reads a number that is not 0.
pub fn at_least_one<N: FromStr>(text: &str) -> Result<N, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number of at least 1")
}

/// A word for a run: digits of an id, `last` or `last-failed`.
pub fn run_word(text: &str) -> Result<RunWord, CliError> {
    let is_digit = |it: u8| it.is_ascii_hexdigit() || it == b'-';
    let is_prefix = text.len() <= 36
        && text.starts_with(|it: char| it.is_ascii_hexdigit())
        && text.bytes().all(is_digit);
    match RunWord::from(text) {
        RunWord::Prefix(_) if !is_prefix => Err(CliError::Run {
            text: text.to_owned(),
        }),
        word => Ok(word),
    }
}

/// What `materialize` and `plan` have in common.
#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct RunArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only partitions with these records.
    #[command(flatten)]
    pub states: RecordedArgs,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// Run the selection only, and read its inputs as they are
    #[arg(long)]
    pub only: bool,
    /// Run only these steps of the plan: `clean@2013-07-04`, `*report`, `clean+`; repeatable
    #[arg(long, value_name = "CLAUSE")]
    pub steps: Vec<String>,
    /// Run the selection even if it is fresh, but not its upstreams
    #[arg(short = 'B', long)]
    pub force: bool,
    /// As --force; incremental assets start from nothing
    #[arg(long)]
    pub full_refresh: bool,
    /// Set aside folders that no step has made at the paths of outputs, as files always are
    #[arg(long)]
    pub replace: bool,
}

impl RunArgs {
    /// The run that is asked for.
    pub fn options(&self, jobs: Option<NonZeroUsize>) -> Result<MaterializeOptions, CliError> {
        Ok(MaterializeOptions {
            selection: self.selection.narrowed(self.states)?,
            only: self.only,
            steps: self.steps.clone(),
            force: match (self.full_refresh, self.force) {
                (true, _) => Force::FullRefresh,
                (false, true) => Force::Selected,
                (false, false) => Force::WhenStale,
            },
            occupied: if self.replace {
                Occupied::SetAside
            } else {
                Occupied::Refused
            },
            jobs,
            ..MaterializeOptions::default()
        })
    }

    /// The arguments that choose the same, one word each.
    pub fn as_words(&self) -> Vec<String> {
        let mut words = self.selection.as_words(self.states);
        let flags = [
            (self.only, "--only"),
            (self.force, "--force"),
            (self.full_refresh, "--full-refresh"),
        ];
        let given = flags.iter().filter(|(is_given, _)| *is_given);
        words.extend(given.map(|(_, flag)| (*flag).to_owned()));
        for clause in &self.steps {
            words.extend(["--steps".to_owned(), clause.clone()]);
        }
        words
    }
}
