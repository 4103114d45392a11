//! A project that was found and read: what every verb starts from.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::app::error::{AppError, named_job};
use crate::app::generated::stale_manifests;
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::places_read::places_without_gitignored;
use crate::digest::{Digest, Key};
use crate::executor::Executor;
use crate::git::{GitError, Repository};
use crate::hash::{GitIgnored, Ignore, StatCache, Versions};
use crate::io_manager::FilesystemIoManager;
use crate::lockfile;
use crate::look::{
    KeyQuestion, ManifestTexts, OWN_FOLDER, OwnLife, Problems, Workspace, World,
    asking_definitions, existing_keys, look_for_foreign_files, read_dotenv,
};
use crate::manifest::{self, Compiled, ManifestErrors};
use crate::model::{
    AssetGraph, AssetId, Configuration, DefinitionId, ExecutionSettings, KeysByDefinition, Lock,
    PartitionKeys, PathTemplate, Setting, SourceAsset, StaleManifest,
};
use crate::store::{InstancePlace, Mark, Opened, Store, StoreError};
use crate::sys::inherited::temporary_folder;
use crate::sys::secret;

/// The compiled manifest, in the project's own folder.
pub(super) const MANIFEST_CACHE: &str = "manifest.cache";

/// A project that was found and read.
#[derive(Debug)]
pub struct OpenProject {
    root: PathBuf,
    home: PathBuf,
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
    /// The graph as it is declared, where another configuration is given.
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
    /// Finds the project that `surroundings` lie in, reads its declarations, and looks which keys exist.
    pub fn open(surroundings: &Surroundings) -> Result<Self, AppError> {
        let mut project = Self::open_with(surroundings, look)?;
        project.find_stale_manifests()?;
        Ok(project)
    }

    /// [`Self::open`], with the dynamic keys of a lock file alone: the instance is not asked.
    pub fn open_by_lock(surroundings: &Surroundings, lock: &Lock) -> Result<Self, AppError> {
        Self::open_with(surroundings, |world, _, definitions| {
            let world = World {
                added: &lock.added,
                ..world
            };
            Ok((existing_keys(world, definitions, None)?, Vec::new()))
        })
    }

    /// What the main file alone declares: its settings, and the commands that print other files.
    pub(super) fn open_main(surroundings: &Surroundings) -> Result<Self, AppError> {
        let read = |root: &Path, _: &Path, _: Option<&Key>| manifest::read_main(root);
        let mut project = Self::open_from(surroundings, (secret::known as Secret, read), look)?;
        project.traces = Traces::None;
        Ok(project)
    }

    /// The project as it would be with other texts in some included files: each a path and a text. Nothing is written.
    pub(super) fn open_texts(
        surroundings: &Surroundings,
        texts: &[(String, String)],
    ) -> Result<Self, AppError> {
        let read = |root: &Path, _: &Path, _: Option<&Key>| manifest::read_texts(root, texts);
        let mut project = Self::open_from(surroundings, (secret::known as Secret, read), look)?;
        project.traces = Traces::None;
        Ok(project)
    }

    /// Finds the manifests whose commands would print another text. A lock file that cannot be read knows none of them.
    fn find_stale_manifests(&mut self) -> Result<(), AppError> {
        if self.has_generators() {
            let lock = lockfile::read(&self.root).ok().flatten();
            let lines = lock.map_or_else(Vec::new, |parsed| parsed.lock.manifests);
            let stale = stale_manifests(self, &lines)?;
            self.stale_manifests = stale;
        }
        Ok(())
    }

    /// Manifests whose commands would print another text.
    #[must_use]
    pub fn stale_manifests(&self) -> &[StaleManifest] {
        &self.stale_manifests
    }

    /// Whether commands print manifests of it.
    pub(super) fn has_generators(&self) -> bool {
        !self.graph().settings().generators.is_empty()
    }

    /// [`Self::open`], for a project in which nothing may be written, not even a cache.
    pub fn open_unchanged(surroundings: &Surroundings) -> Result<Self, AppError> {
        let look = |world: World<'_>, home: InstancePlace<'_>, used: &BTreeSet<DefinitionId>| {
            look_in(world, used, || InstanceAccess::untouched_at(home))
        };
        let known = (
            secret::known as Secret,
            manifest::read_compiled as ReadManifest,
        );
        let mut project = Self::open_from(surroundings, known, look)?;
        project.traces = Traces::None;
        project.find_stale_manifests()?;
        Ok(project)
    }

    /// The project with these sources and external assets at other paths.
    #[must_use]
    pub fn with_paths(mut self, paths: &[(AssetId, PathTemplate)]) -> Self {
        if !paths.is_empty() {
            self.compiled.graph = self.compiled.graph.with_paths(paths);
        }
        self
    }

