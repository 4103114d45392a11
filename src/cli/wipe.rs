//! `wipe`: records go, and outputs with them where it is asked for.

use std::io::{self, BufRead as _};

use clap::Args;

use crate::answer::AffectedReport;
use crate::app;
use crate::cli::accept::wiped;
use crate::cli::args::{PartitionsArgs, RecordedArgs, words};
use crate::cli::error::{CliError, VerbError};
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::text::count;
use crate::model::WipeRequest;

/// Words of `wipe`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl wipe clean -n                        what would be forgotten
  assetctl wipe clean@2013-07-04 --outputs --yes")]
pub struct WipeArgs {
    /// Names, `clean@2013-07-04`, or expressions such as '+clean and not group:core'; see `assetctl help selection`
    #[arg(value_name = "SELECTION", required = true)]
    pub selection: Vec<String>,
    /// At which keys.
    #[command(flatten)]
    pub partitions: PartitionsArgs,
    /// Remove the outputs too; sources never
    #[arg(long)]
    pub outputs: bool,
    /// Only show what would be deleted
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}

/// Asks, and forgets.
pub fn run(args: &WipeArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let any = RecordedArgs::default();
    let selection = words(&args.selection, &args.partitions, any)?;
    let request = WipeRequest {
        selection,
        outputs: args.outputs,
        dry_run: args.dry_run,
    };
    let project = session.project()?;
    if !request.dry_run && !args.yes {
        let said = WipeRequest {
            dry_run: true,
            ..request.clone()
        };
        let (report, _) = app::wipe(&project, &said)?;
        if let Some(question) = question(&report)
            && !is_confirmed(&question, &session.terminal)?
        {
            return Ok(VerbExit::No);
        }
    }
    let (report, notices) = app::wipe(&project, &request)?;
    session.answered(&notices, &report, || wiped(&report, &session.look()))
}

/// What to ask before a wipe; `None` where nothing would be lost.
fn question(report: &AffectedReport) -> Option<String> {
    let partitions: u32 = report.affected.iter().map(|range| range.count).sum();
    let records = count(partitions, "record");
    match (partitions, report.files.len()) {
        (0, 0) => None,
        (_, 0) => Some(format!("Forget {records}?")),
        (_, files) => {
            let files = count(files as u64, "file");
            Some(format!("Forget {records} and remove {files}?"))
        }
    }
}

/// Asks before something is lost; never without a terminal.
pub(super) fn is_confirmed(question: &str, terminal: &Terminal) -> Result<bool, CliError> {
    if !terminal.can_answer || !terminal.stderr.is_terminal {
        return Err(CliError::NotConfirmed);
    }
    output::say(terminal.stderr, format!("{question} [y/N] "));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(is_yes(&line))
}

/// Nothing but a clear yes is one.
fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_yes_is_yes() {
        for (line, expected) in [
            ("y\n", true),
            (" YES \n", true),
            ("", false),
            ("\n", false),
            ("yep\n", false),
        ] {
            assert_eq!(is_yes(line), expected, "{line:?}");
        }
    }
}
