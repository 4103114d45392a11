//! One value of a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use crate::app::library::error::OutputError;
use crate::io_manager::Value;
use crate::model::{DataVersion, StepName};
use crate::sys::file::copy_tree;

/// An output of an asset partition as a run has left it: a file or a directory, in memory or on disk.
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
/// use assetctl::{MaterializeRequest, Project, materialize};
///
/// let project = Project::load(folder.path())?;
/// let result = materialize(&project, MaterializeRequest::new())?;
/// let greeting = result.output("greeting", None, None)?;
/// assert_eq!(greeting.size(), 6);
/// assert_eq!(greeting.path(), Some(&*project.root().join("greeting.txt")));
/// greeting.write_to(folder.path().join("elsewhere/copy.txt"))?;
/// assert_eq!(std::fs::read(folder.path().join("elsewhere/copy.txt"))?, b"hello\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OutputValue {
    pub(super) step: StepName,
    pub(super) version: DataVersion,
    pub(super) place: OutputPlace,
}

#[derive(Clone, Debug)]
pub(super) enum OutputPlace {
    Memory(Value),
    /// An absolute path, and the bytes that were there.
    Disk(PathBuf, u64),
}

impl OutputValue {
    /// The asset partition.
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let greeting = result.output("greeting", None, None)?;
    /// assert_eq!(greeting.step().to_string(), "greeting");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn step(&self) -> &StepName {
        &self.step
    }

    /// Its data version: what readers of it are judged by.
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let greeting = result.output("greeting", None, None)?;
    /// let again = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// assert_eq!(again.output("greeting", None, None)?.version(), greeting.version());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn version(&self) -> DataVersion {
        self.version
    }

    /// Its size in bytes; of a directory that of all files in it.
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let greeting = result.output("greeting", None, None)?;
    /// assert_eq!(greeting.size(), 6, "`hello` and a line feed");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.place {
            OutputPlace::Memory(value) => value.bytes(),
            OutputPlace::Disk(_, size) => *size,
        }
    }

    /// Where it lies, absolute; `None` in memory.
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let greeting = result.output("greeting", None, None)?;
    /// assert_eq!(greeting.path(), None);
    /// let on_disk = assetctl::materialize(&project, MaterializeRequest::new())?;
    /// let greeting = on_disk.output("greeting", None, None)?;
    /// assert_eq!(greeting.path(), Some(&*project.root().join("greeting.txt")));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            OutputPlace::Memory(_) => None,
            OutputPlace::Disk(path, _) => Some(path),
        }
    }

    /// What the file holds. In memory it is shared and not copied.
    ///
    /// # Errors
    ///
    /// [`OutputError::Directory`], and on disk [`OutputError::Unreadable`] if it is not there any more.
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let greeting = result.output("greeting", None, None)?;
    /// assert_eq!(&*greeting.bytes()?, b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn bytes(&self) -> Result<Arc<[u8]>, OutputError> {
        let directory = || OutputError::Directory {
            step: self.step.clone(),
        };
        match &self.place {
            OutputPlace::Memory(Value::File { bytes, .. }) => Ok(Arc::clone(bytes)),
            OutputPlace::Memory(Value::Directory(_)) => Err(directory()),
            OutputPlace::Disk(path, _) if path.is_dir() => Err(directory()),
            OutputPlace::Disk(path, _) => match fs::read(path) {
                Ok(bytes) => Ok(bytes.into()),
                Err(source) => Err(OutputError::Unreadable {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }

    /// Copies it, a file or a directory, to `to`, at which nothing is; folders above are made.
    ///
    /// # Errors
    ///
    /// What the system says.
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
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let greeting = result.output("greeting", None, None)?;
    /// let copy = folder.path().join("kept/greeting.txt");
    /// greeting.write_to(&copy)?;
    /// assert_eq!(std::fs::read(copy)?, b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_to(&self, to: impl AsRef<Path>) -> io::Result<()> {
        let to = to.as_ref();
        match &self.place {
            OutputPlace::Memory(value) => value.write(to),
            OutputPlace::Disk(path, _) => {
                if let Some(parent) = to.parent() {
                    fs::create_dir_all(parent)?;
                }
                copy_tree(path, to)
            }
        }
    }
}
