//! What finished steps of a run leave empty, for steps that start later: staging folders, folders of previous outputs and logs.
//!
//! To make files and folders and remove them again is the dearest part of a short step, and some file systems search
//! longer for a free inode the more were freed lately. So an emptied staging becomes the next step's by two renames, and
//! a log that nothing was written to by one. A folder of previous outputs keeps its note, which is overwritten. Spare folders wait in a folder of the run's own: its step's lease may be
//! another run's by then. What is left at the end of the run is removed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use walkdir::WalkDir;

use crate::engine::staging::{
    clear, discard_aside, empty_aside, inner_folders, prepare, rename_below,
};
use crate::io_manager::StagedOutput;
use crate::model::{OutputKind, RunId};
use crate::sys::file::{remove_tree, rename_to_new};

/// The most staging folders that are kept; those that nobody took for longest go first.
const MOST: usize = 64;

/// The folder of a run's spare staging. `own` is the folder that the run works in.
pub fn spare_folder(own: &str, run: RunId) -> String {
    format!("{own}/spare/{run}")
}

/// What finished steps of a run leave empty, for steps that start later.
#[derive(Debug)]
pub struct StagingPool {
    folder: PathBuf,
    made: AtomicU64,
    staging: Mutex<Vec<SpareStaging>>,
    asides: Mutex<Vec<PathBuf>>,
    logs: Mutex<Vec<PathBuf>>,
}

/// A folder that holds empty folders and nothing else.
#[derive(Debug)]
struct SpareStaging {
    path: PathBuf,
    /// The folders in it, as paths within it, outer before inner.
    folders: Vec<String>,
}

impl StagingPool {
    /// None yet, of a run in the project at `root` that works in the folder `own`.
    pub fn new(root: &Path, own: &str, run: RunId) -> Self {
        Self {
            folder: root.join(spare_folder(own, run)),
            made: AtomicU64::new(0),
            staging: Mutex::default(),
            asides: Mutex::default(),
            logs: Mutex::default(),
        }
    }

    /// An empty staging with the folders that its outputs need, out of what another step has left if possible.
    pub fn prepare_staging(
        &self,
        root: &Path,
        staging: &str,
        outputs: &[StagedOutput],
    ) -> io::Result<()> {
        let folders = inner_folders(staging, outputs);
        if !folders.is_some_and(|folders| self.take_staging(&root.join(staging), &folders)) {
            return prepare(root, staging, outputs);
        }
        for output in outputs {
            if output.kind == OutputKind::Directory {
                fs::create_dir(root.join(&output.written))?;
            }
        }
        Ok(())
    }

    /// Takes the staging of a step whose outputs are in place, or removes it.
    pub fn clear_staging(&self, root: &Path, staging: &str, outputs: &[StagedOutput]) {
        let folders = inner_folders(staging, outputs);
        if !folders.is_some_and(|folders| self.keep_staging(&root.join(staging), folders)) {
            clear(root, staging, outputs);
        }
    }

    /// Makes a spare staging that holds just `folders` the one at `staging`, if there is one.
    fn take_staging(&self, staging: &Path, folders: &[String]) -> bool {
        let spare = {
            let mut pool = lock(&self.staging);
            let fitting = pool.iter().rposition(|spare| spare.folders == folders);
            fitting.map(|position| pool.remove(position))
        };
        let Some(spare) = spare else {
            return false;
        };
        rename_below(&spare.path, staging).is_ok()
    }

    /// Takes the staging of a step that is done, if it holds just `folders`, as they were made.
    fn keep_staging(&self, staging: &Path, folders: Vec<String>) -> bool {
        if !holds_just(staging, &folders) {
            return false;
        }
        let Ok(path) = self.keep(staging) else {
            return false;
        };
        let outdated = {
            let mut pool = lock(&self.staging);
            pool.push(SpareStaging { path, folders });
            (pool.len() > MOST).then(|| pool.remove(0))
        };
        if let Some(outdated) = outdated {
            // What stays is removed at the end of the run.
            let _ = remove_tree(&outdated.path);
        }
        true
    }

