//! Files that a sparse checkout leaves out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::git::repository::texts;
use crate::git::{GitError, Repository};

impl Repository {
    /// The files that git has and that a sparse checkout leaves out of the work tree, absolute and in order.
    pub fn left_out(&self) -> Result<Vec<PathBuf>, GitError> {
        let listed = self.git.read(&self.top, &["ls-files", "-t", "-z"])?;
        let skipped = texts(&listed).filter_map(|entry| entry.strip_prefix(b"S "));
        Ok(skipped
            .map(|path| self.top.join(OsStr::from_bytes(path)))
            .collect())
    }
}
