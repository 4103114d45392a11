//! `validate`: its last line. The problems themselves are diagnostics.

use crate::answer::ValidateReport;
use crate::cli::text::{BAD, GOOD, WARN, count, styled};

/// How many problems there are.
pub fn validate(report: &ValidateReport) -> String {
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
