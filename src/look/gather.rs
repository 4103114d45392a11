//! Gathers from disk what a scope needs: the versions of its sources, and whether outputs are as recorded.
//!
//! All paths of a scope are looked at in one go, so that each is stat'ed once and threads start only where they pay. A path
//! is made when it is looked at: the paths of a million partitions are never held together.

use std::collections::{HashMap, HashSet};

use crate::digest::{Folding, Kind, Sink};
use crate::hash::{Found, HashError};
use crate::look::error::{EngineError, Problems};
use crate::look::workspace::Workspace;
use crate::model::{
    Counted, Current, CurrentColumns, DataVersion, DataVersionRule, OutputChange, OutputKind,
    PartitionKeys, PartitionRef, PathTemplate, Place, SourceAsset, SourcePath, Watched, exceptions,
};
use crate::plan::{Cell, FoundSources, Known, MissingSource, Row, Scope};

/// The versions of a scope's sources, by [`Scope`]'s numbering of versions, and what was found besides.
///
/// Sources that a command observes stay unknown here. One that cannot be read is listed with those that are missing.
///
/// # Errors
///
/// All declarations that turn out to be wrong: globs, and files of values in no known format.
pub fn find_sources(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
) -> Result<(Vec<Known>, FoundSources), Problems> {
    let mut finder = SourceFinder::new(workspace);
    finder.versions = vec![Known::Unknown; scope.versions() as usize];
    let mut exact = Vec::new();
    for (number, row) in scope.rows().iter().enumerate() {
        let Some(source) = workspace.graph.source(row.asset) else {
            continue;
        };
        if exact_path(source).is_some() {
            exact.extend(row.cells().map(|cell| (number as u32, cell)));
            continue;
        }
        let keys = scope.keys(row.asset);
        for (cell, index) in row.cells().zip(row.set.iter()) {
            let known = finder.source(cell, source, PartitionRef { keys, index });
            finder.versions[row.versions_of(cell)].fill(known);
        }
    }
    let counted_of = |(number, _): &(u32, Cell)| {
        let source = scope.graph().source(scope.rows()[*number as usize].asset);
        source.map_or(Counted::Files, |it| Counted::read(it.leaves_out_gitignored))
    };
    let (all, some): (Vec<_>, Vec<_>) = exact
        .into_iter()
        .partition(|it| counted_of(it) == Counted::Files);
    finder.exact_paths(scope, &all, Counted::Files);
    finder.exact_paths(scope, &some, Counted::NotIgnored);
    finder.unfit_keys(scope);
    let found = (finder.versions, finder.found);
    finder.problems.into_result(found)
}

/// The paths that a source with paths stands for now, with the version of all of them; `None` where it has none.
pub(super) fn paths_of_source(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    cell: Cell,
) -> Option<(DataVersion, Vec<String>)> {
    let (id, partition) = scope.at(cell);
    let source = workspace.graph.source(id)?;
    if let Some(path) = exact_path(source) {
        let path = path.path(partition).into_owned();
        let found = workspace
            .versions
            .of_input(&path, Counted::read(source.leaves_out_gitignored));
        let version = found.ok()?.version()?;
        return Some((version, vec![path]));
    }
    let Place::Paths(paths) = &source.place else {
        return None;
    };
    let mut finder = SourceFinder::new(workspace);
    let version = finder.several(cell, source, paths, partition).version()?;
    Some((version, finder.found.globbed.remove(&cell)?))
}

/// What can be looked at of a source's partition: nothing of what a command observes.
pub fn watched(source: &SourceAsset, partition: PartitionRef<'_>) -> Vec<Watched> {
    let counted = Counted::read(source.leaves_out_gitignored);
    match &source.place {
        Place::Paths(paths) => {
            let watched = paths.iter().map(|path| match path {
                SourcePath::Exact(path) => {
                    Watched::Path(path.path(partition).into_owned(), counted)
                }
                SourcePath::Glob(path, except) => Watched::Glob {
                    pattern: path.path(partition).into_owned(),
                    except: exceptions(except, partition),
                    counted,
                },
            });
            watched.collect()
        }
        Place::Value { path, .. } => {
            vec![Watched::Path(path.path(partition).into_owned(), counted)]
        }
        Place::Observed { .. } => Vec::new(),
    }
}

/// What is known of one source cell now; unknown where a command observes it.
///
/// # Errors
///
/// If a file cannot be hashed.
pub fn find_source(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    cell: Cell,
) -> Result<Known, Problems> {
    let mut finder = SourceFinder::new(workspace);
    let (id, partition) = scope.at(cell);
    let Some(source) = scope.graph().source(id) else {
        return Ok(Known::Unknown);
    };
    let known = finder.source(cell, source, partition);
    finder.problems.into_result(known)
}

