//! What can go wrong with an instance, and what was put right silently enough to deserve a line.

use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use rusqlite::ErrorCode;
use thiserror::Error;

use crate::model::RunId;
use crate::sys::inherited::file_size_limit;

/// Why an instance cannot be read or written.
#[derive(Debug, Error, Diagnostic)]
pub enum StoreError {
    /// The bytes are not those of an instance.
    #[error("the instance {} is damaged: {detail}", path.display())]
    #[diagnostic(
        code(assetctl::store::damaged),
        help(
            "the next command that materializes moves it aside and carries over all rows that can be read"
        )
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The instance that was being written turned out to be damaged, and another was put in its place.
    #[error("{notice}")]
    #[diagnostic(
        code(assetctl::store::replaced),
        help("run the command again. {}", .notice.advice())
    )]
    Replaced {
        /// What became of it.
        notice: Box<InstanceNotice>,
    },
    /// Another process has put an instance in the place of the one that was being written.
    #[error("the instance {} was replaced by another process while it was used", path.display())]
    #[diagnostic(
        code(assetctl::store::replaced_by_another),
        help("run the command again: it was damaged, or somebody removed it")
    )]
    ReplacedByAnother {
        /// The file.
        path: PathBuf,
    },
    /// A later assetctl has written it.
    #[error("the instance {} has schema {found}, and this assetctl knows {known}", path.display())]
    #[diagnostic(
        code(assetctl::store::newer),
        help("use the newer assetctl, or another folder for the instance with `--home`")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema that is known.
        known: u32,
    },
    /// Another process has kept it locked for too long.
    #[error("the instance {} is locked by another process", path.display())]
    #[diagnostic(
        code(assetctl::store::locked),
        help("wait for the other process to end, or look for one that hangs")
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file system does not let it be read or written.
    #[error("no permission for the instance {}", path.display())]
    #[diagnostic(
        code(assetctl::store::missing_permission),
        help(
            "make the folder and the files in it readable and writable for you, or use another folder with `--home`"
        )
    )]
    MissingPermission {
        /// The file or folder.
        path: PathBuf,
    },
    /// No space is left.
    #[error("no space is left for the instance {}", path.display())]
    #[diagnostic(
        code(assetctl::store::disk_full),
        help(
            "nothing recorded is lost: make room and run again, or use another folder with `--home`"
        )
    )]
    DiskFull {
        /// The file or folder.
        path: PathBuf,
    },
    /// The file system failed in another way.
    #[error("cannot use the instance {}: {reason}", path.display())]
    #[diagnostic(
        code(assetctl::store::io),
        help("check the path and the disk; `--home` chooses another folder")
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// A write was asked of an instance that was opened for reading.
    #[error("the instance {} is open for reading only", path.display())]
    #[diagnostic(code(assetctl::store::opened_for_reading))]
    OpenedForReading {
        /// The file.
        path: PathBuf,
    },
    /// A run that the instance does not know.
    #[error("the instance {} has no run {run}", path.display())]
    #[diagnostic(
        code(assetctl::store::unknown_run),
        help("`assetctl history ASSET` shows the ids of runs")
    )]
    UnknownRun {
        /// The file.
        path: PathBuf,
        /// The run.
        run: RunId,
    },
}

/// What was put right while an instance was opened; each is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum InstanceNotice {
    /// A damaged instance was moved aside and a new one begun.
    #[error("the instance was damaged ({detail}); it was moved to {}", moved_to.display())]
    #[diagnostic(
        code(assetctl::store::set_aside),
        severity(warning),
        help("{}", .carried.advice())
    )]
    SetAside {
        /// Where it is now.
        moved_to: PathBuf,
        /// What was found.
        detail: String,
        /// How much of it the new one has.
        carried: Carried,
    },
    /// A damaged instance is read as an empty one.
    #[error("the instance {} is damaged ({detail}) and is read as if it were empty", path.display())]
    #[diagnostic(
        code(assetctl::store::ignored_damage),
        severity(warning),
        help(
            "the next command that materializes moves it aside and carries over all rows that can be read"
        )
    )]
    IgnoredDamage {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// An instance that came from elsewhere was moved aside and a new one begun.
    #[error("the instance was not made in this folder, nor by you: it came from elsewhere, and was moved to {}", moved_to.display())]
    #[diagnostic(code(assetctl::store::foreign), severity(warning), help("{}", FOREIGN))]
    Foreign {
        /// Where it is now.
        moved_to: PathBuf,
    },
    /// An instance that came from elsewhere is read as an empty one.
    #[error("the instance {} was not made in this folder, nor by you: it came from elsewhere, and is read as if it were empty", path.display())]
    #[diagnostic(
        code(assetctl::store::ignored_foreign),
        severity(warning),
        help("the next command that materializes moves it aside")
    )]
    IgnoredForeign {
        /// The file.
        path: PathBuf,
    },
    /// An older instance was brought to the schema of this assetctl.
    #[error("the instance was brought from schema {from} to {to}; {} is a copy of the old one", copy.display())]
    #[diagnostic(code(assetctl::store::migrated), severity(advice))]
    Migrated {
        /// Its schema before.
        from: u32,
        /// Its schema now.
        to: u32,
        /// The copy.
        copy: PathBuf,
    },
}

