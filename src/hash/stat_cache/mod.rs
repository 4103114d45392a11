//! Which version a path had when it looked like this: what lets a file that did not change stay unread.
//!
//! The cache may only say "the same as then", and only when size, mtime, ctime, inode, device and mode all are what they
//! were. It is disposable: whatever is wrong with its file is as if it were not there, and one that cannot be written is not.
//! As it decides, it counts only if its checksums were made with a key that only the user's own assetctl knows.
//!
//! The file of a large project is neither read nor written whole by a call that looks at little of it: it is read page by
//! page, and what was learnt goes into a small file beside it, until that is worth merging. Every row of either is true
//! whenever it was written, so it does not matter which of them is found.
//!
//! Two processes may save at once; the last one wins, and what the other had learnt is learnt again.
//!
//! What was learnt about files since the cache was opened.

mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::digest::{Digest, Key, Kind};
use crate::hash::stat_cache::table::{Row, Table};
use crate::model::DataVersion;
use crate::sys::file::{FileStamp, replace_atomically};

pub(in crate::hash) use crate::hash::stat_cache::table::Cursor;

/// Days after which a row that nobody looked up is dropped.
const KEPT_DAYS: u32 = 30;

/// Days after which rows that are in use are saved only to say so.
const REFRESH_DAYS: u32 = 7;

/// Rows that are kept beside twice those in use, however many nobody looked up lately: 80 MB.
const KEPT_ROWS: usize = 1_000_000;

/// Each save writes up to this many rows anew; of more, only the news, into a file beside them.
const REWRITTEN_ROWS: u32 = 16_384;

/// Once one row in this many is news, a save writes the large file anew.
const ROWS_PER_NEW: u32 = 64;

/// The saved rows, and what was learnt since.
#[derive(Debug)]
pub struct StatCache {
    path: PathBuf,
    /// What its file is made with; without one there is no file.
    key: Option<Key>,
    saved: Table,
    /// What was learnt since the large file was written.
    news: Table,
    learnt: Mutex<Learnt>,
    has_learnt: AtomicBool,
    is_changed: AtomicBool,
    /// Held while a file is written, so that what is written last knows most.
    saving: Mutex<()>,
}

impl StatCache {
    /// The cache whose file is `path`, which need not exist and need not be a cache. Without a key nothing is on disk.
    pub fn open(path: &Path, key: Option<&Key>) -> Self {
        let table = |path: &Path| key.map_or_else(Table::default, |key| Table::open(path, key));
        Self {
            path: path.to_owned(),
            key: key.cloned(),
            saved: table(path),
            news: table(&news_beside(path)),
            learnt: Mutex::default(),
            has_learnt: AtomicBool::new(false),
            is_changed: AtomicBool::new(false),
            saving: Mutex::default(),
        }
    }

    /// Writes what is known, where anything was learnt. `now` dates the rows, so that those of files that are long gone
    /// are dropped. Says whether there was anything to write.
    ///
    /// # Errors
    ///
    /// The file cannot be written. Nothing depends on it.
    pub fn save(&self, now: Timestamp) -> io::Result<bool> {
        let Some(key) = &self.key else {
            return Ok(false);
        };
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let today = day(now);
        let is_old = today.saturating_sub(self.saved.day()) >= REFRESH_DAYS && self.saved.is_used();
        if !self.is_changed.swap(false, Ordering::AcqRel) && !is_old {
            return Ok(false);
        }
        let mut learnt = self.learnt();
        learnt.sort();
        let few = self.saved.rows() / ROWS_PER_NEW;
        let is_little = (self.news.rows() as usize + learnt.len()) <= few as usize;
        let is_sound = !self.saved.is_damaged() && !self.news.is_damaged();
        let is_large = self.saved.rows() > REWRITTEN_ROWS;
        let written = if is_large && is_little && is_sound && !is_old {
            self.write_news(key, &learnt, today)
        } else {
            self.write_all(key, &learnt, today)
        };
        if written.is_err() {
            self.is_changed.store(true, Ordering::Release);
        }
        written.map(|()| true)
    }

    /// The directory of the file.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The version of the file at `path`, if it still looks as it did then.
    pub(super) fn get(&self, path: &Path, stamp: &FileStamp) -> Option<DataVersion> {
        self.get_near(path, stamp, &mut Cursor::default())
    }

    /// [`Self::get`] for who looks up one path after the other.
    pub(super) fn get_near(
        &self,
        path: &Path,
        stamp: &FileStamp,
        cursor: &mut Cursor,
    ) -> Option<DataVersion> {
        let key = key(path);
        let same = |row: Row| (row.stamp == *stamp).then_some(row.version);
        let followed = self.saved.follow(key, cursor);
        if let Some(version) = followed.and_then(same) {
            return Some(version);
        }
        let new = self.news.find(key, &mut Cursor::default());
        if let Some(version) = new.and_then(same) {
            return Some(version);
        }
        if let Some(version) = self.recall(key).and_then(same) {
            return Some(version);
        }
        match followed {
            Some(_) => None,
            None => self.saved.find(key, cursor).and_then(same),
        }
    }

    /// What is known of `path`, however it looks now: how it looked, and the version that it had then.
    pub(super) fn known(
        &self,
        path: &Path,
        cursor: &mut Cursor,
    ) -> Option<(FileStamp, DataVersion)> {
        let key = key(path);
        let row = self
            .recall(key)
            .or_else(|| self.news.find(key, &mut Cursor::default()))
            .or_else(|| self.saved.follow(key, cursor))
            .or_else(|| self.saved.find(key, cursor))?;
        Some((row.stamp, row.version))
    }

