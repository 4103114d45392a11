//! Commands that print manifests into files of the project.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::asset::{Asset, SourcePath};
use crate::model::name::Location;

/// A command that prints a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    /// The file that it prints, relative to the project root.
    pub to: String,
    /// How it is made, as of an asset that nothing declares.
    pub asset: Box<Asset>,
    /// Files that it reads, besides its code.
    pub inputs: Vec<GeneratorInput>,
}

/// Files that the command of a manifest reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorInput {
    /// A path, or a glob.
    pub path: SourcePath,
    /// Where it is declared.
    pub location: Location,
}

/// A manifest whose file has another text than its command would print.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # include = [{ command = "echo '[asset.a]'; echo 'command = \"date > {{{{output}}}}\"'", to = "more.toml" }]
/// # "#)?;
/// use assetctl::{CheckRequest, Project, check};
///
/// let project = Project::load(folder.path())?;
/// let report = check(&project, CheckRequest::new())?;
/// assert!(!report.is_fresh());
/// assert_eq!(report.stale_manifests[0].path, "more.toml");
/// assert_eq!(report.stale_manifests[0].reason.to_string(), "it is missing");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StaleManifest {
    /// The file, relative to the project root.
    pub path: String,
    /// Why.
    pub reason: StaleReason,
}

/// Why the text of a generated manifest does not count.
///
/// ```
/// assert_eq!(assetctl::StaleReason::Altered.to_string(), "it was edited by hand");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleReason {
    /// There is no such file.
    Missing,
    /// The lock file does not know it.
    Unrecorded,
    /// Somebody has edited it.
    Altered,
    /// Its command, code or inputs have changed.
    Outdated,
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is missing",
            Self::Unrecorded => "Assets.lock does not know it",
            Self::Altered => "it was edited by hand",
            Self::Outdated => "its command, code or inputs have changed",
        })
    }
}