    /// The project at another instant, with the dynamic keys of a lock file alone.
    pub fn at(mut self, now: Timestamp, lock: &Lock) -> Result<Self, AppError> {
        self.now = now;
        let world = World {
            added: &lock.added,
            ..self.world()
        };
        self.keys = existing_keys(world, &asking_definitions(self.graph()), None)?;
        Ok(self)
    }

    /// The same project, looked at once more.
    pub fn reopened(&self) -> Result<Self, AppError> {
        let surroundings = Surroundings {
            directory: self.root.clone(),
            home: Some(self.home.clone()),
            now: self.now,
            environment: self.environment.clone(),
            dotenv: self.dotenv.clone(),
            configuration: self.configuration.clone(),
        };
        Ok(Self::open(&surroundings)?.within(self.repository.as_ref()))
    }

    /// What is left of it when nothing of it is asked any more.
    #[must_use]
    pub fn into_declared(self) -> Declared {
        Declared {
            graph: self.compiled.graph,
            keys: self.keys,
        }
    }

    fn open_with(
        surroundings: &Surroundings,
        look: impl FnOnce(
            World<'_>,
            InstancePlace<'_>,
            &BTreeSet<DefinitionId>,
        ) -> Result<Looked, AppError>,
    ) -> Result<Self, AppError> {
        let known = (
            secret::known_or_made as Secret,
            manifest::load_compiled as ReadManifest,
        );
        Self::open_from(surroundings, known, look)
    }

    fn open_from(
        surroundings: &Surroundings,
        (secret, read): (
            Secret,
            impl FnOnce(&Path, &Path, Option<&Key>) -> Result<Compiled, ManifestErrors>,
        ),
        look: impl FnOnce(
            World<'_>,
            InstancePlace<'_>,
            &BTreeSet<DefinitionId>,
        ) -> Result<Looked, AppError>,
    ) -> Result<Self, AppError> {
        let root = manifest::find(&surroundings.directory)?.0;
        let own = root.join(OWN_FOLDER);
        refuse_links(&own)?;
        let secret = secret(&surroundings.environment, &root);
        let key = secret.and_then(|secret| of_caches(&secret, &root));
        let mut compiled = read(&root, &own.join(MANIFEST_CACHE), key.as_ref())?;
        let configuration = surroundings.configuration.clone();
        let declared = (!configuration.is_empty()).then(|| compiled.graph.clone());
        let mut execution = ExecutionSettings::default();
        let mut params = None;
        if let (Some(declared), Some(name)) = (&declared, &configuration.job) {
            named_job(declared, name)?;
        }
        if let Some(declared) = &declared {
            let root = root.to_string_lossy();
            let configured = manifest::configured(declared, &root, &configuration)?;
            compiled.graph = configured.graph;
            (execution, params) = (configured.execution, configured.params);
        }
        let ignore = Ignore::new(&compiled.graph.settings().ignore)?;
        let home = surroundings.home_of(&own);
        let variables = surroundings.variables(&root, compiled.graph.settings().dotenv)?;
        let world = World {
            root: &root,
            graph: &compiled.graph,
            ignore: &ignore,
            now: surroundings.now,
            added: &[],
        };
        let mark = Mark::read(&home);
        let temporary = temporary_folder(&surroundings.environment);
        let own_key = secret.map(of_instances);
        let asked = InstancePlace {
            home: &home,
            temporary: &temporary,
            key: own_key.as_ref(),
        };
        let (keys, mut notices) = look(world, asked, &asking_definitions(&compiled.graph))?;
        let faults = keys.faults().into_iter().map(str::to_owned);
        notices.extend(faults.map(Notice::UnknownKeys));
        Ok(Self {
            cache: StatCache::open(&own.join("stat.cache"), key.as_ref()),
            key,
            own_key,
            io_manager: FilesystemIoManager::new(&root),
            root,
            home,
            compiled,
            manifests: ManifestTexts::default(),
            keys,
            mark,
            notices,
            stale_manifests: Vec::new(),
            now: surroundings.now,
            environment: surroundings.environment.clone(),
            variables,
            dotenv: surroundings.dotenv.clone(),
            ignore,
            traces: Traces::Left,
            git_ignored: OnceLock::new(),
            repository: None,
            configuration,
            execution,
            params,
            declared,
        })
    }

    /// The keys that exist now, whatever existed when the project was opened.
    pub fn keys_now(&self) -> Result<KeysByDefinition, AppError> {
        let used = asking_definitions(self.graph());
        Ok(self.look(&used)?.0)
    }

