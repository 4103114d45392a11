//! A project that was found and read: what every verb starts from.

mod existing;
mod opening;
mod surroundings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::app::error::AppError;
use crate::app::notice::Notice;
use crate::app::places_read::places_without_gitignored;
use crate::digest::{Digest, Key};
use crate::executor::Executor;
use crate::git::{GitError, Repository};
use crate::hash::{GitIgnored, Ignore, StatCache, Versions};
use crate::io_manager::FilesystemIoManager;
use crate::lockfile::LockPlace;
use crate::look::{GivenResources, ManifestTexts, OWN_FOLDER, OwnLife, Workspace, World};
use crate::manifest::Compiled;
use crate::model::{
    AssetGraph, AssetId, Configuration, ExecutionSettings, KeysByDefinition, PathTemplate, Setting,
    SourceAsset, StaleManifest,
};
use crate::store::{InstancePlace, Mark, Opened, Store, StoreError};
use crate::sys::inherited::temporary_folder;

pub(super) use existing::look;
pub use surroundings::Surroundings;

/// The compiled manifest, in the project's own folder.
pub(super) const MANIFEST_CACHE: &str = "manifest.cache";

/// A project that was found and read.
#[derive(Debug)]
pub struct OpenProject {
    root: PathBuf,
    home: PathBuf,
    lock_place: LockPlace,
    /// What caches are made with; without one there are none.
    key: Option<Key>,
    /// What the user vouches for instances with.
    own_key: Option<Key>,
    compiled: Compiled,
    manifests: ManifestTexts,
    keys: KeysByDefinition,
    mark: Option<Mark>,
    /// What was found of the instance when it was asked for keys.
    notices: Vec<Notice>,
    stale_manifests: Vec<StaleManifest>,
    now: Timestamp,
    environment: Vec<(OsString, OsString)>,
    variables: Vec<(OsString, OsString)>,
    dotenv: Option<PathBuf>,
    resources: GivenResources,
    cache: StatCache,
    ignore: Ignore,
    io_manager: FilesystemIoManager,
    traces: Traces,
    /// What git ignores of the places of which that is left out, once somebody has asked.
    git_ignored: OnceLock<GitIgnored>,
    /// Where it is not the one that the root lies in.
    repository: Option<Repository>,
    configuration: Configuration,
    execution: ExecutionSettings,
    params: Option<Vec<(String, Setting)>>,
    /// The graph as it is declared, or as the environment makes it whose lock file it is, where another configuration is given.
    declared: Option<AssetGraph>,
}

/// Whether reading may leave traces in assetctl's own folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// Caches are written, and the instance is opened as others do.
    Left,
    /// Nothing is written, even for a moment.
    None,
}

/// What is declared, and the keys that it had when it was looked at.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The assets and sources.
    pub graph: AssetGraph,
    /// The keys of all partitions definitions.
    pub keys: KeysByDefinition,
}

impl OpenProject {
    /// Manifests whose commands would print another text.
    #[must_use]
    pub fn stale_manifests(&self) -> &[StaleManifest] {
        &self.stale_manifests
    }

    /// Whether commands print manifests of it.
    pub(super) fn has_generators(&self) -> bool {
        !self.graph().settings().generators.is_empty()
    }

    /// The project with these sources and external assets at other paths.
    #[must_use]
    pub fn with_paths(mut self, paths: &[(AssetId, PathTemplate)]) -> Self {
        if !paths.is_empty() {
            self.compiled.graph = self.compiled.graph.with_paths(paths);
        }
        self
    }

    /// What is left of it when nothing of it is asked any more.
    #[must_use]
    pub fn into_declared(self) -> Declared {
        Declared {
            graph: self.compiled.graph,
            keys: self.keys,
        }
    }

