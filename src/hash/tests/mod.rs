//! Versions of real files, each test in a project of its own.

mod globs;
mod looks;
mod outputs;
mod paths;
mod trees;
mod values;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::CWD;
use tempfile::TempDir;

use crate::digest::Key;
use crate::hash::{
    Counted, Found, GlobVersion, HashError, Ignore, StatCache, ValueFound, Versions,
};
use crate::model::DataVersion;
use crate::sys::file::{FileStamp, Follow, stamp_at};

/// A project root with a cache and patterns to ignore.
struct Project {
    directory: TempDir,
    cache: StatCache,
    ignore: Ignore,
}

impl Project {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join(".assetctl");
        fs::create_dir(&state).unwrap();
        Self {
            cache: StatCache::open(
                &state.join("stat.cache"),
                Some(&Key::of(&[7; 32], "a test")),
            ),
            directory,
            ignore: Ignore::new(&["*.tmp", "tree/left/out"]).unwrap(),
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Writes a file, and the folders on the way.
    fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn folder(&self, path: &str) -> &Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    fn link(&self, path: &str, text: impl AsRef<Path>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(text, path).unwrap();
        self
    }

    /// Makes a named pipe, by the command that every system has.
    fn fifo(&self, path: &str) -> &Self {
        let made = Command::new("mkfifo").arg(self.path(path)).status();
        assert!(made.unwrap().success());
        self
    }

    fn mode(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
        self
    }

    fn remove(&self, path: &str) -> &Self {
        crate::sys::file::remove_tree(&self.path(path)).unwrap();
        self
    }

    fn versions(&self) -> Versions<'_> {
        Versions::new(self.directory.path(), &self.cache, &self.ignore).unwrap()
    }

    fn found(&self, path: &str) -> Result<Found, HashError> {
        self.versions().of_path(path)
    }

    /// The version of what must be there.
    fn version(&self, path: &str) -> DataVersion {
        let found = self.found(path).unwrap();
        found
            .version()
            .unwrap_or_else(|| panic!("{path} is absent"))
    }

    fn glob(&self, pattern: &str) -> GlobVersion {
        let versions = self.versions();
        versions
            .of_glob::<&str>(pattern, &[], Counted::Files)
            .unwrap()
    }

    fn value(&self, path: &str, key: &str) -> Option<ValueFound> {
        self.versions().of_value(path, key).unwrap()
    }
}

/// The stamp of what must be at `path`, which may be anywhere.
fn stamp(path: &Path) -> FileStamp {
    stamp_at(CWD, path, Follow::Nothing).unwrap().unwrap()
}
