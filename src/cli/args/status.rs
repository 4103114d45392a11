//! `status`, `explain` and `observe`.

use clap::Args;

use crate::cli::args::{RecordedArgs, SelectionArgs};

/// Words of `status`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl status
  assetctl status clean report
  assetctl status '+report'                     and all that it is made from
  assetctl status --partition 2013-07-04 --keys
  assetctl status --failed                      what failed in its last attempt
  assetctl status --exit-code -q                exit 1 if anything is not fresh")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct StatusArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Of these what is recorded so.
    #[command(flatten)]
    pub states: RecordedArgs,
    /// Tell each partition for itself, not in ranges
    #[arg(long)]
    pub keys: bool,
    /// Exit 1 if anything is not fresh
    #[arg(long)]
    pub exit_code: bool,
    /// List sources too
    #[arg(long)]
    pub sources: bool,
    /// Judge by records alone, without looking at files
    #[arg(long)]
    pub recorded: bool,
}

/// Words of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl explain report
  assetctl explain clean@2013-07-04
  assetctl explain clean@2013-07-04 -v          also what is equal")]
pub struct ExplainArgs {
    /// The asset partition: `report`, `clean@2013-07-04`
    #[arg(value_name = "ASSET[@K]")]
    pub selected: String,
    /// Its partition, in place of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
}

/// Words of `observe`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl observe                              all sources
  assetctl observe warehouse_orders
  assetctl observe flights --partition 2013-07-04")]
pub struct ObserveArgs {
    /// Which sources.
    #[command(flatten)]
    pub selection: SelectionArgs,
}
