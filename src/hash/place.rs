//! Places whose bytes are read, and what is found there.

use std::path::Path;

use crate::hash::HashError;
use crate::model::{Counted, DataVersion};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or a link that leads nowhere.
    Absent,
    /// A file, or a link to one.
    File {
        /// Its version.
        version: DataVersion,
        /// Its size.
        bytes: u64,
    },
    /// A directory, or a link to one.
    Directory {
        /// The version of all that it holds.
        version: DataVersion,
        /// The sizes of the files in it, taken together.
        bytes: u64,
    },
}

impl Found {
    /// The version of what was found; `None` for nothing.
    pub const fn version(&self) -> Option<DataVersion> {
        match self {
            Self::Absent => None,
            Self::File { version, .. } | Self::Directory { version, .. } => Some(*version),
        }
    }

    /// The size of what was found, in bytes.
    pub const fn bytes(&self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::File { bytes, .. } | Self::Directory { bytes, .. } => *bytes,
        }
    }
}

/// Where bytes are read, and the path they count as: an output is hashed in its staging as what it will be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    pub read: &'p Path,
    pub named: &'p Path,
    pub standing: Standing,
    pub counted: Counted,
}

/// How a path came to be asked about, which decides what a symlink means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was declared: a link to a directory is entered, a dangling one is absent.
    Declared,
    /// It was found in a directory or by a glob: such links count by their text.
    Inside,
}

impl<'p> Place<'p> {
    /// A declared path. A trailing slash says nothing that the disk does not, and would follow a link.
    pub fn declared(path: &'p str) -> Self {
        let trimmed = path.trim_end_matches('/');
        Self::at(Path::new(if trimmed.is_empty() { path } else { trimmed }))
    }

    /// A path that was found or declared.
    pub const fn at(path: &'p Path) -> Self {
        Self {
            read: path,
            named: path,
            standing: Standing::Declared,
            counted: Counted::All,
        }
    }

    /// The same place, of which no more counts than this.
    pub fn counting(self, counted: Counted) -> Self {
        Self { counted, ..self }
    }
}

pub(super) fn changing(place: Place<'_>) -> HashError {
    HashError::Changing {
        path: place.named.display().to_string(),
    }
}
