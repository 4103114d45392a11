//! Names and keys in a word each, and a folder of files: the beginnings of every test, example and sandbox.
//!
//! Compiled in debug builds, for tests (those of a release build need the feature `testkit`), and no part of the library's promise. Each function ends the test that
//! gives it something wrong.

use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use jiff::Timestamp;
use tempfile::TempDir;

use crate::model::{AssetKey, Name, PartitionKey, StepName};
use crate::sys::file::remove_tree;

/// The key of an asset.
#[must_use]
pub fn asset(text: &str) -> AssetKey {
    AssetKey::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// The name of a definition.
#[must_use]
pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// The key of a partition.
#[must_use]
pub fn key(text: &str) -> PartitionKey {
    PartitionKey::parse(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// Keys of partitions, in the order given.
pub fn keys<K: FromIterator<PartitionKey>>(texts: &[&str]) -> K {
    texts.iter().copied().map(key).collect()
}

/// An asset partition, as people write it: `clean@2013-07-04`, or `year`.
#[must_use]
pub fn step(text: &str) -> StepName {
    let (name, partition) = match text.split_once('@') {
        Some((name, partition)) => (name, Some(key(partition))),
        None => (text, None),
    };
    StepName {
        asset: asset(name),
        partition,
    }
}

/// A point in time, in RFC 3339.
#[must_use]
pub fn time(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// A folder of files, removed with the value unless it was [kept](Self::kept_in).
///
/// Paths are relative to the folder. Writing makes the folders on the way.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    _temporary: Option<TempDir>,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty temporary folder.
    #[must_use]
    pub fn new() -> Self {
        let temporary = TempDir::new().expect("a temporary folder can be made");
        let root = temporary.path().canonicalize();
        Self {
            root: root.expect("the temporary folder exists"),
            _temporary: Some(temporary),
        }
    }

    /// A temporary folder with an `Assets.toml`.
    #[must_use]
    pub fn with_manifest(manifest: &str) -> Self {
        let folder = Self::new();
        folder.write("Assets.toml", manifest);
        folder
    }

    /// The folder `root`, made where it is absent; it outlives the value.
    #[must_use]
    pub fn kept_in(root: &Path) -> Self {
        fs::create_dir_all(root).expect("the folder can be made");
        Self {
            root: root.canonicalize().expect("the folder exists"),
            _temporary: None,
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The whole path of `path`.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// Whether there is something at `path`; what a link leads to counts.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).exists()
    }

    /// Makes a folder.
    pub fn folder(&self, path: impl AsRef<Path>) -> &Self {
        fs::create_dir_all(self.path(path)).expect("the folder can be made");
        self
    }

    /// Writes a file.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.with_parents(path), content).expect("the file can be written");
        self
    }

    /// Adds to the end of a file.
    pub fn append(&self, path: impl AsRef<Path>, text: &str) {
        let file = appending(&self.path(path));
        { file }
            .write_all(text.as_bytes())
            .expect("the file can be written");
    }

    /// Replaces the one place in a file that is `old`.
    pub fn edit(&self, path: impl AsRef<Path>, old: &str, new: &str) {
        let (path, text) = (path.as_ref(), self.read(&path));
        assert_eq!(
            text.matches(old).count(),
            1,
            "`{old}` is not once in {}",
            path.display()
        );
        self.write(path, text.replacen(old, new, 1));
    }

    /// The text of a file.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        String::from_utf8(self.bytes(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
    }

    /// Makes `path` a link to `target`, in place of what is there.
    pub fn link(&self, path: impl AsRef<Path>, target: impl AsRef<Path>) -> &Self {
        let path = self.with_parents(path);
        let _ = fs::remove_file(&path);
        symlink(target, path).expect("the link can be made");
        self
    }

    /// Makes a named pipe, by the command that every system has.
    pub fn fifo(&self, path: impl AsRef<Path>) -> &Self {
        let made = Command::new("mkfifo").arg(self.with_parents(path)).status();
        assert!(made.expect("mkfifo exists").success());
        self
    }

    /// Sets the permissions.
    pub fn mode(&self, path: impl AsRef<Path>, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode))
            .expect("permissions can be set");
        self
    }

    /// Removes a file, or a folder with all below it.
    pub fn remove(&self, path: impl AsRef<Path>) -> &Self {
        let path = self.path(path);
        assert!(
            path.symlink_metadata().is_ok(),
            "{} is absent",
            path.display()
        );
        remove_tree(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// Gives a file, or each file of a folder, the present time and leaves its bytes alone.
    pub fn touch(&self, path: impl AsRef<Path>) {
        self.set_times(path, SystemTime::now());
    }

    /// Gives a file, or each file of a folder, a modification time.
    pub fn set_times(&self, path: impl AsRef<Path>, time: SystemTime) {
        for entry in walkdir::WalkDir::new(self.path(path)) {
            let entry = entry.expect("the folder can be read");
            if entry.file_type().is_file() {
                appending(entry.path())
                    .set_modified(time)
                    .expect("times can be set");
            }
        }
    }

    /// Copies a file or a folder from elsewhere as `cp -a` does: links as links, times and permissions kept.
    pub fn copy(&self, from: &Path, path: impl AsRef<Path>) -> &Self {
        copy_tree(from, &self.with_parents(path));
        self
    }

    fn with_parents(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.path(path);
        let parent = path.parent().expect("a path below the folder");
        fs::create_dir_all(parent).expect("folders can be made");
        path
    }
}

fn appending(path: &Path) -> File {
    let opened = OpenOptions::new().append(true).open(path);
    opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn copy_tree(from: &Path, to: &Path) {
    let metadata =
        fs::symlink_metadata(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    if metadata.is_dir() {
        fs::create_dir_all(to).expect("folders can be made");
        for entry in fs::read_dir(from).expect("the folder can be read") {
            let name = entry.expect("the folder can be read").file_name();
            copy_tree(&from.join(&name), &to.join(&name));
        }
    } else if metadata.is_symlink() {
        let target = fs::read_link(from).expect("the link can be read");
        symlink(target, to).expect("the link can be made");
    } else {
        fs::copy(from, to).expect("the file can be copied");
        let modified = metadata.modified().expect("files have a time");
        appending(to)
            .set_times(FileTimes::new().set_modified(modified))
            .expect("times can be set");
    }
}
