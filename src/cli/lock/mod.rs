//! `lock`, `lock prune` and `lock diff`.

mod diff;

use clap::{Args, Subcommand};

use crate::answer::LockReport;
use crate::app;
use crate::cli::args::{ConfigurationArgs, SelectionArgs};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::lock::diff::{LockDiffArgs, LockDiffFormat, marked_name};
use crate::cli::session::Session;
use crate::cli::text::{DIM, Detail, Look, Table, TableCell, count};
use crate::model::LockRequest;

/// Words of `lock`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    after_help = "\
Examples:
  assetctl lock                                 after a run that was killed
  assetctl lock clean -n                        which lines would change
  assetctl lock prune                           drop what is wrong or not declared
  assetctl lock diff main --format markdown     for a pull request"
)]
pub struct LockVerbs {
    /// Bring it up to date, if there is no verb.
    #[command(flatten)]
    pub lock: LockArgs,
    /// Else what to do.
    #[command(subcommand)]
    pub verb: Option<LockVerb>,
}

/// What can be done with the lock file besides.
#[derive(Debug, Subcommand)]
pub enum LockVerb {
    /// Remove wrong lines, and lines without a declaration
    Prune(PruneArgs),
    /// Show the differences between the lock files of two revisions
    Diff(LockDiffArgs),
}

/// Words of `lock` itself.
#[derive(Debug, Default, Args)]
pub struct LockArgs {
    /// The lines of which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// Only show the lines that would change
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Words of `lock prune`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl lock prune -n                        the lines that would be removed
  assetctl lock prune                           after assets were renamed or removed")]
pub struct PruneArgs {
    /// Only show the lines that would be removed
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

impl LockVerbs {
    /// Whether its own `--format` asks for JSON.
    pub fn answers_in_json(&self) -> bool {
        matches!(&self.verb, Some(LockVerb::Diff(args)) if args.format == LockDiffFormat::Json)
    }
}

/// Brings the lock file up to date, drops lines, or says what differs.
pub fn run(verbs: &LockVerbs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = || session.project();
    let (report, notices) = match &verbs.verb {
        None => {
            let selection = verbs.lock.selection.parsed()?;
            let request = LockRequest {
                selection,
                dry_run: verbs.lock.dry_run,
            };
            app::lock(&project()?, &request)?
        }
        Some(LockVerb::Prune(args)) => app::prune_lock(&project()?, args.dry_run)?,
        Some(LockVerb::Diff(args)) => return diff::run(args, session),
    };
    session.answered(&notices, &report, || locked(&report, &session.look()))
}

/// What became of the lock file, or would.
fn locked(report: &LockReport, look: &Look) -> String {
    let file = &report.file;
    if report.changes.is_empty() {
        return format!("{file} is up to date.\n");
    }
    let mut text = String::new();
    if look.detail != Detail::Brief {
        let mut table = Table::default();
        for lines in &report.changes {
            table.row([
                TableCell::plain(marked_name(lines.kind, &lines.name)),
                TableCell::new(DIM, parts([lines.added, lines.changed, lines.removed])),
            ]);
        }
        text = table.lines(2, look.width);
    }
    let verb = if report.dry_run {
        "Would write"
    } else {
        "Wrote"
    };
    let all = report.added + report.changed + report.removed;
    let noun = count(all, "line");
    format!(
        "{text}{verb} {noun} of {file}: {}.\n",
        parts([report.added, report.changed, report.removed])
    )
}

fn parts([added, changed, removed]: [u32; 3]) -> String {
    let parts = [(added, "added"), (changed, "changed"), (removed, "removed")];
    let told = parts.iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    told.join(", ")
}
