//! Which files git tracks.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::repository::texts;
use crate::git::{GitError, Repository};

/// The mode of a symlink in an index.
const LINK: &[u8] = b"120000";
/// The mode of a submodule in an index.
const SUBMODULE: &[u8] = b"160000";

/// The files of a repository's index.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// The top of the work tree, absolute and without links.
    top: PathBuf,
    /// By path relative to the top.
    files: HashMap<Box<[u8]>, Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    File,
    Link,
}

impl Repository {
    /// The files that are tracked: in the index, committed or not.
    pub fn tracked(&self) -> Result<Tracked, GitError> {
        let listed = self.git.read(&self.top, &["ls-files", "--stage", "-z"])?;
        let entry = |entry: &[u8]| -> Option<(Box<[u8]>, Entry)> {
            let tab = entry.iter().position(|byte| *byte == b'\t')?;
            let kind = match entry.get(..6)? {
                LINK => Entry::Link,
                SUBMODULE => return None,
                _ => Entry::File,
            };
            Some((entry[tab + 1..].into(), kind))
        };
        Ok(Tracked {
            top: self.top.clone(),
            files: texts(&listed).filter_map(entry).collect(),
        })
    }
}

impl Tracked {
    /// Whether there is a regular file at `path`, which is absolute.
    #[must_use]
    pub fn has_file(&self, path: &Path) -> bool {
        self.entry(path) == Some(Entry::File)
    }

    /// Whether there is a file or a link at `path`, which is absolute.
    #[must_use]
    pub fn has_entry(&self, path: &Path) -> bool {
        self.entry(path).is_some()
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        let within: &OsStr = path.strip_prefix(&self.top).ok()?.as_os_str();
        self.files.get(within.as_bytes()).copied()
    }
}
