//! Where assets are declared, as a report names it.

use crate::model::{AssetGraph, AssetId, ManifestLine};

/// Where an asset is declared.
pub(super) fn place_of(graph: &AssetGraph, id: AssetId) -> ManifestLine {
    let location = graph.get(id).location();
    ManifestLine {
        file: graph.files()[usize::from(location.file.0)].clone(),
        line: location.line,
    }
}
