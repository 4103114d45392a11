//! Puts right what a run left whose process died.
//!
//! Its staging is removed. Previous outputs that a step in place had moved aside are put back, unless the step was
//! recorded before the crash. This needs no lease and no record of the crash: each folder of previous outputs holds a note
//! of the run that moved them and of the materialization that made them.

use std::path::Path;

use crate::engine::error::EngineError;
use crate::engine::own_path::{OWN_FOLDER, step_folder};
use crate::engine::spares::spare_folder;
use crate::engine::staging::{AsideNote, asides, discard_aside, put_back};
use crate::engine::workspace::Workspace;
use crate::model::{RunId, RunStatus};
use crate::store::{CrashedRun, Store, StoreError};
use crate::sys::file::remove_tree;
use crate::sys::lock::FileLock;

/// Removes the staging of a crashed run's steps.
pub fn clear_crashed(root: &Path, crashed: &CrashedRun) {
    for at in &crashed.leases {
        for purpose in ["staging", "lists"] {
            let folder = step_folder(OWN_FOLDER, purpose, &at.asset, at.partition.as_ref());
            // What stays is emptied before the next attempt.
            let _ = remove_tree(&root.join(folder));
        }
    }
    let _ = remove_tree(&root.join(spare_folder(OWN_FOLDER, crashed.id)));
}

/// Puts back previous outputs that dead runs have moved aside, and gives the paths of what was put back.
///
/// Without such a folder, which is nearly always, this is one look at one folder. Two processes that find the same one
/// do this one after the other, each by what is there then.
pub fn put_back_asides(
    workspace: &Workspace<'_>,
    store: &Store,
) -> Result<Vec<String>, EngineError> {
    let mut back = Vec::new();
    if asides(workspace.root).is_empty() {
        return Ok(back);
    }
    let lock = workspace.resolve(&format!("{OWN_FOLDER}/recover.lock"));
    let _turn = FileLock::exclusive(&lock)
        .map_err(|source| EngineError::Unwritable { path: lock, source })?;
    for folder in asides(workspace.root) {
        let Some(note) = AsideNote::read(workspace.root, &folder) else {
            continue;
        };
        if is_alive(store, &note)? || is_foreign(workspace.root, store, &note)? {
            continue;
        }
        let result = if is_recorded_since(workspace, store, &note)? {
            discard_aside(workspace.root, &folder)
        } else {
            back.extend(note.paths.iter().cloned());
            put_back(workspace.root, &folder)
        };
        result.map_err(|source| EngineError::Unwritable {
            path: workspace.resolve(&folder),
            source,
        })?;
    }
    Ok(back)
}

fn is_alive(store: &Store, note: &AsideNote) -> Result<bool, StoreError> {
    let Ok(id) = uuid::Uuid::parse_str(&note.run) else {
        return Ok(false);
    };
    let run = store.run(RunId(id))?;
    Ok(run.is_some_and(|run| run.status == RunStatus::Started))
}

/// Whether a note may have come with a checkout: no run of this instance wrote it, and what it says leads out of the project.
fn is_foreign(root: &Path, store: &Store, note: &AsideNote) -> Result<bool, StoreError> {
    let known = match uuid::Uuid::parse_str(&note.run) {
        Ok(id) => store.run(RunId(id))?.is_some(),
        Err(_) => false,
    };
    Ok(!known && !note.stays_inside(root))
}

fn is_recorded_since(
    workspace: &Workspace<'_>,
    store: &Store,
    note: &AsideNote,
) -> Result<bool, StoreError> {
    let Some(id) = workspace.graph.find(note.asset.as_str()) else {
        return Ok(false);
    };
    let keys = workspace.keys.of(workspace.graph.get(id));
    let index = match &note.partition {
        Some(key) => keys.index_of(key.as_str()),
        None => Some(0).filter(|_| !keys.is_partitioned()),
    };
    let Some(index) = index else { return Ok(false) };
    let set = crate::model::PartitionSet::single(index);
    let current = store.current_of(&note.asset, keys, &set)?;
    let recorded = current.materialized(0).map(|last| last.id.0);
    Ok(recorded != note.materialization)
}
