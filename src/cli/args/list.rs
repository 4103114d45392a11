//! `list`, `show` and `graph`.

use clap::{Args, ValueEnum};

/// Words of `list`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl list
  assetctl list '+report'                       what it is made from
  assetctl list 'group:core and not kind:sql' --json")]
pub struct ListArgs {
    /// What: names, or expressions as '+clean and not group:core'; see `assetctl help selection` [default: all]
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
}

/// Words of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl show clean")]
pub struct ShowArgs {
    /// The asset or source
    #[arg(value_name = "ASSET")]
    pub asset: String,
}

/// Words of `graph`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl graph
  assetctl graph --format dot | dot -Tsvg > graph.svg
  assetctl graph report --format mermaid        all that is up- and downstream of it
  assetctl graph 'group:core'                   exactly these")]
pub struct GraphArgs {
    /// What: names, or expressions as '+clean and not group:core'; see `assetctl help selection` [default: all]
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// How to draw it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: GraphFormat,
}

/// How to draw a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A line for each asset, with what it reads
    #[default]
    Text,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// JSON, as --json
    Json,
}
