//! Where runs are recorded, as the library hands it around; and an instance for one test.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::app::AppError;
use crate::app::library::error::Error;
use crate::app::library::project::absolute;
use crate::store::{Access, Store};
use crate::sys::inherited::{IN_MEMORY, TEMPORARY};
use crate::sys::private_folder::PrivateFolder;

/// Where an ephemeral instance lives: in memory where the system has such a place.
const PLACES: [&str; 2] = [IN_MEMORY, TEMPORARY];

/// An instance: what has been materialized from what, in a folder. It decides what is fresh.
///
/// Clones are the same instance. Several runs, threads and processes may use one at once: a step that another run is
/// working on is waited for, and its result taken.
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
/// use assetctl::{Instance, MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// let instance = Instance::ephemeral()?;
/// let run = || materialize(&project, MaterializeRequest::new().instance(&instance));
/// assert_eq!(run()?.counts().materialized, 1);
/// assert_eq!(run()?.counts().fresh, 1, "the instance knows it");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Instance {
    home: Arc<Home>,
}

#[derive(Debug)]
enum Home {
    Folder(PathBuf),
    Ephemeral(PrivateFolder),
}

impl Instance {
    /// The instance in the folder `dir`. Where there is none yet, the first run that has something to record makes it;
    /// nothing is written before. A relative `dir` is taken from the process's current directory.
    ///
    /// # Errors
    ///
    /// If what is there cannot be read or was written by a newer version (`assetctl::store::…`). One that is damaged is no
    /// error: it counts as empty, and the result of a run says so among its notices.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let home = folder.path().join("home");
    /// let instance = assetctl::Instance::open(&home)?;
    /// assert!(instance.path() == home && !home.exists());
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let home = absolute(dir.as_ref())?;
        Store::open(&home, Access::Read).map_err(AppError::from)?;
        Ok(Self::in_folder(home))
    }

    /// A new, empty instance that is gone with the last clone of this value, also when the process is killed. It lies in
    /// the system's memory where that has a place for files, else in `/tmp`.
    ///
    /// # Errors
    ///
    /// If no folder can be made there (`assetctl::app::unwritable`).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// let place = instance.path().to_owned();
    /// assert!(place.exists());
    /// drop(instance);
    /// assert!(!place.exists());
    /// # Ok(())
    /// # }
    /// ```
    pub fn ephemeral() -> Result<Self, Error> {
        let folder = PrivateFolder::create(&PLACES.map(Path::new));
        let folder = folder.map_err(|source| AppError::Unwritable {
            path: PLACES.join(" or "),
            source,
        })?;
        Ok(Self {
            home: Arc::new(Home::Ephemeral(folder)),
        })
    }

    pub(super) fn in_folder(home: PathBuf) -> Self {
        Self {
            home: Arc::new(Home::Folder(home)),
        }
    }

    /// The folder that it lies in, absolute.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::Instance::ephemeral()?;
    /// assert!(instance.path().is_absolute());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        match &*self.home {
            Home::Folder(home) => home,
            Home::Ephemeral(folder) => folder.path(),
        }
    }
}

/// An instance for one test, in a temporary folder that is removed when this is dropped, or in one that is kept so that it
/// can be looked at.
///
/// It stands for an [`Instance`] wherever one is asked for, and neither reads nor changes the process's environment, so tests
/// may run at once.
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
/// use assetctl::{MaterializeRequest, Project, TestInstance, materialize};
///
/// let project = Project::load(folder.path())?;
/// let instance = TestInstance::new()?;
/// let result = materialize(&project, MaterializeRequest::new().instance(&instance))?;
/// assert!(result.success() && instance.path().join("instance.db").exists());
/// let place = instance.path().to_owned();
/// drop(instance);
/// assert!(!place.exists());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestInstance {
    instance: Instance,
    _folder: Option<TempDir>,
}

impl TestInstance {
    /// A new instance in a folder of its own below `/tmp`.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made (`assetctl::app::unwritable`).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let instance = assetctl::TestInstance::new()?;
    /// assert!(instance.path().is_dir());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("assetctl-test-")
            .tempdir_in(TEMPORARY);
        let folder = folder.map_err(|source| AppError::Unwritable {
            path: TEMPORARY.to_owned(),
            source,
        })?;
        Ok(Self {
            instance: Instance::in_folder(folder.path().to_owned()),
            _folder: Some(folder),
        })
    }

    /// The instance in the folder `dir`, which stays.
    ///
    /// # Errors
    ///
    /// As [`Instance::open`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let instance = assetctl::TestInstance::in_dir(folder.path())?;
    /// drop(instance);
    /// assert!(folder.path().exists());
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_dir(dir: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self {
            instance: Instance::open(dir)?,
            _folder: None,
        })
    }
}

impl Deref for TestInstance {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}
