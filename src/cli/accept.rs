//! `accept`: outputs as they are become up to date. `wipe` answers in the same form.

use clap::{ArgGroup, Args};

use crate::answer::AffectedReport;
use crate::app;
use crate::cli::args::{ConfigurationArgs, SelectionArgs};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{DIM, Detail, Keys, Look, Table, TableCell, bytes, count, keys, styled};
use crate::model::AcceptRequest;
use crate::sys::clock::SystemClock;

/// Words of `accept`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl accept --all -n                      outputs that would be recorded
  assetctl accept clean@2013-07-04              its output is right, although its code changed")]
#[command(group(ArgGroup::new("accepted").args(["selection", "all"]).required(true)))]
pub struct AcceptArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// Accept all assets with outputs
    #[arg(long)]
    pub all: bool,
    /// Only show the outputs that would be recorded
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// Records the outputs on disk.
pub fn run(args: &AcceptArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let selection = args.selection.parsed()?;
    let request = AcceptRequest {
        selection,
        dry_run: args.dry_run,
    };
    let project = session.project()?;
    let (report, notices) = app::accept(&project, &request, &SystemClock)?;
    session.answered(&notices, &report, || accepted(&report, &session.look()))
}

/// How many ranges and files are written out.
const ROWS: usize = 20;

/// What `accept` recorded, or would.
fn accepted(report: &AffectedReport, look: &Look) -> String {
    let verb = if report.dry_run {
        "Would accept"
    } else {
        "Accepted"
    };
    if report.affected.is_empty() {
        return "There is nothing to accept: every output matches its record.\n".to_owned();
    }
    format!("{}{}", rows(report, look), summary(verb, report, look))
}

/// What `wipe` forgot, or would.
pub fn wiped(report: &AffectedReport, look: &Look) -> String {
    if report.affected.is_empty() && report.files.is_empty() {
        return "There is nothing to forget.\n".to_owned();
    }
    let verb = match (report.dry_run, report.files.is_empty()) {
        (false, true) => "Forgot",
        (false, false) => "Forgot and removed",
        (true, true) => "Would forget",
        (true, false) => "Would forget and remove",
    };
    format!("{}{}", rows(report, look), summary(verb, report, look))
}

fn rows(report: &AffectedReport, look: &Look) -> String {
    if look.detail == Detail::Brief {
        return String::new();
    }
    let mut table = Table::default();
    for range in report.affected.iter().take(ROWS) {
        table.row([
            TableCell::plain(range.asset.as_str()),
            TableCell::plain(keys([Keys::from(range)], 1)),
            TableCell::new(DIM, count(range.count, "partition")),
        ]);
    }
    let mut text = table.lines(2, look.width);
    text.push_str(&more(report.affected.len(), "more range"));
    for file in report.files.iter().take(ROWS) {
        text.push_str("  ");
        text.push_str(file);
        text.push('\n');
    }
    text.push_str(&more(report.files.len(), "more file"));
    text
}

fn more(total: usize, noun: &str) -> String {
    match total.saturating_sub(ROWS) {
        0 => String::new(),
        more => format!("  and {}\n", count(more as u64, noun)),
    }
}

fn summary(verb: &str, report: &AffectedReport, look: &Look) -> String {
    let partitions: u64 = report
        .affected
        .iter()
        .map(|range| u64::from(range.count))
        .sum();
    let files = match report.files.len() {
        0 => String::new(),
        files => format!(
            ", {} ({})",
            count(files as u64, "file"),
            bytes(report.bytes)
        ),
    };
    let hint = if report.dry_run && look.hints {
        format!(
            "{}
",
            styled(DIM, "Nothing was changed.")
        )
    } else {
        String::new()
    };
    format!("{verb} {}{files}.\n{hint}", count(partitions, "record"))
}

#[cfg(test)]
mod tests {
    use super::{accepted, wiped};
    use crate::answer::AffectedReport;
    use crate::cli::fixtures::{look, plain, range};

    #[test]
    fn done_and_only_said() {
        let mut report = AffectedReport {
            affected: vec![
                range("clean", "2013-01-01", "2013-12-31", 1365),
                range("year", "", "", 1),
            ],
            files: (0..22).map(|it| format!("build/{it:02}.csv")).collect(),
            bytes: 120_431,
            dry_run: true,
        };
        insta::assert_snapshot!(plain(&wiped(&report, &look())), @r"
          clean  2013-01-01...2013-12-31  1,365 partitions
          year                            1 partition
          build/00.csv
          build/01.csv
          build/02.csv
          build/03.csv
          build/04.csv
          build/05.csv
          build/06.csv
          build/07.csv
          build/08.csv
          build/09.csv
          build/10.csv
          build/11.csv
          build/12.csv
          build/13.csv
          build/14.csv
          build/15.csv
          build/16.csv
          build/17.csv
          build/18.csv
          build/19.csv
          and 2 more files
        Would forget and remove 1,366 records, 22 files (120 kB).
        Nothing was changed.
        ");
        report.files.clear();
        report.dry_run = false;
        insta::assert_snapshot!(plain(&accepted(&report, &look())), @r"
          clean  2013-01-01...2013-12-31  1,365 partitions
          year                            1 partition
        Accepted 1,366 records.
        ");
        report.affected.clear();
        assert_eq!(wiped(&report, &look()), "There is nothing to forget.\n");
    }
}
