//! Where assets are declared, as a report names it.

use crate::answer::{CheckReport, ManifestLine};
use crate::app::project::Surroundings;
use crate::manifest;
use crate::model::{AssetGraph, AssetId};
use std::path::{Path, PathBuf};

/// Where an asset is declared.
pub(super) fn place_of(graph: &AssetGraph, id: AssetId) -> ManifestLine {
    let location = graph.location(id);
    ManifestLine {
        file: graph.files()[usize::from(location.file.0)].clone(),
        line: location.line,
    }
}

/// Names the places of a report relative to the repository that holds the project: that is where services look for them.
///
/// In a project that is in no repository they stay as they are.
pub fn place_in_repository(report: &mut CheckReport, surroundings: &Surroundings) {
    let Ok(root) = manifest::find(&surroundings.directory) else {
        return;
    };
    let Some(folder) = folder_in_repository(&root.0) else {
        return;
    };
    let below = |place: &mut ManifestLine| {
        place.file = folder.join(&place.file).to_string_lossy().into_owned();
    };
    for asset in &mut report.assets {
        below(&mut asset.place);
    }
    for stale in report.stale.iter_mut().chain(&mut report.pending) {
        below(&mut stale.place);
    }
    for unverifiable in &mut report.unverifiable {
        below(&mut unverifiable.place);
    }
}

/// The folder of a project within its repository: the part of the path below the nearest folder that holds a `.git`.
fn folder_in_repository(root: &Path) -> Option<PathBuf> {
    let top = root.ancestors().find(|it| it.join(".git").exists())?;
    root.strip_prefix(top).ok().map(Path::to_owned)
}
