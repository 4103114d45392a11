//! The verbs, and the words of those that are about the program itself.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::cli::accept::AcceptArgs;
use crate::cli::affected::AffectedArgs;
use crate::cli::args::{ConfigurationArgs, Globals, RecordedArgs};
use crate::cli::check::{CheckArgs, CheckFormat};
use crate::cli::config::{ConfigVerbs, SchemaArgs};
use crate::cli::explain::ExplainArgs;
use crate::cli::graph::{GraphArgs, GraphFormat};
use crate::cli::history::HistoryArgs;
use crate::cli::init::InitArgs;
use crate::cli::job::JobVerbs;
use crate::cli::list::ListArgs;
use crate::cli::lock::LockVerbs;
use crate::cli::logs::LogsArgs;
use crate::cli::materialize::MaterializeArgs;
use crate::cli::observe::ObserveArgs;
use crate::cli::partitions::PartitionVerbs;
use crate::cli::plan::PlanArgs;
use crate::cli::runs::RunVerbs;
use crate::cli::show::ShowArgs;
use crate::cli::status::StatusArgs;
use crate::cli::validate::ValidateArgs;
use crate::cli::wipe::WipeArgs;

/// Make for data: finds stale partitions by content, says why they are stale, and runs exactly those.
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
pub struct Cli {
    /// Options of all verbs.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What `assetctl` can do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start a project: a commented Assets.toml that runs as it is
    Init(InitArgs),
    /// Bring assets up to date: run stale, missing and failed partitions, and their upstreams
    #[command(aliases = ["build", "run"])]
    Materialize(MaterializeArgs),
    /// Show which assets are fresh, and why others are not
    Status(StatusArgs),
    /// Show why a partition is fresh or not, down to the root cause
    Explain(ExplainArgs),
    /// Show which steps `materialize` would run, in which order, and for how long
    Plan(PlanArgs),
    /// Check a checkout against Assets.lock; exit 1 unless everything is fresh
    Check(CheckArgs),
    /// List assets and sources
    List(ListArgs),
    /// Show the logs of steps
    Logs(LogsArgs),
    /// Show the declaration of one asset
    Show(ShowArgs),
    /// Show the dependency graph
    Graph(GraphArgs),
    /// List the assets and keys that a git change or files can affect
    Affected(AffectedArgs),
    /// List the materializations of an asset
    History(HistoryArgs),
    /// List runs, show and follow one, its logs and events; cancel, delete and export runs
    Runs(RunVerbs),
    /// List partitions, their mappings and their status; add and remove keys
    Partitions(PartitionVerbs),
    /// List, show and run jobs: selections with settings of their own
    Job(JobVerbs),
    /// Observe sources now, and run their `observe` commands
    Observe(ObserveArgs),
    /// Check Assets.toml without looking at data
    Validate(ValidateArgs),
    /// Show what values assets are given, or begin a file for `--config`
    Config(ConfigVerbs),
    /// Print the JSON Schema of Assets.toml, or of a file for `--config`
    Schema(SchemaArgs),
    /// Check the environment: shell, file system, clock, git, limits; exit 1 if something would not work
    Doctor,
    /// Update Assets.lock from the records, compare it, or remove lines
    Lock(LockVerbs),
    /// Record the existing outputs as up to date, without running anything
    Accept(AcceptArgs),
    /// Delete records, and with `--outputs` the files too
    Wipe(WipeArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Show the daily verbs, all of them, or the help of one
    Help(HelpArgs),
}

impl Verb {
    /// Whether its own `--format` asks for JSON: then errors are JSON, too.
    pub fn answers_in_json(&self) -> bool {
        match self {
            Self::Check(args) => args.format == Some(CheckFormat::Json),
            Self::Graph(args) => args.format == GraphFormat::Json,
            Self::Lock(verbs) => verbs.answers_in_json(),
            _ => false,
        }
    }

    /// The words that set values, of verbs that take them; what a run in memory reads elsewhere is of its own.
    pub fn configuration(&self) -> Option<ConfigurationArgs> {
        let words = match self {
            Self::Accept(args) => &args.configuration,
            Self::Affected(args) => &args.configuration,
            Self::Check(args) => &args.configuration,
            Self::Config(verbs) => return Some(verbs.configuration()),
            Self::Explain(args) => &args.configuration,
            Self::Graph(args) => &args.configuration,
            Self::Job(verbs) => return verbs.configuration(),
            Self::List(args) => &args.configuration,
            Self::Lock(verbs) if verbs.verb.is_none() => &verbs.lock.configuration,
            Self::Materialize(args) => &args.run.configuration,
            Self::Plan(args) => &args.run.configuration,
            Self::Show(args) => &args.configuration,
            Self::Status(args) => &args.configuration,
            _ => return None,
        };
        Some(words.clone())
    }

    /// Whether its other paths are those of a run in memory.
    pub fn is_in_memory(&self) -> bool {
        match self {
            Self::Materialize(args) => args.memory.is_asked_for(),
            Self::Job(verbs) => verbs.is_in_memory(),
            _ => false,
        }
    }

    /// The arguments with which `materialize` goes on from here, one word each.
    pub fn goes_on(&self) -> Vec<String> {
        let mut words = match self {
            Self::Status(args) => args.selection.as_words(args.states),
            Self::Check(args) => args.selection.as_words(RecordedArgs::default()),
            Self::Plan(args) => args.run.as_words(),
            Self::Job(verbs) => verbs.goes_on(),
            Self::Materialize(args) => args.run.selection.as_words(args.run.states),
            _ => return Vec::new(),
        };
        words.extend(self.configuration().unwrap_or_default().as_words());
        words
    }
}

/// Words of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl completions bash > ~/.local/share/bash-completion/completions/assetctl
  assetctl completions fish > ~/.config/fish/completions/assetctl.fish
  assetctl completions zsh > \"${fpath[1]}/_assetctl\"")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Words of `help`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl help plan
  assetctl help partitions map
  assetctl help selection                       how to select assets")]
pub struct HelpArgs {
    /// A verb, such as `plan` or `partitions map`, or `selection`
    #[arg(value_name = "VERB|TOPIC")]
    pub topic: Vec<String>,
    /// All verbs and options
    #[arg(long)]
    pub all: bool,
}
