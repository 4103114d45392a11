//! What `validate` answers.

use serde::{Serialize, Serializer};

use crate::answer::flattened;

/// A problem with its code, help and labels.
pub type Problem = Box<dyn miette::Diagnostic + Send + Sync + 'static>;

/// What is wrong with a project, and what may be.
#[derive(Debug, Default, Serialize)]
pub struct ValidateReport {
    /// How many assets are declared.
    pub assets: u32,
    /// How many sources.
    pub sources: u32,
    /// What must change, in the order of the files.
    #[serde(serialize_with = "problems")]
    pub errors: Vec<Problem>,
    /// What may be meant otherwise.
    #[serde(serialize_with = "problems")]
    pub warnings: Vec<Problem>,
}

/// Problems as errors are written.
fn problems<S: Serializer>(problems: &[Problem], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(problems.iter().flat_map(|problem| flattened(&**problem)))
}

#[cfg(test)]
mod tests {
    use crate::answer::{Document, ValidateReport};

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
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            concat!(
                r#"{"schema":1,"assets":5,"sources":4,"errors":[],"#,
                r#""warnings":[{"code":"assetctl::app::unused_input","message":"`flights` is never named","labels":[]}]}"#,
            )
        );
    }
}
