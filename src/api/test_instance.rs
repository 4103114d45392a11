//! An instance for one test.

use std::ops::Deref;
use std::path::Path;

use tempfile::TempDir;

use crate::api::error::Error;
use crate::api::instance::Instance;
use crate::app::AppError;
use crate::sys::temporary::TEMPORARY;

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
