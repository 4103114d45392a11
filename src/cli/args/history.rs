//! `history` and `logs`.

use std::num::NonZeroU32;

use clap::Args;

use crate::cli::args::at_least_one;

/// Words of `history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl history report
  assetctl history clean@2013-07-04 --limit 3")]
pub struct HistoryArgs {
    /// The asset, or one partition of it
    #[arg(value_name = "ASSET[@K]")]
    pub selected: String,
    /// Its partition, in place of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
    /// At most so many, newest first
    #[arg(long, value_name = "N", default_value = "20", value_parser = at_least_one::<NonZeroU32>)]
    pub limit: NonZeroU32,
    /// Tell each key of an input for itself, not in ranges
    #[arg(long)]
    pub keys: bool,
    /// List failed attempts only
    #[arg(long)]
    pub failed: bool,
}

/// Words of `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl logs report
  assetctl logs clean@2013-07-04
  assetctl logs clean@2013-07-04 --run 0190a6e0-0000-7000-8000-000000000001")]
pub struct LogsArgs {
    /// The asset partition: `report`, `clean@2013-07-04`
    #[arg(value_name = "ASSET[@K]")]
    pub selected: String,
    /// Its partition, in place of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
    /// Of this run [default: the last one that has a log]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}
