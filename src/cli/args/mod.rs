//! The words of the command line, as they are typed. What they mean is said by [`crate::cli::request`].

mod affected;
mod check;
mod globals;
mod history;
mod init;
mod list;
mod lock;
mod materialize;
mod memory;
mod partitions;
mod selection;
mod shell;
mod status;
mod wipe;

pub(super) use affected::AffectedArgs;
pub(super) use check::{CheckArgs, CheckFormat, CheckOutputs};
pub(super) use globals::{ColorChoice, Globals};
pub(super) use history::{HistoryArgs, LogsArgs};
pub(super) use init::{InitArgs, Template};
pub(super) use list::{GraphArgs, GraphFormat, ListArgs, ShowArgs};
pub(super) use lock::{LockArgs, LockDiffArgs, LockDiffFormat, LockVerb, LockVerbs, PruneArgs};
pub(super) use materialize::{MaterializeArgs, PlanArgs, RunArgs};
pub(super) use memory::{IoManagerName, MemoryArgs};
pub(super) use partitions::{
    ChangeKeysArgs, ListPartitionsArgs, MapPartitionsArgs, PartitionVerb, PartitionVerbs,
    ShowPartitionsArgs,
};
pub(super) use selection::{PartitionsArgs, RecordedArgs, SelectionArgs};
pub(super) use shell::{CompletionsArgs, HelpArgs};
pub(super) use status::{ExplainArgs, ObserveArgs, StatusArgs};
pub(super) use wipe::{AcceptArgs, WipeArgs};

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::thread::available_parallelism;

use clap::{Parser, Subcommand};

/// Make for data: knows from contents which asset partitions are stale, says why, and runs exactly those.
#[derive(Debug, Parser)]
#[command(
    name = "assetctl",
    bin_name = "assetctl",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub(super) struct Cli {
    /// Options of all verbs.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What `assetctl` can do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Start a project: a commented Assets.toml that runs as it is
    Init(InitArgs),
    /// Bring assets up to date: run what is stale, missing or failed, and what it needs
    #[command(aliases = ["build", "run"])]
    Materialize(MaterializeArgs),
    /// Say what is fresh and what is not
    Status(StatusArgs),
    /// Say why an asset partition is fresh or not, down to the root
    Explain(ExplainArgs),
    /// Say what `materialize` would run, in which order, and how long it takes
    Plan(PlanArgs),
    /// Say whether everything is fresh by Assets.lock, from a checkout alone; exit 1 if not
    Check(CheckArgs),
    /// List assets and sources
    List(ListArgs),
    /// Show what steps wrote to standard output and error
    Logs(LogsArgs),
    /// Show everything that is declared of one asset
    Show(ShowArgs),
    /// Show what depends on what
    Graph(GraphArgs),
    /// Say which assets and keys a git change or a list of files can touch
    Affected(AffectedArgs),
    /// List the materializations of an asset
    History(HistoryArgs),
    /// Say which partitions there are, how they map and how they are; add and remove keys
    Partitions(PartitionVerbs),
    /// Look at sources now, and run their `observe` commands
    Observe(ObserveArgs),
    /// Check Assets.toml without looking at data
    Validate,
    /// Bring Assets.lock up to date, say what differs in it, or drop lines
    Lock(LockVerbs),
    /// Take the outputs on disk as they are for what would be made now
    Accept(AcceptArgs),
    /// Forget records, and with `--outputs` remove the files too
    Wipe(WipeArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Show the daily verbs, all of them, or the help of one
    Help(HelpArgs),
}

impl Verb {
    /// Whether its own `--format` asks for JSON: then errors are told so, too.
    pub fn answers_in_json(&self) -> bool {
        match self {
            Self::Check(args) => args.format == Some(CheckFormat::Json),
            Self::Graph(args) => args.format == GraphFormat::Json,
            Self::Lock(LockVerbs {
                verb: Some(LockVerb::Diff(args)),
                ..
            }) => args.format == LockDiffFormat::Json,
            _ => false,
        }
    }
}

/// Reads how many commands run at once; 0 is the number of cores.
fn jobs(text: &str) -> Result<NonZeroUsize, &'static str> {
    match text.parse::<usize>() {
        Ok(0) => Ok(available_parallelism().unwrap_or(NonZeroUsize::MIN)),
        Ok(jobs) => Ok(NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN)),
        Err(_) => Err("expected a whole number; 0 is the number of cores"),
    }
}

/// Reads a number that is not 0.
fn at_least_one<N: FromStr>(text: &str) -> Result<N, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number of at least 1")
}
