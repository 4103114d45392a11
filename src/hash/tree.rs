//! The version of a directory: a walk that enters no link, and a fold over what it found, in order of names.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{DirEntry, FileType};

use crate::hash::stamps::{FolderLook, Look};
use crate::hash::stat_cache::Cursor;
use crate::hash::ticker::Moment;
use crate::hash::version::{self, Entry, Place, Standing, changing};
use crate::hash::{Found, HashError, Versions};
use crate::model::{Counted, DataVersion};
use crate::sys::file::{FileKind, Follow, stamp_at};

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

impl EntryKind {
    fn of(kind: FileKind) -> Self {
        match kind {
            FileKind::Directory => Self::Directory,
            FileKind::Symlink => Self::Link,
            _ => Self::File,
        }
    }
}

/// What lies below a folder, or is matched by a glob, and how the folders looked in which it lies.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// What counts, sorted by the bytes of names.
    pub entries: Vec<TreeEntry>,
    pub folders: Vec<FolderLook>,
    /// Links that a glob does not match as they lead nowhere.
    pub dangling: Vec<PathBuf>,
}

impl TreeEntry {
    /// An entry `name` of the tree that is read at `tree.read` and counts as `tree.named`.
    pub fn new(tree: Place<'_>, name: &Path, kind: EntryKind) -> Self {
        let read = (tree.read != tree.named).then(|| tree.read.join(name));
        Self {
            read,
            ..Self::named(tree, tree.named.join(name), kind)
        }
    }

    /// An entry of the tree that counts as `tree.named`, which is read where it is `named`.
    pub fn named(tree: Place<'_>, named: PathBuf, kind: EntryKind) -> Self {
        let head = tree.named.as_os_str().as_bytes();
        let is_parted = head.is_empty() || head.ends_with(b"/");
        Self {
            read: None,
            name_at: head.len() + usize::from(!is_parted),
            named,
            kind,
        }
    }

    /// The path by which it counts.
    pub fn into_named(self) -> PathBuf {
        self.named
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
            Some(looks) if place.counted != Counted::All => self.judged_folder(looks, place),
            _ => self.tree(place),
        }
    }

    pub(super) fn tree(&self, place: Place<'_>) -> Result<Found, HashError> {
        let entries = self.entries(place)?;
        if entries.is_empty() && place.counted == Counted::NotIgnored {
            // Git has no folder of it.
            return Ok(Found::Absent);
        }
        let (version, bytes) = self.fold(&entries)?;
        Ok(Found::Directory { version, bytes })
    }

    /// The version of a directory and the bytes in it, if all files in it are known without reading them.
    pub(super) fn tree_if_known(&self, place: Place<'_>) -> Option<(DataVersion, u64)> {
        let entries = self.entries(place).ok()?;
        let mut cursor = Cursor::default();
        let known = files(&entries).map(|entry| self.known(entry.place(), &mut cursor));
        fold_found(&entries, known.collect::<Option<Vec<_>>>()?.into_iter()).ok()
    }

    /// What lies below the directory at `place` and counts, sorted by the bytes of names.
    pub(super) fn entries(&self, place: Place<'_>) -> Result<Vec<TreeEntry>, HashError> {
        let mut entries = self.list(place, None, None)?.entries;
        if place.counted != Counted::All {
            leave_empty_folders(&mut entries);
        }
        Ok(entries)
    }

    /// What lies below the directory at `place` and counts, be it an empty folder. What looks as it did `earlier` is not listed
    /// again. `before` is a moment before now, where it matters whether folders are settled.
    pub(super) fn list(
        &self,
        place: Place<'_>,
        before: Option<Moment>,
        earlier: Option<&Look>,
    ) -> Result<Listing, HashError> {
        let earlier = earlier.and_then(EarlierFolders::of);
        let mut listing = Listing::default();
        let mut open = vec![(place.read.to_owned(), place.named.to_owned())];
        while let Some((read, named)) = open.pop() {
            let known = earlier.as_ref().and_then(|it| it.settled(&named));
            let (folder, entries) = match known {
                Some((folder, entries)) => {
                    let entries = entries.iter();
                    let entry = |(path, kind): &(&Path, _)| {
                        TreeEntry::named(place, (*path).to_owned(), *kind)
                    };
                    (folder.clone(), entries.map(entry).collect())
                }
                None => match self.list_counted(place, (&read, &named), before) {
                    Ok(Some(listed)) => listed,
                    Ok(None) => continue,
                    Err(error) => {
                        let path = self.root.join(&read);
                        let text = format!("IO error for operation on {}: {error}", path.display());
                        let error = io::Error::new(error.kind(), text);
                        return Err(HashError::unreadable(place.named, error));
                    }
                },
            };
            let below = entries.iter().filter(|it| it.kind == EntryKind::Directory);
            open.extend(below.map(|it| (it.place().read.to_owned(), it.named.clone())));
            listing.entries.extend(entries);
            listing.folders.push(folder);
        }
        let by_name = |one: &TreeEntry, other: &TreeEntry| one.name().cmp(other.name());
        listing.entries.sort_unstable_by(by_name);
        Ok(listing)
    }

    /// How a folder of a tree looks, and what counts of what is in it; `None` where it is gone.
    fn list_counted(
        &self,
        tree: Place<'_>,
        (read, named): (&Path, &Path),
        before: Option<Moment>,
    ) -> io::Result<Option<(FolderLook, Vec<TreeEntry>)>> {
        let Some((mut look, all)) = self.list_folder(read, before)? else {
            return Ok(None);
        };
        named.clone_into(&mut look.path);
        let mut entries = Vec::with_capacity(all.len());
        for entry in in_order(all) {
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let path = joined(named, name);
            if self.leaves_out(&path, tree.counted) {
                continue;
            }
            let read = (read != named).then(|| joined(read, name));
            let kind = match entry.file_type() {
                FileType::Directory => EntryKind::Directory,
                FileType::Symlink => EntryKind::Link,
                FileType::Unknown => {
                    let path = read.as_deref().unwrap_or(&path);
                    match stamp_at(&self.directory, path, Follow::Nothing)? {
                        None => continue,
                        Some(stamp) => EntryKind::of(stamp.kind()),
                    }
                }
                _ => EntryKind::File,
            };
            entries.push(TreeEntry {
                read,
                ..TreeEntry::named(tree, path, kind)
            });
        }
        Ok(Some((look, entries)))
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
        fold_found(entries, found?.into_iter())
    }
}

