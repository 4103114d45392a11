//! The lock file as a verb finds it and changes it.
//!
//! It is read before anything is done, so that a file of a later version stops the verb and is never overwritten. Between
//! that and the end others may have written it: the change is made to what is there then, under a lock between processes,
//! so that no line is lost.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::app::error::AppError;
use crate::app::lock::fold::updated;
use crate::app::notice::{DamagedLock, Notice};
use crate::app::project::OpenProject;
use crate::app::snapshot::KeptLock;
use crate::digest::{Digest, Folding, Key, Kind, Sink};
use crate::hash::{Versions, version_of_bytes};
use crate::lock::{LockChanges, is_met, stand_apart};
use crate::lockfile::{self, FILE_NAME, LineIndex, Parsed, WantedLines};
use crate::look::OWN_FOLDER;
use crate::model::{Lock, RULE};
use crate::plan::{Cell, Scope};
use crate::sys::file::{read_own, write_atomically};
use crate::sys::lock::FileLock;

/// The file that is locked while the lock file is changed, in the project's own folder.
const GUARD: &str = "lockfile.lock";

/// The lock file of a project as it was found.
#[derive(Debug)]
pub struct LockFile {
    /// Its bytes; `None` where there is no file.
    bytes: Option<Vec<u8>>,
    /// What it says, once somebody has asked.
    lock: OnceLock<Lock>,
    /// Where its lines stand, once somebody has asked.
    lines: OnceLock<Option<LineIndex>>,
    state: State,
    /// Whether others have written it since it was read.
    is_of_others: bool,
}

/// How the file was found.
#[derive(Debug)]
enum State {
    /// Just as assetctl has left it, or not at all.
    Written,
    /// As it may have been written.
    Tidy,
    /// As a merge leaves it, or of an older rule.
    Untidy,
    /// With lines that cannot be read, or without a header.
    Damaged(Option<DamagedLock>),
}

