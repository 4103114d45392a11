//! What `accept` and `wipe` answer.

use crate::answer::KeyRange;
use serde::Serialize;

/// What was changed, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AffectedReport {
    /// The asset partitions whose records changed.
    pub affected: Vec<KeyRange>,
    /// The files that were accepted or removed, relative to the project root, sorted.
    pub files: Vec<String>,
    /// Their size.
    pub bytes: u64,
    /// Whether it only would be.
    pub dry_run: bool,
}

#[cfg(test)]
mod tests {
    use crate::answer::{AffectedReport, Document, KeyRange};
    use crate::model::AssetKey;

    #[test]
    fn a_dry_run_says_so() {
        let report = AffectedReport {
            affected: vec![KeyRange {
                asset: AssetKey::parse("year").expect("a key"),
                first: None,
                last: None,
                count: 1,
            }],
            files: vec!["build/year.md".into()],
            bytes: 7,
            dry_run: true,
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            r#"{"schema":1,"affected":[{"asset":"year","first":null,"last":null,"count":1}],"files":["build/year.md"],"bytes":7,"dry_run":true}"#
        );
    }
}
