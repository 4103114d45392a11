//! `affected`.

use std::path::PathBuf;

use clap::Args;

/// Words of `affected`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl affected --since main                what the work tree can change that main does not
  assetctl affected --since HEAD~3 --json
  assetctl affected steps/clean.py data/2013-07-04.csv
  assetctl affected --since HEAD --direct       without what is downstream")]
pub struct AffectedArgs {
    /// Files and folders that changed, or would
    #[arg(value_name = "FILE", required_unless_present = "since")]
    pub files: Vec<PathBuf>,
    /// What git says has changed since a revision, uncommitted and unknown files among it
    #[arg(long, value_name = "REV", conflicts_with = "files")]
    pub since: Option<String>,
    /// Leave out what only reads assets that are touched
    #[arg(long)]
    pub direct: bool,
}
