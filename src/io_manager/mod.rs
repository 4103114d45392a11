//! Where the values of assets are kept between the step that makes them and those that read them.
//!
//! A value is one output of one asset partition: a file or a directory. It is named by the path that its asset declares
//! for it, relative to the project root, which no other output of the project has. The engine knows an [`IoManager`] and
//! never where it keeps anything:
//!
//! 1. Before the command starts, [`written`](IoManager::written) says where it writes, and each value that it reads is
//!    [given](IoManager::giving) at its own path, or [loaded](IoManager::load) into a folder of the step's own.
//! 2. What the command wrote is verified and hashed there.
//! 3. Once all outputs of the step are hashed, each of them is [stored](IoManager::store).
//!
//! Two managers are here: [`FilesystemIoManager`] keeps a value at its path in the project, [`MemoryIoManager`] in the
//! memory of this process. An object store is a third one: `written` is the step's staging, `store` uploads from there,
//! values are `Loaded`, and `load` downloads. What such a store holds can also change behind one's back, so it will have
//! to tell the version of what is there; of files the engine asks the file system itself.

mod filesystem;
mod memory;

use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use miette::Diagnostic;
use thiserror::Error;

use crate::model::OutputKind;

pub use filesystem::FilesystemIoManager;
pub use memory::{Entry, EntryKind, MemoryIoManager, Taken, Value};

/// An output of a step: what it is called, and where its command writes it.
///
/// ```
/// use assetctl::{IoManager, MemoryIoManager, OutputKind, StagedOutput, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// assert_eq!(output.written, "staging/build/x.txt");
/// kept.store(&output, Written::Piped(b"hello"[..].into())).expect("it fits");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedOutput {
    /// Its path, relative to the project root.
    pub path: String,
    /// Where the command writes it, relative to the project root or absolute; the same as `path` in place.
    pub written: String,
    /// What it is.
    pub kind: OutputKind,
}

/// What a command has written.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use assetctl::{IoManager, MemoryIoManager, OutputKind, StagedOutput, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// assert_eq!(&*kept.bytes("build/x.txt")?, b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Written {
    /// What lies at [`StagedOutput::written`].
    AtPath,
    /// These bytes, to its standard output.
    Piped(Arc<[u8]>),
}

/// Where a value is once it is stored.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use assetctl::{IoManager, MemoryIoManager, OutputKind, StagedOutput, Stored, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// let stored = kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// assert_eq!(stored, Stored::Elsewhere);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// At its path in the project.
    AtPath,
    /// Where only its manager finds it.
    Elsewhere,
}

/// How a command gets a value.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use assetctl::{Giving, IoManager, MemoryIoManager, OutputKind, StagedOutput, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// assert_eq!(kept.giving("build/x.txt"), Giving::AtPath, "an earlier run may have made it");
/// kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// assert_eq!(kept.giving("build/x.txt"), Giving::Loaded);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giving {
    /// At its path in the project.
    AtPath,
    /// It is loaded before the command starts.
    Loaded,
}

/// How values pass through the standard input and output of a command.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use assetctl::{IoManager, MemoryIoManager, OutputKind, StagedOutput, Streams, Written};
///
/// let kept = MemoryIoManager::new(1_000);
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: kept.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// kept.store(&output, Written::Piped(b"hello"[..].into()))?;
/// assert_eq!(kept.streams(), Streams::Pipes { limit: 995 }, "bytes that are left");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// The command reads and writes files.
    Files,
    /// The bytes go through pipes, of standard output at most this number.
    Pipes {
        /// In bytes.
        limit: u64,
    },
}

