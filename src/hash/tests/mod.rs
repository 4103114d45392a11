//! Versions of real files, each test in a project of its own.

mod globs;
mod looks;
mod outputs;
mod paths;
mod trees;
mod values;

use std::ops::Deref;
use std::path::Path;

use rustix::fs::CWD;

use crate::digest::Key;
use crate::hash::{Found, GlobVersion, HashError, Ignore, StatCache, ValueFound, Versions};
use crate::model::{Counted, DataVersion};
use crate::sys::file::{FileStamp, Follow, stamp_at};
use crate::testkit::Folder;

/// A project root with a cache and patterns to ignore.
struct Project {
    directory: Folder,
    cache: StatCache,
    ignore: Ignore,
}

impl Deref for Project {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.directory
    }
}

impl Project {
    fn new() -> Self {
        let directory = Folder::new();
        directory.folder(".assetctl");
        Self {
            cache: StatCache::open(
                &directory.path(".assetctl/stat.cache"),
                Some(&Key::of(&[7; 32], "a test")),
            ),
            directory,
            ignore: Ignore::new(&["*.tmp", "tree/left/out"]).unwrap(),
        }
    }

    fn versions(&self) -> Versions<'_> {
        Versions::new(self.directory.root(), &self.cache, &self.ignore).unwrap()
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
