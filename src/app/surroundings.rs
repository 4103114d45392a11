//! What a verb may know of the process that asks, and the keys that follow from its user.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::digest::Key;
use crate::sys::secret;

/// What a verb may know of the process that asks: read once, by the caller.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where the search for the project starts.
    pub directory: PathBuf,
    /// The folder of the instance, where it is not the project's own.
    pub home: Option<PathBuf>,
    /// The instant for which partitions exist.
    pub now: Timestamp,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The program that asks: answers that take long are kept for it. `None` keeps none.
    pub program: Option<PathBuf>,
}

impl Surroundings {
    /// The key of the caches of the project in `root`, if its user has a secret: what a repository brings along was not
    /// made with it.
    pub fn cache_key(&self, root: &Path) -> Option<Key> {
        of_caches(&secret::known(&self.environment, root)?, root)
    }

    /// What the user vouches for instances with.
    pub(super) fn own_key(&self, root: &Path) -> Option<Key> {
        secret::known(&self.environment, root).map(of_instances)
    }
}

/// The key that the user vouches for instances with.
pub(super) fn of_instances(secret: [u8; 32]) -> Key {
    Key::of(&secret, "instances")
}

/// The key of the caches of the project in `root`.
pub(super) fn of_caches(secret: &[u8; 32], root: &Path) -> Option<Key> {
    let folder = fs::metadata(root).ok()?;
    let purpose = format!("the caches of {} {}", folder.dev(), folder.ino());
    Some(Key::of(secret, &purpose))
}
