//! Opening files of ours, whatever lies at their paths by now.

use std::fs::File;
use std::io::{self, Read};
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
