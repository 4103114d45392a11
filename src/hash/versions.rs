//! The data versions of paths under one project root.
//!
//! A path is stat'ed once, relative to the open root. If it looks as it did when it was last hashed, that was all: no
//! allocation, no thread. Otherwise it is read.
//!
//! Places whose bytes are read, and what is found there.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use serde_json::Value;

use crate::hash::stamps::{KnownLooks, Look, look_key};
use crate::hash::stat_cache::Cursor;
use crate::hash::ticker::Ticker;
use crate::hash::version::{self, Found, Place, Standing, changing, read_alone};
use crate::hash::{GitIgnored, HashError, Ignore, StatCache};
use crate::model::{Counted, DataVersion, Watched};
use crate::sys::file::{FileKind, FileStamp, Follow, stamp_at, stamp_of};
use crate::sys::parallel;

/// Above this many runs of paths threads are worth their start for the stats alone.
pub(super) const FEW_RUNS: usize = 3;

/// How many paths in a row one thread looks at, which mostly finds them in a row in the cache too.
pub(super) const RUN: usize = 512;

/// How many paths are held at a time where they are made one by one.
const BATCH: usize = 64 * RUN;

/// What a directory or a link counts for in the decision about threads: how much lies behind it is not known.
const UNKNOWN_BYTES: u64 = 64 * 1024;

/// Gives the versions of paths, which are text relative to the project root, or absolute. Usable from many threads.
#[derive(Debug)]
pub struct Versions<'a> {
    pub(super) root: PathBuf,
    pub(super) directory: OwnedFd,
    pub(super) cache: &'a StatCache,
    pub(super) ignore: &'a Ignore,
    pub(super) ignored: Option<&'a GitIgnored>,
    pub(super) documents: Documents,
    pub(super) ticker: Ticker,
    pub(super) looks: Option<Mutex<KnownLooks>>,
}

/// What one stat and the cache say of a place.
enum Glance {
    Known(Result<Found, HashError>),
    /// There is something to read: about this number of bytes.
    Unread(u64),
}

impl Glance {
    fn or_read(
        self,
        read: &mut impl Iterator<Item = Result<Found, HashError>>,
    ) -> Result<Found, HashError> {
        match self {
            Self::Known(found) => found,
            Self::Unread(_) => read.next().expect("every unread place was read"),
        }
    }
}

/// `glance` at runs of `count` numbers, on several threads where that pays, as one list.
fn runs(count: usize, glance: impl Fn(Range<usize>) -> Vec<Glance> + Sync) -> Vec<Glance> {
    let runs = 0..count.div_ceil(RUN);
    let glances = parallel::map(runs, FEW_RUNS, |run| {
        glance(run * RUN..((run + 1) * RUN).min(count))
    });
    glances.into_iter().flatten().collect()
}

impl<'a> Versions<'a> {
    /// Opens the project root.
    pub fn new(root: &Path, cache: &'a StatCache, ignore: &'a Ignore) -> Result<Self, HashError> {
        let directory = rustix::fs::openat(CWD, root, root_flags(), Mode::empty())
            .map_err(|error| HashError::unreadable(root, error))?;
        Ok(Self {
            root: root.to_owned(),
            directory,
            cache,
            ignore,
            ignored: None,
            documents: Documents::default(),
            ticker: Ticker::new(cache.directory().to_owned()),
            looks: None,
        })
    }

    /// The same, with what git ignores: it is left out where [that is asked for](Counted::NotIgnored).
    #[must_use]
    pub fn leaving_out(self, ignored: &'a GitIgnored) -> Self {
        Self {
            ignored: Some(ignored),
            ..self
        }
    }

    /// The same, where it is given in which steps the clocks of file systems move.
    #[must_use]
    pub fn with_tick(self, tick: Duration) -> Self {
        Self {
            ticker: self.ticker.with_tick(tick),
            ..self
        }
    }

    /// The same, that keeps how folders and globs of sources looked when their versions were taken, for
    /// [`judged_look`](Self::judged_look). How some of them looked a moment `earlier` is not asked of the disk again.
    #[must_use]
    pub fn keeping_looks(self, earlier: HashMap<Watched, Look>) -> Self {
        let earlier = earlier.into_iter();
        let earlier = earlier.filter_map(|(watched, look)| Some((look_key(&watched)?, look)));
        let looks = KnownLooks {
            earlier: earlier.collect(),
            ..KnownLooks::default()
        };
        Self {
            looks: Some(Mutex::new(looks)),
            ..self
        }
    }

