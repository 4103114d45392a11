//! `partitions` and its verbs.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::cli::args::globals::instant;

/// Words of `partitions`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub struct PartitionVerbs {
    /// What to do.
    #[command(subcommand)]
    pub verb: PartitionVerb,
}

/// What can be done with partitions.
#[derive(Debug, Subcommand)]
pub enum PartitionVerb {
    /// Say which partitions a definition has
    List(ListPartitionsArgs),
    /// Show how the partitions of an asset are, as a strip
    Show(ShowPartitionsArgs),
    /// Say which partitions of an input a partition needs, or which need it
    Map(MapPartitionsArgs),
    /// Add keys to a dynamic definition
    Add(ChangeKeysArgs),
    /// Remove keys from a dynamic definition; what is recorded of them stays
    Remove(ChangeKeysArgs),
}

/// Words of `partitions list`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions list day
  assetctl partitions list clean --keys | tail -3
  assetctl partitions list day --at 2013-07-04T12:00:00Z      the key whose window holds it
  assetctl partitions list day --partition 2013-07-04         its window and its neighbours
  assetctl partitions list day --partition-range 2013-07-01...2013-07-31")]
pub struct ListPartitionsArgs {
    /// A partitions definition, or an asset or source that has one
    #[arg(value_name = "ASSET|DEFINITION")]
    pub name: String,
    /// Keys alone, one a line: all of them, if nothing else is said
    #[arg(long)]
    pub keys: bool,
    /// Only this key, with its window and its neighbours
    #[arg(long, value_name = "K", conflicts_with_all = ["range", "at"])]
    pub partition: Option<String>,
    /// The keys from A to B, both included, one a line
    #[arg(
        id = "range",
        long = "partition-range",
        value_name = "A...B",
        conflicts_with = "at"
    )]
    pub range: Option<String>,
    /// Only the key whose window holds this instant: `2013-07-04`, `2013-07-04T12:00:00Z`
    #[arg(long, value_name = "T", value_parser = instant)]
    pub at: Option<Timestamp>,
}

/// Words of `partitions show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions show clean")]
pub struct ShowPartitionsArgs {
    /// The asset or source
    #[arg(value_name = "ASSET")]
    pub asset: String,
}

/// Words of `partitions map`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions map monthly --dep daily --partition 2013-07
  assetctl partitions map monthly --dep daily --downstream --partition 2013-07-04
  assetctl partitions map report --dep daily                  of an asset without partitions")]
pub struct MapPartitionsArgs {
    /// The asset that reads
    #[arg(value_name = "ASSET")]
    pub asset: String,
    /// The input: its name, or what it reads
    #[arg(long, value_name = "NAME")]
    pub dep: String,
    /// A partition of ASSET; with --downstream of what is read
    #[arg(long, value_name = "K")]
    pub partition: Option<String>,
    /// The other way: which partitions of ASSET need a partition of the input
    #[arg(long)]
    pub downstream: bool,
}

/// Words of `partitions add` and `partitions remove`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl partitions add customers acme globex
  assetctl partitions remove customers acme")]
pub struct ChangeKeysArgs {
    /// The dynamic partitions definition
    #[arg(value_name = "NAME")]
    pub definition: String,
    /// The keys
    #[arg(value_name = "KEY", required = true)]
    pub keys: Vec<String>,
}