struct SourceFinder<'a> {
    workspace: &'a Workspace<'a>,
    versions: Vec<Known>,
    found: FoundSources,
    problems: Problems,
}

/// The path of a source that is just one.
fn exact_path(source: &SourceAsset) -> Option<&PathTemplate> {
    match &source.place {
        Place::Paths(paths) => match paths.as_slice() {
            [SourcePath::Exact(path)] => Some(path),
            _ => None,
        },
        Place::Value { .. } | Place::Observed { .. } => None,
    }
}

impl<'a> SourceFinder<'a> {
    fn new(workspace: &'a Workspace<'a>) -> Self {
        Self {
            workspace,
            versions: Vec::new(),
            found: FoundSources::default(),
            problems: Problems::default(),
        }
    }

    /// What is known of a partition of a source; unknown where a command observes it.
    fn source(&mut self, cell: Cell, source: &SourceAsset, partition: PartitionRef<'_>) -> Known {
        match &source.place {
            Place::Paths(paths) => match paths.as_slice() {
                [SourcePath::Exact(path)] => {
                    let path = path.path(partition).into_owned();
                    let counted = Counted::read(source.leaves_out_gitignored);
                    let found = self.workspace.versions.of_input(&path, counted);
                    self.exact(cell, source, found, || path)
                }
                paths => self.several(cell, source, paths, partition),
            },
            Place::Value { path, key } => {
                self.value(cell, source, &path.path(partition), &key.text(partition))
            }
            Place::Observed { .. } => Known::Unknown,
        }
    }

    /// The cells of sources that are one path each, with the numbers of their rows.
    fn exact_paths(&mut self, scope: &Scope<'_>, cells: &[(u32, Cell)], counted: Counted) {
        let (graph, versions) = (self.workspace.graph, self.workspace.versions);
        let row_of = |number: u32| &scope.rows()[number as usize];
        let source_of = |row: &Row| graph.source(row.asset).expect("the row is a source's");
        let path = |at: usize, text: &mut String| {
            let (number, cell) = cells[at];
            let row = row_of(number);
            let path = exact_path(source_of(row)).expect("the source is one path");
            path.write_path(partition_of(scope, row, cell), text);
        };
        versions.of_each(cells.len(), counted, path, |at, found| {
            let (number, cell) = cells[at];
            let row = row_of(number);
            let known = self.exact(cell, source_of(row), found, || {
                let mut text = String::new();
                path(at, &mut text);
                text
            });
            self.versions[row.versions_of(cell)].fill(known);
        });
    }

    /// Keys that cannot be a part of a path that somebody else has named.
    fn unfit_keys(&mut self, scope: &Scope<'_>) {
        for (row, source) in scope.source_rows() {
            if !may_be_unfit(scope.keys(row.asset)) {
                continue;
            }
            for cell in row.cells() {
                let partition = partition_of(scope, row, cell);
                let unfit = match &source.place {
                    Place::Paths(paths) => {
                        let mut templates = paths.iter().map(SourcePath::template);
                        templates.find_map(|path| path.unfit_value(partition))
                    }
                    Place::Value { path, .. } => path.unfit_value(partition),
                    Place::Observed { .. } => None,
                };
                if let Some(value) = unfit {
                    let why = format!(
                        "`{value}` cannot be a part of its path: a key that is read has no `/` in it, and is not `.` or `..`"
                    );
                    let why = MissingSource::Unreadable(why);
                    self.found.missing.insert(cell, why);
                    self.versions[row.versions_of(cell)].fill(Known::Unreadable);
                }
            }
        }
    }

