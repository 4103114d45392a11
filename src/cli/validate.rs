//! `validate`: what is wrong with Assets.toml. The problems are diagnostics; the answer is the last line.

use clap::Args;

use crate::answer::{BoxedDiagnostic, ValidateReport};
use crate::app;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::session::{Format, Session};
use crate::cli::text::{BAD, GOOD, WARN, count, styled};
use crate::cli::{diagnostics, output};
use crate::executor::{Cancel, Executor, LocalExecutor};

/// Words of `validate`.
#[derive(Debug, Default, Args)]
pub struct ValidateArgs {
    /// Run the commands that print manifests: write what is stale, and refuse what differs each time
    #[arg(long)]
    pub generate: bool,
}

/// Checks Assets.toml without looking at data.
pub fn run(args: &ValidateArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let cancel = Cancel::new();
    let commands: (&dyn Executor, &Cancel) = (&LocalExecutor, &cancel);
    let generate = args.generate.then_some(commands);
    let (report, notices) = app::validate(&session.surroundings()?, generate)?;
    session.tell(&notices);
    if session.format == Format::Text {
        let problems = report.errors.iter().chain(&report.warnings);
        let problems = problems.map(|it: &BoxedDiagnostic| -> &dyn miette::Diagnostic { &**it });
        let text = diagnostics::report_all(problems, &session.terminal, &session.next.program);
        output::say(session.terminal.stderr, text);
    }
    session.answer(&report, || validate(&report))?;
    Ok(if report.errors.is_empty() {
        VerbExit::Yes
    } else {
        VerbExit::Input
    })
}

/// How many problems there are.
fn validate(report: &ValidateReport) -> String {
    let declared = format!(
        "{}, {}",
        count(report.assets, "asset"),
        count(report.sources, "source")
    );
    let (errors, warnings) = (report.errors.len() as u64, report.warnings.len() as u64);
    match (errors, warnings) {
        (0, 0) => format!("{}: {declared}.\n", styled(GOOD, "Valid")),
        (0, _) => format!(
            "{}: {declared}, {}.\n",
            styled(WARN, "Valid"),
            count(warnings, "warning")
        ),
        _ => format!(
            "{}: {}, {}.\n",
            styled(BAD, "Not valid"),
            count(errors, "error"),
            count(warnings, "warning")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::validate;
    use crate::answer::ValidateReport;
    use crate::cli::fixtures::plain;

    #[test]
    fn last_lines() {
        let mut report = ValidateReport {
            assets: 5,
            sources: 1,
            ..ValidateReport::default()
        };
        assert_eq!(plain(&validate(&report)), "Valid: 5 assets, 1 source.\n");
        report.warnings = vec![Box::new(miette::diagnostic!("a"))];
        assert_eq!(
            plain(&validate(&report)),
            "Valid: 5 assets, 1 source, 1 warning.\n"
        );
        report.errors = vec![Box::new(miette::diagnostic!("b"))];
        assert_eq!(
            plain(&validate(&report)),
            "Not valid: 1 error, 1 warning.\n"
        );
    }
}
