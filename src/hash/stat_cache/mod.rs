//! Which version a path had when it looked like this: what lets a file that did not change stay unread.
//!
//! The cache may only say "the same as then", and only when size, mtime, ctime, inode, device and mode all are what they
//! were. It is disposable: whatever is wrong with its file makes it empty, and one that cannot be written is not.
//! Two processes may save at once; the last one wins, and what the other had learnt is learnt again.

mod row;
mod table;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::digest::{Digest, Kind};
use crate::hash::stat_cache::row::Row;
use crate::hash::stat_cache::table::Table;
use crate::model::DataVersion;
use crate::sys::file::{FileStamp, write_atomically};

/// Days after which a row that nobody looked up is dropped.
const KEPT_DAYS: u32 = 30;

/// Days after which rows that are in use are saved only to say so.
const REFRESH_DAYS: u32 = 7;

/// Rows that are kept beside twice those in use, however many nobody looked up lately: 80 MB.
const KEPT_ROWS: usize = 1_000_000;

/// The saved rows, and what was learnt since.
#[derive(Debug)]
pub struct StatCache {
    path: PathBuf,
    saved: Table,
    learnt: Mutex<HashMap<Digest, Row>>,
    has_learnt: AtomicBool,
    is_changed: AtomicBool,
    /// Held while the file is written, so that what is written last knows most.
    saving: Mutex<()>,
}

/// What came of saving.
#[derive(Debug)]
pub enum Saved {
    /// The file holds all that is known.
    Written,
    /// There was nothing to say.
    Unchanged,
    /// The file cannot be written; nothing depends on it.
    Unwritable(io::Error),
}

impl StatCache {
    /// The cache whose file is `path`, which need not exist and need not be a cache.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            saved: Table::load(std::fs::read(path).unwrap_or_default()),
            learnt: Mutex::default(),
            has_learnt: AtomicBool::new(false),
            is_changed: AtomicBool::new(false),
            saving: Mutex::default(),
        }
    }

    /// Writes what is known, where anything was learnt. `now` dates the rows, so that those of files that are long gone
    /// are dropped.
    pub fn save(&self, now: Timestamp) -> Saved {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let today = day(now);
        let is_old = today.saturating_sub(self.saved.day()) >= REFRESH_DAYS && self.saved.is_used();
        if !self.is_changed.swap(false, Ordering::AcqRel) && !is_old {
            return Saved::Unchanged;
        }
        match write_atomically(&self.path, &Table::encode(&self.kept(today), today)) {
            Ok(()) => Saved::Written,
            Err(error) => {
                self.is_changed.store(true, Ordering::Release);
                Saved::Unwritable(error)
            }
        }
    }

    /// The directory of the file.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The version of the file at `path`, if it still looks as it did then.
    pub(super) fn get(&self, path: &Path, stamp: &FileStamp) -> Option<DataVersion> {
        let key = key(path);
        let same = |row: &Row| row.stamp == *stamp;
        if let Some(row) = self.saved.find(key).filter(same) {
            return Some(row.version);
        }
        if !self.has_learnt.load(Ordering::Acquire) {
            return None;
        }
        let row = self.learnt().get(&key).copied();
        row.filter(same).map(|row| row.version)
    }

    /// What is known of `path`, however it looks now: how it looked, and the version that it had then.
    pub(super) fn known(&self, path: &Path) -> Option<(FileStamp, DataVersion)> {
        let key = key(path);
        let learnt = self.learnt().get(&key).copied();
        let row = learnt.or_else(|| self.saved.find(key))?;
        Some((row.stamp, row.version))
    }

    /// Remembers that the file at `path` has `version` while it looks like `stamp`.
    pub(super) fn insert(&self, path: &Path, stamp: FileStamp, version: DataVersion) {
        let key = key(path);
        let row = Row {
            key,
            version,
            stamp,
            day: 0,
        };
        self.learnt().insert(key, row);
        self.has_learnt.store(true, Ordering::Release);
        self.is_changed.store(true, Ordering::Release);
    }

    /// The rows to save, sorted: all in use, and of the others those looked up lately, the latest first.
    fn kept(&self, today: u32) -> Vec<Row> {
        let learnt = self.learnt();
        let mut rows: Vec<Row> = learnt
            .values()
            .map(|row| Row { day: today, ..*row })
            .collect();
        let mut idle = Vec::new();
        for (row, is_seen) in self.saved.iter() {
            if learnt.contains_key(&row.key) {
                continue;
            }
            if is_seen {
                rows.push(Row { day: today, ..row });
            } else if today.saturating_sub(row.day) < KEPT_DAYS {
                idle.push(row);
            }
        }
        drop(learnt);
        idle.sort_unstable_by_key(|row| (Reverse(row.day), row.key));
        idle.truncate(rows.len().max(KEPT_ROWS));
        rows.append(&mut idle);
        rows.sort_unstable_by_key(|row| row.key);
        rows
    }

    /// A thread that panicked left whole rows, so its map is as good as any.
    fn learnt(&self) -> MutexGuard<'_, HashMap<Digest, Row>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(path: &Path) -> Digest {
    Kind::Path.digest(path.as_os_str().as_encoded_bytes())
}

fn day(now: Timestamp) -> u32 {
    (now.as_second() / 86_400).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests;
