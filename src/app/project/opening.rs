//! Opens a project: finds it, reads its declarations by the configuration of the call, and looks which keys exist.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::app::error::{AppError, named_environment, named_job};
use crate::app::generated::stale_manifests;
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::existing::{Looked, look, look_in};
use crate::app::project::surroundings::{KeptPlaces, of_caches, of_instances, refuse_links};
use crate::app::project::{MANIFEST_CACHE, OpenProject, Surroundings, Traces};
use crate::digest::Key;
use crate::hash::{Ignore, StatCache};
use crate::io_manager::FilesystemIoManager;
use crate::lockfile::LockPlace;
use crate::look::{ManifestTexts, OWN_FOLDER, World, asking_definitions, existing_keys};
use crate::manifest::{self, Compiled, ManifestErrors};
use crate::model::{Configuration, DefinitionId, ExecutionSettings, Lock};
use crate::store::{InstancePlace, Mark};
use crate::sys::inherited::temporary_folder;
use crate::sys::secret;

/// How the user's secret is found.
type Secret = fn(&[(OsString, OsString)], &Path) -> Option<[u8; 32]>;

/// The lock file and the instance, where keys are asked for.
type RecordPlaces<'p> = (&'p LockPlace, InstancePlace<'p>);

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
    pub(in crate::app) fn open_main(surroundings: &Surroundings) -> Result<Self, AppError> {
        let read = |root: &Path, _: &Path, _: Option<&Key>| manifest::read_main(root);
        // Other words are about assets, which may be declared elsewhere.
        let surroundings = &Surroundings {
            configuration: Configuration {
                env: surroundings.configuration.env.clone(),
                ..Configuration::default()
            },
            ..surroundings.clone()
        };
        let mut project = Self::open_from(surroundings, (secret::known as Secret, read), look)?;
        project.traces = Traces::None;
        Ok(project)
    }

    /// The project as it would be with other texts in some included files: each a path and a text. Nothing is written.
    pub(in crate::app) fn open_texts(
        surroundings: &Surroundings,
        texts: &[(String, String)],
    ) -> Result<Self, AppError> {
        let given = surroundings.resources.texts();
        let read =
            |root: &Path, _: &Path, _: Option<&Key>| manifest::read_texts(root, texts, &given);
        let mut project = Self::open_from(surroundings, (secret::known as Secret, read), look)?;
        project.traces = Traces::None;
        Ok(project)
    }

    /// Finds the manifests whose commands would print another text. A lock file that cannot be read knows none of them.
    fn find_stale_manifests(&mut self) -> Result<(), AppError> {
        if self.has_generators() {
            let lock = self.lock_place.read().ok().flatten();
            let lines = lock.map_or_else(Vec::new, |parsed| parsed.lock.manifests);
            let stale = stale_manifests(self, &lines)?;
            self.stale_manifests = stale;
        }
        Ok(())
    }

    /// [`Self::open`], for a project in which nothing may be written, not even a cache.
    pub fn open_unchanged(surroundings: &Surroundings) -> Result<Self, AppError> {
        let look =
            |world: World<'_>, (lock, home): RecordPlaces<'_>, used: &BTreeSet<DefinitionId>| {
                look_in(world, lock, used, || InstanceAccess::untouched_at(home))
            };
        let known = (
            secret::known as Secret,
            surroundings.reading(manifest::read_compiled),
        );
        let mut project = Self::open_from(surroundings, known, look)?;
        project.traces = Traces::None;
        project.find_stale_manifests()?;
        Ok(project)
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
            default_home: None,
            now: self.now,
            environment: self.environment.clone(),
            dotenv: self.dotenv.clone(),
            configuration: self.configuration.clone(),
            resources: self.resources.clone(),
        };
        Ok(Self::open(&surroundings)?.within(self.repository.as_ref()))
    }

    fn open_with(
        surroundings: &Surroundings,
        look: impl FnOnce(
            World<'_>,
            RecordPlaces<'_>,
            &BTreeSet<DefinitionId>,
        ) -> Result<Looked, AppError>,
    ) -> Result<Self, AppError> {
        let known = (
            secret::known_or_made as Secret,
            surroundings.reading(manifest::load_compiled),
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
            RecordPlaces<'_>,
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
        let mut declared = (!configuration.is_empty()).then(|| compiled.graph.clone());
        let mut execution = ExecutionSettings::default();
        let mut params = None;
        let mut kept = KeptPlaces::default();
        if let (Some(declared), Some(name)) = (&declared, &configuration.job) {
            named_job(declared, name)?;
        }
        if let Some(name) = &configuration.env {
            let environment = named_environment(&compiled.graph, name)?;
            let of_environment = compiled.graph.with_environment(environment);
            kept = KeptPlaces::of(&root, environment)?;
            if kept.lock.is_some() {
                declared = Some(of_environment.clone());
            }
            compiled.graph = of_environment;
        }
        if declared.is_some() {
            let root = root.to_string_lossy();
            let configured = manifest::configured(&compiled.graph, &root, &configuration)?;
            compiled.graph = configured.graph;
            (execution, params) = (configured.execution, configured.params);
        }
        let ignore = Ignore::new(&compiled.graph.settings().ignore)?;
        let home = surroundings.home_of(&own, kept.home);
        let lock_place = kept.lock.unwrap_or_else(|| LockPlace::in_root(&root));
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
        let (keys, mut notices) = look(
            world,
            (&lock_place, asked),
            &asking_definitions(&compiled.graph),
        )?;
        let faults = keys.faults().into_iter().map(str::to_owned);
        notices.extend(faults.map(Notice::UnknownKeys));
        Ok(Self {
            cache: StatCache::open(&own.join("stat.cache"), key.as_ref()),
            key,
            own_key,
            io_manager: FilesystemIoManager::new(&root),
            root,
            home,
            lock_place,
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
            resources: surroundings.resources.clone(),
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
}
