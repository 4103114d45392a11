//! `affected --json`.

use serde::Serialize;

use crate::model::{AffectedRange, Impact, ImpactReport};
use crate::wire::{RangeShape, SCHEMA};

/// `{"schema":1,"assets":[{"asset":…,"first":…,"last":…,"count":…,"direct":true}],"sources":[RANGE,…]}`
#[derive(Debug, Serialize)]
pub struct ImpactDocument<'a> {
    schema: u32,
    assets: Vec<ImpactShape<'a>>,
    sources: Vec<RangeShape<'a>>,
}

#[derive(Debug, Serialize)]
struct ImpactShape<'a> {
    #[serde(flatten)]
    range: RangeShape<'a>,
    direct: bool,
}

impl<'a> From<&'a ImpactReport> for ImpactDocument<'a> {
    fn from(report: &'a ImpactReport) -> Self {
        let shape = |affected: &'a AffectedRange| ImpactShape {
            range: RangeShape::from(&affected.range),
            direct: affected.impact == Impact::Direct,
        };
        Self {
            schema: SCHEMA,
            assets: report.assets.iter().map(shape).collect(),
            sources: RangeShape::all(&report.sources),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ImpactDocument;
    use crate::model::{AffectedRange, AssetKey, Impact, ImpactReport, KeyRange};

    #[test]
    fn ranges_tell_whether_they_are_reached_directly() {
        let report = ImpactReport {
            assets: vec![AffectedRange {
                range: KeyRange {
                    asset: AssetKey::parse("year").expect("a key"),
                    first: None,
                    last: None,
                    count: 1,
                },
                impact: Impact::Downstream,
            }],
            sources: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&ImpactDocument::from(&report)).expect("JSON"),
            r#"{"schema":1,"assets":[{"asset":"year","first":null,"last":null,"count":1,"direct":false}],"sources":[]}"#
        );
    }
}
