//! Paths with how they looked, as bytes: what a look has to `stat` to know whether anything has changed.
//!
//! A path shares its beginning with the one before, and a stamp is written as what differs from the one before, so that an
//! entry of many takes about twenty bytes. The bytes are read from their beginning only.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::hash::look::shown;
use crate::sys::file::{FileKind, FileStamp, Follow, stamp_at};

/// What of a path counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// What lies there, be it a link.
    Own,
    /// What a link leads to, if that is no folder.
    Target,
    /// The folder there, or behind a link: its own stamp, which tells what comes and goes. Without a stamp there is a link that leads
    /// nowhere.
    Folder {
        /// What tells of all that lies in it, or 0.
        listing: u64,
    },
}

/// A path, what of it counts, how that looks, and whether it has looked so for long.
pub type SeenEntry = (PathBuf, Seen, Option<FileStamp>, bool);

/// How a path looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting<'p> {
    /// Relative to the project root, or absolute.
    pub path: &'p Path,
    /// What of it counts.
    pub seen: Seen,
    /// How that looked; `None` where nothing was.
    pub stamp: Option<FileStamp>,
}

impl Sighting<'_> {
    /// Whether it looks so still. What cannot be looked at does not.
    pub fn holds(&self, root: impl AsFd) -> bool {
        self.now(root).is_ok_and(|now| now == self.stamp)
    }

    /// How it looks now.
    pub fn now(&self, root: impl AsFd) -> io::Result<Option<FileStamp>> {
        let follow = match self.seen {
            Seen::Own => Follow::Nothing,
            Seen::Target | Seen::Folder { .. } => Follow::Links,
        };
        let now = stamp_at(root, shown(self.path), follow)?;
        let is_folder = |stamp: &FileStamp| stamp.kind() == FileKind::Directory;
        Ok(now.filter(|now| self.seen != Seen::Target || !is_folder(now)))
    }
}

/// What of an entry counts, in two bits.
const OWN: u8 = 0;
const TARGET: u8 = 1;
const FOLDER: u8 = 2;

/// Flags of an entry, above the two bits that say what of it counts.
const ABSENT: u8 = 4;
const SAME_DEVICE: u8 = 8;
const SAME_MODE: u8 = 16;

/// The entry that the next one is written against.
#[derive(Clone, Debug)]
struct Last {
    path: Vec<u8>,
    stamp: FileStamp,
}

impl Default for Last {
    fn default() -> Self {
        let stamp = FileStamp {
            size: 0,
            mtime_ns: 0,
            ctime_ns: 0,
            inode: 0,
            device: 0,
            mode: 0,
        };
        let path = Vec::new();
        Self { path, stamp }
    }
}

/// Writes entries.
#[derive(Debug, Default)]
pub struct EntryWriter {
    last: Last,
}

impl EntryWriter {
    /// Adds an entry to bytes that this writer has written all entries of.
    pub fn write(&mut self, bytes: &mut Vec<u8>, entry: &Sighting<'_>) {
        let path = entry.path.as_os_str().as_bytes();
        let pairs = path.iter().zip(&self.last.path);
        let shared = pairs.take_while(|(new, old)| new == old).count();
        let mut flags = match entry.seen {
            Seen::Own => OWN,
            Seen::Target => TARGET,
            Seen::Folder { .. } => FOLDER,
        };
        let before = self.last.stamp;
        match &entry.stamp {
            None => flags |= ABSENT,
            Some(stamp) => {
                flags |= SAME_DEVICE * u8::from(stamp.device == before.device);
                flags |= SAME_MODE * u8::from(stamp.mode == before.mode);
            }
        }
        bytes.push(flags);
        write_number(bytes, shared as u64);
        write_number(bytes, (path.len() - shared) as u64);
        bytes.extend_from_slice(&path[shared..]);
        self.last.path.truncate(shared);
        self.last.path.extend_from_slice(&path[shared..]);
        if let Seen::Folder { listing } = entry.seen {
            write_number(bytes, listing);
        }
        let Some(stamp) = entry.stamp else { return };
        write_number(bytes, stamp.size);
        write_signed(bytes, stamp.mtime_ns.wrapping_sub(before.mtime_ns));
        write_signed(bytes, stamp.ctime_ns.wrapping_sub(stamp.mtime_ns));
        write_signed(bytes, stamp.inode.wrapping_sub(before.inode).cast_signed());
        if stamp.device != before.device {
            write_number(bytes, stamp.device);
        }
        if stamp.mode != before.mode {
            write_number(bytes, stamp.mode.into());
        }
        self.last.stamp = stamp;
    }
}