/// Keeps the values of assets. All methods may be called from many threads at once.
///
/// A run chooses between the two that there are by [`IoManagerKind`](crate::IoManagerKind); no request takes another one yet.
/// The trait is where object stores will fit: here is one whose bucket is a folder.
///
/// ```
/// use std::path::{Path, PathBuf};
/// use std::sync::Arc;
/// use std::{fs, io};
/// use assetctl::{
///     Giving, IoManager, IoManagerError, OutputKind, StagedOutput, Stored, Streams, Taken, Written,
/// };
///
/// #[derive(Debug)]
/// struct Bucket(PathBuf);
///
/// impl Bucket {
///     fn object(&self, path: &str) -> PathBuf {
///         self.0.join(path.replace('/', "~"))
///     }
/// }
///
/// impl IoManager for Bucket {
///     fn written(&self, staging: &str, path: &str) -> String {
///         format!("{staging}/{path}")
///     }
///
///     fn make_way(&self, output: &StagedOutput) -> Result<(), IoManagerError> {
///         match output.kind {
///             OutputKind::File => Ok(()),
///             OutputKind::Directory => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
///         }
///     }
///
///     fn store(&self, output: &StagedOutput, written: Written) -> Result<Stored, IoManagerError> {
///         let uploaded = self.object(&format!("{}.part", output.path));
///         match written {
///             Written::AtPath => fs::copy(&output.written, &uploaded).map(drop)?,
///             Written::Piped(bytes) => fs::write(&uploaded, bytes)?,
///         }
///         fs::rename(uploaded, self.object(&output.path))?;
///         Ok(Stored::Elsewhere)
///     }
///
///     fn giving(&self, path: &str) -> Giving {
///         if self.object(path).exists() { Giving::Loaded } else { Giving::AtPath }
///     }
///
///     fn load(&self, path: &str, to: &Path) -> Result<Taken, IoManagerError> {
///         fs::copy(self.object(path), to)?;
///         Ok(Taken::default())
///     }
///
///     fn bytes(&self, path: &str) -> Result<Arc<[u8]>, IoManagerError> {
///         Ok(fs::read(self.object(path))?.into())
///     }
///
///     fn streams(&self) -> Streams {
///         Streams::Files
///     }
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
///
/// let bucket = Bucket(folder.path().to_owned());
/// let output = StagedOutput {
///     path: "build/x.txt".to_owned(),
///     written: bucket.written("staging", "build/x.txt"),
///     kind: OutputKind::File,
/// };
/// assert_eq!(bucket.store(&output, Written::Piped(b"hello"[..].into()))?, Stored::Elsewhere);
/// assert_eq!(bucket.giving("build/x.txt"), Giving::Loaded);
/// bucket.load("build/x.txt", &folder.path().join("copy.txt"))?;
/// assert_eq!(fs::read(folder.path().join("copy.txt"))?, b"hello");
/// # Ok(())
/// # }
/// ```
pub trait IoManager: Send + Sync + fmt::Debug {
    /// Where a command writes the output `path` so that it can be stored from there: below the step's folder `staging`,
    /// or wherever else it is stored faster. Both are relative to the project root, or absolute.
    fn written(&self, staging: &str, path: &str) -> String;

    /// Makes sure that an output can be stored, as far as one can know before; changes nothing that is stored.
    fn make_way(&self, output: &StagedOutput) -> Result<(), IoManagerError>;

    /// Takes a complete output. What was stored under its path is replaced, at once or not at all.
    fn store(&self, output: &StagedOutput, written: Written) -> Result<Stored, IoManagerError>;

    /// How a command gets the value stored under `path`.
    fn giving(&self, path: &str) -> Giving;

    /// Puts a copy of the value stored under `path` at `to`, an absolute path at which nothing is. What it takes is taken
    /// until the answer is dropped, when the copy is removed.
    fn load(&self, path: &str, to: &Path) -> Result<Taken, IoManagerError>;

    /// The bytes of the file stored under `path`.
    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, IoManagerError>;

    /// How values pass through standard input and output.
    fn streams(&self) -> Streams;
}

/// Why a value could not be stored or loaded.
///
/// ```
/// use assetctl::{IoManager, MemoryIoManager};
///
/// let error = MemoryIoManager::new(1_000).bytes("build/x.txt").expect_err("it is empty");
/// assert_eq!(error.to_string(), "nothing is stored under `build/x.txt`");
/// assert_eq!(error.stable_code(), "assetctl::io_manager::not_stored");
/// ```
#[derive(Debug, Error, Diagnostic)]
pub enum IoManagerError {
    /// The operating system refused something.
    #[error(transparent)]
    #[diagnostic(code(assetctl::io_manager::io))]
    Io(#[from] io::Error),
    /// There is no room for it.
    #[error("`{path}` takes {bytes} bytes of memory; {used} of at most {limit} are taken already")]
    #[diagnostic(
        code(assetctl::io_manager::memory_limit),
        help("raise `--memory-limit`, or select fewer partitions")
    )]
    MemoryLimit {
        /// The value.
        path: String,
        /// What it takes, in bytes.
        bytes: u64,
        /// What is taken, in bytes.
        used: u64,
        /// What may be taken, in bytes.
        limit: u64,
    },
    /// Nothing is stored under this path.
    #[error("nothing is stored under `{path}`")]
    #[diagnostic(code(assetctl::io_manager::not_stored))]
    NotStored {
        /// The path.
        path: String,
    },
    /// It is a directory, which has no bytes of its own.
    #[error("`{path}` is a directory")]
    #[diagnostic(
        code(assetctl::io_manager::directory),
        help("only files can be given on standard input or printed")
    )]
    Directory {
        /// The path.
        path: String,
    },
}

impl IoManagerError {
    /// Its diagnostic code.
    #[must_use]
    pub const fn stable_code(&self) -> &'static str {
        match self {
            Self::Io(_) => "assetctl::io_manager::io",
            Self::MemoryLimit { .. } => "assetctl::io_manager::memory_limit",
            Self::NotStored { .. } => "assetctl::io_manager::not_stored",
            Self::Directory { .. } => "assetctl::io_manager::directory",
        }
    }
}
