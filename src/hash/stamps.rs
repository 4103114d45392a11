//! How declared paths looked: the stamps of all that their versions are made of.
//!
//! Two equal looks say that nothing has changed between them, not even to go back: nobody can set a ctime. The stamp of a
//! folder tells of entries that came and went. It changes, too, where something comes that is not part of a version: an
//! output that is put beside, litter. So each folder has a sum over the names and inodes of all that lies in it, and where
//! that differs as well, the entries that count decide alone.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::hash::version::Place;
use crate::model::{DataVersion, Watched};
use crate::sys::file::{FileKind, FileStamp, Follow};

/// How something looked.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What counts, in order; without a stamp where nothing is.
    pub(super) entries: Vec<(PathBuf, Option<FileStamp>)>,
    pub(super) folders: Vec<FolderLook>,
    /// Links that a glob does not match as they lead nowhere.
    pub(super) dangling: Vec<PathBuf>,
    /// What it was judged to be, if it was.
    pub(super) judged: Option<JudgedContent>,
}

/// The version of a folder or a glob, and those of its files.
#[derive(Clone, Debug)]
pub(super) struct JudgedContent {
    pub version: DataVersion,
    /// Of each file or link in the order of the look; `None` where it was gone.
    pub files: Vec<Option<DataVersion>>,
}

/// How a folder looked.
#[derive(Clone, Debug)]
pub(super) struct FolderLook {
    pub path: PathBuf,
    pub stamp: FileStamp,
    /// Whether nothing can have come or gone since before it was listed and have left the stamp as it is.
    pub is_settled: bool,
    /// The sum over the names and inodes of all that lies in it.
    pub listing: u64,
}

/// What differs between two looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing.
    None,
    /// Only the ctime of files that were linked to, which proves nothing.
    Linked,
    /// Something was changed: this path is among it.
    Changed(String),
}

impl Look {
    /// How a regular file at `path` looks.
    pub fn of_file(path: &str, stamp: FileStamp) -> Self {
        Self {
            entries: vec![(Place::declared(path).named.to_owned(), Some(stamp))],
            ..Self::default()
        }
    }

    /// The version that was judged by this look, if one was.
    pub fn version(&self) -> Option<DataVersion> {
        self.judged.as_ref().map(|judged| judged.version)
    }

    /// The files of the version that was judged by this look, with theirs; bytes of names that are not UTF-8 are replaced.
    pub fn files(&self) -> Vec<(Cow<'_, str>, DataVersion)> {
        let versions = self.judged.iter().flat_map(|judged| &judged.files);
        let files = self.members().zip(versions);
        let there = files.filter_map(|((path, _), version)| Some((lossy(path), (*version)?)));
        there.collect()
    }

    /// Whether nothing can have come into its folders or gone without a change of their stamps.
    pub(super) fn has_settled_folders(&self) -> bool {
        !self.folders.is_empty() && self.folders.iter().all(|folder| folder.is_settled)
    }

    /// Whether a glob matches the same: nothing has come or gone, and each link leads to a file.
    pub(super) fn has_same_matches(&self) -> bool {
        let mut places = self.places().zip(&self.entries);
        self.has_settled_folders()
            && places.all(|((_, follow), (_, stamp))| follow == Follow::Nothing || stamp.is_some())
    }

    /// The stamps of regular files, for who asks for paths in the order of their bytes, `first` first.
    pub(super) fn stamps_from(&self, first: &Path) -> impl FnMut(&Path) -> Option<FileStamp> {
        fn bytes(path: &Path) -> &[u8] {
            path.as_os_str().as_bytes()
        }
        let before = |(path, _): &(PathBuf, _)| bytes(path) < bytes(first);
        let mut rest = &self.entries[self.entries.partition_point(before)..];
        move |wanted| {
            while let Some(((path, stamp), after)) = rest.split_first() {
                match bytes(path).cmp(bytes(wanted)) {
                    Ordering::Less => rest = after,
                    Ordering::Equal => return stamp.filter(|it| it.kind() == FileKind::File),
                    Ordering::Greater => return None,
                }
            }
            None
        }
    }