/// Entries in order of names. What is made of them then lies in memory in the order in which it is used.
fn in_order(entries: Vec<DirEntry>) -> impl Iterator<Item = DirEntry> {
    let begin = |name: &[u8]| {
        let mut bytes = [0; 16];
        let len = name.len().min(bytes.len());
        bytes[..len].copy_from_slice(&name[..len]);
        u128::from_be_bytes(bytes)
    };
    let entries = entries.into_iter();
    let mut keyed: Vec<_> = entries
        .map(|it| (begin(it.file_name().to_bytes()), it))
        .collect();
    keyed.sort_unstable_by(|(one, a), (other, b)| {
        one.cmp(other)
            .then_with(|| a.file_name().cmp(b.file_name()))
    });
    keyed.into_iter().map(|(_, entry)| entry)
}

/// The path of a name in a folder.
fn joined(folder: &Path, name: &OsStr) -> PathBuf {
    let mut path = PathBuf::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    path.push(name);
    path
}

/// What an earlier look has seen in each folder.
struct EarlierFolders<'l> {
    look: &'l Look,
    children: HashMap<&'l Path, Vec<(&'l Path, EntryKind)>>,
}

impl<'l> EarlierFolders<'l> {
    /// Those of a look that may be settled still.
    fn of(look: &'l Look) -> Option<Self> {
        if !look.folders.iter().any(|folder| folder.is_settled) {
            return None;
        }
        let folders = look.folders.iter().map(|it| it.path.as_path());
        let folders = folders.map(|path| (path, EntryKind::Directory));
        let mut children: HashMap<&Path, Vec<_>> = HashMap::new();
        for (path, kind) in look.members().chain(folders) {
            let parent = path.parent().unwrap_or(path);
            children.entry(parent).or_default().push((path, kind));
        }
        Some(Self { look, children })
    }

    /// How a folder looked and what it held, if that is what it holds now.
    fn settled(&self, path: &Path) -> Option<(&'l FolderLook, &[(&'l Path, EntryKind)])> {
        let mut folders = self.look.folders.iter();
        let look = folders.find(|it| it.path == path && it.is_settled)?;
        let children = self.children.get(path).map_or(&[][..], Vec::as_slice);
        Some((look, children))
    }
}

impl Look {
    /// The files and links among its entries.
    pub(super) fn members(&self) -> impl Iterator<Item = (&Path, EntryKind)> {
        let places = self.places().zip(&self.entries);
        let own = places.filter(|((_, follow), _)| *follow == Follow::Nothing);
        own.map(|((path, _), (_, stamp))| {
            let kind = stamp.map_or(EntryKind::File, |stamp| EntryKind::of(stamp.kind()));
            (path, kind)
        })
    }
}

/// Takes out the folders that hold no file, however deep.
pub(super) fn leave_empty_folders(entries: &mut Vec<TreeEntry>) {
    if entries.iter().all(|it| it.kind != EntryKind::Directory) {
        return;
    }
    let mut holding: HashSet<PathBuf> = HashSet::new();
    let mut last: Option<&Path> = None;
    for file in files(entries) {
        let folder = file.name_path().parent();
        if folder == last {
            continue;
        }
        last = folder;
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

/// The same, of entries that are needed no more.
pub(super) fn into_files(entries: Vec<TreeEntry>) -> impl Iterator<Item = TreeEntry> {
    let all = entries.into_iter();
    all.filter(|entry| entry.kind != EntryKind::Directory)
}

/// The version of a tree with these entries, of which [`files`] were found like this. What is gone since the walk is left
/// out, as if the walk had come later.
pub(super) fn fold_found(
    entries: &[TreeEntry],
    mut found: impl Iterator<Item = Found>,
) -> Result<(DataVersion, u64), HashError> {
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
