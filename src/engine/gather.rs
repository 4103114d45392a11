//! Gathers what is on disk about a scope: the versions of its sources, and whether outputs are what was recorded.
//!
//! All paths of a scope are looked at in one batch, so that each is stat'ed once and threads start only where they pay.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::digest::{Folding, Kind, Sink};
use crate::engine::error::{EngineError, Problems};
use crate::engine::workspace::Workspace;
use crate::hash::{Found, HashError};
use crate::model::{
    Asset, Current, CurrentColumns, DataVersion, DataVersionRule, MaterializedRef, OutputChange,
    OutputKind, PartitionRef, Place, Required, SourceAsset, SourcePath,
};
use crate::plan::{Cell, Known, Scope};

/// What was found at the sources of a scope.
#[derive(Debug, Default)]
pub struct FoundSources {
    /// The paths that a source with globs stands for, relative to the project root, in order.
    pub globbed: HashMap<Cell, Vec<String>>,
    /// The text of a scalar value.
    pub values: HashMap<Cell, String>,
    /// What was looked for and not found.
    pub missing: HashMap<Cell, MissingSource>,
}

/// A source that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingSource {
    /// Nothing is at these paths.
    Paths(Vec<String>),
    /// The file does not hold the key.
    Key {
        /// The file.
        path: String,
        /// The key.
        key: String,
    },
    /// It was never observed.
    Unobserved,
    /// Its `observe` command gave no version.
    ObserveFailed(String),
}

/// The versions of a scope's sources, by [`Scope`]'s numbering of versions, and what was found besides.
///
/// Sources that a command observes stay unknown here.
///
/// # Errors
///
/// All files that cannot be hashed.
pub fn find_sources(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
) -> Result<(Vec<Known>, FoundSources), Problems> {
    let mut finder = SourceFinder {
        workspace,
        versions: vec![Known::Unknown; scope.versions() as usize],
        found: FoundSources::default(),
        problems: Problems::default(),
    };
    let mut batch: Vec<(Cow<'_, str>, Cell, &SourceAsset)> = Vec::new();
    for row in scope.rows() {
        let Some(source) = workspace.graph.source(row.asset) else {
            continue;
        };
        let keys = scope.keys(row.asset);
        for (cell, index) in row.cells().zip(row.set.iter()) {
            let partition = PartitionRef { keys, index };
            match &source.place {
                Place::Paths(paths) => match paths.as_slice() {
                    [SourcePath::Exact(path)] => batch.push((path.path(partition), cell, source)),
                    paths => {
                        let known = finder.several(cell, source, paths, partition);
                        finder.versions[row.versions_of(cell)].fill(known);
                    }
                },
                Place::Value { path, key } => {
                    let known =
                        finder.value(cell, source, &path.path(partition), &key.text(partition));
                    finder.versions[row.versions_of(cell)].fill(known);
                }
                Place::Observed { .. } => {}
            }
        }
    }
    let paths: Vec<&str> = batch.iter().map(|(path, ..)| path.as_ref()).collect();
    let found = workspace.versions.of_many(&paths);
    for ((path, cell, source), found) in batch.iter().zip(found) {
        let known = finder.exact(*cell, source, path, found);
        let row = scope.row_of_cell(*cell);
        finder.versions[row.versions_of(*cell)].fill(known);
    }
    let SourceFinder {
        versions,
        found,
        problems,
        ..
    } = finder;
    problems.into_result((versions, found))
}

struct SourceFinder<'a> {
    workspace: &'a Workspace<'a>,
    versions: Vec<Known>,
    found: FoundSources,
    problems: Problems,
}

impl SourceFinder<'_> {
    fn exact(
        &mut self,
        cell: Cell,
        source: &SourceAsset,
        path: &str,
        found: Result<Found, HashError>,
    ) -> Known {
        match found {
            Ok(found) => match found.version() {
                Some(version) => Known::Version(version),
                None => self.absent(cell, source, || MissingSource::Paths(vec![path.to_owned()])),
            },
            Err(error) => self.unreadable(error),
        }
    }

    /// Several paths, or globs: their versions in declared order, absent optional ones included.
    fn several(
        &mut self,
        cell: Cell,
        source: &SourceAsset,
        paths: &[SourcePath],
        partition: PartitionRef<'_>,
    ) -> Known {
        let mut folding = Folding::new();
        let (mut globbed, mut looked_for) = (Vec::new(), Vec::new());
        let mut last = None;
        for path in paths {
            let found = match path {
                SourcePath::Exact(path) => {
                    let path = path.path(partition).into_owned();
                    self.workspace.versions.of_path(&path).map(|found| {
                        let version = found.version();
                        if version.is_some() {
                            globbed.push(path.clone());
                        }
                        (version, path)
                    })
                }
                SourcePath::Glob(pattern) => {
                    let pattern = pattern.path(partition).into_owned();
                    self.workspace.versions.of_glob(&pattern).map(|mut glob| {
                        let version = (!glob.paths.is_empty()).then_some(glob.version);
                        globbed.append(&mut glob.paths);
                        (version, pattern)
                    })
                }
            };
            match found {
                Ok((Some(version), _)) => {
                    folding.digest("path", version.0);
                    last = Some(version);
                }
                Ok((None, path)) => {
                    folding.digest("path", absent_version().0);
                    looked_for.push(path);
                }
                Err(error) => return self.unreadable(error),
            }
        }
        let nothing = looked_for.len() == paths.len();
        self.found.globbed.insert(cell, globbed);
        if nothing || (!looked_for.is_empty() && source.required == Required::Yes) {
            return self.absent(cell, source, || MissingSource::Paths(looked_for));
        }
        match (paths.len(), last) {
            (1, Some(version)) => Known::Version(version),
            _ => Known::Version(DataVersion(folding.finish(Kind::Several))),
        }
    }

    fn value(&mut self, cell: Cell, source: &SourceAsset, path: &str, key: &str) -> Known {
        match self.workspace.versions.of_value(path, key) {
            Ok(Some(found)) => {
                if let Some(scalar) = found.scalar {
                    self.found.values.insert(cell, scalar);
                }
                Known::Version(found.version)
            }
            Ok(None) => {
                let exists = self.workspace.resolve(path).exists();
                self.absent(cell, source, || {
                    if exists {
                        MissingSource::Key {
                            path: path.to_owned(),
                            key: key.to_owned(),
                        }
                    } else {
                        MissingSource::Paths(vec![path.to_owned()])
                    }
                })
            }
            Err(error) => self.unreadable(error),
        }
    }

    fn absent(
        &mut self,
        cell: Cell,
        source: &SourceAsset,
        missing: impl FnOnce() -> MissingSource,
    ) -> Known {
        match source.required {
            Required::No => Known::Version(absent_version()),
            Required::Yes => {
                self.found.missing.insert(cell, missing());
                Known::Absent
            }
        }
    }

    fn unreadable(&mut self, error: HashError) -> Known {
        self.problems.push(EngineError::Hash(error));
        Known::Absent
    }
}

