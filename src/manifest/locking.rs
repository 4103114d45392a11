//! `lock = false`: assets without lines in the lock file.
//!
//! A line can be judged only by the lines of what its asset reads, so an asset that is left out may be read by none that
//! is not.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::Table;
use crate::manifest::error::Problem;
use crate::manifest::names::Names;
use crate::model::{AssetId, Declaration};

/// The key that leaves an asset out.
const KEY: &str = "lock";

/// Whether the asset of a table has lines.
pub(super) fn read(table: &Table<'_>, problems: &mut Problems) -> bool {
    table.boolean(KEY, problems) != Some(false)
}

/// Refuses deps of assets with lines on assets without.
pub(super) fn check(declarations: &[Declaration], names: &Names<'_>, problems: &mut Problems) {
    let is_left_out = |id: AssetId| match declarations.get(id.index()) {
        Some(Declaration::Asset(asset)) => !asset.locked,
        Some(Declaration::Source(_)) | None => false,
    };
    for declaration in declarations {
        let Declaration::Asset(asset) = declaration else {
            continue;
        };
        if !asset.locked {
            continue;
        }
        for dep in asset.deps.iter().filter(|dep| is_left_out(dep.asset)) {
            let upstream = names.get(dep.asset);
            let problem = Problem::UnlockedDep {
                asset: asset.key.to_string(),
                upstream: upstream.key.to_string(),
            };
            let mut labels = vec![Label::new(dep.location, "read here")];
            let key = upstream.table.get(KEY);
            labels.extend(key.map(|value| Label::new(value.key_location, "left out here")));
            problems.add(problem, labels);
        }
    }
}
