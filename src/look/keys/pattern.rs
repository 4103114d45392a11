//! A path template around one key, and the files that match it.
//!
//! The key stands for a part of one path component, so one folder is listed, whatever the pattern: what follows the
//! component, if anything, is looked for below each name. Names match as in a glob: one that begins with a dot as any
//! other, links by what they lead to, dangling ones not at all. The key is at least one byte.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::hash::HashError;
use crate::look::keys::world::World;
use crate::model::{PartitionPlaceholder, PathTemplate, Piece};

/// A path template around one key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyPattern<'a> {
    /// The folder in which names are listed; empty for the project root.
    folder: &'a str,
    /// What comes before the key in its component.
    before: &'a str,
    /// What comes after the key in its component.
    after: &'a str,
    /// What follows the component, without the `/` between; empty where the pattern ends with that.
    below: Option<&'a str>,
}

/// What counts as being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A file; a directory where the pattern ends with `/`.
    AsWritten,
    /// A file or a directory.
    Anything,
}

/// A path that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// The path, relative to the project root.
    pub path: PathBuf,
    /// What stands for the key, as it is written there.
    pub key: OsString,
}

impl<'a> KeyPattern<'a> {
    /// Takes a template apart, if it is one around `{{partition}}` and nothing else.
    pub(super) fn of(template: &'a PathTemplate) -> Option<Self> {
        let is_key = |piece: &Piece<_>| *piece == Piece::Placeholder(PartitionPlaceholder::Key);
        let (head, tail) = match template.pieces() {
            [key] if is_key(key) => ("", ""),
            [Piece::Text(head), key] if is_key(key) => (head.as_str(), ""),
            [key, Piece::Text(tail)] if is_key(key) => ("", tail.as_str()),
            [Piece::Text(head), key, Piece::Text(tail)] if is_key(key) => {
                (head.as_str(), tail.as_str())
            }
            _ => return None,
        };
        let (folder, before) = match head.rfind('/') {
            None => ("", head),
            Some(0) => ("/", &head[1..]),
            Some(slash) => (&head[..slash], &head[slash + 1..]),
        };
        let (after, below) = match tail.split_once('/') {
            None => (tail, None),
            Some((after, below)) => (after, Some(below)),
        };
        Some(Self {
            folder,
            before,
            after,
            below,
        })
    }

    /// All paths that match, in no order. Where the folder is not there, none do.
    pub(super) fn matches(self, world: World<'_>, wanted: Wanted) -> Result<Vec<Match>, HashError> {
        let folder = world.root.join(self.folder);
        let unreadable = |source: io::Error| HashError::Unreadable {
            path: self.folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut matches = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let Some(key) = self.key_in(&entry.file_name()) else {
                continue;
            };
            let path = self.path_below(&entry.file_name());
            if self.is_there(world.root, &entry, &path, wanted) && !self.is_ignored(world, &path) {
                matches.push(Match { path, key });
            }
        }
        Ok(matches)
    }

    /// What stands for the key in a name.
    fn key_in(self, name: &OsStr) -> Option<OsString> {
        let rest = name.as_bytes().strip_prefix(self.before.as_bytes())?;
        let key = rest.strip_suffix(self.after.as_bytes())?;
        (!key.is_empty()).then(|| OsString::from_vec(key.to_vec()))
    }

    fn path_below(self, name: &OsStr) -> PathBuf {
        let component = Path::new(self.folder).join(name);
        match self.below {
            None => component,
            Some(below) => component.join(below),
        }
    }

    fn is_there(self, root: &Path, entry: &DirEntry, path: &Path, wanted: Wanted) -> bool {
        let is_wanted = |kind: fs::FileType| match (wanted, self.below) {
            (Wanted::Anything, _) => kind.is_file() || kind.is_dir(),
            (Wanted::AsWritten, Some(below)) if below.is_empty() || below.ends_with('/') => {
                kind.is_dir()
            }
            (Wanted::AsWritten, _) => kind.is_file(),
        };
        match entry.file_type() {
            Ok(kind) if self.below.is_none() && !kind.is_symlink() => is_wanted(kind),
            Ok(kind) if self.below.is_some() && kind.is_file() => false,
            _ => fs::metadata(root.join(path)).is_ok_and(|found| is_wanted(found.file_type())),
        }
    }

    /// Whether the path, or a folder that leads to it from the one that is listed, is ignored.
    fn is_ignored(self, world: World<'_>, path: &Path) -> bool {
        path.ancestors()
            .take_while(|part| *part != Path::new(self.folder))
            .any(|part| world.ignore.matches(part))
    }
}

/// Whether there is nothing at a path.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
