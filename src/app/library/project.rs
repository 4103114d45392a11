//! A project, and all that the library may know of the world when it works with it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::library::error::Error;
use crate::app::library::instance::Instance;
use crate::app::{AppError, RequestError, Surroundings};
use crate::executor::{Executor, LocalExecutor};
use crate::look::{GivenResources, OWN_FOLDER};
use crate::manifest::{self, GivenText, Manifest, ManifestError, ManifestErrors, Problem};
use crate::model::{AssetKey, Configuration, Name};
use crate::sys::clock::{Clock, SystemClock};

/// The usual folders of programs, which are all that a command sees if nothing else is said.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// A project: a folder with an `Assets.toml`, and what its commands and the library may know of this process.
///
/// Clones are cheap, and all threads may use one. A project holds no state of its own: [`materialize`](crate::materialize),
/// [`plan`](crate::plan), [`status`](crate::status) and [`check`](crate::check) read the declarations as they are when they
/// are called.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo hello > {{output}}"
/// # outputs = "greeting.txt"
/// # "#)?;
/// let project = assetctl::Project::load(folder.path())?.with_environment([
///     ("PATH", "/usr/bin:/bin"),
///     ("LANG", "C.UTF-8"),
/// ]);
/// assert_eq!(project.asset_keys()[0].as_str(), "greeting");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Project {
    root: PathBuf,
    assets: Arc<[AssetKey]>,
    environment: Vec<(OsString, OsString)>,
    clock: Arc<dyn Clock>,
    executor: Arc<dyn Executor>,
}

