//! The version of a directory: a walk that enters no link, and a fold over what it found, in order of names.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::hash::stat_cache::Cursor;
use crate::hash::version::{self, Entry, Place, Standing, changing};
use crate::hash::{Found, HashError, Versions};
use crate::model::{Counted, DataVersion};

/// Something below a directory, or matched by a glob.
#[derive(Debug)]
pub(super) struct TreeEntry {
    /// Where it is read, if that is not where it is named.
    read: Option<PathBuf>,
    named: PathBuf,
    /// Where in the bytes of `named` the name within the tree begins.
    name_at: usize,
    pub kind: EntryKind,
}

/// What a tree holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Directory,
    /// A regular file, or something without content, which is refused when it is looked at.
    File,
    Link,
}

impl TreeEntry {
    /// An entry `name` of the tree that is read at `tree.read` and counts as `tree.named`.
    pub fn new(tree: Place<'_>, name: &Path, kind: EntryKind) -> Self {
        let named = tree.named.join(name);
        Self {
            read: (tree.read != tree.named).then(|| tree.read.join(name)),
            name_at: named.as_os_str().len() - name.as_os_str().len(),
            named,
            kind,
        }
    }

    pub fn place(&self) -> Place<'_> {
        Place {
            read: self.read.as_deref().unwrap_or(&self.named),
            named: &self.named,
            standing: Standing::Inside,
            counted: Counted::All,
        }
    }

    /// The bytes of the name within the tree.
    pub fn name(&self) -> &[u8] {
        &self.named.as_os_str().as_bytes()[self.name_at..]
    }

    /// The name within the tree, as a path.
    pub fn name_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.name()))
    }
}

impl Versions<'_> {
    /// The version of a folder, which is not a link.
    pub(super) fn folder(&self, place: Place<'_>) -> Result<Found, HashError> {
        match &self.looks {
            // Outputs, of which all counts, are made anew by the run that asks.
            Some(looks) if place.counted != Counted::All => {
                self.tree_of(place, self.looked_at(looks, place)?)
            }
            _ => self.tree(place),
        }
    }

    pub(super) fn tree(&self, place: Place<'_>) -> Result<Found, HashError> {
        self.tree_of(place, (self.entries(place)?, None))
    }

    /// What is in a tree with these entries, and these versions, where they are known.
    fn tree_of(
        &self,
        place: Place<'_>,
        (entries, known): (Vec<TreeEntry>, Option<Vec<Found>>),
    ) -> Result<Found, HashError> {
        if entries.is_empty() && place.counted == Counted::NotIgnored {
            // Git has no folder of it.
            return Ok(Found::Absent);
        }
        let (version, bytes) = match known {
            Some(known) => fold_found(&entries, known)?,
            None => self.fold(&entries)?,
        };
        Ok(Found::Directory { version, bytes })
    }

    /// The version of a directory and the bytes in it, if all files in it are known without reading them.
    pub(super) fn tree_if_known(&self, place: Place<'_>) -> Option<(DataVersion, u64)> {
        let entries = self.entries(place).ok()?;
        let mut cursor = Cursor::default();
        let known = files(&entries).map(|entry| self.known(entry.place(), &mut cursor));
        fold_found(&entries, known.collect::<Option<_>>()?).ok()
    }

    /// What lies below the directory at `place` and counts, sorted by the bytes of names.
    pub(super) fn entries(&self, place: Place<'_>) -> Result<Vec<TreeEntry>, HashError> {
        let base = self.root.join(place.read);
        let mut entries = Vec::new();
        let walk = WalkDir::new(&base).min_depth(1).into_iter();
        let is_kept = |entry: &DirEntry| {
            entry.depth() == 0
                || !self.leaves_out(&place.named.join(below(&base, entry)), place.counted)
        };
        for entry in walk.filter_entry(is_kept) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(HashError::unreadable(place.named, error)),
            };
            let kind = if entry.file_type().is_dir() {
                EntryKind::Directory
            } else if entry.file_type().is_symlink() {
                EntryKind::Link
            } else {
                EntryKind::File
            };
            entries.push(TreeEntry::new(place, below(&base, &entry), kind));
        }
        if place.counted != Counted::All {
            leave_empty_folders(&mut entries);
        }
        entries.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        Ok(entries)
    }

    /// The files below the directory at `path`, by their paths, in order; bytes of names that are not UTF-8 are replaced.
    pub fn files_below(
        &self,
        path: &str,
        counted: Counted,
    ) -> Result<Vec<(String, DataVersion)>, HashError> {
        let entries = self.entries(Place::declared(path).counting(counted))?;
        let places: Vec<Place<'_>> = files(&entries).map(TreeEntry::place).collect();
        let mut below = Vec::with_capacity(places.len());
        for (place, found) in places.iter().zip(self.of_places(&places)) {
            if let Some(version) = found?.version() {
                below.push((place.named.to_string_lossy().into_owned(), version));
            }
        }
        Ok(below)
    }

    /// The version of a tree with these entries, and the bytes in it.
    pub(super) fn fold(&self, entries: &[TreeEntry]) -> Result<(DataVersion, u64), HashError> {
        let places: Vec<Place<'_>> = files(entries).map(TreeEntry::place).collect();
        let found: Result<Vec<Found>, HashError> = self.of_places(&places).into_iter().collect();
        fold_found(entries, found?)
    }
}

/// The path of an entry below `base`, from which the walk began: so the text of the one begins with that of the other.
pub(super) fn below<'e>(base: &Path, entry: &'e DirEntry) -> &'e Path {
    let path = entry.path().as_os_str().as_bytes();
    let below = path.get(base.as_os_str().len()..).unwrap_or_default();
    Path::new(OsStr::from_bytes(below.strip_prefix(b"/").unwrap_or(below)))
}

/// Takes out the folders that hold no file, however deep.
pub(super) fn leave_empty_folders(entries: &mut Vec<TreeEntry>) {
    let mut holding: HashSet<PathBuf> = HashSet::new();
    for file in files(entries) {
        for folder in file.name_path().ancestors().skip(1) {
            if !holding.insert(folder.to_owned()) {
                break;
            }
        }
    }
    entries
        .retain(|entry| entry.kind != EntryKind::Directory || holding.contains(entry.name_path()));
}

/// The entries that have a version of their own.
pub(super) fn files(entries: &[TreeEntry]) -> impl Iterator<Item = &TreeEntry> {
    entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Directory)
}

/// The version of a tree with these entries, of which [`files`] were found like this. What is gone since the walk is left
/// out, as if the walk had come later.
pub(super) fn fold_found(
    entries: &[TreeEntry],
    found: Vec<Found>,
) -> Result<(DataVersion, u64), HashError> {
    let mut found = found.into_iter();
    let mut bytes = 0;
    let mut folded = Vec::with_capacity(entries.len());
    for entry in entries {
        if entry.kind == EntryKind::Directory {
            folded.push((entry.name(), Entry::Directory));
            continue;
        }
        match found.next().expect("every file of the tree was looked at") {
            Found::Absent => {}
            Found::Directory { .. } => return Err(changing(entry.place())),
            Found::File {
                version,
                bytes: size,
            } => {
                bytes += size;
                let kind = match entry.kind {
                    EntryKind::Link => Entry::Link(version),
                    _ => Entry::File(version),
                };
                folded.push((entry.name(), kind));
            }
        }
    }
    Ok((version::tree(folded.into_iter()), bytes))
}

/// Whether something vanished between being listed and being looked at.
pub(super) fn is_gone(error: &walkdir::Error) -> bool {
    error
        .io_error()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
