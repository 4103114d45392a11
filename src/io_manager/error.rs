//! What can go wrong with a stored value.

use std::io;

use miette::Diagnostic;
use thiserror::Error;

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
