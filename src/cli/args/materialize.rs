//! `materialize` and `plan`.

use std::num::NonZeroU32;

use clap::Args;

use crate::cli::args::at_least_one;
use crate::cli::args::{MemoryArgs, RecordedArgs, SelectionArgs};

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
    /// Of these what is recorded so.
    #[command(flatten)]
    pub states: RecordedArgs,
    /// Exactly the selection: read what it needs as it is, stale or not
    #[arg(long)]
    pub only: bool,
    /// Of all this exactly these steps: `clean@2013-07-04`, `*report`, `clean+`; repeatable
    #[arg(long, value_name = "CLAUSE")]
    pub steps: Vec<String>,
    /// Run the selection whether stale or not, but never what it needs
    #[arg(short = 'B', long)]
    pub force: bool,
    /// As --force; incremental assets start from nothing
    #[arg(long)]
    pub full_refresh: bool,
    /// Set aside folders at the places of outputs that no step has made, as files are in any case
    #[arg(long)]
    pub replace: bool,
}

/// Words of `materialize`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl materialize                          everything that is not fresh
  assetctl materialize --partition 2013-07-04   one day of everything, and what it needs
  assetctl materialize report                   one asset at all its keys
  assetctl materialize clean@2013-07-04 --force
  assetctl materialize 'status:failed or group:core+'
  assetctl materialize clean --partition-range 2013-01-01...2013-03-31 --missing
  assetctl materialize --latest 7               the last seven days, hours, ... of everything
  assetctl materialize --steps clean --steps 'report*'
                                                of the plan only clean, report and what reads report
  assetctl materialize -n                       only say what would run
  assetctl materialize --in-memory --print report@2013-07-04
                                                for tests: nothing of the project is changed")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct MaterializeArgs {
    /// What, and how far.
    #[command(flatten)]
    pub run: RunArgs,
    /// Only say what would run, as `plan` does
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Start nothing new after a failure
    #[arg(long, conflicts_with = "max_failures")]
    pub fail_fast: bool,
    /// Start nothing new after N failures
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    pub max_failures: Option<NonZeroU32>,
    /// Go on with what does not need what failed; the default
    #[arg(short = 'k', long, hide = true, conflicts_with_all = ["fail_fast", "max_failures"])]
    pub keep_going: bool,
    /// Fail where an output was altered by hand, and leave it
    #[arg(long)]
    pub keep_altered: bool,
    /// Run again until commands add no more partition keys
    #[arg(long)]
    pub until_done: bool,
    /// Do not wait for another process that holds what is needed
    #[arg(long)]
    pub no_wait: bool,
    /// Sync outputs to disk before they are recorded
    #[arg(long)]
    pub durable: bool,
    /// In memory or not.
    #[command(flatten)]
    pub memory: MemoryArgs,
}

/// Words of `plan`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl plan                                 what is not fresh, in order, with reasons
  assetctl plan --partition 2013-07-04
  assetctl plan report --force
  assetctl plan --steps '+report'               report and what it reads itself, and nothing else
  assetctl plan --keys --json                   each partition for itself")]
pub struct PlanArgs {
    /// What, and how far.
    #[command(flatten)]
    pub run: RunArgs,
    /// Tell each partition for itself, not in ranges
    #[arg(long)]
    pub keys: bool,
}