impl Project {
    /// Finds the project that `dir` lies in, as `assetctl -C dir` would, and checks its declarations. Writes nothing.
    ///
    /// A relative `dir` is taken from the process's current directory, which is asked for here and nowhere else.
    ///
    /// # Errors
    ///
    /// If there is no `Assets.toml` in `dir` or above (`assetctl::manifest::not_found`), or anything is wrong with what is
    /// declared: then the error holds all of it at once, each with its place. A resource that is named and not declared is an
    /// error of the calls that do not give it.
    ///
    /// ```
    /// let error = assetctl::Project::load("/nowhere").expect_err("nothing is there");
    /// assert_eq!(error.code().as_deref(), Some("assetctl::manifest::not_found"));
    /// ```
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = absolute(dir.as_ref())?;
        let root = manifest::find(&dir).map_err(AppError::from)?.0;
        let declared = load_but_resources(&root).map_err(AppError::from)?.graph;
        let assets = declared.order().iter();
        let assets = assets.filter(|id| !declared.is_source(**id));
        Ok(Self {
            assets: assets.map(|id| declared.key(*id).clone()).collect(),
            root,
            environment: vec![("PATH".into(), PATH.into())],
            clock: Arc::new(SystemClock),
            executor: Arc::new(LocalExecutor),
        })
    }

    /// The same project with exactly these variables as its environment.
    ///
    /// Commands see of them what the manifest lets them see; `TMPDIR` says where temporary files go, else that is `/tmp`.
    /// Without this call there is only a `PATH` of the system's usual folders, and never what the process itself has. To pass
    /// that on, say so: `project.with_environment(std::env::vars_os())`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), "[project]")?;
    /// let project = assetctl::Project::load(folder.path())?.with_environment(std::env::vars_os());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_environment<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables.into_iter();
        self.environment = variables.map(|(n, v)| (n.into(), v.into())).collect();
        self
    }

    /// The same project with another clock, which says which time windows have ended and when things happen. Without this
    /// call it is the system's, [`SystemClock`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), "[project]")?;
    /// use std::sync::Arc;
    /// let new_year = assetctl::FixedClock("2024-01-01T00:00:00Z".parse()?);
    /// let project = assetctl::Project::load(folder.path())?.with_clock(Arc::new(new_year));
    /// let status = assetctl::status(&project, assetctl::StatusRequest::new())?;
    /// assert_eq!(status.now, new_year.0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same project whose commands another executor runs. Without this call they are child processes on this machine,
    /// [`LocalExecutor`]. [`Executor`] has an example of one.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = ["echo", "hello"]
    /// # stdout = true
    /// # outputs = "greeting.txt"
    /// # "#)?;
    /// use std::sync::Arc;
    /// use assetctl::{Exit, FakeExecutor, MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let fake = Arc::new(FakeExecutor::printing(|_| (Exit::Code(0), b"hi\n".to_vec())));
    /// let project = Project::load(folder.path())?.with_executor(fake.clone());
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// assert_eq!(result.output("greeting", None, None)?.size(), 3);
    /// assert_eq!(fake.take_ran().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_executor(mut self, executor: Arc<dyn Executor>) -> Self {
        self.executor = executor;
        self
    }

    /// The folder that holds the manifest, absolute. All paths that are declared are relative to it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = "echo hello > {{output}}"
    /// # outputs = "greeting.txt"
    /// # "#)?;
    /// std::fs::create_dir(folder.path().join("deep"))?;
    /// let project = assetctl::Project::load(folder.path().join("deep"))?;
    /// assert_eq!(project.root(), folder.path());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The assets as they were declared when the project was loaded, upstream before downstream. Sources are left out.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = "echo hello > {{output}}"
    /// # outputs = "greeting.txt"
    /// # "#)?;
    /// let project = assetctl::Project::load(folder.path())?;
    /// assert_eq!(project.asset_keys(), [assetctl::AssetKey::parse("greeting")?]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn asset_keys(&self) -> &[AssetKey] {
        &self.assets
    }

    /// The project's own instance, the one that the command line uses: `.assetctl/instance.db`. It is created by the first
    /// run that has something to record.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = "echo hello > {{output}}"
    /// # outputs = "greeting.txt"
    /// # "#)?;
    /// let project = assetctl::Project::load(folder.path())?;
    /// assert_eq!(project.instance().path(), project.root().join(".assetctl"));
    /// assert!(!project.instance().path().exists(), "nothing has been recorded yet");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn instance(&self) -> Instance {
        Instance::in_folder(self.root.join(OWN_FOLDER))
    }

    /// The instance of an environment: the one in its `home`, or the project's own where it has none.
    ///
    /// # Errors
    ///
    /// If the manifest is wrong, or declares no such environment (`assetctl::app::unknown_environment`).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = "echo {{config.whom}} > {{output}}"
    /// # outputs = "greeting.txt"
    /// # config = { whom = "you" }
    /// # [env.prod]
    /// # home = ".assetctl-prod"
    /// # config.greeting.whom = "all"
    /// # "#)?;
    /// use assetctl::{MaterializeRequest, Project, materialize};
    ///
    /// let project = Project::load(folder.path())?;
    /// let instance = project.environment_instance("prod")?;
    /// let request = MaterializeRequest::new().env("prod").instance(&instance);
    /// let result = materialize(&project, request)?;
    /// assert_eq!(std::fs::read_to_string(folder.path().join("greeting.txt"))?, "all\n");
    /// assert!(project.environment_instance("staging").is_err());
    /// # drop(result);
    /// # Ok(())
    /// # }
    /// ```
    pub fn environment_instance(&self, name: &str) -> Result<Instance, Error> {
        let env = Name::parse(name).map_err(|error| {
            AppError::from(RequestError::UnknownEnvironment {
                name: name.to_owned(),
                help: error.to_string(),
            })
        })?;
        let configuration = Configuration {
            env: Some(env),
            ..Configuration::default()
        };
        let surroundings = self.surroundings(None, (configuration, GivenResources::default()));
        let kept = surroundings.kept_places(&self.root)?;
        let own = self.root.join(OWN_FOLDER);
        Ok(Instance::in_folder(surroundings.home_of(&own, kept.home)))
    }

    /// What a verb may know, with the instance that lies in `home`, by a configuration and with resources that are given.
    pub(super) fn surroundings(
        &self,
        home: Option<&Path>,
        (configuration, resources): (Configuration, GivenResources),
    ) -> Surroundings {
        Surroundings {
            directory: self.root.clone(),
            dotenv: None,
            home: home.map(Path::to_owned),
            default_home: None,
            now: self.clock.now(),
            environment: self.environment.clone(),
            configuration,
            resources,
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn executor(&self) -> &dyn Executor {
        &*self.executor
    }
}

impl fmt::Debug for Project {
    /// Without the values of variables, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Project")
            .field("root", &self.root)
            .field("assets", &self.assets)
            .finish_non_exhaustive()
    }
}

/// The manifest, where resources that are named may be those that calls give.
fn load_but_resources(root: &Path) -> Result<Manifest, ManifestErrors> {
    let errors = match manifest::load(root) {
        Ok(manifest) => return Ok(manifest),
        Err(errors) => errors,
    };
    let unknown = |error: &ManifestError| match error.problem() {
        Problem::UnknownResource { name, .. } => Name::parse(name).ok(),
        _ => None,
    };
    let unknown: BTreeSet<Name> = errors.errors().iter().filter_map(unknown).collect();
    if unknown.is_empty() {
        return Err(errors);
    }
    let given = unknown
        .iter()
        .map(|name| GivenText::of_resource(name.as_str(), "", false));
    let given: Vec<GivenText> = given.collect();
    manifest::load_given(root, &[], &given)
}

/// An absolute path; nothing needs to be there.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| {
        Error::App(AppError::Unreadable {
            path: path.display().to_string(),
            source,
        })
    })
}