    pub(super) fn world(&self) -> World<'_> {
        World {
            root: &self.root,
            graph: &self.compiled.graph,
            ignore: &self.ignore,
            now: self.now,
            added: &[],
        }
    }

    /// What sets values besides what is declared.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The params of the job of the call that have a value; `None` where it has no params.
    pub fn params(&self) -> Option<&[(String, Setting)]> {
        self.params.as_deref()
    }

    /// How steps are executed.
    #[must_use]
    pub fn execution(&self) -> ExecutionSettings {
        self.execution
    }

    /// What the lines of the lock file are for, where another configuration is given: what is declared, or what an
    /// environment with a lock file of its own makes of that.
    #[must_use]
    pub fn declared_graph(&self) -> Option<&AssetGraph> {
        self.declared.as_ref()
    }

    /// Whether the lines of the lock file are for this configuration: without one, and in an environment with a lock file of
    /// its own.
    #[must_use]
    pub fn is_of_its_lock(&self) -> bool {
        let configuration = &self.configuration;
        let has_own_lock = configuration.env.is_none() || !self.lock_place.is_default();
        has_own_lock && configuration.is_of_environment_alone()
    }

    /// The resources that a program gives.
    #[must_use]
    pub fn resources(&self) -> &GivenResources {
        &self.resources
    }

    /// The instance's mark from before anything of it was read.
    #[must_use]
    pub fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// The same project, whose files git keeps track of as those of `repository`.
    #[must_use]
    pub fn within(mut self, repository: Option<&Repository>) -> Self {
        self.repository = repository.cloned();
        self
    }

    /// The repository that the project lies in.
    pub fn repository(&self) -> Result<Repository, GitError> {
        match &self.repository {
            Some(repository) => Ok(repository.clone()),
            None => Repository::open(&self.root, &self.environment),
        }
    }

    /// The project root, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What caches are made with; without one there are none.
    #[must_use]
    pub fn cache_key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// The folder of the instance.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Where its lock file lies.
    #[must_use]
    pub fn lock_place(&self) -> &LockPlace {
        &self.lock_place
    }

    /// Whether reading it may leave traces.
    #[must_use]
    pub const fn traces(&self) -> Traces {
        self.traces
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

    /// The caller's environment.
    #[must_use]
    pub fn environment(&self) -> &[(OsString, OsString)] {
        &self.environment
    }

    /// The variables that declarations may name: those of the `.env` file, and then the caller's.
    #[must_use]
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// A variable of the caller's environment. Of one that occurs twice, the last value counts.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment
            .iter()
            .rev()
            .find(|(variable, _)| variable == name)
            .map(|(_, value)| value)
    }

    /// The versions of what is on disk.
    pub fn versions(&self) -> Result<Versions<'_>, AppError> {
        let versions = Versions::new(&self.root, &self.cache, &self.ignore)?;
        let places = places_without_gitignored(self.graph());
        if places.is_empty() {
            return Ok(versions);
        }
        // Another thread would find the same.
        if self.git_ignored.get().is_none() {
            let found = self.git_ignored_below(&places)?;
            let _ = self.git_ignored.set(found);
        }
        Ok(match self.git_ignored.get() {
            Some(ignored) => versions.leaving_out(ignored),
            None => versions,
        })
    }

    /// Whether a path is no part of a source because git ignores it, after [`Self::versions`].
    #[must_use]
    pub fn leaves_out(&self, source: &SourceAsset, path: &Path) -> bool {
        let ignored = self.git_ignored.get();
        source.leaves_out_gitignored && ignored.is_some_and(|it| it.has(path))
    }

    /// What git ignores of these places; nothing where there is no repository.
    pub fn git_ignored_below(&self, places: &[String]) -> Result<GitIgnored, AppError> {
        if self.repository.is_none() && !Repository::may_hold(&self.root) {
            return Ok(GitIgnored::default());
        }
        let repository = match self.repository() {
            Ok(repository) => repository,
            Err(GitError::NoRepository { .. }) => return Ok(GitIgnored::default()),
            Err(error) => return Err(error.into()),
        };
        Ok(GitIgnored::new(repository.ignored_below(places)?))
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
            home: &self.home,
            own: OWN_FOLDER,
            own_life: OwnLife::Kept,
            graph: &self.compiled.graph,
            manifests: &self.manifests,
            keys: &self.keys,
            versions,
            environment: &self.environment,
            variables: &self.variables,
            resources: &self.resources,
            io_manager: &self.io_manager,
            executor,
        }
    }

    /// Where the instance lies; a copy of it would lie in the folder `temporary`.
    #[must_use]
    pub fn place<'a>(&'a self, temporary: &'a Path) -> InstancePlace<'a> {
        InstancePlace {
            home: &self.home,
            temporary,
            key: self.own_key.as_ref(),
        }
    }

    /// The instance, to be written; where it is damaged or came from elsewhere, a new one, with a notice.
    pub fn instance(&self) -> Result<Opened, StoreError> {
        let temporary = temporary_folder(&self.environment);
        Store::open_to_write(self.place(&temporary))
    }

    /// What the user should know of the instance, as far as it was asked for keys.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
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
        if self.traces == Traces::None {
            return;
        }
        drop(self.cache.save(self.now));
        self.compiled
            .keep(&self.root.join(OWN_FOLDER).join(MANIFEST_CACHE));
    }
}
