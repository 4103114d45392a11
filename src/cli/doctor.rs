//! `doctor`: what the surroundings of a project are, and what would not work there.

use crate::answer::{DoctorReport, Health};
use crate::app;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::Session;
use crate::cli::text::{BAD, DIM, GOOD, Table, TableCell, WARN};

/// Looks at the surroundings, and fails where something would not work.
pub fn run(session: &Session) -> Result<VerbExit, VerbError> {
    let report = app::doctor(&session.surroundings()?);
    session.answer(&report, || text(&report))?;
    Ok(VerbExit::yes_if(report.health() < Health::Error))
}

/// A line for each finding, with the help below it; neither is cut.
fn text(report: &DoctorReport) -> String {
    let mut table = Table::default();
    for finding in &report.findings {
        let health = match finding.health {
            Health::Good => TableCell::new(GOOD, "ok"),
            Health::Warning => TableCell::new(WARN, "warning"),
            Health::Error => TableCell::new(BAD, "error"),
        };
        table.row([
            health,
            TableCell::plain(finding.subject),
            TableCell::plain(&*finding.message),
        ]);
        if let Some(help) = &finding.help {
            let help = TableCell::new(DIM, format!("help: {help}"));
            table.row([TableCell::default(), TableCell::default(), help]);
        }
    }
    table.lines(0, None)
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::answer::{DoctorReport, Finding, Health};
    use crate::cli::fixtures::plain;

    #[test]
    fn a_help_is_below_its_finding() {
        let finding = |subject, health, help: Option<&str>| Finding {
            subject,
            health,
            message: "so it is".to_owned(),
            help: help.map(str::to_owned),
        };
        let report = DoctorReport {
            findings: vec![
                finding("git", Health::Warning, Some("install it")),
                finding("limits", Health::Good, None),
            ],
        };
        let expected = "\
warning  git     so it is
                 help: install it
ok       limits  so it is
";
        assert_eq!(plain(&text(&report)), expected);
    }
}
