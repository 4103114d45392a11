//! `validate --json`.

use serde::Serialize;

use crate::model::{Problem, ValidateReport};
use crate::wire::{ErrorShape, SCHEMA, flattened};

/// `{"schema":1,"assets":…,"sources":…,"errors":[…],"warnings":[…]}`
#[derive(Debug, Serialize)]
pub struct ValidateDocument {
    schema: u32,
    assets: u32,
    sources: u32,
    errors: Vec<ErrorShape>,
    warnings: Vec<ErrorShape>,
}

impl From<&ValidateReport> for ValidateDocument {
    fn from(report: &ValidateReport) -> Self {
        let shapes = |problems: &[Problem]| {
            problems
                .iter()
                .flat_map(|problem| flattened(&**problem))
                .collect()
        };
        Self {
            schema: SCHEMA,
            assets: report.assets,
            sources: report.sources,
            errors: shapes(&report.errors),
            warnings: shapes(&report.warnings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ValidateDocument;
    use crate::model::ValidateReport;

    #[test]
    fn warnings_are_no_errors() {
        let report = ValidateReport {
            assets: 5,
            sources: 4,
            errors: vec![],
            warnings: vec![Box::new(miette::diagnostic!(
                code = "assetctl::app::unused_input",
                "`flights` is never named"
            ))],
        };
        assert_eq!(
            serde_json::to_string(&ValidateDocument::from(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":5,"sources":4,"errors":[],"#,
                r#""warnings":[{"code":"assetctl::app::unused_input","message":"`flights` is never named","labels":[]}]}"#,
            )
        );
    }
}