/// Reads entries.
#[derive(Debug, Default)]
pub struct EntryReader {
    last: Last,
}

impl EntryReader {
    /// The next entry; `None` where the bytes do not hold one.
    pub fn read(&mut self, bytes: &mut &[u8]) -> Option<Sighting<'_>> {
        let flags = take(bytes, 1)?[0];
        let shared = usize::try_from(read_number(bytes)?).ok()?;
        let rest = usize::try_from(read_number(bytes)?).ok()?;
        if shared > self.last.path.len() {
            return None;
        }
        self.last.path.truncate(shared);
        self.last.path.extend_from_slice(take(bytes, rest)?);
        let seen = match flags & 3 {
            OWN => Seen::Own,
            TARGET => Seen::Target,
            FOLDER => Seen::Folder {
                listing: read_number(bytes)?,
            },
            _ => return None,
        };
        let mut stamp = None;
        if flags & ABSENT == 0 {
            let before = &mut self.last.stamp;
            let size = read_number(bytes)?;
            let mtime_ns = before.mtime_ns.wrapping_add(read_signed(bytes)?);
            let ctime_ns = mtime_ns.wrapping_add(read_signed(bytes)?);
            let inode = before
                .inode
                .wrapping_add(read_signed(bytes)?.cast_unsigned());
            let device = match flags & SAME_DEVICE {
                0 => read_number(bytes)?,
                _ => before.device,
            };
            let mode = match flags & SAME_MODE {
                0 => u32::try_from(read_number(bytes)?).ok()?,
                _ => before.mode,
            };
            *before = FileStamp {
                size,
                mtime_ns,
                ctime_ns,
                inode,
                device,
                mode,
            };
            stamp = Some(*before);
        }
        Some(Sighting {
            path: Path::new(OsStr::from_bytes(&self.last.path)),
            seen,
            stamp,
        })
    }
}

/// Writes a number, small ones in one byte.
pub fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads a number; `None` where the bytes do not hold one.
pub fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn write_signed(bytes: &mut Vec<u8>, number: i64) {
    write_number(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn read_signed(bytes: &mut &[u8]) -> Option<i64> {
    let number = read_number(bytes)?;
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

/// The first bytes, which are taken away.
pub fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::{EntryReader, EntryWriter, Seen, Sighting};
    use crate::sys::file::FileStamp;

    fn stamp() -> impl Strategy<Value = FileStamp> {
        (
            any::<u64>(),
            any::<i64>(),
            any::<i64>(),
            any::<u64>(),
            0..3_u64,
            any::<u32>(),
        )
            .prop_map(
                |(size, mtime_ns, ctime_ns, inode, device, mode)| FileStamp {
                    size,
                    mtime_ns,
                    ctime_ns,
                    inode,
                    device,
                    mode,
                },
            )
    }

    fn seen() -> impl Strategy<Value = Seen> {
        prop_oneof![
            Just(Seen::Own),
            Just(Seen::Target),
            any::<u64>().prop_map(|listing| Seen::Folder { listing }),
        ]
    }

    proptest! {
        #[test]
        fn entries_come_back_as_they_were_written(
            all in prop::collection::vec(("[a-c/é]{0,6}", seen(), prop::option::of(stamp())), 0..20),
        ) {
            let (mut writer, mut bytes) = (EntryWriter::default(), Vec::new());
            for (path, seen, stamp) in &all {
                let entry = Sighting { path: Path::new(path), seen: *seen, stamp: *stamp };
                writer.write(&mut bytes, &entry);
            }
            let (mut reader, mut rest) = (EntryReader::default(), bytes.as_slice());
            for (path, seen, stamp) in &all {
                let entry = Sighting { path: Path::new(path), seen: *seen, stamp: *stamp };
                prop_assert_eq!(reader.read(&mut rest), Some(entry));
            }
            prop_assert!(rest.is_empty());
            for cut in 0..bytes.len() {
                let (mut reader, mut rest) = (EntryReader::default(), &bytes[..cut]);
                while reader.read(&mut rest).is_some() && !rest.is_empty() {}
            }
        }
    }
}
