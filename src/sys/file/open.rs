//! Opening files of ours, whatever lies at their paths by now: a repository can hold a link, a pipe or a device by the name of
//! any of them.

use std::fs;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

/// Opens a regular file for reading. What is none is an error in a moment: a pipe is not waited for, and nothing is read
/// from a device.
pub fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if found.is_file() {
        Ok(file)
    } else if found.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

/// The content of a regular file of at most `most` bytes.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_file(path)?;
    let len = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(len.min(most) as usize);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let reason = format!("it has more than {} MB", most / 1_000_000);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

/// No file of ours is longer: a lock file of ten million lines is not.
const LONGEST: u64 = 2_000_000_000;

/// The bytes of the regular file at `path`. A link is not followed, and nothing else is waited for: both are errors that
/// say so.
pub fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_own(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        let reason = format!("it has more than {} GB", LONGEST / 1_000_000_000);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

/// Opens the regular file at `path` for reading.
pub fn open_own(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match opened {
        Err(_) if path.is_symlink() => return Err(is_no_file("it is a link, and is not followed")),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok(file)
    } else if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(is_no_file("it is not a regular file"))
    }
}

fn is_no_file(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Makes the folder that `path` lies in.
pub fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{open_file, read_file};

    #[test]
    fn only_regular_files_are_opened_and_only_so_far_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.expect("every system has it").success());
        symlink("/dev/zero", path("zeros")).expect("a link");
        symlink("pipe", path("to a pipe")).expect("a link");
        for name in ["pipe", "zeros", "to a pipe"] {
            let error = open_file(&path(name)).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        }
        let error = open_file(folder.path()).expect_err("a folder");
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        fs::write(path("file"), "12345").expect("written");
        assert_eq!(read_file(&path("file"), 5).expect("short enough"), b"12345");
        let error = read_file(&path("file"), 4).expect_err("too long");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        let error = open_file(Path::new("/nowhere/at all")).expect_err("absent");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[cfg(test)]
mod own_tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::read_own;

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").unwrap();
        symlink(path("file"), path("link")).unwrap();
        symlink("nowhere", path("dangling")).unwrap();
        assert_eq!(read_own(&path("file")).unwrap(), b"x");
        for name in ["link", "dangling"] {
            let error = read_own(&path(name)).unwrap_err().to_string();
            assert!(error.contains("link"), "{name}: {error}");
        }
        let folder = read_own(folder.path()).unwrap_err();
        assert_eq!(folder.kind(), std::io::ErrorKind::IsADirectory);
        let device = read_own(Path::new("/dev/zero")).unwrap_err().to_string();
        assert!(device.contains("regular"), "{device}");
        let absent = read_own(&path("none")).unwrap_err();
        assert_eq!(absent.kind(), std::io::ErrorKind::NotFound);
    }
}
