//! `observe --json`.

use serde::Serialize;

use crate::model::{DataVersion, ObserveReport, ObservedChange, ObservedSource, PartitionKey};
use crate::wire::{SCHEMA, Text};

/// `{"schema":1,"observations":[{"source":…,"partition":…,"data_version":…,"changed":true}]}`
#[derive(Debug, Serialize)]
pub struct ObserveDocument<'a> {
    schema: u32,
    observations: Vec<ObservationShape<'a>>,
}

#[derive(Debug, Serialize)]
struct ObservationShape<'a> {
    source: &'a str,
    partition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_version: Option<Text<DataVersion>>,
    changed: bool,
}

impl<'a> From<&'a ObserveReport> for ObserveDocument<'a> {
    fn from(report: &'a ObserveReport) -> Self {
        Self {
            schema: SCHEMA,
            observations: report
                .observations
                .iter()
                .map(ObservationShape::from)
                .collect(),
        }
    }
}

impl<'a> From<&'a ObservedSource> for ObservationShape<'a> {
    fn from(observed: &'a ObservedSource) -> Self {
        Self {
            source: observed.source.as_str(),
            partition: observed.partition.as_ref().map(PartitionKey::as_str),
            data_version: observed.data_version.map(Text),
            changed: observed.change == ObservedChange::Changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ObserveDocument;
    use crate::model::{AssetKey, ObserveReport, ObservedChange, ObservedSource};

    #[test]
    fn an_absent_source_has_no_version() {
        let report = ObserveReport {
            observations: vec![ObservedSource {
                source: AssetKey::of_path("./raw.csv"),
                partition: None,
                data_version: None,
                change: ObservedChange::Changed,
            }],
        };
        assert_eq!(
            serde_json::to_string(&ObserveDocument::from(&report)).expect("JSON"),
            r#"{"schema":1,"observations":[{"source":"./raw.csv","partition":null,"changed":true}]}"#
        );
    }
}