    fn exact(
        &mut self,
        cell: Cell,
        source: &SourceAsset,
        found: Result<Found, HashError>,
        path: impl FnOnce() -> String,
    ) -> Known {
        match found {
            Ok(found) => match found.version() {
                Some(version) => Known::Version(version),
                None => self.absent(cell, source, || MissingSource::Paths(vec![path()])),
            },
            Err(error) => self.unreadable(cell, error),
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
        let counted = Counted::read(source.leaves_out_gitignored);
        let mut folding = Folding::new();
        let (mut globbed, mut looked_for) = (Vec::new(), Vec::new());
        let mut last = None;
        for path in paths {
            let found = match path {
                SourcePath::Exact(path) => {
                    let path = path.path(partition).into_owned();
                    self.workspace
                        .versions
                        .of_input(&path, counted)
                        .map(|found| {
                            let version = found.version();
                            if version.is_some() {
                                globbed.push(path.clone());
                            }
                            (version, path)
                        })
                }
                SourcePath::Glob(pattern, except) => {
                    let pattern = pattern.path(partition).into_owned();
                    let except = exceptions(except, partition);
                    let versions = self.workspace.versions;
                    let found = versions.of_glob(&pattern, &except, counted);
                    found.map(|mut glob| {
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
                    folding.digest("path", DataVersion::absent().0);
                    looked_for.push(path);
                }
                Err(error) => return self.unreadable(cell, error),
            }
        }
        let nothing = looked_for.len() == paths.len();
        let mut given = HashSet::new();
        globbed.retain(|path| given.insert(path.clone()));
        self.found.globbed.insert(cell, globbed);
        if nothing || (!looked_for.is_empty() && !source.optional) {
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
                self.found.values.insert(cell, found.text);
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
            Err(error) => self.unreadable(cell, error),
        }
    }

    fn absent(
        &mut self,
        cell: Cell,
        source: &SourceAsset,
        missing: impl FnOnce() -> MissingSource,
    ) -> Known {
        if source.optional {
            return Known::Version(DataVersion::absent());
        }
        self.found.missing.insert(cell, missing());
        Known::Absent
    }

    /// A source that cannot be read blocks what reads it, be it optional; a declaration that is wrong is a problem.
    fn unreadable(&mut self, cell: Cell, error: HashError) -> Known {
        if error.is_of_declaration() {
            self.problems.push(EngineError::Hash(error));
            return Known::Absent;
        }
        let why = MissingSource::Unreadable(error.to_string());
        self.found.missing.insert(cell, why);
        Known::Unreadable
    }
}

/// Whether a key can hold what is not a part of a name. Windows are printed alike, so that one tells for all.
fn may_be_unfit(keys: &PartitionKeys) -> bool {
    match keys {
        PartitionKeys::Unpartitioned => false,
        PartitionKeys::Named(keys) => {
            let unfit = |key: &str| key.contains('/') || matches!(key, "." | "..");
            (0..keys.len()).any(|index| unfit(keys.key(index).as_str()))
        }
        PartitionKeys::Time(_) => keys.key(0).is_some_and(|key| key.as_str().contains('/')),
        PartitionKeys::Multi(multi) => {
            let mut parts = multi.dimensions().iter();
            parts.any(|dimension| may_be_unfit(&dimension.keys))
        }
    }
}

/// Outputs that are not what was recorded, by cell, with their indexes.
pub type ChangedOutputs = HashMap<Cell, Vec<(usize, OutputChange)>>;

/// Outputs that are not what was recorded, for all cells of a scope.
///
/// # Errors
///
/// All paths that turn out to be declared wrongly.
pub fn find_changed_outputs(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    recorded: &CurrentColumns,
) -> Result<ChangedOutputs, Problems> {
    find_outputs_unlike(workspace, scope, |_, cell, output| {
        let last = recorded.materialized(cell.index())?;
        last.outputs.get(output).copied()
    })
}

/// Outputs that are not what they are `expected` to be, for all cells of a scope; those of which nothing is expected are
/// not looked at.
///
/// # Errors
///
/// All paths that turn out to be declared wrongly.
///
/// # Panics
///
/// If `expected` does not answer the same when it is asked again.
pub fn find_outputs_unlike(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    expected: impl Fn(&Row, Cell, usize) -> Option<DataVersion>,
) -> Result<ChangedOutputs, Problems> {
    let mut outputs = Vec::new();
    for (number, row) in scope.rows().iter().enumerate() {
        let Some(asset) = workspace.graph.asset(row.asset) else {
            continue;
        };
        for cell in row.cells() {
            for output in 0..asset.outputs.len() {
                if expected(row, cell, output).is_some() {
                    outputs.push(Expected {
                        row: number as u32,
                        cell,
                        output: output as u32,
                    });
                }
            }
        }
    }
    compare_outputs(workspace, scope, outputs, |at| {
        let row = &scope.rows()[at.row as usize];
        expected(row, at.cell, at.output as usize).expect("it was expected before")
    })
}

/// What was found at the outputs of cells, in declared order.
pub type FoundOutputs = HashMap<Cell, Vec<Found>>;

/// What is at the outputs of some cells of assets.
///
/// # Errors
///
/// All files that cannot be hashed.
pub fn find_outputs(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    cells: &[Cell],
) -> Result<FoundOutputs, Problems> {
    let place = |cell: Cell| {
        let row = scope.row_of_cell(cell);
        let asset = workspace.graph.asset(row.asset);
        (row, asset.expect("only assets have outputs"))
    };
    let mut outputs: Vec<(Cell, usize)> = Vec::with_capacity(cells.len());
    for cell in cells.iter().copied() {
        let (_, asset) = place(cell);
        outputs.extend((0..asset.outputs.len()).map(|output| (cell, output)));
    }
    let path = |at: usize, text: &mut String| {
        let (cell, output) = outputs[at];
        let (row, asset) = place(cell);
        let template = &asset.outputs[output].path;
        template.write_path(partition_of(scope, row, cell), text);
    };
    let mut all = FoundOutputs::with_capacity(cells.len());
    let mut problems = Problems::default();
    let take = |at: usize, found: Result<Found, HashError>| match found {
        Ok(found) => all.entry(outputs[at].0).or_default().push(found),
        Err(error) => problems.push(error.into()),
    };
    workspace
        .versions
        .of_each(outputs.len(), Counted::All, path, take);
    problems.into_result(all)
}

/// Outputs of one cell that are not what was recorded.
pub fn changed_outputs_of(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    cell: Cell,
    recorded: Option<&Current>,
) -> Result<Vec<(usize, OutputChange)>, Problems> {
    let (id, _) = scope.at(cell);
    let last = recorded.and_then(|current| current.materialized.as_ref());
    let outputs = last.map_or(&[][..], |last| &last.outputs);
    let declared = workspace.graph.asset(id);
    let declared = declared.map_or(0, |asset| asset.outputs.len());
    let row = scope.number_of(id) as u32;
    let expected =
        (0..declared.min(outputs.len()) as u32).map(|output| Expected { row, cell, output });
    let version = |at: &Expected| outputs[at.output as usize];
    let mut changed = compare_outputs(workspace, scope, expected.collect(), version)?;
    Ok(changed.remove(&cell).unwrap_or_default())
}

/// An output of which something was recorded.
#[derive(Clone, Copy)]
struct Expected {
    /// The number of its row.
    row: u32,
    cell: Cell,
    output: u32,
}

fn compare_outputs(
    workspace: &Workspace<'_>,
    scope: &Scope<'_>,
    expected: Vec<Expected>,
    version: impl Fn(&Expected) -> DataVersion,
) -> Result<ChangedOutputs, Problems> {
    let asset_of = |at: &Expected| {
        let row = &scope.rows()[at.row as usize];
        let asset = workspace.graph.asset(row.asset);
        (row, asset.expect("the row is an asset's"))
    };
    let declared = |at: &Expected| &asset_of(at).1.outputs[at.output as usize];
    let is_by_content = |at: &Expected| asset_of(at).1.data_version == DataVersionRule::Content;
    let path = |at: &Expected, text: &mut String| {
        let (row, _) = asset_of(at);
        let partition = partition_of(scope, row, at.cell);
        declared(at).path.write_path(partition, text);
    };
    let mut changed = ChangedOutputs::new();
    let mut problems = Problems::default();
    let mut add = |at: &Expected, change: Option<OutputChange>| {
        if let Some(change) = change {
            let changes = changed.entry(at.cell).or_default();
            changes.push((at.output as usize, change));
        }
    };
    let (by_content, by_kind): (Vec<Expected>, Vec<Expected>) =
        expected.into_iter().partition(is_by_content);
    let at = |number: usize, text: &mut String| path(&by_content[number], text);
    workspace
        .versions
        .of_each(by_content.len(), Counted::All, at, |number, found| {
            let at = &by_content[number];
            match found {
                Ok(found) => add(at, content_change(declared(at).kind, version(at), found)),
                Err(error) if error.is_of_declaration() => problems.push(error.into()),
                // Whatever is there, it is not known to be what was recorded.
                Err(_) => add(at, Some(OutputChange::Unreadable)),
            }
        });
    for at in &by_kind {
        let mut text = String::new();
        path(at, &mut text);
        add(at, kind_change(workspace, &text, declared(at).kind));
    }
    problems.into_result(changed)
}

fn partition_of<'a>(scope: &Scope<'a>, row: &Row, cell: Cell) -> PartitionRef<'a> {
    PartitionRef {
        keys: scope.keys(row.asset),
        index: row.index_of(cell),
    }
}

/// How an output that was found differs from what it is expected to be.
pub fn content_change(
    expected: OutputKind,
    old: DataVersion,
    found: Found,
) -> Option<OutputChange> {
    let (kind, new) = match found {
        Found::Absent => return Some(OutputChange::Missing),
        Found::File { version, .. } => (OutputKind::File, version),
        Found::Directory { version, .. } => (OutputKind::Directory, version),
    };
    if kind != expected {
        return Some(OutputChange::Kind { found: kind });
    }
    (new != old).then_some(OutputChange::Altered {
        old: Some(old),
        new: Some(new),
    })
}

fn kind_change(
    workspace: &Workspace<'_>,
    path: &str,
    expected: OutputKind,
) -> Option<OutputChange> {
    let Ok(metadata) = workspace.resolve(path).metadata() else {
        return Some(OutputChange::Missing);
    };
    let found = if metadata.is_dir() {
        OutputKind::Directory
    } else {
        OutputKind::File
    };
    (found != expected).then_some(OutputChange::Kind { found })
}
