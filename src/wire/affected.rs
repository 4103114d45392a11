//! `accept --json` and `wipe --json`.

use serde::Serialize;

use crate::model::{AffectedReport, Effect};
use crate::wire::{RangeShape, SCHEMA};

/// `{"schema":1,"affected":[…],"files":[…],"bytes":…,"dry_run":false}`
#[derive(Debug, Serialize)]
pub struct AffectedDocument<'a> {
    schema: u32,
    affected: Vec<RangeShape<'a>>,
    files: &'a [String],
    bytes: u64,
    dry_run: bool,
}

impl<'a> From<&'a AffectedReport> for AffectedDocument<'a> {
    fn from(report: &'a AffectedReport) -> Self {
        Self {
            schema: SCHEMA,
            affected: RangeShape::all(&report.affected),
            files: &report.files,
            bytes: report.bytes,
            dry_run: report.effect == Effect::DryRun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AffectedDocument;
    use crate::model::{AffectedReport, AssetKey, Effect, KeyRange};

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
            effect: Effect::DryRun,
        };
        assert_eq!(
            serde_json::to_string(&AffectedDocument::from(&report)).expect("JSON"),
            r#"{"schema":1,"affected":[{"asset":"year","first":null,"last":null,"count":1}],"files":["build/year.md"],"bytes":7,"dry_run":true}"#
        );
    }
}
