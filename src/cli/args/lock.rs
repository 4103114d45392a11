//! `lock` and its verbs.

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::SelectionArgs;

/// Words of `lock`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    after_help = "\
Examples:
  assetctl lock                                 after a run that was killed
  assetctl lock clean -n                        which lines would change
  assetctl lock prune                           drop what is wrong or not declared
  assetctl lock diff main --format markdown     for a pull request"
)]
pub struct LockVerbs {
    /// Bring it up to date, if there is no verb.
    #[command(flatten)]
    pub lock: LockArgs,
    /// Else what to do.
    #[command(subcommand)]
    pub verb: Option<LockVerb>,
}

/// What can be done with the lock file besides.
#[derive(Debug, Subcommand)]
pub enum LockVerb {
    /// Drop lines that are wrong, or of nothing that is declared
    Prune(PruneArgs),
    /// Say what differs between the lock files of two revisions
    Diff(LockDiffArgs),
}

/// Words of `lock` itself.
#[derive(Debug, Default, Args)]
pub struct LockArgs {
    /// The lines of which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only say which lines would change
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Words of `lock prune`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl lock prune -n                        which lines would go
  assetctl lock prune                           after assets were renamed or removed")]
pub struct PruneArgs {
    /// Only say which lines would go
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Words of `lock diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl lock diff HEAD                       what is not committed yet
  assetctl lock diff v1.0 v1.1
  assetctl lock diff origin/main --format markdown")]
pub struct LockDiffArgs {
    /// The revision to compare with
    #[arg(value_name = "REF")]
    pub old: String,
    /// The revision to compare [default: the file in the work tree]
    #[arg(value_name = "REF2")]
    pub new: Option<String>,
    /// How to tell it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: LockDiffFormat,
}

/// How to tell differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LockDiffFormat {
    /// A line for each range of keys
    #[default]
    Text,
    /// A table for a pull request
    Markdown,
    /// JSON, as --json
    Json,
}
