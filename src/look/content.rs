//! What the versions of sources stand for: kept when something was made from them, and compared when it is told why
//! something is not fresh.

use crate::hash::HashError;
use crate::look::gather::paths_of_source;
use crate::look::workspace::Workspace;
use crate::model::{
    Cause, Counted, DataDetail, DataVersion, Place, SourceAsset, SourceContent, SourcePath,
};
use crate::plan::{Cell, Evaluation, Known, Row};
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
    for (row, source) in scope.source_rows() {
        if !has_content(workspace, evaluation, row, source) {
            continue;
        }
        for (cell, index) in row.cells().zip(row.set.iter()).take(LOOKED_AT) {
            let known = evaluation.facts().versions[row.versions_of(cell).start];
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
            let path = first.and_then(|cell| evaluation.scope().source_path(cell));
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
        if let Some(text) = self.sources().value_text(cell) {
            let known = &self.facts().versions;
            let version =
                known[self.scope().row_of_cell(cell).versions_of(cell).start].version()?;
            return Some((version, SourceContent::of_value(text)));
        }
        let (version, paths) = paths_of_source(workspace, self.scope(), cell)?;
        let source = workspace.graph.source(self.scope().at(cell).0)?;
        let counted = Counted::from(source.gitignored);
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
