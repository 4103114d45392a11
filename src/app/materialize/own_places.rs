//! What a test with other sources reads from its own place all the same.

use std::fmt;

use crate::model::{AssetId, AssetKey, PathTemplate, Place};
use crate::plan::Scope;

/// How many names are told.
const TOLD: usize = 3;

/// Sources that `--test-sources` leaves where they are, because `[project.test]` does not name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPlaces(Vec<AssetKey>);

impl OwnPlaces {
    /// The sources with a path in a scope that are not among those that are moved; `None` if there are none.
    pub(super) fn of(scope: &Scope<'_>, moved: &[(AssetId, PathTemplate)]) -> Option<Self> {
        let own = scope.source_rows().filter(|(row, source)| {
            let has_path = !matches!(source.place, Place::Observed { .. });
            has_path && !moved.iter().any(|(id, _)| *id == row.asset)
        });
        let own: Vec<AssetKey> = own.map(|(_, source)| source.key.clone()).collect();
        (!own.is_empty()).then_some(Self(own))
    }
}

impl fmt::Display for OwnPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().take(TOLD).map(AssetKey::as_str).collect();
        let names = names.join(", ");
        let more = self.0.len().saturating_sub(TOLD);
        match more {
            0 => write!(f, "read from their own places: {names}")?,
            more => write!(f, "read from their own places: {names} and {more} more")?,
        }
        f.write_str("; `sources` of `[project.test]` does not name them")
    }
}