impl LockFile {
    /// Reads it. Of a damaged file the lines that can be read count.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is of a later version.
    pub fn read(project: &OpenProject) -> Result<Self, AppError> {
        let place = project.lock_place();
        let bytes = match place.read_bytes() {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Ok(Self {
                    bytes: None,
                    lock: Lock::default().into(),
                    lines: OnceLock::new(),
                    state: State::Written,
                    is_of_others: false,
                });
            }
            Err(source) => {
                let path = place.path().to_owned();
                return Err(AppError::Unreadable { path, source });
            }
        };
        if is_written(project, &bytes) {
            return Ok(Self::written(bytes));
        }
        let (lock, state) = match lockfile::parse(place.path(), &bytes) {
            Ok(Parsed {
                lock, tidy: true, ..
            }) if lock.rule == RULE => (lock, State::Tidy),
            Ok(Parsed { lock, .. }) => (lock, State::Untidy),
            Err(_) => {
                let (lock, damaged) = lockfile::salvage(place.path(), &bytes)?;
                (lock, State::Damaged(DamagedLock::of(damaged)))
            }
        };
        Ok(Self {
            bytes: Some(bytes),
            lock: lock.into(),
            lines: OnceLock::new(),
            state,
            is_of_others: false,
        })
    }

    /// The file with a text that the writer gave.
    fn written(text: Vec<u8>) -> Self {
        Self {
            bytes: Some(text),
            lock: OnceLock::new(),
            lines: OnceLock::new(),
            state: State::Written,
            is_of_others: false,
        }
    }

    /// What it holds.
    pub fn lock(&self) -> &Lock {
        let parsed = || parsed(self.bytes.as_deref());
        self.lock.get_or_init(parsed)
    }

    /// What it says of some cells of a scope, at less cost than [`Self::lock`]; `None` where only that can tell.
    pub fn part_about(&self, scope: &Scope<'_>, concerns: &dyn Fn(Cell) -> bool) -> Option<Lock> {
        part_about(self.written_lines()?, scope, concerns)
    }

    /// Its text with the places of its lines, if assetctl has left it just so.
    fn written_lines(&self) -> Option<(&str, &LineIndex)> {
        let text = self.written_text()?;
        let lines = self.lines.get_or_init(|| LineIndex::of(text));
        Some((text, lines.as_ref()?))
    }

    /// The text, if assetctl has left it just so.
    fn written_text(&self) -> Option<&str> {
        let is_written = matches!(self.state, State::Written);
        let text = self.bytes.as_deref().filter(|_| is_written)?;
        std::str::from_utf8(text).ok()
    }

    /// What it holds, if there is such a file and it is not damaged.
    pub fn sound(&self) -> Option<&Lock> {
        (self.exists() && self.is_sound()).then(|| self.lock())
    }

    /// How it is kept in mind once the lines of all that is fresh are right in it, as far as only this process has written it.
    pub fn kept(&self) -> KeptLock {
        if self.is_of_others {
            return KeptLock::Unknown;
        }
        KeptLock::Whole(self.bytes.as_deref().map(version_of_bytes))
    }

    /// Whether it is not damaged; one that is not there is sound.
    pub fn is_sound(&self) -> bool {
        !matches!(self.state, State::Damaged(_))
    }

    /// Whether there is such a file.
    pub fn exists(&self) -> bool {
        self.bytes.is_some()
    }

    /// What the user should know of it, if it is to be written.
    pub fn notices(&self) -> Vec<Notice> {
        match &self.state {
            State::Damaged(damage) => damage.iter().cloned().map(Notice::DamagedLock).collect(),
            State::Written => Vec::new(),
            State::Tidy | State::Untidy => match self.lock().unknown.len() {
                0 => Vec::new(),
                count => vec![Notice::UnknownLines(count)],
            },
        }
    }

    /// Changes it, and gives it as it is now. Where nothing changes it is
    /// written only to put in order what a merge or a torn write has left.
    ///
    /// # Errors
    ///
    /// If it cannot be written. What was read before may be of a later version by now.
    pub fn change(
        self,
        project: &OpenProject,
        versions: &Versions<'_>,
        changes: LockChanges,
    ) -> Result<Self, AppError> {
        if changes.is_empty() && matches!(self.state, State::Written | State::Tidy) {
            return Ok(self);
        }
        let _guard = guard(project)?;
        let now = self.read_again(project)?;
        let is_of_others = now.is_of_others;
        let new = if let Some(text) = now.spliced(project, &changes) {
            Self::written(text.into_bytes())
        } else {
            let is_there = now.exists();
            let new = updated(project, versions, now.into_lock(), changes)?;
            if !is_there && is_empty(&new) {
                return Ok(Self {
                    bytes: None,
                    lock: new.into(),
                    lines: OnceLock::new(),
                    state: State::Written,
                    is_of_others: false,
                });
            }
            let text = lockfile::print(&new).into_bytes();
            Self {
                lock: new.into(),
                ..Self::written(text)
            }
        };
        let text = new.bytes.as_deref().unwrap_or_default();
        let place = project.lock_place();
        place.write_text(text)?;
        note(project, text);
        // It was written just now, and would be too young to be sealed.
        if let Ok(settled) = versions.settle(place.path(), place.path()) {
            versions.adopt(place.path(), &settled);
        }
        Ok(Self {
            is_of_others,
            ..new
        })
    }

    /// Its text after some changes, if its other lines stay as they are; `None` where all of it is to be written anew.
    fn spliced(&self, project: &OpenProject, changes: &LockChanges) -> Option<String> {
        let (text, lines) = self.written_lines()?;
        let new = changes.additions()?;
        if changes.concern_lines() {
            let outlines = lines.outlines(text)?;
            let declared = (project.graph(), project.keys());
            stand_apart(declared, &outlines, changes).then_some(())?;
        }
        lockfile::splice((text, lines), &new)
    }

    fn into_lock(self) -> Lock {
        let Self { bytes, lock, .. } = self;
        lock.into_inner()
            .unwrap_or_else(|| parsed(bytes.as_deref()))
    }

    /// The same file, read again if somebody has written it since.
    fn read_again(self, project: &OpenProject) -> Result<Self, AppError> {
        let now = project.lock_place().read_bytes().ok().flatten();
        if now == self.bytes {
            Ok(self)
        } else {
            let others = Self::read(project)?;
            Ok(Self {
                is_of_others: true,
                ..others
            })
        }
    }
}

