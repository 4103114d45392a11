//! `init`.

use clap::{Args, ValueEnum};

/// Words of `init`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl init
  assetctl -C new/project init --template empty")]
pub struct InitArgs {
    /// What Assets.toml holds
    #[arg(long, value_name = "NAME", default_value = "example")]
    pub template: Template,
}

/// What a new Assets.toml holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A small pipeline that runs as it is, with comments
    #[default]
    Example,
    /// The project's name
    Empty,
}
