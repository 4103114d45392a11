//! `explain`: why an asset partition is fresh or not.

mod render;

use clap::Args;

use crate::app;
use crate::cli::args::one;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::explain::render::explain;
use crate::cli::session::Session;
use crate::model::ExplainRequest;

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
    /// Its partition, instead of `@K`
    #[arg(long = "partition", value_name = "K")]
    pub partition: Option<String>,
}

/// Explains one asset partition.
pub fn run(args: &ExplainArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let selected = one(&args.selected, args.partition.as_deref())?;
    let (report, notices) = app::explain(&project, &ExplainRequest { selected })?;
    session.tell(&notices);
    session.answer(&report, || explain(&report, &session.look(), &session.next))
}
