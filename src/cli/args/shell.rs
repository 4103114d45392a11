//! `completions` and `help`.

use clap::Args;
use clap_complete::Shell;

/// Words of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl completions bash > ~/.local/share/bash-completion/completions/assetctl
  assetctl completions fish > ~/.config/fish/completions/assetctl.fish
  assetctl completions zsh > \"${fpath[1]}/_assetctl\"")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Words of `help`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl help plan
  assetctl help partitions map
  assetctl help selection                       how to say which assets")]
pub struct HelpArgs {
    /// A verb, as `plan` or `partitions map`, or `selection`: how to say which assets
    #[arg(value_name = "VERB|TOPIC")]
    pub topic: Vec<String>,
    /// All verbs and options
    #[arg(long)]
    pub all: bool,
}
