//! What the versions of sources stand for: kept when something was made from them, and compared when it is told why
//! something is not fresh.

use crate::hash::HashError;
use crate::look::evaluate::{Evaluation, source_path};
use crate::look::gather::{FoundSources, counted_of, paths_of_source};
use crate::look::workspace::Workspace;
use crate::model::{
    Cause, Counted, DataDetail, DataVersion, Place, SourceAsset, SourceContent, SourcePath,
};
use crate::plan::{Cell, Known, Row};
use crate::store::{Store, StoreError};

/// For how many versions it is kept at most after a run: the next run goes on.
const MOST: usize = 1000;

/// How many partitions of a source are looked at for it.
const LOOKED_AT: usize = 10_000;

/// Keeps what the sources of an evaluation are made of, where that is more than one file and not known yet.
pub fn keep_source_content(
    workspace: &Workspace<'_>,
    store: &mut Store,
    evaluation: &Evaluation<'_>,
) -> Result<(), StoreError> {
    let scope = evaluation.scope();
    let mut contents = Vec::new();
    for row in scope.rows() {
        let Some(source) = scope.graph().source(row.asset) else {
            continue;
        };
        if !has_content(workspace, evaluation, row, source) {
            continue;
        }
        for (cell, index) in row.cells().zip(row.set.iter()).take(LOOKED_AT) {
            let known = evaluation.judge.facts().versions[row.versions_of(cell).start];
            let Known::Version(version) = known else {
                continue;
            };
            if contents.len() >= MOST || store.has_source_content(version)? {
                continue;
            }
            if let Some((found, content)) = evaluation.content(workspace, cell)
                && found == version
            {
                let slot = scope.keys(row.asset).slot(index);
                contents.push((source.key.clone(), slot, version, content));
            }
        }
    }
    store.keep_source_content(&contents)
}

/// Whether a source is a value, a folder or what globs match: the first of its partitions says so for all.
fn has_content(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    row: &Row,
    source: &SourceAsset,
) -> bool {
    match &source.place {
        Place::Value { .. } => true,
        Place::Paths(paths) => {
            let first = row.cells().next();
            let path = first.and_then(|cell| source_path(evaluation.scope(), cell));
            match (paths.as_slice(), path) {
                ([SourcePath::Exact(_)], Some(path)) => workspace.resolve(&path).is_dir(),
                _ => true,
            }
        }
        Place::Observed { .. } => false,
    }
}

impl Evaluation<'_> {
    /// What a source is made of now, with its version; `None` where that is one file, or cannot be told.
    fn content(
        &self,
        workspace: &Workspace<'_>,
        cell: Cell,
    ) -> Option<(DataVersion, SourceContent)> {
        if let Some(text) = value_text(&self.sources, cell) {
            let known = &self.judge.facts().versions;
            let version =
                known[self.scope().row_of_cell(cell).versions_of(cell).start].version()?;
            return Some((version, SourceContent::of_value(text)));
        }
        let (version, paths) = paths_of_source(workspace, self.scope(), cell)?;
        let source = workspace.graph.source(self.scope().at(cell).0)?;
        let counted = counted_of(source);
        let files = match &source.place {
            Place::Paths(places) if matches!(places[..], [SourcePath::Exact(_)]) => {
                let folder = paths.first().filter(|it| workspace.resolve(it).is_dir())?;
                workspace.versions.files_below(folder, counted).ok()?
            }
            _ => files_at(workspace, &paths, counted).ok()?,
        };
        Some((version, SourceContent::of_files(files)))
    }

    /// Names the files of changed folders and globs in causes, and in what they come from.
    pub fn name_files(&self, workspace: &Workspace<'_>, store: &Store, causes: &mut [Cause]) {
        for cause in causes {
            let Cause::Data(change) = cause else {
                continue;
            };
            self.name_files(workspace, store, &mut change.root);
            let graph = self.scope().graph();
            let Some(id) = graph.find(change.asset.as_str()) else {
                continue;
            };
            let keys = self.scope().keys(id);
            let index = match &change.partition {
                Some(key) => keys.index_of(key.as_str()),
                None => Some(0),
            };
            let cell = index.and_then(|index| self.scope().cell(id, index));
            if let (Some(cell), Some(old), Some(_), None, Some(_)) = (
                cell,
                change.old,
                change.new,
                &change.detail,
                graph.source(id),
            ) {
                change.detail = self.files_detail(workspace, store, cell, old);
            }
        }
    }

    fn files_detail(
        &self,
        workspace: &Workspace<'_>,
        store: &Store,
        cell: Cell,
        old: DataVersion,
    ) -> Option<DataDetail> {
        let old = store.source_content(old).ok()??;
        let (_, new) = self.content(workspace, cell)?;
        match (old, new) {
            (SourceContent::Files(old), SourceContent::Files(new)) => {
                Some(DataDetail::Files(old.changes(&new)))
            }
            (SourceContent::TooMany(files), _) | (_, SourceContent::TooMany(files)) => {
                Some(DataDetail::TooManyFiles(files))
            }
            _ => None,
        }
    }
}

/// The text of a source that is a value: of a scalar its own, else JSON.
fn value_text(sources: &FoundSources, cell: Cell) -> Option<&str> {
    let found = sources.values.get(&cell)?;
    Some(match found.words.as_deref() {
        Some([only]) if !found.json.starts_with('[') => only,
        _ => &found.json,
    })
}

/// The value that a version of a source stands for, and the one that is there now.
pub(super) fn value_detail(
    sources: &FoundSources,
    store: &Store,
    cell: Cell,
    old: DataVersion,
) -> Option<DataDetail> {
    let SourceContent::Value(new) = SourceContent::of_value(value_text(sources, cell)?) else {
        return None;
    };
    match store.source_content(old) {
        Ok(Some(SourceContent::Value(old))) => Some(DataDetail::Value { old, new }),
        // What cannot be read is not told.
        _ => None,
    }
}

/// The files at and below paths.
fn files_at(
    workspace: &Workspace<'_>,
    paths: &[String],
    counted: Counted,
) -> Result<Vec<(String, DataVersion)>, HashError> {
    let mut files = Vec::new();
    for path in paths {
        if workspace.resolve(path).is_dir() {
            files.extend(workspace.versions.files_below(path, counted)?);
        } else if let Some(version) = workspace.versions.of_input(path, counted)?.version() {
            files.push((path.clone(), version));
        }
    }
    Ok(files)
}
