//! Puts right what a run left whose process died.
//!
//! Its staging is moved aside, and goes when the step next succeeds. Previous outputs that a step in place had moved aside are put back, unless the step was
//! recorded before the crash; what the step had written instead goes where the staging goes. This needs no lease and no record of the crash: each folder of previous outputs holds a note
//! of the run that moved them and of the materialization that made them.

use std::path::Path;
use std::{fs, io, slice};

use crate::engine::hooks::event_folder;
use crate::engine::resources::resource_folder;
use crate::engine::staging::{AsideNote, aside_folders, asides, discard_aside, put_back};
use crate::engine::staging_pool::spare_folder;
use crate::engine::step_locks::{TURN, end_left_behind, is_running, remove_locks, take_over};
use crate::look::{EngineError, OWN_FOLDER, Workspace, step_folder};
use crate::model::{RunId, RunStatus, StepName};
use crate::store::{AssetPartition, CrashedRun, Store, StoreError};
use crate::sys::file::{create_parent, remove_abandoned, remove_tree};
use crate::sys::lock::FileLock;

/// The folder, in that of assetctl, for what dead runs had begun.
const LEFT: &str = "left";

/// Clears up after a crashed run of this instance: ends what lives of it, and moves the staging of its steps aside.
pub fn clear_crashed(root: &Path, crashed: &CrashedRun) {
    end_left_behind(root, crashed.id);
    let clear = |at: &AssetPartition| {
        leave_staging(root, at);
        Ok(())
    };
    // A lock that cannot be taken is met again, and told of, by whoever needs it.
    let _ = take_over(root, crashed.id, &crashed.leases, &clear);
    let _ = remove_tree(&root.join(spare_folder(OWN_FOLDER, crashed.id)));
    let _ = remove_tree(&root.join(resource_folder(OWN_FOLDER, crashed.id)));
    let _ = remove_tree(&root.join(event_folder(OWN_FOLDER, crashed.id)));
    remove_locks(root, crashed.id);
}

/// Moves the staging of a dead run's step aside: whoever escaped from being ended, and has it open, writes there from now on.
fn leave_staging(root: &Path, at: &AssetPartition) {
    let folder = |purpose| root.join(step_folder(OWN_FOLDER, purpose, &at.step));
    let left = folder(LEFT);
    let moved = remove_tree(&left)
        .and_then(|()| create_parent(&left))
        .and_then(|()| fs::rename(folder("staging"), &left));
    if moved.is_err() {
        // What stays is emptied before the next attempt.
        let _ = remove_tree(&folder("staging"));
    }
    let _ = remove_tree(&folder("lists"));
}

/// Whether anything lies aside that dead runs had begun.
pub fn has_left(root: &Path) -> bool {
    root.join(OWN_FOLDER).join(LEFT).exists()
}

