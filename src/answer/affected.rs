//! What `accept`, `wipe` and `affected` answer: asset partitions that something touches; and `observe`.

use serde::{Serialize, Serializer};

use crate::answer::KeyRange;
use crate::model::{AssetKey, DataVersion, PartitionKey};

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

/// What changes can touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImpactReport {
    /// Assets, in order of declaration.
    pub assets: Vec<AffectedRange>,
    /// Sources whose data or declaration changed, in order of declaration.
    pub sources: Vec<KeyRange>,
}

/// Neighbouring partitions of an asset that changes can touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AffectedRange {
    /// Which.
    #[serde(flatten)]
    pub range: KeyRange,
    /// Whether the declaration, the code, an output or a source of at least one of them changed; else all of them only read
    /// what is touched.
    pub direct: bool,
}

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
    use crate::answer::{
        AffectedRange, AffectedReport, Document, ImpactReport, KeyRange, ObserveReport,
        ObservedChange, ObservedSource,
    };
    use crate::model::AssetKey;
    use crate::testkit;

    #[test]
    fn a_dry_run_says_so() {
        let report = AffectedReport {
            affected: vec![KeyRange {
                asset: testkit::asset("year"),
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

    #[test]
    fn ranges_tell_whether_they_are_reached_directly() {
        let report = ImpactReport {
            assets: vec![AffectedRange {
                range: KeyRange {
                    asset: testkit::asset("year"),
                    first: None,
                    last: None,
                    count: 1,
                },
                direct: false,
            }],
            sources: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            r#"{"schema":1,"assets":[{"asset":"year","first":null,"last":null,"count":1,"direct":false}],"sources":[]}"#
        );
    }

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
