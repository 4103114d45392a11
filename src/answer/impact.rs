//! What `affected` answers.

use crate::answer::KeyRange;
use serde::Serialize;

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

#[cfg(test)]
mod tests {
    use crate::answer::{AffectedRange, Document, ImpactReport, KeyRange};
    use crate::model::AssetKey;

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
                direct: false,
            }],
            sources: Vec::new(),
        };
        assert_eq!(
            serde_json::to_string(&Document::new(&report)).expect("JSON"),
            r#"{"schema":1,"assets":[{"asset":"year","first":null,"last":null,"count":1,"direct":false}],"sources":[]}"#
        );
    }
}