    /// The stamp of the regular file that was looked at, if it was one.
    pub fn as_file(&self) -> Option<FileStamp> {
        match self.entries.as_slice() {
            [(_, Some(stamp))] if self.folders.is_empty() && stamp.kind() == FileKind::File => {
                Some(*stamp)
            }
            _ => None,
        }
    }

    /// The stamps of all that counts.
    pub fn stamps(&self) -> impl Iterator<Item = &FileStamp> {
        self.entries.iter().filter_map(|(_, stamp)| stamp.as_ref())
    }

    /// Where its stamps are from, and how: the target of a link comes after the link.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Path, Follow)> + Clone {
        let mut link: Option<&Path> = None;
        self.entries.iter().map(move |(path, stamp)| {
            let follow = if link == Some(path) {
                Follow::Links
            } else {
                Follow::Nothing
            };
            let is_link = stamp.is_some_and(|stamp| stamp.kind() == FileKind::Symlink);
            link = (is_link && follow == Follow::Nothing).then_some(path);
            (path.as_path(), follow)
        })
    }

    /// What is different `now`. The ctime of a file that `is_linked` says nothing.
    pub fn difference(
        &self,
        now: &Self,
        is_linked: impl Fn(&Path, &FileStamp) -> bool,
    ) -> Difference {
        let mut difference = Difference::None;
        if std::ptr::eq(self, now) {
            return difference;
        }
        for (before, now) in self.entries.iter().zip(&now.entries) {
            if before == now {
                continue;
            }
            match (before, now) {
                ((path, Some(before)), (same, Some(now)))
                    if path == same && before.equals_but_ctime(now) && is_linked(path, now) =>
                {
                    difference = Difference::Linked;
                }
                ((before, _), (now, _)) => return changed(before.min(now)),
            }
        }
        let (before, after) = (self.entries.len(), now.entries.len());
        let rest = self.entries.get(after..).unwrap_or_default();
        let rest = rest
            .iter()
            .chain(now.entries.get(before..).unwrap_or_default());
        if let Some((path, _)) = rest.into_iter().next() {
            return changed(path);
        }
        let folders: HashMap<&Path, &FolderLook> = now
            .folders
            .iter()
            .map(|folder| (folder.path.as_path(), folder))
            .collect();
        let came_and_went = self.folders.iter().find(|before| {
            let now = folders.get(before.path.as_path());
            now.is_some_and(|now| now.stamp != before.stamp && now.listing == before.listing)
        });
        match (came_and_went, self.entries.as_slice()) {
            (None, _) => difference,
            (Some(_), [(absent, None)]) => changed(absent),
            (Some(folder), _) => changed(&folder.path.join("")),
        }
    }
}

/// The text of a path. To look for bytes to replace takes longer than to see that there are none.
fn lossy(path: &Path) -> Cow<'_, str> {
    path.to_str()
        .map_or_else(|| path.to_string_lossy(), Cow::Borrowed)
}

fn changed(path: &Path) -> Difference {
    let text = path.display().to_string();
    Difference::Changed(match text.as_str() {
        "" => "./".to_owned(),
        _ => text,
    })
}

/// How folders and globs looked, by what [`look_key`] gives.
#[derive(Debug, Default)]
pub(super) struct KnownLooks {
    /// When their versions were first taken.
    pub judged: HashMap<Watched, Arc<Look>>,
    /// A moment before that.
    pub earlier: HashMap<Watched, Look>,
}

/// What looks at something are known by; `None` where none are kept.
pub(super) fn look_key(watched: &Watched) -> Option<Watched> {
    match watched {
        Watched::Path(path, counted) => {
            let named = Place::declared(path).named.to_str()?.to_owned();
            Some(Watched::Path(named, *counted))
        }
        Watched::Word(..) => None,
        Watched::Glob { .. } => Some(watched.clone()),
    }
}

/// How something looked a moment before its version is first taken.
pub(super) fn earlier_look(looks: &Mutex<KnownLooks>, watched: &Watched) -> Option<Look> {
    let mut looks = looks.lock().unwrap_or_else(PoisonError::into_inner);
    looks.earlier.remove(watched)
}