/// The version of an optional source that is absent.
#[must_use]
pub fn absent_version() -> DataVersion {
    DataVersion(Kind::Absent.digest(b""))
}

/// Outputs that are not what was recorded, for all cells of a scope.
///
/// # Errors
///
/// All files that cannot be hashed.
pub fn find_changed_outputs(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    recorded: &CurrentColumns,
) -> Result<HashMap<Cell, Vec<(usize, OutputChange)>>, Problems> {
    let mut expected: Vec<Expected<'_>> = Vec::new();
    for row in scope.rows() {
        let Some(asset) = workspace.graph.asset(row.asset) else {
            continue;
        };
        let keys = scope.keys(row.asset);
        for (cell, index) in row.cells().zip(row.set.iter()) {
            if let Some(last) = recorded.materialized(cell.index()) {
                let partition = PartitionRef { keys, index };
                expect(&mut expected, asset, cell, partition, last);
            }
        }
    }
    compare_outputs(workspace, &expected)
}

/// Outputs of one cell that are not what was recorded.
pub fn changed_outputs_of(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    cell: Cell,
    recorded: Option<&Current>,
) -> Result<Vec<(usize, OutputChange)>, Problems> {
    let (id, partition) = scope.at(cell);
    let mut expected = Vec::new();
    let last = recorded.and_then(|current| current.materialized.as_ref());
    if let (Some(asset), Some(last)) = (workspace.graph.asset(id), last) {
        expect(&mut expected, asset, cell, partition, last.into());
    }
    let mut changed = compare_outputs(workspace, &expected)?;
    Ok(changed.remove(&cell).unwrap_or_default())
}

/// An output and what was recorded of it.
struct Expected<'a> {
    cell: Cell,
    output: usize,
    path: Cow<'a, str>,
    kind: OutputKind,
    version: DataVersion,
    rule: DataVersionRule,
}

fn expect<'a>(
    expected: &mut Vec<Expected<'a>>,
    asset: &'a Asset,
    cell: Cell,
    partition: PartitionRef<'_>,
    last: MaterializedRef<'_>,
) {
    for (index, (output, version)) in asset.outputs.iter().zip(last.outputs).enumerate() {
        expected.push(Expected {
            cell,
            output: index,
            path: output.path.path(partition),
            kind: output.kind,
            version: *version,
            rule: asset.data_version,
        });
    }
}

fn compare_outputs(
    workspace: &Workspace<'_>,
    expected: &[Expected<'_>],
) -> Result<HashMap<Cell, Vec<(usize, OutputChange)>>, Problems> {
    let (by_content, by_kind): (Vec<_>, Vec<_>) = expected
        .iter()
        .partition(|output| output.rule == DataVersionRule::Content);
    let paths: Vec<&str> = by_content
        .iter()
        .map(|output| output.path.as_ref())
        .collect();
    let found = workspace.versions.of_many(&paths);
    let mut changed: HashMap<Cell, Vec<(usize, OutputChange)>> = HashMap::new();
    let mut problems = Problems::default();
    for (output, found) in by_content.into_iter().zip(found) {
        match found {
            Ok(found) => {
                if let Some(change) = content_change(output, found) {
                    changed
                        .entry(output.cell)
                        .or_default()
                        .push((output.output, change));
                }
            }
            Err(error) => problems.push(error.into()),
        }
    }
    for output in by_kind {
        if let Some(change) = kind_change(workspace, output) {
            changed
                .entry(output.cell)
                .or_default()
                .push((output.output, change));
        }
    }
    problems.into_result(changed)
}

fn content_change(output: &Expected<'_>, found: Found) -> Option<OutputChange> {
    let (kind, new) = match found {
        Found::Absent => return Some(OutputChange::Missing),
        Found::File { version, .. } => (OutputKind::File, version),
        Found::Directory { version, .. } => (OutputKind::Directory, version),
    };
    if kind != output.kind {
        return Some(OutputChange::Kind { found: kind });
    }
    (new != output.version).then_some(OutputChange::Altered {
        old: output.version,
        new,
    })
}

fn kind_change(workspace: &Workspace<'_>, output: &Expected<'_>) -> Option<OutputChange> {
    let Ok(metadata) = workspace.resolve(&output.path).metadata() else {
        return Some(OutputChange::Missing);
    };
    let found = if metadata.is_dir() {
        OutputKind::Directory
    } else {
        OutputKind::File
    };
    (found != output.kind).then_some(OutputChange::Kind { found })
}
