//! Values at their paths in the project.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::io_manager::{
    Giving, IoManager, IoManagerError, StagedOutput, Stored, Streams, Taken, Written,
};
use crate::model::{LONGEST_COMPONENT, OutputKind, shortened};
use crate::sys::file::{Mount, copy_tree, create_parent, mount_of, relocate, remove_tree};

/// Keeps each value at its path in the project: a finished output is renamed into place.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use assetctl::{FilesystemIoManager, Giving, IoManager, OutputKind, StagedOutput, Written};
///
/// let kept = FilesystemIoManager::new(folder.path());
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: "x.part".to_owned(),
///     kind: OutputKind::File,
/// };
/// kept.make_way(&output)?;
/// kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// assert_eq!(kept.giving("build/x.txt"), Giving::AtPath);
/// assert_eq!(std::fs::read(folder.path().join("build/x.txt"))?, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FilesystemIoManager {
    root: PathBuf,
    /// Whether a folder lies on the file system of the staging, by folder.
    same: Mutex<HashMap<String, bool>>,
}

impl FilesystemIoManager {
    /// A manager of the project at `root`, an absolute path.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            same: Mutex::default(),
        }
    }

    /// The mount of the nearest folder that exists.
    fn mount(&self, folder: &str) -> Option<Mount> {
        let start = self.root.join(folder);
        start.ancestors().find_map(mount_of)
    }

    fn is_on_one_file_system(&self, folder: &str, staging: &str) -> bool {
        let mut same = self.same.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = same.get(folder) {
            return *same;
        }
        let is_same = self.mount(folder) == self.mount(staging);
        same.insert(folder.to_owned(), is_same);
        is_same
    }

    fn publish(&self, output: &StagedOutput) -> io::Result<()> {
        let (from, to) = (
            self.root.join(&output.written),
            self.root.join(&output.path),
        );
        let renamed = fs::rename(&from, &to);
        let there = to.symlink_metadata();
        match renamed {
            Ok(()) => Ok(()),
            Err(_) if output.kind == OutputKind::Directory && there.is_ok() => {
                let replaced = unused_sibling(&from);
                relocate(&to, &replaced)?;
                relocate(&from, &to)?;
                remove_tree(&replaced)
            }
            Err(_) => relocate(&from, &to),
        }
    }
}

impl IoManager for FilesystemIoManager {
    /// One rename has to do: where the destination is on another file system, the output is written beside it.
    fn written(&self, staging: &str, path: &str) -> String {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.is_on_one_file_system(parent, staging) {
            return format!("{staging}/{path}");
        }
        // No component of a staging folder holds this sign, so no two steps share a folder.
        let hidden = shortened(staging.replace('/', "~"), LONGEST_COMPONENT);
        match parent {
            "" => format!("{hidden}/{name}"),
            parent => format!("{parent}/{hidden}/{name}"),
        }
    }

    /// An error if a directory is where a file goes, or a file where the folder above belongs.
    fn make_way(&self, output: &StagedOutput) -> Result<(), IoManagerError> {
        let to = self.root.join(&output.path);
        create_parent(&to)?;
        let directory = to.symlink_metadata().is_ok_and(|there| there.is_dir());
        if directory && output.kind == OutputKind::File {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        Ok(())
    }

    /// Renames it. What was there is replaced; a symlink is replaced, never written through.
    fn store(&self, output: &StagedOutput, written: Written) -> Result<Stored, IoManagerError> {
        if let Written::Piped(bytes) = written {
            fs::write(self.root.join(&output.written), bytes)?;
        }
        self.publish(output)?;
        Ok(Stored::AtPath)
    }

    fn giving(&self, _: &str) -> Giving {
        Giving::AtPath
    }

    fn load(&self, path: &str, to: &Path) -> Result<Taken, IoManagerError> {
        copy_tree(&self.root.join(path), to)?;
        Ok(Taken::default())
    }

    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, IoManagerError> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(IoManagerError::NotStored {
                    path: path.to_owned(),
                })
            }
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                Err(IoManagerError::Directory {
                    path: path.to_owned(),
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn streams(&self) -> Streams {
        Streams::Files
    }
}

/// A path beside `path` at which nothing is, another output least of all.
fn unused_sibling(path: &Path) -> PathBuf {
    let mut sibling = path.with_file_name(".replaced");
    while sibling.symlink_metadata().is_ok() {
        sibling.as_mut_os_string().push("~");
    }
    sibling
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::FilesystemIoManager;
    use crate::io_manager::{Giving, IoManager, IoManagerError, StagedOutput, Stored, Written};
    use crate::model::OutputKind;

    #[test]
    fn a_directory_replaces_a_directory_and_a_file_never_does() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        let manager = FilesystemIoManager::new(root);
        fs::create_dir_all(root.join("out/d/sub")).expect("made");
        let output = |kind| StagedOutput {
            path: "out/d".into(),
            written: manager.written("s", "out/d"),
            kind,
        };
        let directory = output(OutputKind::Directory);
        assert_eq!(directory.written, "s/out/d");
        fs::create_dir_all(root.join("s/out/d")).expect("made");
        fs::write(root.join("s/out/d/new"), "").expect("written");
        manager.make_way(&directory).expect("nothing is in the way");
        let stored = manager.store(&directory, Written::AtPath);
        assert_eq!(stored.expect("stored"), Stored::AtPath);
        assert!(root.join("out/d/new").exists() && !root.join("out/d/sub").exists());
        let file = output(OutputKind::File);
        fs::write(root.join("s/out/d"), "").expect("written");
        manager
            .make_way(&file)
            .expect_err("a folder is not replaced by a file");
        manager
            .store(&file, Written::AtPath)
            .expect_err("a folder is not replaced by a file");
        assert!(root.join("out/d/new").exists());
    }

    #[test]
    fn a_value_is_read_where_it_is() {
        let project = tempfile::tempdir().expect("a folder");
        let root = project.path();
        let manager = FilesystemIoManager::new(root);
        fs::create_dir(root.join("d")).expect("made");
        fs::write(root.join("x"), "bytes").expect("written");
        assert_eq!(manager.giving("x"), Giving::AtPath);
        assert_eq!(&*manager.bytes("x").expect("there"), b"bytes");
        let absent = manager.bytes("y").expect_err("nothing is there");
        assert!(matches!(absent, IoManagerError::NotStored { .. }));
        let directory = manager.bytes("d").expect_err("it has no bytes");
        assert!(matches!(directory, IoManagerError::Directory { .. }));
    }
}