/// What a text says that the writer gave.
fn parsed(text: Option<&[u8]>) -> Lock {
    let parsed = lockfile::parse(FILE_NAME, text.unwrap_or_default());
    parsed.expect("what was written can be read").lock
}

fn is_empty(lock: &Lock) -> bool {
    lock.assets.is_empty()
        && lock.sources.is_empty()
        && lock.added.is_empty()
        && lock.manifests.is_empty()
        && lock.unknown.is_empty()
}

/// Keeps other processes from changing the lock file meanwhile.
fn guard(project: &OpenProject) -> Result<FileLock, AppError> {
    let own = project.root().join(OWN_FOLDER);
    let held = fs::create_dir_all(&own).and_then(|()| FileLock::exclusive(&own.join(GUARD)));
    held.map_err(|source| AppError::Unwritable {
        path: format!("{}: {OWN_FOLDER}/{GUARD}", project.lock_place().path()),
        source,
    })
}

/// The file with the note on `Assets.lock`, in the project's own folder.
const NOTE: &str = "lockfile.written";

/// Whether a text is the one that was noted.
fn is_written(project: &OpenProject, text: &[u8]) -> bool {
    let note = read_own(&path(project));
    let key = project.cache_key();
    key.is_some_and(|key| note.is_ok_and(|note| note == digest(key, text).to_string().as_bytes()))
}

/// Notes a text that the writer gave.
fn note(project: &OpenProject, text: &[u8]) {
    if let Some(key) = project.cache_key() {
        let note = digest(key, text).to_string();
        // Without a note the next call reads everything.
        drop(write_atomically(&path(project), note.as_bytes()));
    }
}

/// Each lock file has a note of its own.
fn path(project: &OpenProject) -> PathBuf {
    let place = project.lock_place();
    let own = project.root().join(OWN_FOLDER);
    if place.is_default() {
        return own.join(NOTE);
    }
    let name = Kind::Value.digest(place.path().as_bytes());
    own.join(format!("{NOTE}.{name}"))
}

/// Another version of assetctl may write otherwise.
fn digest(key: &Key, text: &[u8]) -> Digest {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.number("rule", RULE.into());
    folding.digest("text", Kind::Value.digest(text));
    key.digest(folding.finish(Kind::Value).as_bytes())
}

/// Lines of up to this number of partitions are looked for one by one; for more, reading all lines is faster.
const FEW: usize = 1_000;

/// The lines of the concerned cells of a scope, and all that is no line of an asset; `None` where there are many, where
/// partitions of the scope may stand in blocks, or where the text is not as it is written.
fn part_about(
    (text, lines): (&str, &LineIndex),
    scope: &Scope<'_>,
    concerns: &dyn Fn(Cell) -> bool,
) -> Option<Lock> {
    let mut wanted = WantedLines::new();
    let mut count = 0;
    for (row, asset) in scope.asset_rows() {
        let mut keys = HashSet::new();
        for cell in row.cells().filter(|cell| concerns(*cell)) {
            count += 1;
            if count > FEW {
                return None;
            }
            let key = scope.partition(cell);
            keys.insert(Cow::Owned(
                key.map_or(String::new(), |key| key.as_str().to_owned()),
            ));
        }
        wanted.insert(asset.key.as_str(), keys);
    }
    let outlines = lines.outlines(text)?;
    let mut blocks = outlines.iter().flat_map(|outline| {
        let asset = &outline.asset;
        let ends = outline.blocks.iter();
        ends.map(move |(first, last)| (asset, &**first, &**last))
    });
    if blocks.any(|(asset, first, last)| is_met(scope, asset, first, last)) {
        return None;
    }
    lines.parse_part(text, &wanted)
}
