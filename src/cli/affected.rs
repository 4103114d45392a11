//! `affected`: what changes can touch.

use std::path::PathBuf;

use clap::Args;

use crate::answer::ImpactReport;
use crate::app;
use crate::cli::args::ConfigurationArgs;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{DIM, Keys, Look, Table, TableCell, count, keys};
use crate::model::{AffectedRequest, Changes};

/// Words of `affected`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl affected --since main                what the work tree can change that main does not
  assetctl affected --since HEAD~3 --json
  assetctl affected steps/clean.py data/2013-07-04.csv
  assetctl affected --since HEAD --direct       without what is downstream")]
pub struct AffectedArgs {
    /// Files and folders that changed, or would
    #[arg(value_name = "FILE", required_unless_present = "since")]
    pub files: Vec<PathBuf>,
    /// Changes since a git revision, with uncommitted and untracked files
    #[arg(long, value_name = "REV", conflicts_with = "files")]
    pub since: Option<String>,
    /// Leave out downstream assets
    #[arg(long)]
    pub direct: bool,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Says what a git change or a list of files can touch.
pub fn run(args: &AffectedArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let here = std::env::current_dir()?;
    let files = || args.files.iter().map(|file| here.join(file)).collect();
    let request = AffectedRequest {
        changes: match &args.since {
            Some(revision) => Changes::Since(revision.clone()),
            None => Changes::Files(files()),
        },
        direct: args.direct,
    };
    let report = app::affected(&project, &request)?;
    session.tell(project.notices());
    session.answer(&report, || affected(&report, &session.look()))
}

/// What changes can touch: a line for each range.
fn affected(report: &ImpactReport, look: &Look) -> String {
    if report.assets.is_empty() {
        return "This affects no asset.\n".to_owned();
    }
    let mut table = Table::default();
    for each in &report.assets {
        let range = &each.range;
        table.row([
            TableCell::plain(range.asset.as_str()),
            TableCell::plain(keys([Keys::from(range)], 1)),
            TableCell::new(DIM, count(range.count, "partition")),
            TableCell::new(DIM, if each.direct { "" } else { "downstream" }),
        ]);
    }
    table.lines(0, look.width)
}

#[cfg(test)]
mod tests {
    use super::affected;
    use crate::answer::{AffectedRange, ImpactReport};
    use crate::cli::fixtures::{look, plain, range};

    #[test]
    fn a_line_for_each_range() {
        let mut report = ImpactReport {
            assets: vec![
                AffectedRange {
                    range: range("clean", "2013-07-04", "2013-07-05", 2),
                    direct: true,
                },
                AffectedRange {
                    range: range("clean", "2013-07-08", "2013-07-08", 1),
                    direct: true,
                },
                AffectedRange {
                    range: range("report", "", "", 1),
                    direct: false,
                },
            ],
            sources: vec![range("flights", "2013-07-04", "2013-07-05", 2)],
        };
        insta::assert_snapshot!(plain(&affected(&report, &look())), @r"
        clean   2013-07-04...2013-07-05  2 partitions
        clean   2013-07-08               1 partition
        report                           1 partition   downstream
        ");
        report.assets.clear();
        assert_eq!(affected(&report, &look()), "This affects no asset.\n");
    }
}
