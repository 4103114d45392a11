//! `partitions` and its verbs.

mod change;
mod list;
mod map;
mod show;

use clap::{Args, Subcommand};

use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::partitions::change::ChangeKeysArgs;
use crate::cli::partitions::list::ListPartitionsArgs;
use crate::cli::partitions::map::MapPartitionsArgs;
use crate::cli::partitions::show::ShowPartitionsArgs;
use crate::cli::session::Session;
use crate::model::KeyChange;

/// Words of `partitions`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub struct PartitionVerbs {
    /// What to do.
    #[command(subcommand)]
    pub verb: PartitionVerb,
}

/// What can be done with partitions.
#[derive(Debug, Subcommand)]
pub enum PartitionVerb {
    /// List the partitions of a definition
    List(ListPartitionsArgs),
    /// Show the status of an asset's partitions as a strip
    Show(ShowPartitionsArgs),
    /// List the partitions of an input that a partition needs, or that need it
    Map(MapPartitionsArgs),
    /// Add keys to a dynamic definition
    Add(ChangeKeysArgs),
    /// Remove keys from a dynamic definition; their records stay
    Remove(ChangeKeysArgs),
}

/// Carries out a verb of `partitions`.
pub fn run(verbs: &PartitionVerbs, session: &Session) -> Result<VerbExit, VerbError> {
    match &verbs.verb {
        PartitionVerb::List(args) => list::run(args, session),
        PartitionVerb::Show(args) => show::run(args, session),
        PartitionVerb::Map(args) => map::run(args, session),
        PartitionVerb::Add(args) => change::run(args, KeyChange::Add, session),
        PartitionVerb::Remove(args) => change::run(args, KeyChange::Remove, session),
    }
}