    /// Whether a clock that a stamp was made with moves in steps so long that a file may have been written again within one.
    pub fn any_is_coarse<'s>(&self, stamps: impl Iterator<Item = &'s FileStamp>) -> bool {
        self.ticker.any_is_coarse(stamps)
    }

    /// What is at `path`.
    pub fn of_path(&self, path: &str) -> Result<Found, HashError> {
        self.of(Place::declared(path))
    }

    /// What is at the `path` of a source or a code file.
    pub fn of_input(&self, path: &str, counted: Counted) -> Result<Found, HashError> {
        self.of(Place::declared(path).counting(counted))
    }

    /// What is at each of `paths`, in order; on several threads where that pays.
    pub fn of_many(&self, paths: &[&str]) -> Vec<Result<Found, HashError>> {
        let places: Vec<Place<'_>> = paths.iter().map(|path| Place::declared(path)).collect();
        self.of_places(&places)
    }

    /// Gives what is at each of `count` paths to `take`, in order. The paths are made as they are needed: `path` writes the
    /// one of a number into an empty text, from several threads where that pays.
    pub fn of_each(
        &self,
        count: usize,
        counted: Counted,
        path: impl Fn(usize, &mut String) + Sync,
        mut take: impl FnMut(usize, Result<Found, HashError>),
    ) {
        for start in (0..count).step_by(BATCH) {
            let batch = start..(start + BATCH).min(count);
            let glances = runs(batch.len(), |run| {
                let (mut cursor, mut text) = (Cursor::default(), String::new());
                let glance = |at| {
                    text.clear();
                    path(start + at, &mut text);
                    self.glance(Place::declared(&text).counting(counted), &mut cursor)
                };
                run.map(glance).collect()
            });
            let mut unread = Vec::new();
            for (at, glance) in batch.clone().zip(&glances) {
                if let Glance::Unread(bytes) = glance {
                    let mut text = String::new();
                    path(at, &mut text);
                    unread.push((text, *bytes));
                }
            }
            let places = unread
                .iter()
                .map(|(path, bytes)| (Place::declared(path).counting(counted), *bytes));
            let mut read = self.read_all(places).into_iter();
            for (at, glance) in batch.zip(glances) {
                take(at, glance.or_read(&mut read));
            }
        }
    }

    /// First a glance at all, then what has to be read, knowing how much that is.
    pub(super) fn of_places(&self, places: &[Place<'_>]) -> Vec<Result<Found, HashError>> {
        let glances = runs(places.len(), |run| {
            let mut cursor = Cursor::default();
            let glance = |place: &Place<'_>| self.glance(*place, &mut cursor);
            places[run].iter().map(glance).collect()
        });
        let unread = glances.iter().zip(places).filter_map(|(glance, place)| {
            let Glance::Unread(bytes) = glance else {
                return None;
            };
            Some((*place, *bytes))
        });
        let mut read = self.read_all(unread).into_iter();
        glances
            .into_iter()
            .map(|glance| glance.or_read(&mut read))
            .collect()
    }

    /// Reads places that hold about this many bytes, on several threads where that pays.
    pub(super) fn read_all<'p>(
        &self,
        unread: impl Iterator<Item = (Place<'p>, u64)>,
    ) -> Vec<Result<Found, HashError>> {
        let (places, bytes): (Vec<Place<'_>>, Vec<u64>) = unread.unzip();
        let bytes = bytes.into_iter().fold(0, u64::saturating_add);
        let alone = read_alone(bytes, places.len());
        let read = parallel::map(places.iter(), alone, |place| self.of(*place));
        if places.len() > 1 {
            self.cache.line_up(places.iter().map(|place| place.named));
        }
        read
    }

    /// What is at a place, if that is known without reading it.
    pub(super) fn known(&self, place: Place<'_>, cursor: &mut Cursor) -> Option<Found> {
        match self.glance(place, cursor) {
            Glance::Known(found) => found.ok(),
            Glance::Unread(_) => None,
        }
    }

    fn glance(&self, place: Place<'_>, cursor: &mut Cursor) -> Glance {
        let stamp = match self.stamp(place, Follow::Nothing) {
            Ok(Some(stamp)) => stamp,
            Ok(None) => return Glance::Known(Ok(Found::Absent)),
            Err(error) => return Glance::Known(Err(error)),
        };
        match stamp.kind() {
            FileKind::File => match self.cache.get_near(place.named, &stamp, cursor) {
                Some(version) => Glance::Known(Ok(Found::File {
                    version,
                    bytes: stamp.size,
                })),
                None => Glance::Unread(stamp.size),
            },
            _ => Glance::Unread(UNKNOWN_BYTES),
        }
    }

    pub(super) fn of(&self, place: Place<'_>) -> Result<Found, HashError> {
        let Some(stamp) = self.stamp(place, Follow::Nothing)? else {
            return Ok(Found::Absent);
        };
        match (stamp.kind(), place.standing) {
            (FileKind::File, _) => self.file(place, &stamp),
            (FileKind::Directory, Standing::Declared) => self.folder(place),
            (FileKind::Directory, Standing::Inside) => Err(changing(place)),
            (FileKind::Symlink, _) => self.link(place),
            (kind, _) => Err(HashError::special(place.named, kind)),
        }
    }

    fn link(&self, place: Place<'_>) -> Result<Found, HashError> {
        let text = rustix::fs::readlinkat(&self.directory, place.read, Vec::new())
            .map_err(|error| HashError::unreadable(place.named, error))?;
        let target = self.stamp(place, Follow::Links)?;
        let found = match (target.map(|target| (target, target.kind())), place.standing) {
            (Some((target, FileKind::File)), _) => self.file(place, &target)?,
            (Some((_, FileKind::Directory)), Standing::Declared) => self.tree(place)?,
            (None, Standing::Declared) => Found::Absent,
            (None | Some((_, FileKind::Directory)), Standing::Inside) => {
                let version = version::link(text.as_bytes(), None);
                return Ok(Found::File { version, bytes: 0 });
            }
            (Some((_, kind)), _) => return Err(HashError::special(place.named, kind)),
        };
        let linked = |version| version::link(text.as_bytes(), Some(version));
        Ok(match found {
            Found::Absent => Found::Absent,
            Found::File { version, bytes } => Found::File {
                version: linked(version),
                bytes,
            },
            Found::Directory { version, bytes } => Found::Directory {
                version: linked(version),
                bytes,
            },
        })
    }

    /// The version of a regular file that looks like `stamp`; links on the way are followed.
    fn file(&self, place: Place<'_>, stamp: &FileStamp) -> Result<Found, HashError> {
        if let Some(version) = self.cache.get(place.named, stamp) {
            let bytes = stamp.size;
            return Ok(Found::File { version, bytes });
        }
        let is_settled = self.ticker.is_settled(stamp);
        let Some((read_stamp, version)) = self.read(place)? else {
            return Ok(Found::Absent);
        };
        if is_settled && read_stamp == *stamp {
            self.cache.insert(place.named, read_stamp, version);
        }
        let bytes = read_stamp.size;
        Ok(Found::File { version, bytes })
    }

    /// Whether what lies at `path` does not count in a directory or a glob, by its own name or path.
    pub(super) fn leaves_out(&self, path: &Path, counted: Counted) -> bool {
        let is_ignored = || self.ignored.is_some_and(|ignored| ignored.has(path));
        self.ignore.matches(path) || (counted == Counted::NotIgnored && is_ignored())
    }

    pub(super) fn stamp(
        &self,
        place: Place<'_>,
        follow: Follow,
    ) -> Result<Option<FileStamp>, HashError> {
        stamp_at(&self.directory, place.read, follow)
            .map_err(|error| HashError::unreadable(place.named, error))
    }
}

/// The root serves only as the beginning of paths, for which Linux asks no permission to list it.
pub(super) fn root_flags() -> OFlags {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    let flags = flags | OFlags::PATH;
    flags
}

/// Parsed files: a file with a value for each partition is parsed once.
pub(super) type Documents = Mutex<HashMap<String, (FileStamp, Arc<Value>)>>;

/// How often a file that changes while it is read is read.
const READINGS: usize = 3;

impl Versions<'_> {
    /// The version of a regular file, out of its bytes, and its stamp then; `None` when it is gone.
    pub(super) fn read(
        &self,
        place: Place<'_>,
    ) -> Result<Option<(FileStamp, DataVersion)>, HashError> {
        self.read_stable(place, version::file)
    }

    /// What `read` makes of the regular file at `place`, with a stamp that held before and after it; `None` when the file
    /// is gone.
    pub(super) fn read_stable<T>(
        &self,
        place: Place<'_>,
        mut read: impl FnMut(&Arc<File>, &FileStamp) -> io::Result<T>,
    ) -> Result<Option<(FileStamp, T)>, HashError> {
        let unreadable = |error| HashError::unreadable(place.named, error);
        for _ in 0..READINGS {
            let Some(file) = self.open(place)? else {
                return Ok(None);
            };
            let before = stamp_of(&file).map_err(unreadable)?;
            if before.kind() != FileKind::File {
                return Err(changing(place));
            }
            let result = match read(&file, &before) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                result => result.map_err(unreadable)?,
            };
            if stamp_of(&file).map_err(unreadable)? == before {
                return Ok(Some((before, result)));
            }
        }
        Err(changing(place))
    }

    /// Opens a file for reading. Without blocking: what was a file when it was stat'ed may have become a pipe.
    fn open(&self, place: Place<'_>) -> Result<Option<Arc<File>>, HashError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match rustix::fs::openat(&self.directory, place.read, flags, Mode::empty()) {
            Ok(file) => Ok(Some(Arc::new(File::from(file)))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(HashError::unreadable(place.named, error)),
        }
    }
}
