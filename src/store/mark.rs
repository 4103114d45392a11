//! A mark that changes whenever somebody has the instance open for writing: what tells without opening `SQLite` that
//! nothing was recorded since.
//!
//! Whoever opens an instance for writing renews the mark, and renews it again when it has written and closes. So a mark
//! that was read before the instance was read, and is there still, means that nobody has written in between, unless
//! somebody writes just now; then the log of the instance is not empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::sys::file::{FileStamp, Follow, read_file, stamp_at, write_atomically};

/// The file in the home folder that holds the mark.
const FILE: &str = "instance.mark";

/// The state of an instance's files at a moment when nobody wrote to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    text: String,
    /// Size, mtime, ctime, inode of the instance's file.
    file: (u64, i64, i64, u64),
}

/// No mark is longer.
const LONGEST: u64 = 64;

fn read(home: &Path) -> Option<String> {
    String::from_utf8(read_file(&home.join(FILE), LONGEST).ok()?).ok()
}

impl Mark {
    /// The mark of the instance in `home`; `None` where there is no instance, or somebody may be writing to it.
    pub fn read(home: &Path) -> Option<Self> {
        Self::with_text(home, read(home)?)
    }

    /// The mark `text` with the instance's file as it is now.
    pub(super) fn with_text(home: &Path, text: String) -> Option<Self> {
        let stamp = |name: &str| -> Option<FileStamp> {
            stamp_at(rustix::fs::CWD, &home.join(name), Follow::Links).ok()?
        };
        let file = stamp("instance.db")?;
        match stamp("instance.db-wal") {
            Some(log) if log.size > 0 => None,
            _ => Some(Self {
                text,
                file: (file.size, file.mtime_ns, file.ctime_ns, file.inode),
            }),
        }
    }

    /// Gives the instance in `home` a mark that it never had.
    pub(super) fn renew(home: &Path) -> io::Result<String> {
        let text = uuid::Uuid::new_v4().simple().to_string();
        write_atomically(&home.join(FILE), text.as_bytes())?;
        Ok(text)
    }

    /// The file with the mark of the instance in `home`.
    pub(super) fn path(home: &Path) -> PathBuf {
        home.join(FILE)
    }

    /// Takes the mark away.
    pub(super) fn remove(home: &Path) -> io::Result<()> {
        fs::remove_file(home.join(FILE))
    }
}
