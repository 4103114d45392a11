//! `status`: what is fresh and what is not.

mod render;

pub use render::{TOLD, WORST, glyph};

use clap::Args;

use crate::app;
use crate::cli::args::{RecordedArgs, SelectionArgs};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::status::render::status;
use crate::model::{Evidence, Grouping, StatusOptions};

/// Words of `status`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl status
  assetctl status clean report
  assetctl status '+report'                     and all that it is made from
  assetctl status --partition 2013-07-04 --keys
  assetctl status --failed                      what failed in its last attempt
  assetctl status --exit-code -q                exit 1 if anything is not fresh")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct StatusArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only partitions with these records.
    #[command(flatten)]
    pub states: RecordedArgs,
    /// List each partition instead of ranges
    #[arg(long)]
    pub keys: bool,
    /// Exit 1 if anything is not fresh
    #[arg(long)]
    pub exit_code: bool,
    /// List sources too
    #[arg(long)]
    pub sources: bool,
    /// Judge by records only, without looking at files
    #[arg(long)]
    pub recorded: bool,
}

/// Says how what is selected is.
pub fn run(args: &StatusArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let selection = args.selection.narrowed(args.states)?;
    let request = StatusOptions {
        selection,
        grouping: Grouping::of_keys(args.keys),
        sources: args.sources,
        evidence: if args.recorded {
            Evidence::Recorded
        } else {
            Evidence::Files
        },
    };
    let (report, notices) = app::status(&session.project()?, &request)?;
    session.answered(&notices, &report, || {
        status(&report, request.grouping, &session.look(), &session.next)
    })?;
    let all_fresh = report.summary.fresh == report.summary.total();
    Ok(VerbExit::yes_if(all_fresh || !args.exit_code))
}
