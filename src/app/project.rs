//! A project that was found and read: what every verb starts from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::digest::Digest;
use crate::engine::{OWN_FOLDER, Workspace};
use crate::executor::Executor;
use crate::hash::{Ignore, StatCache, Versions};
use crate::manifest::{self, Compiled};
use crate::model::{AssetGraph, ExistingKeys, KeysByDefinition};
use crate::store::{Access, Opened, Store, StoreError};

/// The compiled manifest, in the project's own folder.
pub(super) const MANIFEST_CACHE: &str = "manifest.cache";

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
}

/// A project that was found and read.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    home: PathBuf,
    compiled: Compiled,
    keys: KeysByDefinition,
    now: Timestamp,
    environment: Vec<(OsString, OsString)>,
    cache: StatCache,
    ignore: Ignore,
}

impl Project {
    /// Finds the project that `surroundings` lie in, and reads its declarations.
    #[expect(
        clippy::missing_panics_doc,
        reason = "one dimension has at most 2^32 keys"
    )]
    pub fn open(surroundings: &Surroundings) -> Result<Self, AppError> {
        let root = manifest::find(&surroundings.directory)?.0;
        let own = root.join(OWN_FOLDER);
        let compiled = manifest::load_compiled(&root, &own.join(MANIFEST_CACHE))?;
        let graph = &compiled.graph;
        let keys = graph
            .keys(&ExistingKeys {
                now: surroundings.now,
                ..ExistingKeys::default()
            })
            .expect("no definition of several dimensions is declared");
        let ignore = Ignore::new(&graph.settings().ignore)?;
        let home = surroundings
            .home
            .as_ref()
            .map_or_else(|| own.clone(), |home| surroundings.directory.join(home));
        Ok(Self {
            cache: StatCache::open(&own.join("stat.cache")),
            root,
            home,
            compiled,
            keys,
            now: surroundings.now,
            environment: surroundings.environment.clone(),
            ignore,
        })
    }

    /// The project root, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the instance.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What is declared.
    #[must_use]
    pub fn graph(&self) -> &AssetGraph {
        &self.compiled.graph
    }

    /// The keys of all partitions definitions.
    #[must_use]
    pub fn keys(&self) -> &KeysByDefinition {
        &self.keys
    }

    /// The instant for which partitions exist.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What is never part of a directory, a glob or an output.
    #[must_use]
    pub fn ignore(&self) -> &Ignore {
        &self.ignore
    }

    /// A variable of the caller's environment.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment
            .iter()
            .find(|(variable, _)| variable == name)
            .map(|(_, value)| value)
    }

    /// The versions of what is on disk.
    pub fn versions(&self) -> Result<Versions<'_>, AppError> {
        Ok(Versions::new(&self.root, &self.cache, &self.ignore)?)
    }

    /// The project as the engine works with it.
    #[must_use]
    pub fn workspace<'a>(
        &'a self,
        versions: &'a Versions<'a>,
        executor: &'a dyn Executor,
    ) -> Workspace<'a> {
        Workspace {
            root: &self.root,
            graph: &self.compiled.graph,
            keys: &self.keys,
            versions,
            environment: &self.environment,
            executor,
        }
    }

    /// The instance; where it is damaged, an empty one, with a notice.
    pub fn instance(&self, access: Access) -> Result<Opened, StoreError> {
        Store::open(&self.home, access)
    }

    /// The digest of all declarations.
    #[must_use]
    pub fn manifest_digest(&self) -> Digest {
        self.compiled.digest
    }

    /// Writes what was learnt about files, so that they need not be read again.
    ///
    /// The cache is disposable: where it cannot be written, the next call is slower and as right. Nothing is created for
    /// a project that has no folder of assetctl's own yet.
    pub fn keep_what_was_learnt(&self) {
        self.cache.save(self.now);
        self.compiled
            .keep(&self.root.join(OWN_FOLDER).join(MANIFEST_CACHE));
    }
}
