//! What tells that a file was changed without reading it: its stamp, and the clock that stamps are made with.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Stat, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

const NANOSECONDS: i64 = 1_000_000_000;

/// What the file system says of a file. Equal stamps mean, outside of the clock's granularity, the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of the bytes, in nanoseconds since 1970. Anybody may set it.
    pub mtime_ns: i64,
    /// Time of the last change of anything, in nanoseconds since 1970. Nobody can set it.
    pub ctime_ns: i64,
    /// Number of the file within its device.
    pub inode: u64,
    /// The device that holds the file.
    pub device: u64,
    /// Kind and permission bits, as in `st_mode`.
    pub mode: u32,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink, where links are not followed.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device, or something that only this system knows.
    Device,
}

/// Whether a symlink at the end of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// The stamp is that of what the link points to.
    Links,
    /// The stamp is the link's own.
    Nothing,
}

impl FileStamp {
    /// What the stamped file is.
    pub const fn kind(&self) -> FileKind {
        match self.mode & 0o170_000 {
            0o100_000 => FileKind::File,
            0o040_000 => FileKind::Directory,
            0o120_000 => FileKind::Symlink,
            0o010_000 => FileKind::Fifo,
            0o140_000 => FileKind::Socket,
            _ => FileKind::Device,
        }
    }

    /// Whether anybody may execute the file.
    pub const fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Whether the stamps differ at most in ctime: as before and after a rename.
    pub fn equals_but_ctime(&self, other: &Self) -> bool {
        let ctime_ns = other.ctime_ns;
        Self { ctime_ns, ..*self } == *other
    }
}

impl FileStamp {
    /// The bytes of a stamp.
    pub const LEN: usize = 44;

    /// The stamp as bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let fields = [
            self.size.to_le_bytes(),
            self.mtime_ns.to_le_bytes(),
            self.ctime_ns.to_le_bytes(),
            self.inode.to_le_bytes(),
            self.device.to_le_bytes(),
        ];
        for (chunk, field) in bytes.chunks_exact_mut(8).zip(fields) {
            chunk.copy_from_slice(&field);
        }
        bytes[40..].copy_from_slice(&self.mode.to_le_bytes());
        bytes
    }
}

impl From<&Stat> for FileStamp {
    /// The fields have other integer types on each system; what does not fit cannot be a real value and becomes 0.
    fn from(stat: &Stat) -> Self {
        Self {
            size: unsigned(stat.st_size),
            mtime_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
            ctime_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
            inode: unsigned(stat.st_ino),
            device: unsigned(stat.st_dev),
            mode: unsigned(stat.st_mode) as u32,
        }
    }
}

/// The stamp of `path`, relative to `directory`; `None` where nothing is there, or a link on the way leads nowhere.
pub fn stamp_at(
    directory: impl AsFd,
    path: &Path,
    follow: Follow,
) -> io::Result<Option<FileStamp>> {
    let flags = match follow {
        Follow::Links => AtFlags::empty(),
        Follow::Nothing => AtFlags::SYMLINK_NOFOLLOW,
    };
    match rustix::fs::statat(directory, path, flags) {
        Ok(stat) => Ok(Some(FileStamp::from(&stat))),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The stamp of an open file.
pub fn stamp_of(file: &File) -> io::Result<FileStamp> {
    Ok(FileStamp::from(&rustix::fs::fstat(file)?))
}

/// Sets the mtime of the file at `path`, relative to `directory`, to `mtime_ns`; a symlink is not followed.
pub fn backdate(directory: impl AsFd, path: &Path, mtime_ns: i64) -> io::Result<()> {
    let omitted = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_OMIT,
    };
    let times = Timestamps {
        last_access: omitted,
        last_modification: Timespec {
            tv_sec: mtime_ns.div_euclid(NANOSECONDS),
            tv_nsec: mtime_ns.rem_euclid(NANOSECONDS),
        },
    };
    rustix::fs::utimensat(directory, path, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

/// The time by the clock that a file system stamps its files with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystemNow {
    /// Nanoseconds since 1970, rounded down to the granularity of the clock.
    pub ns: i64,
    /// The device whose clock this is.
    pub device: u64,
}

impl FileSystemNow {
    /// Whether the clock has sub-second digits.
    pub const fn is_fine(&self) -> bool {
        self.ns % NANOSECONDS != 0
    }
}

/// Asks the file system of `directory` for the time, by writing to a file there that has no name.
pub fn filesystem_now(directory: &Path) -> io::Result<FileSystemNow> {
    let mut probe = tempfile::tempfile_in(directory)?;
    probe.write_all(b"now")?;
    let stamp = stamp_of(&probe)?;
    Ok(FileSystemNow {
        ns: stamp.mtime_ns,
        device: stamp.device,
    })
}

fn unsigned(value: impl TryInto<u64>) -> u64 {
    value.try_into().unwrap_or_default()
}

fn nanoseconds(seconds: impl TryInto<i64>, fraction: impl TryInto<i64>) -> i64 {
    let seconds: i64 = seconds.try_into().unwrap_or_default();
    let fraction: i64 = fraction.try_into().unwrap_or_default();
    seconds.saturating_mul(NANOSECONDS).saturating_add(fraction)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use rustix::fs::CWD;

    use super::{FileKind, FileStamp, Follow, backdate, filesystem_now, stamp_at};

    fn stamp(path: &Path) -> FileStamp {
        stamp_at(CWD, path, Follow::Nothing).unwrap().unwrap()
    }

    #[test]
    fn a_stamp_tells_kind_size_and_executable_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("script");
        std::fs::write(&path, "four").unwrap();
        assert_eq!(stamp(&path).size, 4);
        assert!(!stamp(&path).is_executable());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o610)).unwrap();
        assert!(stamp(&path).is_executable());
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert_eq!(stamp(&path).kind(), FileKind::File);
        assert_eq!(stamp(&link).kind(), FileKind::Symlink);
        assert_eq!(stamp(directory.path()).kind(), FileKind::Directory);
        assert_eq!(stamp_at(CWD, &link, Follow::Links).unwrap(), None);
        let through_file = path.join("below");
        assert_eq!(stamp_at(CWD, &through_file, Follow::Links).unwrap(), None);
    }

    #[test]
    fn backdating_sets_mtime_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "x").unwrap();
        let before = stamp(&path);
        for mtime_ns in [before.mtime_ns - 20_000_000, 1, -1] {
            backdate(CWD, &path, mtime_ns).unwrap();
            assert_eq!(stamp(&path).mtime_ns, mtime_ns);
            assert!(stamp(&path).ctime_ns >= before.ctime_ns);
        }
    }

    #[test]
    fn the_file_system_tells_the_time_and_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "x").unwrap();
        let earlier = filesystem_now(directory.path()).unwrap();
        let later = filesystem_now(directory.path()).unwrap();
        assert!(earlier.ns <= later.ns);
        assert_eq!(earlier.device, stamp(&path).device);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