    /// Remembers that the file at `path` has `version` while it looks like `stamp`.
    pub(super) fn insert(&self, path: &Path, stamp: FileStamp, version: DataVersion) {
        let row = Row {
            key: key(path),
            version,
            stamp,
            day: 0,
        };
        self.learnt().insert(row);
        self.has_learnt.store(true, Ordering::Release);
        self.is_changed.store(true, Ordering::Release);
    }

    /// Takes it that `paths` are going to be looked up in this order again.
    pub(super) fn line_up<'a>(&self, paths: impl Iterator<Item = &'a Path>) {
        self.learnt().line_up(paths.map(key));
    }

    fn recall(&self, key: Digest) -> Option<Row> {
        if !self.has_learnt.load(Ordering::Acquire) {
            return None;
        }
        self.learnt().get(key)
    }

    fn write_news(&self, key: &Key, learnt: &Learnt, today: u32) -> io::Result<()> {
        let rows = || {
            let news = self.news.iter().map(|(row, _)| row);
            let news = news.filter(|row| !learnt.contains(row.key));
            news.chain(of_today(learnt, today))
        };
        replace_atomically(&news_beside(&self.path), |file| {
            table::write(file, key, today, rows)
        })
    }

    /// Writes the rows that are worth keeping: all in use, and of the others those looked up lately.
    fn write_all(&self, key: &Key, learnt: &Learnt, today: u32) -> io::Result<()> {
        let since = self.kept_since(learnt, today);
        let rows = || {
            let saved = self.saved.iter();
            let saved = saved.filter(|(row, _)| !self.is_news(row.key));
            let known = saved.chain(self.news.iter());
            let known = known.filter(|(row, _)| !learnt.contains(row.key));
            let dated = known.map(|(row, is_seen)| Row {
                day: if is_seen { today } else { row.day },
                ..row
            });
            let kept = dated.filter(|row| row.day >= since);
            kept.chain(of_today(learnt, today))
        };
        replace_atomically(&self.path, |file| table::write(file, key, today, rows))?;
        match std::fs::remove_file(news_beside(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn is_news(&self, key: Digest) -> bool {
        self.news.rows() > 0 && self.news.find(key, &mut Cursor::default()).is_some()
    }

    /// The day since which a row must have been looked up to be kept: not long ago, and later where there are many.
    fn kept_since(&self, learnt: &Learnt, today: u32) -> u32 {
        let first = (today + 1).saturating_sub(KEPT_DAYS);
        let mut idle = [0_usize; KEPT_DAYS as usize];
        let mut used = learnt.len();
        for (row, is_seen) in self.saved.iter().chain(self.news.iter()) {
            if is_seen {
                used += 1;
            } else if let Some(days) = row.day.checked_sub(first) {
                idle[(days as usize).min(idle.len() - 1)] += 1;
            }
        }
        let mut room = used.max(KEPT_ROWS);
        for (days, rows) in idle.iter().enumerate().rev() {
            match room.checked_sub(*rows) {
                Some(left) => room = left,
                None => return first + days as u32 + 1,
            }
        }
        first
    }

    /// A thread that panicked left whole rows, so its map is as good as any.
    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_today(learnt: &Learnt, today: u32) -> impl Iterator<Item = Row> {
    learnt.iter().map(move |row| Row { day: today, ..*row })
}

/// The file of the news beside the file at `path`.
fn news_beside(path: &Path) -> PathBuf {
    path.with_extension("news")
}

fn key(path: &Path) -> Digest {
    Kind::Path.digest(path.as_os_str().as_encoded_bytes())
}

fn day(now: Timestamp) -> u32 {
    (now.as_second() / 86_400).try_into().unwrap_or_default()
}

/// Rows that are not saved yet.
#[derive(Debug, Default)]
struct Learnt {
    rows: Vec<Row>,
    /// The order in which the rows are to be saved: that in which their paths were looked at.
    order: Vec<u32>,
    /// Where the row of a key is.
    positions: HashMap<Digest, u32>,
    next: u32,
}

impl Learnt {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn get(&self, key: Digest) -> Option<Row> {
        let at = self.positions.get(&key)?;
        Some(self.rows[*at as usize])
    }

    pub fn contains(&self, key: Digest) -> bool {
        self.positions.contains_key(&key)
    }

    pub fn insert(&mut self, row: Row) {
        let new = self.rows.len() as u32;
        let at = *self.positions.entry(row.key).or_insert(new);
        if at == new {
            self.rows.push(row);
            let last = self.step();
            self.order.push(last);
        } else {
            self.rows[at as usize] = row;
        }
    }

    /// Gives the rows of these keys the order of the keys.
    pub fn line_up(&mut self, keys: impl Iterator<Item = Digest>) {
        for key in keys {
            if let Some(at) = self.positions.get(&key).copied() {
                self.order[at as usize] = self.step();
            }
        }
    }

    /// Sorts the rows by their order.
    pub fn sort(&mut self) {
        let mut sorted: Vec<u32> = (0..self.rows.len() as u32).collect();
        sorted.sort_unstable_by_key(|at| self.order[*at as usize]);
        self.rows = sorted.iter().map(|at| self.rows[*at as usize]).collect();
        self.order = (0..self.rows.len() as u32).collect();
        self.next = self.rows.len() as u32;
        for (row, at) in self.rows.iter().zip(0..) {
            self.positions.insert(row.key, at);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    fn step(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}
