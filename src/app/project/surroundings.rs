//! What a verb may know of the process that asks.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::error::{AppError, named_environment};
use crate::app::project::MANIFEST_CACHE;
use crate::digest::Key;
use crate::lockfile::LockPlace;
use crate::look::{GivenResources, OWN_FOLDER, Problems, read_dotenv};
use crate::manifest::{self, Compiled, ManifestErrors};
use crate::model::{AssetGraph, Configuration, DeclaredEnvironment};
use crate::sys::secret;

/// How the manifest is read.
pub(super) type ReadManifest = fn(&Path, &Path, Option<&Key>) -> Result<Compiled, ManifestErrors>;

/// What a verb may know of the process that asks: read once, by the caller.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where the search for the project starts.
    pub directory: PathBuf,
    /// The folder of the instance, whatever an environment says.
    pub home: Option<PathBuf>,
    /// The folder of the instance, where no environment gives another; without it, the project's own.
    pub default_home: Option<PathBuf>,
    /// The instant for which partitions exist.
    pub now: Timestamp,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder with the `.env` file, where it is not the project root.
    pub dotenv: Option<PathBuf>,
    /// What sets values besides what is declared.
    pub configuration: Configuration,
    /// The resources that a program gives.
    pub resources: GivenResources,
}

impl Surroundings {
    /// The folder of the instance of a project with this folder of its own, and of an environment with this home.
    pub(in crate::app) fn home_of(&self, own: &Path, of_environment: Option<PathBuf>) -> PathBuf {
        let typed = |home: &PathBuf| self.directory.join(home);
        let home = self.home.as_ref().map(typed).or(of_environment);
        let home = home.or_else(|| self.default_home.as_ref().map(typed));
        home.unwrap_or_else(|| own.to_owned())
    }

    /// Where the environment of the call keeps records, in the project in `root`.
    ///
    /// # Errors
    ///
    /// If there is no such environment, or the way to its files leads through a link.
    pub(in crate::app) fn kept_places(&self, root: &Path) -> Result<KeptPlaces, AppError> {
        match &self.configuration.env {
            Some(name) => KeptPlaces::of(root, named_environment(&self.declared()?, name)?),
            None => Ok(KeptPlaces::default()),
        }
    }

    /// The lock file of the call, in the project in `root`.
    ///
    /// # Errors
    ///
    /// As [`Self::kept_places`].
    pub fn lock_place(&self, root: &Path) -> Result<LockPlace, AppError> {
        let own = self.kept_places(root)?.lock;
        Ok(own.unwrap_or_else(|| LockPlace::in_root(root)))
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

    /// How a manifest is read: by `read`, or anew with the resources that a program gives.
    pub(super) fn reading(
        &self,
        read: ReadManifest,
    ) -> impl FnOnce(&Path, &Path, Option<&Key>) -> Result<Compiled, ManifestErrors> {
        move |root: &Path, cache: &Path, key: Option<&Key>| {
            if self.resources.is_empty() {
                read(root, cache, key)
            } else {
                manifest::read_texts(root, &[], &self.resources.texts())
            }
        }
    }

    /// What is declared, of which is read what is asked for.
    pub(in crate::app) fn declared(&self) -> Result<AssetGraph, AppError> {
        let root = manifest::find(&self.directory)?.0;
        let own = root.join(OWN_FOLDER);
        refuse_links(&own)?;
        let secret = secret::known_or_made(&self.environment, &root);
        let key = secret.and_then(|secret| of_caches(&secret, &root));
        let read = self.reading(manifest::load_compiled);
        Ok(read(&root, &own.join(MANIFEST_CACHE), key.as_ref())?.graph)
    }

    /// What the user vouches for instances with.
    pub(in crate::app) fn own_key(&self, root: &Path) -> Option<Key> {
        secret::known(&self.environment, root).map(of_instances)
    }
}

/// Where an environment keeps records, as far as it has places of its own.
#[derive(Debug, Default)]
pub(in crate::app) struct KeptPlaces {
    pub lock: Option<LockPlace>,
    /// The folder of the instance.
    pub home: Option<PathBuf>,
}

impl KeptPlaces {
    /// Those of an environment of the project in `root`.
    ///
    /// # Errors
    ///
    /// If the way to them leads through a link of the project.
    pub(super) fn of(root: &Path, environment: &DeclaredEnvironment) -> Result<Self, AppError> {
        for (kept, is_folder) in [(&environment.lock, false), (&environment.home, true)] {
            if let Some(kept) = kept {
                refuse_links_to(root, &kept.path, is_folder)?;
            }
        }
        let (lock, home) = (environment.lock.as_ref(), environment.home.as_ref());
        Ok(Self {
            lock: lock.map(|it| LockPlace::at(root, &it.path)),
            home: home.map(|it| root.join(&it.path)),
        })
    }
}

/// Refuses a way to a path below the root that leads through a link.
fn refuse_links_to(root: &Path, path: &str, is_folder: bool) -> Result<(), AppError> {
    if path.starts_with('/') || path.starts_with("../") {
        return Ok(());
    }
    let ends = path.match_indices('/').map(|(at, _)| at);
    let folders = ends.chain(is_folder.then_some(path.len()));
    let mut folders = folders.map(|end| &path[..end]);
    match folders.find(|folder| root.join(folder).is_symlink()) {
        Some(folder) => Err(AppError::Linked {
            path: folder.to_owned(),
        }),
        None => Ok(()),
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
