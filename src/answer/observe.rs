//! What `observe` answers.

use serde::{Serialize, Serializer};

use crate::model::{AssetKey, DataVersion, PartitionKey};

/// The versions of sources, as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObserveReport {
    /// In order of declaration, then of keys.
    pub observations: Vec<ObservedSource>,
}

/// One source partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObservedSource {
    /// The source.
    pub source: AssetKey,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// Its version; `None` if nothing is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersion>,
    /// Against the last observation.
    #[serde(rename = "changed")]
    pub change: ObservedChange,
}

/// How an observation compares with the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservedChange {
    /// The version is another, or there is none any more.
    Changed,
    /// There was no observation before.
    First,
    /// The version is the same.
    Same,
}

/// Whether the version is another.
impl Serialize for ObservedChange {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_bool(*self == Self::Changed)
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::{Document, ObserveReport, ObservedChange, ObservedSource};
    use crate::model::AssetKey;

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
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            r#"{"schema":1,"observations":[{"source":"./raw.csv","partition":null,"changed":true}]}"#
        );
    }
}
