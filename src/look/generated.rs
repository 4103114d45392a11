//! Manifests that commands print: whether the text in the file is the one of today's command, code and inputs.

use crate::digest::{Folding, Kind, Sink};
use crate::hash::HashError;
use crate::look::code::observe_code_of;
use crate::look::error::{EngineError, Problems};
use crate::look::manifest_text::Spot;
use crate::look::workspace::Workspace;
use crate::model::{
    Counted, DataVersion, Fingerprint, Generator, LockedManifest, PartitionKeys, PartitionRef,
    RULE, SourcePath, StaleManifest, StaleReason, exceptions,
};

/// All that the text of a manifest depends on.
///
/// # Errors
///
/// Code and inputs that are missing or cannot be read.
pub fn manifest_fingerprint(
    workspace: &Workspace<'_>,
    generator: &Generator,
) -> Result<Fingerprint, Problems> {
    let (_, code) = observe_code_of(workspace, &generator.asset)?;
    let mut folding = Folding::new();
    folding.number("rule", RULE.into());
    folding.text("manifest", &generator.to);
    folding.digest("code", code.0);
    let hashed = |found: Result<Option<DataVersion>, HashError>| {
        found.map_err(|error| Problems::from(EngineError::Hash(error)))
    };
    let partition = PartitionRef {
        keys: &PartitionKeys::Unpartitioned,
        index: 0,
    };
    for input in &generator.inputs {
        let path = input.path.template().path(partition).into_owned();
        let version = match &input.path {
            SourcePath::Exact(_) => {
                let found = workspace.versions.of_input(&path, Counted::All);
                hashed(found.map(|found| found.version()))?
            }
            SourcePath::Glob(_, except) => {
                let except = exceptions(except, partition);
                let found = workspace.versions.of_glob(&path, &except, Counted::All);
                hashed(found.map(|glob| (!glob.paths.is_empty()).then_some(glob.version)))?
            }
        };
        let Some(version) = version else {
            let spot = Spot::read(workspace, input.location);
            return Err(EngineError::missing_input(&path, spot).into());
        };
        folding.text("input", &path);
        folding.digest("version", version.0);
    }
    Ok(Fingerprint(folding.finish(Kind::Fingerprint)))
}

/// The data version of the file that a command prints; `None` if there is no such file.
///
/// # Errors
///
/// If it cannot be read.
pub fn manifest_version(
    workspace: &Workspace<'_>,
    path: &str,
) -> Result<Option<DataVersion>, Problems> {
    let found = workspace.versions.of_path(path);
    let found = found.map_err(|error| Problems::from(EngineError::Hash(error)))?;
    Ok(found.version())
}

/// Whether the file of a command has another text than it would print, by the lines of a lock file.
///
/// # Errors
///
/// As [`manifest_fingerprint`] and [`manifest_version`].
pub fn stale_manifest(
    workspace: &Workspace<'_>,
    generator: &Generator,
    lines: &[LockedManifest],
) -> Result<Option<StaleManifest>, Problems> {
    let stale = |reason| {
        Ok(Some(StaleManifest {
            path: generator.to.clone(),
            reason,
        }))
    };
    let Some(version) = manifest_version(workspace, &generator.to)? else {
        return stale(StaleReason::Missing);
    };
    let mut lines = lines
        .iter()
        .filter(|line| line.path == generator.to)
        .peekable();
    if lines.peek().is_none() {
        return stale(StaleReason::Unrecorded);
    }
    let mut of_text = lines.filter(|line| line.version == version).peekable();
    if of_text.peek().is_none() {
        return stale(StaleReason::Altered);
    }
    let fingerprint = manifest_fingerprint(workspace, generator)?;
    if of_text.any(|line| line.fingerprint == fingerprint) {
        return Ok(None);
    }
    stale(StaleReason::Outdated)
}
