//! Which asset partitions.

use clap::Args;

/// Which asset partitions.
#[derive(Debug, Default, Args)]
pub struct SelectionArgs {
    /// Assets, or single partitions of them: `clean`, `clean@2013-07-04`
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// Only this partition; repeatable
    #[arg(long = "partition", value_name = "K")]
    pub partitions: Vec<String>,
}