/// What follows of an instance that came from elsewhere.
const FOREIGN: &str = "outputs that match Assets.lock stay fresh; everything else is materialized again, or recorded by `assetctl accept`";

impl InstanceNotice {
    /// What follows for the user.
    fn advice(&self) -> &'static str {
        match self {
            Self::SetAside { carried, .. } => carried.advice(),
            Self::Foreign { .. } | Self::IgnoredForeign { .. } => FOREIGN,
            Self::IgnoredDamage { .. } | Self::Migrated { .. } => "",
        }
    }
}

/// What a query can fail of, before it is known which file is concerned.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Io(io::Error),
    /// A column holds what was never written there.
    Undecodable(&'static str),
    Newer {
        found: u32,
        known: u32,
    },
    UnknownRun(RunId),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Fault {
    fn from(_: rusqlite::types::FromSqlError) -> Self {
        Self::Undecodable("a column is of another type")
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl StoreError {
    /// Says of which file a fault is.
    pub(super) fn at(path: &Path, fault: Fault) -> Self {
        let path = path.to_path_buf();
        match fault {
            Fault::Sqlite(error) => Self::of_sqlite(path, &error),
            Fault::Io(error) => Self::of_io(path, &error),
            Fault::Undecodable(detail) => Self::Damaged {
                path,
                detail: detail.to_owned(),
            },
            Fault::Newer { found, known } => Self::Newer { path, found, known },
            Fault::UnknownRun(run) => Self::UnknownRun { path, run },
        }
    }

    fn of_io(path: PathBuf, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::MissingPermission { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io {
                path,
                reason: error.to_string(),
            },
        }
    }

    fn of_sqlite(path: PathBuf, error: &rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            return Self::Damaged {
                path,
                detail: error.to_string(),
            };
        };
        match code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => Self::Locked { path },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::MissingPermission { path },
            ErrorCode::DiskFull => Self::DiskFull { path },
            ErrorCode::CannotOpen => match std::fs::File::open(&path) {
                Err(cause) => Self::of_io(path, &cause),
                Ok(_) => Self::Io {
                    path,
                    reason: error.to_string(),
                },
            },
            ErrorCode::SystemIoFailure if is_full(&path) => Self::DiskFull { path },
            ErrorCode::SystemIoFailure => Self::Io {
                path,
                reason: match file_size_limit() {
                    Some(limit) => format!(
                        "{error} (no file may grow past {limit} bytes here: raise `ulimit -f`)"
                    ),
                    None => error.to_string(),
                },
            },
            // The statements are fixed and tested: where one does not fit, the tables are not those that were made.
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::Unknown
            | ErrorCode::TypeMismatch
            | ErrorCode::ConstraintViolation
            | ErrorCode::TooBig => Self::Damaged {
                path,
                detail: error.to_string(),
            },
            // A page that is damaged can ask for any amount of it.
            ErrorCode::OutOfMemory if has_memory() => Self::Damaged {
                path,
                detail: "it asks for more memory than any record takes".to_owned(),
            },
            _ => Self::Io {
                path,
                reason: error.to_string(),
            },
        }
    }
}

/// Whether the file system has next to no space left: files in shared memory then fail without saying why.
fn is_full(path: &Path) -> bool {
    const NEXT_TO_NOTHING: u64 = 64 * 1024;
    let space = rustix::fs::statvfs(path.parent().unwrap_or(path));
    space.is_ok_and(|it| it.f_bavail.saturating_mul(it.f_frsize) < NEXT_TO_NOTHING)
}

/// Whether the process can have more memory than any record of an instance takes.
fn has_memory() -> bool {
    const MORE_THAN_ENOUGH: usize = 16 << 20;
    Vec::<u8>::new().try_reserve_exact(MORE_THAN_ENOUGH).is_ok()
}

/// How much of a damaged instance could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// All that was in it.
    All,
    /// What could be read; something may be missing.
    Some,
    /// Nothing.
    Nothing,
}

impl Carried {
    /// What follows for the user.
    fn advice(self) -> &'static str {
        match self {
            Self::All => {
                "All of it could be read and is in the new instance; the moved file can be deleted"
            }
            Self::Some => {
                "All rows that could be read are in the new instance. The others are materialized again, or recorded by `assetctl accept`. Keep the moved file until `assetctl partitions list` shows all keys that were added \
                to dynamic definitions"
            }
            Self::Nothing => {
                "Nothing could be read: everything is materialized again, or recorded by `assetctl accept`. Keep the moved file if it has keys of dynamic definitions that Assets.lock does not have: no other file has them"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::ffi;

    use super::{Fault, StoreError};

    #[test]
    fn more_memory_than_there_is_was_asked_for_by_a_damaged_page() {
        let fault = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOMEM), None);
        let error = StoreError::at(Path::new("instance.db"), Fault::Sqlite(fault));
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    }
}
