//! Reading a file as it was at one moment.
//!
//! A file that changes while it is read is read again, and then is an error.

use std::fs::File;
use std::io;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::digest::Kind;
use crate::hash::place::{Place, changing};
use crate::hash::{HashError, Versions, content, version};
use crate::model::DataVersion;
use crate::sys::file::{FileKind, FileStamp, stamp_of};

/// How often a file that changes while it is read is read.
const READINGS: usize = 3;

impl Versions<'_> {
    /// The version of a regular file, out of its bytes, and its stamp then; `None` when it is gone.
    pub(super) fn read(
        &self,
        place: Place<'_>,
    ) -> Result<Option<(FileStamp, DataVersion)>, HashError> {
        self.read_stable(place, |file, stamp| {
            let content = content::hash(file, stamp.size, Kind::File.key())?;
            Ok(version::file(&content, stamp))
        })
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
