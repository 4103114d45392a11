//! Where an instance comes from. One that a repository or an archive brought along tells what somebody else has made: it does
//! not count.
//!
//! An instance names the folder that it lies in by what no copy of a folder keeps: its inode, and when it was born. Whoever
//! writes to it vouches for it besides, with a key of the user's own, so that one's own copies and backups count wherever
//! they lie. So several users of one folder share its instance, and a folder that was moved on its disk keeps it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{fs, io};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::digest::Key;
use crate::store::error::Fault;
use crate::sys::file::{FileStamp, Follow, read_file, stamp_at, write_atomically};

/// The table was added with this schema; what is older came with no such mark.
const SINCE: u32 = 4;

/// A folder, by what no copy of it has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Folder {
    inode: u64,
    device: u64,
    /// Nanoseconds since 1970; `None` where the file system does not tell.
    born: Option<u128>,
}

impl Folder {
    fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        let born = found.created().ok();
        Ok(Self {
            inode: found.ino(),
            device: found.dev(),
            born: born.and_then(|it| Some(it.duration_since(UNIX_EPOCH).ok()?.as_nanos())),
        })
    }

    fn text(&self) -> String {
        let born = self
            .born
            .map_or_else(|| "-".to_owned(), |it| it.to_string());
        format!("{} {} {born}", self.inode, self.device)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (inode, device, born) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            inode: inode.parse().ok()?,
            device: device.parse().ok()?,
            born: born.parse().ok(),
        })
    }

    /// Devices get other numbers when a machine starts or a disk is mounted again, so they count only without a birth.
    fn is(&self, other: &Self) -> bool {
        self.inode == other.inode
            && match (self.born, other.born) {
                (Some(one), Some(other)) => one == other,
                _ => self.device == other.device,
            }
    }
}

/// Marks a new or migrated instance in the folder `home` as one of this folder.
pub(super) fn mark(
    connection: &Connection,
    schema: u32,
    home: &Path,
    key: Option<&Key>,
) -> Result<(), Fault> {
    if schema < SINCE {
        return Ok(());
    }
    let token = uuid::Uuid::new_v4();
    connection.execute(
        "INSERT OR REPLACE INTO origin (one, token, folder, vouched) VALUES (1, ?1, ?2, ?3)",
        params![
            token.as_bytes(),
            Folder::of(home)?.text(),
            vouched(key, token.as_bytes())
        ],
    )?;
    Ok(())
}

/// Whether the instance that lies in the folder `home` came from elsewhere: it was not made in this folder, and this user has not
/// vouched for it.
pub(super) fn is_foreign(
    connection: &Connection,
    schema: u32,
    home: &Path,
    key: Option<&Key>,
) -> Result<bool, Fault> {
    if schema < SINCE {
        return Ok(false);
    }
    let Some((token, folder, vouched_for)) = read(connection)? else {
        return Ok(true);
    };
    let is_vouched_for = key.is_some() && vouched_for == vouched(key, &token);
    let now = Folder::of(home)?;
    let is_here = Folder::parse(&folder).is_some_and(|folder| folder.is(&now));
    Ok(!is_here && !is_vouched_for)
}

/// Names the folder as it is now, and vouches for the instance. Where that cannot be written, it stays as it is.
pub(super) fn renew(connection: &Connection, home: &Path, key: Option<&Key>) {
    let renewed = || -> Result<(), Fault> {
        let Some((token, folder, vouched_for)) = read(connection)? else {
            return Ok(());
        };
        let now = Folder::of(home)?.text();
        let ours = vouched(key, &token).or_else(|| vouched_for.clone());
        if folder != now || vouched_for != ours {
            connection.execute(
                "UPDATE origin SET folder = ?1, vouched = ?2",
                params![now, ours],
            )?;
        }
        Ok(())
    };
    drop(renewed());
}

type Row = (Vec<u8>, String, Option<Vec<u8>>);

fn read(connection: &Connection) -> Result<Option<Row>, Fault> {
    let sql = "SELECT token, folder, vouched FROM origin WHERE one = 1";
    let row = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    Ok(row.optional()?)
}

fn vouched(key: Option<&Key>, token: &[u8]) -> Option<Vec<u8>> {
    Some(key?.digest(token).as_bytes().to_vec())
}

/// The file in the home folder that holds the mark.
const FILE: &str = "instance.mark";

/// The state of an instance's files at a moment when nobody wrote to it: what tells without opening `SQLite` that nothing was
/// recorded since.
///
/// Whoever opens an instance for writing renews the mark, and renews it again when it has written and closes. So a mark that was
/// read before the instance was read, and is there still, means that nobody has written in between, unless somebody writes just
/// now; then the log of the instance is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    text: String,
    /// Size, mtime, ctime, inode of the instance's file.
    file: (u64, i64, i64, u64),
}

/// No mark is longer.
const LONGEST: u64 = 64;

fn mark_text(home: &Path) -> Option<String> {
    String::from_utf8(read_file(&home.join(FILE), LONGEST).ok()?).ok()
}

impl Mark {
    /// The mark of the instance in `home`; `None` where there is no instance, or somebody may be writing to it.
    pub fn read(home: &Path) -> Option<Self> {
        Self::with_text(home, mark_text(home)?)
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
