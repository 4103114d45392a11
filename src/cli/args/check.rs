//! `check`.

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};

use crate::cli::args::SelectionArgs;

/// Words of `check`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl check                                is what is committed fresh? exit 1 if not
  assetctl check -q                             the same in a script: says nothing if it is
  assetctl check --since origin/main            only what a branch touches
  assetctl check --staged                       is what git would commit fresh? (in a hook)
  assetctl check --rebuild 5                    do five of them come out the same again?
  assetctl check --outputs required             all outputs are here, too
  assetctl check --format github                annotations in a pull request
  assetctl check --format junit > check.xml")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct CheckArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What is asked of outputs
    #[arg(long, value_name = "HOW", default_value = "matching")]
    pub outputs: CheckOutputs,
    /// Count time windows after the newest one of their asset in Assets.lock as missing
    #[arg(long)]
    pub due: bool,
    /// Count what cannot be judged in this checkout as not fresh
    #[arg(long)]
    pub strict: bool,
    /// Only what the changes since a git revision can touch
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// Judge what git would commit instead of the work tree: for hooks
    #[arg(long)]
    pub staged: bool,
    /// Build up to so many fresh asset partitions in scratch, and compare: finds inputs that are not declared
    #[arg(long, value_name = "N")]
    pub rebuild: Option<NonZeroU32>,
    /// Choose others to rebuild
    #[arg(long, value_name = "NUMBER", requires = "rebuild", default_value_t = 0)]
    pub seed: u64,
    /// Exit 0 where there is no Assets.toml
    #[arg(long)]
    pub if_present: bool,
    /// How to answer [default: text, or json with --json]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<CheckFormat>,
}

/// What is asked of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckOutputs {
    /// Those that are here match; the others may be absent
    #[default]
    Matching,
    /// All are here and match
    Required,
    /// They are not looked at
    Ignore,
}

/// How `check` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people
    Text,
    /// JSON, as --json
    Json,
    /// Workflow commands of GitHub Actions: annotations
    Github,
    /// Code Quality report of GitLab
    Gitlab,
    /// `JUnit` XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
}
