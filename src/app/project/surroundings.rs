//! What a verb may know of the process that asks.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::project::MANIFEST_CACHE;
use crate::digest::Key;
use crate::look::{OWN_FOLDER, Problems, read_dotenv};
use crate::manifest;
use crate::model::{AssetGraph, Configuration};
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
    /// The folder with the `.env` file, where it is not the project root.
    pub dotenv: Option<PathBuf>,
    /// What sets values besides what is declared.
    pub configuration: Configuration,
}

impl Surroundings {
    /// The folder of the instance of a project with this folder of its own.
    pub(in crate::app) fn home_of(&self, own: &Path) -> PathBuf {
        let home = self.home.as_ref();
        home.map_or_else(|| own.to_owned(), |home| self.directory.join(home))
    }

    /// The variables that declarations of the project in `root` may name, of which the last one of a name counts.
    pub(in crate::app) fn variables(
        &self,
        root: &Path,
        dotenv: bool,
    ) -> Result<Vec<(OsString, OsString)>, Problems> {
        let mut variables = Vec::new();
        if dotenv {
            variables = read_dotenv(self.dotenv.as_deref().unwrap_or(root))?;
        }
        variables.extend_from_slice(&self.environment);
        Ok(variables)
    }

    /// The key of the caches of the project in `root`, if its user has a secret: what a repository brings along was not
    /// made with it.
    pub fn cache_key(&self, root: &Path) -> Option<Key> {
        of_caches(&secret::known(&self.environment, root)?, root)
    }

    /// What is declared, of which is read what is asked for.
    pub(in crate::app) fn declared(&self) -> Result<AssetGraph, AppError> {
        let root = manifest::find(&self.directory)?.0;
        let own = root.join(OWN_FOLDER);
        refuse_links(&own)?;
        let secret = secret::known_or_made(&self.environment, &root);
        let key = secret.and_then(|secret| of_caches(&secret, &root));
        Ok(manifest::load_compiled(&root, &own.join(MANIFEST_CACHE), key.as_ref())?.graph)
    }

    /// What the user vouches for instances with.
    pub(in crate::app) fn own_key(&self, root: &Path) -> Option<Key> {
        secret::known(&self.environment, root).map(of_instances)
    }
}

/// Nothing of ours is written through a link, so the project's own folder is not one, and holds none. One that a repository has would
/// lead anywhere.
pub(super) fn refuse_links(own: &Path) -> Result<(), AppError> {
    let linked = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path = if path == own {
            OWN_FOLDER.to_owned()
        } else {
            format!("{OWN_FOLDER}/{name}")
        };
        AppError::Linked { path }
    };
    if own.is_symlink() {
        return Err(linked(own));
    }
    let entries = fs::read_dir(own).into_iter().flatten().flatten();
    let is_link = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_symlink());
    match entries.into_iter().find(is_link) {
        Some(entry) => Err(linked(&entry.path())),
        None => Ok(()),
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
