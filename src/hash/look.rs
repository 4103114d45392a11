//! How declared paths look: the stamps of all that their versions are made of. Nothing is read.
//!
//! Two equal looks say that nothing has changed between them, not even to go back: nobody can set a ctime. The stamp of a
//! folder tells of entries that came and went. It changes, too, where something comes that is not part of a version: an
//! output that is put beside, litter. So each folder has a sum over the names and inodes of all that lies in it, and where
//! that differs as well, the entries that count decide alone.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};

use crate::hash::pool;
use crate::hash::tree::{EntryKind, TreeEntry, files};
use crate::hash::versions::Place;
use crate::hash::{Counted, Exceptions, HashError, Versions};
use crate::sys::file::{FileKind, FileStamp, Follow, stamp_at};

/// Above this many entries threads are worth their start.
const MANY: usize = 2_000;

/// So many entries are looked at by one thread in a row.
const RUN: usize = 512;

/// Something that is declared, and can be looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Watched {
    /// A path. Where nothing is, the folder above tells whether something was.
    Path(String, Counted),
    /// A word of a command that may name a file: where nothing is, that is all.
    Word(String, Counted),
    /// All that a glob matches.
    Glob {
        /// The pattern.
        pattern: String,
        /// What is taken out.
        except: Vec<String>,
        /// What of it counts.
        counted: Counted,
    },
}

impl Watched {
    /// The path or the pattern.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Path(text, _) | Self::Word(text, _) => text,
            Self::Glob { pattern, .. } => pattern,
        }
    }
}

/// How something looked.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What counts, in order; without a stamp where nothing is.
    entries: Vec<(PathBuf, Option<FileStamp>)>,
    folders: Vec<FolderLook>,
}

#[derive(Clone, Debug)]
struct FolderLook {
    path: PathBuf,
    stamp: FileStamp,
    /// The sum over the names and inodes of all that lies in it.
    listing: u64,
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
    #[must_use]
    pub fn of_file(path: &str, stamp: FileStamp) -> Self {
        Self {
            entries: vec![(Place::declared(path).named.to_owned(), Some(stamp))],
            folders: Vec::new(),
        }
    }

    /// The stamp of the regular file that was looked at, if it was one.
    #[must_use]
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

    /// What is different `now`. The ctime of a file that `is_linked` says nothing.
    #[must_use]
    pub fn difference(&self, now: &Self, is_linked: impl Fn(&FileStamp) -> bool) -> Difference {
        let mut difference = Difference::None;
        for (before, now) in self.entries.iter().zip(&now.entries) {
            if before == now {
                continue;
            }
            match (before, now) {
                ((path, Some(before)), (same, Some(now)))
                    if path == same && before.equals_but_ctime(now) && is_linked(now) =>
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

impl Versions<'_> {
    /// How something looks now.
    pub fn look(&self, watched: &Watched) -> Result<Look, HashError> {
        let mut look = Look::default();
        match watched {
            Watched::Glob {
                pattern,
                except,
                counted,
            } => {
                let except = Exceptions::new(except)?;
                let (entries, folders) = self.walk(pattern, &except, *counted)?;
                self.look_at_entries(&entries, &mut look)?;
                for folder in &folders {
                    self.look_at_folder(folder, &mut look);
                }
                if folders.is_empty() && entries.is_empty() {
                    self.look_above(Path::new(pattern), &mut look);
                }
            }
            Watched::Path(path, counted) | Watched::Word(path, counted) => {
                // A folder without files tells, too, whether one came and went.
                let counted = match counted {
                    Counted::All | Counted::Files => Counted::All,
                    Counted::NotIgnored => Counted::NotIgnored,
                };
                let place = Place::declared(path).counting(counted);
                self.look_at_path(place, &mut look)?;
                let is_absent = matches!(look.entries.as_slice(), [(_, None)]);
                if is_absent && matches!(watched, Watched::Path(..)) {
                    self.look_above(place.named, &mut look);
                }
            }
        }
        Ok(look)
    }

    fn look_at_path(&self, place: Place<'_>, look: &mut Look) -> Result<(), HashError> {
        let stamp = self.stamp(place, Follow::Nothing)?;
        look.entries.push((place.named.to_owned(), stamp));
        let kind = match stamp.map(|stamp| stamp.kind()) {
            Some(FileKind::Symlink) => {
                let target = self.stamp(place, Follow::Links)?;
                look.entries.push((place.named.to_owned(), target));
                target.map(|target| target.kind())
            }
            kind => kind,
        };
        if kind == Some(FileKind::Directory) {
            // It is looked at as a folder.
            look.entries.pop();
            let entries = self.entries(place)?;
            self.look_at_entries(&entries, look)?;
            self.look_at_folder(place.named, look);
            let folders = entries.iter().filter(|it| it.kind == EntryKind::Directory);
            for folder in folders {
                self.look_at_folder(folder.place().named, look);
            }
        }
        Ok(())
    }

    fn look_at_entries(&self, entries: &[TreeEntry], look: &mut Look) -> Result<(), HashError> {
        let entries: Vec<&TreeEntry> = files(entries).collect();
        let stamps = |entries: &&[&TreeEntry]| -> Result<Vec<_>, HashError> {
            let mut stamps = Vec::with_capacity(entries.len());
            for entry in *entries {
                let place = entry.place();
                let stamp = self.stamp(place, Follow::Nothing)?;
                stamps.push((place.named.to_owned(), stamp));
                if entry.kind == EntryKind::Link {
                    let target = self.stamp(place, Follow::Links)?;
                    // A folder behind a link that was found counts by the link's text.
                    let target = target.filter(|it| it.kind() != FileKind::Directory);
                    stamps.push((place.named.to_owned(), target));
                }
            }
            Ok(stamps)
        };
        let chunks: Vec<&[&TreeEntry]> = entries.chunks(RUN).collect();
        let found = if entries.len() > MANY {
            pool::map(&chunks, stamps)
        } else {
            chunks.iter().map(stamps).collect()
        };
        for stamps in found {
            look.entries.append(&mut stamps?);
        }
        Ok(())
    }

    /// A folder that is gone meanwhile shows in what was in it.
    fn look_at_folder(&self, path: &Path, look: &mut Look) {
        let at = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let Ok(Some(stamp)) = stamp_at(&self.directory, at, Follow::Links) else {
            return;
        };
        let Ok(entries) = fs::read_dir(self.root.join(path)) else {
            return;
        };
        let listing = entries.filter_map(Result::ok).fold(0_u64, |sum, entry| {
            let mut hasher = DefaultHasher::new();
            (entry.file_name(), entry.ino()).hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        });
        look.folders.push(FolderLook {
            path: path.to_owned(),
            stamp,
            listing,
        });
    }

    /// Looks at the nearest folder above a path that there is.
    fn look_above(&self, path: &Path, look: &mut Look) {
        for folder in path.ancestors().skip(1) {
            self.look_at_folder(folder, look);
            if !look.folders.is_empty() {
                return;
            }
        }
    }
}
