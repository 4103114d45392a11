//! `job run`.

use clap::Args;

use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::job::name;
use crate::cli::materialize::{self, MaterializeArgs};
use crate::cli::session::Session;

/// Words of `job run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  assetctl job run nightly
  assetctl job run nightly --partition 2013-07-04
  assetctl job run nightly report               only this asset of it
  assetctl job run nightly --in-process         a test of the job: nothing of the project is changed")]
pub struct JobRunArgs {
    /// The job
    #[arg(id = "job_name", value_name = "NAME", conflicts_with = "job")]
    pub name: String,
    /// Test the job: run all of it in memory, one step at a time, and do not change the project
    ///
    /// The run is recorded only where `--home` names an instance.
    #[arg(
        long,
        conflicts_with_all = ["dry_run", "replace", "keep_altered", "until_done", "no_wait", "durable"]
    )]
    pub in_process: bool,
    /// As `materialize` takes them.
    #[command(flatten)]
    pub materialize: MaterializeArgs,
}

/// Runs a job.
pub(super) fn run(args: &JobRunArgs, session: &Session) -> Result<VerbExit, VerbError> {
    materialize::run_job(
        &args.materialize,
        &name(&args.name)?,
        args.in_process,
        session,
    )
}
