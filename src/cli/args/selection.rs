//! Which asset partitions.

use std::num::NonZeroU32;

use clap::Args;

use crate::cli::args::at_least_one;

/// Which asset partitions.
#[derive(Debug, Default, Args)]
pub struct SelectionArgs {
    /// What: names, `clean@2013-07-04`, or expressions as '+clean and not group:core'; see `assetctl help selection`
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// At which keys.
    #[command(flatten)]
    pub partitions: PartitionsArgs,
}

/// At which keys; without any of these at every key that exists.
#[derive(Debug, Default, Args)]
pub struct PartitionsArgs {
    /// Only this partition: a key, or DEFINITION=KEY; repeatable
    #[arg(id = "partition", long = "partition", value_name = "K")]
    pub keys: Vec<String>,
    /// Only the partitions from A to B, both included; repeatable
    #[arg(id = "partition_range", long = "partition-range", value_name = "A...B")]
    pub ranges: Vec<String>,
    /// All partitions, which is what no such option means too
    #[arg(long)]
    pub all_partitions: bool,
    /// Only the newest N partitions of each partitions definition
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    pub latest: Option<NonZeroU32>,
}

/// Of the partitions those of which this is recorded.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct RecordedArgs {
    /// Of these only what was never materialized
    #[arg(long)]
    pub missing: bool,
    /// Of these only what failed in its last attempt; with --missing both
    #[arg(long)]
    pub failed: bool,
}
