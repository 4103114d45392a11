//! How declared paths looked: the stamps of all that their versions are made of.
//!
//! Two equal looks say that nothing has changed between them, not even to go back: nobody can set a ctime. The stamp of a
//! folder tells of entries that came and went. It changes, too, where something comes that is not part of a version: an
//! output that is put beside, litter. So each folder has a sum over the names and inodes of all that lies in it, and where
//! that differs as well, the entries that count decide alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::hash::place::Place;
use crate::hash::tick::Trust;
use crate::model::Watched;
use crate::sys::file::{FileKind, FileStamp, Follow};

/// How something looked.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What counts, in order; without a stamp where nothing is.
    pub(super) entries: Vec<(PathBuf, Option<FileStamp>)>,
    pub(super) folders: Vec<FolderLook>,
}

/// How a folder looked.
#[derive(Clone, Debug)]
pub(super) struct FolderLook {
    pub path: PathBuf,
    pub stamp: FileStamp,
    /// Whether nothing can have come or gone since before it was listed and have left the stamp as it is.
    pub trust: Trust,
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
            folders: Vec::new(),
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
    pub(super) fn places(&self) -> impl Iterator<Item = (&Path, Follow)> {
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

fn changed(path: &Path) -> Difference {
    let text = path.display().to_string();
    Difference::Changed(match text.as_str() {
        "" => "./".to_owned(),
        _ => text,
    })
}

/// How folders and globs looked when their versions were taken.
#[derive(Debug, Default)]
pub(super) struct JudgedLooks(pub(super) Mutex<HashMap<Watched, Look>>);
