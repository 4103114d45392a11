//! `accept` and `wipe`.

use clap::{ArgGroup, Args};

use crate::cli::args::{PartitionsArgs, SelectionArgs};

/// Words of `accept`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl accept --all -n                      what would be accepted
  assetctl accept clean@2013-07-04              its output is right, although its code changed")]
#[command(group(ArgGroup::new("accepted").args(["selection", "all"]).required(true)))]
pub struct AcceptArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Accept all that has outputs
    #[arg(long)]
    pub all: bool,
    /// Only say what would be accepted
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Words of `wipe`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl wipe clean -n                        what would be forgotten
  assetctl wipe clean@2013-07-04 --outputs --yes")]
pub struct WipeArgs {
    /// What: names, `clean@2013-07-04`, or expressions as '+clean and not group:core'; see `assetctl help selection`
    #[arg(value_name = "SELECTION", required = true)]
    pub selection: Vec<String>,
    /// At which keys.
    #[command(flatten)]
    pub partitions: PartitionsArgs,
    /// Remove the outputs too; sources never
    #[arg(long)]
    pub outputs: bool,
    /// Only say what would be forgotten and removed
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}