    /// Moves a folder to those of the run, and says where it is now.
    fn keep(&self, folder: &Path) -> io::Result<PathBuf> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(number.to_string());
        rename_below(folder, &path)?;
        Ok(path)
    }

    /// A folder of previous outputs that is empty but for its note.
    pub fn take_aside(&self) -> Option<PathBuf> {
        lock(&self.asides).pop()
    }

    /// Removes previous outputs that are not needed any more, and takes their folder.
    pub fn keep_aside(&self, root: &Path, folder: &str) -> io::Result<()> {
        if empty_aside(root, folder)?
            && let Ok(path) = self.keep(&root.join(folder))
        {
            lock(&self.asides).push(path);
            return Ok(());
        }
        discard_aside(root, folder)
    }

    /// Puts a spare log at `log`, where nothing is yet.
    pub fn take_log(&self, log: &Path) {
        let Some(spare) = lock(&self.logs).pop() else {
            return;
        };
        // Somebody who escaped from a command's group may have written to its log since.
        let is_empty = fs::metadata(&spare).is_ok_and(|spare| spare.len() == 0);
        if !is_empty || rename_to_new(&spare, log).is_err() {
            // Whoever runs the command makes a log of its own.
            let _ = fs::remove_file(spare);
        }
    }

    /// Takes a log that nothing was written to.
    pub fn keep_log(&self, log: PathBuf) {
        lock(&self.logs).push(log);
    }

    /// Removes what is left.
    pub fn remove(&self) {
        // Nobody else looks at a run's spare things, and whoever finds this run crashed removes them.
        let _ = remove_tree(&self.folder);
        let _ = self.folder.parent().map(fs::remove_dir);
        for log in lock(&self.logs).drain(..) {
            let _ = fs::remove_file(log);
        }
    }
}