    /// The keys of a definition, be it used or not.
    pub fn keys_of(&self, definition: DefinitionId) -> Result<PartitionKeys, AppError> {
        let declared = |id: DefinitionId| &self.graph().definitions()[id.0 as usize].definition;
        let dimensions = declared(definition).dimensions();
        let parts = dimensions.iter().map(|dimension| dimension.definition);
        let mut asked: BTreeSet<_> = parts
            .chain([definition])
            .filter(|id| KeyQuestion::of(declared(*id)) != KeyQuestion::Declared)
            .collect();
        let mut used = asking_definitions(self.graph());
        let known;
        let keys = if asked.is_subset(&used) {
            &self.keys
        } else {
            asked.append(&mut used);
            known = self.look(&asked)?.0;
            &known
        };
        if keys.fault_of(definition).is_some() {
            look_for_foreign_files(self.world(), definition)?;
        }
        Ok(keys.get(Some(definition)).clone())
    }

    fn look(&self, definitions: &BTreeSet<DefinitionId>) -> Result<Looked, AppError> {
        let temporary = temporary_folder(&self.environment);
        look(self.world(), self.place(&temporary), definitions)
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

    /// What is declared, where another configuration is given.
    #[must_use]
    pub fn declared_graph(&self) -> Option<&AssetGraph> {
        self.declared.as_ref()
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

/// How the user's secret is found, and how the manifest is read.
type Secret = fn(&[(OsString, OsString)], &Path) -> Option<[u8; 32]>;
type ReadManifest = fn(&Path, &Path, Option<&Key>) -> Result<Compiled, ManifestErrors>;

/// The keys that exist, and what the user should know of the instance.
pub(super) type Looked = (KeysByDefinition, Vec<Notice>);

/// The keys that exist, those of `definitions` among them; lock file and instance are opened only if they have to be asked.
/// An instance that is damaged counts as empty, with a notice.
pub(super) fn look(
    world: World<'_>,
    home: InstancePlace<'_>,
    definitions: &BTreeSet<DefinitionId>,
) -> Result<Looked, AppError> {
    look_in(world, definitions, || InstanceAccess::at(home))
}

/// [`look`], in an instance that is opened only if it is asked.
fn look_in(
    world: World<'_>,
    definitions: &BTreeSet<DefinitionId>,
    open: impl FnOnce() -> Result<InstanceAccess, StoreError>,
) -> Result<Looked, AppError> {
    let asks = |id: &DefinitionId| {
        let declared = &world.graph.definitions()[id.0 as usize];
        KeyQuestion::of(&declared.definition) == KeyQuestion::Instance
    };
    if !definitions.iter().any(asks) {
        return Ok((existing_keys(world, definitions, None)?, Vec::new()));
    }
    let added = lockfile::added_keys(world.root)?;
    let world = World {
        added: &added,
        ..world
    };
    let mut instance = open()?;
    let keys = instance.look(|store| existing_keys(world, definitions, Some(store)))?;
    Ok((keys, instance.notices))
}

/// Nothing of ours is written through a link, so the project's own folder is not one, and holds none. One that a repository has would
/// lead anywhere.
fn refuse_links(own: &Path) -> Result<(), AppError> {
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
    pub(super) fn home_of(&self, own: &Path) -> PathBuf {
        let home = self.home.as_ref();
        home.map_or_else(|| own.to_owned(), |home| self.directory.join(home))
    }

    /// The variables that declarations of the project in `root` may name, of which the last one of a name counts.
    pub(super) fn variables(
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
    pub(super) fn declared(&self) -> Result<AssetGraph, AppError> {
        let root = manifest::find(&self.directory)?.0;
        let own = root.join(OWN_FOLDER);
        refuse_links(&own)?;
        let secret = secret::known_or_made(&self.environment, &root);
        let key = secret.and_then(|secret| of_caches(&secret, &root));
        Ok(manifest::load_compiled(&root, &own.join(MANIFEST_CACHE), key.as_ref())?.graph)
    }

    /// What the user vouches for instances with.
    pub(super) fn own_key(&self, root: &Path) -> Option<Key> {
        secret::known(&self.environment, root).map(of_instances)
    }
}

/// The key that the user vouches for instances with.
fn of_instances(secret: [u8; 32]) -> Key {
    Key::of(&secret, "instances")
}

/// The key of the caches of the project in `root`.
fn of_caches(secret: &[u8; 32], root: &Path) -> Option<Key> {
    let folder = fs::metadata(root).ok()?;
    let purpose = format!("the caches of {} {}", folder.dev(), folder.ino());
    Some(Key::of(secret, &purpose))
}