/// Removes what dead runs had begun of an asset partition, which has been made now.
pub fn remove_left(root: &Path, at: &AssetPartition) {
    let left = root.join(step_folder(OWN_FOLDER, LEFT, &at.step));
    // What stays goes with the next success.
    let _ = remove_tree(&left);
    let above = left.ancestors().skip(1);
    for folder in above.take_while(|folder| folder.file_name().is_some_and(|it| it != OWN_FOLDER)) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// Takes a step over from a dead run of another instance.
pub fn take_over_from_elsewhere(
    workspace: &Workspace<'_>,
    at: &AssetPartition,
    dead: RunId,
) -> io::Result<()> {
    let root = workspace.root;
    end_left_behind(root, dead);
    let clear = |at: &AssetPartition| {
        leave_staging(root, at);
        let folder = step_folder(OWN_FOLDER, "aside", &at.step);
        match AsideNote::read(root, &folder) {
            // What this instance has recorded since was asked when its own dead runs were cleared up after.
            Some(note)
                if note.run == dead.to_string()
                    && !is_of(&note, workspace)
                    && note.stays_inside(root) =>
            {
                bring_back(workspace, &folder, &note)
            }
            Some(_) | None => Ok(()),
        }
    };
    take_over(root, dead, slice::from_ref(at), &clear)
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
    for folder in aside_folders(workspace.root) {
        // A process may have died while it wrote the note: nothing had been moved then.
        remove_abandoned(&workspace.resolve(&folder));
    }
    if asides(workspace.root).is_empty() {
        return Ok(back);
    }
    let lock = workspace.resolve(&format!("{OWN_FOLDER}/{TURN}"));
    let _turn = FileLock::exclusive(&lock)
        .map_err(|source| EngineError::Unwritable { path: lock, source })?;
    for folder in asides(workspace.root) {
        let Some(note) = AsideNote::read(workspace.root, &folder) else {
            continue;
        };
        // Another instance knows what it has recorded since.
        if !is_of(&note, workspace)
            || is_alive(workspace, store, &note)?
            || is_foreign(workspace.root, store, &note)?
        {
            continue;
        }
        if is_recorded_since(workspace, store, &note)? {
            let discarded = discard_aside(workspace.root, &folder);
            discarded.map_err(|source| EngineError::Unwritable {
                path: workspace.resolve(&folder),
                source,
            })?;
        } else {
            back.extend(note.paths.iter().cloned());
            bring_back(workspace, &folder, &note).map_err(|source| EngineError::Unwritable {
                path: workspace.resolve(&folder),
                source,
            })?;
        }
    }
    Ok(back)
}

/// Puts previous outputs back, and what is at their places aside.
fn bring_back(workspace: &Workspace<'_>, folder: &str, note: &AsideNote) -> io::Result<()> {
    let step = StepName {
        asset: note.asset.clone(),
        partition: note.partition.clone(),
    };
    let left = workspace.resolve(&step_folder(OWN_FOLDER, LEFT, &step));
    set_aside(workspace, folder, note, &left)?;
    put_back(workspace.root, folder)
}

/// Moves what a dead run has written in place of previous outputs into `left`.
fn set_aside(
    workspace: &Workspace<'_>,
    folder: &str,
    note: &AsideNote,
    left: &Path,
) -> io::Result<()> {
    for (index, path) in note.paths.iter().enumerate() {
        let place = workspace.resolve(path);
        let kept = note.place(workspace.root, folder, index);
        let is_kept = kept.symlink_metadata().is_ok();
        let is_new = is_kept || note.absent.contains(path);
        if is_new && place.symlink_metadata().is_ok() {
            let aside = left.join(path);
            remove_tree(&aside)?;
            create_parent(&aside)?;
            // On another file system it is removed when the others are put back.
            let _ = fs::rename(&place, &aside);
        }
    }
    Ok(())
}

fn is_of(note: &AsideNote, workspace: &Workspace<'_>) -> bool {
    note.home.is_empty() || Path::new(&note.home) == workspace.home
}

fn is_alive(
    workspace: &Workspace<'_>,
    store: &Store,
    note: &AsideNote,
) -> Result<bool, EngineError> {
    let Ok(id) = uuid::Uuid::parse_str(&note.run) else {
        return Ok(false);
    };
    let run = store.run(RunId(id))?;
    if run.is_some_and(|run| run.status == RunStatus::Started) {
        return Ok(true);
    }
    is_running(workspace.root, RunId(id)).map_err(|source| EngineError::Unwritable {
        path: workspace.resolve(OWN_FOLDER),
        source,
    })
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
    let keys = workspace.keys.get(workspace.graph.partitions(id));
    let index = match &note.partition {
        Some(key) => keys.index_of(key.as_str()),
        None => Some(0).filter(|_| !keys.is_partitioned()),
    };
    let Some(index) = index else { return Ok(false) };
    let set = crate::model::PartitionSet::single(index);
    let current = store.current_of(&note.asset, keys, &set)?;
    let recorded = current.materialized(0);
    let recorded = recorded
        .and_then(|last| last.provenance.recorded())
        .map(|id| id.0);
    Ok(recorded != note.materialization)
}