/// The lists are whole between any two statements.
fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a folder holds just these folders, all of which let the same people in as itself.
fn holds_just(staging: &Path, folders: &[String]) -> bool {
    let mut mode = None;
    let mut found = 0;
    for entry in WalkDir::new(staging) {
        let Ok(entry) = entry else { return false };
        let Ok(metadata) = entry.metadata() else {
            return false;
        };
        let expected = mode.get_or_insert_with(|| metadata.permissions());
        if !metadata.is_dir() || *expected != metadata.permissions() {
            return false;
        }
        if entry.depth() > 0 {
            let name = entry.path().strip_prefix(staging).ok();
            let name = name.and_then(Path::to_str);
            if !name.is_some_and(|name| folders.iter().any(|folder| folder == name)) {
                return false;
            }
            found += 1;
        }
    }
    found == folders.len()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    use uuid::Uuid;

    use crate::engine::staging::{AsideNote, move_aside, put_back};
    use crate::engine::staging_pool::StagingPool;
    use crate::io_manager::StagedOutput;
    use crate::look::OWN_FOLDER;
    use crate::model::{OutputKind, RunId};
    use crate::testkit;

    fn staging(root: &Path, name: &str) -> PathBuf {
        let staging = root.join(".assetctl/staging").join(name);
        fs::create_dir_all(staging.join("out/deep")).unwrap();
        staging
    }

    #[test]
    fn only_a_staging_that_is_empty_and_as_it_was_made_is_kept() {
        let project = tempfile::tempdir().unwrap();
        let root = project.path();
        let pool = StagingPool::new(root, OWN_FOLDER, RunId(Uuid::nil()));
        let folders = ["out".to_owned(), "out/deep".to_owned()];
        let keep = |name: &str, change: fn(&Path)| {
            let staging = staging(root, name);
            change(&staging);
            pool.keep_staging(&staging, folders.to_vec())
        };
        for (name, change) in [
            (
                "file",
                (|it| fs::write(it.join("out/x"), "").unwrap()) as fn(&Path),
            ),
            ("folder", |it| fs::create_dir(it.join("more")).unwrap()),
            ("less", |it| fs::remove_dir(it.join("out/deep")).unwrap()),
            ("locked", |it| {
                fs::set_permissions(it.join("out"), Permissions::from_mode(0o500)).unwrap();
            }),
        ] {
            assert!(!keep(name, change), "{name}");
            assert!(root.join(".assetctl/staging").join(name).exists(), "{name}");
        }
        assert!(keep("empty", |_| ()));
        assert!(!root.join(".assetctl/staging/empty").exists());

        let next = root.join(".assetctl/staging/next/@2024");
        assert!(!pool.take_staging(&next, &folders[..1]));
        assert!(pool.take_staging(&next, &folders));
        assert!(next.join("out/deep").is_dir());
        assert!(!pool.take_staging(&next, &folders));
        pool.remove();
        assert!(!root.join(".assetctl/spare").exists());
    }

    #[test]
    fn a_step_takes_the_staging_of_one_with_the_same_folders_over() {
        let project = tempfile::tempdir().unwrap();
        let root = project.path();
        let pool = StagingPool::new(root, OWN_FOLDER, RunId(Uuid::nil()));
        let outputs = |asset: &str| {
            [
                ("file", OutputKind::File),
                ("folder", OutputKind::Directory),
            ]
            .map(|(name, kind)| StagedOutput {
                path: format!("out/{name}"),
                written: format!(".assetctl/staging/{asset}/out/{name}"),
                kind,
            })
        };
        let inode = |path: &str| fs::metadata(root.join(path)).unwrap().ino();
        let staging = |asset: &str| format!(".assetctl/staging/{asset}");
        let prepare = |asset: &str| {
            let prepared = pool.prepare_staging(root, &staging(asset), &outputs(asset));
            prepared.unwrap();
        };
        prepare("one");
        let first = inode(".assetctl/staging/one/out");
        fs::write(root.join(".assetctl/staging/one/out/folder/x"), "x").unwrap();
        fs::create_dir(root.join("out")).unwrap();
        let folder = root.join(".assetctl/staging/one/out/folder");
        fs::rename(folder, root.join("out/folder")).unwrap();
        pool.clear_staging(root, &staging("one"), &outputs("one"));
        assert!(!root.join(staging("one")).exists());

        prepare("two");
        assert_eq!(inode(".assetctl/staging/two/out"), first);
        let folder = root.join(".assetctl/staging/two/out/folder");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        pool.clear_staging(root, &staging("two"), &outputs("two"));
        assert!(!root.join(staging("two")).exists());
        prepare("three");
        assert!(root.join(".assetctl/staging/three/out/folder").is_dir());
    }

    #[test]
    fn a_spare_staging_replaces_no_folder_that_holds_something() {
        let project = tempfile::tempdir().unwrap();
        let root = project.path();
        let pool = StagingPool::new(root, OWN_FOLDER, RunId(Uuid::nil()));
        let folders = ["out".to_owned(), "out/deep".to_owned()];
        let kept = pool.keep_staging(&staging(root, "one"), folders.to_vec());
        assert!(kept);
        let left = staging(root, "two");
        assert!(!pool.take_staging(&left, &folders));
    }

    #[test]
    fn a_folder_of_previous_outputs_serves_the_next_step() {
        let project = tempfile::tempdir().unwrap();
        let root = project.path();
        let pool = StagingPool::new(root, OWN_FOLDER, RunId(Uuid::nil()));
        let note = |asset: &str, path: &str| AsideNote {
            run: String::new(),
            home: String::new(),
            asset: testkit::asset(asset),
            partition: None,
            materialization: None,
            paths: vec![path.to_owned()],
            absent: Vec::new(),
            kept: Vec::new(),
        };
        let (one, two) = (".assetctl/aside/one", ".assetctl/aside/two");
        let long = note("one", "a/long/path/to/an/output");
        fs::create_dir_all(root.join("a/long/path/to/an")).unwrap();
        fs::write(root.join(&long.paths[0]), "old").unwrap();
        move_aside(root, one, &long, pool.take_aside().as_deref()).unwrap();
        let first = fs::metadata(root.join(one)).unwrap().ino();
        pool.keep_aside(root, one).unwrap();
        assert!(!root.join(one).exists());

        fs::write(root.join("b"), "previous").unwrap();
        let spare = pool.take_aside();
        move_aside(root, two, &note("two", "b"), spare.as_deref()).unwrap();
        assert_eq!(fs::metadata(root.join(two)).unwrap().ino(), first);
        let kept = vec![format!("{two}/0")];
        let expected = AsideNote {
            kept,
            ..note("two", "b")
        };
        assert_eq!(AsideNote::read(root, two), Some(expected));
        fs::rename(root.join(two), root.join(one)).unwrap();
        assert_eq!(AsideNote::read(root, one), None, "the note of another step");
        fs::rename(root.join(one), root.join(two)).unwrap();
        put_back(root, two).unwrap();
        assert_eq!(fs::read(root.join("b")).unwrap(), b"previous");
        assert!(pool.take_aside().is_none());
        pool.keep_aside(root, two).unwrap();
        pool.remove();
        assert!(!root.join(".assetctl/spare").exists());
    }

    #[test]
    fn a_spare_log_replaces_no_log() {
        let project = tempfile::tempdir().unwrap();
        let log = |name: &str| project.path().join(name);
        let pool = StagingPool::new(project.path(), OWN_FOLDER, RunId(Uuid::nil()));
        for name in ["a", "b"] {
            fs::write(log(name), "").unwrap();
            pool.keep_log(log(name));
        }
        fs::write(log("other"), "words").unwrap();
        pool.take_log(&log("other"));
        assert_eq!(fs::read(log("other")).unwrap(), b"words");
        assert!(!log("b").exists());
        pool.keep_log(log("other"));
        pool.take_log(&log("third"));
        assert!(!log("other").exists() && !log("third").exists());
        pool.take_log(&log("next"));
        assert!(log("next").exists() && !log("a").exists());
        pool.keep_log(log("next"));
        pool.remove();
        assert!(!log("next").exists());
    }
}
