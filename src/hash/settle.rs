//! Outputs that this process puts into place, so that the first look at them afterwards need not read them again.
//!
//! A freshly built file is racy: it was written just now, and renaming it touches its ctime. But every write also touches its
//! mtime. So a staged file whose bytes are not more than a tick older than its last change gets an mtime two ticks back
//! *before* it is hashed: a later write then has a newer mtime, even within the same step of the clock. After the rename a
//! file that has the size, mtime, inode, device and mode of what was hashed is taken for it, whatever its ctime is.
//!
//! The present is needed only as a bound that later writes cannot fall below, and each file has one: its ctime. So nothing
//! is created beside the outputs to ask for the time.
//!
//! What this cannot see is somebody who writes between hash and rename, or within the tick of the rename, and then sets the
//! mtime back to the nanosecond. Where ticks are long enough for that to happen, an output is not adopted: it stays racy and is
//! read once more at the next look.

use std::path::{Path, PathBuf};

use crate::hash::ticker::Moment;
use crate::hash::tree::{EntryKind, TreeEntry, files, fold_found};
use crate::hash::version::{Place, read_alone};
use crate::hash::{Found, HashError, Versions};
use crate::model::DataVersion;
use crate::sys::file::{FileKind, FileStamp, Follow, backdate, stamp_at};
use crate::sys::parallel;

/// An output that was hashed where it was built.
#[derive(Clone, Debug)]
pub struct Settled {
    found: Found,
    files: Vec<SettledFile>,
}

/// A file of it that can be known again.
#[derive(Clone, Debug)]
struct SettledFile {
    /// Its path below the output; empty for the output itself.
    name: PathBuf,
    stamp: FileStamp,
    version: DataVersion,
}

impl Settled {
    /// What was built.
    pub const fn found(&self) -> Found {
        self.found
    }
}

impl Versions<'_> {
    /// Hashes what was built at `staged` as what it will be at `path` (the same where it was built in place), and makes its
    /// files recognisable. It must not be written to any more.
    pub fn settle(&self, staged: &str, path: &str) -> Result<Settled, HashError> {
        let place = Place {
            read: Place::declared(staged).read,
            ..Place::declared(path)
        };
        let kind = self
            .stamp(place, Follow::Nothing)?
            .map(|stamp| stamp.kind());
        match kind {
            Some(FileKind::File) => {
                self.set_back(place)?;
                let (found, file) = self.settle_file(place, Path::new(""))?;
                let files = file.into_iter().collect();
                Ok(Settled { found, files })
            }
            Some(FileKind::Directory) => self.settle_directory(place),
            _ => Ok(Settled {
                found: self.of(place)?,
                files: Vec::new(),
            }),
        }
    }

    /// Whether what was built is at `path` already, so far as is known without reading: the same content, of a file with the
    /// same mode.
    pub fn is_at(&self, path: &str, settled: &Settled) -> bool {
        let place = Place::declared(path);
        let Ok(Some(stamp)) = self.stamp(place, Follow::Nothing) else {
            return false;
        };
        match (settled.found, settled.files.as_slice()) {
            (Found::File { version, .. }, [file]) => {
                stamp.mode == file.stamp.mode
                    && self.cache.get(place.named, &stamp) == Some(version)
            }
            (Found::Directory { version, .. }, _) if stamp.kind() == FileKind::Directory => {
                let known = self.tree_if_known(place);
                known.is_some_and(|(known, _)| known == version)
            }
            _ => false,
        }
    }

    /// Makes the cache know the output that was renamed to `path`, as far as it is what was hashed.
    pub fn adopt(&self, path: &str, settled: &Settled) {
        let output = Place::declared(path).named;
        for file in &settled.files {
            let path = if file.name.as_os_str().is_empty() {
                output.to_owned()
            } else {
                output.join(&file.name)
            };
            if let Ok(Some(stamp)) = stamp_at(&self.directory, &path, Follow::Nothing)
                && stamp.equals_but_ctime(&file.stamp)
                && !self.ticker.is_coarse(&stamp)
            {
                self.cache.insert(&path, stamp, file.version);
            }
        }
    }

    fn settle_directory(&self, place: Place<'_>) -> Result<Settled, HashError> {
        let entries = self.entries(place)?;
        let (mut bytes, mut count) = (0_u64, 0);
        for entry in regular(&entries) {
            bytes = bytes.saturating_add(self.set_back(entry.place())?);
            count += 1;
        }
        let members: Vec<&TreeEntry> = files(&entries).collect();
        let alone = read_alone(bytes, count);
        let results = parallel::map(members.into_iter(), alone, |entry| match entry.kind {
            EntryKind::File => self.settle_file(entry.place(), entry.name_path()),
            _ => Ok((self.of(entry.place())?, None)),
        });
        let mut found = Vec::with_capacity(results.len());
        let mut settled = Vec::with_capacity(results.len());
        for result in results {
            let (one, file) = result?;
            found.push(one);
            settled.extend(file);
        }
        let (version, bytes) = fold_found(&entries, found.into_iter())?;
        Ok(Settled {
            found: Found::Directory { version, bytes },
            files: settled,
        })
    }

    /// Hashes a staged file, and says how to know it again if it can be.
    fn settle_file(
        &self,
        place: Place<'_>,
        name: &Path,
    ) -> Result<(Found, Option<SettledFile>), HashError> {
        if self
            .stamp(place, Follow::Nothing)?
            .map(|stamp| stamp.kind())
            != Some(FileKind::File)
        {
            return Ok((self.of(place)?, None));
        }
        let Some((stamp, version)) = self.read(place)? else {
            return Ok((Found::Absent, None));
        };
        let bytes = stamp.size;
        let is_settled = Moment::of_last_change(&stamp).is_after(stamp.mtime_ns, stamp.device);
        let file = is_settled.then(|| SettledFile {
            name: name.to_owned(),
            stamp,
            version,
        });
        Ok((Found::File { version, bytes }, file))
    }

    /// Sets the mtime of a regular file back out of the present, and returns the file's size. A file that may not be changed
    /// stays racy, which costs one more reading.
    fn set_back(&self, place: Place<'_>) -> Result<u64, HashError> {
        let Some(stamp) = self.stamp(place, Follow::Nothing)? else {
            return Ok(0);
        };
        let moment = Moment::of_last_change(&stamp);
        let is_file = stamp.kind() == FileKind::File;
        if is_file && !moment.is_after(stamp.mtime_ns, stamp.device) {
            let latest = stamp.mtime_ns.min(moment.ns());
            let past = latest.saturating_sub(2 * moment.tick(stamp.device));
            let _ = backdate(&self.directory, place.read, past);
        }
        Ok(stamp.size)
    }
}

fn regular(entries: &[TreeEntry]) -> impl Iterator<Item = &TreeEntry> {
    entries.iter().filter(|entry| entry.kind == EntryKind::File)
}
